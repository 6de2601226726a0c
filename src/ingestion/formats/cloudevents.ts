import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { type JsonObject, textOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * CloudEvents 1.0 (github.com/cloudevents/spec) whose data is no record of a format of its own: structured, with the attributes
 * in the record, or binary, with them in headers that the protocol kept.
 */
export const cloudevents: FormatAdapter = { name: 'cloudevents', version: 1, detect, normalise };

/** Attributes of the specification; others are extensions. */
const ownAttributes: ReadonlySet<string> = new Set([
  'data',
  'data_base64',
  'specversion',
  'id',
  'source',
  'type',
  'time',
]);

function detect({ object, context, envelopes }: Wire): boolean {
  return isEvent(object) || (context.attributes?.protocol === 'cloudevents' && envelopes.length === 0);
}

function isEvent(object: JsonObject | null): boolean {
  return (
    object !== null &&
    typeof object.specversion === 'string' &&
    typeof object.id === 'string' &&
    typeof object.source === 'string' &&
    typeof object.type === 'string'
  );
}

function normalise(wire: Wire): Normalised {
  const structured = isEvent(wire.object);
  const event: JsonObject = structured ? (wire.object ?? {}) : (wire.context.attributes ?? {});
  const [id, source, type] = [textOf(event.id), textOf(event.source), textOf(event.type)];
  if (type === null) return refuse('missing_field', 'expected the attribute type');
  const flags: string[] = [];
  const attributes: NormalForm['attributes'] = { type };
  if (source !== null) attributes.source = source;
  if (structured) {
    for (const [name, value] of Object.entries(event)) {
      if (
        !ownAttributes.has(name) &&
        name !== '__proto__' &&
        (typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value))
      ) {
        attributes[name] = value as string | boolean | number; // one of the three, as just asked
      }
    }
  }
  const subject = textOf(event.subject);
  return accept({
    ...emptyRecord('unknown', cloudevents),
    ...chooseTime(structured ? [textOf(event.time)] : (wire.context.times ?? []), wire, flags),
    nativeId: id === null || source === null ? null : `${source} ${id}`,
    reporterName: source,
    summary: oneLine(`${type}${subject === null ? '' : ` ${subject}`}${source === null ? '' : ` from ${source}`}`),
    attributes,
    places: structured ? { ...(textOf(event.time) === null ? {} : { eventTime: '/time' }), nativeId: '/id' } : {},
    flags,
  });
}

import { readEpoch } from './formats/event-time.js';
import { isKeepable, isObject, type JsonObject, type JsonValue, textOf } from './formats/json-value.js';
import { memberSpan, splitJson } from './json-spans.js';
import type { RecordContext } from './normal-form.js';
import type { ReceivedRecord } from './received-record.js';

/** What a body of the HTTP Event Collector holds. */
export interface HecBody {
  /** One for each event, and for whatever else the body holds: nothing that was sent is dropped. */
  readonly records: readonly ReceivedRecord[];
  /** How many of them are events. */
  readonly events: number;
  /** The first part that is no event, counted from 0, with Splunk's code for why; null when all are events. */
  readonly refused: { readonly number: number; readonly code: 6 | 12 | 13 } | null;
}

/**
 * Takes events out of their envelopes (Splunk, "Format events for HTTP Event Collector"): objects one after another, with
 * or without white space between, or in an array. The event is the record, byte for byte: text without its quotes, or JSON as it
 * stands; the rest of the envelope is what is known beside it.
 */
export function hecRecords(body: Buffer): HecBody {
  const records: ReceivedRecord[] = [];
  let events = 0;
  let refused: HecBody['refused'] = null;
  for (const [number, { start, end, problem, detail = '' }] of splitJson(body).entries()) {
    const raw = body.subarray(start, end);
    if (problem !== undefined) {
      refused ??= { number, code: 6 };
      records.push({ raw, context: hecContext({}), problem: { reason: problem, detail } });
      continue;
    }
    const envelope: unknown = JSON.parse(raw.toString('utf8'));
    const code = codeOf(envelope);
    if (code !== null || !isObject(envelope)) {
      refused ??= { number, code: code ?? 6 };
      records.push({
        raw,
        context: hecContext({}),
        problem: { reason: code === 6 ? 'not_an_object' : 'missing_field', detail: details[code ?? 6] },
      });
      continue;
    }
    events++;
    records.push({ raw: eventBytes(raw, envelope.event), context: hecContext(envelope) });
  }
  return { records, events, refused };
}

const details = {
  6: 'expected an object with an event',
  12: 'the envelope has no event',
  13: 'the event is blank',
} as const;

function codeOf(envelope: unknown): 6 | 12 | 13 | null {
  if (!isObject(envelope)) return 6;
  if (envelope.event === undefined || envelope.event === null) return 12;
  return typeof envelope.event === 'string' && envelope.event.trim() === '' ? 13 : null;
}

function eventBytes(envelope: Buffer, event: unknown): Buffer {
  if (typeof event === 'string') return Buffer.from(event);
  const span = memberSpan(envelope, 'event');
  return span === null ? Buffer.from(JSON.stringify(event)) : envelope.subarray(span.start, span.end);
}

/** What an envelope, or the query of the raw endpoint, says of an event. */
export function hecContext(said: JsonObject): RecordContext {
  const attributes: Record<string, JsonValue> = { protocol: 'splunk-hec' };
  for (const name of ['host', 'source', 'sourcetype', 'index'] as const) {
    const value = textOf(said[name]);
    if (value !== null) attributes[name] = value;
  }
  if (isObject(said.fields) && isKeepable(said.fields)) attributes.fields = said.fields;
  const time = readEpoch(said.time);
  return { ...(time === null ? {} : { times: [time] }), attributes };
}

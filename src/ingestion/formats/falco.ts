import type { NormalForm, Normalised } from '../normal-form.js';
import { severityOfWord } from './alert-severity.js';
import { chooseTime } from './choose-time.js';
import { readEpoch, readTime } from './event-time.js';
import { isKeepable, objectOf, textOf, textsOf, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/** Alerts of Falco as JSON (falco.org/docs/concepts/outputs/formatting), also as Falcosidekick passes them on. */
export const falco: FormatAdapter = { name: 'falco', version: 3, detect, normalise };

/** What Falco says when the kernel had more events than it could take (falco.org, "Actions For Dropped System Call Events"). */
const dropRule = 'Falco internal: syscall event drop';

/** As text: the time of day, or with `time_format_iso_8601` the whole time, the priority, and what the rule says. */
const textLine =
  /^(?:\d{2}:\d{2}:\d{2}\.\d{9}|(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{9})[+-]\d{4}): (Emergency|Alert|Critical|Error|Warning|Notice|Informational|Debug) (.{1,8000})$/s;

function detect({ object, text }: Wire): boolean {
  if (object === null) return textLine.test(text);
  return (
    typeof object.rule === 'string' &&
    typeof object.priority === 'string' &&
    (typeof object.output === 'string' || objectOf(object.output_fields) !== null)
  );
}

/** The name of the rule is not told in text. */
function readText(wire: Wire): Normalised {
  const [, time, priority = '', told = ''] = textLine.exec(wire.text) ?? [];
  const zone = /[+-]\d{4}(?=: )/.exec(wire.text)?.[0] ?? '+0000';
  const whole = time === undefined ? null : readTime(`${time}${zone.slice(0, 3)}:${zone.slice(3)}`);
  const flags: string[] = [];
  return accept({
    ...emptyRecord('signal', falco),
    ...chooseTime([whole], wire, flags),
    severity: severityOfWord(priority),
    severityRaw: priority,
    reporter: 'node',
    reporterName: wire.syslog?.host ?? null,
    summary: oneLine(told),
    places: { severity: 'column 2' },
    flags,
  });
}

function normalise(wire: Wire): Normalised {
  if (wire.object === null) return readText(wire);
  const alert = wire.object ?? {};
  const fields = objectOf(alert.output_fields);
  const rule = textOf(alert.rule) ?? '';
  const priority = textOf(alert.priority);
  const flags: string[] = [];
  const attributes: NormalForm['attributes'] = { rule };
  const source = textOf(alert.source);
  if (source !== null) attributes.source = source;
  const tags = textsOf(alert.tags);
  if (tags.length > 0) attributes.tags = tags;
  if (fields !== null && isKeepable(fields)) attributes.outputFields = fields;
  const eventTime = fields?.['evt.time.iso8601'] ?? fields?.['evt.time'];
  return accept({
    ...emptyRecord('signal', falco),
    ...chooseTime([readTime(alert.time) ?? textOf(alert.time) ?? readEpoch(eventTime)], wire, flags),
    nativeId: textOf(alert.uuid),
    severity: severityOfWord(priority),
    severityRaw: priority,
    reason: rule,
    reporter: 'node',
    reporterName: textOf(alert.hostname),
    lostCount: rule === dropRule ? unsignedOf(fields?.n_drops) : null,
    summary: oneLine(textOf(alert.output) ?? rule),
    attributes,
    places: {
      eventTime: '/time',
      severity: '/priority',
      ...(rule === dropRule ? { lostCount: '/output_fields/n_drops' } : {}),
    },
    flags,
  });
}

import { readEpoch, readTimeText, type ReadTime } from './event-time.js';
import { isObject, type JsonObject, type JsonValue } from './json-value.js';
import { readKeyValues } from './key-values.js';
import type { Wire } from './wire.js';

/** The fields of a FortiGate log by their names. */
export type Pairs = ReadonlyMap<string, string>;

const id = /(?:^|[\s,])log_?id="?\d/;
const type = /(?:^|[\s,])type="?\w/;
const device = /(?:^|[\s>,])(?:devid|devname|device_id|date|vd|eventtime)=/;

/** Is this a FortiGate log, in pairs or as JSON? */
export function isFortigate({ object, text }: Wire): boolean {
  if (object !== null) return isFortigateObject(object);
  return !/(?:CEF|LEEF):\s?\d/.test(text) && id.test(text) && type.test(text) && device.test(text);
}

function isFortigateObject(object: JsonObject): boolean {
  const logId = object['logid'] ?? object['log_id'];
  return (
    (typeof logId === 'number' || (typeof logId === 'string' && /^\d{1,12}$/.test(logId))) &&
    typeof object['type'] === 'string' &&
    ['devid', 'devname', 'device_id', 'vd', 'eventtime'].some((name) => object[name] !== undefined)
  );
}

/** Pairs separated by spaces, by commas where the device is set to CSV, or the members of an object. */
export function pairsOf({ object, text }: Wire): Pairs {
  if (object === null) return readKeyValues(text, /(?:^|,)log_?id="?\d{1,12}"?,/.test(text) ? ',' : ' ');
  const pairs = new Map<string, string>();
  for (const [name, value] of Object.entries(object))
    if (typeof value === 'string' || typeof value === 'number') pairs.set(name, String(value));
  // A number of nanoseconds has more digits than a float.
  const eventTime = /"eventtime"\s*:\s*(\d{9,19})/.exec(text)?.[1];
  if (eventTime !== undefined && !isObject(object['eventtime'])) pairs.set('eventtime', eventTime);
  return pairs;
}

/** The first of these fields that says something. */
export function valueOf(pairs: Pairs, ...names: readonly string[]): string | null {
  for (const name of names) {
    const text = pairs.get(name);
    if (text !== undefined && text !== '' && text !== 'N/A' && text !== 'undefined') return text;
  }
  return null;
}

/** `eventtime` in seconds, milliseconds or nanoseconds by version, else `date` and `time` in the zone `tz`. */
export function timesOf(pairs: Pairs, wire: Wire): (ReadTime | null)[] {
  const epoch = readEpoch(pairs.get('eventtime'));
  const day = pairs.get('date');
  // FortiWeb: `timezone="(GMT-8:00)Pacific Time"`.
  const named = /GMT[+-]\d{1,2}:\d{2}/.exec(pairs.get('timezone') ?? '')?.[0];
  const zone = pairs.get('tz') ?? named ?? wire.context.zone;
  const text = day === undefined || day === '' ? null : `${day} ${pairs.get('time') ?? '00:00:00'}`;
  return [
    epoch === null ? null : { time: epoch, guessed: [] },
    text === null ? null : readTimeText(text, { zone, receivedAt: wire.receivedAt }),
  ];
}

export function reporterOf(pairs: Pairs, wire: Wire): string | null {
  return valueOf(pairs, 'devname', 'devid', 'device_id') ?? wire.syslog?.host ?? null;
}

const levels = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'information', 'debug'];

export function severityOf(level: string | null): number | null {
  if (level === null) return null;
  const at = levels.indexOf(level.toLowerCase());
  return at === -1 ? null : at;
}

export function attributesOf(pairs: Pairs, names: readonly string[]): Record<string, JsonValue> {
  return Object.fromEntries(names.flatMap((name) => (pairs.get(name) ? [[name, pairs.get(name) ?? '']] : [])));
}

import type { JsonValue } from './json-value.js';
import { readTimeText, type ReadTime } from './event-time.js';
import type { Wire } from './wire.js';

/** Times of newer versions carry fraction and zone; logs of devices that have none fill the column with the epoch. */
const precise = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:[+-]\d{2}:\d{2}|Z)$/;
const epoch = /^(?:1969|1970)-/;

/** Where the high-resolution time stands: it is the last of its kind; -1 where there is none. */
export function preciseTimeAt(fields: readonly string[]): number {
  return fields.findLastIndex((field, at) => at > 13 && precise.test(field));
}

/** High-resolution time, else the time at which the log was generated, in the zone of the device, else that of receipt. */
export function timesOf(fields: readonly string[], wire: Wire): (ReadTime | null)[] {
  const reading = { zone: wire.context.zone, receivedAt: wire.receivedAt };
  return [fields[preciseTimeAt(fields)], fields[6], fields[1]].map((text) =>
    text === undefined || text === '' || epoch.test(text) ? null : readTimeText(text, reading),
  );
}

export function severityOf(word: string | null): number | null {
  return word === null ? null : (severities.get(word.toLowerCase()) ?? null);
}

const severities: ReadonlyMap<string, number> = new Map([
  ['critical', 2],
  ['high', 3],
  ['medium', 4],
  ['low', 5],
  ['informational', 6],
]);

export function attributesOf(values: Readonly<Record<string, string | null | undefined>>): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

import type { TimeSource } from '../normal-form.js';

export interface EventTime {
  readonly eventTime: string | null;
  readonly timeSource: TimeSource;
}

/** Already in the form wanted; 29 February goes the long way. */
const canonical =
  /^(?!000)\d{4}-(?:(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])|(?:0[13-9]|1[0-2])-(?:29|30)|(?:0[13578]|1[02])-31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,9})?Z$/;
const rfc3339 = /^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:[Zz]|([+-])(\d\d):(\d\d))$/;

/**
 * An RFC 3339 time in UTC, `2026-01-31T23:59:59.123456789Z`: fraction digits as they came (at most
 * nine), an offset applied, a leap second carried into the next minute. Null for anything else, for
 * dates that do not exist, and for years below 10: `0001-01-01` is how Go writes "not set".
 */
export function readTime(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  if (canonical.test(value)) return value;
  const parts = rfc3339.exec(value);
  if (parts === null) return null;
  const [year, month, day, hour, minute, second] = parts.slice(1, 7).map(Number);
  if (year === undefined || month === undefined || day === undefined) return null;
  if (hour === undefined || minute === undefined || second === undefined) return null;
  if (year < 10 || hour > 23 || minute > 59 || second > 60) return null;

  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  const offsetHours = Number(parts[9] ?? 0);
  const offsetMinutes = Number(parts[10] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return null;
  const offset = (offsetHours * 60 + offsetMinutes) * (parts[8] === '-' ? -1 : 1);
  date.setUTCHours(hour, minute - offset, second);

  const whole = date.toISOString();
  if (whole.length !== '2026-01-31T23:59:59.000Z'.length) return null;
  const fraction = parts[7] === undefined ? '' : `.${parts[7].slice(0, 9)}`;
  return `${whole.slice(0, 19)}${fraction}Z`;
}

/** A time given as a number since 1970: seconds, or milliseconds where `unit` says so; millisecond precision. */
export function readEpoch(value: unknown, unit: 's' | 'ms'): string | null {
  if (typeof value !== 'number') return null;
  const date = new Date(unit === 's' ? value * 1000 : value);
  const year = date.getUTCFullYear();
  return year >= 1970 && year <= 9999 ? date.toISOString() : null;
}

/**
 * The first of the record's own times that can be read, else the first of its envelope's. A time
 * that is there and cannot be read is flagged `bad_event_time`, none at all `no_event_time`.
 */
export function chooseTime(own: readonly unknown[], envelope: readonly unknown[], flags: string[]): EventTime {
  for (const [timeSource, candidates] of [
    ['record', own],
    ['envelope', envelope],
  ] as const) {
    for (const candidate of candidates) {
      if (candidate === undefined || candidate === null) continue;
      const eventTime = readTime(candidate);
      if (eventTime !== null) return { eventTime, timeSource };
      if (!flags.includes('bad_event_time')) flags.push('bad_event_time');
    }
  }
  flags.push('no_event_time');
  return { eventTime: null, timeSource: 'received' };
}

/** RFC 3339 instants as text, compared to the nanosecond: `Date` alone would drop the digits that order two records. */

const utc = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/;

function milliseconds(instant: string): number {
  const value = Date.parse(instant);
  if (Number.isNaN(value))
    throw new RangeError(`expected an RFC 3339 time such as 2026-11-22T10:00:00Z, got ${JSON.stringify(instant)}`);
  return value;
}

/**
 * Text that orders as the instants do, and is equal for one instant in any spelling: UTC with nine fraction digits. For
 * comparing one instant with many; `compareInstants` otherwise.
 *
 * @throws RangeError when the text cannot be read as a time
 */
export function instantKey(instant: string): string {
  // Nearly all instants are written in UTC, and need no arithmetic.
  const second = utc.test(instant) ? instant : new Date(milliseconds(instant)).toISOString();
  const fraction = instant.indexOf('.') === 19 ? (/^\d{1,9}/.exec(instant.slice(20))?.[0] ?? '') : '';
  return `${second.slice(0, 19)}.${fraction.padEnd(9, '0')}`;
}

/**
 * Orders two RFC 3339 instants with 0 to 9 fraction digits: negative when `a` is earlier, 0 when they are the same
 * instant in any spelling.
 *
 * @throws RangeError when a text cannot be read as a time
 */
export function compareInstants(a: string, b: string): number {
  if (a === b) return 0;
  const [one, other] = [instantKey(a), instantKey(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/**
 * Seconds from `from` to `to`, negative when `to` is earlier; exact to the millisecond.
 *
 * @throws RangeError when a text cannot be read as a time
 */
export function secondsBetween(from: string, to: string): number {
  return (milliseconds(to) - milliseconds(from)) / 1000;
}

/** True when `instant` lies in the half-open interval [from, to). */
export function isWithin(instant: string, from: string, to: string): boolean {
  return compareInstants(from, instant) <= 0 && compareInstants(instant, to) < 0;
}

/**
 * Times of the log: nanoseconds since 1970 as bigint (what the database stores), and the one text
 * form used in leaves.
 */

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})[Tt ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9})\d*)?(Z|z|[+-]\d{2}:?\d{2})$/u;

const least = -(2n ** 63n);
const most = 2n ** 63n - 1n;

/**
 * Nanoseconds since 1970-01-01T00:00:00Z of an RFC 3339 time; digits after the ninth are cut. Null when the
 * text is no such time or lies outside 1677 to 2262, where 64-bit nanoseconds end.
 */
export function parseNanoseconds(text: string): bigint | null {
  const match = rfc3339.exec(text);
  if (match === null) return null;
  const [, year, month, day, hour, minute, second, fraction = '', zone = 'Z'] = match;
  // Date.UTC takes the years 0 to 99 for 1900 to 1999; Go writes its zero time as the year 1.
  if (Number(year) < 100) return null;
  const seconds = Math.min(Number(second), 59); // a leap second is kept as the last second of its minute
  const milliseconds = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), seconds);
  if (Number(month) < 1 || Number(month) > 12 || Number(hour) > 23 || Number(minute) > 59 || Number(second) > 60)
    return null;
  if (new Date(milliseconds).getUTCDate() !== Number(day)) return null;
  let offsetMinutes = 0;
  if (zone !== 'Z' && zone !== 'z') {
    const digits = zone.replace(':', '');
    const [hours, minutes] = [Number(digits.slice(1, 3)), Number(digits.slice(3, 5))];
    if (hours > 23 || minutes > 59) return null;
    offsetMinutes = (hours * 60 + minutes) * (digits.startsWith('-') ? -1 : 1);
  }
  const nanoseconds = BigInt(milliseconds - offsetMinutes * 60_000) * 1_000_000n + BigInt(fraction.padEnd(9, '0'));
  return nanoseconds >= least && nanoseconds <= most ? nanoseconds : null;
}

const twoDigits = Array.from({ length: 60 }, (_, number) => String(number).padStart(2, '0'));
const secondsPerDay = 86_400;
/** Date of the day last asked for: times of one batch lie close together. */
let lastDay = Number.NaN;
let lastDate = '';

/** RFC 3339 in UTC with nine fraction digits. */
export function formatNanoseconds(nanoseconds: bigint): string {
  let seconds = Number(nanoseconds / 1_000_000_000n);
  let fraction = Number(nanoseconds % 1_000_000_000n);
  if (fraction < 0) {
    fraction += 1_000_000_000;
    seconds -= 1;
  }
  const day = Math.floor(seconds / secondsPerDay);
  if (day !== lastDay) {
    lastDate = new Date(day * secondsPerDay * 1000).toISOString().slice(0, 11);
    lastDay = day;
  }
  const second = seconds - day * secondsPerDay;
  const minute = Math.floor(second / 60);
  const hour = Math.floor(minute / 60);
  return `${lastDate}${twoDigits[hour]}:${twoDigits[minute % 60]}:${twoDigits[second % 60]}.${String(1_000_000_000 + fraction).slice(1)}Z`;
}

/** Nanoseconds of a Date. */
export function nanosecondsOf(date: Date): bigint {
  return BigInt(date.getTime()) * 1_000_000n;
}

import { offsetAt } from './time-zone.js';

/** What had to be guessed to read a time. */
export type TimeGuess = 'year_guessed' | 'zone_guessed';

/** A time as the normal form has it, and what was guessed to get it. */
export interface ReadTime {
  readonly time: string;
  readonly guessed: readonly TimeGuess[];
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
  const offsetHours = Number(parts[9] ?? 0);
  const offsetMinutes = Number(parts[10] ?? 0);
  if (offsetHours > 23 || offsetMinutes > 59) return null;
  const offset = (offsetHours * 60 + offsetMinutes) * (parts[8] === '-' ? -1 : 1);
  return textOfParts({ year, month, day, hour, minute, second, fraction: parts[7] ?? '' }, offset);
}

interface Parts {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** Digits behind the point. */
  readonly fraction: string;
}

/** `offset` in minutes east of UTC. Null for dates that do not exist. */
function textOfParts({ year, month, day, hour, minute, second, fraction }: Parts, offset: number): string | null {
  if (year < 10 || hour > 23 || minute > 59 || second > 60) return null;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return null;
  date.setUTCHours(hour, minute - offset, second);
  const whole = date.toISOString();
  if (whole.length !== '2026-01-31T23:59:59.000Z'.length) return null;
  return `${whole.slice(0, 19)}${fraction === '' ? '' : `.${fraction.slice(0, 9)}`}Z`;
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const clock = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?`;
/** Behind the clock: nothing, `Z`, `UTC`, `GMT+2`, `+0200`, `-07:00`, or a name of three or four letters. */
const zoneText = String.raw` ?(Z|(?:UTC|GMT)?[+-]\d{1,2}:?(?:\d{2})?|[A-Z]{1,5}|[A-Za-z]{2,20}/[A-Za-z_]{2,20})?`;
/** `2026-01-31 10:00:00`, `2026/01/31T10:00:00.5 +0200`, `2026-01-31T10:00Z`. */
const yearFirst = new RegExp(String.raw`^(\d{4})[-/](\d{1,2})[-/](\d{1,2})[T ]${clock}${zoneText}$`);
/** `Jan 31 2026 10:00:00.123 UTC`, `Jan 31 10:00:00`, `Jan 31 10:00:00 2026`. */
const monthFirst = new RegExp(
  String.raw`^([A-Z][a-z]{2}) {1,2}(\d{1,2}),? (?:(\d{4}) )?${clock}(?: (\d{4}))?${zoneText}$`,
);
/** `31 Jan 2026 10:00:00`, `31/Jan/2026:10:00:00 +0000`, `31Jan2026 10:00:00`. */
const dayFirst = new RegExp(String.raw`^(\d{1,2})[ /-]?([A-Z][a-z]{2})[ /-]?(\d{4})[ :]${clock}${zoneText}$`);
/** `2026 Jan 31 10:00:00.123 UTC`. */
const yearNamed = new RegExp(String.raw`^(\d{4}) ([A-Z][a-z]{2}) {1,2}(\d{1,2}) ${clock}${zoneText}$`);
/** `1/31/2026, 10:00:00.123 PM`, as Americans write it. */
const halfDays = /^(\d{1,2})\/(\d{1,2})\/(\d{4}),? (\d{1,2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))? ([AP])M$/;
const weekday = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? /;

/** Zone names that mean one offset; others (`CST`) mean several and are not believed. */
const namedOffsets: ReadonlyMap<string, number> = new Map([
  ['Z', 0],
  ['UTC', 0],
  ['GMT', 0],
  ['CET', 60],
  ['CEST', 120],
  ['EET', 120],
  ['EEST', 180],
  ['EST', -300],
  ['EDT', -240],
  ['CDT', -300],
  ['MST', -420],
  ['MDT', -360],
  ['PST', -480],
  ['PDT', -420],
  ['JST', 540],
]);

/** How times are read that do not say everything. */
export interface TimeReading {
  /** Zone of times that name none: IANA name or offset; undefined takes UTC and says that it was guessed. */
  readonly zone: string | undefined;
  readonly receivedAt: Date;
}

/**
 * Reads a time as devices write it: ISO 8601 with or without seconds and zone, `Mmm dd [yyyy] hh:mm:ss`,
 * `dd Mmm yyyy hh:mm:ss`, also behind the day of the week. A missing year is the one that puts the time closest before a day after receipt.
 */
export function readTimeText(text: string, { zone, receivedAt }: TimeReading): ReadTime | null {
  const exact = readTime(text);
  if (exact !== null) return { time: exact, guessed: [] };
  const read = partsOf(text.replace(weekday, ''));
  if (read === null) return null;
  const { parts, zoneName } = read;
  const guessed: TimeGuess[] = [];
  let { year } = parts;
  if (year === null) {
    guessed.push('year_guessed');
    year = guessYear({ ...parts, year: receivedAt.getUTCFullYear() }, receivedAt);
  }
  const whole = { ...parts, year };
  let offset = zoneName === null ? null : offsetOfName(zoneName, whole);
  if (offset === null && zone !== undefined) offset = offsetOfName(zone, whole);
  if (offset === null) {
    guessed.push('zone_guessed');
    offset = 0;
  }
  const time = textOfParts(whole, offset);
  return time === null ? null : { time, guessed };
}

/**
 * As {@link readTimeText}, of a log whose times are UTC where they name no zone. Text that is no time is given back as it
 * stands, so that who chooses among times says so; null for what is no text.
 */
export function readUtc(value: unknown, receivedAt: Date): ReadTime | string | null {
  if (typeof value !== 'string' || value === '') return null;
  return readTime(value) ?? readTimeText(value, { zone: 'UTC', receivedAt }) ?? value;
}

function partsOf(
  text: string,
): { parts: Omit<Parts, 'year'> & { year: number | null }; zoneName: string | null } | null {
  const iso = yearFirst.exec(text);
  if (iso !== null) {
    const [, year, month, day, hour, minute, second, fraction, zoneName] = iso;
    return partsRead(year, Number(month), day, hour, minute, second, fraction, zoneName);
  }
  const bsd = monthFirst.exec(text);
  if (bsd !== null) {
    const [, month, day, year, hour, minute, second, fraction, yearBehind, zoneName] = bsd;
    return partsRead(year ?? yearBehind, monthOf(month), day, hour, minute, second, fraction, zoneName);
  }
  const named = yearNamed.exec(text);
  if (named !== null) {
    const [, year, month, day, hour, minute, second, fraction, zoneName] = named;
    return partsRead(year, monthOf(month), day, hour, minute, second, fraction, zoneName);
  }
  const half = halfDays.exec(text);
  if (half !== null) {
    const [, month, day, year, hour, minute, second, fraction, letter] = half;
    const hours = String((Number(hour) % 12) + (letter === 'P' ? 12 : 0));
    return partsRead(year, Number(month), day, hours, minute, second, fraction, undefined);
  }
  const common = dayFirst.exec(text);
  if (common === null) return null;
  const [, day, month, year, hour, minute, second, fraction, zoneName] = common;
  return partsRead(year, monthOf(month), day, hour, minute, second, fraction, zoneName);
}

function partsRead(
  year: string | undefined,
  month: number,
  day: string | undefined,
  hour: string | undefined,
  minute: string | undefined,
  second: string | undefined,
  fraction: string | undefined,
  zoneName: string | undefined,
): ReturnType<typeof partsOf> {
  return {
    parts: {
      year: year === undefined ? null : Number(year),
      month,
      day: Number(day),
      hour: Number(hour),
      minute: Number(minute),
      second: Number(second ?? 0),
      fraction: fraction ?? '',
    },
    zoneName: zoneName ?? null,
  };
}

/** 1 to 12; 0 where it is no month, which no date has. */
function monthOf(name: string | undefined): number {
  return months.indexOf((name ?? '').toLowerCase()) + 1;
}

function guessYear(parts: Parts, receivedAt: Date): number {
  const tomorrow = receivedAt.getTime() + 86_400_000;
  for (const year of [parts.year + 1, parts.year, parts.year - 1]) {
    const time = textOfParts({ ...parts, year }, 0);
    if (time !== null && Date.parse(time) <= tomorrow) return year;
  }
  return parts.year;
}

const numericOffset = /^(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?$/;

/** Minutes east of UTC at that local time; null for a zone that is not known. */
function offsetOfName(name: string, { year, month, day, hour, minute }: Parts): number | null {
  const numeric = numericOffset.exec(name);
  if (numeric !== null) {
    const minutes = Number(numeric[2]) * 60 + Number(numeric[3] ?? 0);
    return minutes > 14 * 60 ? null : numeric[1] === '-' ? -minutes : minutes;
  }
  return namedOffsets.get(name) ?? offsetAt(name, Date.UTC(year, month - 1, day, hour, minute));
}

const epochText = /^(\d{1,19})(?:\.(\d{1,9})\d*)?$/;
const unitDigits = { s: 0, ms: 3, us: 6, ns: 9 } as const;
export type EpochUnit = keyof typeof unitDigits;

/**
 * A time since 1970, as a number or as decimal text with a fraction; no digit is lost of text. Without
 * `unit` its size tells: seconds below 10^11, then milliseconds, microseconds, nanoseconds.
 * Null for anything else, for 0 (which means "not set") and for years above 9999.
 */
export function readEpoch(value: unknown, unit?: EpochUnit): string | null {
  const text = typeof value === 'number' ? decimalText(value) : value;
  if (typeof text !== 'string') return null;
  const parts = epochText.exec(text);
  if (parts === null) return null;
  const whole = (parts[1] ?? '').replace(/^0+(?=\d)/, '');
  const shift = unitDigits[unit ?? unitBySize(whole)];
  const padded = whole.padStart(shift + 1, '0');
  const seconds = Number(padded.slice(0, padded.length - shift));
  if (seconds === 0 && Number(text) === 0) return null;
  const fraction = `${shift === 0 ? '' : padded.slice(-shift)}${parts[2] ?? ''}`.slice(0, 9);
  if (seconds > 253_402_300_799) return null;
  const date = new Date(seconds * 1000).toISOString();
  return `${date.slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}Z`;
}

function unitBySize(whole: string): EpochUnit {
  if (whole.length <= 11) return 's';
  if (whole.length <= 14) return 'ms';
  return whole.length <= 17 ? 'us' : 'ns';
}

/** A float has sixteen digits: a time in seconds is good to the microsecond. */
function decimalText(value: number): string | null {
  if (!Number.isFinite(value) || value < 0) return null;
  if (Number.isInteger(value)) return String(value);
  return value.toFixed(6).replace(/0+$/, '');
}

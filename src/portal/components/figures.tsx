import type { JSX } from 'preact';

/**
 * Numbers, times and sizes as the portal writes them. Times are UTC and say no zone: the page
 * says it once. Grouping uses a thin fixed form (`212,345`), whatever the server's locale.
 */

const grouping = new Intl.NumberFormat('en-GB');

export function countText(value: number): string {
  return grouping.format(value);
}

/** `1 record`, `2 records`, `2,000 records`. */
export function countOf(value: number, one: string, many = `${one}s`): string {
  return `${countText(value)} ${value === 1 ? one : many}`;
}

/** Decimal units, as storage is sold and object stores count: `812 B`, `4.1 kB`, `2.3 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.95 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(1)} ${units[unit]}`;
}

/** A share in whole percent that never rounds an incomplete share up to 100 or a present one down to 0. */
export function percentText(part: number, whole: number): string {
  if (whole === 0) return '–';
  const rounded = Math.round((part / whole) * 100);
  if (rounded === 100 && part < whole) return '99%';
  if (rounded === 0 && part > 0) return '1%';
  return `${rounded}%`;
}

const units: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
  [1, 'second'],
];

/** The largest unit and, for days and hours, the next: `3 days 4 hours`, `20 minutes`, `5 seconds`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const place = units.findIndex(([size]) => whole >= size);
  const [size, name] = units[place] ?? [1, 'second'];
  const largest = countOf(Math.floor(whole / size), name);
  const next = size < 3_600 ? undefined : units[place + 1];
  const rest = next === undefined ? 0 : Math.floor((whole % size) / next[0]);
  return next === undefined || rest === 0 ? largest : `${largest} ${countOf(rest, next[1])}`;
}

export function secondsBetween(from: string, to: string): number {
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

/** `2026-11-20 14:03:22.118`: date and clock of an RFC 3339 UTC time, the fraction cut at milliseconds. */
export function timeText(time: string, precision: 'day' | 'minute' | 'second' | 'millisecond' = 'second'): string {
  const match = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(:\d\d)(?:\.(\d{1,3})\d*)?Z$/.exec(time);
  if (match === null) return time;
  const [, day, minutes, seconds, fraction] = match;
  if (precision === 'day') return `${day}`;
  if (precision === 'minute') return `${day} ${minutes}`;
  if (precision === 'second' || fraction === undefined) return `${day} ${minutes}${seconds}`;
  return `${day} ${minutes}${seconds}.${fraction.padEnd(3, '0')}`;
}

interface TimeProps {
  readonly at: string;
  readonly precision?: 'day' | 'minute' | 'second' | 'millisecond';
}

/** A time as text, with all its digits for machines and for whoever points at it. */
export function Time({ at, precision = 'second' }: TimeProps): JSX.Element {
  return (
    <time class="time" dateTime={at} title={at}>
      {timeText(at, precision)}
    </time>
  );
}

/** `4 minutes ago`, with the time itself behind it. */
export function Age({ at, now }: { readonly at: string; readonly now: string }): JSX.Element {
  const seconds = secondsBetween(at, now);
  return (
    <time class="age" dateTime={at} title={at}>
      {seconds < 1 ? 'just now' : `${durationText(seconds)} ago`}
    </time>
  );
}

/** Two times as one span; the second leaves out the day where it is the same. */
export function Span({
  from,
  to,
  precision = 'minute',
}: {
  readonly from: string;
  readonly to: string;
  readonly precision?: 'day' | 'minute';
}): JSX.Element {
  const first = timeText(from, precision);
  const last = timeText(to, precision);
  const sameDay = precision === 'minute' && first.slice(0, 10) === last.slice(0, 10);
  return (
    <span class="time">
      <time dateTime={from}>{first}</time> to <time dateTime={to}>{sameDay ? last.slice(11) : last}</time>
    </span>
  );
}

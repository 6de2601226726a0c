/**
 * How values are written in the report. Nothing here asks the locale or the clock, so the same
 * value reads the same on every machine.
 */

/** 1234567 as `1,234,567`. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+(?!\d))/gu, ',');
}

/** `1 record`, `2 records`, `1,200 records`; `many` is given where the plural is irregular. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

const instant = /^(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}(?::\d{2})?)(?:\.\d+)?Z$/u;

/** RFC 3339 UTC to `2026-10-12 09:14:22`, without the zone, for columns whose header says UTC; other text as it came. */
export function timeInUtcColumn(text: string): string {
  const [, day, clock] = instant.exec(text) ?? [];
  return day === undefined || clock === undefined ? text : `${day} ${clock}`;
}

/** RFC 3339 UTC to `2026-10-12 09:14:22 UTC`; other text as it came. */
export function time(text: string): string {
  return instant.test(text) ? `${timeInUtcColumn(text)} UTC` : text;
}

/** Like {@link timeInUtcColumn}, without seconds where they are zero, as in planned times. */
export function plannedTime(text: string): string {
  return timeInUtcColumn(text).replace(/(?<= \d{2}:\d{2}):00$/u, '');
}

/** A period, by days where both ends are midnight. */
export function period(span: { readonly from: string; readonly to: string }): string {
  const midnight = /^(\d{4}-\d{2}-\d{2})T00:00:00(?:\.0+)?Z$/u;
  const from = midnight.exec(span.from)?.[1];
  const to = midnight.exec(span.to)?.[1];
  return from !== undefined && to !== undefined
    ? `${from} to ${to}, 00:00 UTC`
    : `${timeInUtcColumn(span.from)} to ${time(span.to)}`;
}

/** First `digits` characters and an ellipsis; the full value MUST stand elsewhere in the package. */
export function shortened(text: string, digits = 12): string {
  return text.length <= digits + 1 ? text : `${text.slice(0, digits)}…`;
}

/** Seconds in the largest two units: `2 d 3 h`, `45 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const parts = [
    [Math.floor(whole / 86_400), 'd'],
    [Math.floor(whole / 3_600) % 24, 'h'],
    [Math.floor(whole / 60) % 60, 'min'],
    [whole % 60, 's'],
  ] as const;
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit}`)
    .join(' ');
}

/** `part` of `whole` in per cent with one decimal; 0.0% and 100.0% only where it is exactly so. */
export function percentage(part: number, whole: number): string {
  if (whole === 0) return '–';
  if (part === 0 || part === whole) return part === 0 ? '0.0%' : '100.0%';
  const tenths = Math.round((part / whole) * 1000);
  if (tenths === 0) return '<0.1%';
  return `${(Math.min(999, tenths) / 10).toFixed(1)}%`;
}

/** Words of the data (`not_satisfied`, `policy_change`) as people write them. */
export function spaced(word: string): string {
  return word.replaceAll('_', ' ');
}

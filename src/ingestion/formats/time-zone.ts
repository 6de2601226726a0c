const formatters = new Map<string, Intl.DateTimeFormat | null>();

/** Is this an IANA time zone that the engine knows? */
export function isTimeZone(name: string): boolean {
  return formatterOf(name) !== null;
}

/**
 * Minutes east of UTC in a zone of the IANA database at a local time, given as if it were UTC in
 * milliseconds. A local time that comes twice is the first one. Null for a zone that is not known.
 */
export function offsetAt(zone: string, local: number): number | null {
  const formatter = formatterOf(zone);
  if (formatter === null || !Number.isFinite(local)) return null;
  // The offset a day earlier is right except in the hours after a change; then the one found with it is.
  const before = offsetOf(formatter, local - 86_400_000);
  const guess = offsetOf(formatter, local - before * 60_000);
  return offsetOf(formatter, local - guess * 60_000) === guess ? guess : before;
}

function formatterOf(zone: string): Intl.DateTimeFormat | null {
  const known = formatters.get(zone);
  if (known !== undefined) return known;
  // Zones come from the settings of sources, but also from records.
  if (formatters.size >= 1000) formatters.clear();
  const made = make(zone);
  formatters.set(zone, made);
  return made;
}

function make(zone: string): Intl.DateTimeFormat | null {
  if (!/^[A-Za-z][A-Za-z0-9_+/-]{1,63}$/.test(zone)) return null;
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  } catch {
    return null;
  }
}

function offsetOf(formatter: Intl.DateTimeFormat, instant: number): number {
  const parts = new Map(formatter.formatToParts(new Date(instant)).map(({ type, value }) => [type, Number(value)]));
  const part = (name: Intl.DateTimeFormatPartTypes): number => parts.get(name) ?? 0;
  const local = Date.UTC(part('year'), part('month') - 1, part('day'), part('hour'), part('minute'));
  return Math.round((local - Math.floor(instant / 60_000) * 60_000) / 60_000);
}

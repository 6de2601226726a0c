import { type ReadTime, readTime, readUtc } from './event-time.js';
import { textOf } from './json-value.js';
import type { Wire } from './wire.js';

/** `1/9/2007 9:41:00 AM +01:00`: month first, with or without half of the day and offset. */
const monthFirst = /^(\d{1,2})\/(\d{1,2})\/(\d{4}) (\d{1,2}):(\d{2}):(\d{2})(?: ([AP])M)?(?: ([+-]\d{2}:\d{2}))?$/;

/**
 * A time as Azure's logs write it: RFC 3339, the same without an offset, or month first. All of Azure's times are UTC
 * where they name no offset (Azure Monitor, "Common schema"). Null for what is no text, the text itself where it is no time.
 */
export function azureTime(value: unknown, { receivedAt }: Wire): ReadTime | string | null {
  const text = textOf(value);
  if (text === null) return null;
  const exact = readTime(text);
  if (exact !== null) return exact;
  const [, month = '', day = '', year = '', hour = '', minute = '', second = '', half, offset] =
    monthFirst.exec(text) ?? [];
  if (year === '') return readUtc(text, receivedAt);
  const hours = half === undefined ? Number(hour) : (Number(hour) % 12) + (half === 'P' ? 12 : 0);
  const two = (part: string | number): string => String(part).padStart(2, '0');
  return readTime(`${year}-${two(month)}-${two(day)}T${two(hours)}:${minute}:${second}${offset ?? 'Z'}`) ?? text;
}

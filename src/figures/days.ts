/** UTC days as `YYYY-MM-DD`, and the windows that end with them. */

import { windowDays } from './model.js';

const millisecondsOfDay = 86_400_000;

/** The day so many days after another; before it, for a negative number. */
export function dayAfter(day: string, days = 1): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * millisecondsOfDay).toISOString().slice(0, 10);
}

/** The first day of the window that ends with a day. */
export function firstDayOf(day: string): string {
  return dayAfter(day, 1 - windowDays);
}

/** All days from `first` to `last`, both included; none when `last` comes before. */
export function daysFrom(first: string, last: string): string[] {
  const count = Math.round((Date.parse(last) - Date.parse(first)) / millisecondsOfDay) + 1;
  return Array.from({ length: Math.max(0, count) }, (_, place) => dayAfter(first, place));
}

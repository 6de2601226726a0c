import { textOf } from './json-value.js';

/** Levels of Azure's logs on the scale of syslog. */
const severities: ReadonlyMap<string, number> = new Map([
  ['critical', 2],
  ['error', 3],
  ['warning', 4],
  ['informational', 6],
  ['information', 6],
  ['verbose', 7],
  // Windows event levels, which Microsoft Entra writes.
  ['1', 2],
  ['2', 3],
  ['3', 4],
  ['4', 6],
  ['5', 7],
]);

/** A word, or a number as such or as text. */
export function levelOf(value: unknown): string | null {
  return typeof value === 'number' ? String(value) : textOf(value);
}

export function severityOfLevel(level: string | null): number | null {
  return severities.get(level?.toLowerCase() ?? '') ?? null;
}

import { isKeepable, type JsonValue } from './json-value.js';
import { addFlag } from './wire.js';

/**
 * Attributes out of what a record says: missing and empty values (null, empty text, `-`, empty lists and
 * objects) are left out, and what JSON cannot hold again is left out and flagged `value_not_kept`.
 */
export function attributesOf(values: Readonly<Record<string, unknown>>, flags: string[]): Record<string, JsonValue> {
  const attributes: Record<string, JsonValue> = {};
  for (const [name, value] of Object.entries(values)) {
    if (isEmpty(value) || name === '__proto__') continue;
    if (isKeepable(value, 60)) attributes[name] = value;
    else addFlag(flags, 'value_not_kept');
  }
  return attributes;
}

function isEmpty(value: unknown): boolean {
  if (value === undefined || value === null || value === '' || value === '-') return true;
  return typeof value === 'object' && Object.keys(value).length === 0;
}

/** A value to keep whole, as a policy change holds it; null, and the flag `value_not_kept`, where JSON cannot hold it. */
export function keptValue(value: unknown, flags: string[]): JsonValue {
  if (value === undefined || value === null) return null;
  if (isKeepable(value)) return value;
  addFlag(flags, 'value_not_kept');
  return null;
}

import type { PolicyChange } from '../normal-form.js';

/** Any JSON value, as the normal form keeps it. */
export type JsonValue = PolicyChange['after'];

/** A JSON object whose members are not known yet. */
export interface JsonObject {
  readonly [key: string]: unknown;
}

/** Deepest nesting of a value that is handed on as it came: writing JSON is recursive everywhere. */
const maxKeptDepth = 64;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectOf(value: unknown): JsonObject | null {
  return isObject(value) ? value : null;
}

/** The value when it is a string with something in it. */
export function textOf(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/**
 * The value when it is text of at most 253 characters, the longest name Kubernetes knows (RFC 1123).
 * Names become keys; an event of a refused request can carry one of any length.
 */
export function nameOf(value: unknown): string | null {
  const text = textOf(value);
  return text !== null && text.length <= 253 ? text : null;
}

export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

export function textsOf(value: unknown): string[] {
  return listOf(value).flatMap((item) => textOf(item) ?? []);
}

/** The value when it is an integer that a JavaScript number holds exactly. */
export function integerOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : null;
}

/** A count or id that the wire gives as text or as a number (protobuf JSON writes 64-bit integers as text). */
export function unsignedOf(value: unknown): string | null {
  if (typeof value === 'string') return /^\d{1,20}$/.test(value) ? value : null;
  const integer = integerOf(value);
  return integer === null || integer < 0 ? null : String(integer);
}

/**
 * Can this value be kept as it is? Not when it is nested deeper than 64 levels, holds a number that
 * JSON cannot write again (`1e999` reads as infinity) or a member named `__proto__`.
 */
export function isKeepable(value: unknown, levels = maxKeptDepth): value is JsonValue {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      if (value === null) return true;
      if (levels === 0) return false;
      if (Array.isArray(value)) return value.every((item) => isKeepable(item, levels - 1));
      return Object.entries(value).every(([key, item]) => key !== '__proto__' && isKeepable(item, levels - 1));
    default:
      return false;
  }
}

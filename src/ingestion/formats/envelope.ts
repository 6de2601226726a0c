import { type JsonObject, objectOf } from './json-value.js';

/** A record that a collector sent as JSON text inside its own JSON object. */
export interface Envelope {
  readonly outer: JsonObject;
  readonly text: string;
}

/**
 * Finds the record that an envelope carries as text: in `message` (Amazon CloudWatch, most
 * shippers), `log` (container logs) or `properties.log` (Azure diagnostics). Only text that begins
 * as a JSON object and has one of the `marks` in it counts.
 */
export function findEnvelope(outer: JsonObject, marks: readonly string[]): Envelope | null {
  for (const text of [outer.message, outer.log, objectOf(outer.properties)?.log]) {
    if (typeof text !== 'string' || !/^\s*\{/.test(text)) continue;
    if (marks.some((mark) => text.includes(mark))) return { outer, text };
  }
  return null;
}

/** Reads the text of an envelope; undefined when it is no JSON, as where the collector cut it. */
export function openEnvelope(envelope: Envelope): unknown {
  try {
    return JSON.parse(envelope.text);
  } catch {
    return undefined;
  }
}

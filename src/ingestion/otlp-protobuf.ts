import type { JsonObject } from './formats/json-value.js';
import { doubleOf, ProtobufError, protobufFields, signedText } from './protobuf-reader.js';

/*
 * `ExportLogsServiceRequest` of OTLP (opentelemetry-proto v1, logs_service.proto, logs.proto, common.proto,
 * resource.proto) as the object that its JSON form would parse to. Unknown fields are passed over.
 */

/** Deepest nesting of values in values. */
const deepest = 32;

/** A string keeps its bytes, which may be no UTF-8. */
export interface StringValue extends JsonObject {
  readonly stringValue: string;
  readonly utf8: Buffer;
}

/** @throws ProtobufError */
export function decodeLogsRequest(message: Buffer): JsonObject {
  return { resourceLogs: all(message, 1, resourceLogs) };
}

function resourceLogs(message: Buffer): JsonObject {
  return {
    resource: one(message, 1, (bytes) => ({ attributes: all(bytes, 1, keyValue) })),
    scopeLogs: all(message, 2, scopeLogs),
  };
}

function scopeLogs(message: Buffer): JsonObject {
  return { scope: one(message, 1, scope), logRecords: all(message, 2, logRecord) };
}

function scope(message: Buffer): JsonObject {
  return { name: one(message, 1, text), version: one(message, 2, text), attributes: all(message, 3, keyValue) };
}

function logRecord(message: Buffer): JsonObject {
  const record: Record<string, unknown> = {};
  const attributes: JsonObject[] = [];
  for (const { number, value, bytes } of protobufFields(message)) {
    if (value !== null) {
      if (number === 1) record.timeUnixNano = String(value);
      else if (number === 11) record.observedTimeUnixNano = String(value);
      else if (number === 2) record.severityNumber = Number(BigInt.asIntN(32, value));
      else if (number === 7) record.droppedAttributesCount = Number(value);
      else if (number === 8) record.flags = Number(value);
    } else if (bytes !== null) {
      if (number === 3) record.severityText = text(bytes);
      else if (number === 5) record.body = anyValue(bytes);
      else if (number === 6) attributes.push(keyValue(bytes));
      else if (number === 9) record.traceId = bytes.toString('hex');
      else if (number === 10) record.spanId = bytes.toString('hex');
      else if (number === 12) record.eventName = text(bytes);
    }
  }
  if (attributes.length > 0) record.attributes = attributes;
  return record;
}

function keyValue(message: Buffer, depth = 0): JsonObject {
  return { key: one(message, 1, text) ?? '', value: one(message, 2, (bytes) => anyValue(bytes, depth)) };
}

function anyValue(message: Buffer, depth = 0): JsonObject {
  if (depth > deepest) throw new ProtobufError(`values are nested deeper than ${deepest} levels`);
  let found: JsonObject = {};
  for (const { number, value, bytes } of protobufFields(message)) {
    if (value !== null) {
      if (number === 2) found = { boolValue: value !== 0n };
      else if (number === 3) found = { intValue: signedText(value) };
      else if (number === 4) found = doubleValue(doubleOf(value));
    } else if (bytes !== null) {
      if (number === 1) found = { stringValue: text(bytes), utf8: bytes } satisfies StringValue;
      else if (number === 5) found = { arrayValue: { values: all(bytes, 1, (item) => anyValue(item, depth + 1)) } };
      else if (number === 6) found = { kvlistValue: { values: all(bytes, 1, (item) => keyValue(item, depth + 1)) } };
      else if (number === 7) found = { bytesValue: bytes.toString('base64') };
    }
  }
  return found;
}

/** JSON has no word for what is no finite number; protobuf's writes these as text. */
function doubleValue(value: number): JsonObject {
  return { doubleValue: Number.isFinite(value) ? value : String(value) };
}

function text(bytes: Buffer): string {
  return bytes.toString('utf8');
}

function all<T>(message: Buffer, wanted: number, read: (bytes: Buffer) => T): T[] {
  const found: T[] = [];
  for (const { number, bytes } of protobufFields(message)) {
    if (number === wanted && bytes !== null) found.push(read(bytes));
  }
  return found;
}

/** Of a field that is there more than once, the last counts. */
function one<T>(message: Buffer, wanted: number, read: (bytes: Buffer) => T): T | undefined {
  let found: Buffer | null = null;
  for (const { number, bytes } of protobufFields(message)) if (number === wanted && bytes !== null) found = bytes;
  return found === null ? undefined : read(found);
}

import { readEpoch } from './formats/event-time.js';
import { isObject, type JsonObject, type JsonValue, listOf, objectOf, textOf } from './formats/json-value.js';
import type { RecordContext } from './normal-form.js';
import { beginsWithMember } from './json-scanner.js';
import { decodeLogsRequest } from './otlp-protobuf.js';
import { type Attributes, type ReceivedRecord, saidOfMany } from './received-record.js';

/*
 * Log records out of an OTLP export (opentelemetry.io/docs/specs/otlp, JSON or protobuf): the body is the record, byte
 * for byte where it is text, as JSON where it is a list of keys and values; all else becomes what is known beside it.
 */

/** Deepest nesting of values in values. */
const deepest = 60;
const opening = [Buffer.from('"resourceLogs"')];

/** Is this JSON value an export of logs, as `POST /v1/logs` carries it and the Collector's file exporter writes it? */
export function isOtlpExport(raw: Buffer): boolean {
  return beginsWithMember(raw, opening);
}

/** The records of an export in JSON form; null when it cannot be parsed. */
export function otlpJsonRecords(body: Buffer): ReceivedRecord[] | null {
  try {
    const request: unknown = JSON.parse(body.toString('utf8'));
    return isObject(request) ? recordsOf(request) : null;
  } catch {
    return null;
  }
}

/** How the detail begins of what was sent as an export and is none. */
export const notAnExport = 'no ExportLogsServiceRequest';

/** The records of an export in protobuf form. What is none becomes one record with a problem, so that it is kept. */
export function otlpProtobufRecords(body: Buffer): ReceivedRecord[] {
  try {
    return recordsOf(decodeLogsRequest(body));
  } catch (error) {
    const detail = `${notAnExport}: ${error instanceof Error ? error.message : String(error)}`;
    return [
      { raw: body, context: { attributes: { protocol: 'otlp' } }, problem: { reason: 'unknown_format', detail } },
    ];
  }
}

function recordsOf(request: JsonObject): ReceivedRecord[] {
  const records: ReceivedRecord[] = [];
  for (const resourceLogs of listOf(request.resourceLogs).filter(isObject)) {
    const resource = saidOfMany(attributesOf(objectOf(resourceLogs.resource)?.attributes));
    for (const scopeLogs of listOf(resourceLogs.scopeLogs).filter(isObject)) {
      const scope = saidOfMany(scopeOf(objectOf(scopeLogs.scope)));
      for (const record of listOf(scopeLogs.logRecords)) records.push(receivedRecord(record, resource, scope));
    }
  }
  return records;
}

function receivedRecord(value: unknown, resource: Attributes, scope: Attributes): ReceivedRecord {
  if (!isObject(value)) {
    const detail = 'expected a log record, which is an object';
    return {
      raw: Buffer.from(JSON.stringify(value)),
      context: { attributes: { protocol: 'otlp' } },
      problem: { reason: 'not_an_object', detail },
    };
  }
  // The name in protobuf of the older JSON forms; zero means unknown.
  const times = [value.timeUnixNano, value.observedTimeUnixNano].flatMap((time) => readEpoch(time, 'ns') ?? []);
  const attributes: Attributes = { protocol: 'otlp' };
  for (const name of ['severityText', 'traceId', 'spanId', 'eventName'] as const) {
    const text = textOf(value[name]);
    if (text !== null) attributes[name] = text;
  }
  const severity = severityOf(value.severityNumber);
  if (severity !== null) attributes.severityNumber = severity;
  const own = attributesOf(value.attributes);
  if (Object.keys(own).length > 0) attributes.log = own;
  if (Object.keys(resource).length > 0) attributes.resource = resource;
  if (Object.keys(scope).length > 0) attributes.scope = scope;
  const context: RecordContext = { ...(times.length === 0 ? {} : { times }), attributes };
  return { raw: rawOf(value), context };
}

/** Numbers 1 to 24, or their names: writers of protobuf JSON may use either. */
function severityOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 1 && value <= 24 ? value : null;
  const named = /^SEVERITY_NUMBER_(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)([234]?)$/.exec(textOf(value) ?? '');
  if (named === null) return null;
  const base = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'].indexOf(named[1] ?? '') * 4;
  return base + Number(named[2] === '' ? 1 : named[2]);
}

/** The record that a log record carries; one without a body is a record itself. */
function rawOf(record: JsonObject): Buffer {
  const body = objectOf(record.body);
  const text = body?.stringValue;
  if (typeof text === 'string' && text.trim() !== '') {
    return Buffer.isBuffer(body?.utf8) ? body.utf8 : Buffer.from(text);
  }
  if (body !== null && (body.kvlistValue !== undefined || body.arrayValue !== undefined)) {
    return Buffer.from(jsonOf(body, 0));
  }
  return Buffer.from(JSON.stringify(record, (name, value: unknown) => (name === 'utf8' ? undefined : value)));
}

function scopeOf(scope: JsonObject | null): Attributes {
  const said: Attributes = {};
  const name = textOf(scope?.name);
  const version = textOf(scope?.version);
  if (name !== null) said.name = name;
  if (version !== null) said.version = version;
  const attributes = attributesOf(scope?.attributes);
  if (Object.keys(attributes).length > 0) said.attributes = attributes;
  return said;
}

function attributesOf(list: unknown): Attributes {
  const attributes: Attributes = {};
  for (const item of listOf(list)) {
    const key = textOf(objectOf(item)?.key);
    if (key === null || key === '__proto__') continue;
    attributes[key] = plainOf(objectOf(item)?.value, 0);
  }
  return attributes;
}

/** An `AnyValue` as plain JSON; integers that a JavaScript number cannot hold stay text. */
function plainOf(value: unknown, depth: number): JsonValue {
  if (!isObject(value) || depth > deepest) return null;
  if (typeof value.stringValue === 'string') return value.stringValue;
  if (typeof value.boolValue === 'boolean') return value.boolValue;
  if (value.intValue !== undefined) {
    const integer = Number(value.intValue);
    return Number.isSafeInteger(integer) ? integer : textOf(value.intValue);
  }
  if (value.doubleValue !== undefined) {
    return typeof value.doubleValue === 'number' && Number.isFinite(value.doubleValue)
      ? value.doubleValue
      : textOf(value.doubleValue);
  }
  if (typeof value.bytesValue === 'string') return value.bytesValue;
  const array = objectOf(value.arrayValue);
  if (array !== null) return listOf(array.values).map((item) => plainOf(item, depth + 1));
  const list = objectOf(value.kvlistValue);
  if (list === null) return null;
  const plain: Attributes = {};
  for (const item of listOf(list.values)) {
    const key = textOf(objectOf(item)?.key);
    if (key !== null && key !== '__proto__') plain[key] = plainOf(objectOf(item)?.value, depth + 1);
  }
  return plain;
}

/** An `AnyValue` as JSON text, in which integers keep all their digits. */
function jsonOf(value: unknown, depth: number): string {
  if (!isObject(value) || depth > deepest) return 'null';
  const digits = typeof value.intValue === 'number' ? String(value.intValue) : textOf(value.intValue);
  if (digits !== null) return /^-?(?:0|[1-9]\d{0,18})$/.test(digits) ? digits : JSON.stringify(digits);
  const array = objectOf(value.arrayValue);
  if (array !== null)
    return `[${listOf(array.values)
      .map((item) => jsonOf(item, depth + 1))
      .join(',')}]`;
  const list = objectOf(value.kvlistValue);
  if (list !== null) {
    const members = listOf(list.values).filter(isObject);
    return `{${members
      .map((item) => `${JSON.stringify(textOf(item.key) ?? '')}:${jsonOf(item.value, depth + 1)}`)
      .join(',')}}`;
  }
  return JSON.stringify(plainOf(value, depth));
}

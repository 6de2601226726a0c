import type { IncomingHttpHeaders } from 'node:http';
import { isObject, type JsonObject, type JsonValue, textOf } from './formats/json-value.js';
import { readTime } from './formats/event-time.js';
import type { RecordContext } from './normal-form.js';
import { recordsOf, type Sent } from './read-records.js';

/**
 * CloudEvents out of an HTTP message (github.com/cloudevents/spec, HTTP protocol binding): in binary mode the body is the record, and
 * the attributes stand in headers; in structured and batch mode each event is a record with its attributes in it.
 */
export function cloudEvents(headers: IncomingHttpHeaders, body: Buffer): Sent {
  if (headers['ce-specversion'] === undefined) {
    const records = [...recordsOf({ body, split: 'auto' })];
    return {
      records: records.map((record) => ({ ...record, context: { ...record.context, ...structured(record.raw) } })),
    };
  }
  const attributes: Record<string, JsonValue> = { protocol: 'cloudevents' };
  for (const [name, value] of Object.entries(headers)) {
    if (name.startsWith('ce-') && typeof value === 'string') attributes[name.slice(3)] = unescaped(value);
  }
  const type = textOf(headers['content-type']);
  if (type !== null) attributes.datacontenttype = type;
  const context: RecordContext = { ...identity(attributes), attributes };
  // An event may have no data; then its attributes are all there is.
  if (body.length === 0) return { records: [{ raw: Buffer.from(JSON.stringify(attributes)), context }] };
  return { body, split: 'auto', context };
}

function structured(raw: Buffer): RecordContext {
  try {
    const event: unknown = JSON.parse(raw.toString('utf8'));
    return isObject(event) && typeof event.specversion === 'string' ? identity(event) : {};
  } catch {
    return {};
  }
}

/** Source and id together name an event. */
function identity(event: JsonObject): RecordContext {
  const [source, id, time] = [textOf(event.source), textOf(event.id), readTime(event.time)];
  return {
    ...(source === null || id === null ? {} : { nativeId: `${source} ${id}` }),
    ...(time === null ? {} : { times: [time] }),
  };
}

/** Values of headers are percent-encoded where they are not plain ASCII. */
function unescaped(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}

import { readEpoch } from './formats/event-time.js';
import { isObject, type JsonValue, listOf } from './formats/json-value.js';
import { protobufFields } from './protobuf-reader.js';
import { type Attributes, type ReceivedRecord, saidOfMany } from './received-record.js';
import { snappyUncompress } from './snappy.js';

/*
 * Lines out of a push to Grafana Loki (grafana.com/docs/loki/latest/reference/loki-http-api/#ingest-logs): the line is the record, its
 * labels, structured metadata and time are what is known beside it.
 */

/** A push in JSON, or in protobuf packed with Snappy; null when it is neither. */
export function lokiRecords(body: Buffer, most: number): ReceivedRecord[] | null {
  try {
    return body[0] === 0x7b || body[0] === 0x0a || body[0] === 0x20 ? jsonRecords(body) : protobufRecords(body, most);
  } catch {
    // A block may begin with any byte, a brace too.
  }
  try {
    return protobufRecords(body, most);
  } catch {
    return null;
  }
}

function jsonRecords(body: Buffer): ReceivedRecord[] | null {
  const push: unknown = JSON.parse(body.toString('utf8'));
  if (!isObject(push) || !Array.isArray(push.streams)) return null;
  return push.streams.filter(isObject).flatMap((stream) => {
    const labels = saidOfMany(textsOf(stream.stream));
    return listOf(stream.values).map((value) => {
      const [time, line, metadata] = listOf(value);
      return received(
        typeof line === 'string' ? Buffer.from(line) : Buffer.from(JSON.stringify(value)),
        time,
        labels,
        textsOf(metadata),
      );
    });
  });
}

/** `logproto.PushRequest` (grafana/loki, pkg/push/push.proto). */
function protobufRecords(body: Buffer, most: number): ReceivedRecord[] {
  const records: ReceivedRecord[] = [];
  for (const stream of messages(snappyUncompress(body, most), 1)) {
    const [labels] = messages(stream, 1);
    const named = saidOfMany(labelsIn(labels?.toString('utf8', 0, longestLabels) ?? ''));
    for (const entry of messages(stream, 2)) {
      const [line = Buffer.alloc(0)] = messages(entry, 2);
      const metadata: Record<string, string> = {};
      for (const pair of messages(entry, 3)) {
        const [name, value] = [messages(pair, 1)[0], messages(pair, 2)[0]];
        if (name !== undefined && name.toString() !== '__proto__') metadata[name.toString()] = value?.toString() ?? '';
      }
      records.push(received(line, timeOf(messages(entry, 1)[0]), named, metadata));
    }
  }
  return records;
}

/** `google.protobuf.Timestamp` as nanoseconds. */
function timeOf(timestamp: Buffer | undefined): string | null {
  if (timestamp === undefined) return null;
  let nanoseconds = 0n;
  for (const { number, value } of protobufFields(timestamp)) {
    if (value !== null) nanoseconds += number === 1 ? value * 1_000_000_000n : number === 2 ? value : 0n;
  }
  return String(nanoseconds);
}

function messages(message: Buffer, wanted: number): Buffer[] {
  const found: Buffer[] = [];
  for (const { number, bytes } of protobufFields(message)) if (number === wanted && bytes !== null) found.push(bytes);
  return found;
}

const longestLabels = 64 * 1024;

/** Labels as Loki writes them: `{job="varlogs", host="n1"}`. */
function labelsIn(text: string): Record<string, string> {
  const labels: Record<string, string> = {};
  for (const [, name = '', value = ''] of text.matchAll(/([A-Za-z_][\w.]*)="((?:[^"\\]|\\.)*)"/gu)) {
    if (name === '__proto__') continue;
    labels[name] = value.replace(/\\(["\\n])/gu, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped));
  }
  return labels;
}

function received(raw: Buffer, time: unknown, labels: Attributes, metadata: Record<string, string>): ReceivedRecord {
  const attributes: Record<string, JsonValue> = { protocol: 'loki', labels };
  if (Object.keys(metadata).length > 0) attributes.metadata = metadata;
  const at = readEpoch(time, 'ns');
  return { raw, context: { ...(at === null ? {} : { times: [at] }), attributes } };
}

function textsOf(value: unknown): Record<string, string> {
  const texts: Record<string, string> = {};
  if (!isObject(value)) return texts;
  for (const [name, text] of Object.entries(value)) {
    if (typeof text === 'string' && name !== '__proto__') texts[name] = text;
  }
  return texts;
}

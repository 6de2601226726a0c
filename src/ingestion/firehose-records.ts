import { isObject, type JsonObject, textOf } from './formats/json-value.js';
import { unpackBase64 } from './packed-text.js';
import { recordsOf } from './read-records.js';
import { type Attributes, type ReceivedRecord, saidOfMany } from './received-record.js';

/** A delivery of Amazon Data Firehose, taken apart. */
export interface FirehoseDelivery {
  readonly requestId: string | null;
  /** Null where the body is no delivery. */
  readonly records: readonly ReceivedRecord[] | null;
}

/**
 * Records out of a delivery of Amazon Data Firehose to an HTTP endpoint (docs.aws.amazon.com/firehose/latest/dev/httpdeliveryrequestresponse.html):
 * base64, perhaps packed with gzip. What CloudWatch Logs sends through it is cut into its events; its messages without events
 * are passed over. Firehose repeats a request with its id, so that id and place name a record that has no other.
 *
 * @param common `X-Amz-Firehose-Common-Attributes`, JSON
 * @param most bytes that all records together may grow to
 */
export function firehoseDelivery(body: Buffer, common: string | null, most: number): FirehoseDelivery {
  const delivery = parsedObject(body.toString('utf8'));
  const requestId = textOf(delivery?.requestId);
  if (delivery === null || !Array.isArray(delivery.records)) return { requestId, records: null };
  const shared: Attributes = { protocol: 'firehose', ...commonAttributes(common) };
  let left = most;
  const records = delivery.records.flatMap((record, at): ReceivedRecord[] => {
    const data = isObject(record) ? textOf(record.data) : null;
    const bytes = data === null ? null : unpackBase64(data);
    if (bytes === null || bytes.length > left) {
      const raw = Buffer.from(JSON.stringify(record));
      const detail =
        bytes === null ? 'expected base64 in data, plain or packed with gzip' : 'the delivery is too large';
      const reason = bytes === null ? 'invalid_field' : 'too_large';
      return [{ raw, context: { attributes: saidOfMany(shared) }, problem: { reason, detail } }];
    }
    left -= bytes.length;
    const subscription = subscriptionIn(bytes);
    if (subscription?.messageType === 'CONTROL_MESSAGE') return [];
    const attributes = saidOfMany({ ...shared, ...originOf(subscription) });
    // Events of CloudWatch Logs have ids in their bytes.
    const nativeId = subscription !== null || requestId === null ? {} : { nativeId: `${requestId}/${at}` };
    return [...recordsOf({ body: bytes, split: 'auto', context: { attributes, ...nativeId } })];
  });
  return { requestId, records };
}

/** A message of a CloudWatch Logs subscription; null for anything else. */
function subscriptionIn(bytes: Buffer): JsonObject | null {
  if (bytes[0] !== 0x7b || !bytes.includes('"messageType"')) return null;
  const message = parsedObject(bytes.toString('utf8'));
  return typeof message?.messageType === 'string' && Array.isArray(message.logEvents) ? message : null;
}

function originOf(subscription: JsonObject | null): Attributes {
  const origin: Attributes = {};
  for (const name of ['owner', 'logGroup', 'logStream'] as const) {
    const text = textOf(subscription?.[name]);
    if (text !== null) origin[name] = text;
  }
  return origin;
}

function commonAttributes(header: string | null): Attributes {
  const said: unknown = header === null ? null : parsedObject(header)?.commonAttributes;
  const texts = isObject(said) ? Object.entries(said) : [];
  return Object.fromEntries(
    texts.flatMap(([name, value]) => (typeof value === 'string' && name !== '__proto__' ? [[name, value]] : [])),
  );
}

function parsedObject(text: string): JsonObject | null {
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

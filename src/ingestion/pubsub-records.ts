import type { IncomingHttpHeaders } from 'node:http';
import { readTime } from './formats/event-time.js';
import { isObject, objectOf, textOf } from './formats/json-value.js';
import type { RecordContext } from './normal-form.js';
import { unpackBase64 } from './packed-text.js';
import type { Sent } from './read-records.js';
import { type Attributes, saidOfMany } from './received-record.js';

/**
 * A message that Google Cloud Pub/Sub pushes (cloud.google.com/pubsub/docs/push): wrapped in JSON with its data in base64, or
 * unwrapped with what is known of it in headers. Its id names it, so that a repetition adds nothing. A body that is neither is
 * taken as it is.
 */
export function pubsubMessage(headers: IncomingHttpHeaders, body: Buffer): Sent {
  const unwrappedId = headers['x-goog-pubsub-message-id'];
  if (typeof unwrappedId === 'string') {
    return {
      body,
      split: 'auto',
      context: contextOf(unwrappedId, headers['x-goog-pubsub-publish-time'], unwrapped(headers)),
    };
  }
  const push = pushOf(body);
  const message = objectOf(push?.message);
  if (message === null) return { body, split: 'auto' };
  const attributes: Attributes = {};
  for (const [name, value] of Object.entries(objectOf(message.attributes) ?? {})) {
    if (typeof value === 'string' && name !== '__proto__') attributes[name] = value;
  }
  const subscription = textOf(push?.subscription);
  if (subscription !== null) attributes.subscription = subscription;
  const id = textOf(message.messageId) ?? textOf(message.message_id);
  const context = contextOf(id, message.publishTime ?? message.publish_time, attributes);
  const data = textOf(message.data);
  // A message may be attributes alone; then they are all there is.
  if (data === null || data === '') return { records: [{ raw: Buffer.from(JSON.stringify(message)), context }] };
  const bytes = unpackBase64(data);
  if (bytes !== null) return { body: bytes, split: 'auto', context };
  const problem = {
    reason: 'invalid_field',
    detail: 'expected base64 in message.data, plain or packed with gzip',
  } as const;
  return { records: [{ raw: body, context, problem }] };
}

function contextOf(id: string | null, published: unknown, attributes: Attributes): RecordContext {
  const time = readTime(published);
  return {
    ...(id === null ? {} : { nativeId: id }),
    ...(time === null ? {} : { times: [time] }),
    attributes: saidOfMany({ protocol: 'pubsub', ...attributes }),
  };
}

function unwrapped(headers: IncomingHttpHeaders): Attributes {
  const subscription = headers['x-goog-pubsub-subscription-name'];
  return typeof subscription === 'string' ? { subscription } : {};
}

function pushOf(body: Buffer): Readonly<Record<string, unknown>> | null {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'));
    return isObject(value) ? value : null;
  } catch {
    return null;
  }
}

import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { textOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/**
 * Messages of Amazon SNS to an HTTPS endpoint (docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html) that carry no
 * record of a format of its own: notifications, and requests to confirm a subscription, which a person follows, never the service.
 */
export const awsSns: FormatAdapter = { name: 'aws-sns', version: 1, detect, normalise };

const types: ReadonlySet<string> = new Set(['Notification', 'SubscriptionConfirmation', 'UnsubscribeConfirmation']);

function detect({ object }: Wire): boolean {
  return (
    object !== null &&
    typeof object.Type === 'string' &&
    types.has(object.Type) &&
    typeof object.TopicArn === 'string' &&
    typeof object.MessageId === 'string'
  );
}

function normalise(wire: Wire): Normalised {
  const message = wire.object ?? {};
  const [type, topic] = [textOf(message.Type) ?? '', textOf(message.TopicArn) ?? ''];
  const flags: string[] = [];
  const attributes: NormalForm['attributes'] = { type, topic };
  for (const name of ['Subject', 'SubscribeURL', 'UnsubscribeURL', 'SigningCertURL', 'SignatureVersion'] as const) {
    const text = textOf(message[name]);
    if (text !== null) attributes[name] = text;
  }
  const said = textOf(message.Subject) ?? textOf(message.Message) ?? '';
  return accept({
    ...emptyRecord(type === 'Notification' ? 'unknown' : 'admin', awsSns),
    ...chooseTime([textOf(message.Timestamp)], wire, flags),
    nativeId: textOf(message.MessageId),
    reporter: 'control-plane',
    reporterName: topic,
    summary: oneLine(type === 'Notification' ? `${topic}: ${said}` : `${summaries[type] ?? type} ${topic}`),
    attributes,
    places: { eventTime: '/Timestamp', nativeId: '/MessageId' },
    flags,
  });
}

const summaries: Readonly<Record<string, string>> = {
  SubscriptionConfirmation: 'Amazon SNS asks to confirm a subscription: open SubscribeURL to have notifications of',
  UnsubscribeConfirmation: 'Amazon SNS has ended a subscription: open SubscribeURL to have again notifications of',
};

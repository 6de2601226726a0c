import { sign as githubSignature } from '@octokit/webhooks-methods';
import { CloudEvent, HTTP, type Message } from 'cloudevents';
import { setTimeout as sleep } from 'node:timers/promises';
import { Webhook } from 'standardwebhooks';
import { Webhook as SvixWebhook } from 'svix';
import { Book, markedFlow, type Client, type Target } from './client.js';
import { booked } from './splunk.js';

/* Libraries that make or sign a request and leave the sending to their user: sent with fetch. */

type HeaderTexts = Readonly<Record<string, string>>;

interface Sending {
  readonly path: string;
  readonly headers: HeaderTexts;
  readonly body: string;
}

const retryMilliseconds = 1000;
const timeoutMilliseconds = 20_000;

/** Sends until it is answered with 2xx, as often as `tries` allows; a client that does not retry has one. */
async function deliver({ url }: Target, { path, headers, body }: Sending, tries: number): Promise<void> {
  for (let left = tries; ; left--) {
    try {
      const signal = AbortSignal.timeout(timeoutMilliseconds);
      const response = await fetch(`${url}${path}`, { method: 'POST', headers, body, signal });
      const answer = await response.text();
      if (response.ok) return;
      throw new Error(`${response.status} ${answer}`);
    } catch (error) {
      if (left <= 1) throw error;
      await sleep(retryMilliseconds);
    }
  }
}

function sentByFetch(
  name: string,
  tries: number,
  make: (mark: string, target: Target) => Promise<Sending> | Sending,
): Client {
  return {
    name,
    belief: 'answered',
    route: 'own',
    missing: null,
    start: async (target) => {
      const book = new Book();
      return await Promise.resolve({
        ...booked(book),
        send: (mark: string) =>
          void Promise.resolve(make(mark, target))
            .then(async (sending) => await deliver(target, sending, tries))
            .then(() => book.deliver([mark]))
            .catch((error: unknown) => book.giveUp([mark], error)),
        stop: async () => {},
      });
    },
  };
}

const json = { 'content-type': 'application/json' };
const forever = 120;

export const standardWebhooks = sentByFetch('standardwebhooks', forever, (mark, { source, secrets }) => {
  const body = JSON.stringify(markedFlow(mark));
  const now = new Date();
  return {
    path: `/hooks/${source}`,
    headers: {
      ...json,
      'webhook-id': mark,
      'webhook-timestamp': String(Math.floor(now.getTime() / 1000)),
      'webhook-signature': new Webhook(secrets['standard-webhooks']).sign(mark, now, body),
    },
    body,
  };
});

export const svix = sentByFetch('svix', forever, (mark, { source, secrets }) => {
  const body = JSON.stringify(markedFlow(mark));
  const now = new Date();
  return {
    path: `/hooks/${source}`,
    headers: {
      ...json,
      'svix-id': mark,
      'svix-timestamp': String(Math.floor(now.getTime() / 1000)),
      'svix-signature': new SvixWebhook(secrets['standard-webhooks']).sign(mark, now, body),
    },
    body,
  };
});

/** GitHub does not send a delivery again by itself. */
export const octokit = sentByFetch('octokit-webhooks', 1, async (mark, { source, secrets }) => {
  const body = JSON.stringify({ zen: mark, sender: { login: 'ann' }, repository: { full_name: 'o/r' } });
  return {
    path: `/hooks/${source}`,
    headers: {
      ...json,
      'x-github-event': 'ping',
      'x-github-delivery': mark,
      'x-hub-signature-256': await githubSignature(secrets.github, body),
    },
    body,
  };
});

type CloudEventsMode = 'binary' | 'structured' | 'batch';

export function cloudEvents(mode: CloudEventsMode): Client {
  return sentByFetch(`cloudevents-${mode}`, forever, (mark, { source, token }) => {
    const event = new CloudEvent({
      id: mark,
      source: '/cilium',
      type: 'io.cilium.hubble.flow',
      data: markedFlow(mark),
    });
    const { headers, body } = messageOf(event, mode);
    const texts = Object.entries(headers).map(([name, value]): [string, string] => [name, String(value)]);
    return {
      path: `/cloudevents/${source}`,
      headers: { ...Object.fromEntries(texts), authorization: `Bearer ${token}` },
      body: String(body),
    };
  });
}

function messageOf(event: CloudEvent<object>, mode: CloudEventsMode): Pick<Message, 'headers' | 'body'> {
  switch (mode) {
    case 'binary':
      return HTTP.binary(event);
    case 'structured':
      return HTTP.structured(event);
    case 'batch':
      // The library makes no batches.
      return {
        headers: { 'content-type': 'application/cloudevents-batch+json' },
        body: JSON.stringify([event.toJSON()]),
      };
  }
}

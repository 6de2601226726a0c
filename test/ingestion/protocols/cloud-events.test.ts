import { CloudEvent, HTTP, type Message } from 'cloudevents';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { z } from 'zod';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { startTestService, type TestService } from '../../support/service.js';
import { capture, flow, replay, storedOf, withoutCaptures } from './sending.js';

const Counts = z.object({ received: z.number(), appended: z.number(), duplicate: z.number() });

let service: TestService;
let source: IssuedToken;

before(async () => {
  service = await startTestService();
  source = await service.newSource({ name: 'events' });
});

after(() => service.stop());

async function send({ headers, body }: Pick<Message, 'headers' | 'body'>): Promise<unknown> {
  const response = await fetch(`${service.url}/cloudevents/${source.name}`, {
    method: 'POST',
    headers: { ...(headers as Record<string, string>), authorization: `Bearer ${source.token}` }, // the SDK makes texts
    body: String(body),
  });
  assert.equal(response.status, 200);
  return Counts.strip().parse(await response.json());
}

const event = (id: string, data: object): CloudEvent<object> =>
  new CloudEvent({
    id,
    source: '/cilium',
    type: 'io.cilium.hubble.flow',
    time: '2026-11-20T10:00:00.500Z',
    subject: 'å',
    data,
  });

const once = { received: 1, appended: 1, duplicate: 0 };

test('binary mode: the data is the record, the attributes are beside it', async () => {
  const data = flow();
  const message = HTTP.binary(event('1', JSON.parse(data) as object)); // flow() makes an object
  assert.deepEqual(await send(message), once);
  assert.deepEqual(await send(message), { received: 1, appended: 0, duplicate: 1 });
  const stored = (await storedOf(service, source.name)).at(-1);
  assert.equal(stored?.kind, 'flow');
  assert.equal(stored.raw, data);
  assert.equal(stored.context.nativeId, '/cilium 1');
  assert.deepEqual(stored.context.times, ['2026-11-20T10:00:00.500Z']);
  assert.equal(stored.context.attributes?.type, 'io.cilium.hubble.flow');
});

test('structured and batch mode: each event is a record, known by source and id', async () => {
  assert.deepEqual(await send(HTTP.structured(event('2', { any: 'thing' }))), once);
  assert.equal(
    (await storedOf(service, source.name)).at(-1)?.kind,
    'unknown',
    'kept as an event although its data is no format',
  );
  const batch = [event('2', { any: 'thing' }), event('3', JSON.parse(flow()) as object)].map((one) => one.toJSON()); // as above
  const headers = { 'content-type': 'application/cloudevents-batch+json' };
  assert.deepEqual(await send({ headers, body: JSON.stringify(batch) }), { received: 2, appended: 1, duplicate: 1 });
  const stored = (await storedOf(service, source.name)).at(-1);
  assert.deepEqual([stored?.kind, stored?.context.nativeId], ['flow', '/cilium 3']);
});

test('a sender that asks first may send', async () => {
  const answer = await fetch(`${service.url}/cloudevents/${source.name}`, {
    method: 'OPTIONS',
    headers: { 'webhook-request-origin': 'eventgrid.azure.net' },
  });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get('webhook-allowed-origin'), 'eventgrid.azure.net');
  assert.equal(answer.headers.get('webhook-allowed-rate'), '*');
});

test('cloudevents-binary.http: one flow, once', { skip: withoutCaptures }, async () => {
  const { name, token } = await service.newSource();
  const authorization = `Bearer ${token}`;
  for (const path of ['/cloudevents', `/cloudevents/${name}`]) {
    const { status } = await replay(service.url, capture('cloudevents-binary.http'), { authorization, path });
    assert.equal(status, 200);
  }
  assert.deepEqual(
    (await storedOf(service, name)).map(({ kind }) => kind),
    ['flow'],
  );
});

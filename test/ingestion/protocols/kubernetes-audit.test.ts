import fc from 'fast-check';
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { splitJson } from '../../../src/ingestion/json-spans.js';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { StreamedItems } from '../../../src/ingestion/streamed-items.js';
import { startTestService, type TestService } from '../../support/service.js';
import { storedOf } from './sending.js';

let service: TestService;
let source: IssuedToken;
let made = 0;

before(async () => {
  service = await startTestService({ env: { INGEST_MAX_RECORD_BYTES: '4000000' } });
  source = await service.newSource({ name: 'audit' });
});

after(() => service.stop());

function event(padding = ''): string {
  return JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: `00000000-0000-4000-8000-${String(++made).padStart(12, '0')}`,
    stage: 'ResponseComplete',
    verb: 'update',
    user: { username: 'system:node' },
    objectRef: { resource: 'configmaps', namespace: 'shop', name: 'c', apiVersion: 'v1' },
    responseStatus: { code: 200 },
    requestObject: { data: { padding } },
    stageTimestamp: '2026-11-20T10:00:00.123456Z',
  });
}

const list = (events: readonly string[]): string =>
  `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${events.join(',')}]}\n`;

async function post(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<unknown[]> {
  const response = await fetch(`${service.url}/k8s/audit/${source.name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${source.token}`, ...headers },
    body,
  });
  const answer: unknown = await response.json();
  return [response.status, answer];
}

test('events of a list are appended once, also packed, and sent again', async () => {
  const events = Array.from({ length: 7 }, () => event());
  const counts = { received: 7, appended: 7, duplicate: 0, conflict: 0, rejected: 0 };
  assert.deepEqual(await post(list(events)), [200, counts]);
  const again = Uint8Array.from(gzipSync(list(events)));
  assert.deepEqual(await post(again, { 'content-encoding': 'gzip' }), [200, { ...counts, appended: 0, duplicate: 7 }]);
  assert.deepEqual(
    (await storedOf(service, source.name)).map(({ raw }) => raw),
    events,
  );
  assert.deepEqual((await post(event()))[1], { ...counts, received: 1, appended: 1 }, 'a single event is taken too');
});

test('what cannot be read is kept, also a list that is cut short', async () => {
  const cut = list([event(), '{"kind":0}', event()]).slice(0, -40);
  const [status, counts] = await post(cut);
  assert.deepEqual([status, counts], [200, { received: 3, appended: 1, duplicate: 0, conflict: 0, rejected: 2 }]);
  assert.equal((await post(list([]), { authorization: 'Bearer x' }))[0], 401);
});

test('400 events of 1 MB each in one request take less than 150 MB more memory', { timeout: 240_000 }, async () => {
  const { name, token } = await service.newSource();
  const padding = 'x'.repeat(1_000_000);
  // Threads and pools that stay, whatever comes, are there before the first byte is counted.
  await post(list(Array.from({ length: 8 }, () => event(padding))));
  const before = process.memoryUsage().rss;
  let most = 0;
  const watch = setInterval(() => (most = Math.max(most, process.memoryUsage().rss)), 20);
  const sending = request(`${service.url}/k8s/audit/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  });
  const answer = new Promise<IncomingMessage>((resolve) => sending.once('response', resolve));
  sending.write('{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[');
  for (let i = 0; i < 400; i++) {
    if (!sending.write(`${i === 0 ? '' : ','}${event(padding)}`)) await once(sending, 'drain');
  }
  sending.end(']}');
  const response = await answer;
  clearInterval(watch);
  assert.equal(response.statusCode, 200);
  assert.match(await text(response), /"appended":400/);
  const extra = Math.round((most - before) / 1e6);
  assert.ok(extra < 150, `${extra} MB more than before`);
});

test('items cut out of a stream are those of the whole, wherever the chunks end', () => {
  const item = fc.oneof(
    fc.json({ maxDepth: 3 }).filter((text) => !/^\s*$/.test(text)),
    fc.object({ maxDepth: 2 }).map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(fc.array(item, { maxLength: 6 }), fc.array(fc.nat(40), { maxLength: 30 }), (texts, cuts) => {
      const body = Buffer.from(
        `{"kind":"EventList","metadata":{"items":[1]},"items": [${texts.join(' , ')}] , "more":[1]}`,
      );
      const items = new StreamedItems();
      const found: string[] = [];
      let at = 0;
      for (const cut of [...cuts, body.length]) {
        for (const { raw } of items.push(body.subarray(at, at + cut))) found.push(raw.toString().trim());
        at += cut;
      }
      assert.deepEqual(
        found,
        texts.map((text) => text.trim()),
      );
      assert.deepEqual(items.end(), { whole: null, cut: null });
    }),
  );
  const whole = Buffer.from('{"kind":"Event","user":{"items":["a"]}}');
  const single = new StreamedItems();
  assert.deepEqual(single.push(whole), []);
  assert.deepEqual(single.end().whole, whole);
  assert.equal(splitJson(whole).length, 1);
});

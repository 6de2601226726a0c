import fc from 'fast-check';
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { lokiRecords } from '../../../src/ingestion/loki-records.js';
import { lengthDelimited, varintField } from '../../../src/ingestion/protobuf-reader.js';
import { snappyUncompress } from '../../../src/ingestion/snappy.js';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { startTestService, type TestService } from '../../support/service.js';
import { flow, storedOf } from './sending.js';

let service: TestService;
let source: IssuedToken;

before(async () => {
  service = await startTestService();
  source = await service.newSource({ name: 'loki' });
});

after(() => service.stop());

async function push(body: string | Uint8Array<ArrayBuffer>, headers: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${service.url}/loki/api/v1/push`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`tenant:${source.token}`).toString('base64')}`, ...headers },
    body,
  });
  return response.status;
}

const context = {
  times: ['2025-11-20T10:00:00.123456789Z'],
  attributes: { protocol: 'loki', labels: { job: 'hubble', quote: 'a"b' }, metadata: { pod: 'x' } },
};

/** A Snappy block of literals alone. */
function literalBlock(data: Buffer): Buffer {
  const parts: Buffer[] = [];
  let { length } = data;
  const head: number[] = [];
  for (; length >= 0x80; length >>= 7) head.push((length & 0x7f) | 0x80);
  parts.push(Buffer.from([...head, length]));
  for (let at = 0; at < data.length; at += 256) {
    const piece = data.subarray(at, at + 256);
    parts.push(Buffer.from([60 << 2, piece.length - 1]), piece);
  }
  return Buffer.concat(parts);
}

test('lines of a push are records, in JSON and in protobuf, and sent again add nothing', async () => {
  const line = flow();
  const json = JSON.stringify({
    streams: [{ stream: context.attributes.labels, values: [['1763632800123456789', line, { pod: 'x' }]] }],
  });
  assert.equal(await push(json), 204);
  assert.equal(await push(json), 204);
  const text = (number: number, value: string): Buffer => lengthDelimited(number, Buffer.from(value));
  const timestamp = Buffer.concat([varintField(1, 1_763_632_800), varintField(2, 123_456_789)]);
  const second = flow();
  const metadata = lengthDelimited(3, Buffer.concat([text(1, 'pod'), text(2, 'x')]));
  const entry = Buffer.concat([lengthDelimited(1, timestamp), text(2, second), metadata]);
  const stream = Buffer.concat([text(1, '{job="hubble", quote="a\\"b"}'), lengthDelimited(2, entry)]);
  const block = literalBlock(lengthDelimited(1, stream));
  assert.equal(await push(Uint8Array.from(block), { 'content-type': 'application/x-protobuf' }), 204);
  assert.deepEqual(
    await storedOf(service, source.name),
    [line, second].map((raw) => ({ kind: 'flow', source: source.name, raw, context })),
  );
});

test('what is no push is kept', async () => {
  assert.equal(await push('{"streams":['), 204);
  assert.equal((await storedOf(service, source.name)).at(-1)?.raw, '{"streams":[');
  assert.equal(await push('{}', { authorization: 'Bearer x' }), 401);
});

test('copies of Snappy repeat what stands before them, also what they just wrote', () => {
  // "abc", then 9 bytes from 3 back.
  const block = Buffer.from([12, (3 - 1) << 2, 0x61, 0x62, 0x63, ((9 - 4) << 2) | 1, 3]);
  assert.equal(snappyUncompress(block, 100).toString(), 'abcabcabcabc');
  assert.throws(() => snappyUncompress(block, 11), /more than 11/);
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), (noise) => {
      const records = lokiRecords(Buffer.from(noise), 1000);
      assert.ok(records === null || Array.isArray(records));
    }),
  );
});

import fc from 'fast-check';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { zstdDecoder } from '../../src/ingestion/zstd-decoder.js';
import { ZstdFormatError } from '../../src/ingestion/zstd-frames.js';
import { startTestService, type TestService } from '../support/service.js';
import { storedOf } from './protocols/sending.js';

const folder = new URL('../../../test/fixtures/ingestion/', import.meta.url);
/** Made with the reference implementation, zstd 1.5. */
const twoLines = readFileSync(new URL('two-lines.zst', folder));
/** Twenty million zero bytes in two thousand. */
const zeros = readFileSync(new URL('zeros.zst', folder));

let service: TestService;

before(async () => {
  service = await startTestService({ env: { INGEST_MAX_INFLATED_BYTES: '100000000' } });
});

after(() => service.stop());

async function unpacked(data: Buffer, chunk = data.length): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (let at = 0; at < data.length; at += chunk) chunks.push(data.subarray(at, at + chunk));
  return await buffer(Readable.from(chunks).pipe(zstdDecoder()));
}

test('a body packed with zstd is taken; one that grows beyond measure is not', async () => {
  const { name, token } = await service.newSource();
  const post = async (body: Buffer): Promise<number> => {
    const response = await fetch(`${service.url}/ingest/v1/${name}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-encoding': 'zstd' },
      body: Uint8Array.from(body),
    });
    return response.status;
  };
  assert.equal(await post(twoLines), 200);
  assert.deepEqual(
    (await storedOf(service, name)).map(({ raw }) => raw),
    ['{"kind":0}', '{"kind":1}'],
  );
  assert.equal(await post(zeros), 413);
  assert.equal(await post(Buffer.from('no zstd')), 400);
  assert.equal(await post(twoLines.subarray(0, 20)), 400);
});

test('frames are unpacked wherever their chunks end', async () => {
  for (const chunk of [1, 2, 7, 100])
    assert.equal((await unpacked(twoLines, chunk)).toString(), '{"kind":0}\n{"kind":1}\n');
});

test('a frame that asks for a large window is refused before it is given one', async () => {
  const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 17 << 3, 0x09, 0, 0, 0x78, ...Buffer.alloc(10)]);
  await assert.rejects(readAll(wide), /asks for a window of 134217728 bytes/);
  const huge = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0xe0, 0, 0, 0, 0, 0, 1, 0, 0, ...Buffer.alloc(10)]);
  await assert.rejects(readAll(huge), ZstdFormatError);
});

test('what is no frame is an error and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.nat(twoLines.length), async (noise, at) => {
      const broken = Buffer.concat([twoLines.subarray(0, at), noise]);
      await readAll(broken).catch((error: unknown) => assert.ok(error instanceof ZstdFormatError, String(error)));
    }),
    { numRuns: 200 },
  );
});

async function readAll(data: Buffer): Promise<Buffer> {
  const decoder = zstdDecoder();
  decoder.end(data);
  return await buffer(decoder);
}

test('later frames are held to the same, and tiny ones cannot ask for a window each', async () => {
  const small = Buffer.from('28b52ffd2003190000616263', 'hex');
  assert.equal((await unpacked(Buffer.concat([small, small]), 1)).toString(), 'abcabc');
  const huge = Buffer.from('28b52ffde280a8206861734f776e50726f7065727479', 'hex');
  await assert.rejects(unpacked(Buffer.concat([small, huge])), /asks for a window of/u);
  const wide = Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x00, 15 << 3, 0x09, 0, 0, 0x78]);
  await assert.rejects(unpacked(Buffer.concat(Array.from({ length: 40 }, () => wide))), /windows of \d+ bytes in all/u);
});

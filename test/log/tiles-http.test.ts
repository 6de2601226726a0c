import assert from 'node:assert/strict';
import { get } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { parseCheckpoint } from '../../src/log/core/checkpoint.js';
import { parseNote } from '../../src/log/core/note.js';
import { readCheckpoint, readPublicKey, type SignedHead } from '../independent-verifier/verifier.js';
import { startTestService, type TestService } from '../support/service.js';
import { plainEntry } from './sample-entries.js';
import { readWholeLog } from './tiles-client.js';

let service: TestService;

before(async () => {
  service = await startTestService({ env: { LOG_READ_PUBLIC: 'true', CHECKPOINT_SECONDS: '3600' } });
});
after(() => service.stop());

async function growTo(size: number): Promise<void> {
  const { log } = service.ground;
  const missing = size - (await log.head()).size;
  await log.append(Array.from({ length: missing }, (_, at) => plainEntry(`record ${at}`)));
}

async function fetchTile(path: string): Promise<Buffer | null> {
  const response = await fetch(`${service.url}/log/${path}`);
  return response.status === 404 ? null : Buffer.from(await response.arrayBuffer());
}

async function currentHead(): Promise<SignedHead> {
  const note = Buffer.from(await (await fetch(`${service.url}/log/checkpoint`)).arrayBuffer());
  return readCheckpoint(note, readPublicKey(service.ground.log.verifierKey));
}

/** Waits until the checkpoint that is served covers a size: it may be up to a second behind. */
async function headOf(size: number): Promise<SignedHead> {
  const deadline = Date.now() + 5000;
  for (;;) {
    const head = await currentHead();
    if (head.size >= BigInt(size)) return head;
    assert.ok(Date.now() < deadline, `the checkpoint stays at ${head.size}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** What is sent, without the client decoding or adding anything. */
async function raw(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return await new Promise<{ status: number; headers: Record<string, unknown>; body: Buffer }>((resolve, reject) => {
    const request = get(`${service.url}/log/${path}`, { headers, method }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) }),
      );
    });
    request.on('error', reject);
  });
}

test('a client of another make rebuilds the log over HTTP, at any size it is at', async () => {
  for (const size of [100, 255, 256, 257, 511, 1000]) {
    await growTo(size);
    const head = await headOf(size);
    const entries = await readWholeLog(fetchTile, head);
    assert.equal(entries.length, Number(head.size));
    assert.equal(
      entries.some((entry) => entry.includes('record ')),
      false,
      'no payload is in a leaf',
    );
  }
});

test('the checkpoint is kept, of a committed head, and at most a second old', async () => {
  const { log, database } = service.ground;
  const earlier = await headOf((await log.head()).size);
  const [kept] = await database.query('SELECT 1 FROM log_checkpoint WHERE size = $1', [String(earlier.size)]);
  assert.notEqual(kept, undefined);
  const appended = performance.now();
  await log.append([plainEntry('one more')]);
  const next = await headOf(Number(earlier.size) + 1);
  assert.ok(performance.now() - appended < 1500);
  assert.equal(next.size, earlier.size + 1n);
  const response = await fetch(`${service.url}/log/checkpoint`);
  assert.equal(response.headers.get('content-type'), 'text/plain; charset=utf-8');
  assert.equal(response.headers.get('cache-control'), 'no-cache');
});

test('an entry that is not committed is in no checkpoint and no tile', async () => {
  await growTo(1010);
  const earlier = await headOf(1010);
  const { log } = service.ground;
  let uncommitted: Promise<void> = Promise.resolve();
  const open = new Promise<() => void>((resolve) => {
    uncommitted = log.transact(async ({ append }) => {
      await append(plainEntry('in an open transaction'));
      await new Promise<void>((release) => resolve(release));
    });
  });
  const release = await open;
  await new Promise((resolve) => setTimeout(resolve, 1100));
  assert.equal((await currentHead()).size, earlier.size);
  const width = Number(earlier.size) % 256;
  assert.equal(await fetchTile(`tile/0/003.p/${width + 1}`), null);
  assert.equal(await fetchTile(`tile/entries/003.p/${width + 1}`), null);
  assert.notEqual(await fetchTile(`tile/0/003.p/${width}`), null);
  release();
  await uncommitted;
  await headOf(Number(earlier.size) + 1);
});

test('tiles are immutable to caches, and not sent twice', async () => {
  await growTo(600);
  for (const path of ['tile/0/000', 'tile/0/001.p/17', 'tile/1/000.p/2', 'tile/entries/000', 'tile/entries/001.p/9']) {
    const first = await raw(path);
    assert.equal(first.status, 200, path);
    assert.equal(first.headers['content-type'], 'application/octet-stream');
    assert.equal(first.headers['cache-control'], 'public, max-age=31536000, immutable');
    assert.equal(first.headers['content-length'], String(first.body.length));
    const etag = String(first.headers['etag']);
    assert.match(etag, /^"[0-9a-f]{32}"$/u);
    const again = await raw(path, { 'if-none-match': `"other", W/${etag}` });
    assert.deepEqual([again.status, again.body.length, again.headers['etag']], [304, 0, etag]);
    assert.equal((await raw(path, { 'if-none-match': '"other"' })).status, 200);
    const head = await raw(path, {}, 'HEAD');
    assert.deepEqual(
      [head.status, head.body.length, head.headers['content-length']],
      [200, 0, String(first.body.length)],
    );
  }
  assert.equal((await raw('tile/0/000')).body.length, 8192);
});

test('bundles are compressed for those who take it', async () => {
  await growTo(600);
  const plain = await raw('tile/entries/000');
  const gzipped = await raw('tile/entries/000', { 'accept-encoding': 'br, gzip;q=0.8' });
  assert.equal(plain.headers['content-encoding'], undefined);
  assert.equal(gzipped.headers['content-encoding'], 'gzip');
  assert.deepEqual(gunzipSync(gzipped.body), plain.body);
  assert.ok(gzipped.body.length < plain.body.length / 2);
  assert.notEqual(gzipped.headers['etag'], plain.headers['etag']);
  for (const { headers } of [plain, gzipped]) assert.equal(headers['vary'], 'Accept-Encoding');
  for (const accepted of ['identity', 'gzip;q=0', 'br', 'xgzip']) {
    const { headers } = await raw('tile/entries/000', { 'accept-encoding': accepted });
    assert.equal(headers['content-encoding'], undefined, accepted);
  }
});

test('what the log does not reach, and what is no tile path, is 404', async () => {
  for (const path of [
    'tile/0/999',
    'tile/0/999.p/1',
    'tile/1/000',
    'tile/2/000.p/1',
    'tile/63/000.p/1',
    'tile/64/000',
    'tile/0/0',
    'tile/00/000',
    'tile/0/x000/001',
    'tile/0/000.p/0',
    'tile/0/000.p/256',
    'tile/0/000/',
    'tile/0/%30%30%30%2f',
    'tile/entries/999',
    'tile/data/000',
    'tile/0/x999/x999/x999/x999/x999/x999/999',
    'tile/',
  ]) {
    assert.equal((await fetch(`${service.url}/log/${path}`)).status, 404, path);
  }
});

test('without a policy there is no witnessed checkpoint', async () => {
  const response = await fetch(`${service.url}/log/checkpoint/witnessed`);
  assert.equal(response.status, 404);
  assert.equal(response.headers.get('content-type')?.startsWith('application/problem+json'), true);
});

describe('where the log is not public', () => {
  let closed: TestService;
  before(async () => {
    closed = await startTestService();
  });
  after(() => closed.stop());

  const paths = [
    'checkpoint',
    'checkpoint/witnessed',
    'tile/0/000.p/1',
    'tile/entries/000.p/1',
    'proofs/inclusion/0.tlog-proof',
  ];

  test('it takes a sign-in to read it', async () => {
    for (const path of paths) {
      assert.equal((await fetch(`${closed.url}/log/${path}`)).status, 401, path);
      const wrong = await fetch(`${closed.url}/log/${path}`, { headers: { authorization: 'Bearer not-a-token' } });
      assert.equal(wrong.status, 401, path);
    }
    const { token } = await closed.signedIn('auditor');
    for (const path of paths) {
      const response = await fetch(`${closed.url}/log/${path}`, { headers: { authorization: `Bearer ${token}` } });
      assert.equal(response.status, path === 'checkpoint/witnessed' ? 404 : 200, path);
      assert.doesNotMatch(response.headers.get('cache-control') ?? '', /public/u);
    }
  });

  test("the checkpoint opens with the log's key", async () => {
    const { token } = await closed.signedIn('requester');
    const response = await fetch(`${closed.url}/log/checkpoint`, { headers: { authorization: `Bearer ${token}` } });
    const { origin } = parseCheckpoint(parseNote(await response.text()).body);
    assert.equal(origin, closed.ground.log.origin);
  });
});

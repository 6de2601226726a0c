import assert from 'node:assert/strict';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { AnchorConflictError, AnchorDirectory } from '../../src/log/anchor-targets.js';
import { openCheckpoint, signCheckpoint } from '../../src/log/core/checkpoint.js';
import { parseVerifierKey, signerFromSeed } from '../../src/log/core/note.js';
import { startTestService, type TestService } from '../support/service.js';
import { plainEntry } from './sample-entries.js';

const signer = signerFromSeed('log.example/anchored', Buffer.alloc(32, 9));

function folder(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'segproof-anchors-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

function files(directory: string): string[] {
  if (!existsSync(directory) || !statSync(directory).isDirectory()) return [];
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.checkpoint'))
    .sort();
}

function stored(size: number, root = Buffer.alloc(32, size)): { size: number; note: string; signedAt: Date } {
  const note = signCheckpoint({ origin: 'log.example/anchored', size, root }, signer);
  return { size, note, signedAt: new Date('2026-11-22T10:00:00Z') };
}

async function start(t: TestContext, env: Record<string, string>): Promise<TestService> {
  const service = await startTestService({ env });
  t.after(() => service.stop());
  return service;
}

async function grow({ ground: { log } }: TestService, entries: number): Promise<number> {
  await log.append(Array.from({ length: entries }, (_, at) => plainEntry(`record ${at}`)));
  return (await log.head()).size;
}

async function eventually<T>(what: string, look: () => T | null | Promise<T | null>): Promise<T> {
  const deadline = Date.now() + 20_000;
  for (;;) {
    const found = await look();
    if (found !== null) return found;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within 20 seconds`);
    await pause(50);
  }
}

async function metric(service: TestService, name: string): Promise<number> {
  const line = (await service.ground.metrics.registry.metrics())
    .split('\n')
    .find((text) => text.startsWith(`${name} `));
  return Number(line?.slice(name.length) ?? Number.NaN);
}

async function listen(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  return `http://127.0.0.1:${port}/anchors`;
}

describe('the folder', () => {
  test('has a file for each checkpoint, by day and size, and finds the last again', async (t) => {
    const directory = join(folder(t), 'made', 'when', 'needed');
    const anchors = new AnchorDirectory(directory);
    assert.equal(await anchors.last(() => false), null);
    for (const size of [3, 20, 100]) await anchors.anchor(stored(size));
    assert.deepEqual(
      files(directory),
      ['3', '20', '100'].map((size) => `2026-11-22/${size.padStart(16, '0')}.checkpoint`),
    );
    assert.equal(readFileSync(join(directory, files(directory)[1] ?? ''), 'utf8'), stored(20).note);
    assert.equal((await new AnchorDirectory(directory).last(() => false))?.size, 100);
    await anchors.anchor({ ...stored(101), signedAt: new Date('2026-12-01T00:00:00Z') });
    assert.equal((await new AnchorDirectory(directory).last(() => false))?.size, 101);
  });

  test('a file is never written again: the same is left alone, another is a conflict', async (t) => {
    const directory = folder(t);
    await new AnchorDirectory(directory).anchor(stored(7));
    const file = join(directory, files(directory)[0] ?? '');
    const { mtimeNs } = statSync(file, { bigint: true });
    await new AnchorDirectory(directory).anchor(stored(7));
    assert.equal(statSync(file, { bigint: true }).mtimeNs, mtimeNs);
    for (const other of [stored(7, Buffer.alloc(32, 1)), { ...stored(7), note: stored(7).note.slice(0, -30) }]) {
      await assert.rejects(new AnchorDirectory(directory).anchor(other), AnchorConflictError);
    }
    assert.equal(readFileSync(file, 'utf8'), stored(7).note);
  });

  test('a file that a crash cut short is completed', async (t) => {
    const { note } = stored(8);
    for (const length of [0, 1, 30, note.length - 1]) {
      const directory = folder(t);
      await new AnchorDirectory(directory).anchor(stored(7));
      const file = join(directory, '2026-11-22', `${'8'.padStart(16, '0')}.checkpoint`);
      writeFileSync(file, note.slice(0, length));
      const anchors = new AnchorDirectory(directory);
      assert.equal((await anchors.last(() => false))?.size, 7, `cut to ${length}`);
      await anchors.anchor(stored(8));
      assert.equal(readFileSync(file, 'utf8'), note);
    }
  });

  test('what an operator has given up is passed over', async (t) => {
    const directory = folder(t);
    for (const [size, day] of [
      [5, '21'],
      [900, '21'],
      [1000, '22'],
    ] as const) {
      await new AnchorDirectory(directory).anchor({ ...stored(size), signedAt: new Date(`2026-11-${day}T10:00:00Z`) });
    }
    const anchors = new AnchorDirectory(directory);
    assert.equal((await anchors.last(() => false))?.size, 1000);
    assert.equal((await anchors.last(({ size }) => size >= 900))?.size, 5);
    await anchors.anchor({ ...stored(6), signedAt: new Date('2026-11-23T10:00:00Z') });
    assert.equal((await anchors.last(() => false))?.size, 6);
    assert.equal((await new AnchorDirectory(directory).last(() => false))?.size, 6);
    assert.equal(files(directory).length, 4, 'nothing was taken away');
  });
});

describe('a service with an anchor folder', () => {
  test('checkpoints get there as they are kept', async (t) => {
    const directory = folder(t);
    const service = await start(t, { ANCHOR_DIR: directory });
    const size = await grow(service, 10);
    await eventually('the anchor', () =>
      files(directory).some((file) => Number(/(\d+)\.checkpoint/u.exec(file)?.[1]) >= size) ? true : null,
    );
    const verifiers = [parseVerifierKey(service.ground.log.verifierKey)];
    for (const file of files(directory)) {
      const text = readFileSync(join(directory, file), 'utf8');
      const { size: anchored } = openCheckpoint(text, verifiers);
      const [row] = await service.ground.database.query<{ note: string }>(
        'SELECT note FROM log_checkpoint WHERE size = $1',
        [anchored],
      );
      assert.equal(row?.note, text);
    }
    await eventually('the metric', async () =>
      (await metric(service, 'segproof_log_anchored_size{target="directory"}')) >= size ? true : null,
    );
  });

  test('a folder that cannot be written is no obstacle to the log, shows, and is filled up afterwards', async (t) => {
    const directory = join(folder(t), 'blocked');
    const service = await start(t, { ANCHOR_DIR: directory });
    await eventually('the first anchor', () => (files(directory).length > 0 ? true : null));
    rmSync(directory, { recursive: true });
    writeFileSync(directory, 'a file where the folder should be');
    await grow(service, 1);
    const failures = 'segproof_log_anchor_failures_total{target="directory"}';
    await eventually('a failure', async () => ((await metric(service, failures)) > 0 ? true : null));
    const size = await grow(service, 10);
    rmSync(directory);
    await eventually('the anchor', () =>
      files(directory).some((file) => Number(/(\d+)\.checkpoint/u.exec(file)?.[1]) >= size) ? true : null,
    );
    assert.equal(await metric(service, 'segproof_log_anchor_contradiction{target="directory"}'), 0);
  });

  test('nothing is anchored on top of another history, or of more than the log has', async (t) => {
    for (const [what, size] of [
      ['a longer log', 5000],
      ['another beginning', 2],
    ] as const) {
      const directory = folder(t);
      const origin = 'log.example/anchored';
      mkdirSync(join(directory, '2026-11-21'));
      const { note } = stored(size, Buffer.alloc(32, 5));
      writeFileSync(join(directory, '2026-11-21', `${String(size).padStart(16, '0')}.checkpoint`), note);
      const service = await start(t, { ANCHOR_DIR: directory, LOG_ORIGIN: origin });
      await grow(service, 10);
      const contradiction = 'segproof_log_anchor_contradiction{target="directory"}';
      await eventually(`the contradiction with ${what}`, async () =>
        (await metric(service, contradiction)) === 1 ? true : null,
      );
      await grow(service, 10);
      await pause(1200);
      assert.equal(files(directory).length, 1, what);
    }
  });
});

describe('a service with an anchor webhook', () => {
  test('the newest checkpoint is posted, again until it is taken, and once', async (t) => {
    const posted: string[] = [];
    const refusals = [500, 302, 503];
    const url = await listen(t, (request, response) => {
      let body = `${request.method} ${request.url} ${request.headers['content-type']}\n`;
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        const status = refusals.shift() ?? 204;
        if (status === 204) posted.push(body);
        response.writeHead(status, { location: '/elsewhere' }).end();
      });
    });
    const service = await start(t, { ANCHOR_WEBHOOK_URL: url });
    const size = await grow(service, 10);
    const verifiers = [parseVerifierKey(service.ground.log.verifierKey)];
    const last = await eventually('the post', () => {
      const text = posted.at(-1);
      const note = text?.slice(text.indexOf('\n') + 1);
      return note !== undefined && openCheckpoint(note, verifiers).size >= size ? text : null;
    });
    assert.match(last ?? '', /^POST \/anchors text\/plain; charset=utf-8\n/u);
    await eventually('the metric', async () =>
      (await metric(service, 'segproof_log_anchored_size{target="webhook"}')) >= size ? true : null,
    );
    assert.equal(new Set(posted).size, posted.length, 'no checkpoint twice');
    const rows = await service.ground.database.query('SELECT 1 FROM log_anchored');
    assert.ok(Math.abs(rows.length - posted.length) <= 1);
  });

  test('one that never answers holds up neither appends nor checkpoints nor the end', async (t) => {
    let asked = 0;
    const url = await listen(t, () => asked++);
    const service = await startTestService({ env: { ANCHOR_WEBHOOK_URL: url } });
    await grow(service, 10);
    await eventually('the request', () => (asked > 0 ? true : null));
    const size = await grow(service, 10);
    await eventually('the next checkpoint', async () => {
      const [row] = await service.ground.database.query('SELECT 1 FROM log_checkpoint WHERE size >= $1', [size]);
      return row === undefined ? null : true;
    });
    const stopping = performance.now();
    await service.stop();
    assert.ok(performance.now() - stopping < 8000);
  });
});

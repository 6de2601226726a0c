import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTilePath } from '../../src/log/core/tile-path.js';
import { TileReader } from '../../src/log/tile-reader.js';
import { readCheckpoint, readPublicKey } from '../independent-verifier/verifier.js';
import { plainEntry } from './sample-entries.js';
import { openTestLog, type TestLog } from './test-log.js';
import { readWholeLog, type FetchTile } from './tiles-client.js';

function fetcherOf(tiles: TileReader): FetchTile {
  return async (path) => {
    const tile = parseTilePath(path.replace(/^tile\//u, ''));
    if (tile === null) return null;
    const { level, index, width } = tile;
    return level === 'entries' ? await tiles.entries(index, width) : await tiles.hashes(level, index, width);
  };
}

async function growTo({ log }: TestLog, size: number): Promise<void> {
  for (;;) {
    const missing = size - (await log.head()).size;
    if (missing <= 0) return;
    await log.append(Array.from({ length: Math.min(missing, 5000) }, (_, at) => plainEntry(`record ${size} ${at}`)));
  }
}

test('a client of another make rebuilds the log from tiles and bundles at every edge of a tile', async (t) => {
  const testLog = await openTestLog(t);
  const tiles = new TileReader(testLog.database);
  const key = readPublicKey(testLog.log.verifierKey);
  for (const size of [1, 2, 255, 256, 257, 511, 512, 513, 65_537]) {
    await growTo(testLog, size);
    const head = readCheckpoint(Buffer.from(await testLog.log.sign(await testLog.log.head())), key);
    assert.equal(head.size, BigInt(size));
    const entries = await readWholeLog(fetcherOf(tiles), head);
    assert.equal(entries.length, size);
    for (const entry of [entries[0], entries.at(-1)]) {
      assert.equal((JSON.parse(entry?.toString() ?? '') as { kind: unknown }).kind, 'flow'); // a leaf is an object
    }
  }
});

test('partial tiles of every size that was signed go on being there', async (t) => {
  const testLog = await openTestLog(t);
  const tiles = new TileReader(testLog.database);
  const partial: Buffer[] = [];
  const bundles: Buffer[] = [];
  for (let size = 1; size <= 258; size++) {
    await growTo(testLog, size);
    const width = size <= 256 ? size : 256;
    partial.push((await tiles.hashes(0, 0, width)) ?? assert.fail(`no tile at ${size}`));
    bundles.push((await tiles.entries(0, width)) ?? assert.fail(`no bundle at ${size}`));
  }
  for (let size = 1; size <= 256; size++) {
    assert.deepEqual(await tiles.hashes(0, 0, size), partial[size - 1], `tile of ${size}`);
    assert.deepEqual(await tiles.entries(0, size), bundles[size - 1], `bundle of ${size}`);
  }
});

test('what the tree does not reach is not there', async (t) => {
  const testLog = await openTestLog(t);
  const tiles = new TileReader(testLog.database);
  assert.equal(await tiles.hashes(0, 0, 1), null);
  assert.equal(await tiles.entries(0, 1), null);
  await growTo(testLog, 300);
  for (const [level, index, width] of [
    [0, 1, 45],
    [0, 1, 256],
    [0, 2, 1],
    [1, 0, 2],
    [1, 0, 256],
    [1, 1, 1],
    [2, 0, 1],
    [63, 0, 1],
    [0, Number.MAX_SAFE_INTEGER, 1],
  ] as const) {
    assert.equal(await tiles.hashes(level, index, width), null, `${level}/${index}.p/${width}`);
  }
  assert.equal((await tiles.hashes(0, 1, 44))?.length, 44 * 32);
  assert.equal((await tiles.hashes(1, 0, 1))?.length, 32);
  assert.equal(await tiles.entries(1, 45), null);
  assert.equal(await tiles.entries(2, 1), null);
});

test('a bundle is not made up when an entry is gone', async (t) => {
  const testLog = await openTestLog(t);
  const tiles = new TileReader(testLog.database);
  await growTo(testLog, 20);
  const { superuserUrl } = testLog.fresh;
  if (superuserUrl === undefined) return t.diagnostic('the tampering part needs a superuser');
  const { Client } = await import('pg');
  const superuser = new Client({ connectionString: superuserUrl });
  await superuser.connect();
  await superuser.query(`SET session_replication_role = replica`);
  await superuser.query('DELETE FROM log_entry WHERE index = 7');
  await superuser.end();
  await assert.rejects(tiles.entries(0, 20), /entry 7 /u);
});

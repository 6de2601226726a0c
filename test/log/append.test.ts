import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Problem } from '../../src/errors.js';
import { encodeLeaf } from '../../src/log/core/leaf.js';
import { verifyConsistency, verifyInclusion } from '../../src/log/core/proof.js';
import { hashLeaf } from '../../src/log/core/tree.js';
import type { NewEntry } from '../../src/log/entry.js';
import { initialiseLog, Log, type Receipts } from '../../src/log/log.js';
import { leafOf } from '../../src/log/read.js';
import { plainEntry, testOrigin } from './sample-entries.js';
import { openTestLog, untilSomebodyWaits, type TestLog } from './test-log.js';

async function commits({ database }: TestLog): Promise<number> {
  const [row] = await database.query<{ count: number }>(
    'SELECT count(DISTINCT xmin::text)::int AS count FROM log_entry',
  );
  return row?.count ?? 0;
}

/** Every receipt shows a leaf that is in the log at its index, under a checkpoint that covers it. */
async function assertReceiptsHold({ reader, open }: TestLog, answers: readonly Receipts[]): Promise<void> {
  for (const { receipts, checkpoint, size, prove } of answers) {
    const signed = open(checkpoint);
    assert.equal(signed.size, size);
    const fromStored = await reader.inclusionProofs(
      receipts.map(({ index }) => index),
      size,
    );
    for (const [at, { index, leafHash }] of receipts.entries()) {
      const proof = prove(index);
      assert.deepEqual(proof, fromStored[at]);
      verifyInclusion({ ...signed, index, leafHash: Buffer.from(leafHash ?? '', 'hex'), proof });
    }
  }
}

test('entries are stored in the order given, and the receipts say what was stored', async (t) => {
  const now = new Date('2026-11-22T10:00:00.123Z');
  const test = await openTestLog(t, { now: () => now });
  const payloads = ['first', '', '\0\u0001', 'é\ud83d\ude00', 'x'.repeat(1_000_000)];
  const times = [null, 0n, -1n, 1_795_341_600_123_456_789n, -(2n ** 63n)];
  const entries = payloads.map((text, at) => ({ ...plainEntry(text), occurredAt: times[at] ?? null }));
  const answer = await test.log.append(entries);
  assert.deepEqual(
    answer.receipts.map(({ index, outcome }) => [index, outcome]),
    [0, 1, 2, 3, 4].map((index) => [index, 'appended']),
  );
  assert.equal(test.open(answer.checkpoint).size, 5);
  await assertReceiptsHold(test, [answer]);
  const stored = await test.reader.entries(0, 10);
  assert.deepEqual(
    stored.map(({ index, payload }) => [index, payload?.toString()]),
    payloads.map((text, index) => [index, text]),
  );
  assert.deepEqual(
    stored.map(({ occurredAtNs }) => occurredAtNs),
    times.map((time) => time ?? BigInt(now.getTime()) * 1_000_000n),
  );
  for (const [at, entry] of stored.entries()) {
    assert.deepEqual(entry.receivedAt, now);
    assert.equal(entry.id, answer.receipts[at]?.id);
    assert.equal(hashLeaf(encodeLeaf(leafOf(entry))).toString('hex'), answer.receipts[at]?.leafHash);
  }
  assert.deepEqual(await test.reader.entriesAt([4, 2, 99, 0]), [stored[0], stored[2], stored[4]]);
  assert.deepEqual((await test.fsck(answer.checkpoint)).problems, []);
});

test('requests in flight at the same time share a commit, each with its own receipts', async (t) => {
  const test = await openTestLog(t);
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, request) =>
      test.log.append([plainEntry(`a${request}`), plainEntry(`b${request}`)]),
    ),
  );
  assert.deepEqual(
    answers.flatMap(({ receipts }) => receipts.map(({ index }) => index)),
    Array.from({ length: 200 }, (_, index) => index),
  );
  assert.ok((await commits(test)) <= 2, `${await commits(test)} commits for what came at once`);
  const stored = await test.reader.entries(0, 200);
  assert.equal(stored[2 * 73]?.payload?.toString(), 'a73');
  await assertReceiptsHold(test, answers);
});

test('a request is never split over commits, and a commit takes about ten thousand entries', async (t) => {
  const test = await openTestLog(t);
  const request = (name: string, size: number) => Array.from({ length: size }, (_, at) => plainEntry(`${name}${at}`));
  const sizes = [9000, 1500, 12_000, 200];
  const answers = await Promise.all(sizes.map((size, at) => test.log.append(request(String(at), size))));
  for (const [at, { receipts, checkpoint }] of answers.entries()) {
    const [first] = receipts;
    assert.equal(receipts.length, sizes[at]);
    receipts.forEach(({ index }, offset) => assert.equal(index, (first?.index ?? 0) + offset));
    assert.ok(test.open(checkpoint).size >= (first?.index ?? 0) + receipts.length);
  }
  assert.ok((await commits(test)) >= 3);
  assert.deepEqual((await test.fsck(...answers.map(({ checkpoint }) => checkpoint))).problems, []);
});

test('checkpoints of one commit after the other are consistent', async (t) => {
  const test = await openTestLog(t);
  const sizes = [1, 1, 2, 250, 1, 1, 1, 255, 256, 257, 3, 65_000, 200, 500];
  const checkpoints = [];
  for (const size of sizes) {
    const answer = await test.log.append(Array.from({ length: size }, (_, at) => plainEntry(String(at))));
    checkpoints.push(test.open(answer.checkpoint));
    const some = answer.receipts.filter((_, at) => at < 300 || at > size - 300);
    await assertReceiptsHold(test, [{ ...answer, receipts: some }]);
  }
  const last = checkpoints.at(-1);
  assert.ok(last !== undefined && last.size > 65_536);
  for (const earlier of checkpoints) {
    const proof = await test.reader.consistencyProof(earlier.size, last.size);
    verifyConsistency({
      first: earlier.size,
      second: last.size,
      firstRoot: earlier.root,
      secondRoot: last.root,
      proof,
    });
  }
  const indices = [0, 1, 255, 256, 511, 65_279, 65_280, 65_535, 65_536, last.size - 1];
  const proofs = await test.reader.inclusionProofs(indices, last.size);
  for (const [at, entry] of (await test.reader.entriesAt(indices)).entries()) {
    const leafHash = hashLeaf(encodeLeaf(leafOf(entry)));
    verifyInclusion({ ...last, index: entry.index, leafHash, proof: proofs[at] ?? [] });
  }
  assert.deepEqual((await test.fsck()).problems, []);
});

test('nothing to append changes nothing, and is answered with where the log stands', async (t) => {
  const test = await openTestLog(t);
  const before = await test.log.append([plainEntry('a')]);
  const answer = await test.log.append([]);
  assert.deepEqual(answer.receipts, []);
  assert.equal(answer.checkpoint, before.checkpoint);
  assert.equal((await test.log.head()).size, 1);
});

test('listeners hear of each commit, after it', async (t) => {
  const test = await openTestLog(t);
  const heard: number[] = [];
  const stop = test.log.onCommit(({ size }) => heard.push(size));
  await test.log.append([plainEntry('a')]);
  await test.log.transact(async ({ append }) => await append(plainEntry('b', 'log.started')));
  stop();
  await test.log.append([plainEntry('c')]);
  assert.deepEqual(heard, [1, 2]);
});

test('closing answers what was taken, and takes no more', async (t) => {
  const test = await openTestLog(t);
  const large = test.log.append(Array.from({ length: 3000 }, (_, at) => plainEntry(String(at))));
  const small = test.log.append([plainEntry('a')]);
  await nextTurn();
  await test.log.close();
  const settled = await Promise.race([Promise.all([large, small]), nextTurn('not answered yet' as const)]);
  assert.notEqual(settled, 'not answered yet');
  await assert.rejects(test.log.append([plainEntry('b')]), isUnavailable);
  assert.equal((await test.log.head()).size, 3001);
});

test('a database that goes away is an answer to send again, and the log goes on when it is back', async (t) => {
  const test = await openTestLog(t, { poolSize: 2 });
  const { superuserUrl } = test.fresh;
  if (superuserUrl === undefined) return t.skip('only a superuser may end the connections of others');
  const watcher = await test.connect(superuserUrl);
  await test.log.append([plainEntry('a')]);
  // A lock on the head holds the appends back until their connections are ended.
  await watcher.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
  const waiting = Promise.allSettled([1, 2, 3].map((at) => test.log.append([plainEntry(`lost ${at}`)])));
  await untilSomebodyWaits(watcher);
  await watcher.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'segproof-test'`);
  await watcher.query('ROLLBACK');
  for (const outcome of await waiting) {
    assert.ok(outcome.status === 'rejected' && isUnavailable(outcome.reason), outcome.status);
  }
  const { receipts } = await test.log.append([plainEntry('b')]);
  assert.equal(receipts[0]?.index, 1);
  assert.deepEqual((await test.fsck()).problems, []);
});

test('a log keeps the origin it was started with', async (t) => {
  const { database, signer } = await openTestLog(t);
  assert.equal(await initialiseLog(database, undefined), testOrigin);
  assert.equal(await initialiseLog(database, testOrigin), testOrigin);
  await assert.rejects(initialiseLog(database, 'log.example/other'), /LOG_ORIGIN/);
  assert.equal(new Log(database, signer, () => new Date()).origin, testOrigin);
});

function isUnavailable(error: unknown): boolean {
  return error instanceof Problem && error.code === 'unavailable' && error.retryAfter !== undefined;
}

test('large requests are made ready one after another, and one that cannot be holds up none', async (t) => {
  const test = await openTestLog(t);
  const large = (name: string): NewEntry[] => Array.from({ length: 350 }, (_, at) => plainEntry(`${name}${at}`));
  const unfit = [...large('u'), { ...plainEntry('unfit'), source: 'x'.repeat(5000) }];
  const [first, refused, second] = await Promise.allSettled([
    test.log.append(large('a')),
    test.log.append(unfit),
    test.log.append(large('b')),
  ]);
  assert.ok(refused.status === 'rejected' && refused.reason instanceof RangeError);
  assert.ok(first.status === 'fulfilled' && second.status === 'fulfilled');
  assert.equal(first.value.receipts[0]?.index, 0);
  assert.equal(second.value.receipts[0]?.index, 350);
  const stored = await test.reader.entries(0, 700);
  assert.deepEqual(
    stored.map(({ payload }) => payload?.toString()),
    [...large('a'), ...large('b')].map(({ payload }) => payload.toString()),
  );
  await assertReceiptsHold(test, [second.value]);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Receipt } from '../../src/log/log.js';
import { namedEntry, plainEntry } from './sample-entries.js';
import { openTestLog, type TestLog } from './test-log.js';

const told = (receipts: readonly Receipt[]): string[] =>
  receipts.map(({ index, outcome, id, leafHash }) =>
    id === null && leafHash === null ? `${outcome} of ${index}` : `${outcome} ${index}`,
  );

async function append({ log }: TestLog, ...entries: Parameters<TestLog['log']['append']>[0]): Promise<string[]> {
  return told((await log.append(entries)).receipts);
}

test('the same fact is kept once, in one request, over requests and over requests at the same time', async (t) => {
  const test = await openTestLog(t);
  assert.deepEqual(await append(test, namedEntry('a'), namedEntry('b'), namedEntry('a')), [
    'appended 0',
    'appended 1',
    'duplicate of 0',
  ]);
  assert.deepEqual(await append(test, namedEntry('c'), namedEntry('b'), namedEntry('c'), namedEntry('d')), [
    'appended 2',
    'duplicate of 1',
    'duplicate of 2',
    'appended 3',
  ]);
  const atOnce = await Promise.all([1, 2, 3].map(() => append(test, namedEntry('e'), namedEntry('a'))));
  assert.deepEqual(atOnce, [
    ['appended 4', 'duplicate of 0'],
    ['duplicate of 4', 'duplicate of 0'],
    ['duplicate of 4', 'duplicate of 0'],
  ]);
  assert.equal((await test.log.head()).size, 5);
  assert.deepEqual((await test.fsck()).problems, []);
});

test('a request of known facts alone changes nothing, and its checkpoint covers them', async (t) => {
  const test = await openTestLog(t);
  const entries = Array.from({ length: 700 }, (_, at) => namedEntry(`fact ${at}`));
  const first = await test.log.append(entries);
  const heard: number[] = [];
  test.log.onCommit(({ size }) => heard.push(size));
  const second = await test.log.append(entries);
  assert.deepEqual(
    told(second.receipts),
    first.receipts.map(({ index }) => `duplicate of ${index}`),
  );
  assert.equal(test.open(second.checkpoint).size, 700);
  assert.equal((await test.log.head()).size, 700);
  assert.ok(heard.every((size) => size === 700));
});

test('entries without a key are never duplicates', async (t) => {
  const test = await openTestLog(t);
  assert.deepEqual(await append(test, plainEntry('a'), plainEntry('a'), namedEntry('a'), namedEntry('a')), [
    'appended 0',
    'appended 1',
    'appended 2',
    'duplicate of 2',
  ]);
});

test('the same name with other bytes is a conflict: both are kept, and said so', async (t) => {
  const test = await openTestLog(t);
  assert.deepEqual(await append(test, namedEntry('a', 'one'), namedEntry('a', 'two')), ['appended 0', 'conflict 1']);
  assert.deepEqual(await append(test, namedEntry('a', 'one'), namedEntry('a', 'three'), namedEntry('b')), [
    'duplicate of 0',
    'conflict 2',
    'appended 3',
  ]);
  const stored = await test.reader.entries(0, 10);
  assert.deepEqual(
    stored.map(({ payload }) => payload?.toString()),
    ['one', 'two', 'three', 'b'],
  );
});

test('a conflict sent again is a duplicate of itself', async (t) => {
  const test = await openTestLog(t);
  const request = [namedEntry('a', 'one'), namedEntry('a', 'two')];
  assert.deepEqual(await append(test, ...request), ['appended 0', 'conflict 1']);
  assert.deepEqual(await append(test, ...request), ['duplicate of 0', 'duplicate of 1']);
  assert.deepEqual(await append(test, namedEntry('a', 'two'), namedEntry('a', 'three'), namedEntry('a', 'three')), [
    'duplicate of 1',
    'conflict 2',
    'duplicate of 2',
  ]);
  assert.equal((await test.log.head()).size, 3);
});

test('facts and new entries of many requests are told apart, whichever commit they fall into', async (t) => {
  const test = await openTestLog(t);
  const facts = 200;
  const rounds = await Promise.all(
    Array.from({ length: 40 }, async (_, round) => {
      await new Promise((resolve) => setTimeout(resolve, round * 3));
      const entries = Array.from({ length: 20 }, (__, at) => namedEntry(`fact ${(round * 7 + at * 11) % facts}`));
      const { receipts } = await test.log.append(entries);
      return receipts.map((receipt, at) => ({ receipt, payload: entries[at]?.payload.toString() }));
    }),
  );
  const stored = await test.reader.entries(0, 10_000);
  const seen = rounds.flat();
  const appended = seen.filter(({ receipt }) => receipt.outcome === 'appended');
  assert.equal(new Set(stored.map(({ payload }) => payload?.toString())).size, stored.length, 'a fact stands twice');
  assert.equal(appended.length, stored.length);
  for (const { receipt, payload } of seen) assert.equal(stored[receipt.index]?.payload?.toString(), payload);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { namedEntry, plainEntry } from './sample-entries.js';
import { openTestLog, untilSomebodyWaits } from './test-log.js';

const act = (text: string) => plainEntry(text, 'source.created');
const insert = `INSERT INTO source (name, description, created_at) VALUES ($1, '', $2)`;

test('a domain change and its entries are committed together, with one time', async (t) => {
  const { log, database, reader, fsck } = await openTestLog(t);
  const index = await log.transact(async ({ transaction, now, append }) => {
    await transaction.query(insert, ['a', now]);
    await append(act('first'));
    return await append(act('second'));
  });
  assert.equal(index, 1);
  const [source] = await database.query<{ created_at: Date }>('SELECT created_at FROM source');
  const entries = await reader.entries(0, 10);
  assert.deepEqual(
    entries.map(({ payload }) => payload?.toString()),
    ['first', 'second'],
  );
  assert.deepEqual(entries[0]?.receivedAt, source?.created_at);
  assert.deepEqual((await fsck()).problems, []);
});

test('what fails leaves nothing, before and after the append', async (t) => {
  const { log, database, fsck } = await openTestLog(t);
  const heard: number[] = [];
  log.onCommit(({ size }) => heard.push(size));
  const failures = [
    log.transact(async ({ transaction, now, append }) => {
      await transaction.query(insert, ['a', now]);
      await append(act('a'));
      throw new Error('changed my mind');
    }),
    log.transact(async ({ transaction, now, append }) => {
      await append(act('b'));
      await transaction.query(insert, ['b', now]);
      await transaction.query(insert, ['b', now]);
    }),
    log.transact(async ({ append }) => {
      await append(act('c'));
      await append({ ...act('d'), source: 'no text: \ud800' });
    }),
    log.transact(async ({ transaction, append }) => {
      await append(act('e'));
      await transaction.query('SELECT 1 / 0').catch(() => {});
      await append(act('f'));
    }),
  ];
  const outcomes = await Promise.allSettled(failures);
  assert.deepEqual(
    outcomes.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected', 'rejected'],
  );
  assert.deepEqual(await database.query('SELECT * FROM source'), []);
  assert.equal((await log.head()).size, 0);
  assert.deepEqual(heard, []);
  // The index that was given and taken back is given again: no gap.
  const { receipts } = await log.append([plainEntry('first')]);
  assert.equal(receipts[0]?.index, 0);
  assert.deepEqual((await fsck()).problems, []);
});

test('an error swallowed in the middle does not let a half change through', async (t) => {
  const { log, database } = await openTestLog(t);
  const half = log.transact(async ({ transaction, now, append }) => {
    await transaction.query(insert, ['a', now]);
    await append(act('a'));
    await transaction.query('SELECT 1 / 0').catch(() => {});
  });
  await half.catch(() => {});
  assert.deepEqual(await database.query('SELECT * FROM source'), []);
  assert.equal((await log.head()).size, 0);
});

test('appends and domain changes at the same time leave neither gap nor fork', async (t) => {
  const { log, reader, fsck } = await openTestLog(t, { poolSize: 8 });
  let rolledBack = 0;
  const work = Array.from({ length: 120 }, async (_, at) => {
    if (at % 3 === 0) return void (await log.append([plainEntry(`p${at}`), namedEntry(`n${at % 30}`)]));
    await log
      .transact(async ({ append, transaction }) => {
        await append(act(`a${at}`));
        await transaction.query('SELECT pg_sleep(0.002)');
        if (at % 3 === 2) throw new Error('not this one');
      })
      .catch(() => rolledBack++);
  });
  await Promise.all(work);
  assert.equal(rolledBack, 40);
  const entries = await reader.entries(0, 1000);
  assert.deepEqual(
    entries.map(({ index }) => index),
    entries.map((_, at) => at),
  );
  assert.equal(entries.length, 40 + 10 + 40);
  assert.deepEqual((await fsck()).problems, []);
});

test('while a domain change holds the head, appends wait and then come after it', async (t) => {
  const { log, fresh, connect } = await openTestLog(t);
  const watcher = await connect(fresh.ownerUrl);
  const later = await log.transact(async ({ append }) => {
    assert.equal(await append(act('a')), 0);
    const waiting = log.append([plainEntry('b')]);
    await untilSomebodyWaits(watcher);
    return { waiting };
  });
  assert.equal((await later.waiting).receipts[0]?.index, 1);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Retention } from '../../src/retention/retention.js';
import { encodeLeaf } from '../../src/log/core/leaf.js';
import { verifyInclusion } from '../../src/log/core/proof.js';
import { hashLeaf } from '../../src/log/core/tree.js';
import type { Receipts } from '../../src/log/log.js';
import { leafOf } from '../../src/log/read.js';
import { plainEntry } from '../log/sample-entries.js';
import { sampleEntries } from '../log/sample-records.js';
import { monthsAgo, openRetentionLog, type RetentionLog } from './retention-log.js';

async function count({ database }: RetentionLog, what: string): Promise<number> {
  const [row] = await database.query<{ count: string }>(`SELECT count(*) AS count FROM ${what}`);
  return Number(row?.count);
}

test('appends go on while months are removed, payloads erased and files rewritten, and every receipt verifies', async (t) => {
  const log = await openRetentionLog(t);
  for (const months of [5, 4, 3]) await log.receive(monthsAgo(months), sampleEntries(0, 600));
  const present = await log.receive(monthsAgo(0, 1), sampleEntries(600, 700));
  for (const retentionClass of ['flow', 'record'] as const) {
    await log.rules.set(log.people.anna, retentionClass, { keepDays: 30, reason: 'policy 4' });
  }
  const records = await log.database.query<{ index: string }>(
    `SELECT index FROM log_entry WHERE index = ANY ($1::bigint[]) AND retention_class <> 'act'`,
    [present],
  );
  const answers: Receipts[] = [];
  let over = false;
  const append = async (worker: number): Promise<void> => {
    for (let at = 0; !over; at++) {
      answers.push(await log.log.append([plainEntry(`worker ${worker}, ${at}`), plainEntry(`and ${at}`, 'admin')]));
    }
  };
  const appending = [0, 1, 2, 3].map(append);
  const run = log.retention.apply(100);
  for (const { index } of records.slice(0, 5)) await log.erase([Number(index)]);
  const { removed } = await run;
  await log.rewriteAll();
  over = true;
  await Promise.all(appending);
  assert.ok(removed.length === 6 && answers.length > 20, `${removed.length} months, ${answers.length} answers`);
  for (const answer of answers) {
    const { size, root } = log.open(answer.checkpoint ?? '');
    for (const { index, leafHash } of answer.receipts) {
      const hash = Buffer.from(leafHash ?? '', 'hex');
      verifyInclusion({ index, size, leafHash: hash, proof: answer.prove(index), root });
    }
  }
  await log.follow();
  const live = await log.derived();
  assert.deepEqual(await log.rebuilt(), live);
  await log.assertInOrder(...answers.slice(-3).map(({ checkpoint }) => checkpoint ?? ''));
});

test('two processes that apply the rules at once take each payload once, each step with its entry', async (t) => {
  const log = await openRetentionLog(t);
  for (const months of [4, 3])
    await log.receive(
      monthsAgo(months),
      Array.from({ length: 500 }, (_, at) => plainEntry(`${at}`)),
    );
  await log.rules.set(log.people.anna, 'flow', { keepDays: 30, reason: 'policy 4' });
  const other = new Retention(log.database, log.log, log.followers);
  const runs = await Promise.all([log.retention.apply(70), other.apply(70), log.retention.apply(70)]);
  const removed = runs.flatMap((run) => run.removed).reduce((sum, month) => sum + month.count, 0);
  assert.equal(removed, 1000);
  assert.equal(await count(log, 'log_payload_removal'), 16);
  assert.equal(await count(log, `log_entry WHERE kind = 'retention.payloads_removed'`), 16);
  await log.assertInOrder();
});

test('two approvals at once carry an erasure out once', async (t) => {
  const log = await openRetentionLog(t);
  const { erasures, people } = log;
  const indices = await log.receive(monthsAgo(0, 1), [plainEntry('a')]);
  const { id } = await erasures.request(people.anna, { reason: 'case 7', selection: { by: 'indices', indices } });
  const outcomes = await Promise.allSettled([
    erasures.approve(people.boris, id, ''),
    erasures.approve(people.chris, id, ''),
  ]);
  assert.deepEqual(outcomes.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);
  assert.equal(await count(log, 'log_payload_removal'), 1);
  await log.assertInOrder();
});

test('a removal whose connection dies in the middle leaves nothing half done', async (t) => {
  const log = await openRetentionLog(t);
  await log.receive(monthsAgo(3), sampleEntries(0, 500));
  const [record = -1] = await log.receive(monthsAgo(0, 1), sampleEntries(500, 501));
  await log.rules.set(log.people.anna, 'flow', { keepDays: 30, reason: 'policy 4' });
  const { id } = await log.erasures.request(log.people.anna, {
    reason: 'case 7',
    selection: { by: 'indices', indices: [record] },
  });
  const before = await log.derived();
  const payloads = await count(log, 'log_entry WHERE payload IS NOT NULL');
  const { size } = await log.log.head();

  // Everything is done but the entry: the append waits for somebody who holds the head of the log.
  for (const work of [() => log.retention.apply(), () => log.erasures.approve(log.people.boris, id, '')]) {
    const blocker = await log.connect(log.fresh.serviceUrl);
    await blocker.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
    const killed = assert.rejects(work());
    await killTheOneThatWaits(log);
    await killed;
    await blocker.query('COMMIT');
  }
  assert.equal((await log.log.head()).size, size);
  assert.equal(await count(log, 'log_entry WHERE payload IS NOT NULL'), payloads);
  assert.equal(await count(log, 'log_payload_removal'), 0);
  assert.equal(await count(log, 'payload_rewrite'), 0);
  assert.equal(await count(log, 'erasure_decision'), 0);
  assert.deepEqual(await log.derived(), before);
  await log.assertInOrder();

  assert.equal((await log.erasures.approve(log.people.boris, id, '')).state, 'executed');
  assert.equal((await log.retention.apply()).removed.length, 1);
  await log.assertInOrder();
});

async function killTheOneThatWaits({ database }: RetentionLog): Promise<void> {
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const killed = await database.query(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%log_head FOR UPDATE%'`,
    );
    if (killed.length > 0) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error('expected a removal to wait for the head within 10 s');
}

test('a verification or a dump that began before a removal misses nothing, and keeps the old rows in the files', async (t) => {
  const log = await openRetentionLog(t);
  const indices = await log.receive(monthsAgo(3), [plainEntry('first'), plainEntry('second')]);
  const reader = await log.connect(log.fresh.serviceUrl);
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  // The snapshot is taken before the table is looked at, as a dump does.
  await reader.query('SELECT size FROM log_head');
  await log.rules.set(log.people.anna, 'flow', { keepDays: 30, reason: 'policy 4' });
  await log.retention.apply();
  const during = await log.retention.rewriteFiles();
  assert.ok(during.rewritten.length === 0 && during.waiting.length > 0, JSON.stringify(during));
  const seen = await reader.query<{ index: string; payload: Buffer }>(
    'SELECT index, payload FROM log_entry WHERE index = ANY ($1) ORDER BY index',
    [indices],
  );
  assert.deepEqual(
    seen.rows.map(({ payload }) => payload.toString()),
    ['first', 'second'],
  );
  await reader.query('COMMIT');
  const rewritten = await log.rewriteAll();
  assert.ok(rewritten.includes('record'), rewritten.join());
  const [removal] = await log.retention.removals(1);
  assert.deepEqual(removal?.filesToRewrite, []);
  const leaf = await log.reader.entry(indices[0] ?? -1);
  assert.equal(leaf.payload, null);
  assert.equal(hashLeaf(encodeLeaf(leafOf(leaf))).length, 32);
  await log.assertInOrder();
});

test('a table in use is rewritten by a later run', async (t) => {
  const log = await openRetentionLog(t);
  const indices = await log.receive(monthsAgo(0, 1), [plainEntry('first')]);
  await log.erase(indices);
  const user = await log.connect(log.fresh.serviceUrl);
  await user.query('BEGIN; SELECT count(*) FROM record');
  const { waiting } = await log.retention.rewriteFiles();
  assert.ok(waiting.includes('record'), waiting.join());
  await user.query('COMMIT');
  assert.ok((await log.rewriteAll()).includes('record'));
  await log.assertInOrder();
});

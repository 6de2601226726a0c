import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from '../../src/context.js';
import { makePartitions } from '../../src/ground.js';
import { plainEntry } from '../log/sample-entries.js';
import { monthsAgo, openRetentionLog, type RetentionLog } from './retention-log.js';

/** Noon of the first day of a month, so many months after the present one. */
const monthsAhead = (months: number): Date => new Date(Date.parse(monthsAgo(-months, 1)));

async function partsOf(log: RetentionLog): Promise<number> {
  const [row] = await log.database.query<{ count: string }>(
    `SELECT count(*) AS count FROM pg_class WHERE relname ~ '^log_entry_(flow|record|act)_[0-9]{4}_[0-9]{2}$' AND relkind = 'r'`,
  );
  return Number(row?.count);
}

test('parts of the log are made while entries of every class come in, and none is refused', async (t) => {
  const log = await openRetentionLog(t);
  let over = false;
  let answered = 0;
  const appending = [0, 1, 2].map(async (worker) => {
    // The parts of the log are reached in an order of their own by each.
    const kinds = ['flow', 'policy_change', 'admin', 'rejected'];
    for (let at = worker; !over; at++) {
      const entries = [0, 1, 2, 3].map((offset) => plainEntry(`${worker} ${at} ${offset}`, kinds[(at + offset) % 4]));
      await log.log.append(entries);
      answered++;
    }
  });
  for (let months = 3; months < 27; months += 3) {
    assert.equal(await makePartitions(log.database, new Clock(() => monthsAhead(months))), true);
  }
  over = true;
  await Promise.all(appending);
  assert.ok(answered > 10, `${answered} appends`);
  assert.ok((await partsOf(log)) >= 24 * 3);
  await log.assertInOrder();
});

test('a long read of the log keeps no appends waiting for parts that are to be made; they are made after it', async (t) => {
  const log = await openRetentionLog(t);
  await log.receive(monthsAgo(0, 1), [plainEntry('first')]);
  const reader = await log.connect(log.fresh.serviceUrl);
  await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT count(*) FROM log_entry');
  const clock = new Clock(() => monthsAhead(12));
  const before = await partsOf(log);
  const making = makePartitions(log.database, clock);
  await log.log.append([plainEntry('second')]);
  assert.equal(await making, false);
  assert.equal(await partsOf(log), before);
  await reader.query('COMMIT');
  assert.equal(await makePartitions(log.database, clock), true);
  assert.equal(await partsOf(log), before + 9);
});

test('entries of a month that had no part of its own stay where they are, and go by rule like all others', async (t) => {
  const log = await openRetentionLog(t);
  log.setTime(monthsAgo(4));
  await log.log.append([plainEntry('late')]);
  assert.equal(await makePartitions(log.database, new Clock(() => new Date(monthsAgo(4)))), true);
  log.setTime(new Date().toISOString());
  await log.rules.set(log.people.anna, 'flow', { keepDays: 30, reason: 'policy 4' });
  const { removed } = await log.retention.apply();
  assert.deepEqual(
    removed.map(({ retentionClass, count }) => [retentionClass, count]),
    [['flow', 1]],
  );
  await log.assertInOrder();
});

test('a table that is written anew takes no lock on another one', async (t) => {
  const log = await openRetentionLog(t);
  const indices = await log.receive(monthsAgo(0, 1), [plainEntry('one')]);
  await log.erase(indices);
  const owner = await log.connect(log.fresh.ownerUrl);
  await owner.query(
    `INSERT INTO payload_rewrite (relation, removal_id) SELECT 'report_file', id FROM log_payload_removal`,
  );
  // Files of reports refer to reports, and are read after them.
  const reader = await log.connect(log.fresh.serviceUrl);
  await reader.query('BEGIN; LOCK TABLE report IN ACCESS SHARE MODE');
  const rewritten = await log.rewriteAll();
  assert.ok(rewritten.includes('report_file'), rewritten.join());
  await reader.query('COMMIT');
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NewHold } from '../../src/retention/holds.js';
import { plainEntry } from '../log/sample-entries.js';
import { monthOf, monthsAgo, openRetentionLog, type RetentionLog } from './retention-log.js';

function hold(name: string, scope: object = {}): NewHold {
  return NewHold.parse({ name, reason: 'proceedings 12', scope });
}

async function present({ reader }: RetentionLog, index: number): Promise<boolean> {
  return (await reader.entry(index)).payload !== null;
}

test('a hold stops the rule for the months it covers, and is named; releasing it lets them go', async (t) => {
  const log = await openRetentionLog(t);
  const { holds, retention, rules, people } = log;
  const [older, old] = [monthsAgo(5), monthsAgo(4)];
  const [first = -1] = await log.receive(older, [plainEntry('first'), { ...plainEntry('other'), source: 'cluster-b' }]);
  const [second = -1] = await log.receive(old, [plainEntry('second')]);
  const placed = await holds.place(people.anna, hold('Case 12', { source: 'cluster-b' }));
  await rules.set(people.anna, 'flow', { keepDays: 30, reason: 'policy 4' });

  assert.deepEqual(
    (await retention.due()).map(({ month, heldBy }) => [month, heldBy]),
    [
      [monthOf(older), { id: placed.id, name: 'Case 12' }],
      [monthOf(old), null],
    ],
  );
  const applied = await retention.apply();
  assert.deepEqual(applied.removed, [{ retentionClass: 'flow', month: monthOf(old), count: 1 }]);
  assert.match(applied.held[0]?.message ?? '', /"Case 12"/);
  assert.deepEqual([await present(log, first), await present(log, second)], [true, false]);

  await assert.rejects(holds.release(people.anna, placed.id, 'settled'), { code: 'not_permitted' });
  const released = await holds.release(people.boris, placed.id, 'settled');
  assert.equal(released.released?.by, 'boris');
  await assert.rejects(holds.release(people.chris, placed.id, 'again'), { code: 'conflict' });
  assert.deepEqual(await holds.list(true), []);
  assert.equal((await retention.apply()).removed[0]?.count, 2);
  assert.equal(await present(log, first), false);
  const kinds = await log.database.query<{ kind: string }>(
    `SELECT kind FROM log_entry WHERE kind LIKE 'retention.hold%' ORDER BY index`,
  );
  assert.deepEqual(
    kinds.map(({ kind }) => kind),
    ['retention.hold_placed', 'retention.hold_released'],
  );
  await log.assertInOrder();
});

test('what a hold covers: class, source, single entries, and times of the event as well as of the receipt', async (t) => {
  const log = await openRetentionLog(t);
  const { holds, erasures, people } = log;
  const event = BigInt(Date.parse(monthsAgo(9))) * 1_000_000n;
  const at = monthsAgo(3);
  const [index = -1, other = -1] = await log.receive(at, [
    { ...plainEntry('record'), occurredAt: event },
    plainEntry('next'),
  ]);
  const covering = [
    {},
    { retentionClass: 'flow' },
    { source: 'cluster-a' },
    { indices: [index] },
    { from: monthsAgo(9, 9), to: monthsAgo(9, 11) },
    { from: monthsAgo(3, 9), to: monthsAgo(3, 11) },
    { from: at },
    { to: monthsAgo(8) },
    { retentionClass: 'flow', source: 'cluster-a', from: monthsAgo(3, 9), indices: [index, other] },
  ];
  const passing = [
    { retentionClass: 'record' },
    { source: 'cluster-b' },
    { indices: [other] },
    { from: monthsAgo(8), to: monthsAgo(5) },
    { from: monthsAgo(2) },
    { to: monthsAgo(9) },
    { retentionClass: 'flow', source: 'cluster-a', indices: [other] },
  ];
  const stopped = async (scope: object): Promise<boolean> => {
    const placed = await holds.place(people.anna, hold('Case 12', scope));
    const { holds: found } = await erasures.preview({ by: 'indices', indices: [index] });
    await holds.release(people.boris, placed.id, 'settled');
    return found.length > 0;
  };
  for (const scope of covering) assert.equal(await stopped(scope), true, JSON.stringify(scope));
  for (const scope of passing) assert.equal(await stopped(scope), false, JSON.stringify(scope));
});

test('a hold stops an approved erasure, which stays open, with a message that names the hold', async (t) => {
  const log = await openRetentionLog(t);
  const { holds, erasures, people } = log;
  const [index = -1] = await log.receive(monthsAgo(0, 1), [plainEntry('record')]);
  const { id } = await erasures.request(people.anna, {
    reason: 'case 7',
    selection: { by: 'indices', indices: [index] },
  });
  const placed = await holds.place(people.chris, hold('Case 12', { indices: [index] }));
  await assert.rejects(erasures.approve(people.boris, id, ''), (error: Error) => {
    assert.match(error.message, /legal hold "Case 12"/);
    assert.match(error.message, new RegExp(`entry ${index}`));
    return true;
  });
  assert.equal((await erasures.get(id)).state, 'requested');
  assert.equal(await present(log, index), true);
  await holds.release(people.boris, placed.id, 'settled');
  assert.equal((await erasures.approve(people.boris, id, '')).state, 'executed');
  assert.equal(await present(log, index), false);
  await log.assertInOrder();
});

test('a hold that is being placed is waited for by a removal, and a removal under way by a hold', async (t) => {
  const log = await openRetentionLog(t);
  const { holds, retention, rules, people, database } = log;
  const [index = -1] = await log.receive(monthsAgo(4), [plainEntry('record')]);
  await rules.set(people.anna, 'flow', { keepDays: 30, reason: 'policy 4' });

  // The removal and then the append wait for somebody who holds the head of the log.
  const blocker = await log.connect(log.fresh.serviceUrl);
  await blocker.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
  const placing = holds.place(people.anna, hold('Case 12'));
  await untilWaiting(log, 1);
  const applying = retention.apply();
  await untilWaiting(log, 2);
  await blocker.query('COMMIT');
  await placing;
  const applied = await applying;
  assert.deepEqual(applied.removed, []);
  assert.match(applied.held[0]?.message ?? '', /Case 12/);
  assert.equal(await present(log, index), true);

  const [placed] = await holds.list(true);
  await holds.release(people.boris, placed?.id ?? '', 'settled');
  await blocker.query('BEGIN; SELECT 1 FROM log_head FOR UPDATE');
  const removing = retention.apply();
  await untilWaiting(log, 1);
  const late = holds.place(people.anna, hold('Case 13'));
  await untilWaiting(log, 2);
  await blocker.query('COMMIT');
  assert.equal((await removing).removed[0]?.count, 1);
  const { recordedIndex } = await late;
  const [row] = await database.query<{ index: string }>(
    `SELECT index FROM log_entry WHERE kind = 'retention.payloads_removed'`,
  );
  assert.ok(Number(row?.index) < recordedIndex, 'the hold is recorded after the removal that came first');
  await log.assertInOrder();
});

/** Resolves once so many connections to the database wait for a lock. */
async function untilWaiting({ database }: RetentionLog, count: number): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (;;) {
    const [row] = await database.query<{ count: string }>(
      `SELECT count(DISTINCT pid) AS count FROM pg_locks JOIN pg_stat_activity USING (pid)
       WHERE NOT granted AND datname = current_database()`,
    );
    if (Number(row?.count) >= count) return;
    if (Date.now() > deadline) throw new Error(`expected ${count} connections to wait within 10 s, ${row?.count} do`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

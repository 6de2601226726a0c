import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Client } from 'pg';
import { loadPayloadRemovals } from '../../src/log/payload-removals.js';
import { streamEntries } from '../../src/log/read.js';
import { plainEntry } from '../log/sample-entries.js';
import { monthsAgo, openRetentionLog, type RetentionLog } from './retention-log.js';

/** What a verification that goes by the whole log would be told. */
async function judge(log: RetentionLog, from = 0): Promise<{ unexplained: number[]; problems: string[] }> {
  return await log.database.withClient(async (client) => {
    const removals = await loadPayloadRemovals(client, from);
    const unexplained: number[] = [];
    for await (const group of streamEntries(client, from, Number.MAX_SAFE_INTEGER)) {
      for (const entry of group) {
        if ((entry.payload === null || entry.salt === null) && !removals.explains(entry)) unexplained.push(entry.index);
        removals.confirm(entry);
      }
    }
    return { unexplained, problems: removals.problems().map(({ position, message }) => `${position}: ${message}`) };
  });
}

interface Case {
  readonly log: RetentionLog;
  readonly superuser: Client;
  readonly erased: number;
  readonly ofMonth: readonly number[];
}

/** A log with one erasure and one month removed, in the hands of a superuser for whom triggers do not run. */
async function tampered(t: { after(work: () => Promise<void>): void }): Promise<Case | null> {
  const log = await openRetentionLog(t);
  if (log.fresh.superuserUrl === undefined) return null;
  const ofMonth = await log.receive(monthsAgo(4), [plainEntry('a'), plainEntry('b'), plainEntry('c'), plainEntry('d')]);
  const [erased = -1] = await log.receive(monthsAgo(1), [plainEntry('e'), plainEntry('f')]);
  await log.erase([erased]);
  await log.erase(ofMonth.slice(1, 2));
  await log.rules.set(log.people.anna, 'flow', { keepDays: 60, reason: 'policy 4' });
  await log.retention.apply();
  await log.receive(monthsAgo(0, 1), [plainEntry('last')]);
  const superuser = await log.connect(log.fresh.superuserUrl);
  await superuser.query('SET session_replication_role = replica');
  assert.deepEqual(await judge(log), { unexplained: [], problems: [] });
  return { log, superuser, erased, ofMonth };
}

const noSuperuser = 'needs a superuser of the database to tamper with it';

async function withCase(
  t: { after(work: () => Promise<void>): void; skip(reason: string): void },
  work: (given: Case) => Promise<void>,
): Promise<void> {
  const given = await tampered(t);
  if (given === null) t.skip(noSuperuser);
  else await work(given);
}

test('a payload that is gone without a removal is not explained, nor is one of which only a part is gone', async (t) => {
  await withCase(t, async ({ log, superuser, erased, ofMonth }) => {
    await superuser.query('UPDATE log_entry SET salt = NULL, payload = NULL WHERE index = $1', [erased + 1]);
    assert.deepEqual((await judge(log)).unexplained, [erased + 1]);
    await superuser.query(`UPDATE log_entry SET payload = 'back' WHERE index = $1`, [ofMonth[0]]);
    const judged = await judge(log);
    assert.deepEqual(judged.unexplained, [ofMonth[0], erased + 1]);
    assert.match(judged.problems.join(), /says that 3 payloads are gone; of its entries 2 have none/);
  });
});

test('payloads that came back are named by the removal that took them', async (t) => {
  await withCase(t, async ({ log, superuser, erased }) => {
    await superuser.query(`UPDATE log_entry SET salt = '\\x00', payload = 'back' WHERE index = $1`, [erased]);
    const { problems } = await judge(log);
    assert.equal(problems.length, 1);
    assert.match(problems[0] ?? '', new RegExp(`^${erased}: .*1 payloads are gone; of its entries 0`));
  });
});

test('a removal without an entry, an entry without a removal, and one that says something else are found', async (t) => {
  await withCase(t, async ({ log, superuser, erased }) => {
    const [own] = (await superuser.query('SELECT * FROM log_payload_removal WHERE first_index = $1', [erased]))
      .rows as [Record<string, unknown>];
    await superuser.query('UPDATE log_payload_removal SET count = 2 WHERE first_index = $1', [erased]);
    assert.match((await judge(log)).problems.join(), /says something else about removal/);
    await superuser.query('UPDATE log_payload_removal SET count = 1 WHERE first_index = $1', [erased]);
    await superuser.query(`UPDATE log_payload_removal SET digest = sha256('x') WHERE first_index = $1`, [erased]);
    assert.match((await judge(log)).problems.join(), /took payloads of other entries than it says/);
    await superuser.query('UPDATE log_payload_removal SET digest = $2 WHERE first_index = $1', [erased, own['digest']]);
    assert.deepEqual((await judge(log)).problems, []);

    // A payload taken behind the service's back, with a row that is to explain it.
    await superuser.query('UPDATE log_entry SET salt = NULL, payload = NULL WHERE index = $1', [erased + 1]);
    await superuser.query(
      `INSERT INTO log_payload_removal (id, erasure_id, first_index, last_index, count, digest, log_size)
       SELECT gen_random_uuid(), gen_random_uuid(), $1, $1, 1,
         sha256(log_leaf_hash(id, kind, source, occurred_at_ns, received_at, payload_hash)), 0 FROM log_entry WHERE index = $1`,
      [erased + 1],
    );
    await superuser.query(
      `INSERT INTO log_payload_removal_entry SELECT $1, id FROM log_payload_removal WHERE first_index = $1`,
      [erased + 1],
    );
    const forged = await judge(log);
    assert.deepEqual(forged.unexplained, []);
    assert.equal(forged.problems.length, 1);
    assert.match(forged.problems[0] ?? '', new RegExp(`^${erased + 1}: .*no entry says so`));
    await superuser.query('DELETE FROM log_payload_removal WHERE first_index = $1', [erased + 1]);
    await superuser.query('DELETE FROM log_payload_removal_entry WHERE index = $1', [erased + 1]);

    await superuser.query('DELETE FROM log_payload_removal WHERE first_index = $1', [erased]);
    const lost = await judge(log);
    assert.deepEqual(lost.unexplained, [erased, erased + 1]);
    assert.match(lost.problems.join(), /does not know it/);
  });
});

test('the payload of an entry that explains a removal is itself never explained away', async (t) => {
  await withCase(t, async ({ log, superuser }) => {
    const { rows } = await superuser.query<{ index: string }>(
      `UPDATE log_entry SET salt = NULL, payload = NULL WHERE kind = 'erasure.executed' RETURNING index`,
    );
    const { unexplained, problems } = await judge(log);
    assert.deepEqual(
      unexplained,
      rows.map(({ index }) => Number(index)).sort((a, b) => a - b),
    );
    assert.match(problems.join(), /cannot be read/);
  });
});

test('a verification of what is new only is not told of what it cannot see', async (t) => {
  await withCase(t, async ({ log, erased }) => {
    const { size } = await log.log.head();
    for (const from of [0, erased, erased + 1, size - 3, size - 1, size]) {
      assert.deepEqual(await judge(log, from), { unexplained: [], problems: [] }, `from ${from}`);
    }
  });
});

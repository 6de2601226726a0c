import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import type { Client } from 'pg';
import { DatabaseError } from 'pg';
import { leafHashOf } from '../../src/log/core/leaf.js';
import { parseNanoseconds } from '../../src/log/time.js';
import { plainEntry } from '../log/sample-entries.js';
import { monthOf, monthsAgo, openRetentionLog, type RetentionLog } from './retention-log.js';

let log: RetentionLog;
let service: Client;
let owner: Client;
let month: string;
const closing: (() => Promise<void>)[] = [];

before(async () => {
  log = await openRetentionLog({ after: (work) => closing.push(work) });
  service = await log.connect(log.fresh.serviceUrl);
  owner = await log.connect(log.fresh.ownerUrl);
  month = `${monthOf(monthsAgo(4))}-01`;
  await log.receive(monthsAgo(4), [plainEntry('a'), plainEntry('b'), plainEntry('c', 'policy_change')]);
});

after(async () => {
  await log.assertInOrder();
  assert.equal(await payloads(), 3, 'a payload went');
  for (const close of closing) await close();
});

async function payloads(): Promise<number> {
  const { rows } = await owner.query<{ count: string }>(
    `SELECT count(*) AS count FROM log_entry WHERE retention_class <> 'act' AND payload IS NOT NULL AND salt IS NOT NULL`,
  );
  return Number(rows[0]?.count);
}

async function refused(client: Client, sql: string, parameters: unknown[], why: RegExp, code?: string): Promise<void> {
  await client.query('BEGIN');
  try {
    await assert.rejects(
      async () => {
        await client.query(sql, parameters);
        await client.query('COMMIT');
      },
      (error) =>
        error instanceof DatabaseError && why.test(error.message) && (code === undefined || error.code === code),
    );
  } finally {
    await client.query('ROLLBACK');
  }
}

describe('the role of the service', () => {
  test('removes nothing without a rule, nor what a rule keeps', async () => {
    await refused(service, `SELECT retention_remove('flow', $1, 10)`, [month], /no retention rule/, 'SGR02');
    await log.rules.set(log.people.anna, 'flow', { keepDays: 3650, reason: 'policy 4' });
    await refused(service, `SELECT retention_remove('flow', $1, 10)`, [month], /no month that is older/, 'SGR02');
    await refused(service, `SELECT retention_remove('record', $1, 10)`, [month], /no retention rule/, 'SGR02');
    await log.rules.set(log.people.anna, 'flow', { keepDays: 30, reason: 'policy 5' });
    const present = `${monthOf(monthsAgo(0))}-01`;
    await refused(service, `SELECT retention_remove('flow', $1, 10)`, [present], /no month that is older/, 'SGR02');
    const inside = `${monthOf(monthsAgo(4))}-05`;
    await refused(service, `SELECT retention_remove('flow', $1, 10)`, [inside], /no month that is older/, 'SGR02');
  });

  test('cannot commit a removal that no entry of the log tells of', async () => {
    await refused(service, `SELECT retention_remove('flow', $1, 10)`, [month], /no entry says that the payloads/);
  });

  test('removes nothing in a snapshot that may not show a hold', async () => {
    for (const level of ['REPEATABLE READ', 'SERIALIZABLE']) {
      await service.query(`SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL ${level}`);
      await refused(service, `SELECT retention_remove('flow', $1, 10)`, [month], /READ COMMITTED/, 'SGR02');
    }
    await service.query('SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED');
  });

  test('erases nothing that is not approved, and nothing that does not exist', async () => {
    const { id } = await log.erasures.request(log.people.anna, {
      reason: 'case 7',
      selection: { by: 'indices', indices: [0] },
    });
    await refused(service, 'SELECT * FROM erasure_execute($1)', [id], /not approved by a second person/, 'SGR02');
    await refused(
      service,
      'SELECT * FROM erasure_execute($1)',
      ['00000000-0000-4000-8000-000000000000'],
      /not approved/,
      'SGR02',
    );
    await log.erasures.reject(log.people.boris, id, 'no');
    await refused(service, 'SELECT * FROM erasure_execute($1)', [id], /not approved by a second person/, 'SGR02');
  });

  test('neither calls what the functions are made of, nor writes their tables', async () => {
    const denied = /permission denied/;
    await refused(service, `SELECT payload_remove(NULL, NULL, NULL, NULL, '{0}')`, [], denied);
    await refused(service, 'SELECT payload_removal_lock()', [], denied);
    await refused(service, 'UPDATE log_entry SET salt = NULL, payload = NULL', [], denied);
    for (const table of ['log_payload_removal', 'log_payload_removal_entry', 'payload_rewrite']) {
      await refused(service, `INSERT INTO ${table} SELECT * FROM ${table}`, [], denied);
    }
    for (const table of ['retention_rule', 'legal_hold', 'legal_hold_release', 'erasure', 'erasure_decision']) {
      await refused(service, `UPDATE ${table} SET id = id`, [], denied);
      await refused(service, `DELETE FROM ${table}`, [], denied);
      await refused(service, `TRUNCATE ${table}`, [], denied);
    }
    await refused(service, `SELECT payload_rewrite_run('users')`, [], /no removal asks/, 'SGR02');
  });

  test('cannot decide anything that the log does not record', async () => {
    const { anna, boris } = log.people;
    const unrecorded = /records the row/;
    await refused(
      service,
      `INSERT INTO retention_rule VALUES (gen_random_uuid(), 'record', 30, 'x', $1, now(), 0)`,
      [anna.id],
      unrecorded,
    );
    await refused(
      service,
      `INSERT INTO erasure VALUES (gen_random_uuid(), 'x', 'indices', '{0}', '{}', $1, now(), 1)`,
      [anna.id],
      unrecorded,
    );
    const [hold] = [await log.holds.place(anna, { name: 'Case 12', reason: 'x', scope: nothing })];
    await refused(
      service,
      `INSERT INTO legal_hold_release VALUES (gen_random_uuid(), $1, 'x', $2, now(), 0)`,
      [hold.id, boris.id],
      unrecorded,
    );
    await refused(
      service,
      `INSERT INTO legal_hold_release VALUES (gen_random_uuid(), $1, 'x', $2, now(), 0)`,
      [hold.id, anna.id],
      /nobody releases the hold they placed/,
    );
    await log.holds.release(boris, hold.id, 'over');
  });
});

const nothing = { retentionClass: null, source: null, from: null, to: null, indices: null };

describe('the owner', () => {
  const refusal = /append-only/;

  test('is refused by triggers what no removal names, also taking a payload', async () => {
    await refused(owner, 'UPDATE log_entry SET payload = payload', [], refusal);
    await refused(owner, 'UPDATE log_entry SET salt = NULL, payload = NULL', [], refusal);
    await refused(owner, 'DELETE FROM log_entry', [], refusal);
    await refused(owner, 'TRUNCATE log_entry', [], refusal);
    for (const table of [
      'log_payload_removal',
      'log_payload_removal_entry',
      'erasure',
      'legal_hold',
      'retention_rule',
    ]) {
      await refused(owner, `DELETE FROM ${table}`, [], refusal);
    }
  });

  test('may take no more than a removal of the same transaction names, and change nothing else', async () => {
    const removed = `SELECT retention_remove('flow', $1, 1)`;
    for (const beyond of [
      'UPDATE log_entry SET salt = NULL, payload = NULL WHERE index = 1',
      `UPDATE log_entry SET salt = NULL, payload = NULL WHERE index = 2`,
      `UPDATE log_entry SET payload = 'forged', salt = NULL WHERE index = 0`,
      `UPDATE log_entry SET kind = 'admin' WHERE index = 0`,
      `UPDATE log_entry SET salt = '\\x00' WHERE index = 0`,
      'DELETE FROM log_entry WHERE index = 0',
    ]) {
      await owner.query('BEGIN');
      await owner.query(removed, [month]);
      await assert.rejects(owner.query(beyond), refusal, beyond);
      await owner.query('ROLLBACK');
    }
  });

  test('hashes leaves in the database as the service does', async () => {
    const text = fc.string({ unit: 'grapheme', maxLength: 20 }).filter((value) => !value.includes('\0'));
    const leaf = fc.record({
      id: fc.uuid(),
      kind: text,
      source: text,
      occurredAtNs: fc.oneof(
        fc.bigInt(-(2n ** 63n) + 1n, 2n ** 63n - 1n),
        fc.constantFrom(0n, -1n, 1n, -86_400_000_000_000n, 86_399_999_999_999n, -(2n ** 63n), 2n ** 63n - 1n),
      ),
      receivedAt: fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
      payloadHash: fc.uint8Array({ minLength: 32, maxLength: 32 }),
    });
    const leaves = fc.sample(leaf, 400);
    const { rows } = await owner.query<{ hash: string; time: string }>(
      `SELECT encode(log_leaf_hash(id, kind, source, ns, received, payload_hash), 'hex') AS hash, log_nanosecond_text(ns) AS time
       FROM unnest($1::uuid[], $2::text[], $3::text[], $4::bigint[], $5::timestamptz[], $6::bytea[])
         WITH ORDINALITY AS l (id, kind, source, ns, received, payload_hash, at) ORDER BY at`,
      [
        leaves.map(({ id }) => id),
        leaves.map(({ kind }) => kind),
        leaves.map(({ source }) => source),
        leaves.map(({ occurredAtNs }) => String(occurredAtNs)),
        leaves.map(({ receivedAt }) => receivedAt.toISOString()),
        leaves.map(({ payloadHash }) => Buffer.from(payloadHash)),
      ],
    );
    leaves.forEach((given, at) => {
      const occurredAt = rows[at]?.time ?? '';
      assert.equal(parseNanoseconds(occurredAt), given.occurredAtNs);
      const expected = leafHashOf({
        v: 1,
        id: given.id,
        kind: given.kind,
        source: given.source,
        occurredAt,
        receivedAt: given.receivedAt.toISOString(),
        payloadHash: Buffer.from(given.payloadHash).toString('hex'),
      });
      assert.equal(rows[at]?.hash, expected, JSON.stringify({ ...given, occurredAtNs: String(given.occurredAtNs) }));
    });
  });
});

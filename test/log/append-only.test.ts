import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { DatabaseError, escapeIdentifier } from 'pg';
import { Checkpoints } from '../../src/log/checkpoints.js';
import { Clock } from '../../src/context.js';
import { namedEntry, plainEntry } from './sample-entries.js';
import { openTestLog, type TestLog } from './test-log.js';

/** Tables that only grow, with a column to try to change. */
const grown = {
  log_entry: 'kind',
  log_entry_flow: 'payload',
  log_entry_flow_other: 'payload_hash',
  log_tile: 'hashes',
  log_checkpoint: 'note',
  log_verification: 'problems',
  ingest_key: 'index',
  ingest_conflict: 'first_index',
};

let log1: TestLog;
let service: Client;
let owner: Client;
let untouched: string;
const closing: (() => Promise<void>)[] = [];

/** All bytes of the log's tables. */
async function dump(): Promise<string> {
  const tables = [
    'log_head',
    'log_entry',
    'log_tile',
    'log_checkpoint',
    'log_verification',
    'ingest_key',
    'ingest_conflict',
  ];
  const rows = tables.map((table) =>
    owner.query<{ row: string }>(`SELECT t::text AS row FROM ${table} AS t ORDER BY 1`),
  );
  return JSON.stringify((await Promise.all(rows)).map(({ rows: all }) => all));
}

before(async () => {
  log1 = await openTestLog({ after: (work) => closing.push(work) });
  service = await log1.connect(log1.fresh.serviceUrl);
  owner = await log1.connect(log1.fresh.ownerUrl);
  const { log, database } = log1;
  await log.append(Array.from({ length: 300 }, (_, at) => namedEntry(`fact ${at}`)));
  await log.append([plainEntry('{}', 'policy_change'), plainEntry('{}', 'log.started')]);
  await new Checkpoints(database, log, new Clock()).keep();
  await service.query(`INSERT INTO log_verification (id, started_at, finished_at, size, root, problems)
    VALUES (gen_random_uuid(), now(), now(), 302, '\\x00', '[]')`);
  untouched = await dump();
});

after(async () => {
  assert.equal(await dump(), untouched, 'something was changed');
  assert.deepEqual((await log1.fsck()).problems, []);
  for (const close of closing) await close();
});

async function assertRefused(client: Client, sql: string, why: RegExp): Promise<void> {
  await assert.rejects(
    client.query(sql),
    (error) => error instanceof DatabaseError && error.code === '42501' && why.test(error.message),
    sql,
  );
}

describe('the role of the service', () => {
  const denied = /permission denied|must be owner/;
  for (const [table, column] of Object.entries(grown)) {
    test(`can neither update, delete nor truncate ${table}`, async () => {
      await assertRefused(service, `UPDATE ${table} SET ${column} = ${column}`, denied);
      await assertRefused(service, `UPDATE ${table} SET ${column} = ${column} WHERE false`, denied);
      await assertRefused(service, `DELETE FROM ${table}`, denied);
      await assertRefused(service, `TRUNCATE ${table}`, denied);
      await assertRefused(service, `TRUNCATE ${table} CASCADE`, denied);
      await assertRefused(service, `DROP TABLE ${table}`, denied);
      await assertRefused(service, `ALTER TABLE ${table} DISABLE TRIGGER ALL`, denied);
    });
  }

  test('can neither delete, truncate nor rename the head', async () => {
    await assertRefused(service, 'DELETE FROM log_head', denied);
    await assertRefused(service, 'TRUNCATE log_head', denied);
    await assertRefused(service, `UPDATE log_head SET origin = 'other'`, denied);
    await assertRefused(service, 'UPDATE log_head SET id = id', denied);
    await assertRefused(service, 'ALTER TABLE log_head DISABLE TRIGGER ALL', denied);
  });

  test('cannot move the head back, nor sideways', async () => {
    const forward = /only moves forward/;
    await assertRefused(service, 'UPDATE log_head SET size = size - 1', forward);
    await assertRefused(service, 'UPDATE log_head SET size = 0', forward);
    await assertRefused(service, `UPDATE log_head SET root = sha256('other')`, forward);
  });

  test('cannot give itself the rights', async () => {
    await assertRefused(service, 'SET session_replication_role = replica', denied);
    await assertRefused(service, 'CREATE OR REPLACE FUNCTION log_refuse() RETURNS trigger AS $$ $$ LANGUAGE sql', /./);
    await assertRefused(service, 'DROP FUNCTION log_refuse() CASCADE', denied);
    const { rows } = await owner.query<{ name: string }>('SELECT current_user AS name');
    await assertRefused(service, `SET ROLE ${escapeIdentifier(rows[0]?.name ?? '')}`, denied);
    // Granting what one does not hold grants nothing, with a warning instead of an error.
    await service.query('GRANT UPDATE ON log_entry TO segproof_service').catch(() => {});
    await assertRefused(service, 'UPDATE log_entry SET kind = kind', denied);
  });

  test('cannot put a second head beside the first', async () => {
    const insert = (id: string): string =>
      `INSERT INTO log_head (id, origin, size, root, partial) VALUES (${id}, 'x', 0, sha256(''), '')`;
    await assert.rejects(service.query(insert('true')), /log_head_pkey/);
    await assert.rejects(service.query(insert('false')), /log_head_one_row/);
  });

  test('cannot use a fact’s key again, nor a tile’s or a checkpoint’s place', async () => {
    for (const table of ['ingest_key', 'log_tile', 'log_checkpoint']) {
      await assert.rejects(service.query(`INSERT INTO ${table} SELECT * FROM ${table} LIMIT 1`), /duplicate key/);
    }
  });
});

describe('the owner, whom triggers refuse', () => {
  const refused = /append-only|only moves forward/;
  for (const [table, column] of Object.entries(grown)) {
    test(`can neither update, delete nor truncate ${table}`, async () => {
      await assertRefused(owner, `UPDATE ${table} SET ${column} = ${column}`, refused);
      await assertRefused(owner, `DELETE FROM ${table}`, refused);
      await assertRefused(owner, `TRUNCATE ${table}`, refused);
      await assertRefused(owner, `TRUNCATE ${table} CASCADE`, refused);
    });
  }

  test('can neither delete, truncate, rename nor move back the head', async () => {
    await assertRefused(owner, 'DELETE FROM log_head', refused);
    await assertRefused(owner, 'TRUNCATE log_head', refused);
    await assertRefused(owner, `UPDATE log_head SET origin = 'other'`, refused);
    await assertRefused(owner, 'UPDATE log_head SET size = size - 1', refused);
  });

  test('cannot move an entry to another partition', async () => {
    await assertRefused(owner, `UPDATE log_entry SET retention_class = 'act' WHERE index = 0`, refused);
    await assertRefused(owner, `UPDATE log_entry SET received_at = received_at - interval '1 year'`, refused);
  });

  test('is refused in the partitions of every month as well', async () => {
    const { rows } = await owner.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_partition_tree('log_entry') AS tree JOIN pg_class AS c ON c.oid = tree.relid`,
    );
    assert.ok(rows.length >= 7);
    for (const { name } of rows) await assertRefused(owner, `TRUNCATE ${name}`, refused);
  });
});

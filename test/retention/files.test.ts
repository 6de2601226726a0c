import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after, before, test } from 'node:test';
import type { Client } from 'pg';
import { ErasureSelection } from '../../src/retention/erasure-selection.js';
import { plainEntry } from '../log/sample-entries.js';
import { flowRecord, sampleEntries } from '../log/sample-records.js';
import { runVariables } from '../support/database.js';
import { startTemporaryPostgres } from '../support/server.js';
import { monthsAgo, openRetentionLog, type RetentionLog } from './retention-log.js';

/*
 * What is left on the disk. A server of this file's own, since its files are read; without autovacuum, which would
 * clean up in the test's favour.
 */

let postgres: Awaited<ReturnType<typeof startTemporaryPostgres>>;

before(async () => {
  postgres = await startTemporaryPostgres({ autovacuum: 'off', fsync: 'off' });
  process.env[runVariables.ownerUrl] = postgres.ownerUrl;
  process.env[runVariables.superuserUrl] = postgres.superuserUrl;
  delete process.env[runVariables.template];
});

after(() => postgres.remove());

/** Files below the data directory that hold the text; the write-ahead log is left out. */
function filesWith(text: string): string[] {
  return readdirSync(postgres.dataDirectory, { recursive: true, encoding: 'utf8' })
    .map((path) => join(postgres.dataDirectory, path))
    .filter((path) => !relative(postgres.dataDirectory, path).startsWith('pg_wal'))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() === true && readFileSync(path).includes(text))
    .map((path) => relative(postgres.dataDirectory, path));
}

/** Tables whose content, copied out as a dump does, holds the text. */
async function tablesWith(superuser: Client, text: string): Promise<string[]> {
  const { rows } = await superuser.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
  );
  const found: string[] = [];
  for (const { name } of rows) {
    const matching = await superuser.query(
      `SELECT 1 FROM ${name} t WHERE strpos(t::text, $1) > 0 OR strpos(t::text, $2) > 0 LIMIT 1`,
      [text, Buffer.from(text).toString('hex')],
    );
    if (matching.rows.length > 0) found.push(name);
  }
  return found;
}

async function settle(superuser: Client): Promise<void> {
  // Samples of values that were replaced stay as old rows of the catalogue until it is vacuumed.
  await superuser.query('VACUUM FULL pg_statistic');
  await superuser.query('CHECKPOINT');
}

/** Records that name a secret in every field that is derived from them, in small payloads and large ones. */
async function seed(log: RetentionLog, at: string, secret: string): Promise<number[]> {
  await log.receive(at, sampleEntries(0, 300));
  const flow = flowRecord(7000).replaceAll('"search"', `"${secret}"`).replaceAll('"web"', `"${secret}"`);
  const named = flow.replaceAll('"api"', `"${secret}"`).replaceAll('"ledger"', `"${secret}"`);
  const change = JSON.parse(String(sampleEntries(12, 13)[0]?.payload)) as { user: object; auditID: string };
  const indices = await log.receive(at, [
    plainEntry(named),
    plainEntry(JSON.stringify({ ...change, auditID: secret, user: { username: secret } }), 'policy_change'),
    plainEntry(`not a record: ${secret}`, 'rejected'),
    plainEntry(`${'x'.repeat(20_000)} ${secret} ${Math.random()}`, 'unknown'),
  ]);
  await log.receive(at, sampleEntries(300, 500));
  return indices;
}

test('what was erased is gone from every table at once, and from the files when the tables are written anew', async (t) => {
  const log = await openRetentionLog(t);
  const superuser = await log.connect(log.fresh.superuserUrl);
  const secret = 'zsofia-1987-kertesz';
  const indices = await seed(log, monthsAgo(0, 1), secret);
  await superuser.query('ANALYZE');
  await settle(superuser);
  const tables = await tablesWith(superuser, secret);
  for (const table of ['record', 'workload', 'flow_edge', 'policy_version']) {
    assert.ok(tables.includes(`public.${table}`), `${table} never held it: ${tables.join()}`);
  }
  assert.ok(filesWith(secret).length > 4, 'the files never held it');

  const { anna, boris } = log.people;
  const selection = ErasureSelection.parse({
    by: 'text',
    text: secret,
    from: monthsAgo(1),
    to: new Date().toISOString(),
  });
  const { id, count } = await log.erasures.request(anna, { reason: 'case 7', selection });
  assert.equal(count, indices.length);
  await log.erasures.approve(boris, id, '');
  assert.deepEqual(await tablesWith(superuser, secret), []);

  const { waiting } = await log.retention.rewriteFiles();
  assert.deepEqual(waiting, []);
  await settle(superuser);
  assert.deepEqual(filesWith(secret), []);
  await log.assertInOrder();
});

test('what a rule let go is gone from the dump and the files as well', async (t) => {
  const log = await openRetentionLog(t);
  const superuser = await log.connect(log.fresh.superuserUrl);
  const secret = 'bertalan-1955-szabo';
  await seed(log, monthsAgo(3), secret);
  await superuser.query('ANALYZE');
  await settle(superuser);
  assert.ok(filesWith(secret).length > 4, 'the files never held it');
  for (const retentionClass of ['flow', 'record'] as const) {
    await log.rules.set(log.people.anna, retentionClass, { keepDays: 30, reason: 'policy 4' });
  }
  await log.retention.apply();
  assert.deepEqual(await tablesWith(superuser, secret), []);
  assert.deepEqual((await log.retention.rewriteFiles()).waiting, []);
  await settle(superuser);
  assert.deepEqual(filesWith(secret), []);
  await log.assertInOrder();
});

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { InventoryFollower } from '../../src/inventory/inventory-follower.js';
import { RecordsFollower } from '../../src/inventory/records-follower.js';
import { FlowMinutesFollower } from '../../src/inventory/flow-minutes-follower.js';
import { SourceHealthFollower } from '../../src/inventory/source-health-follower.js';
import { WorkloadLabelsFollower } from '../../src/inventory/workload-labels-follower.js';
import { Followers, type Follower } from '../../src/log/follower.js';
import { PolicyVersionsFollower } from '../../src/policies/policy-versions-follower.js';
import { sampleEntries } from './sample-records.js';
import { openTestLog, untilSomebodyWaits, type TestLog } from './test-log.js';

const names = ['records', 'inventory', 'source-health', 'policies', 'labels', 'flow-minutes'];
const derived = [
  'record',
  'source_receipt',
  'source_heard',
  'source_lag',
  'workload',
  'flow_edge',
  'policy_version',
  'workload_labels',
  'flow_minute',
];

interface Ending {
  after(work: () => Promise<void>): void;
}

/** Followers that end with the test, whether it passes or not. */
function followersOf(t: Ending, { database, log }: TestLog, list: readonly Follower[] = ownFollowers()): Followers {
  const followers = new Followers(database, log, list, { now: () => new Date(), onError: () => {} });
  t.after(() => followers.stop());
  return followers;
}

function ownFollowers(): Follower[] {
  return [
    new RecordsFollower(),
    new InventoryFollower(),
    new SourceHealthFollower(),
    new PolicyVersionsFollower(),
    new WorkloadLabelsFollower(),
    new FlowMinutesFollower(),
  ];
}

/** All rows of all derived tables, and where the followers stand. */
async function dump({ database }: TestLog): Promise<Record<string, string[]>> {
  const tables: Record<string, string[]> = {};
  for (const table of derived) {
    const rows = await database.query<{ row: string }>(`SELECT t::text AS row FROM ${table} AS t ORDER BY 1`);
    tables[table] = rows.map(({ row }) => row);
  }
  const cursors = await database.query<{ row: string }>(
    `SELECT name || ' ' || next_index AS row FROM follower WHERE name = ANY ($1) ORDER BY 1`,
    [names],
  );
  return { ...tables, follower: cursors.map(({ row }) => row) };
}

async function rebuilt(t: Ending, test: TestLog): Promise<Record<string, string[]>> {
  const followers = followersOf(t, test);
  for (const name of names) await followers.rebuild(name);
  return await dump(test);
}

async function appendInPieces(log: TestLog['log'], begin: number, end: number): Promise<void> {
  for (let at = begin; at < end;) {
    const next = Math.min(end, at + 1 + ((at * 7) % 240));
    await log.append(sampleEntries(at, next));
    at = next;
  }
}

function assertWhole(tables: Record<string, string[]>, size: number): void {
  for (const table of derived) assert.ok((tables[table] ?? []).length > 0, `${table} is empty`);
  assert.deepEqual(
    tables['follower'],
    names.toSorted().map((name) => `${name} ${size}`),
  );
}

test('a rebuild from index 0 gives the rows that following gave, whatever the steps were', async (t) => {
  const test = await openTestLog(t);
  const followers = followersOf(t, test);
  followers.start();
  await appendInPieces(test.log, 0, 5000);
  await followers.reached(5000);
  await followers.stop();
  const followed = await dump(test);
  assertWhole(followed, 5000);
  assert.deepEqual(await rebuilt(t, test), followed);
  assert.equal(followed['record']?.length, sampleEntries(0, 5000).filter(({ source }) => source !== 'segproof').length);
});

test('processes that follow at once take each entry once, also when one of them is killed', async (t) => {
  const test = await openTestLog(t);
  const [first, second] = await Promise.all([startFollowing(t, test), startFollowing(t, test)]);
  const own = followersOf(t, test);
  own.start();
  await appendInPieces(test.log, 0, 2000);
  first.kill('SIGKILL');
  await appendInPieces(test.log, 2000, 4000);
  await own.stop();
  const third = await startFollowing(t, test);
  await appendInPieces(test.log, 4000, 6000);
  await own.reached(6000);
  for (const child of [second, third]) await stopFollowing(child);
  const followed = await dump(test);
  assertWhole(followed, 6000);
  assert.deepEqual(await rebuilt(t, test), followed);
});

test('a rebuild beside a process that goes on following doubles nothing', async (t) => {
  const test = await openTestLog(t, { poolSize: 8 });
  const child = await startFollowing(t, test);
  const appending = appendInPieces(test.log, 0, 3000);
  for (const name of [...names, ...names]) {
    await followersOf(t, test).rebuild(name);
    await sleep(30);
  }
  await appending;
  await followersOf(t, test).reached(3000);
  await stopFollowing(child);
  const followed = await dump(test);
  assertWhole(followed, 3000);
  assert.deepEqual(await rebuilt(t, test), followed);
});

test('a rebuild waits for the first step of another process, which nobody could have locked before', async (t) => {
  const test = await openTestLog(t, { poolSize: 6 });
  await test.log.append(sampleEntries(0, 10));
  let applying = (): void => {};
  const begun = new Promise<void>((resolve) => (applying = resolve));
  let goOn = (): void => {};
  const allowed = new Promise<void>((resolve) => (goOn = resolve));
  const slow: Follower = {
    name: 'slow',
    apply: async (transaction, entries) => {
      applying();
      await allowed;
      for (const { index } of entries) {
        await transaction.query(
          `INSERT INTO workload (key, name, labels, first_index, last_index, first_seen, last_seen)
           VALUES ($1, '', '{}', $2, $2, now(), now())`,
          [`key ${index}`, index],
        );
      }
    },
    reset: async (transaction) => void (await transaction.query('DELETE FROM workload')),
  };
  const first = followersOf(t, test, [slow]);
  first.start();
  await begun;
  const rebuilding = followersOf(t, test, [slow]).rebuild('slow');
  rebuilding.catch(() => {}); // told below
  const watcher = await test.connect(test.fresh.ownerUrl);
  await untilSomebodyWaits(watcher).finally(goOn);
  await rebuilding;
  await first.stop();
  const [row] = await test.database.query<{ count: number }>('SELECT count(*)::int AS count FROM workload');
  assert.equal(row?.count, 10);
});

test('a follower that fails holds up nobody, loses nothing, and goes on where it stood', async (t) => {
  const test = await openTestLog(t);
  const seen: number[] = [];
  let failures = 0;
  const failing: Follower = {
    name: 'failing',
    apply: async (transaction, entries) => {
      await transaction.query(`INSERT INTO source (name, description, created_at) VALUES ($1, '', now())`, [
        `seen-${entries[0]?.index}-${failures}`,
      ]);
      if (entries[0]?.index !== 0 && failures++ === 0) await transaction.query('SELECT 1 / 0');
      seen.push(...entries.map(({ index }) => index));
    },
    reset: async () => {},
  };
  const followers = followersOf(t, test, [...ownFollowers(), failing]);
  followers.start();
  await test.log.append(sampleEntries(0, 100));
  await followers.reached(100);
  await test.log.append(sampleEntries(100, 200));
  const others = followersOf(t, test);
  await others.reached(200);
  assert.equal((await followers.positions()).get('failing'), 100, 'the others waited for the one that failed');
  await followers.reached(200);
  await followers.stop();
  assert.deepEqual(
    seen,
    Array.from({ length: 200 }, (_, index) => index),
  );
  const rows = await test.database.query<{ name: string }>('SELECT name FROM source ORDER BY name');
  assert.deepEqual(
    rows.map(({ name }) => name),
    ['seen-0-0', 'seen-100-1'],
    'what the failed step wrote is gone',
  );
});

test('there is no follower of another name to rebuild', async (t) => {
  await assert.rejects(
    followersOf(t, await openTestLog(t)).rebuild('inventry'),
    /records, inventory, source-health, policies/,
  );
});

async function startFollowing(t: Ending, { fresh }: TestLog): Promise<ChildProcess> {
  const program = join(import.meta.dirname, 'following-process.js');
  const child = spawn(process.execPath, [program, fresh.serviceUrl], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(async () => void child.kill('SIGKILL'));
  await new Promise((resolve, reject) => {
    child.once('error', reject).once('exit', reject);
    child.stdout?.once('data', resolve);
  });
  return child;
}

async function stopFollowing(child: ChildProcess): Promise<void> {
  child.removeAllListeners('exit');
  const code = await new Promise((resolve) => {
    child.once('exit', resolve);
    child.stdin?.end();
  });
  assert.equal(code, 0);
}

import assert from 'node:assert/strict';
import { Clock, type Actor, type Role } from '../../src/context.js';
import { makePartitions } from '../../src/ground.js';
import { InventoryFollower } from '../../src/inventory/inventory-follower.js';
import { RecordsFollower } from '../../src/inventory/records-follower.js';
import { FlowMinutesFollower } from '../../src/inventory/flow-minutes-follower.js';
import { SourceHealthFollower } from '../../src/inventory/source-health-follower.js';
import { WorkloadLabelsFollower } from '../../src/inventory/workload-labels-follower.js';
import { Jobs } from '../../src/jobs/jobs.js';
import type { NewEntry } from '../../src/log/entry.js';
import { Followers } from '../../src/log/follower.js';
import { uuidText, uuidv7Bytes } from '../../src/log/uuid.js';
import { PolicyVersionsFollower } from '../../src/policies/policy-versions-follower.js';
import { Erasures } from '../../src/retention/erasures.js';
import { LegalHolds } from '../../src/retention/holds.js';
import { Retention } from '../../src/retention/retention.js';
import { RetentionRules } from '../../src/retention/rules.js';
import { openTestLog, type TestLog } from '../log/test-log.js';

/** A log with people and the use cases of retention, whose time the test sets. */
export interface RetentionLog extends TestLog {
  readonly rules: RetentionRules;
  readonly holds: LegalHolds;
  readonly erasures: Erasures;
  readonly retention: Retention;
  readonly followers: Followers;
  readonly people: Readonly<Record<'anna' | 'boris' | 'chris', Actor>>;
  /** Appends entries as received at this time, and lets the followers take them; returns their indices. */
  receive(at: string, entries: readonly NewEntry[]): Promise<number[]>;
  /** Sets the time of the service, without anything else. */
  setTime(at: string): void;
  /** Lets the followers take all there is. */
  follow(): Promise<void>;
  /** Asks for an erasure as Anna and approves it as Boris. */
  erase(indices: readonly number[]): Promise<string>;
  /** Writes the files anew, again while others on the same server are in the way; returns the tables. Fails when that takes 20 s. */
  rewriteAll(): Promise<string[]>;
  /** Fails unless the log, with what is recorded about removals, is in order. */
  assertInOrder(...checkpoints: string[]): Promise<void>;
  /** Rows of the derived tables as text; as they are, or as a rebuild from index 0 makes them. */
  derived(): Promise<Record<string, string[]>>;
  rebuilt(): Promise<Record<string, string[]>>;
}

interface Ending {
  after(work: () => Promise<void>): void;
}

export const derivedTables = [
  'record',
  'record_day',
  'source_receipt',
  'source_heard',
  'source_lag',
  'workload',
  'flow_edge',
  'policy_version',
  'workload_labels',
  'flow_minute',
];

/** Noon of the tenth of a month so many months before the present one, which is what the database goes by. */
export function monthsAgo(months: number, day = 10): string {
  const now = new Date();
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months, day, 12)).toISOString();
}

/** `YYYY-MM` of a time. */
export function monthOf(time: string): string {
  return time.slice(0, 7);
}

export async function openRetentionLog(t: Ending): Promise<RetentionLog> {
  const time = { now: new Date() };
  const clock = new Clock(() => time.now);
  const closing: (() => Promise<void>)[] = [];
  t.after(async () => {
    for (const close of closing.toReversed()) await close();
  });
  const test = await openTestLog({ after: (work) => closing.push(work) }, { now: () => clock.now(), poolSize: 8 });
  const { database, log } = test;
  const jobs = new Jobs({
    redisUrl: undefined,
    databaseUrl: test.fresh.serviceUrl,
    installation: 'test',
    onError: () => {},
  });
  closing.push(() => jobs.close());
  await jobs.ready();
  const followers = new Followers(
    database,
    log,
    [
      new RecordsFollower(),
      new InventoryFollower(),
      new SourceHealthFollower(),
      new PolicyVersionsFollower(),
      new WorkloadLabelsFollower(),
      new FlowMinutesFollower(),
    ],
    {
      now: () => clock.now(),
      onError: (_, error) => {
        throw error;
      },
    },
  );
  const person = (name: string, roles: Role[]): Promise<Actor> => addPerson(test, name, roles);
  const people = {
    anna: await person('anna', ['admin']),
    boris: await person('boris', ['approver']),
    chris: await person('chris', ['admin']),
  };
  const retention = new Retention(database, log, followers);
  const erasures = new Erasures(database, log, followers, jobs);
  const follow = async (): Promise<void> => {
    // A set of followers runs once.
    const running = new Followers(
      database,
      log,
      [
        new RecordsFollower(),
        new InventoryFollower(),
        new SourceHealthFollower(),
        new PolicyVersionsFollower(),
        new WorkloadLabelsFollower(),
        new FlowMinutesFollower(),
      ],
      { now: () => clock.now(), onError: () => {} },
    );
    running.start();
    await running.reached((await log.head()).size);
    await running.stop();
  };
  const derived = async (): Promise<Record<string, string[]>> => {
    const tables: Record<string, string[]> = {};
    for (const table of derivedTables) {
      const rows = await database.query<{ row: string }>(`SELECT t::text AS row FROM ${table} AS t ORDER BY 1`);
      tables[table] = rows.map(({ row }) => row);
    }
    return tables;
  };
  return {
    ...test,
    rules: new RetentionRules(database, log),
    holds: new LegalHolds(database, log),
    erasures,
    retention,
    followers,
    people,
    follow,
    derived,
    setTime: (at) => {
      time.now = new Date(at);
    },
    receive: async (at, entries) => {
      time.now = new Date(at);
      await makePartitions(database, clock);
      const { receipts } = await log.append(entries);
      await follow();
      return receipts.map(({ index }) => index);
    },
    erase: async (indices) => {
      const { id } = await erasures.request(people.anna, {
        reason: 'case 7',
        selection: { by: 'indices', indices: [...indices] },
      });
      await erasures.approve(people.boris, id, 'seen');
      return id;
    },
    rewriteAll: async () => {
      const tables: string[] = [];
      const deadline = Date.now() + 20_000;
      for (;;) {
        const { rewritten, waiting } = await retention.rewriteFiles();
        tables.push(...rewritten);
        if (waiting.length === 0) return tables;
        // Transactions of other databases of the server hold back what may be dropped, too.
        assert.ok(Date.now() < deadline, `still in use after 20 s: ${waiting.join()}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
    assertInOrder: async (...checkpoints) => {
      assert.deepEqual((await test.fsck(...checkpoints)).problems, []);
    },
    rebuilt: async () => {
      for (const name of ['records', 'inventory', 'policies', 'labels', 'flow-minutes']) await followers.rebuild(name);
      return await derived();
    },
  };
}

async function addPerson(test: TestLog, name: string, roles: Role[]): Promise<Actor> {
  const id = uuidText(uuidv7Bytes(Date.UTC(2026, 0, 1)));
  await test.database.query(
    `INSERT INTO users (id, name, display_name, roles, password_hash, created_at) VALUES ($1, $2, $2, $3, '-', now())`,
    [id, name, roles],
  );
  return { id, name, displayName: name, roles };
}

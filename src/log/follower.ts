import type { Database, Transaction } from '../database/database.js';
import type { Log } from './log.js';
import { streamEntries, type StoredEntry } from './read.js';

/**
 * Something derived from the log. It is given every entry once, in index order, and writes its rows
 * in the same transaction as its cursor; the same log always gives the same rows.
 */
export interface Follower {
  readonly name: string;
  apply(transaction: Transaction, entries: readonly StoredEntry[]): Promise<void>;
  /** Empties its tables, before a rebuild from index 0. */
  reset(transaction: Transaction): Promise<void>;
  /**
   * Takes back what came from the payloads of these entries, which this transaction has removed: afterwards the tables are
   * as a rebuild would make them. All indices are below `next`, the follower's cursor, which is locked like those of the
   * others. A follower that keeps nothing of payloads leaves it out.
   */
  withdraw?(transaction: Transaction, indices: readonly number[], next: number): Promise<void>;
}

export interface FollowersOptions {
  readonly now: () => Date;
  readonly onError: (follower: string, error: unknown) => void;
  readonly onLag?: (follower: string, entries: number) => void;
}

const entriesPerStep = 2000;
/** How soon commits of other processes are seen. */
const pollMilliseconds = 500;
const retryMilliseconds = 2000;

/**
 * Runs followers; several processes may, each follower advances in one of them at a time. Followers that stand at the
 * same index advance together: the entries are read once for all of them.
 */
export class Followers {
  private stopped = false;
  private loop: Promise<void> | null = null;
  private waker: (() => void) | null = null;
  private unsubscribe: (() => void) | null = null;
  /** Followers that failed, and when (milliseconds) they are tried again; the others go on without them. */
  private readonly failing = new Map<string, number>();
  private readonly database: Database;
  private readonly log: Log;
  private readonly followers: readonly Follower[];
  private readonly options: FollowersOptions;

  constructor(database: Database, log: Log, followers: readonly Follower[], options: FollowersOptions) {
    this.database = database;
    this.log = log;
    this.followers = followers;
    this.options = options;
  }

  /** Starts following; a commit of this process wakes the followers at once. */
  start(): void {
    this.unsubscribe = this.log.onCommit(() => this.waker?.());
    this.loop = this.follow();
  }

  /** Ends after the step under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.unsubscribe?.();
    this.waker?.();
    await this.loop;
  }

  /** Resolves when every follower has taken all entries below `size`, whichever process runs it. */
  async reached(size: number): Promise<void> {
    for (;;) {
      const positions = await this.positions();
      if ([...positions.values()].every((next) => next >= size)) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The next index each follower will take. */
  async positions(): Promise<Map<string, number>> {
    const rows = await this.database.query<{ name: string; next_index: string }>(
      'SELECT name, next_index FROM follower',
    );
    const stored = new Map(rows.map((row) => [row.name, Number(row.next_index)]));
    return new Map(this.followers.map(({ name }) => [name, stored.get(name) ?? 0]));
  }

  /** Empties one follower's tables and derives them again from index 0, in this process. */
  async rebuild(name: string, onProgress: (next: number) => void = () => {}): Promise<void> {
    const follower = this.named(name);
    await this.database.transaction(async (transaction) => {
      // Waits for a step under way in another process; later steps of others start from 0 as well.
      await this.makeCursors(transaction, [name]);
      await transaction.query('SELECT 1 FROM follower WHERE name = $1 FOR UPDATE', [name]);
      await follower.reset(transaction);
      await this.moveTo(transaction, [name], 0);
    });
    for (;;) {
      const taken = await this.step([follower]);
      if (taken === 0) break;
      onProgress((await this.positions()).get(name) ?? 0);
    }
  }

  /** Lets all followers take back what came from payloads that this transaction has removed; see {@link Follower.withdraw}. */
  async withdraw(transaction: Transaction, indices: readonly number[]): Promise<void> {
    // Waits for steps under way, which may have read the payloads; later steps of others pass over what is locked here.
    const names = this.followers.map(({ name }) => name);
    await this.makeCursors(transaction, names);
    const cursors = await transaction.query<{ name: string; next_index: string }>(
      'SELECT name, next_index FROM follower WHERE name = ANY ($1) ORDER BY name FOR UPDATE',
      [names],
    );
    const positions = new Map(cursors.map((cursor) => [cursor.name, Number(cursor.next_index)]));
    // Backwards: a later follower may look at what an earlier one wrote.
    for (const follower of this.followers.toReversed()) {
      const next = positions.get(follower.name) ?? 0;
      const taken = indices.filter((index) => index < next);
      if (taken.length > 0) await follower.withdraw?.(transaction, taken, next);
    }
  }

  /** Keeps a follower where it is until this transaction ends, and says which index it takes next. */
  async hold(name: string, transaction: Transaction): Promise<number> {
    await this.makeCursors(transaction, [name]);
    const [cursor] = await transaction.query<{ next_index: string }>(
      'SELECT next_index FROM follower WHERE name = $1 FOR UPDATE',
      [name],
    );
    return Number(cursor?.next_index ?? 0);
  }

  /** Lets one follower, which is held, derive again what came from these entries; all of them are below `next`, its cursor. */
  async takeAgain(name: string, transaction: Transaction, indices: readonly number[], next: number): Promise<void> {
    await this.named(name).withdraw?.(transaction, indices, next);
  }

  private named(name: string): Follower {
    const follower = this.followers.find((candidate) => candidate.name === name);
    if (follower !== undefined) return follower;
    throw new Error(`there is no follower ${name}; there are ${this.followers.map((f) => f.name).join(', ')}`);
  }

  private async follow(): Promise<void> {
    while (!this.stopped) {
      const now = Date.now();
      const able = this.followers.filter(({ name }) => (this.failing.get(name) ?? 0) <= now);
      const taken = await this.step(able).catch((error: unknown) => {
        this.blame(error, now);
        return 0;
      });
      if (taken === 0 && !this.stopped) await this.pause();
    }
  }

  private blame(error: unknown, now: number): void {
    const name = error instanceof FollowerFailure ? error.follower : 'all';
    for (const follower of this.followers) {
      if (name === follower.name || name === 'all') this.failing.set(follower.name, now + retryMilliseconds);
    }
    this.options.onError(name, error instanceof FollowerFailure ? error.cause : error);
  }

  /** Takes the next entries for those of the followers that are furthest behind; returns how many. */
  private async step(followers: readonly Follower[]): Promise<number> {
    if (followers.length === 0) return 0;
    const names = followers.map(({ name }) => name);
    return await this.database.transaction(async (transaction) => {
      await this.makeCursors(transaction, names);
      // What another process holds is left to it.
      const cursors = await transaction.query<{ name: string; next_index: string }>(
        'SELECT name, next_index FROM follower WHERE name = ANY ($1) ORDER BY name FOR UPDATE SKIP LOCKED',
        [names],
      );
      const [head] = await transaction.query<{ size: string }>('SELECT size FROM log_head');
      const size = Number(head?.size ?? 0);
      for (const cursor of cursors) this.options.onLag?.(cursor.name, size - Number(cursor.next_index));
      const next = Math.min(size, ...cursors.map((cursor) => Number(cursor.next_index)));
      const behind = new Set(
        cursors.filter((cursor) => Number(cursor.next_index) === next).map((cursor) => cursor.name),
      );
      const furthest = cursors.map((cursor) => Number(cursor.next_index)).filter((index) => index > next);
      const end = Math.min(size, next + entriesPerStep, ...furthest);
      if (behind.size === 0 || end <= next) return 0;
      const entries: StoredEntry[] = [];
      for await (const group of streamEntries(transaction.client, next, end)) entries.push(...group);
      for (const follower of followers.filter(({ name }) => behind.has(name))) {
        try {
          await follower.apply(transaction, entries);
        } catch (cause) {
          throw new FollowerFailure(follower.name, cause);
        }
      }
      await this.moveTo(transaction, [...behind], end);
      return end - next;
    });
  }

  /** Only what is there can be locked. Waits for the first step of another process, which makes the cursor with its rows. */
  private async makeCursors(transaction: Transaction, names: readonly string[]): Promise<void> {
    await transaction.query(
      'INSERT INTO follower (name, next_index, updated_at) SELECT unnest($1::text[]), 0, $2 ON CONFLICT DO NOTHING',
      [names, this.options.now()],
    );
  }

  private async moveTo(transaction: Transaction, names: readonly string[], next: number): Promise<void> {
    await transaction.query(
      `INSERT INTO follower (name, next_index, updated_at) SELECT unnest($1::text[]), $2, $3
       ON CONFLICT (name) DO UPDATE SET next_index = excluded.next_index, updated_at = excluded.updated_at`,
      [names, next, this.options.now()],
    );
  }

  private async pause(): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waker = null;
        resolve();
      };
      const timer = setTimeout(done, pollMilliseconds);
      this.waker = done;
    });
  }
}

class FollowerFailure extends Error {
  override readonly name = 'FollowerFailure';
  readonly follower: string;
  constructor(follower: string, cause: unknown) {
    super(`the follower ${follower} could not take entries`, { cause });
    this.follower = follower;
  }
}

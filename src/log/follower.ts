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

/** Runs followers; several processes may, each follower advances in one of them at a time. */
export class Followers {
  private stopped = false;
  private readonly loops: Promise<void>[] = [];
  private readonly wakers = new Set<() => void>();
  private unsubscribe: (() => void) | null = null;
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
    this.unsubscribe = this.log.onCommit(() => this.wake());
    for (const follower of this.followers) this.loops.push(this.follow(follower));
  }

  /** Ends after the steps under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    this.unsubscribe?.();
    this.wake();
    await Promise.all(this.loops);
  }

  /** Resolves when every follower has taken all entries below `size`, whichever process runs it. */
  async reached(size: number): Promise<void> {
    for (;;) {
      const positions = await this.positions();
      if ([...positions.values()].every((next) => next >= size)) return;
      await this.pause(50);
    }
  }

  /** The next index each follower will take. */
  async positions(): Promise<Map<string, number>> {
    const rows = await this.database.query<{ name: string; next_index: string }>('SELECT name, next_index FROM follower');
    const stored = new Map(rows.map((row) => [row.name, Number(row.next_index)]));
    return new Map(this.followers.map(({ name }) => [name, stored.get(name) ?? 0]));
  }

  /** Empties one follower's tables and derives them again from index 0, in this process. */
  async rebuild(name: string, onProgress: (next: number) => void = () => {}): Promise<void> {
    const follower = this.followers.find((candidate) => candidate.name === name);
    if (follower === undefined) {
      throw new Error(`there is no follower ${name}; there are ${this.followers.map((f) => f.name).join(', ')}`);
    }
    await this.database.transaction(async (transaction) => {
      // Waits for a step under way in another process; later steps of others start from 0 as well.
      await transaction.query('SELECT 1 FROM follower WHERE name = $1 FOR UPDATE', [name]);
      await follower.reset(transaction);
      await this.moveTo(transaction, name, 0);
    });
    for (;;) {
      const taken = await this.step(follower);
      if (taken === 0) break;
      if (taken !== null) onProgress((await this.positions()).get(name) ?? 0);
    }
  }

  private async follow(follower: Follower): Promise<void> {
    while (!this.stopped) {
      let pause = pollMilliseconds;
      try {
        const taken = await this.step(follower);
        if (taken !== null && taken > 0) continue;
      } catch (error) {
        this.options.onError(follower.name, error);
        pause = retryMilliseconds;
      }
      if (!this.stopped) await this.pause(pause);
    }
  }

  /** Takes the next entries; their number, or null when another process is at this follower. */
  private async step(follower: Follower): Promise<number | null> {
    return await this.database.transaction(async (transaction) => {
      await transaction.query('INSERT INTO follower (name, next_index, updated_at) VALUES ($1, 0, $2) ON CONFLICT DO NOTHING', [
        follower.name,
        this.options.now(),
      ]);
      const [cursor] = await transaction.query<{ next_index: string }>(
        'SELECT next_index FROM follower WHERE name = $1 FOR UPDATE SKIP LOCKED',
        [follower.name],
      );
      if (cursor === undefined) return null;
      const next = Number(cursor.next_index);
      const [head] = await transaction.query<{ size: string }>('SELECT size FROM log_head');
      const size = Number(head?.size ?? 0);
      this.options.onLag?.(follower.name, size - next);
      const end = Math.min(size, next + entriesPerStep);
      if (end <= next) return 0;
      const entries: StoredEntry[] = [];
      for await (const group of streamEntries(transaction.client, next, end)) entries.push(...group);
      await follower.apply(transaction, entries);
      await this.moveTo(transaction, follower.name, end);
      return end - next;
    });
  }

  private async moveTo(transaction: Transaction, name: string, next: number): Promise<void> {
    await transaction.query(
      `INSERT INTO follower (name, next_index, updated_at) VALUES ($1, $2, $3)
       ON CONFLICT (name) DO UPDATE SET next_index = excluded.next_index, updated_at = excluded.updated_at`,
      [name, next, this.options.now()],
    );
  }

  private wake(): void {
    for (const waker of this.wakers) waker();
  }

  private async pause(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        this.wakers.delete(done);
        resolve();
      };
      const timer = setTimeout(done, milliseconds);
      this.wakers.add(done);
    });
  }
}

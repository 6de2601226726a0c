import { randomBytes } from 'node:crypto';
import type { PoolClient } from 'pg';
import { systemActor } from '../context.js';
import type { Database, Transaction } from '../database/database.js';
import { Problem } from '../errors.js';
import {
  appendEntries,
  HeadMovedError,
  KnownFactError,
  planAppend,
  type AppendResult,
  type Counted,
  type ExpectedHead,
  type Head,
  type PlannedAppend,
} from './append.js';
import { signCheckpoint } from './core/checkpoint.js';
import { signNote, type Signer, type Verifier } from './core/note.js';
import { inclusionRanges, rangeHasher, type LeafRange } from './core/proof.js';
import { tileWidth } from './core/tiles.js';
import { emptyRoot } from './core/tree.js';
import { actEntry } from './act.js';
import type { Appended } from './deduplication.js';
import { prepareEntry, type EntryToAppend, type NewEntry, type PreparedEntry } from './entry.js';
import type { AppendedLeaves } from './second-path.js';
import { describeStop, SigningGuard } from './signing-guard.js';
import type { Stop } from './signing-state.js';
import { uuidText } from './uuid.js';

/** Proof of an append, given after commit. */
export class Receipt {
  readonly index: number;
  readonly outcome: Appended['outcome'];
  /** Index of the earlier entry of the same fact with other bytes; null where there is none. */
  readonly conflictsWith: number | null;
  private readonly entry: EntryToAppend;

  constructor(entry: EntryToAppend, { index, outcome, conflictsWith }: Appended) {
    this.entry = entry;
    this.index = index;
    this.outcome = outcome;
    this.conflictsWith = conflictsWith ?? null;
  }

  /** The entry's UUID; for a duplicate, null: it belongs to the earlier receipt. */
  get id(): string | null {
    return this.outcome === 'duplicate' ? null : uuidText(this.entry.id);
  }

  /** Lower-case hex; null for a duplicate. */
  get leafHash(): string | null {
    return this.outcome === 'duplicate' ? null : this.entry.leafHash;
  }
}

export interface Receipts {
  readonly receipts: readonly Receipt[];
  /** Signed checkpoint that covers the entries; null while signing is stopped. */
  readonly checkpoint: string | null;
  /** Why there is no checkpoint; null when there is one. */
  readonly signing: string | null;
  /** Size of the tree that the checkpoint speaks of. */
  readonly size: number;
  /** Inclusion proof to the checkpoint's root, of an entry appended with these receipts; duplicates are older and have none here. */
  readonly prove: (index: number) => Buffer[];
}

/** Bounds of one commit: large enough to share its cost, small enough to keep others waiting briefly. */
const mostEntriesPerCommit = 10_000;
const mostBytesPerCommit = 32 * 1024 * 1024;

/** Commits that take the safe way after one that met something unexpected. */
const commitsAfterSurprise = 50;

/** A batch is made ready early from this size on. */
const entriesWorthPlanning = 500;

/** Entries hashed before other work of the process gets its turn. */
const entriesPerTurn = 100;

/** Never seen: an append answers with a result for each entry. */
const notAppended: Appended = { index: -1, outcome: 'appended' };

interface Waiting {
  /** Whose repetitions are counted; null counts none. */
  readonly source: string | null;
  readonly entries: readonly EntryToAppend[];
  readonly resolve: (receipts: Receipts) => void;
  readonly reject: (error: unknown) => void;
}

/** Requests that are committed together. */
interface Batch {
  readonly requests: readonly Waiting[];
  readonly entries: readonly EntryToAppend[];
  readonly counted: Counted;
  /** How it is appended if the head is where it was expected when this was made. */
  readonly plan: PlannedAppend | null;
}

function batchOf(requests: readonly Waiting[], at: Date): Batch {
  const counted = { requests: requests.map(({ source, entries }) => ({ source, entries: entries.length })), at };
  return { requests, entries: requests.flatMap((request) => request.entries), counted, plan: null };
}

function isSameHead(one: ExpectedHead, other: ExpectedHead): boolean {
  return one.state.size === other.state.size && one.root.equals(other.root) && one.origin === other.origin;
}

/**
 * The log: one order of everything that happened. Any number of processes may append; the lock on
 * the head row orders them.
 */
export class Log {
  readonly origin: string;
  /** Stands before the key. */
  readonly signing: SigningGuard;
  private readonly database: Database;
  private signer: Signer;
  private readonly now: () => Date;
  private readonly waiting: Waiting[] = [];
  private readonly taken = new Set<Promise<Receipts>>();
  private committing: Promise<void> | null = null;
  /** Taken from those waiting while the commit before it was under way. */
  private next: Batch | null = null;
  private preparing: Promise<unknown> = Promise.resolve();
  private closed = false;
  private commitsLookingFirst = 0;
  private commitsLockingFirst = 0;
  private timesMoved = 0;
  /** Where this process left the head; null when somebody else may have moved it. */
  private last: ExpectedHead | null = null;
  private readonly listeners = new Set<(head: Head) => void>();

  /** Without a guard of its own, the log has one that remembers nothing outside the database. */
  constructor(database: Database, signer: Signer, now: () => Date, guard?: SigningGuard) {
    this.database = database;
    this.signer = signer;
    this.origin = signer.verifier.name;
    this.now = now;
    const verifiers = (): readonly Verifier[] => [this.signer.verifier];
    this.signing = guard ?? new SigningGuard({ database, origin: this.origin, now, verifiers, state: null });
    this.signing.attach({
      recordStop: async (stop) => await this.recordStop(stop),
      signNote: (body) => signNote(body, this.signer),
    });
  }

  /** Key that verifies this log's checkpoints. */
  get verifierKey(): string {
    return this.signer.verifier.text;
  }

  /** Signs with another key from now on, one that is registered as the successor of the present one. */
  useSigner(signer: Signer): void {
    this.signer = signer;
  }

  /**
   * Appends entries and resolves after they are committed, in the order given. Requests in flight
   * at the same time are committed together (group commit).
   * @throws Problem `unavailable` when the database did not confirm them.
   */
  async append(entries: readonly NewEntry[]): Promise<Receipts> {
    return await this.answering(async () => {
      const receivedAt = this.now();
      if (entries.length <= entriesPerTurn) {
        return await this.enqueue(
          null,
          entries.map((entry) => prepareEntry(entry, receivedAt)),
        );
      }
      return await this.enqueue(null, await this.prepareInTurn(entries, receivedAt));
    });
  }

  /** Hashes large requests one after another: taken by turns, all would be ready last, and none could be committed meanwhile. */
  private async prepareInTurn(entries: readonly NewEntry[], receivedAt: Date): Promise<PreparedEntry[]> {
    const before = this.preparing;
    const prepare = async (): Promise<PreparedEntry[]> => {
      await before;
      const prepared: PreparedEntry[] = [];
      for (const entry of entries) {
        prepared.push(prepareEntry(entry, receivedAt));
        // Lets the commit under way go on: hashing and the database's work overlap.
        if (prepared.length % entriesPerTurn === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      return prepared;
    };
    const result = prepare();
    this.preparing = result.catch(() => {});
    return await result;
  }

  /**
   * As {@link append}, for entries that are hashed already. Those of a `source` that are in the log already are counted as its
   * repetitions, in the same commit.
   * @throws Problem `unavailable` when the database did not confirm them.
   */
  async appendPrepared(entries: readonly EntryToAppend[], source: string | null = null): Promise<Receipts> {
    return await this.answering(async () => await this.enqueue(source, entries));
  }

  /** Takes a request unless the log is closing; what is taken is answered before it closes. */
  private async answering(work: () => Promise<Receipts>): Promise<Receipts> {
    if (this.closed)
      throw new Problem('unavailable', 'The service is stopping; send the records again shortly.', { retryAfter: 2 });
    const answer = work();
    this.taken.add(answer);
    try {
      return await answer;
    } finally {
      this.taken.delete(answer);
    }
  }

  private async enqueue(source: string | null, entries: readonly EntryToAppend[]): Promise<Receipts> {
    return await new Promise<Receipts>((resolve, reject) => {
      this.waiting.push({ source, entries, resolve, reject });
      this.committing ??= this.commitWaiting();
    });
  }

  /**
   * A domain change and its entries, committed together, with the time of both. `work` should
   * append last: from the first append to the commit the head is locked.
   */
  async transact<T>(work: (transaction: LogTransaction) => Promise<T>): Promise<T> {
    const heads: Head[] = [];
    const leaves: { sizeBefore: number; leafHashes: string[] }[] = [];
    const result = await this.database.transaction(async (transaction) => {
      const now = this.now();
      return await work({
        transaction,
        now,
        append: async (entry) => {
          this.last = null;
          const prepared = prepareEntry(entry, now);
          const done = await appendEntries(transaction.client, [prepared], { own: false });
          heads.push(done.head);
          leaves.push({ sizeBefore: done.sizeBefore, leafHashes: [prepared.leafHash] });
          return done.head.size - 1;
        },
      });
    });
    for (const own of leaves) this.signing.secondPath.follow(own);
    const head = heads.at(-1);
    if (head !== undefined) this.announce(head);
    return result;
  }

  /** Calls back after each commit made by this process. */
  onCommit(listener: (head: Head) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Where the log stands now. */
  async head(): Promise<Head> {
    const [row] = await this.database.query<{ origin: string; size: string; root: Buffer }>(
      'SELECT origin, size, root FROM log_head',
    );
    if (row === undefined) throw new Error('the log has no head; start the service once, which makes it');
    return { origin: row.origin, size: Number(row.size), root: row.root };
  }

  /**
   * Signed checkpoint of a committed head, whose root was computed a second time.
   * @throws Problem `unavailable` while signing is stopped.
   */
  async sign(head: Head): Promise<string> {
    await this.signing.check(head);
    return this.signChecked(head);
  }

  /**
   * As {@link sign}, for a checkpoint that is kept: the root is computed again from the stored entries.
   * @throws Problem `unavailable` while signing is stopped.
   */
  async signToKeep(head: Head): Promise<string> {
    await this.signing.checkRows(head);
    return this.signChecked(head);
  }

  /** As {@link sign}; says why there is no checkpoint instead of throwing. */
  async trySign(head: Head, own?: AppendedLeaves): Promise<Pick<Receipts, 'checkpoint' | 'signing'>> {
    try {
      await this.signing.check(head, own);
      return { checkpoint: this.signChecked(head), signing: null };
    } catch (error) {
      const { stopped } = this.signing;
      if (stopped !== null) return { checkpoint: null, signing: describeStop(stopped) };
      const cause = error instanceof Error ? error.message : String(error);
      return { checkpoint: null, signing: `The checkpoint could not be checked a second time (${cause}).` };
    }
  }

  /**
   * Signs a text of another kind with the log's key; its first line must name the kind, so that it can never pass for a checkpoint.
   * @throws Problem `unavailable` while signing is stopped.
   */
  signText(body: string): string {
    this.signing.assertGoingOn();
    return signNote(body, this.signer);
  }

  private signChecked(head: Head): string {
    const note = signCheckpoint({ origin: head.origin, size: head.size, root: head.root }, this.signer);
    this.signing.signed(head, note);
    return note;
  }

  /** Makes it known to all processes, and an entry. */
  private async recordStop(stop: Stop): Promise<void> {
    await this.transact(async ({ transaction, now, append }) => {
      await transaction.query(
        `INSERT INTO log_signing_event (id, kind, stop, happened_at) VALUES ($1, 'stopped', $2, $3) ON CONFLICT DO NOTHING`,
        [stop.id, JSON.stringify(stop), now],
      );
      await append(actEntry('log.signing_stopped', systemActor, { stop }));
    });
  }

  /** Stops taking entries and waits for those taken. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.taken);
    await this.signing.close();
  }

  private async commitWaiting(): Promise<void> {
    // Gathers what the same turn of the event loop brings before the first commit.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      for (let batch = this.nextBatch(); batch !== null; batch = this.nextBatch()) await this.commitBatch(batch);
    } finally {
      this.committing = null;
    }
  }

  /**
   * Appends in a transaction of its own: in one round trip while this process alone appends and everything is new;
   * locks, or looks for known facts, first where that has not been so lately.
   */
  private async commit(client: PoolClient, batch: Pick<Batch, 'entries' | 'counted' | 'plan'>): Promise<AppendResult> {
    const done = await this.commitOnce(client, batch);
    this.last = { origin: done.head.origin, root: done.head.root, state: done.state };
    return done;
  }

  private async commitOnce(
    client: PoolClient,
    batch: Pick<Batch, 'entries' | 'counted' | 'plan'>,
  ): Promise<AppendResult> {
    const { entries, counted, plan } = batch;
    const expected = this.commitsLockingFirst > 0 ? null : this.last;
    this.last = null;
    if (this.commitsLockingFirst > 0) this.commitsLockingFirst--;
    if (this.commitsLookingFirst > 0) {
      this.commitsLookingFirst--;
      return await appendEntries(client, entries, { own: true, counted });
    }
    try {
      if (expected === null) return await appendEntries(client, entries, { own: true, counted, expectNew: true });
      const usable =
        plan !== null && isSameHead(plan.expected, expected) ? plan : planAppend(entries, expected, counted);
      const appending = appendEntries(client, entries, { own: true, expectNew: true, expected, plan: usable });
      // While the database works, the next large batch is made ready, should this one succeed.
      setImmediate(() => this.planNext(usable.result));
      const done = await appending;
      this.timesMoved = 0;
      return done;
    } catch (error) {
      if (error instanceof HeadMovedError) this.headMoved();
      else if (error instanceof KnownFactError) this.commitsLookingFirst = commitsAfterSurprise;
      else throw error;
      return await appendEntries(client, entries, { own: true, counted });
    }
  }

  /** The more often others move the head, the longer this process locks first. */
  private headMoved(): void {
    this.timesMoved = Math.min(this.timesMoved + 1, 6);
    this.commitsLockingFirst = 2 ** this.timesMoved - 1;
  }

  private takeBatch(): Waiting[] {
    let entries = 0;
    let bytes = 0;
    let taken = 0;
    for (const request of this.waiting) {
      entries += request.entries.length;
      for (const entry of request.entries) bytes += entry.row.length;
      if (taken > 0 && (entries > mostEntriesPerCommit || bytes > mostBytesPerCommit)) break;
      taken++;
    }
    return this.waiting.splice(0, taken);
  }

  private nextBatch(): Batch | null {
    const { next } = this;
    this.next = null;
    if (next !== null) return next;
    return this.waiting.length === 0 ? null : batchOf(this.takeBatch(), this.now());
  }

  /** Small requests wait for others to share their commit with, so only what is large already is taken early. */
  private planNext({ head, state }: AppendResult): void {
    const entries = this.waiting.reduce((sum, request) => sum + request.entries.length, 0);
    if (this.next !== null || entries < entriesWorthPlanning) return;
    const batch = batchOf(this.takeBatch(), this.now());
    const expected = { origin: head.origin, root: head.root, state };
    this.next = { ...batch, plan: planAppend(batch.entries, expected, batch.counted) };
  }

  private async commitBatch(batch: Batch): Promise<void> {
    const { requests, entries } = batch;
    let done: AppendResult;
    try {
      done = await this.database.withClient((client) => this.commit(client, batch));
    } catch (cause) {
      const failure = new Problem(
        'unavailable',
        'The service could not confirm that the records are stored. Send them again; what did get stored will not be stored twice.',
        {
          cause,
          retryAfter: 1,
        },
      );
      for (const request of requests) request.reject(failure);
      return;
    }
    // Signed only now: what a checkpoint says has been committed.
    const leafHashes = entries
      .filter((_, at) => done.results[at]?.outcome !== 'duplicate')
      .map((entry) => entry.leafHash);
    const signature = await this.trySign(done.head, { sizeBefore: done.sizeBefore, leafHashes });
    const prove = proverOf(done);
    let at = 0;
    for (const request of requests) {
      const receipts = request.entries.map((entry) => new Receipt(entry, done.results[at++] ?? notAppended));
      request.resolve({ receipts, ...signature, size: done.head.size, prove });
    }
    this.announce(done.head);
  }

  private announce(head: Head): void {
    for (const listener of this.listeners) listener(head);
  }
}

/**
 * Makes inclusion proofs of entries just appended, without reading: their siblings lie in the tiles that this append
 * filled or left unfinished.
 */
function proverOf({ head, state, full }: AppendResult): (index: number) => Buffer[] {
  let hash: ((range: LeafRange) => Buffer) | null = null;
  return (index) => {
    if (hash === null) {
      const tiles = new Map(full.map((tile) => [`${tile.level}/${tile.index}`, tile.hashes]));
      state.partial.forEach((hashes, level) => {
        tiles.set(`${level}/${Math.floor(head.size / tileWidth ** (level + 1))}`, hashes);
      });
      hash = rangeHasher(({ level, index: tile }) => tiles.get(`${level}/${tile}`));
    }
    return inclusionRanges(index, head.size).map(hash);
  };
}

/** What a domain change may use: its transaction, the time, and the log. */
export interface LogTransaction {
  readonly transaction: Transaction;
  readonly now: Date;
  /** Appends an entry without deduplication key in this transaction and returns its index. */
  readonly append: (entry: Omit<NewEntry, 'dedupe'>) => Promise<number>;
}

/**
 * Makes the head of an empty log when there is none, and returns the log's origin. Safe when several
 * processes start at once: the first one's origin stands.
 * @throws Problem `conflict` when `wanted` differs from the origin the log was started with.
 */
export async function initialiseLog(database: Database, wanted: string | undefined): Promise<string> {
  const origin = wanted ?? `localhost/segproof/${randomBytes(4).toString('hex')}`;
  await database.query(
    `INSERT INTO log_head (origin, size, root, partial) VALUES ($1, 0, $2, '') ON CONFLICT DO NOTHING`,
    [origin, emptyRoot],
  );
  const [row] = await database.query<{ origin: string }>('SELECT origin FROM log_head');
  const standing = row?.origin ?? origin;
  if (wanted !== undefined && wanted !== standing) {
    throw new Problem(
      'conflict',
      `LOG_ORIGIN is ${wanted}, but this log was started as ${standing}; a log keeps its origin. Set LOG_ORIGIN to ${standing} or leave it out.`,
    );
  }
  return standing;
}

import { Inject, Injectable } from '@nestjs/common';
import { Clock, systemActor } from '../context.js';
import { Database } from '../database/database.js';
import { Metrics } from '../metrics.js';
import { actEntry } from './act.js';
import { parseVerifierKey } from './core/note.js';
import { fsck, type FsckOptions, type FsckProblem, type FsckResult } from './fsck.js';
import { knownVerifiers } from './keys.js';
import { Log } from './log.js';
import { uuidText, uuidv7Bytes } from './uuid.js';

/** The whole log, or what came after the last verification. */
export type VerificationKind = 'full' | 'incremental';

export interface LastVerification {
  readonly kind: VerificationKind;
  readonly finishedAt: Date;
  readonly size: number;
  readonly root: Buffer;
  readonly problems: readonly string[];
  /** What could not be verified, because a key is missing; says nothing about the log. */
  readonly unverifiable: readonly string[];
  /** When the whole log was last verified; null when it never was. */
  readonly fullAt: Date | null;
}

/** A verification that was made. */
export interface PastVerification {
  readonly kind: VerificationKind;
  readonly startedAt: Date;
  readonly finishedAt: Date;
  /** Entries of the log then. */
  readonly size: number;
  /** Entries read and hashed; null for one made before this was kept. */
  readonly entries: number | null;
  readonly problems: readonly string[];
  readonly unverifiable: readonly string[];
}

export type VerificationResult = FsckResult & { readonly finishedAt: Date };

interface VerificationRow {
  readonly kind: VerificationKind;
  readonly finished_at: Date;
  readonly size: string;
  readonly root: Buffer;
  readonly problems: string[];
  readonly unverifiable: string[];
  readonly full_at: Date | null;
}

/** Verifies the log and keeps the outcome, which is itself an entry. A log that is not in order is not signed any further. */
@Injectable()
export class Verification {
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  /** Rebuilds the log from its stored bytes; see {@link fsck}. */
  async run(): Promise<VerificationResult> {
    return await this.inTurn(async () => await this.verify('full', {}));
  }

  /**
   * Verifies what came after the last verification, on the tree that it left; the whole log when something is wrong, to learn what,
   * and when it never was verified. Null when there is nothing to add: nothing is new, or the log is known not to be in
   * order, which only a verification of the whole can change.
   */
  async runIncremental(): Promise<VerificationResult | null> {
    return await this.inTurn(async () => {
      const last = await this.last();
      if (last === null) return await this.verify('full', {});
      const { size } = await this.log.head();
      // The last verification is an entry itself.
      if (last.problems.length > 0 || size === last.size + 1) return null;
      return await this.verify('incremental', { since: { size: last.size, root: last.root } });
    });
  }

  /** The last verification of either kind: an incremental one builds on one that found nothing. */
  async last(): Promise<LastVerification | null> {
    const [row] = await this.database.query<VerificationRow>(
      `SELECT kind, finished_at, size, root, problems, unverifiable,
              (SELECT max(finished_at) FROM log_verification WHERE kind = 'full') AS full_at
       FROM log_verification ORDER BY finished_at DESC, id DESC LIMIT 1`,
    );
    if (row === undefined) return null;
    return {
      kind: row.kind,
      finishedAt: row.finished_at,
      size: Number(row.size),
      root: row.root,
      problems: row.problems,
      unverifiable: row.unverifiable,
      fullAt: row.full_at,
    };
  }

  /** Newest first. */
  async history(limit: number): Promise<PastVerification[]> {
    const rows = await this.database.query<VerificationRow & { started_at: Date; entries: string | null }>(
      `SELECT kind, started_at, finished_at, size, entries, problems, unverifiable FROM log_verification
       ORDER BY finished_at DESC, id DESC LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ({
      kind: row.kind,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      size: Number(row.size),
      entries: row.entries === null ? null : Number(row.entries),
      problems: row.problems,
      unverifiable: row.unverifiable,
    }));
  }

  /** One at a time: each takes two connections, and the next one builds on it. */
  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return await result;
  }

  private async verify(kind: VerificationKind, extent: Pick<FsckOptions, 'since'>): Promise<VerificationResult> {
    const startedAt = this.clock.now();
    const started = performance.now();
    const verifiers = await knownVerifiers(this.database, [parseVerifierKey(this.log.verifierKey)]);
    const result = await fsck(this.database, { verifiers, ...extent });
    const unverifiable = result.problems.filter((problem) => problem.class === 'unknown_key').map(problemText);
    const problems = result.problems.filter((problem) => problem.class !== 'unknown_key').map(problemText);
    if (kind === 'incremental' && problems.length > 0) return await this.verify('full', {});
    const finishedAt = this.clock.now();
    await this.keep({ kind, startedAt, finishedAt, result, problems, unverifiable });
    this.metrics.verificationProblems.set(problems.length + result.more);
    this.metrics.verificationTime.set({ kind }, finishedAt.getTime() / 1000);
    this.metrics.verificationSeconds.set({ kind }, (performance.now() - started) / 1000);
    await this.stopSigning(problems);
    return { ...result, finishedAt };
  }

  private async keep(outcome: {
    readonly kind: VerificationKind;
    readonly startedAt: Date;
    readonly finishedAt: Date;
    readonly result: FsckResult;
    readonly problems: readonly string[];
    readonly unverifiable: readonly string[];
  }): Promise<void> {
    const { kind, startedAt, finishedAt, result, problems, unverifiable } = outcome;
    await this.log.transact(async ({ transaction, now, append }) => {
      await transaction.query(
        `INSERT INTO log_verification (id, kind, started_at, finished_at, size, root, entries, problems, unverifiable)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
        [
          uuidText(uuidv7Bytes(now.getTime())),
          kind,
          startedAt,
          finishedAt,
          result.size,
          result.root,
          result.entries,
          JSON.stringify(problems),
          JSON.stringify(unverifiable),
        ],
      );
      await append(
        actEntry('log.verified', systemActor, {
          kind,
          size: result.size,
          root: result.root.toString('hex'),
          entries: result.entries,
          problems,
          unverifiable,
          more: result.more,
        }),
      );
    });
  }

  /** What an operator has decided to stand by stops the signer no more. */
  private async stopSigning(problems: readonly string[]): Promise<void> {
    if (problems.length === 0 || this.log.signing.stopped !== null) return;
    const known = new Set((await this.log.signing.lastDecision())?.problems.map(placeOf));
    const unknown = problems.filter((problem) => !known.has(placeOf(problem)));
    const [first] = unknown;
    if (first === undefined) return;
    const more = unknown.length > 1 ? `, and ${unknown.length - 1} more` : '';
    await this.log.signing.stop('verification', `the verification of the log found ${first}${more}`);
  }
}

/** Class and position, without the words about it. */
function placeOf(problem: string): string {
  return problem.slice(0, problem.indexOf(': '));
}

function problemText(problem: FsckProblem): string {
  return `${problem.class} at ${problem.position}: ${problem.message}`;
}

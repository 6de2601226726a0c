import { Inject, Injectable } from '@nestjs/common';
import { Clock, systemActor } from '../context.js';
import { Database } from '../database/database.js';
import { Metrics } from '../metrics.js';
import { actEntry } from './act.js';
import { parseVerifierKey } from './core/note.js';
import { fsck, type FsckResult } from './fsck.js';
import { Log } from './log.js';
import { uuidText, uuidv7Bytes } from './uuid.js';

export interface LastVerification {
  readonly finishedAt: Date;
  readonly size: number;
  readonly root: Buffer;
  readonly problems: readonly string[];
}

/** Verifies the whole log and keeps the outcome, which is itself an entry. */
@Injectable()
export class Verification {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  /** Rebuilds the log from its stored bytes; see {@link fsck}. */
  async run(): Promise<FsckResult & { readonly finishedAt: Date }> {
    const startedAt = this.clock.now();
    const result = await fsck(this.database, { verifiers: [parseVerifierKey(this.log.verifierKey)] });
    const problems = result.problems.map((problem) => `${problem.class} at ${problem.position}: ${problem.message}`);
    const finishedAt = this.clock.now();
    await this.log.transact(async ({ transaction, now, append }) => {
      await transaction.query(
        'INSERT INTO log_verification (id, started_at, finished_at, size, root, problems) VALUES ($1, $2, $3, $4, $5, $6)',
        [
          uuidText(uuidv7Bytes(now.getTime())),
          startedAt,
          finishedAt,
          result.size,
          result.root,
          JSON.stringify(problems),
        ],
      );
      await append(
        actEntry('log.verified', systemActor, {
          size: result.size,
          root: result.root.toString('hex'),
          problems,
          more: result.more,
        }),
      );
    });
    this.metrics.verificationProblems.set(result.problems.length + result.more);
    return { ...result, finishedAt };
  }

  async last(): Promise<LastVerification | null> {
    const [row] = await this.database.query<{ finished_at: Date; size: string; root: Buffer; problems: string[] }>(
      'SELECT finished_at, size, root, problems FROM log_verification ORDER BY finished_at DESC, id DESC LIMIT 1',
    );
    if (row === undefined) return null;
    return { finishedAt: row.finished_at, size: Number(row.size), root: row.root, problems: row.problems };
  }
}

import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { systemActor } from '../context.js';
import { Database } from '../database/database.js';
import { lockNotAvailable, sqlStateOf } from '../database/sql-state.js';
import { actEntry } from '../log/act.js';
import { Followers } from '../log/follower.js';
import { Log } from '../log/log.js';
import { readPayloadRemovals, removalStatement } from '../log/payload-removals.js';
import { HeldError, refusalOf } from './refusals.js';
import { RetentionClass } from './rules.js';

export const DueMonth = z.object({
  retentionClass: RetentionClass,
  /** Of receipt, in UTC: `YYYY-MM`. */
  month: z.string(),
  keepDays: z.number().int(),
  /** A legal hold that stops the removal of the whole month. */
  heldBy: z.object({ id: z.string(), name: z.string() }).nullable(),
});
export type DueMonth = z.infer<typeof DueMonth>;

export const RemovalView = z.object({
  id: z.string(),
  cause: z.enum(['rule', 'erasure']),
  retentionClass: RetentionClass.nullable(),
  month: z.string().nullable(),
  firstIndex: z.number().int(),
  lastIndex: z.number().int(),
  count: z.number().int(),
  digest: z.string(),
  removedAt: z.string(),
  /** Tables whose files still hold old versions of rows, until they are written anew. */
  filesToRewrite: z.array(z.string()),
});
export type RemovalView = z.infer<typeof RemovalView>;

export interface Applied {
  readonly removed: readonly { readonly retentionClass: string; readonly month: string; readonly count: number }[];
  /** Months that legal holds kept. */
  readonly held: readonly { readonly retentionClass: string; readonly month: string; readonly message: string }[];
}

/** Payloads that go in one transaction; a month is removed in as many steps as it takes, each with its entry. */
const mostPayloadsPerStep = 100_000;

/** Carries out the retention rules. Any number of processes may: each step is taken by one of them. */
@Injectable()
export class Retention {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Followers) private readonly followers: Followers,
  ) {}

  /** Months that the present rules let go and that still have payloads, oldest first. */
  async due(): Promise<DueMonth[]> {
    const rows = await this.database.query<{
      retention_class: RetentionClass;
      month: string;
      keep_days: number;
      hold_id: string | null;
      hold_name: string | null;
    }>(
      `SELECT retention_class, to_char(month, 'YYYY-MM') AS month, keep_days, hold_id, hold_name FROM retention_due()`,
    );
    return rows.map((row) => ({
      retentionClass: row.retention_class,
      month: row.month,
      keepDays: row.keep_days,
      heldBy: row.hold_id === null ? null : { id: row.hold_id, name: row.hold_name ?? '' },
    }));
  }

  /** Removes the payloads of all months that are due and not held; a second run finds nothing to do. */
  async apply(mostPerStep = mostPayloadsPerStep): Promise<Applied> {
    const removed: { retentionClass: string; month: string; count: number }[] = [];
    const held: { retentionClass: string; month: string; message: string }[] = [];
    for (const { retentionClass, month, heldBy } of await this.due()) {
      if (heldBy !== null) {
        held.push({ retentionClass, month, message: `The legal hold "${heldBy.name}" (${heldBy.id}) covers it.` });
        continue;
      }
      let count = 0;
      try {
        for (let step = -1; step !== 0; count += step) step = await this.removeStep(retentionClass, month, mostPerStep);
      } catch (error) {
        // Placed while the month was being removed.
        if (!(error instanceof HeldError)) throw error;
        held.push({ retentionClass, month, message: error.message });
      }
      if (count > 0) removed.push({ retentionClass, month, count });
    }
    return { removed, held };
  }

  /** Removes the lowest payloads of a month, and returns how many. */
  private async removeStep(retentionClass: RetentionClass, month: string, most: number): Promise<number> {
    try {
      return await this.log.transact(async ({ transaction, append }) => {
        const [step] = await transaction.query<{ id: string | null }>(
          'SELECT retention_remove($1, $2::date, $3) AS id',
          [retentionClass, `${month}-01`, most],
        );
        const id = step?.id ?? null;
        if (id === null) return 0;
        const [removal] = await readPayloadRemovals(transaction.client, 'r.id = $1', [id]);
        if (removal === undefined) throw new Error(`the month ${month} was removed without a trace`);
        if (retentionClass !== 'act') {
          const gone = await transaction.query<{ index: string }>(
            `SELECT index FROM log_entry WHERE retention_class = $1 AND received_at >= $2::date
               AND received_at < $2::date + interval '1 month' AND index BETWEEN $3 AND $4 AND payload IS NULL ORDER BY index`,
            [retentionClass, `${month}-01`, removal.firstIndex, removal.lastIndex],
          );
          await this.followers.withdraw(
            transaction,
            gone.map(({ index }) => Number(index)),
          );
        }
        await append(actEntry('retention.payloads_removed', systemActor, { removal: removalStatement(removal) }));
        return removal.count;
      });
    } catch (error) {
      throw refusalOf(error);
    }
  }

  /**
   * Takes old versions of rows out of the files of the tables that removals changed, by writing each table anew.
   * What is in use, or visible to a transaction still open, waits for the next run.
   */
  async rewriteFiles(): Promise<{ rewritten: string[]; waiting: string[] }> {
    const rows = await this.database.query<{ relation: string }>(
      'SELECT DISTINCT relation FROM payload_rewrite WHERE done_at IS NULL ORDER BY relation',
    );
    const rewritten: string[] = [];
    const waiting: string[] = [];
    for (const { relation } of rows) ((await this.rewrite(relation)) ? rewritten : waiting).push(relation);
    return { rewritten, waiting };
  }

  private async rewrite(relation: string): Promise<boolean> {
    try {
      const [row] = await this.database.query<{ done: boolean }>('SELECT payload_rewrite_run($1) AS done', [relation]);
      return row?.done === true;
    } catch (error) {
      if (sqlStateOf(error) === lockNotAvailable) return false;
      // Another process has done it meanwhile.
      const [pending] = await this.database.query<{ relation: string }>(
        'SELECT relation FROM payload_rewrite WHERE relation = $1 AND done_at IS NULL LIMIT 1',
        [relation],
      );
      if (pending === undefined) return true;
      throw error;
    }
  }

  /** Newest first. */
  async removals(limit: number): Promise<RemovalView[]> {
    const rows = await this.database.query<{
      id: string;
      erasure_id: string | null;
      retention_class: RetentionClass | null;
      month: string | null;
      first_index: string;
      last_index: string;
      count: string;
      digest: Buffer;
      removed_at: Date;
      pending: string[];
    }>(
      `SELECT r.id, r.erasure_id, r.retention_class, to_char(r.month, 'YYYY-MM') AS month, r.first_index, r.last_index, r.count,
              r.digest, r.removed_at,
              ARRAY(SELECT w.relation FROM payload_rewrite w WHERE w.removal_id = r.id AND w.done_at IS NULL ORDER BY 1) AS pending
       FROM log_payload_removal r ORDER BY r.log_size DESC, r.first_index DESC LIMIT $1`,
      [limit],
    );
    return rows.map((row) => ({
      id: row.id,
      cause: row.erasure_id === null ? 'rule' : 'erasure',
      retentionClass: row.retention_class,
      month: row.month,
      firstIndex: Number(row.first_index),
      lastIndex: Number(row.last_index),
      count: Number(row.count),
      digest: row.digest.toString('hex'),
      removedAt: row.removed_at.toISOString(),
      filesToRewrite: row.pending,
    }));
  }
}

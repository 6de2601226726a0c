import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Clock, systemActor, type Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log, type LogTransaction } from '../log/log.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';

/** Records of a source that never came: numbers that its counter skipped, or a loss that it reported itself. */
export const MissingRecords = z.object({
  id: z.uuid(),
  source: z.string(),
  kind: z.enum(['sequence', 'loss_notice']),
  /** Which of the source's counters; empty where it has one. */
  stream: z.string(),
  /** Decimal, both inclusive; null for a notice. */
  firstNumber: z.string().nullable(),
  lastNumber: z.string().nullable(),
  /** How many are still missing, decimal; null where a notice does not say. */
  missing: z.string().nullable(),
  /** Receipt of the record before them, and of the one that showed that they were missing. */
  beganAt: z.string(),
  foundAt: z.string(),
  /** Entries of the log on either side; a notice is its own evidence. */
  beforeIndex: z.number().int().nullable(),
  afterIndex: z.number().int(),
  /** Entry that says they are missing. */
  recordedIndex: z.number().int(),
  state: z.enum(['open', 'filled', 'acknowledged']),
  filledAt: z.string().nullable(),
  acknowledgedAt: z.string().nullable(),
  acknowledgedBy: z.string().nullable(),
  reason: z.string().nullable(),
});
export type MissingRecords = z.infer<typeof MissingRecords>;

export const MissingRecordsQuery = z.object({
  state: z.enum(['open', 'filled', 'acknowledged', 'all']).default('open'),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export type MissingRecordsQuery = z.infer<typeof MissingRecordsQuery>;

export const Acknowledgement = z.strictObject({
  /** Why they are missing, or why that is no matter. */
  reason: z.string().trim().min(1, 'say why').max(2000),
});
export type Acknowledgement = z.infer<typeof Acknowledgement>;

interface Row {
  readonly id: string;
  readonly source: string;
  readonly stream: string;
  readonly first: string;
  readonly last: string | null;
  readonly missing: string | null;
  readonly before_index: string | null;
  readonly after_index: string;
  readonly began_at: Date;
  readonly found_at: Date;
  readonly recorded_index: string;
  readonly filled_at: Date | null;
  readonly acknowledged_at: Date | null;
  readonly acknowledged_by: string | null;
  readonly reason: string | null;
}

type Found = Omit<Row, 'id' | 'recorded_index' | 'filled_at' | 'acknowledged_at' | 'acknowledged_by' | 'reason'>;

/** Records that overtake each other on their way come within this time; only what is missing for longer is said. */
const graceSeconds = 60;
/** Entries made in one transaction, which keeps others from appending meanwhile. */
const mostAtOnce = 100;

/** The register of records that never came, each with its entry in the log. */
@Injectable()
export class MissingRecordsRegister {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Says in the log, once each, what was found to be missing and what came after all. Several processes take turns. */
  async record(): Promise<{ readonly found: number; readonly filled: number }> {
    const total = { found: 0, filled: 0 };
    for (;;) {
      const { found, filled } = await this.recordSome();
      total.found += found;
      total.filled += filled;
      if (found < mostAtOnce && filled < mostAtOnce) return total;
    }
  }

  private async recordSome(): Promise<{ found: number; filled: number }> {
    const before = new Date(this.clock.now().getTime() - graceSeconds * 1000);
    return await this.log.transact(async (work) => {
      const { transaction } = work;
      await transaction.query(`SELECT pg_advisory_xact_lock(hashtext('segproof missing records'))`);
      await transaction.query(
        `UPDATE missing_records m SET missing = g.missing FROM source_gap g
         WHERE m.source = g.source AND m.stream = g.stream AND m.after_index = g.after_index AND m.first = g.first
           AND m.filled_at IS NULL AND m.missing <> g.missing`,
      );
      const filled = await transaction.query<Row & { came_at: Date }>(
        `SELECT m.*, g.filled_at AS came_at FROM missing_records m
         JOIN source_gap g ON m.source = g.source AND m.stream = g.stream AND m.after_index = g.after_index AND m.first = g.first
         WHERE m.filled_at IS NULL AND g.filled_at IS NOT NULL ORDER BY m.id LIMIT $1`,
        [mostAtOnce],
      );
      for (const row of filled) await this.fill(work, row, row.came_at);
      const found = await transaction.query<Found>(
        `SELECT g.source, g.stream, g.first, g.last, g.missing, g.before_index, g.after_index, g.began_at, g.found_at
         FROM source_gap g
         LEFT JOIN source_counter c ON c.source = g.source AND c.stream = g.stream
         WHERE g.filled_at IS NULL AND (g.last IS NULL OR (c.believed AND g.found_at < $1)) AND NOT EXISTS (
           SELECT 1 FROM missing_records m
           WHERE m.source = g.source AND m.stream = g.stream AND m.after_index = g.after_index AND m.first = g.first)
         ORDER BY g.after_index, g.first LIMIT $2`,
        [before, mostAtOnce],
      );
      for (const gap of found) await this.open(work, gap);
      return { found: found.length, filled: filled.length };
    });
  }

  private async open({ transaction, now, append }: LogTransaction, gap: Found): Promise<void> {
    const id = uuidText(uuidv7Bytes(now.getTime()));
    const said = {
      id,
      source: gap.source,
      kind: gap.last === null ? 'loss_notice' : 'sequence',
      stream: gap.stream,
      firstNumber: gap.last === null ? null : gap.first,
      lastNumber: gap.last,
      missing: gap.missing,
      beganAt: gap.began_at.toISOString(),
      foundAt: gap.found_at.toISOString(),
      evidence:
        gap.before_index === null ? [Number(gap.after_index)] : [Number(gap.before_index), Number(gap.after_index)],
    };
    const index = await append(actEntry('source.gap_found', systemActor, said));
    await transaction.query(
      `INSERT INTO missing_records (id, source, stream, after_index, first, last, before_index, missing, began_at, found_at, recorded_index)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [
        id,
        gap.source,
        gap.stream,
        gap.after_index,
        gap.first,
        gap.last,
        gap.before_index,
        gap.missing,
        gap.began_at,
        gap.found_at,
        index,
      ],
    );
  }

  private async fill({ transaction, append }: LogTransaction, row: Row, cameAt: Date): Promise<void> {
    const { id, source, stream } = row;
    const said = { id, source, stream, firstNumber: row.first, lastNumber: row.last, filledAt: cameAt.toISOString() };
    const index = await append(actEntry('source.gap_filled', systemActor, said));
    await transaction.query('UPDATE missing_records SET missing = 0, filled_at = $2, filled_index = $3 WHERE id = $1', [
      id,
      cameAt,
      index,
    ]);
  }

  /** What is missing of a source, the newest first. */
  async list(source: string, { state, limit }: MissingRecordsQuery): Promise<MissingRecords[]> {
    const rows = await this.database.query<Row>(
      `SELECT * FROM missing_records WHERE source = $1 AND CASE $2
         WHEN 'open' THEN filled_at IS NULL AND acknowledged_at IS NULL
         WHEN 'filled' THEN filled_at IS NOT NULL
         WHEN 'acknowledged' THEN acknowledged_at IS NOT NULL AND filled_at IS NULL
         ELSE true END
       ORDER BY found_at DESC, id DESC LIMIT $3`,
      [source, state, limit],
    );
    return rows.map(viewOf);
  }

  /** What is missing of all sources and nobody has acknowledged, the oldest first. Ends with the payloads around it: there is nothing left to hold it against. */
  async unacknowledged(): Promise<MissingRecords[]> {
    const rows = await this.database.query<Row>(
      `SELECT m.* FROM missing_records m WHERE m.filled_at IS NULL AND m.acknowledged_at IS NULL
         AND EXISTS (SELECT 1 FROM log_entry e WHERE e.index = m.after_index AND e.payload IS NOT NULL)
       ORDER BY m.found_at, m.id`,
    );
    return rows.map(viewOf);
  }

  /**
   * A person says why records are missing, or why that is no matter.
   * @throws Problem `not_found`; `conflict` when they came meanwhile, or it was acknowledged already
   */
  async acknowledge(actor: Actor, source: string, id: string, { reason }: Acknowledgement): Promise<MissingRecords> {
    return await this.log.transact(async ({ transaction, now, append }) => {
      const [row] = await transaction.query<Row>(
        'SELECT * FROM missing_records WHERE source = $1 AND id = $2 FOR UPDATE',
        [source, id],
      );
      if (row === undefined) throw new Problem('not_found', `The source ${source} has no missing records ${id}.`);
      if (row.filled_at !== null) throw new Problem('conflict', 'The records came meanwhile.');
      if (row.acknowledged_at !== null)
        throw new Problem('conflict', `It was acknowledged already, by ${row.acknowledged_by}.`);
      const index = await append(
        actEntry('source.gap_acknowledged', actor, {
          id,
          source,
          stream: row.stream,
          firstNumber: row.last === null ? null : row.first,
          lastNumber: row.last,
          missing: row.missing,
          found: Number(row.recorded_index),
          reason,
        }),
      );
      await transaction.query(
        `UPDATE missing_records SET acknowledged_at = $2, acknowledged_index = $3, acknowledged_by = $4, reason = $5 WHERE id = $1`,
        [id, now, index, actor.name, reason],
      );
      return viewOf({ ...row, acknowledged_at: now, acknowledged_by: actor.name, reason });
    });
  }
}

function viewOf(row: Row): MissingRecords {
  const isNotice = row.last === null;
  return {
    id: row.id,
    source: row.source,
    kind: isNotice ? 'loss_notice' : 'sequence',
    stream: row.stream,
    firstNumber: isNotice ? null : row.first,
    lastNumber: row.last,
    missing: row.missing,
    beganAt: row.began_at.toISOString(),
    foundAt: row.found_at.toISOString(),
    beforeIndex: row.before_index === null ? null : Number(row.before_index),
    afterIndex: Number(row.after_index),
    recordedIndex: Number(row.recorded_index),
    state: row.filled_at !== null ? 'filled' : row.acknowledged_at !== null ? 'acknowledged' : 'open',
    filledAt: row.filled_at?.toISOString() ?? null,
    acknowledgedAt: row.acknowledged_at?.toISOString() ?? null,
    acknowledgedBy: row.acknowledged_by,
    reason: row.reason,
  };
}

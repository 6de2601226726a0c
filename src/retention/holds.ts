import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { rangesOf } from '../log/payload-removals.js';
import { Log } from '../log/log.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';
import { personId } from './refusals.js';
import { Reason, RetentionClass } from './rules.js';

const Instant = z.iso.datetime({ offset: true, error: 'an RFC 3339 time such as 2026-10-01T00:00:00Z is needed' });

export const EntryIndex = z.number().int().min(0).max(Number.MAX_SAFE_INTEGER);

/** What is left out does not narrow the hold; with nothing given it covers the whole log. */
const HoldScope = z.object({
  retentionClass: RetentionClass.nullable().default(null),
  source: z.string().min(1).max(63).nullable().default(null),
  /** An entry is covered when it happened or was received from this time on ... */
  from: Instant.nullable().default(null),
  /** ... and before this one. */
  to: Instant.nullable().default(null),
  indices: z.array(EntryIndex).min(1).max(10_000).nullable().default(null),
});

export const NewHold = z
  .object({ name: z.string().trim().min(3).max(200), reason: Reason, scope: HoldScope.prefault({}) })
  .refine(({ scope }) => scope.from === null || scope.to === null || Date.parse(scope.from) < Date.parse(scope.to), {
    path: ['scope', 'to'],
    error: 'the time must end after it begins',
  });
export type NewHold = z.infer<typeof NewHold>;

export const HoldView = z.object({
  id: z.string(),
  name: z.string(),
  reason: z.string(),
  scope: HoldScope,
  placedBy: z.string(),
  placedAt: z.string(),
  recordedIndex: z.number().int(),
  /** Null while the hold is active. */
  released: z
    .object({ by: z.string(), at: z.string(), reason: z.string(), recordedIndex: z.number().int() })
    .nullable(),
});
export type HoldView = z.infer<typeof HoldView>;

interface HoldRow {
  readonly id: string;
  readonly name: string;
  readonly reason: string;
  readonly retention_class: RetentionClass | null;
  readonly source: string | null;
  readonly time_from: Date | null;
  readonly time_to: Date | null;
  readonly indices: string[] | null;
  readonly placed_by: string;
  readonly placed_by_id: string;
  readonly placed_at: Date;
  readonly recorded_index: string;
  readonly released_by: string | null;
  readonly released_at: Date | null;
  readonly release_reason: string | null;
  readonly release_index: string | null;
}

const selectHolds = `
  SELECT h.id, h.name, h.reason, h.retention_class, h.source, h.time_from, h.time_to, h.indices, p.name AS placed_by,
         h.placed_by AS placed_by_id, h.placed_at, h.recorded_index, r.name AS released_by, l.released_at, l.reason AS release_reason,
         l.recorded_index AS release_index
  FROM legal_hold h JOIN users p ON p.id = h.placed_by
  LEFT JOIN legal_hold_release l ON l.hold_id = h.id LEFT JOIN users r ON r.id = l.released_by`;

/** Legal holds: while one is active, no payload it covers is removed, by rule or by erasure. */
@Injectable()
export class LegalHolds {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** Newest first. */
  async list(onlyActive: boolean): Promise<HoldView[]> {
    const rows = await this.database.query<HoldRow>(
      `${selectHolds} WHERE NOT $1 OR l.id IS NULL ORDER BY h.recorded_index DESC`,
      [onlyActive],
    );
    return rows.map(viewOf);
  }

  async place(actor: Actor, input: NewHold): Promise<HoldView> {
    const placedBy = personId(actor);
    const { name, reason, scope } = input;
    const indices = scope.indices === null ? null : [...new Set(scope.indices)].sort((a, b) => a - b);
    const id = await this.log.transact(async ({ transaction, now, append }) => {
      // Before the head: a removal locks in this order too, and is waited for.
      await transaction.query('LOCK TABLE legal_hold IN ROW EXCLUSIVE MODE');
      const holdId = uuidText(uuidv7Bytes(now.getTime()));
      const recorded = { ...scope, indices: indices === null ? null : rangesOf(indices) };
      const index = await append(
        actEntry('retention.hold_placed', actor, { id: holdId, name, reason, scope: recorded }),
      );
      await transaction.query(
        `INSERT INTO legal_hold (id, name, reason, retention_class, source, time_from, time_to, indices, placed_by, placed_at,
           recorded_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
        [holdId, name, reason, scope.retentionClass, scope.source, scope.from, scope.to, indices, placedBy, now, index],
      );
      return holdId;
    });
    return await this.get(id);
  }

  /**
   * Ends a hold; nobody releases the hold they placed.
   * @throws Problem `not_found`, `not_permitted`, `conflict` when it is released already.
   */
  async release(actor: Actor, id: string, reason: string): Promise<HoldView> {
    const releasedBy = personId(actor);
    await this.log.transact(async ({ transaction, now, append }) => {
      await transaction.query('LOCK TABLE legal_hold_release IN ROW EXCLUSIVE MODE');
      await transaction.query(`SELECT pg_advisory_xact_lock(hashtext('segproof legal hold release'))`);
      const [hold] = await transaction.query<HoldRow>(`${selectHolds} WHERE h.id = $1`, [holdIdOf(id)]);
      if (hold === undefined) throw new Problem('not_found', `There is no legal hold ${id}.`);
      if (hold.released_at !== null)
        throw new Problem('conflict', `The legal hold "${hold.name}" is released already.`);
      if (hold.placed_by_id === releasedBy) {
        throw new Problem(
          'not_permitted',
          `You placed the legal hold "${hold.name}"; somebody else has to release it.`,
        );
      }
      const releaseId = uuidText(uuidv7Bytes(now.getTime()));
      const index = await append(
        actEntry('retention.hold_released', actor, { id: releaseId, hold: { id, name: hold.name }, reason }),
      );
      await transaction.query(
        `INSERT INTO legal_hold_release (id, hold_id, reason, released_by, released_at, recorded_index)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [releaseId, id, reason, releasedBy, now, index],
      );
    });
    return await this.get(id);
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<HoldView> {
    const [row] = await this.database.query<HoldRow>(`${selectHolds} WHERE h.id = $1`, [holdIdOf(id)]);
    if (row === undefined) throw new Problem('not_found', `There is no legal hold ${id}.`);
    return viewOf(row);
  }
}

function viewOf(row: HoldRow): HoldView {
  return {
    id: row.id,
    name: row.name,
    reason: row.reason,
    scope: {
      retentionClass: row.retention_class,
      source: row.source,
      from: row.time_from?.toISOString() ?? null,
      to: row.time_to?.toISOString() ?? null,
      indices: row.indices?.map(Number) ?? null,
    },
    placedBy: row.placed_by,
    placedAt: row.placed_at.toISOString(),
    recordedIndex: Number(row.recorded_index),
    released:
      row.released_at === null
        ? null
        : {
            by: row.released_by ?? '',
            at: row.released_at.toISOString(),
            reason: row.release_reason ?? '',
            recordedIndex: Number(row.release_index),
          },
  };
}

function holdIdOf(id: string): string {
  if (!z.uuid().safeParse(id).success) throw new Problem('not_found', `There is no legal hold ${id}.`);
  return id;
}

import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Clock, type Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';
import type { Baseline } from './departure.js';

const PolicyRef = z.object({
  system: z.string().min(1).max(60),
  kind: z.string().min(1).max(200),
  namespace: z.string().min(1).max(253).nullable().default(null),
  name: z.string().min(1).max(253),
});

export const NewBaseline = z.object({
  /** What was in force at this instant (RFC 3339) is intended from then on; now unless given. */
  at: z.iso.datetime({ offset: true, error: 'an RFC 3339 time such as 2026-11-22T10:00:00Z is needed' }).optional(),
  reason: z.string().trim().min(3).max(5000),
  /** The policies it is accepted of; all when left out. */
  policies: z.array(PolicyRef).min(1).max(1000).nullable().default(null),
});
export type NewBaseline = z.infer<typeof NewBaseline>;

export const BaselineView = z.object({
  id: z.uuid(),
  at: z.string(),
  reason: z.string(),
  policies: z.array(PolicyRef).nullable(),
  acceptedBy: z.string(),
  acceptedAt: z.string(),
  /** Entry of the log that says so. */
  index: z.number().int(),
});
export type BaselineView = z.infer<typeof BaselineView>;

interface BaselineRow {
  readonly id: string;
  readonly at: Date;
  readonly reason: string;
  readonly policies: unknown;
  readonly accepted_by: string;
  readonly accepted_at: Date;
  readonly accepted_index: string;
}

/** Instants whose policies an administrator accepted as intended. */
@Injectable()
export class DriftBaselines {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** In the order of their instants. */
  async all(): Promise<readonly Baseline[]> {
    return (await this.list()).map(({ at, policies }) => ({ at, policies })).reverse();
  }

  /** The latest instant first. */
  async list(): Promise<BaselineView[]> {
    const rows = await this.database.query<BaselineRow>(
      'SELECT * FROM drift_baseline ORDER BY at DESC, accepted_index DESC',
    );
    return rows.map((row) =>
      BaselineView.parse({
        id: row.id,
        at: row.at.toISOString(),
        reason: row.reason,
        policies: row.policies,
        acceptedBy: row.accepted_by,
        acceptedAt: row.accepted_at.toISOString(),
        index: Number(row.accepted_index),
      }),
    );
  }

  /** @throws Problem `invalid_input` for an instant that lies ahead. */
  async accept(actor: Actor, { at, reason, policies }: NewBaseline): Promise<BaselineView> {
    const now = this.clock.now();
    const instant = at === undefined ? now : new Date(at);
    if (instant > now)
      throw new Problem(
        'invalid_input',
        'What will be in force is not known: the instant of a baseline has to be past.',
        {
          errors: [{ pointer: '/at', message: `expected an instant up to ${now.toISOString()}` }],
        },
      );
    const id = await this.log.transact(async (work) => {
      const newId = uuidText(uuidv7Bytes(work.now.getTime()));
      const baseline = { id: newId, at: instant.toISOString(), reason, policies };
      const index = await work.append(actEntry('drift.baseline_accepted', actor, { baseline }));
      await work.transaction.query(
        `INSERT INTO drift_baseline (id, at, reason, policies, accepted_by, accepted_at, accepted_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [newId, instant, reason, policies === null ? null : JSON.stringify(policies), actor.name, work.now, index],
      );
      return newId;
    });
    const accepted = (await this.list()).find((one) => one.id === id);
    if (accepted === undefined) throw new Problem('not_found', `There is no baseline ${id}.`);
    return accepted;
  }
}

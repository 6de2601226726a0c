import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Actor } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';
import { personId } from './refusals.js';

export const RetentionClass = z.enum(['flow', 'record', 'act']);
export type RetentionClass = z.infer<typeof RetentionClass>;

/** Fewest days a rule may keep payloads; policy changes are of the class `record`. The database holds the same bounds. */
export const fewestDays = { flow: 7, record: 30, act: 365 } as const satisfies Record<RetentionClass, number>;

export const Reason = z.string().trim().min(3).max(2000);

export const NewRule = z.object({
  /** Days after the end of the month of receipt; null keeps payloads for ever. */
  keepDays: z.number().int().min(1).max(36_500).nullable(),
  reason: Reason,
});
export type NewRule = z.infer<typeof NewRule>;

const RuleSet = z.object({
  id: z.string(),
  keepDays: z.number().int().nullable(),
  reason: z.string(),
  setBy: z.string(),
  setAt: z.string(),
  recordedIndex: z.number().int(),
});

export const RuleView = z.object({
  retentionClass: RetentionClass,
  /** What holds now; null keeps payloads for ever. */
  keepDays: z.number().int().nullable(),
  fewestDays: z.number().int(),
  /** Newest first. */
  history: z.array(RuleSet),
});
export type RuleView = z.infer<typeof RuleView>;

interface RuleRow {
  readonly id: string;
  readonly retention_class: RetentionClass;
  readonly keep_days: number | null;
  readonly reason: string;
  readonly set_by: string;
  readonly set_at: Date;
  readonly recorded_index: string;
}

/** How long payloads are kept, for each class of records. Without a rule they are kept for ever. */
@Injectable()
export class RetentionRules {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
  ) {}

  async list(): Promise<RuleView[]> {
    const rows = await this.database.query<RuleRow>(
      `SELECT r.id, r.retention_class, r.keep_days, r.reason, u.name AS set_by, r.set_at, r.recorded_index
       FROM retention_rule r JOIN users u ON u.id = r.set_by ORDER BY r.recorded_index DESC`,
    );
    return RetentionClass.options.map((retentionClass) => {
      const history = rows
        .filter((row) => row.retention_class === retentionClass)
        .map((row) => ({
          id: row.id,
          keepDays: row.keep_days,
          reason: row.reason,
          setBy: row.set_by,
          setAt: row.set_at.toISOString(),
          recordedIndex: Number(row.recorded_index),
        }));
      return {
        retentionClass,
        keepDays: history[0]?.keepDays ?? null,
        fewestDays: fewestDays[retentionClass],
        history,
      };
    });
  }

  /** @throws Problem `invalid_input` below the fewest days of the class. */
  async set(actor: Actor, retentionClass: RetentionClass, input: NewRule): Promise<RuleView[]> {
    const setBy = personId(actor);
    const fewest = fewestDays[retentionClass];
    if (input.keepDays !== null && input.keepDays < fewest) {
      throw new Problem(
        'invalid_input',
        `Payloads of the class ${retentionClass} are kept at least ${fewest} days; ${input.keepDays} were asked for.`,
        { errors: [{ pointer: '/keepDays', message: `at least ${fewest}, or null to keep them for ever` }] },
      );
    }
    await this.log.transact(async ({ transaction, now, append }) => {
      // Before the head: a removal locks in this order too.
      await transaction.query('LOCK TABLE retention_rule IN ROW EXCLUSIVE MODE');
      const [present] = await transaction.query<{ keep_days: number | null }>(
        'SELECT keep_days FROM retention_rule WHERE retention_class = $1 ORDER BY recorded_index DESC LIMIT 1',
        [retentionClass],
      );
      const id = uuidText(uuidv7Bytes(now.getTime()));
      const before = { keepDays: present?.keep_days ?? null };
      const after = { keepDays: input.keepDays };
      const index = await append(
        actEntry('retention.rule_set', actor, { id, retentionClass, before, after, reason: input.reason }),
      );
      await transaction.query(
        `INSERT INTO retention_rule (id, retention_class, keep_days, reason, set_by, set_at, recorded_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7)`,
        [id, retentionClass, input.keepDays, input.reason, setBy, now, index],
      );
    });
    return await this.list();
  }
}

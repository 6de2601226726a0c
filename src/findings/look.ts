import { Inject, Injectable } from '@nestjs/common';
import { Clock, systemActor } from '../context.js';
import { actEntry } from '../log/act.js';
import { Log, type LogTransaction } from '../log/log.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';
import { FINDERS, type Finder } from './finder.js';
import type { Cause } from './finding.js';

export interface LookResult {
  readonly opened: number;
  readonly changed: number;
  readonly closed: number;
}

interface OpenRow {
  readonly id: string;
  readonly kind: string;
  readonly cause: string;
  readonly segment: string | null;
  readonly severity: string;
  readonly title: string;
  readonly detail: string;
  readonly facts: unknown;
}

/** Above it the first ones by cause are taken: a flood of findings helps nobody. */
const mostOfOneFinder = 2000;

/** Holds what the finders see against what is open: opens, changes and closes findings, each with its entry. */
@Injectable()
export class FindingsLook {
  constructor(
    @Inject(Log) private readonly log: Log,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(FINDERS) private readonly finders: readonly Finder[],
  ) {}

  /** One look of every finder. Looks of several processes take turns. A finder that fails leaves its findings as they are; its error is thrown after the others. */
  async run(): Promise<LookResult> {
    const total = { opened: 0, changed: 0, closed: 0 };
    const failures: unknown[] = [];
    for (const finder of this.finders) {
      try {
        const causes = await finder.find(this.clock.now());
        const { opened, changed, closed } = await this.reconcile(finder, causes);
        total.opened += opened;
        total.changed += changed;
        total.closed += closed;
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, `${failures.length} finders could not look`);
    return total;
  }

  private async reconcile(finder: Finder, causes: readonly Cause[]): Promise<LookResult> {
    const seen = new Map(causes.map((cause) => [keyOf(cause), cause]));
    const wanted = [...seen.values()].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).slice(0, mostOfOneFinder);
    return await this.log.transact(async (work) => {
      await work.transaction.query(`SELECT pg_advisory_xact_lock(hashtext('segproof findings'))`);
      const open = new Map(
        (
          await work.transaction.query<OpenRow>(
            `SELECT id, kind, cause, segment, severity, title, detail, facts FROM finding
             WHERE closed_at IS NULL AND kind = ANY ($1)`,
            [finder.kinds],
          )
        ).map((row) => [keyOf(row), row]),
      );
      const result = { opened: 0, changed: 0, closed: 0 };
      for (const cause of wanted) {
        const row = open.get(keyOf(cause));
        open.delete(keyOf(cause));
        if (row === undefined) {
          await this.open(work, cause);
          result.opened++;
        } else if (await this.change(work, row, cause)) result.changed++;
      }
      for (const row of open.values()) {
        if (seen.has(keyOf(row))) continue;
        await this.close(work, row);
        result.closed++;
      }
      return result;
    });
  }

  private async open({ transaction, now, append }: LogTransaction, cause: Cause): Promise<void> {
    const id = uuidText(uuidv7Bytes(now.getTime()));
    const { kind, segment, severity, title, detail, facts, occurredAt } = cause;
    const index = await append(actEntry('finding.opened', systemActor, { id, ...cause }));
    await transaction.query(
      `INSERT INTO finding (id, kind, cause, segment, severity, title, detail, facts, occurred_at, opened_at, opened_index)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
      [id, kind, cause.cause, segment, severity, title, detail, JSON.stringify(facts), occurredAt, now, index],
    );
  }

  /** A new severity is worth an entry; words and counts follow silently. */
  private async change({ transaction, append }: LogTransaction, row: OpenRow, cause: Cause): Promise<boolean> {
    const { segment, severity, title, detail, facts } = cause;
    const facing = JSON.stringify([segment, severity, title, detail, facts]);
    if (facing === JSON.stringify([row.segment, row.severity, row.title, row.detail, row.facts])) return false;
    if (severity !== row.severity) {
      await append(actEntry('finding.changed', systemActor, { id: row.id, ...cause, before: row.severity }));
    }
    await transaction.query(
      'UPDATE finding SET segment = $2, severity = $3, title = $4, detail = $5, facts = $6 WHERE id = $1',
      [row.id, segment, severity, title, detail, JSON.stringify(facts)],
    );
    return true;
  }

  private async close({ transaction, now, append }: LogTransaction, row: OpenRow): Promise<void> {
    const { id, kind, cause, title } = row;
    const index = await append(actEntry('finding.closed', systemActor, { id, kind, cause, title }));
    await transaction.query('UPDATE finding SET closed_at = $2, closed_index = $3 WHERE id = $1', [id, now, index]);
  }
}

function keyOf({ kind, cause }: { readonly kind: string; readonly cause: string }): string {
  return `${kind}\0${cause}`;
}

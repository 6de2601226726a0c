import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { FindingKind, FindingView, Severity } from './finding.js';

export const FindingQuery = z.object({
  state: z.enum(['open', 'closed', 'all']).default('open'),
  kind: FindingKind.optional(),
  severity: Severity.optional(),
  segment: z.string().min(1).max(63).optional(),
  /** Opened before this finding (its id): the page after the one that ends with it. */
  before: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export type FindingQuery = z.infer<typeof FindingQuery>;

export const FindingPage = z.object({
  findings: z.array(FindingView),
  /** How many match in all. */
  matching: z.number().int(),
  /** To ask on with as `before`; null at the end. */
  next: z.uuid().nullable(),
});
export type FindingPage = z.infer<typeof FindingPage>;

interface FindingRow {
  readonly id: string;
  readonly kind: string;
  readonly cause: string;
  readonly segment: string | null;
  readonly severity: string;
  readonly title: string;
  readonly detail: string;
  readonly facts: unknown;
  readonly occurred_at: Date;
  readonly opened_at: Date;
  readonly opened_index: string;
  readonly closed_at: Date | null;
  readonly closed_index: string | null;
}

/** The register of everything that needs a person, newest first. */
@Injectable()
export class Findings {
  constructor(@Inject(Database) private readonly database: Database) {}

  async page(query: FindingQuery): Promise<FindingPage> {
    const { state, kind = null, severity = null, segment = null, before = null, limit } = query;
    const filters = [state, kind, severity, segment];
    const where = `($1 = 'all' OR (closed_at IS NULL) = ($1 = 'open')) AND ($2::text IS NULL OR kind = $2)
      AND ($3::text IS NULL OR severity = $3) AND ($4::text IS NULL OR segment = $4)`;
    const rows = await this.database.query<FindingRow>(
      `SELECT * FROM finding WHERE ${where}
         AND ($5::uuid IS NULL OR (opened_at, id) < (SELECT opened_at, id FROM finding WHERE id = $5))
       ORDER BY opened_at DESC, id DESC LIMIT $6`,
      [...filters, before, limit + 1],
    );
    const [{ matching } = { matching: '0' }] = await this.database.query<{ matching: string }>(
      `SELECT count(*) AS matching FROM finding WHERE ${where}`,
      filters,
    );
    const shown = rows.slice(0, limit);
    return {
      findings: shown.map(viewOf),
      matching: Number(matching),
      next: rows.length > limit ? (shown.at(-1)?.id ?? null) : null,
    };
  }

  /** @throws Problem `not_found` */
  async one(id: string): Promise<FindingView> {
    const [row] = await this.database.query<FindingRow>('SELECT * FROM finding WHERE id = $1', [id]);
    if (row === undefined) throw new Problem('not_found', `There is no finding ${id}.`);
    return viewOf(row);
  }
}

function viewOf(row: FindingRow): FindingView {
  const detect = row.opened_at.getTime() - row.occurred_at.getTime();
  return FindingView.parse({
    id: row.id,
    kind: row.kind,
    cause: row.cause,
    segment: row.segment,
    severity: row.severity,
    title: row.title,
    detail: row.detail,
    facts: row.facts,
    occurredAt: row.occurred_at.toISOString(),
    openedAt: row.opened_at.toISOString(),
    openedIndex: Number(row.opened_index),
    closedAt: row.closed_at?.toISOString() ?? null,
    closedIndex: row.closed_index === null ? null : Number(row.closed_index),
    secondsToDetect: Math.max(0, detect / 1000),
    secondsToRemediate: row.closed_at === null ? null : (row.closed_at.getTime() - row.opened_at.getTime()) / 1000,
  });
}

import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { FindingKind, FindingView, severities, Severity } from './finding.js';

export const FindingQuery = z.object({
  state: z.enum(['open', 'closed', 'all']).default('open'),
  kind: FindingKind.optional(),
  severity: Severity.optional(),
  segment: z.string().min(1).max(63).optional(),
  /** Of hygiene: the check that speaks. */
  check: z.string().min(1).max(60).optional(),
  /** Findings whose facts name a policy of this namespace. */
  namespace: z.string().min(1).max(253).optional(),
  /** Opened before this finding (its id): the page after the one that ends with it. */
  before: z.uuid().optional(),
  /** Opened after this finding: the page before the one that begins with it. */
  after: z.uuid().optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});
export type FindingQuery = z.infer<typeof FindingQuery>;

export const FindingPage = z.object({
  findings: z.array(FindingView),
  /** How many match in all. */
  matching: z.number().int(),
  /** To ask on with as `before`; null at the end. */
  next: z.uuid().nullable(),
  /** To ask back with as `after`; null at the beginning. */
  previous: z.uuid().nullable(),
});
export type FindingPage = z.infer<typeof FindingPage>;

export type FindingFilter = Omit<FindingQuery, 'before' | 'after' | 'limit'>;

export interface FindingCount {
  readonly kind: FindingKind;
  readonly severity: Severity;
  readonly check: string | null;
  readonly count: number;
}

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
    const { before = null, after = null, limit } = query;
    const { filters, where } = selection(query);
    const [operator, order] = after === null ? (['<', 'DESC'] as const) : (['>', 'ASC'] as const);
    const found = await this.database.query<FindingRow>(
      `SELECT * FROM finding WHERE ${where}
         AND ($7::uuid IS NULL OR (opened_at, id) ${operator} (SELECT opened_at, id FROM finding WHERE id = $7))
       ORDER BY opened_at ${order}, id ${order} LIMIT $8`,
      [...filters, after ?? before, limit + 1],
    );
    const [{ matching } = { matching: '0' }] = await this.database.query<{ matching: string }>(
      `SELECT count(*) AS matching FROM finding WHERE ${where}`,
      filters,
    );
    const further = found.length > limit;
    const shown = after === null ? found.slice(0, limit) : found.slice(0, limit).reverse();
    const first = shown[0]?.id ?? null;
    const last = shown.at(-1)?.id ?? null;
    return {
      findings: shown.map(viewOf),
      matching: Number(matching),
      next: after !== null || further ? last : null,
      previous: (after === null ? before !== null : further) ? first : null,
    };
  }

  /** The open findings that are worst, newest first among equals. */
  async worst(kinds: readonly FindingKind[], limit: number): Promise<readonly FindingView[]> {
    const rows = await this.database.query<FindingRow>(
      `SELECT * FROM finding WHERE closed_at IS NULL AND kind = ANY ($1)
       ORDER BY array_position($2::text[], severity), opened_at DESC, id DESC LIMIT $3`,
      [kinds, severities, limit],
    );
    return rows.map(viewOf);
  }

  /** How many match, by kind and severity. */
  async counts(query: FindingFilter): Promise<readonly FindingCount[]> {
    const { filters, where } = selection(query);
    const rows = await this.database.query<Omit<FindingCount, 'count'> & { readonly count: string }>(
      `SELECT kind, severity, facts->>'check' AS "check", count(*) AS count FROM finding WHERE ${where} GROUP BY 1, 2, 3`,
      filters,
    );
    return rows.map((row) => ({ ...row, count: Number(row.count) }));
  }

  /** Namespaces of the policies that findings name, in order. */
  async namespaces(query: FindingFilter): Promise<readonly string[]> {
    const { filters, where } = selection(query);
    const rows = await this.database.query<{ namespace: string }>(
      `SELECT DISTINCT p->>'namespace' AS namespace FROM finding,
         LATERAL json_array_elements(CASE json_typeof(facts->'policies') WHEN 'array' THEN facts->'policies' ELSE '[]' END) p
       WHERE ${where} AND p->>'namespace' IS NOT NULL ORDER BY 1`,
      filters,
    );
    return rows.map(({ namespace }) => namespace);
  }

  /** @throws Problem `not_found` */
  async one(id: string): Promise<FindingView> {
    const [row] = await this.database.query<FindingRow>('SELECT * FROM finding WHERE id = $1', [id]);
    if (row === undefined) throw new Problem('not_found', `There is no finding ${id}.`);
    return viewOf(row);
  }
}

/** What both the list and its counts are restricted to. */
function selection({ state, kind, severity, segment, check, namespace }: FindingFilter) {
  return {
    filters: [state, kind ?? null, severity ?? null, segment ?? null, check ?? null, namespace ?? null],
    where: `($1 = 'all' OR (closed_at IS NULL) = ($1 = 'open')) AND ($2::text IS NULL OR kind = $2)
      AND ($3::text IS NULL OR severity = $3) AND ($4::text IS NULL OR segment = $4)
      AND ($5::text IS NULL OR facts->>'check' = $5)
      AND ($6::text IS NULL OR CASE json_typeof(facts->'policies') WHEN 'array' THEN EXISTS (
        SELECT FROM json_array_elements(facts->'policies') p WHERE p->>'namespace' = $6) ELSE false END)`,
  };
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

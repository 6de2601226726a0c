import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { recordKinds, verdicts, Verdict } from '../ingestion/normal-form.js';

const Instant = z.iso.datetime({ offset: true, error: 'an RFC 3339 time such as 2026-11-01T00:00:00Z is needed' });

/** Place in the list: event time (microseconds kept), index and part. */
const Cursor = z.string().regex(/^[0-9TZ:.+-]{20,32}_\d{1,16}_\d{1,9}$/u, 'a cursor of this list');

export const RecordQuery = z.object({
  /** Event time, inclusive. */
  from: Instant.optional(),
  /** Event time, exclusive. */
  to: Instant.optional(),
  /** Time of arrival, inclusive. */
  receivedFrom: Instant.optional(),
  /** Time of arrival, exclusive. */
  receivedTo: Instant.optional(),
  kind: z.enum([...recordKinds, 'rejected']).optional(),
  source: z.string().max(63).optional(),
  verdict: z.enum(verdicts).optional(),
  /** Either end of a flow. */
  workload: z.string().max(300).optional(),
  /** Whole name of who did it. */
  actor: z.string().max(300).optional(),
  policy: z.string().max(300).optional(),
  /** Only records that came with the id of an earlier record of their source and other bytes. */
  conflicting: z.literal('yes').optional(),
  /** Anywhere in the summary, the reason, or what kept a record from being read. */
  text: z.string().max(200).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(50),
  /** Records older than this place. */
  older: Cursor.optional(),
  /** Records newer than this place. */
  newer: Cursor.optional(),
});
export type RecordQuery = z.infer<typeof RecordQuery>;

export const RecordRow = z.object({
  index: z.number().int(),
  /** Which of the facts that the entry holds, from 0 on. */
  part: z.number().int(),
  source: z.string(),
  kind: z.string(),
  format: z.string().nullable(),
  eventTime: z.string(),
  receivedAt: z.string(),
  verdict: Verdict.nullable(),
  direction: z.string().nullable(),
  sourceWorkload: z.string().nullable(),
  destinationWorkload: z.string().nullable(),
  protocol: z.string().nullable(),
  port: z.number().int().nullable(),
  policy: z.string().nullable(),
  actor: z.string().nullable(),
  summary: z.string(),
  flags: z.array(z.string()),
  rejectReason: z.string().nullable(),
  rejectDetail: z.string().nullable(),
});
export type RecordRow = z.infer<typeof RecordRow>;

export const RecordPage = z.object({
  records: z.array(RecordRow),
  /** Cursors of the pages beside this one; null where there is nothing further. */
  older: z.string().nullable(),
  newer: z.string().nullable(),
});
export type RecordPage = z.infer<typeof RecordPage>;

interface Row {
  readonly index: string;
  readonly part: number;
  readonly source: string;
  readonly kind: string;
  readonly format: string | null;
  readonly event_time_text: string;
  readonly cursor_time: string;
  readonly received_at: Date;
  readonly verdict: string | null;
  readonly direction: string | null;
  readonly source_workload: string | null;
  readonly destination_workload: string | null;
  readonly protocol: string | null;
  readonly port: number | null;
  readonly policy: string | null;
  readonly actor: string | null;
  readonly summary: string;
  readonly flags: string[];
  readonly reject_reason: string | null;
  readonly reject_detail: string | null;
}

/** Searches the records by what their normal form says; newest event first. */
@Injectable()
export class Records {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** A page of the records that match; given `below`, only of entries below that index. */
  async page(query: RecordQuery, below?: number): Promise<RecordPage> {
    const { where, parameters } = conditions(query, below);
    const newerFirst = query.newer !== undefined;
    if (query.older !== undefined) addPlace(where, parameters, '<', query.older);
    if (query.newer !== undefined) addPlace(where, parameters, '>', query.newer);
    parameters.push(query.limit + 1);
    const direction = newerFirst ? 'ASC' : 'DESC';
    const order = `ORDER BY event_time ${direction}, index ${direction}, part ${direction} LIMIT $${parameters.length}`;
    // Each end of a flow has its own index, and each is read in the order of the list.
    const found = eachEnd(query, where, parameters).map((one) => `(SELECT * FROM record ${whereOf(one)} ${order})`);
    const rows = await this.database.query<Row>(
      `SELECT index, part, source, kind, format, event_time_text,
              to_char(event_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS cursor_time, received_at, verdict, direction,
              source_workload, destination_workload, protocol, port, policy, actor, summary, flags, reject_reason, reject_detail
       FROM (${found.join(' UNION ALL ')}) found ${order}`,
      parameters,
    );
    const further = rows.length > query.limit;
    const shown = rows.slice(0, query.limit);
    if (newerFirst) shown.reverse();
    const first = shown[0];
    const last = shown.at(-1);
    const place = (row: Row): string => `${row.cursor_time}_${row.index}_${row.part}`;
    const hasOlder = newerFirst || further;
    const hasNewer = newerFirst ? further : query.older !== undefined;
    return {
      records: shown.map(viewOf),
      older: last !== undefined && hasOlder ? place(last) : null,
      newer: first !== undefined && hasNewer ? place(first) : null,
    };
  }

  /** How many records of entries below an index match. */
  async countBelow(query: RecordQuery, below: number): Promise<number> {
    const { where, parameters } = conditions(query, below);
    const [row] = await this.database.query<{ count: string }>(
      `SELECT count(*) AS count FROM record WHERE ${where.join(' AND ')}`,
      parameters,
    );
    return Number(row?.count ?? 0);
  }

  /** How many records match, counted up to `most`; null above. */
  async count(query: RecordQuery, most: number): Promise<number | null> {
    const { where, parameters } = conditions(query);
    parameters.push(most + 1);
    const limit = `$${parameters.length}`;
    const found = eachEnd(query, where, parameters).map(
      (one) => `(SELECT 1 FROM record ${whereOf(one)} LIMIT ${limit})`,
    );
    const [row] = await this.database.query<{ count: string }>(
      `SELECT count(*) AS count FROM (SELECT 1 FROM (${found.join(' UNION ALL ')}) found LIMIT ${limit}) matching`,
      parameters,
    );
    const count = Number(row?.count ?? 0);
    return count > most ? null : count;
  }
}

function conditions(query: RecordQuery, below?: number): { where: string[]; parameters: unknown[] } {
  const where: string[] = [];
  const parameters: unknown[] = [];
  const add = (condition: (parameter: string) => string, value: unknown): void => {
    parameters.push(value);
    where.push(condition(`$${parameters.length}`));
  };
  if (below !== undefined) add((p) => `index < ${p}`, below);
  if (query.from !== undefined) add((p) => `event_time >= ${p}`, query.from);
  if (query.to !== undefined) add((p) => `event_time < ${p}`, query.to);
  if (query.kind !== undefined) add((p) => `kind = ${p}`, query.kind);
  if (query.source !== undefined) add((p) => `source = ${p}`, query.source);
  if (query.verdict !== undefined) add((p) => `verdict = ${p}`, query.verdict);
  if (query.receivedFrom !== undefined) add((p) => `received_at >= ${p}`, query.receivedFrom);
  if (query.receivedTo !== undefined) add((p) => `received_at < ${p}`, query.receivedTo);
  if (query.actor !== undefined) add((p) => `actor = ${p}`, query.actor);
  if (query.conflicting !== undefined) where.push('index IN (SELECT c.index FROM ingest_conflict c)');
  if (query.policy !== undefined) add((p) => `policy ILIKE ${p}`, contains(query.policy));
  if (query.text !== undefined)
    add((p) => `(summary ILIKE ${p} OR reason ILIKE ${p} OR reject_detail ILIKE ${p})`, contains(query.text));
  return { where, parameters };
}

/** The conditions once for each end of a flow that a workload may be, so that no record fits two of them. */
function eachEnd(query: RecordQuery, where: readonly string[], parameters: unknown[]): (readonly string[])[] {
  if (query.workload === undefined) return [where];
  parameters.push(query.workload);
  const p = `$${parameters.length}`;
  return [
    [...where, `source_workload = ${p}`],
    [...where, `destination_workload = ${p}`, `source_workload IS DISTINCT FROM ${p}`],
  ];
}

function whereOf(conditionsOfOne: readonly string[]): string {
  return conditionsOfOne.length === 0 ? '' : `WHERE ${conditionsOfOne.join(' AND ')}`;
}

/** LIKE pattern for text that occurs anywhere; the text's own wildcards mean themselves. */
function contains(text: string): string {
  return `%${text.replace(/[\\%_]/gu, String.raw`\$&`)}%`;
}

function addPlace(where: string[], parameters: unknown[], comparison: '<' | '>', cursor: string): void {
  const [time, index, part] = cursor.split('_');
  if (time === undefined || index === undefined || part === undefined || Number.isNaN(Date.parse(time))) {
    throw new Problem('invalid_input', 'The cursor is not one of this list; start from its first page.');
  }
  parameters.push(time, index, part);
  const last = parameters.length;
  where.push(
    `(event_time, index, part) ${comparison} ($${last - 2}::timestamptz, $${last - 1}::bigint, $${last}::integer)`,
  );
}

function viewOf(row: Row): RecordRow {
  return {
    index: Number(row.index),
    part: row.part,
    source: row.source,
    kind: row.kind,
    format: row.format,
    eventTime: row.event_time_text,
    receivedAt: row.received_at.toISOString(),
    verdict: Verdict.nullable().parse(row.verdict),
    direction: row.direction,
    sourceWorkload: row.source_workload,
    destinationWorkload: row.destination_workload,
    protocol: row.protocol,
    port: row.port,
    policy: row.policy,
    actor: row.actor,
    summary: row.summary,
    flags: row.flags,
    rejectReason: row.reject_reason,
    rejectDetail: row.reject_detail,
  };
}

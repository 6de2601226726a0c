import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../database/database.js';
import { queryCancelled, sqlStateOf } from '../database/sql-state.js';
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
    const newerFirst = query.newer !== undefined;
    const rows = await this.rows(query, below);
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

  /**
   * The rows of a page and one more. Records of a source or a workload are looked for among the next ones in the order of the list
   * first, which is enough for what occurs often, then where the summaries of the table say that they may be.
   */
  private async rows(query: RecordQuery, below: number | undefined): Promise<Row[]> {
    if (query.source === undefined && query.workload === undefined) {
      const search = listed(query, conditions(query, below));
      return await this.database.query<Row>(search.text, search.parameters);
    }
    const near = listed(query, conditions(query, below), nearRecords);
    const rows = await this.database.query<Row>(near.text, near.parameters);
    if (rows.length > query.limit) return rows;
    const far = listed(query, conditions(query, below, unindexedTime));
    return await this.database.transaction(async (transaction) => {
      // The planner takes every workload to occur equally often.
      await transaction.query('SET LOCAL enable_indexscan = off; SET LOCAL enable_seqscan = off');
      return await transaction.query<Row>(far.text, far.parameters);
    });
  }

  /** How many records of entries below an index match. */
  async countBelow(query: RecordQuery, below: number): Promise<number> {
    const { times, where, parameters } = conditions(query, below);
    const [row] = await this.database.query<{ count: string }>(
      `SELECT count(*) AS count FROM record ${whereOf([...times, ...where])}`,
      parameters,
    );
    return Number(row?.count ?? 0);
  }

  /** How many records match, counted up to `most`; null above, and where counting takes longer than a page may. */
  async count(query: RecordQuery, most: number): Promise<number | null> {
    const { times, where, parameters } = conditions(query);
    parameters.push(most + 1);
    try {
      return await this.database.transaction(async (transaction) => {
        await transaction.query(`SET LOCAL statement_timeout = ${countingMilliseconds}`);
        const [row] = await transaction.query<{ count: string }>(
          `SELECT count(*) AS count FROM (SELECT 1 FROM record ${whereOf([...times, ...where])} LIMIT $${parameters.length}) matching`,
          parameters,
        );
        const count = Number(row?.count ?? 0);
        return count > most ? null : count;
      });
    } catch (error) {
      if (sqlStateOf(error) === queryCancelled) return null;
      throw error;
    }
  }
}

/** Records that are looked through in the order of the list before the summaries are asked: some 100 ms. */
const nearRecords = 100_000;
const countingMilliseconds = 120;

/** The search for a page and one record more; `near` looks at so many records next in the order of the list alone. */
function listed(
  query: RecordQuery,
  { times, where, parameters }: Conditions,
  near?: number,
): { readonly text: string; readonly parameters: readonly unknown[] } {
  const direction = query.newer === undefined ? 'DESC' : 'ASC';
  const order = `ORDER BY event_time ${direction}, index ${direction}, part ${direction}`;
  const table = near === undefined ? 'record' : `(SELECT * FROM record ${whereOf(times)} ${order} LIMIT ${near}) next`;
  parameters.push(query.limit + 1);
  const limit = `${order} LIMIT $${parameters.length}`;
  return {
    text: `SELECT index, part, source, kind, format, event_time_text,
              to_char(event_time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS cursor_time, received_at, verdict, direction,
              source_workload, destination_workload, protocol, port, policy, actor, summary, flags, reject_reason, reject_detail
       FROM ${table} ${whereOf(near === undefined ? [...times, ...where] : where)} ${limit}`,
    parameters,
  };
}

interface Conditions {
  /** Of the time and the place in the list. */
  readonly times: readonly string[];
  readonly where: readonly string[];
  readonly parameters: unknown[];
}

/** Time as no index has it. */
const unindexedTime = "(event_time + interval '0')";

function conditions(query: RecordQuery, below?: number, time = 'event_time'): Conditions {
  const times: string[] = [];
  const where: string[] = [];
  const parameters: unknown[] = [];
  const parameter = (value: unknown): string => `$${parameters.push(value)}`;
  const add = (condition: (parameter: string) => string, value: unknown): void => {
    where.push(condition(parameter(value)));
  };
  if (query.from !== undefined) times.push(`${time} >= ${parameter(query.from)}`);
  if (query.to !== undefined) times.push(`${time} < ${parameter(query.to)}`);
  if (query.older !== undefined) times.push(placeCondition('<', query.older, time, parameter));
  if (query.newer !== undefined) times.push(placeCondition('>', query.newer, time, parameter));
  if (below !== undefined) add((p) => `index < ${p}`, below);
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
  if (query.workload !== undefined)
    add((p) => `(source_workload = ${p} OR destination_workload = ${p})`, query.workload);
  return { times, where, parameters };
}

function whereOf(conditionsOfOne: readonly string[]): string {
  return conditionsOfOne.length === 0 ? '' : `WHERE ${conditionsOfOne.join(' AND ')}`;
}

/** LIKE pattern for text that occurs anywhere; the text's own wildcards mean themselves. */
function contains(text: string): string {
  return `%${text.replace(/[\\%_]/gu, String.raw`\$&`)}%`;
}

function placeCondition(
  comparison: '<' | '>',
  cursor: string,
  timeColumn: string,
  parameter: (value: unknown) => string,
): string {
  const [time, index, part] = cursor.split('_');
  if (time === undefined || index === undefined || part === undefined || Number.isNaN(Date.parse(time))) {
    throw new Problem('invalid_input', 'The cursor is not one of this list; start from its first page.');
  }
  const place = `${parameter(time)}::timestamptz, ${parameter(index)}::bigint, ${parameter(part)}::integer`;
  return `(${timeColumn}, index, part) ${comparison} (${place})`;
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

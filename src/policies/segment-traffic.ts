import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import type { ObservedEdge, ObservedWorkload } from './recommendation/observed.js';

/** Days (UTC, `2026-11-22`), both counted. */
export interface DayRange {
  readonly from: string;
  readonly to: string;
}

/** More edges than this are not held in memory at once. */
const mostEdges = 200_000;

const dayMilliseconds = 86_400_000;

/** What the inventory knows of flows and workloads, in the form that recommendations and phases work on. */
@Injectable()
export class SegmentTraffic {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Every workload that records have shown, by key. */
  async workloads(): Promise<ObservedWorkload[]> {
    const rows = await this.database.query<{
      key: string;
      namespace: string | null;
      name: string;
      labels: Record<string, string>;
      first_seen: Date;
      last_seen: Date;
    }>('SELECT key, namespace, name, labels, first_seen, last_seen FROM workload ORDER BY key');
    return rows.map(({ first_seen, last_seen, labels, ...row }) => ({
      ...row,
      labels: Object.keys(labels).length === 0 ? null : labels,
      firstSeen: first_seen.toISOString(),
      lastSeen: last_seen.toISOString(),
    }));
  }

  /**
   * Flows of these workloads in the range, summed up by ends, protocol and port, in that order.
   * @throws Problem `invalid_input` when there are too many to look at
   */
  async edges(keys: readonly string[], { from, to }: DayRange): Promise<ObservedEdge[]> {
    const rows = await this.database.query<{
      source: string;
      destination: string;
      protocol: string;
      port: number;
      passed: string;
      denied: string;
      failed: string;
      days: string[];
      passed_days: string[] | null;
      first_time: Date;
      last_time: Date;
      first_index: string;
      last_index: string;
    }>(
      // Where both ends report, a flow stands there twice, and one that the destination refused stands there as passed too.
      `SELECT source, destination, protocol, port, sum(passed) AS passed, sum(denied) AS denied, sum(failed) AS failed,
         array_agg(day::text ORDER BY day) AS days,
         array_agg(day::text ORDER BY day) FILTER (WHERE passed > 0) AS passed_days,
         min(first_time) AS first_time, max(last_time) AS last_time, min(first_index) AS first_index, max(last_index) AS last_index
       FROM (
         SELECT source, destination, protocol, port, day, first_time, last_time, first_index, last_index,
           greatest(passed_in, passed_out - denied_in, 0) AS passed, denied_in + denied_out AS denied, failed
         FROM (
           SELECT source_workload AS source, destination_workload AS destination, upper(protocol) AS protocol, port, day,
             coalesce(sum(flows) FILTER (WHERE direction = 'ingress' AND verdict NOT IN ('deny', 'error')), 0) AS passed_in,
             coalesce(sum(flows) FILTER (WHERE direction <> 'ingress' AND verdict NOT IN ('deny', 'error')), 0) AS passed_out,
             coalesce(sum(flows) FILTER (WHERE direction = 'ingress' AND verdict = 'deny'), 0) AS denied_in,
             coalesce(sum(flows) FILTER (WHERE direction <> 'ingress' AND verdict = 'deny'), 0) AS denied_out,
             coalesce(sum(flows) FILTER (WHERE verdict = 'error'), 0) AS failed,
             min(first_time) AS first_time, max(last_time) AS last_time, min(first_index) AS first_index, max(last_index) AS last_index
           FROM flow_edge
           WHERE day BETWEEN $2 AND $3 AND (source_workload = ANY ($1) OR destination_workload = ANY ($1))
           GROUP BY 1, 2, 3, 4, 5) day_of_edge) judged
       GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4 LIMIT $4`,
      [keys, from, to, mostEdges + 1],
    );
    if (rows.length > mostEdges)
      throw new Problem(
        'invalid_input',
        `There are more than ${mostEdges} connections of this segment from ${from} to ${to}; choose fewer days.`,
      );
    return rows.map((row) => ({
      source: row.source,
      destination: row.destination,
      protocol: row.protocol,
      port: row.port,
      passed: Number(row.passed),
      denied: Number(row.denied),
      failed: Number(row.failed),
      days: row.days,
      passedDays: row.passed_days ?? [],
      firstSeen: row.first_time.toISOString(),
      lastSeen: row.last_time.toISOString(),
      entries: [...new Set([Number(row.first_index), Number(row.last_index)])],
    }));
  }

  /** Days of the range on which any flow was recorded: on others nothing could have been seen. */
  async coveredDays({ from, to }: DayRange): Promise<string[]> {
    const rows = await this.database.query<{ day: string }>(
      `SELECT one::date::text AS day FROM generate_series($1::date, $2::date, interval '1 day') AS days (one)
       WHERE EXISTS (SELECT FROM flow_edge WHERE day = one::date) ORDER BY 1`,
      [from, to],
    );
    return rows.map(({ day }) => day);
  }
}

/** How many days a range has. */
export function daysIn({ from, to }: DayRange): number {
  return Math.round((Date.parse(to) - Date.parse(from)) / dayMilliseconds) + 1;
}

/** The last `days` days up to and with the one of an instant. */
export function lastDays(now: Date, days: number): DayRange {
  const day = (time: number): string => new Date(time).toISOString().slice(0, 10);
  return { from: day(now.getTime() - (days - 1) * dayMilliseconds), to: day(now.getTime()) };
}

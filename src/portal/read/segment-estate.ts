import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Verdict } from '../../ingestion/normal-form.js';
import { noPort } from '../../inventory/inventory-follower.js';
import { belongsTo, Segments, type SegmentView } from '../../inventory/segments.js';
import { PolicyEstates } from '../../policies/estate.js';
import type { Policy } from '../../policies/model.js';
import type { EdgeRow } from '../views.js';

/** A workload that records have shown. */
export interface ObservedWorkload {
  readonly key: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly lastSeen: string;
}

export interface PeopledSegment {
  readonly segment: SegmentView;
  readonly members: readonly ObservedWorkload[];
}

/** Flow records between two ends with one verdict. */
export interface FlowSum {
  readonly from: string;
  readonly to: string;
  readonly verdict: Verdict;
  readonly flows: number;
}

/** Segments with the workloads in them, the policies over them and the flows between them. */
@Injectable()
export class SegmentEstate {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Segments) private readonly segments: Segments,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
  ) {}

  /** All segments, by name. */
  async all(): Promise<PeopledSegment[]> {
    const [segments, rows] = await Promise.all([
      this.segments.list(),
      this.database.query<Omit<ObservedWorkload, 'lastSeen'> & { readonly last_seen: Date }>(
        'SELECT key, namespace, name, labels, last_seen FROM workload ORDER BY key',
      ),
    ]);
    const workloads = rows.map(({ last_seen, ...row }) => ({ ...row, lastSeen: last_seen.toISOString() }));
    return segments.map((segment) => ({
      segment,
      members: workloads.filter((workload) => belongsTo(segment, workload)),
    }));
  }

  /** A workload by its key, with when records showed it first and last; null when none did. */
  async workload(key: string): Promise<(Omit<ObservedWorkload, 'key'> & { readonly firstSeen: string }) | null> {
    const [row] = await this.database.query<{
      readonly namespace: string | null;
      readonly name: string;
      readonly labels: Readonly<Record<string, string>>;
      readonly first_seen: Date;
      readonly last_seen: Date;
    }>('SELECT namespace, name, labels, first_seen, last_seen FROM workload WHERE key = $1', [key]);
    if (row === undefined) return null;
    const { first_seen, last_seen, ...workload } = row;
    return { ...workload, firstSeen: first_seen.toISOString(), lastSeen: last_seen.toISOString() };
  }

  /** The namespaced policies in force now that can be read, by namespace. */
  async policiesInForce(): Promise<ReadonlyMap<string, readonly Policy[]>> {
    const { policies } = await this.estates.at(null);
    const byNamespace = new Map<string, Policy[]>();
    for (const policy of policies) {
      const { namespace } = policy.id;
      if (namespace !== null) byNamespace.set(namespace, [...(byNamespace.get(namespace) ?? []), policy]);
    }
    return byNamespace;
  }

  /** Flow records since a UTC day, by their ends and verdict. */
  async flowSums(sinceDay: string): Promise<FlowSum[]> {
    const rows = await this.database.query<{ from: string; to: string; verdict: string; flows: string }>(
      `SELECT source_workload AS from, destination_workload AS to, verdict, sum(flows) AS flows
       FROM flow_edge WHERE day >= $1 GROUP BY 1, 2, 3`,
      [sinceDay],
    );
    return rows.map((row) => ({ ...row, verdict: Verdict.parse(row.verdict), flows: Number(row.flows) }));
  }

  /** The busiest edges since a UTC day that touch one of the workloads, and how many there are in all. */
  async edgesOf(keys: readonly string[], sinceDay: string, most: number): Promise<{ edges: EdgeRow[]; total: number }> {
    const rows = await this.database.query<{
      from: string;
      to: string;
      protocol: string;
      port: number;
      verdict: string;
      flows: string;
      first_time: Date;
      last_time: Date;
      policy: string | null;
      total: string;
    }>(
      `SELECT edge.*, r.policy
       FROM (SELECT source_workload AS from, destination_workload AS to, protocol, port, verdict, sum(flows) AS flows,
                    min(first_time) AS first_time, max(last_time) AS last_time, max(last_index) AS last_index, count(*) OVER () AS total
             FROM flow_edge
             WHERE day >= $2 AND (source_workload = ANY ($1) OR destination_workload = ANY ($1))
             GROUP BY 1, 2, 3, 4, 5
             ORDER BY flows DESC, 1, 2, 3, 4, 5 LIMIT $3) edge
       LEFT JOIN record r ON r.index = edge.last_index
       ORDER BY edge.flows DESC, edge.from, edge.to, edge.protocol, edge.port, edge.verdict`,
      [keys, sinceDay, most],
    );
    const edges = rows.map((row): EdgeRow => ({
      from: row.from,
      to: row.to,
      protocol: row.protocol,
      port: row.port === noPort ? null : row.port,
      verdict: Verdict.parse(row.verdict),
      flows: Number(row.flows),
      firstTime: row.first_time.toISOString(),
      lastTime: row.last_time.toISOString(),
      // The last flow's policies; the first of several that all allow it says enough here.
      policy: row.verdict === 'allow' ? (row.policy?.split(', ')[0] ?? null) : null,
    }));
    return { edges, total: Number(rows[0]?.total ?? 0) };
  }
}

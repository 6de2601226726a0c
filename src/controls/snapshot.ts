import { Inject, Injectable } from '@nestjs/common';
import { changeNumber } from '../changes/change-number.js';
import { Changes } from '../changes/changes.js';
import { Database } from '../database/database.js';
import { Sources } from '../ingestion/sources.js';
import { noPort } from '../inventory/inventory-follower.js';
import { belongsTo, Segments } from '../inventory/segments.js';
import type {
  ChangeView,
  EdgeView,
  EvidenceSnapshot,
  IntegrityView,
  PolicyVersionView,
  SegmentView,
  SourceView,
  WorkloadView,
} from './model.js';

export interface SnapshotScope {
  readonly period: { readonly from: string; readonly to: string };
  readonly asOf: string;
  /** Names of the segments in scope; empty for all. */
  readonly segments: readonly string[];
  readonly integrity: IntegrityView;
}

const mostChanges = 100_000;

/** Gathers what the checks look at. Precondition: the followers have taken all entries below `integrity.size`. */
@Injectable()
export class Snapshots {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Segments) private readonly segments: Segments,
    @Inject(Changes) private readonly changes: Changes,
    @Inject(Sources) private readonly sources: Sources,
  ) {}

  async take(scope: SnapshotScope): Promise<EvidenceSnapshot> {
    const workloads = await this.workloads();
    const segments = (await this.segments.list())
      .filter((segment) => scope.segments.length === 0 || scope.segments.includes(segment.name))
      .map((segment): SegmentView => {
        const { name, owner, criticality, phase, phaseSince, namespace, matchLabels } = segment;
        const members = workloads.filter((workload) => belongsTo(segment, workload));
        return { name, owner, criticality, phase, phaseSince, namespace, matchLabels, workloads: members };
      });
    const members = new Set(segments.flatMap((segment) => segment.workloads.map((workload) => workload.key)));
    return {
      period: scope.period,
      asOf: scope.asOf,
      segments,
      workloads,
      policyVersions: await this.policyVersions(scope),
      changes: await this.changeViews(scope.integrity.size),
      edges: await this.edges(scope, scope.segments.length === 0 ? null : [...members]),
      sources: await this.sourceViews(scope),
      integrity: scope.integrity,
    };
  }

  private async workloads(): Promise<WorkloadView[]> {
    const rows = await this.database.query<{
      key: string;
      namespace: string | null;
      name: string;
      labels: Record<string, string>;
    }>('SELECT key, namespace, name, labels FROM workload ORDER BY key');
    return rows.map(({ key, namespace, name, labels }) => ({ key, namespace, name, labels }));
  }

  /** Versions up to the end of the period, in log order. */
  async policyVersions(scope: Pick<SnapshotScope, 'period' | 'integrity'>): Promise<PolicyVersionView[]> {
    const rows = await this.database.query<{
      index: string;
      source: string;
      system: string;
      kind: string;
      namespace: string | null;
      name: string;
      action: PolicyVersionView['action'];
      author: string;
      event_time_text: string;
      digest: string | null;
      object: unknown;
    }>(
      `SELECT index, source, system, kind, namespace, name, action, author, event_time_text, digest, object FROM policy_version
       WHERE event_time < $1 AND index < $2 ORDER BY index, position`,
      [scope.period.to, scope.integrity.size],
    );
    return rows.map((row) => ({
      index: Number(row.index),
      source: row.source,
      system: row.system,
      kind: row.kind,
      namespace: row.namespace,
      name: row.name,
      action: row.action,
      author: row.author,
      eventTime: row.event_time_text,
      digest: row.digest,
      object: row.object,
    }));
  }

  private async changeViews(size: number): Promise<ChangeView[]> {
    const changes = await this.changes.list({ state: null, limit: mostChanges });
    return changes
      .filter((change) => change.proposedIndex < size)
      .map((change): ChangeView => {
        const review = change.reviews.find(({ reviewedIndex }) => reviewedIndex < size);
        const approved = review?.decision === 'approve';
        return {
          id: changeNumber(change.number),
          title: change.title,
          state: review === undefined ? 'proposed' : approved ? 'approved' : 'rejected',
          requester: change.requester,
          approver: approved ? review.reviewer : null,
          proposedAt: change.proposedAt,
          approvedAt: approved ? review.reviewedAt : null,
          windowFrom: change.windowFrom,
          windowTo: change.windowTo,
          proposedIndex: change.proposedIndex,
          reviewedIndex: review?.reviewedIndex ?? null,
          items: change.items.map(({ system, kind, namespace, name, action, digest }) => ({
            system,
            kind,
            namespace,
            name,
            action,
            digest,
          })),
        };
      })
      .reverse();
  }

  /** Edges of the period; `members` null for all, else those that touch one of them. */
  private async edges(scope: SnapshotScope, members: readonly string[] | null): Promise<EdgeView[]> {
    const rows = await this.database.query<{
      day: string;
      source_workload: string;
      destination_workload: string;
      protocol: string;
      port: number;
      direction: EdgeView['direction'];
      verdict: EdgeView['verdict'];
      flows: string;
      first_index: string;
      last_index: string;
      first_time: Date;
      last_time: Date;
    }>(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, source_workload, destination_workload, protocol, port, direction, verdict,
              flows, first_index, last_index, first_time, last_time
       FROM flow_edge
       WHERE last_time >= $1 AND first_time < $2 AND first_index < $3
         AND ($4::text[] IS NULL OR source_workload = ANY ($4) OR destination_workload = ANY ($4))
       ORDER BY day, source_workload, destination_workload, protocol, port, direction, verdict`,
      [scope.period.from, scope.period.to, scope.integrity.size, members],
    );
    return rows.map((row) => ({
      day: row.day,
      source: row.source_workload,
      destination: row.destination_workload,
      protocol: row.protocol,
      port: row.port === noPort ? null : row.port,
      direction: row.direction,
      verdict: row.verdict,
      flows: Number(row.flows),
      firstIndex: Number(row.first_index),
      lastIndex: Number(row.last_index),
      firstTime: row.first_time.toISOString(),
      lastTime: row.last_time.toISOString(),
    }));
  }

  private async sourceViews(scope: SnapshotScope): Promise<SourceView[]> {
    const activity = await this.database.query<{
      source: string;
      received: string;
      rejected: string;
      last_received: Date | null;
      last_event_time: Date | null;
      last_index: string | null;
      gap_seconds: string | null;
      gap_from: Date | null;
      gap_to: Date | null;
    }>(
      `WITH minutes AS (
         SELECT source, appended + quarantined AS received, quarantined AS rejected, first_received, last_received,
                last_event_time, last_index, lag(last_received) OVER (PARTITION BY source ORDER BY minute) AS previous
         FROM source_receipt WHERE minute < $2
       ), gaps AS (
         -- A gap belongs to the period in which it ends; it may have begun before.
         SELECT DISTINCT ON (source) source, extract(epoch FROM first_received - previous) AS seconds, previous, first_received
         FROM minutes WHERE previous IS NOT NULL AND first_received >= $1 ORDER BY source, first_received - previous DESC
       )
       SELECT m.source, coalesce(sum(m.received) FILTER (WHERE m.last_received >= $1), 0) AS received,
              coalesce(sum(m.rejected) FILTER (WHERE m.last_received >= $1), 0) AS rejected,
              max(m.last_received) AS last_received, max(m.last_event_time) AS last_event_time, max(m.last_index) AS last_index,
              max(g.seconds) AS gap_seconds, max(g.previous) AS gap_from, max(g.first_received) AS gap_to
       FROM minutes m LEFT JOIN gaps g ON g.source = m.source GROUP BY m.source`,
      [scope.period.from, scope.period.to],
    );
    const bySource = new Map(activity.map((row) => [row.source, row]));
    return (await this.sources.list())
      .filter((source) => source.createdAt < scope.period.to)
      .map((source): SourceView => {
        const row = bySource.get(source.name);
        const gapFrom = row?.gap_from ?? null;
        const gapTo = row?.gap_to ?? null;
        return {
          name: source.name,
          createdAt: source.createdAt,
          silenceAfterSeconds: source.silenceAfterSeconds,
          received: Number(row?.received ?? 0) - Number(row?.rejected ?? 0),
          rejected: Number(row?.rejected ?? 0),
          lastReceivedAt: row?.last_received?.toISOString() ?? null,
          lastEventTime: row?.last_event_time?.toISOString() ?? null,
          lastIndex: row === undefined || row.last_index === null ? null : Number(row.last_index),
          longestGap:
            gapFrom === null || gapTo === null
              ? null
              : {
                  seconds: Math.max(0, Number(row?.gap_seconds ?? 0)),
                  from: gapFrom.toISOString(),
                  to: gapTo.toISOString(),
                },
        };
      });
  }
}

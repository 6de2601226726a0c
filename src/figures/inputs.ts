import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Changes } from '../changes/changes.js';
import { matchPolicyChanges, type ChangeToMatch, type PolicyVersionToMatch } from '../changes/matching.js';
import { Database } from '../database/database.js';
import { belongsTo, Segments } from '../inventory/segments.js';
import { PolicyEstates, type Estate } from '../policies/estate.js';
import { dayAfter, firstDayOf } from './days.js';
import type { DigestedInputs } from './estate-maps.js';
import type { EstateInputs, FigureEdge, FigureFinding, FigureVersion, WindowInputs } from './model.js';

const mostChanges = 100_000;

/** What figures are computed from, with the policy objects behind it. */
export interface FigureInputs extends DigestedInputs {
  readonly objects: Estate['objects'];
}

/** Gathers what figures are computed from, for a day. */
@Injectable()
export class FigureInputReader {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
    @Inject(Segments) private readonly segments: Segments,
    @Inject(Changes) private readonly changes: Changes,
  ) {}

  /**
   * As of the end of a UTC day or, on the day of `now`, as of `now`. Policies, labels, flows, findings and approvals are
   * those of that time; segments are those of today, as earlier ones are not kept.
   */
  async of(day: string, now: Date): Promise<FigureInputs> {
    const isToday = day === now.toISOString().slice(0, 10);
    const asOf = isToday ? now.toISOString() : `${dayAfter(day)}T00:00:00.000Z`;
    const from = `${firstDayOf(day)}T00:00:00.000Z`;
    const [structure, window] = await Promise.all([
      this.structure(asOf, isToday ? null : new Date(Date.parse(asOf) - 1)),
      this.window(from, asOf, day),
    ]);
    const { objects, ...inputs } = structure;
    return {
      estate: { digest: digestOf(inputs), inputs },
      window: { digest: digestOf(window), inputs: window },
      objects,
    };
  }

  private async structure(asOf: string, instant: Date | null): Promise<EstateInputs & Pick<FigureInputs, 'objects'>> {
    const [estate, segments, seen, labelled] = await Promise.all([
      this.estates.at(instant),
      this.segments.list(),
      this.database.query<{ key: string }>('SELECT key FROM workload WHERE first_seen < $1', [asOf]),
      instant === null ? null : this.labelsUntil(asOf),
    ]);
    const known = new Set(seen.map(({ key }) => key));
    const { objects, policies, contentUnknown, problems, notModelled } = estate;
    // Places count the objects of known content.
    const doubtful = new Set([...problems, ...notModelled].map(({ index }) => index));
    return {
      objects,
      workloads: estate.workloads.flatMap(({ key, namespace, name, labels: last }) => {
        if (namespace === null || !known.has(key)) return [];
        const labels = labelled === null ? last : (labelled.get(key) ?? null);
        const segment = segments.find((one) => belongsTo(one, { namespace, labels: labels ?? {} }))?.name ?? null;
        return [{ key, namespace, name, labels, segment }];
      }),
      segments: segments.map(({ name, criticality, namespace }) => ({ name, criticality, namespace })),
      policies,
      objectsInForce: objects.length,
      objectsModelled: objects.length - contentUnknown.length - doubtful.size,
    };
  }

  /** Labels each workload was last seen with before the end of a day; those never seen with any are left out. */
  private async labelsUntil(asOf: string): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
    const rows = await this.database.query<{ key: string; labels: Record<string, string> }>(
      `SELECT DISTINCT ON (key) key, labels FROM workload_labels WHERE day < $1::date
       ORDER BY key, day DESC, last_time DESC, digest`,
      [asOf.slice(0, 10)],
    );
    return new Map(
      rows.flatMap(({ key, labels }) => (Object.keys(labels).length === 0 ? [] : [[key, labels] as const])),
    );
  }

  private async window(from: string, asOf: string, day: string): Promise<WindowInputs> {
    const [edges, findings, versions, [records], [lost]] = await Promise.all([
      this.edges(from, day),
      this.findings(from, asOf),
      this.versions(from, asOf),
      this.database.query<{ received: string; rejected: string }>(
        `SELECT coalesce(sum(appended + quarantined), 0) AS received, coalesce(sum(quarantined), 0) AS rejected
         FROM source_receipt WHERE minute >= $1 AND minute < $2`,
        [from, asOf],
      ),
      this.database.query<{ missing: string; gaps: string }>(
        `SELECT coalesce(sum(missing), 0) AS missing, count(*) AS gaps FROM missing_records
         WHERE found_at >= $1 AND found_at < $2 AND (filled_at IS NULL OR filled_at >= $2)`,
        [from, asOf],
      ),
    ]);
    return {
      from,
      asOf,
      edges,
      ...findings,
      versions,
      records: {
        received: Number(records?.received ?? 0),
        rejected: Number(records?.rejected ?? 0),
        missing: Number(lost?.missing ?? 0),
        gaps: Number(lost?.gaps ?? 0),
      },
    };
  }

  private async edges(from: string, day: string): Promise<FigureEdge[]> {
    const rows = await this.database.query<{
      source: string;
      destination: string;
      protocol: string;
      port: number;
      verdict: string;
      flows: string;
      last_time: Date;
      last_index: string;
    }>(
      `SELECT source_workload AS source, destination_workload AS destination, protocol, port, verdict, sum(flows) AS flows,
              max(last_time) AS last_time, max(last_index) AS last_index
       FROM flow_edge WHERE day >= $1 AND day <= $2
       GROUP BY source_workload, destination_workload, protocol, port, verdict
       ORDER BY source_workload, destination_workload, protocol, port, verdict`,
      [from.slice(0, 10), day],
    );
    return rows.map(({ last_time, last_index, flows, ...edge }) => ({
      ...edge,
      flows: Number(flows),
      lastTime: last_time.toISOString(),
      lastIndex: Number(last_index),
    }));
  }

  private async findings(from: string, asOf: string): Promise<Pick<WindowInputs, 'findings' | 'closedBefore'>> {
    const rows = await this.database.query<{
      id: string;
      kind: string;
      cause: string;
      segment: string | null;
      occurred_at: Date;
      opened_at: Date;
      closed_at: Date | null;
      came_back: boolean;
    }>(
      `SELECT id, kind, cause, segment, occurred_at, opened_at, closed_at,
              EXISTS (SELECT 1 FROM finding earlier WHERE earlier.kind = finding.kind AND earlier.cause = finding.cause
                AND earlier.closed_at < $1) AS came_back
       FROM finding WHERE opened_at < $2 AND (closed_at IS NULL OR closed_at >= $1) ORDER BY opened_at, id`,
      [from, asOf],
    );
    const findings = rows.map(({ id, kind, cause, segment, occurred_at, opened_at, closed_at }): FigureFinding => ({
      id,
      kind,
      cause,
      segment,
      occurredAt: occurred_at.toISOString(),
      openedAt: opened_at.toISOString(),
      closedAt: closed_at === null || closed_at.toISOString() >= asOf ? null : closed_at.toISOString(),
    }));
    const closedBefore = rows.flatMap(({ kind, cause, came_back }) => (came_back ? [`${kind} ${cause}`] : []));
    return { findings, closedBefore: [...new Set(closedBefore)] };
  }

  private async versions(from: string, asOf: string): Promise<FigureVersion[]> {
    const rows = await this.database.query<
      Omit<PolicyVersionToMatch, 'eventTime'> & { readonly index: string; readonly event_time_text: string }
    >(
      `SELECT index, system, kind, namespace, name, action, digest, event_time_text FROM policy_version
       WHERE event_time >= $1 AND event_time < $2 ORDER BY index, position`,
      [from, asOf],
    );
    if (rows.length === 0) return [];
    const versions = rows.map(({ event_time_text, index, ...row }) => ({
      ...row,
      index: Number(index),
      eventTime: event_time_text,
    }));
    return matchPolicyChanges(versions, await this.changesUntil(asOf)).map(({ version, authorised }) => ({
      index: version.index,
      namespace: version.namespace,
      eventTime: version.eventTime,
      authorised,
      contentKnown: version.digest !== null || version.action === 'delete',
    }));
  }

  /** Changes as they stood then, oldest first: of equal candidates the first one authorises. */
  private async changesUntil(asOf: string): Promise<ChangeToMatch[]> {
    const changes = await this.changes.list({ state: null, limit: mostChanges });
    return changes
      .filter(({ proposedAt }) => proposedAt < asOf)
      .map((change): ChangeToMatch => {
        const { id, windowFrom, windowTo, items } = change;
        const review = change.reviews.find(({ reviewedAt }) => reviewedAt < asOf);
        const state = { approve: 'approved', reject: 'rejected' } as const;
        return {
          id,
          state: review === undefined ? 'proposed' : state[review.decision],
          approvedAt: review?.decision === 'approve' ? review.reviewedAt : null,
          windowFrom,
          windowTo,
          items,
        };
      })
      .reverse();
  }
}

function digestOf(inputs: object): string {
  return hash('sha256', JSON.stringify(inputs), 'hex');
}

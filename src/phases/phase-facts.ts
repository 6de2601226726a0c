import { Inject, Injectable } from '@nestjs/common';
import { matchPolicyChanges } from '../changes/matching.js';
import { Clock } from '../context.js';
import { Database } from '../database/database.js';
import { belongsTo, type SegmentView } from '../inventory/segments.js';
import { defaultDenyOf } from '../policies/default-deny.js';
import { PolicyEstates, type Estate } from '../policies/estate.js';
import { importPolicies } from '../policies/import.js';
import { policyIdText, type Policy } from '../policies/model.js';
import { policyKeyText } from '../policies/policy-key.js';
import type { ObservedEdge, ObservedWorkload } from '../policies/recommendation/observed.js';
import { lastDays, SegmentTraffic } from '../policies/segment-traffic.js';
import { policiesSelecting, subjectsOf } from '../policies/segment-policies.js';
import { BlockedBy, connectionKey, type BlockedConnection } from './blocked.js';
import type { Blocked, PhaseFacts } from './criteria.js';
import { registeredChanges, versionsAt, type RegisteredChange } from './registered-changes.js';

/** Days of flows that are looked at: a month, with its end. */
export const windowDays = 30;

const dayMilliseconds = 86_400_000;

export interface SegmentFacts {
  readonly segment: SegmentView;
  readonly facts: PhaseFacts;
  /** What the policies in force, and those with the open changes, would block, accepted or not. */
  readonly blocked: readonly (BlockedConnection & { readonly accepted: boolean })[];
  readonly blockedByDraft: readonly (BlockedConnection & { readonly accepted: boolean })[];
}

/** Everything that is read once for all segments. */
interface Ground {
  readonly now: Date;
  readonly workloads: readonly ObservedWorkload[];
  readonly estate: Estate;
  readonly subjects: ReadonlyMap<Policy, readonly string[]>;
  readonly coveredDays: readonly string[];
  readonly open: readonly RegisteredChange[];
  readonly unapproved: ReadonlySet<string>;
  readonly accepted: ReadonlyMap<string, ReadonlySet<string>>;
  readonly findings: ReadonlyMap<string, number>;
  readonly inForce: BlockedBy;
  readonly drafted: BlockedBy;
}

/** Reads what the criteria of phases are judged by. */
@Injectable()
export class PhaseFactsReader {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(SegmentTraffic) private readonly traffic: SegmentTraffic,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  async of(segments: readonly SegmentView[]): Promise<SegmentFacts[]> {
    const now = this.clock.now();
    const range = lastDays(now, windowDays);
    const [workloads, estate, coveredDays, changes, accepted, findings] = await Promise.all([
      this.traffic.workloads(),
      this.estates.at(null),
      this.traffic.coveredDays(range),
      registeredChanges(this.database),
      this.accepted(),
      this.openFindings(),
    ]);
    const members = new Map(
      segments.map((segment) => [
        segment.name,
        workloads.filter(({ namespace, labels }) => belongsTo(segment, { namespace, labels: labels ?? {} })),
      ]),
    );
    const all = [...new Set([...members.values()].flat().map(({ key }) => key))];
    const edges = await this.traffic.edges(all, range);
    const open = changes.filter(({ state, windowTo }) => state !== 'rejected' && Date.parse(windowTo) > now.getTime());
    const ground: Ground = {
      now,
      workloads,
      estate,
      subjects: subjectsOf(estate),
      coveredDays,
      open,
      unapproved: await this.unapproved(estate, changes),
      accepted,
      findings,
      inForce: new BlockedBy(estate.policies, workloads),
      drafted: new BlockedBy(draftedPolicies(estate, open), workloads),
    };
    return segments.map((segment) => factsOf(segment, members.get(segment.name) ?? [], edges, ground));
  }

  /** Texts of the policies in force that no approved change covers. */
  private async unapproved(estate: Estate, changes: readonly RegisteredChange[]): Promise<ReadonlySet<string>> {
    const inForce = new Map(estate.objects.map((object) => [policyKeyText(object), object.index]));
    const versions = (await versionsAt(this.database, [...inForce.values()])).filter(
      (version) => inForce.get(policyKeyText(version)) === version.index,
    );
    return new Set(
      matchPolicyChanges(versions, changes)
        .filter(({ authorised }) => !authorised)
        .map(({ version }) => policyKeyText(version)),
    );
  }

  private async accepted(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
    const rows = await this.database.query<{
      segment: string;
      source: string;
      destination: string;
      protocol: string;
      port: number;
    }>(
      'SELECT segment, source_workload AS source, destination_workload AS destination, protocol, port FROM accepted_block',
    );
    const accepted = new Map<string, Set<string>>();
    for (const row of rows) {
      const keys = accepted.get(row.segment) ?? new Set();
      accepted.set(row.segment, keys.add(connectionKey(row)));
    }
    return accepted;
  }

  private async openFindings(): Promise<ReadonlyMap<string, number>> {
    const rows = await this.database.query<{ segment: string; findings: string }>(
      `SELECT segment, count(*) AS findings FROM finding
       WHERE closed_at IS NULL AND segment IS NOT NULL AND kind IN ('drift', 'violation', 'enforcement_off') GROUP BY segment`,
    );
    return new Map(rows.map(({ segment, findings }) => [segment, Number(findings)]));
  }
}

/** The policies in force as the open changes would leave them. */
function draftedPolicies(estate: Estate, open: readonly RegisteredChange[]): readonly Policy[] {
  if (open.length === 0) return estate.policies;
  const objects = new Map<string, unknown>(estate.objects.map((object) => [policyKeyText(object), object.object]));
  for (const item of open.flatMap(({ items }) => items)) {
    if (item.action === 'delete') objects.delete(policyKeyText(item));
    else objects.set(policyKeyText(item), item.object);
  }
  return importPolicies([...objects.values()].filter((object) => object !== null)).policies;
}

function factsOf(
  segment: SegmentView,
  members: readonly ObservedWorkload[],
  edges: readonly ObservedEdge[],
  ground: Ground,
): SegmentFacts {
  const keys = new Set(members.map(({ key }) => key));
  const own = edges.filter(({ source, destination }) => keys.has(source) || keys.has(destination));
  const selecting = policiesSelecting(ground.subjects, keys);
  const accepted = ground.accepted.get(segment.name) ?? new Set<string>();
  const judged = (by: BlockedBy) => {
    const { blocked, uncertain } = by.judge(own, keys);
    const marked = blocked.map((one) => ({ ...one, accepted: accepted.has(connectionKey(one)) }));
    const counts: Blocked = {
      connections: blocked.length,
      flows: blocked.reduce((sum, { flows }) => sum + flows, 0),
      accepted: marked.filter((one) => one.accepted).length,
      uncertain,
    };
    return { marked, counts };
  };
  const [inForce, drafted] = [judged(ground.inForce), judged(ground.drafted)];
  const namespaced = ground.estate.policies.filter(({ id }) => id.namespace === segment.namespace);
  const { ingress, egress } = defaultDenyOf(
    members.map(({ labels }) => ({ labels: labels ?? {} })),
    namespaced,
  );
  return {
    segment,
    blocked: inForce.marked,
    blockedByDraft: drafted.marked,
    facts: {
      windowDays,
      flowDays: new Set(own.flatMap(({ days }) => days)).size,
      gapDays: gapsIn(ground.coveredDays, ground.now),
      workloads: members.length,
      labelledWorkloads: members.filter(({ labels }) => labels !== null).length,
      policiesInForce: selecting.length,
      openChanges: ground.open.filter(({ items }) => items.some(({ namespace }) => namespace === segment.namespace))
        .length,
      unapproved: selecting
        .filter(({ id }) => ground.unapproved.has(policyKeyText(id)))
        .map(({ id }) => policyIdText(id)),
      blockedByDraft: drafted.counts,
      blocked: inForce.counts,
      defaultDeny: { ingress, egress },
      openFindings: ground.findings.get(segment.name) ?? 0,
      phase: segment.phase,
      daysInPhase: Math.max(0, Math.floor((ground.now.getTime() - Date.parse(segment.phaseSince)) / dayMilliseconds)),
    },
  };
}

/** Days without records since the first that has some; the day that is not over yet is none. */
function gapsIn(coveredDays: readonly string[], now: Date): number {
  const [first] = coveredDays;
  if (first === undefined) return windowDays;
  const today = now.toISOString().slice(0, 10);
  const over = Math.round((Date.parse(today) - Date.parse(first)) / dayMilliseconds);
  return over - coveredDays.filter((day) => day < today).length;
}

/** What a segment has to have before it enters a phase. */

import { z } from 'zod';
import { phaseOrder, SegmentPhase } from '../inventory/segment-phase.js';

export const criterionIds = [
  'baseline',
  'labels',
  'policies_drafted',
  'draft_blocks_nothing',
  'policies_approved',
  'default_deny',
  'blocks_nothing',
  'findings_closed',
  'monitored',
] as const;
export const CriterionId = z.enum(criterionIds);
export type CriterionId = z.infer<typeof CriterionId>;

/** A criterion as it stands: `fact` is what is the case, `wanted` what must be, both sentences for people. */
export const Criterion = z.object({
  id: CriterionId,
  /** The phase that it lets the segment into. */
  phase: SegmentPhase,
  title: z.string(),
  met: z.boolean(),
  fact: z.string(),
  wanted: z.string(),
});
export type Criterion = z.infer<typeof Criterion>;

/** Connections that passed and that policies would block; `accepted` of them may be, says somebody. */
export interface Blocked {
  readonly connections: number;
  readonly flows: number;
  readonly accepted: number;
  /** Connections that could not be judged. */
  readonly uncertain: number;
}

export interface PhaseFacts {
  /** Days of flows that were looked at. */
  readonly windowDays: number;
  /** Of these, days with flows of the segment, and days without any record since the first one that has some. */
  readonly flowDays: number;
  readonly gapDays: number;
  readonly workloads: number;
  readonly labelledWorkloads: number;
  /** Policies in force that select its workloads, and open changes that propose some. */
  readonly policiesInForce: number;
  readonly openChanges: number;
  /** Names of policies in force whose last version no approved change covers. */
  readonly unapproved: readonly string[];
  /** Under the policies in force as open changes would leave them; under those in force alone. */
  readonly blockedByDraft: Blocked;
  readonly blocked: Blocked;
  readonly defaultDeny: { readonly ingress: boolean; readonly egress: boolean };
  /** Open findings of the segment that stand in the way. */
  readonly openFindings: number;
  readonly phase: SegmentPhase;
  readonly daysInPhase: number;
}

/** Days with flows of the segment: two weeks hold every working day twice. */
export const leastBaselineDays = 14;
/** Share of the days that may lack records. */
const mostGaps = 0.1;
/** Share of the workloads that must have labels, since no policy selects the others. */
const leastLabelled = 0.95;
/** Days in which policies were watched before they deny. */
export const leastMonitoredDays = 7;

type Judged = Omit<Criterion, 'id' | 'phase'>;

function plural(count: number, word: string, words = `${word}s`): string {
  return `${count} ${count === 1 ? word : words}`;
}

function nothingBlocked({ connections, flows, accepted, uncertain }: Blocked, by: string): Omit<Judged, 'title'> {
  const open = connections - accepted;
  const unjudged = uncertain === 0 ? '' : ` ${plural(uncertain, 'connection')} cannot be judged.`;
  const seen =
    connections === 0
      ? `${by} block nothing that passed.`
      : `${by} block ${plural(connections, 'connection')} that passed (${plural(flows, 'flow')}), ${accepted} of them accepted.`;
  return {
    met: open === 0,
    fact: seen + unjudged,
    wanted: 'Nothing that passed is blocked, or somebody accepted it with a reason.',
  };
}

const judges: Readonly<
  Record<CriterionId, { readonly phase: SegmentPhase; readonly judge: (facts: PhaseFacts) => Judged }>
> = {
  baseline: {
    phase: 'modelling',
    judge: ({ windowDays, flowDays, gapDays }) => ({
      title: 'Baseline of flows',
      met: flowDays >= leastBaselineDays && gapDays <= mostGaps * windowDays,
      fact: `Flows on ${flowDays} of the last ${plural(windowDays, 'day')}; on ${gapDays} no record came at all.`,
      wanted: `Flows on at least ${leastBaselineDays} days, and records missing on at most ${Math.floor(mostGaps * windowDays)}.`,
    }),
  },
  labels: {
    phase: 'modelling',
    judge: ({ workloads, labelledWorkloads }) => ({
      title: 'Labels to write policies with',
      met: workloads > 0 && labelledWorkloads >= leastLabelled * workloads,
      fact: `${labelledWorkloads} of ${plural(workloads, 'workload')} have labels.`,
      wanted: `At least one workload, and ${leastLabelled * 100} % of them with labels.`,
    }),
  },
  policies_drafted: {
    phase: 'testing',
    judge: ({ policiesInForce, openChanges }) => ({
      title: 'Policies written',
      met: policiesInForce + openChanges > 0,
      fact: `${plural(policiesInForce, 'policy', 'policies')} in force, ${plural(openChanges, 'open change')}.`,
      wanted: 'A policy in force or an open change that proposes one.',
    }),
  },
  draft_blocks_nothing: {
    phase: 'monitoring',
    judge: ({ blockedByDraft, policiesInForce, openChanges }) => ({
      title: 'Simulation blocks nothing',
      ...(policiesInForce + openChanges === 0
        ? { met: false, fact: 'There is no policy to simulate.', wanted: 'Policies, held against recorded flows.' }
        : nothingBlocked(blockedByDraft, 'The policies as proposed')),
    }),
  },
  policies_approved: {
    phase: 'monitoring',
    judge: ({ policiesInForce, unapproved }) => ({
      title: 'Policies approved',
      met: policiesInForce > 0 && unapproved.length === 0,
      fact:
        unapproved.length === 0
          ? `${plural(policiesInForce, 'policy', 'policies')} in force, all under an approved change.`
          : `No approved change covers ${unapproved.slice(0, 3).join(', ')}${unapproved.length > 3 ? ` and ${unapproved.length - 3} more` : ''}.`,
      wanted: 'Policies in force, each as an approved change says.',
    }),
  },
  default_deny: {
    phase: 'enforcing',
    judge: ({ defaultDeny: { ingress, egress } }) => ({
      title: 'Default deny both ways',
      met: ingress && egress,
      fact: `For every workload: ingress ${ingress ? 'yes' : 'no'}, egress ${egress ? 'yes' : 'no'}.`,
      wanted: 'Every workload is isolated in both directions.',
    }),
  },
  blocks_nothing: {
    phase: 'enforcing',
    judge: ({ blocked }) => ({
      title: 'Policies in force block nothing needed',
      ...nothingBlocked(blocked, 'The policies in force'),
    }),
  },
  findings_closed: {
    phase: 'enforcing',
    judge: ({ openFindings }) => ({
      title: 'No open drift or violation',
      met: openFindings === 0,
      fact: `${plural(openFindings, 'open finding')} of drift, violation or enforcement switched off.`,
      wanted: 'None.',
    }),
  },
  monitored: {
    phase: 'enforcing',
    judge: ({ phase, daysInPhase }) => {
      const days = phase === 'monitoring' ? daysInPhase : phase === 'enforcing' ? null : 0;
      return {
        title: 'Watched before it denies',
        met: days === null || days >= leastMonitoredDays,
        fact: days === null ? 'It is enforcing already.' : `${plural(days, 'day')} in monitoring.`,
        wanted: `At least ${leastMonitoredDays} days in monitoring.`,
      };
    },
  },
};

/** All criteria as they stand, in the order of the phases. */
export function criteriaOf(facts: PhaseFacts): readonly Criterion[] {
  return criterionIds.map((id) => {
    const { phase, judge } = judges[id];
    return { id, phase, ...judge(facts) };
  });
}

/** Whether `to` lies behind `from`. */
export function isLater(from: SegmentPhase, to: SegmentPhase): boolean {
  return phaseOrder.indexOf(to) > phaseOrder.indexOf(from);
}

/** The phase after this one; null after the last. */
export function phaseAfter(phase: SegmentPhase): SegmentPhase | null {
  return phaseOrder[phaseOrder.indexOf(phase) + 1] ?? null;
}

/** What must hold to move: all criteria of the phases after `from` up to `to`. Moving back needs none. */
export function neededFor(from: SegmentPhase, to: SegmentPhase, criteria: readonly Criterion[]): readonly Criterion[] {
  return criteria.filter(({ phase }) => isLater(from, phase) && !isLater(to, phase));
}

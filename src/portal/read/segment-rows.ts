import { defaultDenyOf } from '../../policies/default-deny.js';
import type { Policy } from '../../policies/model.js';
import type { SegmentRow, SegmentsView } from '../views.js';
import type { FlowSum, PeopledSegment } from './segment-estate.js';

/** Where flows come from or go to that are in no segment. */
const outside = 'outside';

/** A segment with its members, the policies of its namespace and all flows; flows that touch it are counted. */
export function segmentRow(
  { segment, members }: PeopledSegment,
  flows: readonly FlowSum[],
  policies: readonly Policy[],
): SegmentRow {
  const keys = new Set(members.map(({ key }) => key));
  const touching = flows.filter(({ from, to }) => keys.has(from) || keys.has(to));
  const sum = (verdict: FlowSum['verdict']): number =>
    touching.reduce((all, flow) => all + (flow.verdict === verdict ? flow.flows : 0), 0);
  const { name, owner, criticality, phase, namespace } = segment;
  return {
    name,
    owner,
    criticality,
    phase,
    namespace,
    workloads: members.length,
    defaultDeny: defaultDenyOf(members, policies),
    allowed: sum('allow'),
    denied: sum('deny'),
  };
}

/** Flow records at each workload, by its key. */
export function flowsByWorkload(flows: readonly FlowSum[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const { from, to, flows: count } of flows) {
    for (const key of new Set([from, to])) sums.set(key, (sums.get(key) ?? 0) + count);
  }
  return sums;
}

const counted = { allow: 'allowed', deny: 'denied', would_deny: 'wouldDeny' } as const;

/** Flows between segments. A workload that two segments claim counts for the first by name. */
export function trafficBetween(all: readonly PeopledSegment[], flows: readonly FlowSum[]): SegmentsView['traffic'] {
  const segmentOf = new Map(
    all.toReversed().flatMap(({ segment, members }) => members.map(({ key }) => [key, segment.name] as const)),
  );
  const sums = new Map<string, { from: string; to: string; allowed: number; denied: number; wouldDeny: number }>();
  for (const { from, to, verdict, flows: count } of flows) {
    if (verdict !== 'allow' && verdict !== 'deny' && verdict !== 'would_deny') continue;
    const ends = { from: segmentOf.get(from) ?? outside, to: segmentOf.get(to) ?? outside };
    if (ends.from === outside && ends.to === outside) continue;
    const key = `${ends.from}/${ends.to}`;
    const sum = sums.get(key) ?? { ...ends, allowed: 0, denied: 0, wouldDeny: 0 };
    sum[counted[verdict]] += count;
    sums.set(key, sum);
  }
  return [...sums.values()];
}

/** What is to be said of single workloads: which policies select them, whom they reach, who reaches them. */

import type { Direction } from '../policies/model.js';
import { policyIdText } from '../policies/model.js';
import { hasBit } from '../policies/simulation/bitset.js';
import type { EstateMap, Reach } from './estate-map.js';
import type { Criticality } from './model.js';

export interface WorkloadReach extends Reach {
  readonly workload: string;
  readonly segment: string | null;
  readonly criticality: Criticality | null;
  readonly labelled: boolean;
  /** Whether a policy governs the direction. */
  readonly ingress: boolean;
  readonly egress: boolean;
}

/** Which workloads; a member that is null leaves the choice open. */
export interface WorkloadFilter {
  readonly segment: string | null;
  /** Not critical, and at most so many hops from a critical workload. */
  readonly exposedWithin: number | null;
  /** No policy governs this direction; `any` for at least one of both. */
  readonly ungoverned: Direction | 'any' | null;
}

export interface WorkloadPage {
  readonly workloads: readonly WorkloadReach[];
  readonly matching: number;
}

export interface SelectingPolicy {
  readonly policy: string;
  readonly system: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly ingress: boolean;
  readonly egress: boolean;
  readonly staged: boolean;
}

function isGoverned(map: EstateMap, direction: Direction, workload: number): boolean {
  return map.connectivity.engine.guard(direction, workload) !== null;
}

export function workloadReach(map: EstateMap, workload: number): WorkloadReach | undefined {
  const [reach, one] = [map.reach()[workload], map.inputs.workloads[workload]];
  if (reach === undefined || one === undefined) return undefined;
  return {
    workload: one.key,
    segment: one.segment,
    criticality: map.criticality(workload),
    labelled: one.labels !== null,
    ingress: isGoverned(map, 'ingress', workload),
    egress: isGoverned(map, 'egress', workload),
    ...reach,
  };
}

function matches({ segment, exposedWithin, ungoverned }: WorkloadFilter, reach: WorkloadReach): boolean {
  if (segment !== null && reach.segment !== segment) return false;
  if (exposedWithin !== null && (reach.hopsToCritical < 1 || reach.hopsToCritical > exposedWithin)) return false;
  if (ungoverned === 'any') return !(reach.ingress && reach.egress);
  return ungoverned === null || !reach[ungoverned];
}

/** A part of the workloads that match, those of the widest weighted reach first, and how many match in all. */
export function workloadPage(
  map: EstateMap,
  filter: WorkloadFilter,
  { offset, limit }: { readonly offset: number; readonly limit: number },
): WorkloadPage {
  const found = map.inputs.workloads
    .flatMap((_, workload) => workloadReach(map, workload) ?? [])
    .filter((reach) => matches(filter, reach))
    .sort(
      (a, b) =>
        b.weightedTransitive - a.weightedTransitive || b.direct - a.direct || (a.workload < b.workload ? -1 : 1),
    );
  return { workloads: found.slice(offset, offset + limit), matching: found.length };
}

/** The policies whose subject the workload is, in the order of the policies. */
export function policiesSelecting(map: EstateMap, workload: number): SelectingPolicy[] {
  const { engine } = map.connectivity;
  return map.inputs.policies
    .filter((policy) => hasBit(engine.compiled(policy).subject, workload))
    .map(({ id, ingress, egress, isolates, staged }) => ({
      policy: policyIdText(id),
      system: id.system,
      kind: id.kind,
      namespace: id.namespace,
      name: id.name,
      ingress: ingress !== null || isolates.ingress,
      egress: egress !== null || isolates.egress,
      staged: staged !== null,
    }));
}

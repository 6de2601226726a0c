/** Which policies guard a pod in one direction, arranged in the order they are asked. */

import type { Direction, PolicyId, Tier } from '../model.js';
import { hasBit, intersect, members, type Bits } from './bitset.js';
import type { CompiledPolicy, CompiledRule } from './rules.js';

/** Rules that are asked together. Of `additive` ones all denials come before all permissions, one list a policy. */
export type Step =
  | { readonly precedence: 'ordered'; readonly rules: readonly CompiledRule[] }
  | {
      readonly precedence: 'additive';
      readonly denying: readonly (readonly CompiledRule[])[];
      readonly allowing: readonly (readonly CompiledRule[])[];
    };

/** The policies of one tier. `isolatedBy` are those for which unmatched traffic ends here; `null` when there is none. */
export interface Stage {
  readonly tier: Tier;
  readonly steps: readonly Step[];
  readonly isolatedBy: readonly PolicyId[] | null;
}

/** Pods under the same rules share one guard. */
export type Guard = readonly Stage[];

/** Calico's own name of a Kubernetes policy, by which it sorts policies of one order. */
function sortingName({ id }: CompiledPolicy): string {
  return id.system === 'kubernetes' && id.kind === 'NetworkPolicy' ? `knp.default.${id.name}` : id.name;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function inOrder(a: CompiledPolicy, b: CompiledPolicy): number {
  if (a.order !== b.order) return a.order < b.order ? -1 : 1;
  return compareText(sortingName(a), sortingName(b)) || compareText(a.id.namespace ?? '', b.id.namespace ?? '');
}

function steps(
  policies: readonly CompiledPolicy[],
  rulesOf: (policy: CompiledPolicy) => readonly CompiledRule[],
): Step[] {
  const groups: CompiledPolicy[][] = [];
  for (const policy of policies.toSorted(inOrder)) {
    const group = groups.at(-1);
    if (group?.[0]?.precedence === policy.precedence) group.push(policy);
    else groups.push([policy]);
  }
  return groups.map((group) => {
    if (group[0]?.precedence === 'ordered') return { precedence: 'ordered', rules: group.flatMap(rulesOf) };
    const lists = group.toSorted((a, b) => a.number - b.number).map(rulesOf);
    const only = (denies: boolean) =>
      lists
        .map((rules) => rules.filter(({ action }) => (action === 'Deny') === denies))
        .filter((rules) => rules.length > 0);
    return { precedence: 'additive', denying: only(true), allowing: only(false) };
  });
}

function stagesOf(
  policies: readonly CompiledPolicy[],
  direction: Direction,
  rulesOf: (policy: CompiledPolicy) => readonly CompiledRule[],
): Guard {
  const tiers = new Map<Tier, CompiledPolicy[]>();
  for (const policy of policies) {
    const tier = tiers.get(policy.tier);
    if (tier === undefined) tiers.set(policy.tier, [policy]);
    else tier.push(policy);
  }
  return [...tiers]
    .map(([tier, list]) => ({ tier, list, order: Math.min(...list.map(({ tierOrder }) => tierOrder)) }))
    .sort((a, b) => (a.order === b.order ? compareText(a.tier, b.tier) : a.order < b.order ? -1 : 1))
    .map(({ tier, list }) => {
      const isolating = list.filter(({ isolates }) => isolates[direction]);
      return {
        tier,
        steps: steps(list, rulesOf),
        isolatedBy: isolating.length === 0 ? null : isolating.map(({ id }) => id),
      };
    });
}

/** Guards of an engine whose policies were others; for pods outside of `affected` they hold on. */
export interface EarlierGuards {
  readonly guards: readonly (Guard | null)[];
  readonly affected: Bits;
}

/** The guard of each pod; `null` for pods that no policy governs in this direction. */
export function guardsOf(
  pods: number,
  policies: readonly CompiledPolicy[],
  direction: Direction,
  earlier: EarlierGuards | null = null,
): (Guard | null)[] {
  const governing: CompiledPolicy[][] = [];
  for (let pod = 0; pod < pods; pod++) governing.push([]);
  const narrowed = new Set<CompiledPolicy>();
  for (const policy of policies) {
    const rules = policy[direction];
    if (rules === null) continue;
    if (rules.some(({ near }) => near !== null)) narrowed.add(policy);
    const subject = earlier === null ? policy.subject : policy.subject.slice();
    if (earlier !== null) intersect(subject, earlier.affected);
    for (const pod of members(subject)) governing[pod]?.push(policy);
  }
  const shared = new Map<string, Guard>();
  return governing.map((list, pod) => {
    if (earlier !== null && !hasBit(earlier.affected, pod)) return earlier.guards[pod] ?? null;
    if (list.length === 0) return null;
    const applies = ({ near }: CompiledRule) => near === null || hasBit(near, pod);
    const key = list
      .map((policy) =>
        narrowed.has(policy)
          ? `${policy.number}:${(policy[direction] ?? []).map((rule) => (applies(rule) ? 1 : 0)).join('')}`
          : policy.number,
      )
      .join();
    let guard = shared.get(key);
    if (guard === undefined) {
      const rulesOf = (policy: CompiledPolicy) => {
        const rules = policy[direction] ?? [];
        return narrowed.has(policy) ? rules.filter(applies) : rules;
      };
      shared.set(key, (guard = stagesOf(list, direction, rulesOf)));
    }
    return guard;
  });
}

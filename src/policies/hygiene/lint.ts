/** Hygiene of a set of policies: what has no effect, what another policy already says, what is broader than it looks. */

import { policyDigest } from '../digest.js';
import { policyConflicts } from '../kubernetes/import.js';
import { policyIdText, protocols, type Direction, type Policy } from '../model.js';
import type { SimulationOptions, Topology } from '../simulation/evaluate.js';
import { hasBit } from '../simulation/bitset.js';
import type { CompiledRule } from '../simulation/rules.js';
import type { HygieneFinding } from './findings.js';
import { inconsistentLabels, orphanLabels } from './labels.js';
import { isVacuous, PolicySet } from './policy-set.js';
import { emptyRules, redundantPolicies, redundantRules, type RulePlace } from './redundancy.js';

const directions: readonly Direction[] = ['ingress', 'egress'];

function placeText({ direction, rule }: RulePlace): string {
  return `${direction}[${rule}]`;
}

function isIn(places: readonly RulePlace[], place: RulePlace): boolean {
  return places.some(({ direction, rule }) => direction === place.direction && rule === place.rule);
}

/** One policy alone, seen on the same ends as the whole set. */
class Alone {
  private readonly known = new Map<Policy, { readonly set: PolicySet; readonly pods: readonly number[] }>();

  constructor(private readonly all: PolicySet) {}

  of(policy: Policy): { readonly set: PolicySet; readonly pods: readonly number[] } {
    let alone = this.known.get(policy);
    if (alone === undefined) {
      const pods = this.all.selected(policy);
      this.known.set(policy, (alone = { set: this.all.revised([policy]), pods }));
    }
    return alone;
  }

  /** True when `outer` governs every pod of `inner` and allows there whatever `inner` does. */
  covers(outer: Policy, inner: Policy): boolean {
    const [wide, narrow] = [this.of(outer), this.of(inner)];
    if (!narrow.pods.every((pod) => wide.pods.includes(pod))) return false;
    return directions.every(
      (direction) =>
        inner[direction] === null ||
        (outer[direction] !== null && narrow.pods.every((pod) => narrow.set.sideWithin(direction, pod, wide.set))),
    );
  }

  /** True when both allow some same connection to or from a pod that both govern. */
  overlap(a: Policy, b: Policy): boolean {
    const [one, other] = [this.of(a), this.of(b)];
    const both = new Set(other.pods);
    return directions.some(
      (direction) =>
        a[direction] !== null &&
        b[direction] !== null &&
        one.pods.some((pod) => both.has(pod) && one.set.sideMeets(direction, pod, other.set)),
    );
  }
}

function redundancyFindings(set: PolicySet, empty: ReadonlySet<Policy>, alone: Alone): HygieneFinding[] {
  const redundant = set.policies.length > 1 ? redundantPolicies(set).filter((policy) => !empty.has(policy)) : [];
  const policies = redundant.map((policy): HygieneFinding => {
    const covering = set.policies.filter(
      (other) => other !== policy && !empty.has(other) && alone.covers(other, policy),
    );
    const others = covering.map(({ id }) => policyIdText(id));
    return {
      check: 'redundant-policy',
      severity: 'warning',
      policies: [policyIdText(policy.id)],
      place: '',
      others,
      message:
        others.length === 0
          ? 'removing it changes no connection'
          : `covered by ${others.join(', ')}; removing it changes no connection`,
    };
  });
  const rules = set.policies
    .filter((policy) => !empty.has(policy) && !redundant.includes(policy))
    .flatMap((policy) => {
      const nobody = emptyRules(set, policy);
      return redundantRules(set, policy)
        .filter((place) => !isIn(nobody, place))
        .map((place): HygieneFinding => ({
          check: 'redundant-rule',
          severity: 'warning',
          policies: [policyIdText(policy.id)],
          place: placeText(place),
          others: [],
          message: 'removing it changes no connection: other rules allow what it allows, or the other side denies it',
        }));
    });
  return [...policies, ...rules];
}

function duplicates(policies: readonly Policy[]): HygieneFinding[] {
  const groups = new Map<string, string[]>();
  for (const policy of policies) {
    const digest = policyDigest({ ...policy, id: { ...policy.id, name: '' }, priority: null });
    groups.set(digest, [...(groups.get(digest) ?? []), policyIdText(policy.id)]);
  }
  return [...groups.values()]
    .filter((names) => names.length > 1)
    .map((names) => ({
      check: 'duplicate-policy',
      severity: 'warning',
      policies: names,
      place: '',
      others: [],
      message: 'these say the same',
    }));
}

function overlaps(set: PolicySet, empty: ReadonlySet<Policy>, alone: Alone): HygieneFinding[] {
  const bySpace = set.policies.filter((policy) => !empty.has(policy) && policy.precedence === 'additive');
  return bySpace.flatMap((policy, at) => {
    const others = bySpace.slice(at + 1).filter((other) => alone.overlap(policy, other));
    if (others.length === 0) return [];
    const names = others.map(({ id }) => policyIdText(id));
    return [
      {
        check: 'overlapping',
        severity: 'note',
        policies: [policyIdText(policy.id)],
        place: '',
        others: names,
        message: `some connections are allowed by ${names.join(', ')} as well`,
      } satisfies HygieneFinding,
    ];
  });
}

function isAllPorts({ ports, notPorts }: CompiledRule): boolean {
  if (notPorts.length > 0) return false;
  return (
    ports === null ||
    protocols.every((_, protocol) =>
      ports.some(
        (entry) => entry.protocol === protocol && entry.declared === null && entry.first <= 1 && entry.last === 65535,
      ),
    )
  );
}

function broadness(set: PolicySet, policy: Policy): HygieneFinding[] {
  const compiled = set.engine.compiled(policy);
  return directions.flatMap((direction) =>
    (compiled[direction] ?? []).flatMap((rule): HygieneFinding[] => {
      if (rule.action !== 'Accept') return [];
      const base = {
        severity: 'note',
        policies: [policyIdText(policy.id)],
        place: `${direction}[${rule.number}]`,
        others: [],
      } as const;
      const { anyPeer } = rule;
      const anybody =
        anyPeer === null || Array.from({ length: set.endCount }, (_, end) => end).every((end) => hasBit(anyPeer, end));
      const allPods =
        !anybody && Array.from({ length: set.podCount }, (_, pod) => pod).every((pod) => hasBit(anyPeer, pod));
      return [
        ...(anybody
          ? [{ ...base, check: 'any-peer', message: 'allows every peer, workloads and all addresses' } as const]
          : []),
        ...(allPods ? [{ ...base, check: 'any-peer', message: 'allows every workload' } as const] : []),
        ...(isAllPorts(rule)
          ? [{ ...base, check: 'all-ports', message: 'allows all ports of all protocols' } as const]
          : []),
      ];
    }),
  );
}

/** Named ports mean something on the destination only: the pods of the policy for ingress, the peers for egress. */
function namedPorts(set: PolicySet, policy: Policy): HygieneFinding[] {
  const compiled = set.engine.compiled(policy);
  const subject = new Set(set.selected(policy));
  return directions.flatMap((direction) =>
    (compiled[direction] ?? []).flatMap((rule) =>
      (rule.ports ?? []).flatMap((entry, at): HygieneFinding[] => {
        const port = policy[direction]?.[rule.number]?.ports?.[at];
        if (entry.declared === null || port?.kind !== 'named') return [];
        const isDestination = (pod: number) =>
          direction === 'ingress' ? subject.has(pod) : rule.anyPeer === null || hasBit(rule.anyPeer, pod);
        if ([...entry.declared.keys()].some(isDestination)) return [];
        return [
          {
            check: 'named-port-nowhere',
            severity: 'warning',
            policies: [policyIdText(policy.id)],
            place: `${direction}[${rule.number}].ports[${at}]`,
            others: [],
            message: `no destination of the rule has a port named ${port.name}${port.protocol === null ? '' : ` for ${port.protocol}`}`,
          },
        ];
      }),
    ),
  );
}

function notSelected(set: PolicySet): HygieneFinding[] {
  return directions.flatMap((direction) => {
    const open = set.engine.topology.pods.filter((_, pod) => !set.governs(direction, pod)).map(({ key }) => key);
    if (open.length === 0) return [];
    return [
      {
        check: 'not-selected',
        severity: 'note',
        policies: [],
        place: direction,
        others: [],
        message: `no policy governs ${direction} of ${open.length} workloads: ${open.join(', ')}`,
      } satisfies HygieneFinding,
    ];
  });
}

/**
 * All findings on a set of policies and the cluster it is for, in a fixed order. About quadratic in policies that share
 * workloads; every policy and rule is taken away once and the connections compared.
 */
export function lintPolicies(
  topology: Topology,
  policies: readonly Policy[],
  options: SimulationOptions,
): HygieneFinding[] {
  const [set] = PolicySet.beside(topology, [policies.filter(({ staged }) => staged === null)], options);
  if (set === undefined) return [];
  const alone = new Alone(set);
  const empty = new Set(set.policies.filter((policy) => set.selected(policy).length === 0));
  const one = (policy: Policy, check: 'selects-nothing' | 'vacuous', message: string): HygieneFinding => ({
    check,
    severity: 'warning',
    policies: [policyIdText(policy.id)],
    place: '',
    others: [],
    message,
  });
  return [
    ...policyConflicts(policies).map(({ policies: ids, message }): HygieneFinding => ({
      check: 'conflict',
      severity: 'warning',
      policies: [...new Set(ids.map(policyIdText))],
      place: '',
      others: [],
      message,
    })),
    ...[...empty].map((policy) => one(policy, 'selects-nothing', 'selects no workload')),
    ...set.policies
      .filter((policy) => !empty.has(policy))
      .flatMap((policy) =>
        emptyRules(set, policy).map((place): HygieneFinding => ({
          ...one(policy, 'selects-nothing', 'its peers are nobody: no workload and no address'),
          check: 'rule-selects-nothing',
          place: placeText(place),
        })),
      ),
    ...set.policies
      .filter((policy) => !empty.has(policy) && isVacuous(alone.of(policy).set))
      .map((policy) => one(policy, 'vacuous', 'alone it changes nothing: it allows all that is allowed without it')),
    ...redundancyFindings(set, empty, alone),
    ...duplicates(set.policies),
    ...overlaps(set, empty, alone),
    ...orphanLabels(set.policies, topology),
    ...set.policies.flatMap((policy) => namedPorts(set, policy)),
    ...set.policies.flatMap((policy) => broadness(set, policy)),
    ...inconsistentLabels(topology),
    ...notSelected(set),
  ];
}

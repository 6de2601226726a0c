/** Policies and rules without which a set allows exactly the same. */

import type { Direction, Policy } from '../model.js';
import { equivalent, type PolicySet } from './policy-set.js';

/** A rule by its place in a policy, counted from 0. */
export interface RulePlace {
  readonly direction: Direction;
  readonly rule: number;
}

const directions: readonly Direction[] = ['ingress', 'egress'];

/** Every rule of a policy, ingress first. */
export function rulePlaces(policy: Policy): RulePlace[] {
  return directions.flatMap((direction) => (policy[direction] ?? []).map((_, rule) => ({ direction, rule })));
}

/** The policies each of which can be removed, the others left as they are, without any connection changing. */
export function redundantPolicies(set: PolicySet): Policy[] {
  return set.policies.filter((policy) => equivalent(set, set.without(policy)));
}

/** The policy without one of its rules. It goes on governing the same directions. */
export function withoutRule(policy: Policy, { direction, rule }: RulePlace): Policy {
  const rules = policy[direction]?.filter((_, at) => at !== rule) ?? null;
  return direction === 'ingress' ? { ...policy, ingress: rules } : { ...policy, egress: rules };
}

/** The rules of a policy each of which can be removed without any connection changing. */
export function redundantRules(set: PolicySet, policy: Policy): RulePlace[] {
  return rulePlaces(policy).filter((place) => equivalent(set, set.replacing(policy, withoutRule(policy, place))));
}

/** The rules whose peers are nobody: no pod of the topology and no address. */
export function emptyRules(set: PolicySet, policy: Policy): RulePlace[] {
  const compiled = set.engine.compiled(policy);
  return rulePlaces(policy).filter(({ direction, rule }) =>
    compiled[direction]?.some(
      ({ number, anyPeer }) => number === rule && anyPeer?.every((word) => word === 0) === true,
    ),
  );
}

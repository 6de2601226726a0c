import { policyIdText, type Direction, type Policy } from './model.js';
import type { PolicyKey } from './policy-key.js';
import { matchesSelector } from './simulation/topology.js';

/** Which directions are denied by default for all members, and what brings it about. */
export interface DefaultDeny {
  readonly ingress: boolean;
  readonly egress: boolean;
  readonly policies: readonly PolicyKey[];
}

interface Member {
  readonly labels: Readonly<Record<string, string>>;
}

/** What a segment's members are denied by default, and by which policies. `policies` are those in force in the segment's namespace. */
export function defaultDenyOf(members: readonly Member[], policies: readonly Policy[]): DefaultDeny {
  const ingress = isolation(members, policies, 'ingress');
  const egress = isolation(members, policies, 'egress');
  const named = new Map([...ingress.by, ...egress.by].map(({ id }) => [policyIdText(id), id]));
  return {
    ingress: ingress.complete,
    egress: egress.complete,
    policies: [...named.values()].map(({ system, kind, namespace, name }) => ({ system, kind, namespace, name })),
  };
}

/** A member is isolated when a policy selects it and none of those that do allows everything. */
function isolation(
  members: readonly Member[],
  policies: readonly Policy[],
  direction: Direction,
): { complete: boolean; by: readonly Policy[] } {
  const governing = policies.filter((policy) => policy.tier === 'NetworkPolicy' && policy[direction] !== null);
  const selects = (policy: Policy, member: Member): boolean => matchesSelector(policy.subject.pods, member.labels);
  const opensAll = (policy: Policy): boolean =>
    policy[direction]?.some(({ peers, ports }) => peers === null && ports === null) === true;
  const complete =
    members.length > 0 &&
    members.every((member) => {
      const selecting = governing.filter((policy) => selects(policy, member));
      return selecting.length > 0 && !selecting.some(opensAll);
    });
  if (!complete) return { complete, by: [] };
  // Usually one policy selects all and allows nothing; the others only add to what is allowed.
  const forAll = governing
    .filter((policy) => members.every((member) => selects(policy, member)))
    .sort((a, b) => (a[direction]?.length ?? 0) - (b[direction]?.length ?? 0));
  const [plainest] = forAll;
  if (plainest !== undefined) return { complete, by: [plainest] };
  return { complete, by: governing.filter((policy) => members.some((member) => selects(policy, member))) };
}

/**
 * The policy model of the pure core: what the simulator, the digest and the diff work on.
 * Importers turn Kubernetes objects into it; nothing here knows JSON from the wire.
 */

/** A policy object, identified the way its enforcing system identifies it. */
export interface PolicyId {
  readonly system: 'kubernetes';
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}

/** Text form used in tables, URLs and explanations: `NetworkPolicy payments/default-deny`. */
export function policyIdText(id: PolicyId): string {
  return `${id.kind} ${id.namespace === null ? '' : `${id.namespace}/`}${id.name}`;
}

/** The transport protocols a Kubernetes policy can name. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** All protocols, in the order lists print them. */
export const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** The side of a policy: `ingress` guards the destination of a flow, `egress` its source. */
export type Direction = 'ingress' | 'egress';

/**
 * One term of a label selector. `NotIn` and `DoesNotExist` also match objects that lack the key.
 * `values` is empty for `Exists` and `DoesNotExist`, and has at least one value otherwise.
 */
export interface Requirement {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values: readonly string[];
}

/** A label selector: every requirement must hold, so an empty list matches everything. `matchLabels` become `In`. */
export type Selector = readonly Requirement[];

/** Pods by the labels of their namespace and their own. `own` means the namespace of the policy. */
export interface PodSet {
  readonly namespaces: Selector | 'own';
  readonly pods: Selector;
}

/**
 * The far side of a rule.
 *
 * - `ipBlock` is the peer of a NetworkPolicy: whether it covers pod addresses is an option of the simulation.
 * - `networks` is the peer of the cluster-wide kinds, which covers pod addresses by definition.
 * - `nodes` and `domainNames` name things a pod-level simulation has no members for.
 * - `unknown` is a peer kind this version does not know; the cluster-wide kinds must fail closed on it.
 *
 * CIDRs are in canonical text (see `canonicalCidr`).
 */
export type Peer =
  | ({ readonly kind: 'pods' } & PodSet)
  | { readonly kind: 'ipBlock'; readonly cidr: string; readonly except: readonly string[] }
  | { readonly kind: 'networks'; readonly cidrs: readonly string[] }
  | { readonly kind: 'nodes'; readonly nodes: Selector }
  | { readonly kind: 'domainNames'; readonly names: readonly string[] }
  | { readonly kind: 'unknown'; readonly field: string };

/**
 * Destination ports a rule speaks of. `range` is inclusive at both ends. A named port resolves on the destination
 * pod; `protocol: null` (cluster-wide kinds only) accepts whichever protocol the pod declares for the name.
 */
export type PortMatch =
  | { readonly kind: 'all'; readonly protocol: Protocol }
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly first: number; readonly last: number }
  | { readonly kind: 'named'; readonly protocol: Protocol | null; readonly name: string };

/** What a matching rule does; `Pass` leaves the decision to the next tier. NetworkPolicy rules are all `Accept`. */
export type RuleAction = 'Accept' | 'Deny' | 'Pass';

/** One rule. `peers: null` means any peer, `ports: null` any protocol and port; an empty list never occurs. */
export interface Rule {
  readonly name: string | null;
  readonly action: RuleAction;
  readonly peers: readonly Peer[] | null;
  readonly ports: readonly PortMatch[] | null;
}

/** Evaluation order: Admin first, then NetworkPolicy (which always decides for the pods it selects), then Baseline. */
export type Tier = 'Admin' | 'NetworkPolicy' | 'Baseline';

/**
 * A policy with the API server's defaults filled in, rules in the order they were written (explanations count them).
 *
 * A direction that is `null` is not governed. In the NetworkPolicy tier a governed direction isolates the pods the
 * policy selects, so `[]` means nothing is allowed. `priority` counts in the Admin and Baseline tiers, low first and
 * `null` last; NetworkPolicy and BaselineAdminNetworkPolicy have none.
 */
export interface Policy {
  readonly id: PolicyId;
  readonly tier: Tier;
  readonly priority: number | null;
  readonly subject: PodSet;
  readonly ingress: readonly Rule[] | null;
  readonly egress: readonly Rule[] | null;
}

/** Why an object was refused, and where in it: `spec.ingress[0].from[1].ipBlock.cidr`. */
export interface PolicyProblem {
  readonly path: string;
  readonly message: string;
}

/**
 * The policy model of the pure core: what the simulator, the digest and the diff work on.
 * Importers turn the objects of each system into it; nothing here knows JSON from the wire.
 */

import type { PolicyKey } from './policy-key.js';

/** The systems whose policies are modelled. `segproof` stands for our own intents. */
export type PolicySystem = 'kubernetes' | 'calico' | 'cilium' | 'aws' | 'segproof';

/** A policy object, identified the way its enforcing system identifies it. */
export interface PolicyId {
  readonly system: PolicySystem;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}

/**
 * Text form used in tables, URLs and explanations: `NetworkPolicy payments/default-deny`. Calico has kinds of the same
 * names as Kubernetes, so its own begin with `Calico`.
 */
export function policyIdText(id: PolicyKey): string {
  const kind = id.system === 'calico' ? `Calico ${id.kind}` : id.kind;
  return `${kind} ${id.namespace === null ? '' : `${id.namespace}/`}${id.name}`;
}

/** The transport protocols a Kubernetes policy can name. */
export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** All protocols, in the order lists print them. */
export const protocols: readonly Protocol[] = ['TCP', 'UDP', 'SCTP'];

/** The protocols a flow can have. */
export type FlowProtocol = Protocol | 'ICMP' | 'ICMPv6';

/** All of them, those with ports first. */
export const flowProtocols: readonly FlowProtocol[] = [...protocols, 'ICMP', 'ICMPv6'];

/** What stands in the place of the port for ICMP: type and code, 0 to 255 each, as one number. */
export function icmpPort(type: number, code: number): number {
  return type * 256 + code;
}

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

/**
 * A Boolean expression over the labels Calico gives an endpoint: those of the pod, `projectcalico.org/namespace`,
 * `projectcalico.org/orchestrator`, `projectcalico.org/serviceaccount`, and the labels of the namespace behind `pcns.`.
 * A term on a label that is missing is false, so `!=` and `not in` are `Not` around `In`, which holds without the label.
 * `And` of nothing is always true.
 */
export type Expression =
  | { readonly operator: 'And' | 'Or'; readonly of: readonly Expression[] }
  | { readonly operator: 'Not'; readonly of: Expression }
  | { readonly operator: 'Has'; readonly label: string }
  | { readonly operator: 'In'; readonly label: string; readonly values: readonly string[] }
  | { readonly operator: 'Contains' | 'StartsWith' | 'EndsWith'; readonly label: string; readonly value: string };

/**
 * Pods by the labels of their namespace and their own. `own` means the namespace of the policy. `where`, which only
 * Calico policies have, narrows the set further.
 */
export interface PodSet {
  readonly namespaces: Selector | 'own';
  readonly pods: Selector;
  readonly where?: Expression;
}

/**
 * The far side of a rule.
 *
 * - `ipBlock` is the peer of a NetworkPolicy: whether it covers pod addresses is an option of the simulation.
 * - `networks` is the peer of the cluster-wide kinds, which covers pod addresses by definition.
 * - `nodes` and `domainNames` name things a pod-level simulation has no members for.
 * - `unknown` is a peer kind this version does not know; the cluster-wide kinds must fail closed on it.
 * - `external` (Cilium) covers addresses that belong to no pod and no node of the topology.
 * - `addressList` names a list of addresses kept elsewhere, a prefix list of AWS or a group of CIDRs of Cilium. `cidrs` is
 *   filled in where the list is known, and no part of what the policy itself says.
 * - `hosts` (Cilium) covers the pods that share the network of their node.
 * - `entity` (Calico) covers an end of the connection by all of its parts at once, see `Entity`.
 * - `unmodelled` names members that nothing in a topology stands for; it covers nothing, and the import says so.
 *
 * CIDRs are in canonical text (see `canonicalCidr`).
 */
export type Peer =
  | ({ readonly kind: 'pods' } & PodSet)
  | { readonly kind: 'ipBlock'; readonly cidr: string; readonly except: readonly string[] }
  | { readonly kind: 'networks'; readonly cidrs: readonly string[] }
  | { readonly kind: 'nodes'; readonly nodes: Selector }
  | { readonly kind: 'domainNames'; readonly names: readonly string[] }
  | { readonly kind: 'unknown'; readonly field: string }
  | { readonly kind: 'external'; readonly cidr: string; readonly except: readonly string[] }
  | {
      readonly kind: 'addressList';
      readonly name: string;
      readonly except: readonly string[];
      readonly cidrs: readonly string[];
      readonly coversPods: boolean;
    }
  | { readonly kind: 'hosts' }
  | ({ readonly kind: 'entity' } & Entity)
  | { readonly kind: 'unmodelled'; readonly field: string };

/**
 * One end of a Calico rule; every part that is there must hold. `where` and `not` select pods and network sets by
 * label, `nets` and `notNets` addresses, those of pods too. `sets` and `notSets` are the CIDRs of the network sets that
 * `where` and `not` select: filled in when the sets are known, and no part of what the policy itself says.
 */
export interface Entity {
  readonly where: Expression | null;
  readonly not: Expression | null;
  readonly nets: readonly string[] | null;
  readonly notNets: readonly string[];
  readonly sets: readonly string[];
  readonly notSets: readonly string[];
}

/**
 * Destination ports a rule speaks of. `range` is inclusive at both ends. A named port resolves on the destination
 * pod; `protocol: null` accepts whichever protocol the pod declares for the name. `icmp` is a range of types and codes,
 * see `icmpPort`. `other` is traffic of any other protocol, such as `protocol 47`: no flow of the simulation matches it.
 */
export type PortMatch =
  | { readonly kind: 'all'; readonly protocol: Protocol }
  | { readonly kind: 'range'; readonly protocol: Protocol; readonly first: number; readonly last: number }
  | { readonly kind: 'named'; readonly protocol: Protocol | null; readonly name: string }
  | { readonly kind: 'icmp'; readonly protocol: 'ICMP' | 'ICMPv6'; readonly first: number; readonly last: number }
  | { readonly kind: 'other'; readonly protocol: null; readonly traffic: string };

/**
 * What a matching rule does; `Pass` leaves the decision to the next tier, `Log` (Calico) decides nothing.
 * NetworkPolicy rules are all `Accept`.
 */
export type RuleAction = 'Accept' | 'Deny' | 'Pass' | 'Log';

/**
 * One rule. `peers: null` means any peer, `ports: null` any protocol and port; an empty list of peers covers nothing,
 * an empty list of ports never occurs. `notPorts` (Calico) are taken out of `ports`; `near` (Calico) narrows the pods of
 * the policy that the rule is for.
 * `unmodelled` is text of what the rule says beyond the model, so that a change of it is a change of the policy.
 */
export interface Rule {
  readonly name: string | null;
  readonly action: RuleAction;
  readonly peers: readonly Peer[] | null;
  readonly ports: readonly PortMatch[] | null;
  readonly notPorts?: readonly PortMatch[];
  readonly near?: Peer;
  readonly unmodelled?: string;
}

/**
 * Tiers by name. Evaluation goes by `Policy.tierOrder`: Admin first, then NetworkPolicy (which decides for the pods it
 * isolates), then Baseline. Calico's tier `default` is NetworkPolicy, as its documents have it; its tiers `kube-admin`
 * and `kube-baseline` are Admin and Baseline; every other Calico tier has its own name behind `Calico `.
 */
export type Tier = 'Admin' | 'NetworkPolicy' | 'Baseline' | 'SecurityGroup' | `Calico ${string}`;

/**
 * Orders of the tiers that are always there, which are those Calico gives them. A Calico tier of unknown order comes
 * after all others.
 */
export const tierOrders = {
  Admin: 1000,
  NetworkPolicy: 1_000_000,
  SecurityGroup: 1_000_000,
  Baseline: 10_000_000,
} as const;

/**
 * A policy with the API server's defaults filled in, rules in the order they were written (explanations count them).
 *
 * A direction that is `null` is not governed. `isolates` says in which directions the pods the policy selects may do
 * nothing but what its tier allows them; where no policy of a tier isolates, traffic that no rule of the tier matches
 * goes on to the next tier, and is allowed after the last.
 *
 * Inside a tier, policies stand in the order of `priority`, low first and `null` last. `ordered` policies are asked one
 * by one and rule by rule, and the first match decides. `additive` ones have no order among themselves: together they
 * deny what any of their rules denies, then allow what any of them allows. Kubernetes NetworkPolicies have no priority;
 * among Calico policies of the tier they stand at 1000, where Calico puts them.
 *
 * `staged` policies (Calico) are not enforced; the word is what would happen to the enforced policy of the same name.
 * `unmodelled` is text of what the policy says beyond the model.
 */
export interface Policy {
  readonly id: PolicyId;
  readonly tier: Tier;
  readonly tierOrder: number | null;
  readonly precedence: 'additive' | 'ordered';
  readonly priority: number | null;
  readonly subject: PodSet;
  readonly ingress: readonly Rule[] | null;
  readonly egress: readonly Rule[] | null;
  readonly isolates: Readonly<Record<Direction, boolean>>;
  readonly staged: 'Set' | 'Delete' | 'Learn' | 'Ignore' | null;
  readonly unmodelled?: string;
}

/** Why an object was refused, and where in it: `spec.ingress[0].from[1].ipBlock.cidr`. */
export interface PolicyProblem {
  readonly path: string;
  readonly message: string;
}

/** What an object says that the model does not hold, and what that does to verdicts. */
export interface NotModelled {
  readonly path: string;
  readonly message: string;
}

/**
 * Policies where part of the ground they stand on is not in the records: ports that pods declare by name, and labels
 * of namespaces. NetworkPolicies only ever add permissions, so two readings enclose the truth: what the lower one
 * allows is allowed, what the upper one denies is denied.
 */

import type { Peer, Policy, PortMatch, Rule, Selector } from '../../policies/model.js';

export type Bound = 'lower' | 'upper';

const namespaceName = 'kubernetes.io/metadata.name';

const restsOnLabels = (namespaces: Selector | 'own') =>
  namespaces !== 'own' && namespaces.some(({ key }) => key !== namespaceName);

function ruleIsExact({ peers, ports }: Rule, labelsKnown: boolean): boolean {
  const vague = (peer: Peer) => peer.kind === 'pods' && !labelsKnown && restsOnLabels(peer.namespaces);
  return !(peers?.some(vague) ?? false) && !(ports?.some(({ kind }) => kind === 'named') ?? false);
}

/** Whether the records say all that the policy rests on; `labelsKnown` for the labels of every namespace. */
export function isExact({ subject, ingress, egress }: Policy, labelsKnown: boolean): boolean {
  if (!labelsKnown && restsOnLabels(subject.namespaces)) return false;
  return [...(ingress ?? []), ...(egress ?? [])].every((rule) => ruleIsExact(rule, labelsKnown));
}

function boundRule(rule: Rule, bound: Bound, labelsKnown: boolean): Rule[] {
  const peers = rule.peers?.flatMap((peer): Peer[] => {
    if (peer.kind !== 'pods' || labelsKnown || !restsOnLabels(peer.namespaces)) return [peer];
    return bound === 'lower' ? [] : [{ ...peer, namespaces: [] }];
  });
  const ports = rule.ports?.flatMap((port): PortMatch[] => {
    if (port.kind !== 'named') return [port];
    return bound === 'lower' || port.protocol === null ? [] : [{ kind: 'all', protocol: port.protocol }];
  });
  if (peers?.length === 0 || ports?.length === 0) return [];
  return [{ ...rule, peers: peers ?? null, ports: ports ?? null }];
}

/**
 * The policy with its vague parts read as nothing (`lower`) or as everything (`upper`). Precondition: tier
 * NetworkPolicy, as rules that deny would turn the bounds around.
 */
export function bounded(policy: Policy, bound: Bound, labelsKnown: boolean): Policy {
  const rules = (list: readonly Rule[] | null) => list?.flatMap((rule) => boundRule(rule, bound, labelsKnown)) ?? null;
  return { ...policy, ingress: rules(policy.ingress), egress: rules(policy.egress) };
}

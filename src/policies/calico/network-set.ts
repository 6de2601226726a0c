/** Calico's network sets, and what the selectors of its policies pick from them. */

import type { Entity, Expression, Peer, Policy } from '../model.js';
import { readNamespace } from '../kubernetes/import.js';
import type { Node } from '../kubernetes/reading.js';
import { calicoLabel, holds } from '../simulation/expressions.js';
import { readCalicoName } from './policy.js';
import { readNet } from './rule.js';

/** A NetworkSet, or a GlobalNetworkSet, whose namespace is `null`. CIDRs are in canonical text. */
export interface NetworkSet {
  readonly kind: 'NetworkSet' | 'GlobalNetworkSet';
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cidrs: readonly string[];
}

/** Labels of namespaces by name; what is not listed has none but its name. */
export type NamespaceLabels = ReadonlyMap<string, Readonly<Record<string, string>>>;

function readLabels(node: Node): Record<string, string> {
  const labels = Object.create(null) as Record<string, string>; // a record without a prototype, filled below
  for (const key of node.keys()) {
    const { value } = node.field(key);
    if (typeof value === 'string') labels[key] = value;
    else node.field(key).refuse('expected text');
  }
  if ('projectcalico.org/namespace' in labels)
    node.field('projectcalico.org/namespace').refuse('is a label Calico sets itself');
  return labels;
}

/** Reads a NetworkSet or GlobalNetworkSet. */
export function readNetworkSet(root: Node, kind: NetworkSet['kind']): NetworkSet {
  const [metadata, spec] = [root.field('metadata'), root.field('spec')];
  spec.only(['nets', ...(kind === 'NetworkSet' || kind === 'GlobalNetworkSet' ? ['allowedEgressDomains'] : [])]);
  const domains = spec.field('allowedEgressDomains');
  if (domains.items().length > 0)
    domains.leaveOut('no topology says which addresses these names have, so the set lacks them');
  const cidrs = spec
    .field('nets')
    .items()
    .map(readNet)
    .filter((net) => net !== null);
  return {
    kind,
    namespace: kind === 'NetworkSet' ? readNamespace(metadata) : null,
    name: readCalicoName(metadata),
    labels: readLabels(metadata.field('labels')),
    cidrs,
  };
}

function selected(where: Expression | null, sets: readonly NetworkSet[], namespaces: NamespaceLabels): string[] {
  if (where === null) return [];
  const cidrs = sets.filter(({ labels, namespace }) => {
    const named = namespace === null ? {} : { ...namespaces.get(namespace), 'kubernetes.io/metadata.name': namespace };
    const owner = { labels, namespace, namespaceLabels: named, serviceAccount: null, isPod: false };
    return holds(where, (key) => calicoLabel(owner, key));
  });
  return [...new Set(cidrs.flatMap((set) => set.cidrs))].sort();
}

/** The policy with the CIDRs of the network sets that its rules select by label. */
export function withNetworkSets(policy: Policy, sets: readonly NetworkSet[], namespaces: NamespaceLabels): Policy {
  if (policy.id.system !== 'calico' || sets.length === 0) return policy;
  const entity = (peer: Entity): Entity => ({
    ...peer,
    sets: selected(peer.where, sets, namespaces),
    notSets: selected(peer.not, sets, namespaces),
  });
  const resolved = (peer: Peer): Peer => (peer.kind === 'entity' ? { ...peer, ...entity(peer) } : peer);
  const rules = (list: Policy['ingress']) =>
    list?.map((rule) => ({
      ...rule,
      peers: rule.peers?.map(resolved) ?? null,
      ...(rule.near === undefined ? {} : { near: resolved(rule.near) }),
    })) ?? null;
  return { ...policy, ingress: rules(policy.ingress), egress: rules(policy.egress) };
}

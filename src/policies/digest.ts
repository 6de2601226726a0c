/** Content digest of a policy: equal for policies that say the same in another spelling. */

import { createHash } from 'node:crypto';
import type { Peer, PodSet, Policy, PortMatch, Rule, Selector } from './model.js';

/** Ordered lists and texts only, so that JSON.stringify has one output for it. */
type Canonical = string | number | null | readonly Canonical[];

function sortedSet(items: readonly Canonical[]): Canonical[] {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...byText.keys()].sort().map((text) => byText.get(text) ?? null);
}

function selectorForm(selector: Selector): Canonical {
  return sortedSet(selector.map(({ key, operator, values }) => [key, operator, sortedSet(values)]));
}

function podSetForm({ namespaces, pods }: PodSet): Canonical {
  return [namespaces === 'own' ? 'own' : selectorForm(namespaces), selectorForm(pods)];
}

function peerForms(peer: Peer): Canonical[] {
  switch (peer.kind) {
    case 'pods':
      return [['pods', podSetForm(peer)]];
    case 'ipBlock':
      return [['ipBlock', peer.cidr, sortedSet(peer.except)]];
    case 'networks':
      return peer.cidrs.map((cidr) => ['networks', cidr]);
    case 'nodes':
      return [['nodes', selectorForm(peer.nodes)]];
    case 'domainNames':
      return peer.names.map((name) => ['domainNames', name]);
    case 'unknown':
      return [['unknown', peer.field]];
  }
}

function portForms(ports: readonly PortMatch[] | null): Canonical[] {
  if (ports === null) return ['any'];
  const ranges = ports
    .filter((port) => port.kind !== 'named')
    .map((port) => ({
      protocol: port.protocol,
      first: port.kind === 'all' ? 1 : port.first,
      last: port.kind === 'all' ? 65535 : port.last,
    }))
    .sort((a, b) => (a.protocol < b.protocol ? -1 : a.protocol > b.protocol ? 1 : a.first - b.first));
  const merged: { protocol: string; first: number; last: number }[] = [];
  for (const range of ranges) {
    const before = merged.at(-1);
    if (before?.protocol === range.protocol && range.first <= before.last + 1)
      before.last = Math.max(before.last, range.last);
    else merged.push(range);
  }
  const named = ports.filter((port) => port.kind === 'named').map((port) => ['named', port.protocol, port.name]);
  return [...merged.map(({ protocol, first, last }) => [protocol, first, last]), ...sortedSet(named)];
}

/** A peer of an unknown kind changes what its whole rule means, so such a rule is kept together. */
function rulePeerForms({ peers }: Rule): Canonical[] {
  if (peers === null) return ['any'];
  const forms = peers.flatMap(peerForms);
  return peers.some((peer) => peer.kind === 'unknown') ? [['failsClosed', sortedSet(forms)]] : forms;
}

/**
 * Rules of one action, next to each other, are a union: what counts is which ports each peer gets, not how the
 * pairs were spread over rules.
 */
function unionForm(rules: readonly Rule[]): Canonical {
  const portsOfPeer = new Map<string, readonly PortMatch[] | null>();
  for (const rule of rules)
    for (const peer of rulePeerForms(rule)) {
      const key = JSON.stringify(peer);
      const known = portsOfPeer.get(key);
      portsOfPeer.set(key, known === null || rule.ports === null ? null : [...(known ?? []), ...rule.ports]);
    }
  return [...portsOfPeer].sort(([a], [b]) => (a < b ? -1 : 1)).map(([peer, ports]) => [peer, portForms(ports)]);
}

/** Blocks of rules with one action; the order of blocks decides, the order inside one does not. */
function rulesForm(rules: readonly Rule[] | null): Canonical {
  if (rules === null) return null;
  const blocks: Rule[][] = [];
  for (const rule of rules) {
    const block = blocks.at(-1);
    if (block?.[0]?.action === rule.action) block.push(rule);
    else blocks.push([rule]);
  }
  return blocks.map((block) => [block[0]?.action ?? null, unionForm(block)]);
}

/**
 * SHA-256, in hex, over the canonical form of a policy. The order of rules, peers, ports and labels, defaults written
 * or left out, the form of CIDRs, duplicates, and rules split or joined do not change it; kind, namespace, name and
 * every change of what the policy says do. Two policies with different digests may still have equal effect on a
 * given topology; the semantic diff answers that.
 */
export function policyDigest(policy: Policy): string {
  const { id, tier, priority, subject, ingress, egress } = policy;
  const form: Canonical = [
    'segproof-policy-v1',
    [id.system, id.kind, id.namespace, id.name],
    [tier, priority],
    podSetForm(subject),
    rulesForm(ingress),
    rulesForm(egress),
  ];
  return createHash('sha256').update(JSON.stringify(form)).digest('hex');
}

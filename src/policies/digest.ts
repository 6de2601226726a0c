/** Content digest of a policy: equal for policies that say the same in another spelling. */

import { createHash } from 'node:crypto';
import type { Direction, Entity, Expression, Peer, PodSet, Policy, PortMatch, Rule, Selector } from './model.js';

/** Ordered lists and texts only, so that JSON.stringify has one output for it. */
type Canonical = string | number | null | readonly Canonical[];

function sortedSet(items: readonly Canonical[]): Canonical[] {
  const byText = new Map(items.map((item) => [JSON.stringify(item), item]));
  return [...byText.keys()].sort().map((text) => byText.get(text) ?? null);
}

function selectorForm(selector: Selector): Canonical {
  return sortedSet(selector.map(({ key, operator, values }) => [key, operator, sortedSet(values)]));
}

function termForm(expression: Expression): Canonical {
  switch (expression.operator) {
    case 'Has':
      return ['Has', expression.label];
    case 'In':
      return ['In', expression.label, sortedSet(expression.values)];
    case 'Contains':
    case 'StartsWith':
    case 'EndsWith':
      return [expression.operator, expression.label, expression.value];
    default:
      return expressionForm(expression);
  }
}

function joinedParts(form: Canonical, operator: 'And' | 'Or'): readonly Canonical[] {
  if (typeof form !== 'object' || form === null || form[0] !== operator) return [form];
  const [, parts] = form;
  return typeof parts === 'object' && parts !== null ? parts : [form];
}

/** `Not` is moved down to the terms, and nested lists of one operator become one list. */
function expressionForm(expression: Expression, negated = false): Canonical {
  const { operator } = expression;
  if (operator === 'Not') return expressionForm(expression.of, !negated);
  if (operator !== 'And' && operator !== 'Or') return negated ? ['Not', termForm(expression)] : termForm(expression);
  const joined = (operator === 'And') === negated ? 'Or' : 'And';
  const set = sortedSet(expression.of.flatMap((part) => joinedParts(expressionForm(part, negated), joined)));
  return set.length === 1 ? (set[0] ?? null) : [joined, set];
}

/** Of workloads: the same for an expression that holds for all and for one that is left out. */
function whereForm(where: Expression | null | undefined): Canonical {
  const form = where === null || where === undefined ? null : expressionForm(where);
  return JSON.stringify(form) === '["And",[]]' ? null : form;
}

/** A policy without an expression has the form it had before there were expressions. */
function podSetForm({ namespaces, pods, where }: PodSet): Canonical {
  const form = [namespaces === 'own' ? 'own' : selectorForm(namespaces), selectorForm(pods)];
  const narrowed = whereForm(where);
  return narrowed === null ? form : [...form, narrowed];
}

/** What the selectors pick from network sets is a matter of the sets, not of the policy. An entity of no part is any. */
function entityForm({ where, not, nets, notNets }: Entity): Canonical {
  // `all()` picks every workload and nothing outside; without a selector what lies outside is meant too.
  const selectors = [where, not].map((one) => (one === null ? null : expressionForm(one)));
  const form = [...selectors, nets === null ? null : sortedSet(nets), sortedSet(notNets)];
  return ['entity', ...form];
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
    case 'unmodelled':
      return [[peer.kind, peer.field]];
    case 'external':
      return [['external', peer.cidr, sortedSet(peer.except)]];
    case 'addressList':
      return [['addressList', peer.name, sortedSet(peer.except)]];
    case 'hosts':
      return [['hosts']];
    case 'entity':
      return [entityForm(peer)];
  }
}

function portForms(ports: readonly PortMatch[] | null): Canonical[] {
  if (ports === null) return ['any'];
  const ranges = ports
    .filter((port) => port.kind === 'all' || port.kind === 'range' || port.kind === 'icmp')
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
  const other = ports.filter((port) => port.kind === 'other').map((port) => ['other', port.traffic]);
  return [
    ...merged.map(({ protocol, first, last }) => [protocol, first, last]),
    ...sortedSet(named),
    ...sortedSet(other),
  ];
}

/** A peer of an unknown kind changes what its whole rule means, so such a rule is kept together. */
function rulePeerForms({ peers }: Rule): Canonical[] {
  if (peers === null) return ['any'];
  const forms = peers.flatMap(peerForms);
  return peers.some((peer) => peer.kind === 'unknown') ? [['failsClosed', sortedSet(forms)]] : forms;
}

/** What narrows a rule besides peers and ports stays with each of its peers. */
function narrowedForm({ near, notPorts, unmodelled }: Rule, far: Canonical): Canonical {
  let form = far;
  if (near !== undefined) form = ['near', peerForms(near), form];
  if (notPorts !== undefined) form = ['notPorts', portForms(notPorts), form];
  return unmodelled === undefined ? form : ['unmodelled', unmodelled, form];
}

/**
 * Rules of one action, next to each other, are a union: what counts is which ports each peer gets, not how the
 * pairs were spread over rules.
 */
function unionForm(rules: readonly Rule[]): Canonical {
  const portsOfPeer = new Map<string, readonly PortMatch[] | null>();
  for (const rule of rules)
    for (const far of rulePeerForms(rule)) {
      const peer = narrowedForm(rule, far);
      const key = JSON.stringify(peer);
      const known = portsOfPeer.get(key);
      portsOfPeer.set(key, known === null || rule.ports === null ? null : [...(known ?? []), ...rule.ports]);
    }
  return [...portsOfPeer].sort(([a], [b]) => (a < b ? -1 : 1)).map(([peer, ports]) => [peer, portForms(ports)]);
}

/**
 * Blocks of rules with one action; the order of blocks decides, the order inside one does not. Additive policies have
 * one block an action, as their rules have no order.
 */
function rulesForm(rules: readonly Rule[] | null, precedence: Policy['precedence']): Canonical {
  if (rules === null) return null;
  const sorted =
    precedence === 'ordered'
      ? rules
      : rules.toSorted((a, b) => (a.action < b.action ? -1 : a.action > b.action ? 1 : 0));
  const blocks: Rule[][] = [];
  for (const rule of sorted) {
    const block = blocks.at(-1);
    if (block?.[0]?.action === rule.action) block.push(rule);
    else blocks.push([rule]);
  }
  return blocks.map((block) => [block[0]?.action ?? null, unionForm(block)]);
}

/**
 * Kubernetes policies say none of this, so their digests stay those of earlier versions. Whether an ordered policy
 * isolates is a matter of its tier.
 */
function furtherForm({ id, precedence, isolates, staged, unmodelled }: Policy): Canonical[] {
  if (id.system === 'kubernetes') return [];
  const own = precedence === 'ordered' ? null : [Number(isolates.ingress), Number(isolates.egress)];
  return [[own, staged, unmodelled ?? null]];
}

/**
 * SHA-256, in hex, over the canonical form of one rule and its direction: the same wherever the rule stands among the
 * others, under whatever name, and in whatever spelling. By it a rule keeps its entry in the register.
 */
export function ruleDigest(direction: Direction, rule: Rule): string {
  const form: Canonical = ['segproof-rule-v1', direction, rule.action, unionForm([rule])];
  return createHash('sha256').update(JSON.stringify(form)).digest('hex');
}

/**
 * SHA-256, in hex, over the canonical form of a policy. The order of rules, peers, ports and labels, defaults written
 * or left out, the form of CIDRs, duplicates, and rules split or joined do not change it; kind, namespace, name and
 * every change of what the policy says do. Two policies with different digests may still have equal effect on a
 * given topology; the semantic diff answers that.
 */
export function policyDigest(policy: Policy): string {
  const { id, tier, priority, subject, ingress, egress, precedence } = policy;
  const form: Canonical = [
    'segproof-policy-v1',
    [id.system, id.kind, id.namespace, id.name],
    [tier, priority],
    podSetForm(subject),
    rulesForm(ingress, precedence),
    rulesForm(egress, precedence),
    ...furtherForm(policy),
  ];
  return createHash('sha256').update(JSON.stringify(form)).digest('hex');
}

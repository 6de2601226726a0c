/**
 * A slow and obvious evaluator to compare the engine with. It reads raw NetworkPolicy objects, and asks every rule
 * about every flow anew.
 */

import { parseAddress, parseCidr } from '../../src/policies/simulation/address.js';
import type { FlowProtocol } from '../../src/policies/model.js';
import type { Pod, Topology } from '../../src/policies/simulation/evaluate.js';
import type { ClusterPolicy, ClusterRule, RawPeer, RawPolicy, RawPort, RawRule, RawSelector } from './clusters.js';

export interface Question {
  readonly source: Pod | string;
  readonly destination: Pod | string;
  readonly protocol: FlowProtocol;
  readonly port: number;
}

export interface Setting {
  readonly topology: Topology;
  readonly ipBlockMatchesPods: boolean;
}

export function selects(selector: RawSelector, labels: Readonly<Record<string, string>>): boolean {
  for (const [key, value] of Object.entries(selector.matchLabels ?? {})) if (labels[key] !== value) return false;
  for (const { key, operator, values = [] } of selector.matchExpressions ?? []) {
    const value = labels[key];
    if (operator === 'In' && (value === undefined || !values.includes(value))) return false;
    if (operator === 'NotIn' && value !== undefined && values.includes(value)) return false;
    if (operator === 'Exists' && value === undefined) return false;
    if (operator === 'DoesNotExist' && value !== undefined) return false;
  }
  return true;
}

function namespaceOf({ topology }: Setting, name: string): Record<string, string> {
  const labels = topology.namespaces.find((namespace) => namespace.name === name)?.labels;
  return { ...labels, 'kubernetes.io/metadata.name': name };
}

export function inCidr(text: string, cidr: string): boolean {
  const [address, range] = [parseAddress(text), parseCidr(cidr)];
  if (address === null || range === null || address.family !== range.family) return false;
  return range.first <= address.value && address.value <= range.last;
}

function addresses(end: Pod | string): readonly string[] {
  return typeof end === 'string' ? [end] : end.ips;
}

function matchesPeer(setting: Setting, peer: RawPeer, own: string, end: Pod | string): boolean {
  const { ipBlock, podSelector, namespaceSelector } = peer;
  if (ipBlock !== undefined) {
    if (typeof end !== 'string' && !end.hostNetwork && !setting.ipBlockMatchesPods) return false;
    return addresses(end).some(
      (ip) => inCidr(ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((hole) => inCidr(ip, hole)),
    );
  }
  if (typeof end === 'string' || end.hostNetwork) return false;
  if (podSelector !== undefined && !selects(podSelector, end.labels)) return false;
  if (namespaceSelector === undefined) return end.namespace === own;
  return selects(namespaceSelector, namespaceOf(setting, end.namespace));
}

export function declares(end: Pod | string, name: string, protocol: string, port: number): boolean {
  if (typeof end === 'string') return false;
  return end.namedPorts.some((named) => named.name === name && named.protocol === protocol && named.port === port);
}

function matchesPort(rule: RawPort, { destination, protocol, port }: Question): boolean {
  if ((rule.protocol ?? 'TCP').toUpperCase() !== protocol) return false;
  if (rule.port === undefined) return true;
  if (typeof rule.port === 'string') return declares(destination, rule.port, protocol, port);
  return rule.port <= port && port <= (rule.endPort ?? rule.port);
}

export function matchesRule(
  setting: Setting,
  rule: RawRule,
  own: string,
  far: Pod | string,
  question: Question,
): boolean {
  const peers = rule.from ?? rule.to ?? [];
  const ports = rule.ports ?? [];
  return (
    (peers.length === 0 || peers.some((peer) => matchesPeer(setting, peer, own, far))) &&
    (ports.length === 0 || ports.some((port) => matchesPort(port, question)))
  );
}

function inSubject(setting: Setting, pods: ClusterPolicy['subject'], end: Pod | string): boolean {
  if (typeof end === 'string' || end.hostNetwork) return false;
  return selects(pods.namespaces, namespaceOf(setting, end.namespace)) && selects(pods.pods ?? {}, end.labels);
}

function matchesClusterRule(setting: Setting, rule: ClusterRule, far: Pod | string, question: Question): boolean {
  const { protocol, port, destination } = question;
  const onPeer =
    rule.peers.some((pods) => inSubject(setting, pods, far)) ||
    rule.networks.some((cidr) => addresses(far).some((ip) => inCidr(ip, cidr)));
  const onPort =
    (rule.ports.length === 0 && rule.named.length === 0) ||
    rule.ports.some((range) => range.protocol === protocol && range.first <= port && port <= range.last) ||
    rule.named.some((name) => declares(destination, name, protocol, port));
  return onPeer && onPort;
}

export function governs({ spec }: RawPolicy, direction: 'ingress' | 'egress'): boolean {
  const types = spec.policyTypes ?? [];
  if (types.length > 0) return types.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
  return direction === 'ingress' || (spec.egress ?? []).length > 0;
}

function sideAllows(
  setting: Setting,
  policies: readonly RawPolicy[],
  cluster: readonly ClusterPolicy[],
  direction: 'ingress' | 'egress',
  question: Question,
): boolean {
  const near = direction === 'ingress' ? question.destination : question.source;
  const far = direction === 'ingress' ? question.source : question.destination;
  if (typeof near === 'string' || near.hostNetwork) return true;
  const decision = (tier: ClusterPolicy['tier']) => {
    for (const policy of cluster.filter(
      (candidate) => candidate.tier === tier && inSubject(setting, candidate.subject, near),
    ))
      for (const rule of policy[direction]) if (matchesClusterRule(setting, rule, far, question)) return rule.action;
    return null;
  };
  const admin = decision('Admin');
  if (admin === 'Accept' || admin === 'Deny') return admin === 'Accept';
  const isolating = policies.filter(
    (policy) =>
      policy.metadata.namespace === near.namespace &&
      selects(policy.spec.podSelector, near.labels) &&
      governs(policy, direction),
  );
  if (isolating.length > 0)
    return isolating.some(({ spec, metadata }) =>
      (spec[direction] ?? []).some((rule) => matchesRule(setting, rule, metadata.namespace, far, question)),
    );
  return decision('Baseline') !== 'Deny';
}

/** Whether the flow is allowed, and by which side not. Cluster-wide policies are in order of evaluation. */
export function referenceVerdict(
  setting: Setting,
  policies: readonly RawPolicy[],
  cluster: readonly ClusterPolicy[],
  question: Question,
): { egress: boolean; ingress: boolean } {
  if (question.source === question.destination) return { egress: true, ingress: true };
  return {
    egress: sideAllows(setting, policies, cluster, 'egress', question),
    ingress: sideAllows(setting, policies, cluster, 'ingress', question),
  };
}

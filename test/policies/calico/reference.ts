/**
 * A slow evaluator of Calico policies, written from the reference pages of its resources (network policy, global
 * network policy, tier, network set). It asks every rule about every flow anew, and shares no code with the importer.
 */

import type { Pod, Topology } from '../../../src/policies/simulation/evaluate.js';
import type { RawPolicy } from '../clusters.js';
import { declares, governs, inCidr, matchesRule, selects, type Question } from '../reference.js';
import type { CalicoPolicy, CalicoRule, CalicoSet, EntityRule, Labels, Selector, Tier } from './arbitrary.js';

export interface CalicoCluster {
  readonly topology: Topology;
  readonly policies: readonly CalicoPolicy[];
  readonly kubernetes: readonly RawPolicy[];
  readonly tiers: readonly Tier[];
  readonly networkSets: readonly CalicoSet[];
}

type End = Pod | string;

function prefixed(labels: Labels, namespace: string): Record<string, string> {
  const all = { ...labels, 'kubernetes.io/metadata.name': namespace, 'projectcalico.org/name': namespace };
  return Object.fromEntries(Object.entries(all).map(([key, value]) => [`pcns.${key}`, value]));
}

function namespaced({ topology }: CalicoCluster, labels: Labels, namespace: string): Labels {
  const own = topology.namespaces.find(({ name }) => name === namespace)?.labels ?? {};
  return { ...labels, ...prefixed(own, namespace), 'projectcalico.org/namespace': namespace };
}

/** Labels of a pod; a host-network pod is no workload endpoint and has none. */
function labelsOf(cluster: CalicoCluster, end: End): Labels | null {
  if (typeof end === 'string' || end.hostNetwork) return null;
  return { ...namespaced(cluster, end.labels, end.namespace), 'projectcalico.org/orchestrator': 'k8s' };
}

function addresses(end: End): readonly string[] {
  return typeof end === 'string' ? [end] : end.ips;
}

function withPrefix(net: string): string {
  return net.includes('/') ? net : `${net}/32`;
}

function lies(end: End, nets: readonly string[]): boolean {
  return addresses(end).some((address) => nets.some((net) => inCidr(address, withPrefix(net))));
}

/** The end is selected as an endpoint, or its address is in a network set that is. */
function selected(cluster: CalicoCluster, end: End, holds: (labels: Labels) => boolean): boolean {
  const labels = labelsOf(cluster, end);
  if (labels !== null && holds(labels)) return true;
  return cluster.networkSets.some(
    ({ namespace, labels: own, nets }) =>
      holds(namespace === undefined ? own : namespaced(cluster, own, namespace)) && lies(end, nets),
  );
}

function matchesEntity(cluster: CalicoCluster, rule: EntityRule, end: End, own: string | undefined): boolean {
  const { selector, notSelector, namespaceSelector, nets, notNets } = rule;
  const selects_ = selector !== undefined || notSelector !== undefined || namespaceSelector !== undefined;
  const scope: Selector['holds'] | undefined =
    namespaceSelector?.holds ??
    (own !== undefined && selects_ ? (labels) => labels['projectcalico.org/namespace'] === own : undefined);
  if (scope !== undefined || selector !== undefined) {
    const holds = (labels: Labels) => (scope?.(labels) ?? true) && (selector?.holds(labels) ?? true);
    if (!selected(cluster, end, holds)) return false;
  }
  if (notSelector !== undefined && selected(cluster, end, notSelector.holds)) return false;
  if (nets !== undefined && !lies(end, nets)) return false;
  return notNets === undefined || !lies(end, notNets);
}

function matchesPorts(listed: readonly (number | string)[], { destination, protocol, port }: Question): boolean {
  return listed.some((written) => {
    const text = String(written);
    const range = /^(\d+):(\d+)$/.exec(text);
    if (range !== null) return Number(range[1]) <= port && port <= Number(range[2]);
    return /^\d+$/.test(text) ? Number(text) === port : declares(destination, text, protocol, port);
  });
}

function matchesCalicoRule(
  cluster: CalicoCluster,
  rule: CalicoRule,
  question: Question,
  own: string | undefined,
): boolean {
  const { protocol, notProtocol, source, destination } = rule;
  if (protocol !== undefined && protocol !== question.protocol) return false;
  if (notProtocol === question.protocol) return false;
  if (destination.ports !== undefined && !matchesPorts(destination.ports, question)) return false;
  if (destination.notPorts !== undefined && matchesPorts(destination.notPorts, question)) return false;
  return (
    matchesEntity(cluster, source, question.source, own) &&
    matchesEntity(cluster, destination, question.destination, own)
  );
}

type Side = 'ingress' | 'egress';

function isFor(policy: CalicoPolicy, side: Side): boolean {
  const { types, ingress, egress } = policy;
  if (types !== undefined) return types.includes(side === 'ingress' ? 'Ingress' : 'Egress');
  if (egress.length === 0) return side === 'ingress';
  return side === 'egress' || ingress.length > 0;
}

function appliesTo(cluster: CalicoCluster, policy: CalicoPolicy, near: End): boolean {
  const labels = labelsOf(cluster, near);
  if (labels === null) return false;
  if (policy.namespace !== undefined && labels['projectcalico.org/namespace'] !== policy.namespace) return false;
  return (policy.selector?.holds(labels) ?? true) && (policy.namespaceSelector?.holds(labels) ?? true);
}

/** A policy reduced to its place and to what it does to one flow. */
interface Candidate {
  readonly order: number;
  readonly name: string;
  readonly namespace: string;
  readonly action: () => 'Allow' | 'Deny' | 'Pass' | null;
}

function calicoCandidates(
  cluster: CalicoCluster,
  tier: string,
  side: Side,
  near: End,
  question: Question,
): Candidate[] {
  return cluster.policies
    .filter((policy) => policy.kind !== 'StagedGlobalNetworkPolicy' && (policy.tier ?? 'default') === tier)
    .filter((policy) => isFor(policy, side) && appliesTo(cluster, policy, near))
    .map((policy) => ({
      order: policy.order ?? Infinity,
      name: policy.name,
      namespace: policy.namespace ?? '',
      action: () => {
        for (const rule of policy[side])
          if (rule.action !== 'Log' && matchesCalicoRule(cluster, rule, question, policy.namespace)) return rule.action;
        return null;
      },
    }));
}

/** Kubernetes policies are in the default tier, at order 1000, under names that begin with `knp.default.`. */
function kubernetesCandidates(cluster: CalicoCluster, side: Side, near: End, question: Question): Candidate[] {
  if (typeof near === 'string' || near.hostNetwork) return [];
  const setting = { topology: cluster.topology, ipBlockMatchesPods: true };
  const far = side === 'ingress' ? question.source : question.destination;
  return cluster.kubernetes
    .filter(({ metadata }) => metadata.namespace === near.namespace)
    .filter((policy) => governs(policy, side) && selects(policy.spec.podSelector, near.labels))
    .map(({ metadata: { name, namespace }, spec }) => ({
      order: 1000,
      name: `knp.default.${name}`,
      namespace,
      action: () =>
        (spec[side] ?? []).some((rule) => matchesRule(setting, rule, namespace, far, question)) ? 'Allow' : null,
    }));
}

const fixedTiers: readonly Tier[] = [
  { name: 'kube-admin', order: 1000, defaultAction: 'Pass' },
  { name: 'default', order: 1_000_000 },
  { name: 'kube-baseline', order: 10_000_000, defaultAction: 'Pass' },
];

function byOrder(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function sideAllows(cluster: CalicoCluster, side: Side, question: Question): boolean {
  const near = side === 'ingress' ? question.destination : question.source;
  if (typeof near === 'string' || near.hostNetwork) return true;
  const known = [...fixedTiers, ...cluster.tiers];
  const named = new Set([...known.map(({ name }) => name), ...cluster.policies.map(({ tier }) => tier ?? 'default')]);
  const tiers = [...named]
    .map((name): Tier => known.find((tier) => tier.name === name) ?? { name })
    .sort((a, b) => byOrder(a.order ?? Infinity, b.order ?? Infinity) || (a.name < b.name ? -1 : 1));
  for (const { name, defaultAction } of tiers) {
    const candidates = [
      ...calicoCandidates(cluster, name, side, near, question),
      ...(name === 'default' ? kubernetesCandidates(cluster, side, near, question) : []),
    ].sort(
      (a, b) =>
        byOrder(a.order, b.order) ||
        (a.name === b.name ? (a.namespace < b.namespace ? -1 : 1) : a.name < b.name ? -1 : 1),
    );
    let action: ReturnType<Candidate['action']> = null;
    for (const candidate of candidates) {
      action = candidate.action();
      if (action !== null) break;
    }
    if (action === 'Allow' || action === 'Deny') return action === 'Allow';
    if (action === null && candidates.length > 0 && defaultAction !== 'Pass') return false;
  }
  return true;
}

/** Whether each side allows the flow. */
export function calicoVerdict(cluster: CalicoCluster, question: Question): { egress: boolean; ingress: boolean } {
  if (question.source === question.destination) return { egress: true, ingress: true };
  return { egress: sideAllows(cluster, 'egress', question), ingress: sideAllows(cluster, 'ingress', question) };
}

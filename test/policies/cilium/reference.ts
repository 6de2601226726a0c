/**
 * A slow evaluator of Cilium policies beside Kubernetes ones, written from Cilium's policy documents (language, deny
 * policies, enforcement modes, Kubernetes constructs). It reads what the arbitrary made, not what the importer read.
 */

import type { Pod, Topology } from '../../../src/policies/simulation/evaluate.js';
import type { RawPolicy, RawSelector } from '../clusters.js';
import { declares, governs, inCidr, matchesRule, selects, type Question } from '../reference.js';
import type { CiliumPolicy, CiliumPort, CiliumRule } from './arbitrary.js';

type End = Pod | string;
type Labels = Readonly<Record<string, string>>;

/** The labels Cilium gives an endpoint, without their source; every source used in the tests is Kubernetes. */
function labelsOf(topology: Topology, pod: Pod): Labels {
  const namespace = topology.namespaces.find(({ name }) => name === pod.namespace)?.labels ?? {};
  const ofNamespace = Object.entries({ ...namespace, 'kubernetes.io/metadata.name': pod.namespace }).map(
    ([key, value]) => [`io.cilium.k8s.namespace.labels.${key}`, value],
  );
  return {
    ...pod.labels,
    ...(Object.fromEntries(ofNamespace) as Labels), // entries of texts
    'io.kubernetes.pod.namespace': pod.namespace,
  };
}

const bare = (key: string) => key.replace(/^(k8s|any):/, '');

function withoutSource({ matchLabels = {}, matchExpressions = [] }: RawSelector): RawSelector {
  return {
    matchLabels: Object.fromEntries(Object.entries(matchLabels).map(([key, value]) => [bare(key), value])),
    matchExpressions: matchExpressions.map((term) => ({ ...term, key: bare(term.key) })),
  };
}

function keysOf({ matchLabels = {}, matchExpressions = [] }: RawSelector): string[] {
  return [...Object.keys(matchLabels), ...matchExpressions.map(({ key }) => key)].map(bare);
}

/** A selector in a namespaced policy means that namespace, unless it says something of namespaces. */
function matchesEndpoint(topology: Topology, selector: RawSelector, end: End, own: string | undefined): boolean {
  if (typeof end === 'string' || end.hostNetwork) return false;
  const says = keysOf(selector).some(
    (key) => key === 'io.kubernetes.pod.namespace' || key.startsWith('io.cilium.k8s.namespace.labels.'),
  );
  if (own !== undefined && !says && end.namespace !== own) return false;
  return selects(withoutSource(selector), labelsOf(topology, end));
}

const isOutside = (end: End): end is string => typeof end === 'string';

function matchesEntity(entity: string, end: End): boolean {
  switch (entity) {
    case 'all':
      return true;
    case 'world':
      return isOutside(end);
    case 'world-ipv4':
      return isOutside(end) && !end.includes(':');
    case 'cluster':
      return !isOutside(end);
    case 'remote-node':
      return !isOutside(end) && end.hostNetwork;
    default:
      return false;
  }
}

function inNet(address: string, net: string): boolean {
  return inCidr(address, net.includes('/') ? net : `${net}/32`);
}

/** CIDRs are for what is outside the cluster. */
function matchesPeer(topology: Topology, rule: CiliumRule, end: End, own: string | undefined): boolean {
  const { endpoints, entities, cidr, cidrSet, toPorts } = rule;
  if (endpoints !== undefined) return endpoints.some((selector) => matchesEndpoint(topology, selector, end, own));
  if (entities !== undefined) return entities.some((entity) => matchesEntity(entity, end));
  if (cidr !== undefined) return isOutside(end) && cidr.some((net) => inNet(end, net));
  if (cidrSet !== undefined)
    return (
      isOutside(end) &&
      cidrSet.some((set) => inCidr(end, set.cidr) && !(set.except ?? []).some((hole) => inCidr(end, hole)))
    );
  return toPorts !== undefined && toPorts.length > 0;
}

function matchesPort({ port, endPort, protocol = '' }: CiliumPort, question: Question): boolean {
  const name = protocol.toUpperCase();
  if (question.protocol === 'ICMP' || question.protocol === 'ICMPv6') return false;
  if (name !== '' && name !== 'ANY' && name !== question.protocol) return false;
  if (port === '0') return true;
  if (!/^\d+$/.test(port)) return declares(question.destination, port.toLowerCase(), question.protocol, question.port);
  return Number(port) <= question.port && question.port <= (endPort ?? Number(port));
}

function matches(topology: Topology, rule: CiliumRule, far: End, question: Question, own: string | undefined): boolean {
  if (!matchesPeer(topology, rule, far, own)) return false;
  const { toPorts = [] } = rule;
  return toPorts.length === 0 || toPorts.some(({ ports }) => ports.some((port) => matchesPort(port, question)));
}

/** A namespaced policy is for endpoints of its namespace, whatever namespace its selector names. */
function isFor(topology: Topology, { namespace, endpointSelector }: CiliumPolicy, near: Pod): boolean {
  if (namespace === undefined) return selects(withoutSource(endpointSelector), labelsOf(topology, near));
  const { matchLabels = {}, matchExpressions = [] } = withoutSource(endpointSelector);
  const { 'io.kubernetes.pod.namespace': _, ...others } = matchLabels;
  const terms = matchExpressions.filter(({ key }) => key !== 'io.kubernetes.pod.namespace');
  return (
    near.namespace === namespace && selects({ matchLabels: others, matchExpressions: terms }, labelsOf(topology, near))
  );
}

function sideAllows(
  topology: Topology,
  cilium: readonly CiliumPolicy[],
  kubernetes: readonly RawPolicy[],
  side: 'ingress' | 'egress',
  question: Question,
): boolean {
  const near = side === 'ingress' ? question.destination : question.source;
  const far = side === 'ingress' ? question.source : question.destination;
  if (typeof near === 'string' || near.hostNetwork) return true;
  const policies = cilium.filter((policy) => isFor(topology, policy, near));
  const setting = { topology, ipBlockMatchesPods: false };
  let isolated = false;
  let allowed = false;
  for (const policy of policies) {
    const [allowing, denying] = [policy[side] ?? [], policy[`${side}Deny`] ?? []];
    const hit = (rule: CiliumRule) => matches(topology, rule, far, question, policy.namespace);
    if (denying.some(hit)) return false;
    const isPod = typeof far !== 'string' && !far.hostNetwork;
    const required = [...allowing, ...denying].flatMap(({ requires = [] }) => requires);
    if (isPod && required.some((selector) => !matchesEndpoint(topology, selector, far, policy.namespace))) return false;
    allowed ||= allowing.some(hit);
    isolated ||= policy.enableDefaultDeny?.[side] ?? allowing.length + denying.length > 0;
  }
  for (const policy of kubernetes) {
    if (policy.metadata.namespace !== near.namespace || !governs(policy, side)) continue;
    if (!selects(policy.spec.podSelector, near.labels)) continue;
    isolated = true;
    allowed ||= (policy.spec[side] ?? []).some((rule) =>
      matchesRule(setting, rule, policy.metadata.namespace, far, question),
    );
  }
  return allowed || !isolated;
}

/** Whether each side allows the flow. */
export function ciliumVerdict(
  topology: Topology,
  cilium: readonly CiliumPolicy[],
  kubernetes: readonly RawPolicy[],
  question: Question,
): { egress: boolean; ingress: boolean } {
  if (question.source === question.destination) return { egress: true, ingress: true };
  return {
    egress: sideAllows(topology, cilium, kubernetes, 'egress', question),
    ingress: sideAllows(topology, cilium, kubernetes, 'ingress', question),
  };
}

/**
 * The cluster-wide policy kinds of policy.networking.k8s.io into the policy model: AdminNetworkPolicy and
 * BaselineAdminNetworkPolicy (v1alpha1) and the ClusterNetworkPolicy that succeeds both (v1alpha2, v1beta1).
 */

import type { Peer, PodSet, PortMatch, Protocol, Rule, RuleAction, Selector } from '../model.js';
import { formatCidr } from '../simulation/address.js';
import { readCidr, readProtocol, type PolicyBody } from './network-policy.js';
import { shown, type Node } from './reading.js';
import { isPortName, readSelector } from './syntax.js';

/**
 * What tells the kinds apart: the tier (`null` when the policy names it), the words of actions, how ports are written,
 * and the most items of a list.
 */
interface Dialect {
  readonly tier: 'Admin' | 'Baseline' | null;
  readonly hasPriority: boolean;
  readonly actions: Readonly<Record<string, RuleAction>>;
  readonly portsField: 'ports' | 'protocols';
  readonly readPort: (node: Node) => PortMatch | null;
  readonly mostItems: number;
}

/** `spec` of a cluster-wide policy: the body, and its place in the order of evaluation. */
export interface ClusterPolicyBody extends PolicyBody {
  readonly tier: 'Admin' | 'Baseline';
  readonly priority: number | null;
}

const domainName = /^(\*\.)?([a-z0-9]([-a-z0-9_]*[a-z0-9])?\.)+[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

/** The one member that is set; a problem when there is none or more than one. */
function onlyMember(node: Node, members: readonly string[]): string | null {
  node.only(members);
  const set = node.keys().filter((key) => node.field(key).present);
  if (set.length === 1) return set[0] ?? null;
  node.refuse(`expected exactly one of ${members.join(', ')}, got ${set.length === 0 ? 'none' : set.join(', ')}`);
  return null;
}

function readRange(node: Node, protocol: Protocol): PortMatch | null {
  const first = node.field('start').integer(1, 65535);
  const last = node.field('end').integer(1, 65535);
  if (first === null || last === null) return null;
  if (first >= last) node.refuse(`start must be less than end, got ${first} and ${last}`);
  return { kind: 'range', protocol, first, last };
}

function readPortName(node: Node): PortMatch | null {
  if (typeof node.value === 'string' && isPortName(node.value))
    return { kind: 'named', protocol: null, name: node.value };
  node.refuse(`expected a port name of up to 15 lower-case letters, digits and "-", got ${shown(node.value)}`);
  return null;
}

function readAdminPort(node: Node): PortMatch | null {
  const member = onlyMember(node, ['portNumber', 'namedPort', 'portRange']);
  if (member === 'namedPort') return readPortName(node.field('namedPort'));
  if (member === null) return null;
  const port = node.field(member);
  port.only(member === 'portNumber' ? ['protocol', 'port'] : ['protocol', 'start', 'end']);
  const protocol = readProtocol(port.field('protocol'));
  if (protocol === null) return null;
  if (member === 'portRange') return readRange(port, protocol);
  const number = port.field('port').integer(1, 65535);
  return number === null ? null : { kind: 'range', protocol, first: number, last: number };
}

const protocolOfMember: Readonly<Record<string, Protocol>> = { tcp: 'TCP', udp: 'UDP', sctp: 'SCTP' };

function readClusterPort(node: Node): PortMatch | null {
  const member = onlyMember(node, ['tcp', 'udp', 'sctp', 'destinationNamedPort']);
  if (member === null) return null;
  const match = node.field(member);
  const protocol = protocolOfMember[member];
  if (protocol === undefined) return readPortName(match);
  match.only(['destinationPort']);
  const destination = match.field('destinationPort');
  if (!destination.present) return { kind: 'all', protocol };
  if (onlyMember(destination, ['number', 'range']) === 'range') {
    destination.field('range').only(['start', 'end']);
    return readRange(destination.field('range'), protocol);
  }
  const number = destination.field('number').integer(1, 65535);
  return number === null ? null : { kind: 'range', protocol, first: number, last: number };
}

const dialects = {
  AdminNetworkPolicy: {
    tier: 'Admin',
    hasPriority: true,
    actions: { Allow: 'Accept', Deny: 'Deny', Pass: 'Pass' },
    portsField: 'ports',
    readPort: readAdminPort,
    mostItems: 100,
  },
  BaselineAdminNetworkPolicy: {
    tier: 'Baseline',
    hasPriority: false,
    actions: { Allow: 'Accept', Deny: 'Deny' },
    portsField: 'ports',
    readPort: readAdminPort,
    mostItems: 100,
  },
  ClusterNetworkPolicy: {
    tier: null,
    hasPriority: true,
    actions: { Accept: 'Accept', Deny: 'Deny', Pass: 'Pass' },
    portsField: 'protocols',
    readPort: readClusterPort,
    mostItems: 25,
  },
} as const satisfies Record<string, Dialect>;

/** The cluster-wide kinds. */
export type ClusterKind = keyof typeof dialects;

/** A selector left out reads as empty, which selects everything: manifests in use rely on it. */
function readPods(node: Node): PodSet {
  node.only(['namespaceSelector', 'podSelector']);
  return { namespaces: readSelector(node.field('namespaceSelector')), pods: readSelector(node.field('podSelector')) };
}

const noPods: PodSet = { namespaces: [], pods: [] };

function readSubject(node: Node): PodSet {
  const member = onlyMember(node, ['namespaces', 'pods']);
  if (member === 'pods') return readPods(node.field('pods'));
  return member === null ? noPods : { namespaces: readSelector(node.field('namespaces')), pods: [] };
}

function limited(node: Node, most: number): Node[] {
  const items = node.items();
  if (items.length > most) node.refuse(`expected at most ${most} items, got ${items.length}`);
  return items;
}

/** Texts of a list that has at least one item and at most 25, each read by `read`. */
function readTexts(node: Node, read: (item: Node) => string | null): string[] {
  const items = limited(node, 25);
  if (items.length === 0) node.refuse('must have at least one item');
  return items.map(read).filter((text) => text !== null);
}

function readDomainName(node: Node): string | null {
  const text = node.text()?.toLowerCase().replace(/\.$/, '') ?? null;
  if (text === null || domainName.test(text)) return text;
  node.refuse(`expected a domain name such as example.com or *.example.com, got ${shown(node.value)}`);
  return null;
}

function readCanonicalCidr(node: Node): string | null {
  const cidr = readCidr(node);
  return cidr === null ? null : formatCidr(cidr);
}

const ingressPeers = ['namespaces', 'pods'];
const egressPeers = ['namespaces', 'pods', 'nodes', 'networks', 'domainNames'];

/** A peer without a field this version knows was written for a newer one; evaluation fails closed on it. */
function readPeer(node: Node, known: readonly string[]): Peer {
  const set = node.keys().filter((key) => node.field(key).present);
  const member = set.find((key) => known.includes(key));
  if (set.length > 1) node.refuse(`expected exactly one of ${known.join(', ')}, got ${set.join(', ')}`);
  const value = node.field(member ?? '');
  const selector = (): Selector => readSelector(value);
  switch (member) {
    case 'namespaces':
      return { kind: 'pods', namespaces: selector(), pods: [] };
    case 'pods':
      return { kind: 'pods', ...readPods(value) };
    case 'nodes':
      value.leaveOut('no topology has nodes, so this peer matches nothing');
      return { kind: 'nodes', nodes: selector() };
    case 'networks':
      return { kind: 'networks', cidrs: readTexts(value, readCanonicalCidr) };
    case 'domainNames':
      value.leaveOut('no topology says which addresses these names have, so this peer matches nothing');
      return { kind: 'domainNames', names: readTexts(value, readDomainName) };
    default:
      node.leaveOut(
        'a peer of a kind that is not known: a rule that accepts matches nothing, any other denies everything',
      );
      return { kind: 'unknown', field: set[0] ?? '' };
  }
}

const portless = ['nodes', 'networks', 'domainNames'];

function readRule(node: Node, dialect: Dialect, side: 'from' | 'to'): Rule {
  node.only(['name', 'action', side, dialect.portsField]);
  const name = node.field('name');
  if (name.present && (typeof name.value !== 'string' || name.value.length > 100))
    name.refuse(`expected text of at most 100 characters, got ${shown(name.value)}`);
  const word = node.field('action').oneOf(Object.keys(dialect.actions));
  const action = dialect.actions[word ?? ''] ?? 'Deny';
  const listed = limited(node.field(side), dialect.mostItems);
  if (listed.length === 0) node.field(side).refuse('must have at least one item');
  const peers = listed.map((peer) => readPeer(peer, side === 'from' ? ingressPeers : egressPeers));
  const entries = limited(node.field(dialect.portsField), dialect.mostItems);
  const ports = entries.map((entry) => dialect.readPort(entry)).filter((port) => port !== null);
  if (peers.some((peer) => portless.includes(peer.kind)) && ports.some((port) => port.kind === 'named'))
    node.refuse('a rule for nodes, networks or domainNames may not use named ports, which only pods have');
  if (peers.some((peer) => peer.kind === 'domainNames') && action !== 'Accept')
    node.refuse('domainNames may only be used in rules that accept');
  return {
    name: typeof name.value === 'string' && name.value !== '' ? name.value : null,
    action,
    peers,
    ports: entries.length === 0 ? null : ports,
  };
}

/** Reads `spec` of a cluster-wide policy. A direction without rules is not governed. */
export function readClusterPolicySpec(spec: Node, kind: ClusterKind): ClusterPolicyBody {
  const dialect: Dialect = dialects[kind];
  const order = [...(dialect.tier === null ? ['tier'] : []), ...(dialect.hasPriority ? ['priority'] : [])];
  spec.only([...order, 'subject', 'ingress', 'egress']);
  const tier = dialect.tier ?? spec.field('tier').oneOf(['Admin', 'Baseline'] as const);
  const priority = dialect.hasPriority ? spec.field('priority').integer(0, 1000) : null;
  const rules = (direction: 'ingress' | 'egress') => {
    const items = limited(spec.field(direction), dialect.mostItems);
    const side = direction === 'ingress' ? 'from' : 'to';
    return items.length === 0 ? null : items.map((rule) => readRule(rule, dialect, side));
  };
  return {
    tier: tier ?? 'Admin',
    priority,
    subject: readSubject(spec.field('subject')),
    ingress: rules('ingress'),
    egress: rules('egress'),
  };
}

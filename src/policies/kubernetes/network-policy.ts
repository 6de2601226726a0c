/** networking.k8s.io/v1 NetworkPolicy into the policy model, with the API server's defaulting and validation. */

import {
  protocols,
  type Direction,
  type Peer,
  type PodSet,
  type PortMatch,
  type Protocol,
  type Rule,
} from '../model.js';
import { containsCidr, formatCidr, parseCidr, type Cidr } from '../simulation/address.js';
import { shown, type Node } from './reading.js';
import { isPortName, readSelector } from './syntax.js';

/** What a policy's `spec` says, without its identity. */
export interface PolicyBody {
  readonly subject: PodSet;
  readonly ingress: readonly Rule[] | null;
  readonly egress: readonly Rule[] | null;
}

/** Reads a CIDR in any form the API server takes. */
export function readCidr(node: Node): Cidr | null {
  const text = node.text();
  if (text === null) return null;
  const cidr = parseCidr(text);
  if (cidr === null) node.refuse(`expected a CIDR such as 10.0.0.0/8 or 2001:db8::/32, got ${shown(text)}`);
  return cidr;
}

/** Reads a protocol name; its case is forgiven, because other tools that state the same policy differ in it. */
export function readProtocol(node: Node): Protocol | null {
  if (!node.present) return 'TCP';
  const upper = typeof node.value === 'string' ? node.value.toUpperCase() : node.value;
  const protocol = protocols.find((known) => known === upper);
  if (protocol === undefined) node.refuse(`expected one of ${protocols.join(', ')}, got ${shown(node.value)}`);
  return protocol ?? null;
}

function readPort(node: Node): PortMatch | null {
  node.only(['protocol', 'port', 'endPort']);
  const protocol = readProtocol(node.field('protocol'));
  const [port, endPort] = [node.field('port'), node.field('endPort')];
  if (!port.present) {
    if (endPort.present) endPort.refuse('may not be specified when port is not specified');
    return protocol === null ? null : { kind: 'all', protocol };
  }
  if (typeof port.value === 'string') {
    if (endPort.present) endPort.refuse('may not be specified when port is a name');
    if (!isPortName(port.value))
      port.refuse(
        `expected a port number, or a name of up to 15 lower-case letters, digits and "-" with a letter in it, got ${shown(port.value)}`,
      );
    return protocol === null ? null : { kind: 'named', protocol, name: port.value };
  }
  const first = port.integer(1, 65535);
  const last = endPort.present ? endPort.integer(1, 65535) : first;
  if (first !== null && last !== null && last < first)
    endPort.refuse(`must be at least port, which is ${first}, got ${last}`);
  return protocol === null || first === null || last === null ? null : { kind: 'range', protocol, first, last };
}

function readIpBlock(node: Node): Peer | null {
  node.only(['cidr', 'except']);
  const cidr = readCidr(node.field('cidr'));
  const except = node
    .field('except')
    .items()
    .map((item) => {
      const inner = readCidr(item);
      if (cidr === null || inner === null) return null;
      if (inner.prefix <= cidr.prefix || !containsCidr(cidr, inner))
        item.refuse(`must be a strict subset of cidr ${formatCidr(cidr)}, got ${shown(item.value)}`);
      return formatCidr(inner);
    })
    .filter((text) => text !== null);
  return cidr === null ? null : { kind: 'ipBlock', cidr: formatCidr(cidr), except };
}

function readPeer(node: Node): Peer | null {
  node.only(['podSelector', 'namespaceSelector', 'ipBlock']);
  const [pods, namespaces, ipBlock] = [
    node.field('podSelector'),
    node.field('namespaceSelector'),
    node.field('ipBlock'),
  ];
  if (!pods.present && !namespaces.present && !ipBlock.present) {
    node.refuse('must specify a peer: podSelector, namespaceSelector or ipBlock');
    return null;
  }
  if (ipBlock.present) {
    if (pods.present || namespaces.present) node.refuse('may not specify both ipBlock and another peer');
    return readIpBlock(ipBlock);
  }
  return {
    kind: 'pods',
    namespaces: namespaces.present ? readSelector(namespaces) : 'own',
    pods: readSelector(pods),
  };
}

function complete<T>(list: readonly (T | null)[]): readonly T[] | null {
  return list.length === 0 ? null : list.filter((item) => item !== null);
}

function readRules(node: Node, peers: 'from' | 'to'): readonly Rule[] {
  return node.items().map((rule) => {
    rule.only([peers, 'ports']);
    return {
      name: null,
      action: 'Accept',
      peers: complete(rule.field(peers).items().map(readPeer)),
      ports: complete(rule.field('ports').items().map(readPort)),
    };
  });
}

/**
 * Reads `spec`. Without `policyTypes` a policy governs ingress, and egress too when it has egress rules. Rules of a
 * direction that is not governed are validated and then have no effect. `further` are fields that a kind with the same
 * `spec` has besides; they are the caller's to read.
 */
export function readNetworkPolicySpec(spec: Node, further: readonly string[] = []): PolicyBody {
  spec.only(['podSelector', 'policyTypes', 'ingress', 'egress', ...further]);
  const subject: PodSet = { namespaces: 'own', pods: readSelector(spec.field('podSelector')) };
  const ingress = readRules(spec.field('ingress'), 'from');
  const egress = readRules(spec.field('egress'), 'to');
  const types = spec.field('policyTypes');
  const written = types.items().map((type) => type.oneOf(['Ingress', 'Egress']));
  if (written.length > 2) types.refuse(`may not specify more than two policy types, got ${written.length}`);
  const governs = (direction: Direction) =>
    written.length === 0
      ? direction === 'ingress' || egress.length > 0
      : written.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
  return {
    subject,
    ingress: governs('ingress') ? ingress : null,
    egress: governs('egress') ? egress : null,
  };
}

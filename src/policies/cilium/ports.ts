/** Ports and ICMP types of Cilium rules into port matches (pkg/policy/api, l4.go and rule_validation.go). */

import { icmpPort, protocols, type PortMatch, type Protocol } from '../model.js';
import { shown, type Node } from '../kubernetes/reading.js';
import { isPortName } from '../kubernetes/syntax.js';

const mostPorts = 40;
const portless = ['ICMP', 'ICMPV6', 'IGMP', 'VRRP', 'ESP', 'AH'];
const beyondPorts = ['rules', 'terminatingTLS', 'originatingTLS', 'serverNames', 'listener'];
const layer7 = ['http', 'kafka', 'dns', 'l7proto', 'l7'];

/** What a list of ports covers when it covers none. */
export const noTraffic: PortMatch = { kind: 'other', protocol: null, traffic: 'none' };

function readProtocols(node: Node): readonly Protocol[] | string {
  if (!node.present || node.value === '') return protocols;
  const upper = typeof node.value === 'string' ? node.value.toUpperCase() : '';
  if (upper === 'ANY') return protocols;
  const known = protocols.find((protocol) => protocol === upper);
  if (known !== undefined) return [known];
  if (portless.includes(upper)) return upper;
  node.refuse(`expected TCP, UDP, SCTP, ANY or one of ${portless.join(', ')}, got ${shown(node.value)}`);
  return protocols;
}

function readPort(node: Node): PortMatch[] {
  node.only(['port', 'endPort', 'protocol']);
  const [port, endPort] = [node.field('port'), node.field('endPort')];
  const named = readProtocols(node.field('protocol'));
  const text = typeof port.value === 'number' ? null : port.text();
  if (text === null && port.present) {
    if (typeof port.value === 'number') port.refuse(`expected text such as "80", got ${shown(port.value)}`);
    return [];
  }
  if (text === null) return [];
  const icmp = named === 'ICMP' ? 'ICMP' : named === 'ICMPV6' ? 'ICMPv6' : null;
  if (icmp !== null && /^\d{1,3}$/.test(text) && Number(text) <= 255) return [icmpMatch(icmp, Number(text))];
  if (typeof named === 'string') {
    node.leaveOut('verdicts are for TCP, UDP, SCTP and ICMP, so this entry decides none of them');
    return [{ kind: 'other', protocol: null, traffic: `${named.toLowerCase()} ${text}` }];
  }
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65535) {
    if (!isPortName(text.toLowerCase()))
      port.refuse(`expected a port from 0 to 65535 in quotes or a port name, got ${shown(text)}`);
    // Cilium ignores endPort beside a name.
    return named.map((protocol) => ({ kind: 'named', protocol, name: text.toLowerCase() }));
  }
  const first = Number(text);
  const end = endPort.present && endPort.value !== 0 ? endPort.integer(0, 65535) : null;
  if (first === 0) return named.map((protocol) => ({ kind: 'all', protocol }));
  if (end !== null && end < first) endPort.refuse(`must be at least port, which is ${first}, got ${end}`);
  return named.map((protocol) => ({ kind: 'range', protocol, first, last: end ?? first }));
}

/** Whether a value is there and holds something. */
function says(node: Node): boolean {
  if (!node.present) return false;
  return Array.isArray(node.value) ? node.value.length > 0 : Object.keys(node.value ?? {}).length > 0;
}

function readPortRule(node: Node, denies: boolean): { ports: PortMatch[]; beyond: boolean } {
  node.only(denies ? ['ports'] : ['ports', ...beyondPorts]);
  node.field('rules').only(layer7);
  const entries = node.field('ports').items();
  if (entries.length > mostPorts)
    node.field('ports').refuse(`expected at most ${mostPorts} items, got ${entries.length}`);
  if (entries.length === 0) node.leaveOut('a list of ports without ports covers none, as Cilium takes it');
  const further = beyondPorts.map((name) => node.field(name)).filter(says);
  for (const field of further)
    field.leaveOut('requests are not modelled, so the ports are taken to be open to whatever the rule is for');
  return { ports: entries.length === 0 ? [noTraffic] : entries.flatMap(readPort), beyond: further.length > 0 };
}

/** Names of ICMP types that Cilium takes (pkg/policy/api, icmp.go), by family. */
const icmpTypes: Readonly<Record<'IPv4' | 'IPv6', Readonly<Record<string, number>>>> = {
  IPv4: {
    EchoReply: 0,
    DestinationUnreachable: 3,
    Redirect: 5,
    Echo: 8,
    EchoRequest: 8,
    RouterAdvertisement: 9,
    RouterSelection: 10,
    TimeExceeded: 11,
    ParameterProblem: 12,
    Timestamp: 13,
    TimestampReply: 14,
    Photuris: 40,
    ExtendedEchoRequest: 42,
    ExtendedEchoReply: 43,
  },
  IPv6: {
    DestinationUnreachable: 1,
    PacketTooBig: 2,
    TimeExceeded: 3,
    ParameterProblem: 4,
    EchoRequest: 128,
    EchoReply: 129,
    MulticastListenerQuery: 130,
    MulticastListenerReport: 131,
    MulticastListenerDone: 132,
    RouterSolicitation: 133,
    RouterAdvertisement: 134,
    NeighborSolicitation: 135,
    NeighborAdvertisement: 136,
    RedirectMessage: 137,
    RouterRenumbering: 138,
    ICMPNodeInformationQuery: 139,
    ICMPNodeInformationResponse: 140,
    InverseNeighborDiscoverySolicitation: 141,
    InverseNeighborDiscoveryAdvertisement: 142,
    HomeAgentAddressDiscoveryRequest: 144,
    HomeAgentAddressDiscoveryReply: 145,
    MobilePrefixSolicitation: 146,
    MobilePrefixAdvertisement: 147,
    DuplicateAddressRequestCodeSuffix: 157,
    DuplicateAddressConfirmationCodeSuffix: 158,
    ExtendedEchoRequest: 160,
    ExtendedEchoReply: 161,
  },
};

function readIcmpType(node: Node, family: 'IPv4' | 'IPv6'): number | null {
  const { value } = node;
  if (typeof value !== 'string') return node.integer(0, 255);
  const names = icmpTypes[family];
  const number = Object.hasOwn(names, value) ? names[value] : /^\d{1,3}$/.test(value) ? Number(value) : 256;
  if (number !== undefined && number <= 255) return number;
  node.refuse(`expected a number from 0 to 255 or the name of a type of ICMP for ${family}, got ${shown(value)}`);
  return null;
}

function readIcmp(node: Node): PortMatch[] {
  node.only(['fields']);
  return node
    .field('fields')
    .items()
    .flatMap((field): PortMatch[] => {
      field.only(['family', 'type']);
      const written = field.field('family');
      const family = (written.present && written.value !== '' ? written.oneOf(['IPv4', 'IPv6']) : 'IPv4') ?? 'IPv4';
      const type = readIcmpType(field.field('type'), family);
      return type === null ? [] : [icmpMatch(family === 'IPv4' ? 'ICMP' : 'ICMPv6', type)];
    });
}

function icmpMatch(protocol: 'ICMP' | 'ICMPv6', type: number): PortMatch {
  return { kind: 'icmp', protocol, first: icmpPort(type, 0), last: icmpPort(type, 255) };
}

/**
 * Reads `toPorts` and `icmps` of a rule: `null` when it has neither, which is every protocol and port. `beyond` tells
 * that the ports are narrowed by what is not modelled.
 */
export function readPorts(rule: Node, denies: boolean): { ports: PortMatch[] | null; beyond: boolean } {
  const [toPorts, icmps] = [rule.field('toPorts'), rule.field('icmps')];
  const read = toPorts.items().map((item) => readPortRule(item, denies));
  const types = icmps.items().map(readIcmp);
  if (types.length > 0) {
    if (read.length > 0) icmps.refuse('may not be specified together with toPorts; give each its own rule');
  }
  if (read.length === 0 && types.length === 0) return { ports: null, beyond: false };
  const ports = [...read.flatMap((one) => one.ports), ...types.flat()];
  return { ports: ports.length === 0 ? [noTraffic] : ports, beyond: read.some(({ beyond }) => beyond) };
}

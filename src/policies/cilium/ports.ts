/** Ports and ICMP types of Cilium rules into port matches (pkg/policy/api, l4.go and rule_validation.go). */

import { protocols, type PortMatch, type Protocol } from '../model.js';
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
  if (typeof named === 'string') {
    node.leaveOut('verdicts are for TCP, UDP and SCTP, so this entry decides none of them');
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

function readIcmp(node: Node): PortMatch[] {
  node.only(['fields']);
  return node
    .field('fields')
    .items()
    .map((field) => {
      field.only(['family', 'type']);
      const family = field.field('family');
      const word = family.present && family.value !== '' ? family.oneOf(['IPv4', 'IPv6']) : 'IPv4';
      const { value } = field.field('type');
      if (typeof value !== 'string' || !/^[A-Za-z0-9]{1,40}$/.test(value)) field.field('type').integer(0, 255);
      return { kind: 'other', protocol: null, traffic: `icmp ${word ?? ''} type ${String(value)}` };
    });
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
    icmps.leaveOut('verdicts are for TCP, UDP and SCTP, so the rule decides none of them');
  }
  if (read.length === 0 && types.length === 0) return { ports: null, beyond: false };
  const ports = [...read.flatMap((one) => one.ports), ...types.flat()];
  return { ports: ports.length === 0 ? [noTraffic] : ports, beyond: read.some(({ beyond }) => beyond) };
}

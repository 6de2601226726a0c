/** Rules of Calico policies into the policy model. */

import {
  icmpPort,
  protocols,
  type Direction,
  type Entity,
  type Expression,
  type Peer,
  type PortMatch,
  type Rule,
} from '../model.js';
import { canonicalText, shown, type Node } from '../kubernetes/reading.js';
import { formatCidr, parseAddress, parseCidr } from '../simulation/address.js';
import { portMatches, portsWithout, readPorts, readProtocolNumber, withPorts, type WrittenPort } from './ports.js';
import { endpointLabels, namespaceLabelsOfRule, parseSelector, type SelectorDialect } from './selector.js';

const actions = { Allow: 'Accept', Deny: 'Deny', Pass: 'Pass', Log: 'Log' } as const;
const entityFields = [
  'nets',
  'notNets',
  'selector',
  'notSelector',
  'namespaceSelector',
  'ports',
  'notPorts',
  'serviceAccounts',
  'services',
];
const ruleFields = [
  'action',
  'ipVersion',
  'protocol',
  'notProtocol',
  'icmp',
  'notICMP',
  'source',
  'destination',
  'http',
  'metadata',
];

/** Reads a selector in a field that may be absent; `null` when it is, or after a problem. */
export function readExpression(node: Node, dialect: SelectorDialect): Expression | null {
  const text = node.optionalText();
  if (text === null) return null;
  const expression = parseSelector(text, dialect);
  if (!('reason' in expression)) return expression;
  node.refuse(`expected a selector: ${expression.reason}`);
  return null;
}

/** Reads a CIDR, or an address that stands for itself, into canonical text. */
export function readNet(node: Node): string | null {
  const text = node.text();
  if (text === null) return null;
  const address = parseAddress(text);
  const cidr = address === null ? parseCidr(text) : parseCidr(`${text}/${text.includes(':') ? 128 : 32}`);
  if (cidr === null) node.refuse(`expected a CIDR or an address, got ${shown(text)}`);
  return cidr === null ? null : formatCidr(cidr);
}

function readNets(node: Node): string[] {
  return node
    .items()
    .map(readNet)
    .filter((net) => net !== null);
}

/** All of the expressions that are there; `null` when none is. */
export function all(parts: readonly (Expression | null)[]): Expression | null {
  const of = parts.filter((part) => part !== null);
  return of.length > 1 ? { operator: 'And', of } : (of[0] ?? null);
}

/** `serviceAccounts` of a rule. Their labels are in no topology, their names are. */
function readServiceAccounts(node: Node): Expression | null {
  node.only(['names', 'selector']);
  const values = node
    .field('names')
    .items()
    .map((name) => name.text())
    .filter((name) => name !== null);
  readExpression(node.field('selector'), endpointLabels);
  return values.length === 0 ? null : { operator: 'In', label: 'projectcalico.org/serviceaccount', values };
}

/**
 * The selectors of one end, put together as libcalico-go does (updateprocessors, rules.go): a rule of a namespaced
 * policy that selects anything selects in its own namespace, unless it has a namespaceSelector.
 */
function readWhere(node: Node, namespace: string | null): Pick<Entity, 'where' | 'not'> {
  const selector = readExpression(node.field('selector'), endpointLabels);
  const not = readExpression(node.field('notSelector'), endpointLabels);
  const namespaces = readExpression(node.field('namespaceSelector'), namespaceLabelsOfRule);
  const accounts = readServiceAccounts(node.field('serviceAccounts'));
  const own: Expression | null =
    namespace === null || (selector === null && not === null && accounts === null)
      ? null
      : { operator: 'In', label: 'projectcalico.org/namespace', values: [namespace] };
  return { where: all([namespaces ?? own, accounts, selector]), not };
}

/** One end of a rule as a peer; `null` when it may be anything. */
function readEntity(node: Node, namespace: string | null, ipVersion: number | null): Peer | null {
  node.only(entityFields);
  const { where, not } = readWhere(node, namespace);
  const nets = readNets(node.field('nets'));
  const notNets = readNets(node.field('notNets'));
  if (node.field('services').present) return { kind: 'unmodelled', field: 'services' };
  if (node.field('serviceAccounts').field('selector').present) return { kind: 'unmodelled', field: 'serviceAccounts' };
  const anyOfVersion = ipVersion === null ? null : [ipVersion === 4 ? '0.0.0.0/0' : '::/0'];
  if (where === null && not === null && nets.length === 0 && notNets.length === 0 && anyOfVersion === null) return null;
  return { kind: 'entity', where, not, nets: nets.length > 0 ? nets : anyOfVersion, notNets, sets: [], notSets: [] };
}

/** The types and codes of an `icmp` or `notICMP`. */
function readIcmp(node: Node): { readonly first: number; readonly last: number } {
  node.only(['type', 'code']);
  const [type, code] = [node.field('type'), node.field('code')];
  if (code.present && !type.present) code.refuse('may not be specified without a type');
  const typeNumber = type.present ? type.integer(0, 254) : null;
  const codeNumber = code.present ? code.integer(0, 255) : null;
  if (typeNumber === null) return { first: 0, last: 65535 };
  const [first, last] = codeNumber === null ? [0, 255] : [codeNumber, codeNumber];
  return { first: icmpPort(typeNumber, first), last: icmpPort(typeNumber, last) };
}

function isNumeric(port: WrittenPort): port is { readonly first: number; readonly last: number } {
  return !('name' in port);
}

const icmpNames: ReadonlyMap<number, 'ICMP' | 'ICMPv6'> = new Map([
  [1, 'ICMP'],
  [58, 'ICMPv6'],
] as const);

const noTraffic: PortMatch = { kind: 'other', protocol: null, traffic: 'none' };

/** What destination ports the rule speaks of. */
function readPortMatches(rule: Node): Pick<Rule, 'ports' | 'notPorts'> {
  const destination = rule.field('destination');
  const listed = readPorts(destination.field('ports'));
  const excluded = readPorts(destination.field('notPorts'));
  const number = readProtocolNumber(rule.field('protocol'));
  const notNumber = readProtocolNumber(rule.field('notProtocol'));
  const protocol = withPorts(number);
  readPorts(rule.field('source').field('ports'));
  readPorts(rule.field('source').field('notPorts'));
  for (const end of [rule.field('source'), destination])
    for (const field of [end.field('ports'), end.field('notPorts')])
      if (field.items().length > 0 && protocol === null) field.refuse('needs protocol TCP, UDP or SCTP');
  const [icmp, notIcmp] = ['icmp', 'notICMP'].map((name) => {
    const field = rule.field(name);
    if (field.present && number !== 1 && number !== 58) field.refuse('needs protocol ICMP or ICMPv6');
    return field.present ? [readIcmp(field)] : [];
  });
  if (number !== null && number === notNumber) {
    rule.field('notProtocol').leaveOut('the rule excludes the protocol it asks for, so it matches nothing');
    return { ports: [noTraffic] };
  }
  if (protocol !== null) {
    if (excluded.length === 0) return { ports: portMatches(protocol, listed) };
    const [numbers, holes] = [listed.filter(isNumeric), excluded.filter(isNumeric)];
    if (numbers.length < listed.length || holes.length < excluded.length)
      return { ports: portMatches(protocol, listed), notPorts: portMatches(protocol, excluded) };
    const left = portsWithout(numbers, holes);
    return { ports: left.length === 0 ? [noTraffic] : portMatches(protocol, left) };
  }
  const icmpProtocol = icmpNames.get(number ?? 0);
  if (icmpProtocol !== undefined) {
    const left = portsWithout(icmp ?? [], notIcmp ?? []);
    return {
      ports:
        left.length === 0
          ? [noTraffic]
          : left.map((range): PortMatch => ({ kind: 'icmp', protocol: icmpProtocol, ...range })),
    };
  }
  if (number !== null) {
    rule.field('protocol').leaveOut('verdicts are for TCP, UDP, SCTP and ICMP, so the rule decides none of them');
    return { ports: [{ kind: 'other', protocol: null, traffic: `protocol ${number}` }] };
  }
  if (notNumber === null) return { ports: null };
  const others = protocols.filter((name) => name !== withPorts(notNumber));
  const icmps = [...icmpNames].flatMap(([known, name]) => (known === notNumber ? [] : [name]));
  return {
    ports: [
      ...others.map((name): PortMatch => ({ kind: 'all', protocol: name })),
      ...icmps.map((name): PortMatch => ({ kind: 'icmp', protocol: name, first: 0, last: 65535 })),
      { kind: 'other', protocol: null, traffic: `not protocol ${notNumber}` },
    ],
  };
}

/** Parts of a rule that narrow it by what a flow of the simulation does not have. */
function narrowing(rule: Node): Node[] {
  const source = rule.field('source');
  return [rule.field('http'), source.field('ports'), source.field('notPorts')].filter(
    (node) => node.present && !(Array.isArray(node.value) && node.value.length === 0),
  );
}

function readHttp(node: Node, rule: Node, direction: Direction): void {
  if (!node.present) return;
  node.only(['methods', 'paths']);
  if (direction === 'egress') node.refuse('is not allowed in an egress rule');
  if (rule.field('action').value !== 'Allow') node.refuse('is only allowed in rules that allow');
}

/** The IP version a rule is for; the CIDRs of the rule must be of it. */
function readIpVersion(rule: Node): number | null {
  const node = rule.field('ipVersion');
  if (!node.present) return null;
  if (node.value !== 4 && node.value !== 6) {
    node.refuse(`expected 4 or 6, got ${shown(node.value)}`);
    return null;
  }
  for (const end of [rule.field('source'), rule.field('destination')])
    for (const item of [...end.field('nets').items(), ...end.field('notNets').items()])
      if (typeof item.value === 'string' && item.value.includes(':') !== (node.value === 6))
        item.refuse(`is not of IP version ${node.value}, which the rule is for`);
  return node.value;
}

/** Reads one rule; `namespace` is that of the policy, `null` for a global one. */
export function readRule(rule: Node, direction: Direction, namespace: string | null): Rule {
  rule.only(ruleFields);
  rule.field('metadata').only(['annotations']);
  const word = rule.field('action').oneOf(['Allow', 'Deny', 'Pass', 'Log']);
  const ipVersion = readIpVersion(rule);
  const ends = [rule.field('source'), rule.field('destination')];
  const [far, near] = direction === 'ingress' ? ends : ends.toReversed();
  if (near?.field('services').present)
    near.field('services').refuse(`is not allowed on this end of an ${direction} rule`);
  const farPeer = far === undefined ? null : readEntity(far, namespace, ipVersion);
  const nearPeer = near === undefined ? null : readEntity(near, namespace, null);
  const portMatch = readPortMatches(rule);
  readHttp(rule.field('http'), rule, direction);
  for (const [end, peer] of [
    [far, farPeer],
    [near, nearPeer],
  ] as const)
    if (peer?.kind === 'unmodelled' && end !== undefined)
      end.field(peer.field).leaveOut('no topology says what it selects, so the rule matches nothing');
  const narrowed = narrowing(rule);
  const action = actions[word ?? 'Deny'];
  for (const node of narrowed)
    node.leaveOut(
      action === 'Deny'
        ? 'flows do not have it, so the rule, which denies only some of what the rest of it matches, is taken to deny nothing'
        : 'flows do not have it, so the rule is taken to match whatever the rest of it matches',
    );
  const skipped = narrowed.length > 0 && action === 'Deny';
  const beyond = ends.map((end) => [end.field('services').value ?? null, end.field('serviceAccounts').value ?? null]);
  const unmodelled = canonicalText([
    narrowed.map(({ path, value }) => [path.split('.').slice(-2).join('.'), value]),
    beyond,
  ]);
  const saysMore = narrowed.length > 0 || farPeer?.kind === 'unmodelled' || nearPeer?.kind === 'unmodelled';
  return {
    name: null,
    action,
    peers: skipped ? [{ kind: 'unmodelled', field: 'rule' }] : farPeer === null ? null : [farPeer],
    ...portMatch,
    ...(nearPeer === null ? {} : { near: nearPeer }),
    ...(saysMore ? { unmodelled: skipped ? canonicalText([unmodelled, rule.value]) : unmodelled } : {}),
  };
}

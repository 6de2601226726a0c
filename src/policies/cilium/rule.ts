/** Rules of Cilium policies into the policy model. */

import type { Direction, Peer, Rule } from '../model.js';
import { canonicalText, shown, type Node } from '../kubernetes/reading.js';
import { containsCidr, formatCidr, parseAddress, parseCidr, type Cidr } from '../simulation/address.js';
import { readSelector } from '../kubernetes/syntax.js';
import { matchesSelector } from '../simulation/topology.js';
import type { CidrGroup } from './cidr-group.js';
import { readPorts } from './ports.js';
import { readPeer, readUnmet } from './selector.js';

const ingressPeers = ['fromEndpoints', 'fromEntities', 'fromCIDR', 'fromCIDRSet', 'fromGroups', 'fromNodes'];
const egressPeers = [
  'toEndpoints',
  'toEntities',
  'toCIDR',
  'toCIDRSet',
  'toGroups',
  'toNodes',
  'toServices',
  'toFQDNs',
];

const ipv4: Peer = { kind: 'external', cidr: '0.0.0.0/0', except: [] };
const ipv6: Peer = { kind: 'external', cidr: '::/0', except: [] };

/** What stands for an entity in a topology; `any` is every peer, and `null` means that nothing does. */
const entities: Readonly<Record<string, readonly Peer[] | 'any' | null>> = {
  all: 'any',
  world: [ipv4, ipv6],
  'world-ipv4': [ipv4],
  'world-ipv6': [ipv6],
  cluster: [{ kind: 'pods', namespaces: [], pods: [] }, { kind: 'hosts' }],
  'remote-node': [{ kind: 'hosts' }],
  none: [],
  host: null,
  'kube-apiserver': null,
  ingress: null,
  health: null,
  init: null,
  unmanaged: null,
};

function readEntity(node: Node): readonly Peer[] | 'any' {
  const text = typeof node.value === 'string' ? node.value : '';
  const peers = Object.hasOwn(entities, text) ? entities[text] : undefined;
  if (peers === undefined) {
    node.refuse(`expected one of ${Object.keys(entities).join(', ')}, got ${shown(node.value)}`);
    return [];
  }
  if (text === 'remote-node')
    node.leaveOut(
      'which node a pod is on is not known: every pod in the network of its node is taken to be on another one',
    );
  if (peers !== null) return peers;
  node.leaveOut(`no topology says what entity ${text} is, so it matches nothing`);
  return [{ kind: 'unmodelled', field: `entity ${text}` }];
}

function readAddressOrCidr(node: Node): Cidr | null {
  const text = node.text();
  if (text === null) return null;
  const address = parseAddress(text);
  const cidr = address === null ? parseCidr(text) : parseCidr(`${text}/${text.includes(':') ? 128 : 32}`);
  if (cidr === null) node.refuse(`expected a CIDR or an address, got ${shown(text)}`);
  return cidr;
}

function readStrictCidr(node: Node): Cidr | null {
  const text = node.text();
  const cidr = text === null ? null : parseCidr(text);
  if (text !== null && cidr === null) node.refuse(`expected a CIDR such as 10.0.0.0/8, got ${shown(text)}`);
  return cidr;
}

function readCidrRule(node: Node, groups: readonly CidrGroup[]): Peer | null {
  node.only(['cidr', 'cidrGroupRef', 'cidrGroupSelector', 'except']);
  const set = ['cidr', 'cidrGroupRef', 'cidrGroupSelector'].filter((name) => node.field(name).present);
  if (set.length !== 1) {
    node.refuse(`expected exactly one of cidr, cidrGroupRef, cidrGroupSelector, got ${set.join(', ') || 'none'}`);
    return null;
  }
  const cidr = set[0] === 'cidr' ? readStrictCidr(node.field('cidr')) : null;
  const except = node
    .field('except')
    .items()
    .map((item) => {
      const hole = readStrictCidr(item);
      if (cidr !== null && hole !== null && !containsCidr(cidr, hole))
        item.refuse(`must lie inside cidr ${formatCidr(cidr)}, got ${shown(item.value)}`);
      return hole;
    })
    .filter((hole) => hole !== null);
  const holes = except.map(formatCidr);
  if (set[0] === 'cidr') return cidr === null ? null : { kind: 'external', cidr: formatCidr(cidr), except: holes };
  const byName = node.field('cidrGroupRef');
  const selector = set[0] === 'cidrGroupSelector' ? readSelector(node.field('cidrGroupSelector')) : [];
  const name = byName.present ? byName.text() : `those with ${canonicalText(node.field('cidrGroupSelector').value)}`;
  const named = groups.filter((group) =>
    byName.present ? group.name === name : matchesSelector(selector, group.labels),
  );
  if (named.length === 0) node.leaveOut('no such group of CIDRs is among the objects, so this peer matches nothing');
  const cidrs = named.flatMap((group) => group.cidrs);
  return { kind: 'addressList', name: `CIDR group ${name ?? ''}`, except: holes, cidrs, coversPods: false };
}

function readName(node: Node): string | null {
  node.only(['matchName', 'matchPattern']);
  const set = ['matchName', 'matchPattern'].filter((name) => node.field(name).present);
  if (set.length !== 1) node.refuse('expected exactly one of matchName, matchPattern');
  return set.length === 1
    ? (node
        .field(set[0] ?? '')
        .text()
        ?.toLowerCase() ?? null)
    : null;
}

function listed<T>(items: readonly (T | null)[]): T[] {
  return items.filter((item) => item !== null);
}

/** Where a rule stands: the namespace of its policy, `null` for a cluster-wide one, and the groups of CIDRs there are. */
export interface RulePlace {
  readonly namespace: string | null;
  readonly groups: readonly CidrGroup[];
}

/** Peers of one member of a rule; `any` when it covers everything. */
function readMember(
  node: Node,
  member: string,
  { namespace, groups }: RulePlace,
  denies: boolean,
): readonly Peer[] | 'any' {
  switch (member) {
    case 'fromEndpoints':
    case 'toEndpoints':
      return node.items().map((item) => readPeer(item, namespace, denies));
    case 'fromEntities':
    case 'toEntities': {
      const read = node.items().map(readEntity);
      return read.some((peers) => peers === 'any') ? 'any' : read.flatMap((peers) => (peers === 'any' ? [] : peers));
    }
    case 'fromCIDR':
    case 'toCIDR':
      return listed(node.items().map(readAddressOrCidr)).map((cidr) => ({
        kind: 'external',
        cidr: formatCidr(cidr),
        except: [],
      }));
    case 'fromCIDRSet':
    case 'toCIDRSet':
      return listed(node.items().map((item) => readCidrRule(item, groups)));
    case 'toFQDNs': {
      const names = listed(node.items().map(readName));
      node.leaveOut('no topology says which addresses these names have, so the rule matches none of them');
      return [{ kind: 'domainNames', names }];
    }
    default:
      node.items();
      node.leaveOut(`no topology says what ${member} selects, so it matches nothing`);
      return [{ kind: 'unmodelled', field: `${member} ${canonicalText(node.value)}` }];
  }
}

/**
 * The peers of a rule. Without any the rule is for every peer if it names ports, and for none if it does not; a list
 * that is there but empty selects nothing. Cilium takes one kind of peer a rule.
 */
function readPeers(rule: Node, members: readonly string[], hasPorts: boolean, place: RulePlace, denies: boolean) {
  const present = members.filter((member) => rule.field(member).present);
  const filled = present.filter((member) => rule.field(member).items().length > 0);
  const [member, ...more] = filled;
  if (more.length > 0) rule.refuse(`may not combine ${filled.join(' and ')}; give each its own rule`);
  if (member === 'toServices' && hasPorts) rule.refuse('may not combine toServices and toPorts');
  if (present.length > filled.length) return [];
  if (member === undefined) return hasPorts ? null : [];
  const peers = readMember(rule.field(member), member, place, denies);
  return peers === 'any' ? null : peers;
}

/** Reads the rules of one list, such as `ingress` or `egressDeny`. */
export function readRules(list: Node, direction: Direction, denies: boolean, place: RulePlace): Rule[] {
  const members = direction === 'ingress' ? ingressPeers : egressPeers;
  const requires = direction === 'ingress' ? 'fromRequires' : 'toRequires';
  const known = denies ? members.filter((member) => member !== 'toFQDNs') : [...members, 'authentication'];
  const unmet: Rule[] = [];
  const rules = list.items().map((rule): Rule => {
    rule.only([...known, requires, 'toPorts', 'icmps']);
    const { ports, beyond } = readPorts(rule, denies);
    const peers = readPeers(rule, members, ports !== null, place, denies);
    const failing = rule
      .field(requires)
      .items()
      .map((item) => readUnmet(item, place.namespace));
    if (failing.length > 0)
      unmet.push({ name: rule.field(requires).path, action: 'Deny', peers: failing, ports: null });
    const authentication = rule.field('authentication');
    const authenticates = authentication.present && authentication.field('mode').value !== 'disabled';
    if (authenticates) authentication.leaveOut('authentication is not modelled, so it is taken to succeed');
    const further = [beyond ? rule.field('toPorts').value : null, authenticates ? authentication.value : null];
    return {
      name: rule.path,
      action: denies ? 'Deny' : 'Accept',
      peers,
      ports,
      ...(beyond || authenticates ? { unmodelled: canonicalText(further) } : {}),
    };
  });
  return [...rules, ...unmet];
}

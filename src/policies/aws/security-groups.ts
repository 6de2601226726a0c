/**
 * AWS security groups, as DescribeSecurityGroups answers and `aws ec2 describe-security-groups` prints, into the policy
 * model. Stateful and allowing only: an interface may do what any rule of any of its groups allows, and nothing else.
 */

import { icmpPort, tierOrders, type Direction, type Peer, type Policy, type PortMatch, type Rule } from '../model.js';
import { shown, type Node } from '../kubernetes/reading.js';
import { formatCidr, parseCidr } from '../simulation/address.js';

/** CIDRs of prefix lists by their id, from DescribePrefixLists. */
export type PrefixLists = ReadonlyMap<string, readonly string[]>;

/** The label by which an interface is a member of a group. */
export function groupLabel(groupId: string): string {
  return `aws:security-group/${groupId}`;
}

const groupFields = [
  'GroupId',
  'GroupName',
  'VpcId',
  'OwnerId',
  'Description',
  'Tags',
  'SecurityGroupArn',
  'IpPermissions',
  'IpPermissionsEgress',
];
const permissionFields = [
  'IpProtocol',
  'FromPort',
  'ToPort',
  'UserIdGroupPairs',
  'IpRanges',
  'Ipv6Ranges',
  'PrefixListIds',
];

function readRange(node: Node, field: 'CidrIp' | 'CidrIpv6'): Peer | null {
  node.only([field, 'Description']);
  const text = node.field(field).text();
  const cidr = text === null ? null : parseCidr(text);
  if (text !== null && cidr?.family !== (field === 'CidrIp' ? 4 : 6))
    node.field(field).refuse(`expected a CIDR of ${field === 'CidrIp' ? 'IPv4' : 'IPv6'}, got ${shown(text)}`);
  return cidr === null ? null : { kind: 'networks', cidrs: [formatCidr(cidr)] };
}

function readGroupPair(node: Node): Peer | null {
  node.only(['GroupId', 'GroupName', 'UserId', 'VpcId', 'VpcPeeringConnectionId', 'PeeringStatus', 'Description']);
  const id = node.field('GroupId').text();
  const status = node.field('PeeringStatus').value;
  if (id === null) return null;
  if (typeof status === 'string' && status !== '' && status !== 'active') {
    node.leaveOut(`the peering is ${status}, so the group it names has no members here`);
    return { kind: 'unmodelled', field: `group ${id} behind ${status} peering` };
  }
  return { kind: 'pods', namespaces: [], pods: [{ key: groupLabel(id), operator: 'Exists', values: [] }] };
}

function readPrefixList(node: Node, lists: PrefixLists): Peer | null {
  node.only(['PrefixListId', 'Description']);
  const id = node.field('PrefixListId').text();
  if (id === null) return null;
  const cidrs = lists.get(id) ?? [];
  if (cidrs.length === 0)
    node.leaveOut('the CIDRs of the prefix list are not among the objects, so it matches nothing');
  return { kind: 'addressList', name: id, except: [], cidrs, coversPods: true };
}

function readPort(permission: Node, field: 'FromPort' | 'ToPort'): number | null {
  return permission.field(field).integer(0, 65535);
}

/** The type is in FromPort and the code in ToPort; -1 is all. */
function readIcmp(permission: Node, protocol: 'ICMP' | 'ICMPv6'): PortMatch {
  const [type = -1, code = -1] = (['FromPort', 'ToPort'] as const).map((name) => {
    const node = permission.field(name);
    return (node.present ? node.integer(-1, 255) : null) ?? -1;
  });
  if (type === -1) return { kind: 'icmp', protocol, first: 0, last: 65535 };
  const [first, last] = code === -1 ? [0, 255] : [code, code];
  return { kind: 'icmp', protocol, first: icmpPort(type, first), last: icmpPort(type, last) };
}

/** `-1` is every protocol; protocols other than TCP, UDP and ICMP have no ports here. */
function readPorts(permission: Node): PortMatch[] | null {
  const node = permission.field('IpProtocol');
  const text = node.text()?.toLowerCase();
  switch (text) {
    case undefined:
    case '-1':
      return null;
    case 'tcp':
    case '6':
    case 'udp':
    case '17': {
      const [first, last] = [readPort(permission, 'FromPort'), readPort(permission, 'ToPort')];
      if (first === null || last === null) return null;
      if (first > last) permission.field('ToPort').refuse(`must be at least FromPort, which is ${first}, got ${last}`);
      return [{ kind: 'range', protocol: text === 'tcp' || text === '6' ? 'TCP' : 'UDP', first, last }];
    }
    case 'icmp':
    case '1':
      return [readIcmp(permission, 'ICMP')];
    case 'icmpv6':
    case '58':
      return [readIcmp(permission, 'ICMPv6')];
    case '132':
    case 'sctp':
      return [{ kind: 'all', protocol: 'SCTP' }];
    default:
  }
  if (!/^\d{1,3}$/.test(text) || Number(text) > 255)
    node.refuse(`expected tcp, udp, icmp, icmpv6, -1 or a protocol number, got ${shown(node.value)}`);
  node.leaveOut('verdicts are for TCP, UDP, SCTP and ICMP, so the rule decides none of them');
  return [{ kind: 'other', protocol: null, traffic: `protocol ${text}` }];
}

function readRule(permission: Node, lists: PrefixLists): Rule {
  permission.only(permissionFields);
  const peers = [
    ...permission.field('UserIdGroupPairs').items().map(readGroupPair),
    ...permission
      .field('IpRanges')
      .items()
      .map((item) => readRange(item, 'CidrIp')),
    ...permission
      .field('Ipv6Ranges')
      .items()
      .map((item) => readRange(item, 'CidrIpv6')),
    ...permission
      .field('PrefixListIds')
      .items()
      .map((item) => readPrefixList(item, lists)),
  ].filter((peer) => peer !== null);
  return { name: permission.path, action: 'Accept', peers, ports: readPorts(permission) };
}

function readRules(group: Node, direction: Direction, lists: PrefixLists): Rule[] {
  const list = group.field(direction === 'ingress' ? 'IpPermissions' : 'IpPermissionsEgress');
  if (!list.present) list.refuse('is required; without it nobody can tell what the group allows');
  return list.items().map((permission) => readRule(permission, lists));
}

function readGroup(group: Node, lists: PrefixLists): Policy {
  for (const key of group.keys())
    if (!groupFields.includes(key))
      group.field(key).leaveOut('a field that is not known; it is taken to allow nothing');
  const id = group.field('GroupId').text() ?? '';
  return {
    id: { system: 'aws', kind: 'SecurityGroup', namespace: group.field('VpcId').optionalText(), name: id },
    tier: 'SecurityGroup',
    tierOrder: tierOrders.SecurityGroup,
    precedence: 'additive',
    priority: null,
    subject: { namespaces: [], pods: [{ key: groupLabel(id), operator: 'Exists', values: [] }] },
    ingress: readRules(group, 'ingress', lists),
    egress: readRules(group, 'egress', lists),
    isolates: { ingress: true, egress: true },
    staged: null,
  };
}

/**
 * Reads an answer of DescribeSecurityGroups. A rule of a group may name several peers; positions of peers count group
 * pairs first, then IPv4 ranges, IPv6 ranges and prefix lists.
 */
export function readSecurityGroups(root: Node, lists: PrefixLists): Policy[] {
  return root
    .field('SecurityGroups')
    .items()
    .map((group) => readGroup(group, lists));
}

/** Reads an answer of DescribePrefixLists; lists without CIDRs, as DescribeManagedPrefixLists has them, are empty. */
export function readPrefixLists(root: Node): PrefixLists {
  const lists = new Map<string, readonly string[]>();
  for (const list of root.field('PrefixLists').items()) {
    const id = list.field('PrefixListId').text();
    const cidrs = list
      .field('Cidrs')
      .items()
      .map((item) => {
        const text = item.text();
        const cidr = text === null ? null : parseCidr(text);
        if (text !== null && cidr === null) item.refuse(`expected a CIDR, got ${shown(text)}`);
        return cidr === null ? null : formatCidr(cidr);
      })
      .filter((cidr) => cidr !== null);
    if (id !== null) lists.set(id, cidrs);
  }
  return lists;
}

import { protocolOf } from './ip-protocol.js';
import { integerOf, isObject, type JsonObject, type JsonValue, listOf, objectOf, textOf } from './json-value.js';

/** The elements of a list as EC2 writes them: `{"items":[…]}`, an empty one `{}`; other services write arrays. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? listOf(value) : listOf(objectOf(value)?.items);
}

/** What stands in the only member of a request that is wrapped once more (`{"ModifySecurityGroupRulesRequest":{…}}`), in the spelling of the others. */
export function wrapped(value: JsonObject): JsonObject {
  const inner = Object.entries(value).find(
    ([name, member]) => /^[A-Z].*(?:Request|Response)$/.test(name) && isObject(member),
  )?.[1];
  return isObject(inner) ? lowerCased(inner) : value;
}

/** `GroupId` as `groupId`. */
function lowerCased(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([name, member]) => [name.slice(0, 1).toLowerCase() + name.slice(1), member]),
  );
}

/** A rule of a security group or network ACL in one shape, whichever of its forms the call was recorded in. */
export interface NetworkRule {
  readonly direction: 'ingress' | 'egress' | null;
  readonly protocol: string | null;
  readonly fromPort: number | null;
  readonly toPort: number | null;
  readonly peers: readonly string[];
  readonly ruleId?: string;
  readonly action?: string;
}

/** The rules that a call adds, takes away or sets; empty where it names none. */
export function rulesOf(eventName: string, request: JsonObject, response: JsonObject): NetworkRule[] {
  const direction = eventName.endsWith('Ingress') ? 'ingress' : eventName.endsWith('Egress') ? 'egress' : null;
  if (eventName.includes('NetworkAclEntry')) return [aclEntry(request)];
  const answered = [...itemsOf(response.securityGroupRuleSet), ...itemsOf(response.revokedSecurityGroupRuleSet)].filter(
    isObject,
  );
  if (answered.length > 0) return answered.map(answeredRule);
  const modified = modifiedRules(wrapped(request));
  if (modified.length > 0) return modified;
  const listed = itemsOf(request.ipPermissions)
    .filter(isObject)
    .map((item) => groupRule(item, direction));
  if (listed.length > 0) return listed;
  const isFlat = textOf(request.ipProtocol) !== null || textOf(request.cidrIp) !== null;
  return isFlat ? [groupRule(request, direction)] : [];
}

function answeredRule(rule: JsonObject): NetworkRule {
  const referenced = objectOf(rule.referencedGroupInfo);
  const ruleId = textOf(rule.securityGroupRuleId);
  return {
    direction: rule.isEgress === true ? 'egress' : 'ingress',
    protocol: protocolText(rule.ipProtocol),
    fromPort: integerOf(rule.fromPort),
    toPort: integerOf(rule.toPort),
    peers: [rule.cidrIpv4, rule.cidrIpv6, rule.prefixListId, referenced?.groupId, rule.referencedGroupId].flatMap(
      (peer) => textOf(peer) ?? [],
    ),
    ...(ruleId === null ? {} : { ruleId }),
  };
}

/** ModifySecurityGroupRules is recorded in the spelling of its query: one `SecurityGroupRule` or a list of them. */
function modifiedRules(request: JsonObject): NetworkRule[] {
  const given = request.securityGroupRule;
  const updates: readonly unknown[] = Array.isArray(given) ? given : [given];
  return updates.filter(isObject).map((update) => {
    const rule = lowerCased(objectOf(update.SecurityGroupRule) ?? objectOf(update.securityGroupRule) ?? {});
    const ruleId = textOf(update.SecurityGroupRuleId) ?? textOf(update.securityGroupRuleId);
    return {
      direction: null,
      protocol: protocolText(rule.ipProtocol),
      fromPort: integerOf(rule.fromPort),
      toPort: integerOf(rule.toPort),
      peers: [rule.cidrIpv4, rule.cidrIpv6, rule.prefixListId, rule.referencedGroupId].flatMap(
        (peer) => textOf(peer) ?? [],
      ),
      ...(ruleId === null ? {} : { ruleId }),
    };
  });
}

function groupRule(rule: JsonObject, direction: NetworkRule['direction']): NetworkRule {
  const peers = [
    rule.cidrIp,
    rule.cidrIpv6,
    ...members(rule.ipRanges, 'cidrIp'),
    ...members(rule.ipv6Ranges, 'cidrIpv6'),
    ...members(rule.prefixListIds, 'prefixListId'),
    ...members(rule.groups, 'groupId', 'groupName'),
    rule.sourceSecurityGroupName,
  ];
  return {
    direction,
    protocol: protocolText(rule.ipProtocol),
    fromPort: integerOf(rule.fromPort),
    toPort: integerOf(rule.toPort),
    peers: peers.flatMap((peer) => textOf(peer) ?? []),
  };
}

function members(list: unknown, ...names: readonly string[]): unknown[] {
  return itemsOf(list).map((item) =>
    names.map((name) => objectOf(item)?.[name]).find((value) => textOf(value) !== null),
  );
}

function aclEntry(request: JsonObject): NetworkRule {
  const ports = objectOf(request.portRange);
  const action = textOf(request.ruleAction);
  const number = integerOf(request.ruleNumber);
  return {
    direction: request.egress === true ? 'egress' : 'ingress',
    protocol: protocolText(request.aclProtocol ?? request.protocol),
    fromPort: integerOf(ports?.from),
    toPort: integerOf(ports?.to),
    peers: [request.cidrBlock, request.ipv6CidrBlock].flatMap((peer) => textOf(peer) ?? []),
    ...(number === null ? {} : { ruleId: String(number) }),
    ...(action === null ? {} : { action }),
  };
}

/** By its name where it has one; `-1` is every protocol. */
function protocolText(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : textOf(value);
  return text === '-1' ? 'all' : (protocolOf(text)?.name ?? text);
}

export function ruleText(rule: NetworkRule): string {
  const { fromPort, toPort, direction } = rule;
  const hasPort = fromPort !== null && fromPort >= 0 && rule.protocol !== 'all';
  const ports = !hasPort ? '' : toPort === null || toPort === fromPort ? ` ${fromPort}` : ` ${fromPort}-${toPort}`;
  const peers = rule.peers.length === 0 ? '' : ` ${direction === 'egress' ? 'to' : 'from'} ${rule.peers.join(', ')}`;
  return `${rule.action === undefined ? '' : `${rule.action} `}${rule.protocol ?? 'any'}${ports}${peers}`;
}

export function ruleValue(rule: NetworkRule): JsonValue {
  return { ...rule, peers: [...rule.peers] };
}

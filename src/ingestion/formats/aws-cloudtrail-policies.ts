import type { PolicyChange } from '../normal-form.js';
import {
  integerOf,
  isObject,
  type JsonObject,
  type JsonValue,
  listOf,
  nameOf,
  objectOf,
  textOf,
} from './json-value.js';

/** What a management call does to a policy object. */
export interface PolicyCall {
  readonly kind: string;
  readonly action: PolicyChange['action'];
  /** Members of the request, then of the answer, that name the object, best first. */
  readonly named: readonly string[];
}

const group = ['groupId', 'groupName'];
const acl = ['networkAclId'];
const rules = ['ruleGroupArn', 'ruleGroupName'];
const policy = ['firewallPolicyArn', 'firewallPolicyName'];
const firewall = ['firewallArn', 'firewallName'];

function calls(
  source: string,
  kind: string,
  named: readonly string[],
  actions: Readonly<Record<string, PolicyChange['action']>>,
): [string, PolicyCall][] {
  return Object.entries(actions).map(([name, action]) => [`${source}/${name}`, { kind, action, named }]);
}

/** Calls that change what a network lets through or what of it is recorded (EC2 and Network Firewall API references). */
const policyCalls: ReadonlyMap<string, PolicyCall> = new Map([
  ...calls('ec2', 'SecurityGroup', group, {
    CreateSecurityGroup: 'create',
    DeleteSecurityGroup: 'delete',
    AuthorizeSecurityGroupIngress: 'update',
    AuthorizeSecurityGroupEgress: 'update',
    RevokeSecurityGroupIngress: 'update',
    RevokeSecurityGroupEgress: 'update',
    ModifySecurityGroupRules: 'update',
    UpdateSecurityGroupRuleDescriptionsIngress: 'update',
    UpdateSecurityGroupRuleDescriptionsEgress: 'update',
    AssociateSecurityGroupVpc: 'update',
    DisassociateSecurityGroupVpc: 'update',
  }),
  ...calls('ec2', 'NetworkAcl', acl, {
    CreateNetworkAcl: 'create',
    DeleteNetworkAcl: 'delete',
    CreateNetworkAclEntry: 'update',
    DeleteNetworkAclEntry: 'update',
    ReplaceNetworkAclEntry: 'update',
    ReplaceNetworkAclAssociation: 'update',
  }),
  ...calls('ec2', 'FlowLog', ['flowLogId'], { CreateFlowLogs: 'create', DeleteFlowLogs: 'delete' }),
  ...calls('ec2', 'ManagedPrefixList', ['prefixListId', 'prefixListName'], {
    CreateManagedPrefixList: 'create',
    ModifyManagedPrefixList: 'update',
    RestoreManagedPrefixListVersion: 'update',
    DeleteManagedPrefixList: 'delete',
  }),
  ...calls('ec2', 'VpcBlockPublicAccess', ['exclusionId'], {
    ModifyVpcBlockPublicAccessOptions: 'update',
    CreateVpcBlockPublicAccessExclusion: 'create',
    ModifyVpcBlockPublicAccessExclusion: 'update',
    DeleteVpcBlockPublicAccessExclusion: 'delete',
  }),
  ...calls('network-firewall', 'RuleGroup', rules, {
    CreateRuleGroup: 'create',
    UpdateRuleGroup: 'update',
    DeleteRuleGroup: 'delete',
  }),
  ...calls('network-firewall', 'FirewallPolicy', policy, {
    CreateFirewallPolicy: 'create',
    UpdateFirewallPolicy: 'update',
    DeleteFirewallPolicy: 'delete',
  }),
  ...calls('network-firewall', 'Firewall', firewall, {
    CreateFirewall: 'create',
    DeleteFirewall: 'delete',
    AssociateFirewallPolicy: 'update',
    AssociateSubnets: 'update',
    DisassociateSubnets: 'update',
    UpdateFirewallDeleteProtection: 'update',
    UpdateFirewallPolicyChangeProtection: 'update',
    UpdateSubnetChangeProtection: 'update',
    UpdateLoggingConfiguration: 'update',
  }),
  ...calls('network-firewall', 'ResourcePolicy', ['resourceArn'], {
    PutResourcePolicy: 'update',
    DeleteResourcePolicy: 'delete',
  }),
]);

/** Calls that give an interface or an instance other security groups, when their request names some. */
const membership: ReadonlyMap<string, PolicyCall> = new Map([
  [
    'ec2/ModifyNetworkInterfaceAttribute',
    { kind: 'NetworkInterface', action: 'update', named: ['networkInterfaceId'] },
  ],
  ['ec2/ModifyInstanceAttribute', { kind: 'Instance', action: 'update', named: ['instanceId'] }],
]);

/** Calls that end the record of what happens. */
const tampering: ReadonlySet<string> = new Set([
  'cloudtrail/StopLogging',
  'cloudtrail/DeleteTrail',
  'cloudtrail/UpdateTrail',
  'cloudtrail/PutEventSelectors',
  'cloudtrail/DeleteEventDataStore',
  'cloudtrail/StopEventDataStoreIngestion',
  'ec2/DeleteFlowLogs',
  'logs/DeleteLogGroup',
  'logs/DeleteLogStream',
  'config/StopConfigurationRecorder',
  'config/DeleteConfigurationRecorder',
  'config/DeleteDeliveryChannel',
  'guardduty/DeleteDetector',
]);

function keyOf(eventSource: string, eventName: string): string {
  return `${eventSource.replace(/\.amazonaws\.com(?:\.cn)?$/, '')}/${eventName}`;
}

/** The call as a change to a policy; null for every other call. */
export function policyCallOf(eventSource: string, eventName: string, request: JsonObject): PolicyCall | null {
  const key = keyOf(eventSource, eventName);
  const member = membership.get(key);
  if (member !== undefined) return itemsOf(request.groupSet).length > 0 || 'groups' in request ? member : null;
  return policyCalls.get(key) ?? null;
}

export function isTampering(eventSource: string, eventName: string): boolean {
  return tampering.has(keyOf(eventSource, eventName));
}

/** The elements of a list as EC2 writes them: `{"items":[…]}`, an empty one `{}`; other services write arrays. */
export function itemsOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? listOf(value) : listOf(objectOf(value)?.items);
}

/** The objects a call was for, by name; one for all but the calls that take a list. */
export function namesOf(call: PolicyCall, request: JsonObject, response: JsonObject): (string | null)[] {
  if (call.kind === 'FlowLog') {
    // Query APIs are recorded with their wrapper: {"DeleteFlowLogsRequest":{"FlowLogId":{"tag":1,"content":"fl-…"}}}.
    const asked = flowLogIds(
      objectOf(request.DeleteFlowLogsRequest)?.FlowLogId ?? request.flowLogIds ?? request.flowLogIdSet,
    );
    const made = flowLogIds(
      objectOf(objectOf(response.CreateFlowLogsResponse)?.flowLogIdSet) ?? response.flowLogIdSet ?? response.flowLogIds,
    );
    const ids = [...asked, ...made];
    return ids.length === 0 ? [null] : ids;
  }
  const inner = wrapped(request);
  const answer = wrapped(response);
  for (const member of call.named) {
    const name = nameOf(inner[member]) ?? nameOf(answer[member]);
    if (name !== null) return [name];
  }
  for (const member of call.named) {
    for (const nested of Object.values(answer)) {
      const name = isObject(nested) ? nameOf(nested[member]) : null;
      if (name !== null) return [name];
    }
  }
  return [null];
}

/** What stands in the only member of a request that is wrapped once more (`{"ModifySecurityGroupRulesRequest":{…}}`), in the spelling of the others. */
function wrapped(value: JsonObject): JsonObject {
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

/** Ids of flow logs: a list, `{"items":[…]}`, `{"item":…}` or one `{"content":"fl-…"}`. */
function flowLogIds(value: unknown): string[] {
  const items = itemsOf(value).length > 0 ? itemsOf(value) : [objectOf(value)?.item ?? value];
  return items.flatMap((item): string[] => {
    const members: readonly unknown[] = Array.isArray(item) ? item : [item];
    return members.flatMap((member) => {
      const inner = objectOf(member);
      return nameOf(member) ?? nameOf(inner?.content) ?? nameOf(inner?.flowLogId) ?? [];
    });
  });
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

/** `-1` is every protocol. */
function protocolText(value: unknown): string | null {
  const text = typeof value === 'number' ? String(value) : textOf(value);
  return text === '-1' ? 'all' : text;
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

import type { PolicyChange } from '../normal-form.js';
import { itemsOf, wrapped } from './aws-cloudtrail-rules.js';
import { isObject, type JsonObject, nameOf, objectOf } from './json-value.js';

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
const inspection = ['tLSInspectionConfigurationArn', 'tLSInspectionConfigurationName'];
const firewall = ['firewallArn', 'firewallName'];

function calls(
  source: string,
  kind: string,
  named: readonly string[],
  actions: Readonly<Record<string, PolicyChange['action']>>,
): [string, PolicyCall][] {
  return Object.entries(actions).map(([name, action]) => [`${source}/${name}`, { kind, action, named }]);
}

/**
 * Calls that change what a network lets through or what of it is recorded (API references of EC2, Network Firewall, WAF, Route 53
 * Resolver, Firewall Manager and VPC Lattice).
 */
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
  ...calls('network-firewall', 'TLSInspectionConfiguration', inspection, {
    CreateTLSInspectionConfiguration: 'create',
    UpdateTLSInspectionConfiguration: 'update',
    DeleteTLSInspectionConfiguration: 'delete',
  }),
  ...calls('wafv2', 'WebACL', ['name', 'webACLArn', 'resourceArn'], {
    CreateWebACL: 'create',
    UpdateWebACL: 'update',
    DeleteWebACL: 'delete',
    AssociateWebACL: 'update',
    DisassociateWebACL: 'update',
  }),
  ...calls('wafv2', 'RuleGroup', ['name'], {
    CreateRuleGroup: 'create',
    UpdateRuleGroup: 'update',
    DeleteRuleGroup: 'delete',
  }),
  ...calls('wafv2', 'IPSet', ['name'], { CreateIPSet: 'create', UpdateIPSet: 'update', DeleteIPSet: 'delete' }),
  ...calls('route53resolver', 'FirewallRuleGroup', ['firewallRuleGroupId', 'name'], {
    CreateFirewallRuleGroup: 'create',
    DeleteFirewallRuleGroup: 'delete',
    CreateFirewallRule: 'update',
    UpdateFirewallRule: 'update',
    DeleteFirewallRule: 'update',
    AssociateFirewallRuleGroup: 'update',
    DisassociateFirewallRuleGroup: 'update',
  }),
  ...calls('fms', 'FirewallManagerPolicy', ['policyId', 'policyArn', 'policyName'], {
    PutPolicy: 'update',
    DeletePolicy: 'delete',
  }),
  ...calls('vpc-lattice', 'AuthPolicy', ['resourceIdentifier'], {
    PutAuthPolicy: 'update',
    DeleteAuthPolicy: 'delete',
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
  'route53resolver/DeleteResolverQueryLogConfig',
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

/** Ids of flow logs: a list, `{"items":[…]}`, `{"item":…}` or one `{"content":"fl-…"}`. */
function flowLogIds(value: unknown): string[] {
  const items = itemsOf(value).length > 0 ? itemsOf(value) : [objectOf(value)?.item ?? value];
  return items.flatMap((item): string[] => {
    const entries: readonly unknown[] = Array.isArray(item) ? item : [item];
    return entries.flatMap((member) => {
      const inner = objectOf(member);
      return nameOf(member) ?? nameOf(inner?.content) ?? nameOf(inner?.flowLogId) ?? [];
    });
  });
}

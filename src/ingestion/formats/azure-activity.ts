import type { NormalForm, Normalised, PolicyChange } from '../normal-form.js';
import { attributesOf, keptValue } from './attributes.js';
import { parsed, readActor } from './azure-actor.js';
import { levelOf, severityOfLevel } from './azure-level.js';
import { judge, type Outcome, outcomeOf, statusOf } from './azure-outcome.js';
import { azureNamespace, type AzureResource, azureResource } from './azure-resource.js';
import { azureTime } from './azure-time.js';
import { chooseTime } from './choose-time.js';
import { isObject, type JsonObject, nameOf, objectOf, textOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Azure's Activity Log as diagnostic settings stream it, as its REST API and Event Grid give it and as rows of Log
 * Analytics, and the other logs of the same envelope (sign-ins, directory audit). Writes and deletes of network security
 * groups, their rules, Azure Firewall and application security groups are policy changes; the rest is administration.
 */
export const azureActivity: FormatAdapter = { name: 'azure-activity', version: 2, detect, normalise };

function detect({ object }: Wire): boolean {
  if (object === null) return false;
  const operation = operationOf(object);
  if (operation === null) return isBare(object);
  // The diagnostics of a resource carry records of their own.
  if (/\/diagnosticlogs\/read$/i.test(operation)) return false;
  if (object.OperationNameValue !== undefined) return true;
  // Event Grid's data and the REST API have no category that tells.
  const isOperation = /^[A-Za-z0-9.]+\/[^ ]+\/(?:write|delete|action|read)$/i.test(operation);
  if (isOperation && ('resourceId' in object || 'resourceUri' in object)) return true;
  const category = textOf(valueOf(object.category));
  return (
    category !== null && categories.has(category.toLowerCase()) && ('time' in object || 'eventTimestamp' in object)
  );
}

/** Categories of the Activity Log and of Microsoft Entra's logs. */
const categories: ReadonlySet<string> = new Set([
  'administrative',
  'action',
  'write',
  'delete',
  'servicehealth',
  'resourcehealth',
  'alert',
  'autoscale',
  'recommendation',
  'security',
  'policy',
  'auditlogs',
  'signinlogs',
  'noninteractiveusersigninlogs',
  'serviceprincipalsigninlogs',
  'managedidentitysigninlogs',
  'provisioninglogs',
  'riskyusers',
  'userriskevents',
  'adfssigninlogs',
]);

/** Members of every log of Azure (Azure Monitor, "Common schema"), in lower case. */
const commonMembers: ReadonlySet<string> = new Set([
  'time',
  'resourceid',
  'operationversion',
  'category',
  'tenantid',
  'resulttype',
  'resultsignature',
  'resultdescription',
  'durationms',
  'calleripaddress',
  'correlationid',
  'identity',
  'level',
  'location',
  'uri',
  'properties',
]);

/** A record that names its category and time in Azure's spelling, and no operation. */
function isBare(record: JsonObject): boolean {
  const category = textOf(record.category);
  return (
    category !== null &&
    /^[A-Z]/.test(category) &&
    categories.has(category.toLowerCase()) &&
    textOf(record.time) !== null &&
    Object.keys(record).every((name) => commonMembers.has(name.toLowerCase()))
  );
}

/** The REST API gives names as `{"value","localizedValue"}`. */
function valueOf(value: unknown): unknown {
  return isObject(value) ? (value.value ?? value.localizedValue) : value;
}

function operationOf(object: JsonObject): string | null {
  return textOf(valueOf(object.operationName)) ?? textOf(object.OperationNameValue) ?? textOf(object.OperationName);
}

/** Resource types whose change moves what a network lets through, in lower case, with the kind of the object. */
const policyTypes: ReadonlyMap<string, string> = new Map([
  ['microsoft.network/networksecuritygroups', 'NetworkSecurityGroup'],
  ['microsoft.network/networksecuritygroups/securityrules', 'SecurityRule'],
  ['microsoft.network/applicationsecuritygroups', 'ApplicationSecurityGroup'],
  ['microsoft.network/azurefirewalls', 'AzureFirewall'],
  ['microsoft.network/firewallpolicies', 'FirewallPolicy'],
  ['microsoft.network/firewallpolicies/rulecollectiongroups', 'RuleCollectionGroup'],
  ['microsoft.network/firewallpolicies/rulegroups', 'RuleCollectionGroup'],
  ['microsoft.network/ipgroups', 'IpGroup'],
  ['microsoft.network/networkmanagers/securityadminconfigurations', 'SecurityAdminConfiguration'],
  ['microsoft.network/networkmanagers/securityadminconfigurations/rulecollections', 'AdminRuleCollection'],
  ['microsoft.network/networkmanagers/securityadminconfigurations/rulecollections/rules', 'AdminRule'],
  // Deploys the rules above.
  ['microsoft.network/networkmanagers/commit', 'NetworkManager'],
  ['microsoft.network/networkwatchers/flowlogs', 'FlowLog'],
  ['microsoft.network/serviceendpointpolicies', 'ServiceEndpointPolicy'],
  ['microsoft.network/serviceendpointpolicies/serviceendpointpolicydefinitions', 'ServiceEndpointPolicyDefinition'],
  ['microsoft.network/virtualnetworks/subnets', 'Subnet'],
  ['microsoft.network/applicationgatewaywebapplicationfirewallpolicies', 'WebApplicationFirewallPolicy'],
  ['microsoft.network/frontdoorwebapplicationfirewallpolicies', 'WebApplicationFirewallPolicy'],
  ['microsoft.cdn/cdnwebapplicationfirewallpolicies', 'WebApplicationFirewallPolicy'],
  ['microsoft.network/networksecurityperimeters', 'NetworkSecurityPerimeter'],
  ['microsoft.network/networksecurityperimeters/profiles/accessrules', 'AccessRule'],
]);

/** Firewalls that databases, caches and queues have of their own, by the last part of their type. */
const ownFirewalls: ReadonlyMap<string, string> = new Map([
  ['firewallrules', 'FirewallRule'],
  ['virtualnetworkrules', 'VirtualNetworkRule'],
  ['networkrulesets', 'NetworkRuleSet'],
]);

/** Sinks of evidence: taking one away stops the record of what happens. */
const evidence =
  /^microsoft\.insights\/(?:diagnosticsettings|logprofiles)\/delete$|networkwatchers\/flowlogs\/delete$/i;

function normalise(wire: Wire): Normalised {
  const record = wire.object;
  if (record === null) return refuse('not_an_object', 'expected an Activity Log record as a JSON object');
  const category = textOf(valueOf(record.category));
  const operation = operationOf(record) ?? category;
  if (operation === null) return refuse('missing_field', 'expected operationName');
  const flags: string[] = [];
  const resourceId =
    textOf(record.resourceId) ?? textOf(record.resourceUri) ?? textOf(record.ResourceId) ?? textOf(record._ResourceId);
  const resource = azureResource(resourceId);
  const properties = parsed(record.properties ?? record.Properties ?? record.Properties_d) ?? {};
  const resultRaw =
    textOf(valueOf(record.resultType)) ??
    textOf(valueOf(record.status)) ??
    textOf(record.ActivityStatusValue) ??
    textOf(record.ResultType);
  const signature =
    textOf(valueOf(record.resultSignature)) ??
    textOf(valueOf(record.subStatus)) ??
    textOf(record.ActivitySubstatusValue);
  const statusCode = statusOf(properties, signature);
  const outcome = outcomeOf(resultRaw, record, properties);
  // What befell a resource is no outcome of an operation.
  const isEvent = category !== null && /^(?:servicehealth|resourcehealth|alert|recommendation)$/i.test(category);
  const verdict = isEvent ? 'none' : judge(outcome, statusCode, signature);
  const actor = readActor(record, properties);
  if (actor === null) addFlag(flags, 'no_actor');
  if (outcome === 'started') addFlag(flags, 'not_an_outcome');
  if (evidence.test(operation)) addFlag(flags, 'evidence_tampering');

  const outer = wire.envelopes.at(-1)?.object;
  const time = chooseTime(
    [
      azureTime(record.time, wire),
      azureTime(record.eventTimestamp, wire),
      azureTime(record.TimeGenerated, wire),
      azureTime(outer?.eventTime, wire),
    ],
    wire,
    flags,
  );
  const change = readChange(operation, resource, properties, outcome, statusCode, flags);
  const level = levelOf(record.level) ?? levelOf(record.Level);
  const what =
    change === null
      ? `${operation}${resource === null ? '' : ` ${resource.names.join('/')}`}`
      : `${change.action} ${change.resource.kind} ${change.resource.name ?? ''}`;
  const result = resultRaw ?? (outcome === 'unknown' ? null : outcome);
  return accept({
    ...emptyRecord(change === null ? 'admin' : 'policy_change', azureActivity),
    ...time,
    nativeId: nativeId(record),
    summary: oneLine(`${actor?.name ?? 'unknown'}: ${what.trim()}${result === null ? '' : ` (${result})`}`),
    actor,
    verdict,
    verdictRaw: resultRaw,
    reason: reasonOf(record, properties, outcome, signature),
    reporter: 'control-plane',
    reporterName: resource?.type.split('/', 1)[0] || null,
    count: 1,
    severity: severityOfLevel(level),
    severityRaw: level,
    policies: change?.resource.name == null ? [] : [policyRef(change, change.resource.name)],
    policyChange: change,
    attributes: attributesOf(
      {
        operation,
        category: category ?? textOf(record.CategoryValue),
        resourceId,
        correlationId: textOf(record.correlationId) ?? textOf(record.CorrelationId),
        resultSignature: signature,
        tenantId: textOf(record.tenantId),
        location: textOf(record.location),
        role: textOf(objectOf(objectOf(objectOf(record.identity)?.authorization)?.evidence)?.role),
        httpMethod: textOf(objectOf(parsed(record.httpRequest))?.method),
        statusCode,
        properties: change === null ? properties : null,
      },
      flags,
    ),
    places: {
      eventTime: 'time' in record ? '/time' : '/eventTimestamp',
      verdict: '/resultType',
      'policyChange.action': '/operationName',
      'policyChange.requested': '/properties/requestbody',
    },
    flags,
  });
}

function nativeId(record: JsonObject): string | null {
  return nameOf(record.eventDataId) ?? nameOf(record.EventDataId) ?? nameOf(objectOf(record.properties)?.eventDataId);
}

function readChange(
  operation: string,
  resource: AzureResource | null,
  properties: JsonObject,
  outcome: Outcome,
  statusCode: number | null,
  flags: string[],
): PolicyChange | null {
  const parts = operation.toLowerCase().split('/');
  const verb = parts.at(-1);
  const type = parts.slice(0, -1).join('/');
  const kind = policyTypes.get(type) ?? ownFirewalls.get(parts.at(-2) ?? '');
  const changes = verb === 'write' || verb === 'delete' || (verb === 'action' && type.endsWith('/commit'));
  if (kind === undefined || !changes) return null;
  const requested = parsed(properties.requestbody ?? properties.requestBody);
  const answer = parsed(properties.responseBody ?? properties.responsebody);
  const named = azureResource(textOf(answer?.id)) ?? resource;
  return {
    action: verb === 'delete' ? 'delete' : statusCode === 201 ? 'create' : 'update',
    applied: outcome === 'succeeded',
    dryRun: false,
    resource: {
      system: 'azure',
      apiVersion: parts[0] ?? '',
      kind,
      namespace: azureNamespace(named),
      name: nameOf(named?.names.join('/')),
      uid: nameOf(textOf(objectOf(answer?.properties)?.resourceGuid)),
    },
    after: verb === 'delete' || outcome !== 'succeeded' ? null : keptValue(answer, flags),
    requested: keptValue(requested, flags),
    statusCode,
  };
}

function policyRef({ resource }: PolicyChange, name: string): NormalForm['policies'][number] {
  const [group = name, rule = null] = resource.kind === 'SecurityRule' ? name.split('/') : [name];
  return {
    system: 'azure',
    kind: resource.kind === 'SecurityRule' ? 'NetworkSecurityGroup' : resource.kind,
    namespace: resource.namespace,
    name: group,
    tier: null,
    rule,
    revision: null,
    effect: 'none',
    staged: false,
  };
}

function reasonOf(
  record: JsonObject,
  properties: JsonObject,
  outcome: Outcome,
  signature: string | null,
): string | null {
  if (outcome !== 'failed') return null;
  const message = parsed(properties.statusMessage);
  const error = objectOf(message?.error);
  return (
    textOf(error?.message) ??
    textOf(error?.code) ??
    textOf(properties.statusMessage) ??
    textOf(record.resultDescription) ??
    textOf(objectOf(properties.status)?.failureReason) ??
    signature
  );
}

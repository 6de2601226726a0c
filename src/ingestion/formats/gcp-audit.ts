import type { Actor, NormalForm, Normalised, PolicyChange, Verdict } from '../normal-form.js';
import { attributesOf, keptValue } from './attributes.js';
import { chooseTime } from './choose-time.js';
import { readUtc } from './event-time.js';
import { policyCallOf } from './gcp-audit-policies.js';
import { severityOf } from './gcp-severity.js';
import { integerOf, isObject, type JsonObject, listOf, nameOf, objectOf, textOf } from './json-value.js';
import { policyResource } from './policy-resources.js';
import { oneLine } from './summary.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Cloud Audit Logs: LogEntry with an AuditLog as `protoPayload`. Calls that change VPC firewall rules, firewall policies,
 * networks and service perimeters are policy changes, every other call is administration. A call that takes long is logged twice, when it
 * is begun (`operation.first`) and when it is done (`operation.last`): only the second says that the change is in force.
 */
export const gcpAudit: FormatAdapter = { name: 'gcp-audit', version: 2, detect, normalise };

function detect({ object }: Wire): boolean {
  const payload = objectOf(object?.protoPayload);
  return payload !== null && (typeof payload.methodName === 'string' || typeof payload.serviceName === 'string');
}

/** A subnet whose flow logs are switched off leaves no record of what happens in it. */
function endsFlowLogs(method: string, request: JsonObject | null): boolean {
  if (request === null || !/\.subnetworks\.(?:patch|update)$/i.test(method)) return false;
  return request.enableFlowLogs === false || objectOf(request.logConfig)?.enable === false;
}

/** Calls that end the record of what happens. */
const tampering =
  /(?:^|\.)(?:DeleteSink|UpdateSink|DeleteBucket|DeleteLog|CreateExclusion|UpdateExclusion|UpdateCmekSettings)$|logging\.(?:sinks|logs)\.delete$/;

function normalise(wire: Wire): Normalised {
  const entry = wire.object;
  const payload = objectOf(entry?.protoPayload);
  if (entry === null || payload === null) return refuse('missing_field', 'expected protoPayload');
  const method = textOf(payload.methodName) ?? textOf(payload.serviceName);
  if (method === null) return refuse('missing_field', 'expected protoPayload.methodName');
  const flags: string[] = [];
  const operation = objectOf(entry.operation);
  const status = objectOf(payload.status);
  const code = integerOf(status?.code) ?? 0;
  const started = operation?.first === true && operation.last !== true;
  const authorisations = listOf(payload.authorizationInfo).filter(isObject);
  const isDenied =
    (status === null || code !== 0) &&
    authorisations.length > 0 &&
    authorisations.every(({ granted }) => granted === false);
  const refused = isDenied || code === 7 || code === 16;
  // A perimeter that is tried out refuses nothing (VPC Service Controls, "Dry run mode").
  const isTrial = objectOf(payload.metadata)?.dryRun === true;
  const verdict: Verdict = refused ? (isTrial ? 'would_deny' : 'deny') : code === 0 ? 'allow' : 'error';
  if (started) addFlag(flags, 'operation_started');
  if (tampering.test(method) || endsFlowLogs(method, objectOf(payload.request))) addFlag(flags, 'evidence_tampering');
  const actor = readActor(payload);
  if (actor === null) addFlag(flags, 'no_actor');
  const resource = objectOf(entry.resource);
  const change =
    readKubernetesChange(method, payload, resource, verdict === 'allow' && !started, flags) ??
    readChange(method, payload, resource, started, verdict === 'allow', flags);
  const message = textOf(status?.message) ?? textOf(objectOf(entry.labels)?.['authorization.k8s.io/reason']);
  const resourceName = textOf(payload.resourceName);
  const time = chooseTime(
    [readUtc(entry.timestamp, wire.receivedAt), readUtc(entry.receiveTimestamp, wire.receivedAt)],
    wire,
    flags,
  );
  const id = nameOf(entry.insertId);
  const stamped = typeof entry.timestamp === 'string' && typeof entry.logName === 'string';
  const outcome = verdict === 'allow' ? (started ? ' (begun)' : '') : ` (${message ?? `code ${code}`})`;
  return accept({
    ...emptyRecord(change === null ? 'admin' : 'policy_change', gcpAudit),
    ...time,
    nativeId: id === null || !stamped ? null : `${id}/${String(entry.timestamp)}/${String(entry.logName)}`,
    summary: oneLine(`${actor?.name ?? 'unknown'}: ${method} ${resourceName ?? ''}${outcome}`),
    actor,
    verdict,
    verdictRaw: code === 0 ? null : String(code),
    reason: message,
    reporter: 'control-plane',
    reporterName: textOf(payload.serviceName),
    count: 1,
    severity: severityOf(entry.severity),
    severityRaw: textOf(entry.severity),
    policies: change?.resource.name == null ? [] : [policyRef(change, change.resource.name)],
    policyChange: change,
    attributes: attributesOf(
      {
        method,
        service: textOf(payload.serviceName),
        resourceName,
        resourceType: textOf(resource?.type),
        project: textOf(objectOf(resource?.labels)?.project_id),
        logName: textOf(entry.logName),
        operation,
        permissions: authorisations
          .map(({ permission, granted }) => ({ permission, granted: granted === true }))
          .filter(({ permission }) => typeof permission === 'string'),
        request: change === null ? payload.request : null,
        serviceData: payload.serviceData ?? payload.metadata,
        delegation: objectOf(payload.authenticationInfo)?.serviceAccountDelegationInfo,
        keyName: objectOf(payload.authenticationInfo)?.serviceAccountKeyName,
      },
      flags,
    ),
    places: {
      eventTime: '/timestamp',
      'actor.name': '/protoPayload/authenticationInfo/principalEmail',
      verdict: '/protoPayload/status/code',
      'policyChange.action': '/protoPayload/methodName',
      'policyChange.resource': '/protoPayload/resourceName',
      'policyChange.requested': '/protoPayload/request',
    },
    flags,
  });
}

function readActor(payload: JsonObject): Actor | null {
  const authentication = objectOf(payload.authenticationInfo) ?? {};
  const name =
    textOf(authentication.principalEmail) ??
    textOf(authentication.principalSubject) ??
    textOf(objectOf(objectOf(authentication.thirdPartyPrincipal)?.thirdPartyClaims)?.sub) ??
    textOf(authentication.authoritySelector);
  if (name === null) return null;
  const metadata = objectOf(payload.requestMetadata);
  const address = textOf(metadata?.callerIp) ?? textOf(metadata?.callerIP);
  return {
    name,
    realName: null,
    groups: [],
    addresses: address === null || address === 'private' ? [] : [address],
    userAgent: textOf(metadata?.callerSuppliedUserAgent),
  };
}

function readChange(
  method: string,
  payload: JsonObject,
  resource: JsonObject | null,
  started: boolean,
  succeeded: boolean,
  flags: string[],
): PolicyChange | null {
  const call = policyCallOf(method);
  if (call === null) return null;
  const { kind, verb } = call;
  const path = textOf(payload.resourceName)?.split('/') ?? [];
  const request = objectOf(payload.request);
  const response = objectOf(payload.response);
  const labels = objectOf(resource?.labels);
  const action = /^(?:insert|create)$/i.test(verb) ? 'create' : /^delete$/i.test(verb) ? 'delete' : 'update';
  const project = nameOf(labels?.project_id) ?? (path[0] === 'projects' ? nameOf(path[1]) : null);
  const name = path.length > 1 ? nameOf(path.at(-1)) : null;
  // Objects are named by number where the request was to make them.
  const requestedName = nameOf(request?.name) ?? nameOf(request?.shortName);
  const ids = [
    labels?.firewall_rule_id,
    labels?.network_id,
    labels?.firewall_policy_id,
    labels?.security_policy_id,
    labels?.subnetwork_id,
    response?.targetId,
  ];
  return {
    action,
    applied: succeeded && !started,
    dryRun: request?.validateOnly === true,
    resource: {
      system: 'gcp',
      apiVersion: call.apiVersion,
      kind,
      namespace: project,
      name: name ?? requestedName,
      uid: ids.map(nameOf).find((id) => id !== null) ?? null,
    },
    // The answer is the operation, not the object.
    after: null,
    requested: action === 'delete' ? null : keptValue(payload.request, flags),
    statusCode: null,
  };
}

const kubernetesVerbs: ReadonlyMap<string, PolicyChange['action']> = new Map([
  ['create', 'create'],
  ['update', 'update'],
  ['patch', 'update'],
  ['delete', 'delete'],
  ['deletecollection', 'delete_collection'],
]);

/** A change of GKE's API server: `io.k8s.networking.v1.networkpolicies.create` of `networking.k8s.io/v1/namespaces/NS/networkpolicies/NAME`. */
function readKubernetesChange(
  method: string,
  payload: JsonObject,
  resource: JsonObject | null,
  applied: boolean,
  flags: string[],
): PolicyChange | null {
  const action = kubernetesVerbs.get(method.slice(method.lastIndexOf('.') + 1));
  if (action === undefined || payload.serviceName !== 'k8s.io') return null;
  const [group = '', version = '', ...path] = (textOf(payload.resourceName) ?? '').split('/');
  const namespace = path[0] === 'namespaces' && path.length > 2 ? nameOf(path[1]) : null;
  const [type = '', name, subresource] = namespace === null ? path : path.slice(2);
  const policy = policyResource(group, type);
  if (policy === null || subresource !== undefined) return null;
  const isDelete = action === 'delete' || action === 'delete_collection';
  const response = objectOf(payload.response);
  const metadata = objectOf(response?.metadata);
  return {
    action,
    applied,
    dryRun: listOf(objectOf(payload.request)?.dryRun).length > 0,
    resource: {
      system: policy.system,
      apiVersion: `${group}/${version}`,
      kind: policy.kind,
      namespace: namespace ?? nameOf(objectOf(resource?.labels)?.namespace_name),
      name: nameOf(name) ?? nameOf(metadata?.name),
      uid: nameOf(metadata?.uid),
    },
    after: isDelete || !applied || response?.kind === 'Status' ? null : keptValue(response, flags),
    requested: isDelete ? null : keptValue(payload.request, flags),
    statusCode: null,
  };
}

function policyRef({ resource }: PolicyChange, name: string): NormalForm['policies'][number] {
  return {
    system: resource.system,
    kind: resource.kind,
    namespace: resource.namespace,
    name,
    tier: null,
    rule: null,
    revision: null,
    effect: 'none',
    staged: false,
  };
}

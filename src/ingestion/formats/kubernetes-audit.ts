import type { Actor, NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { readTimeText } from './event-time.js';
import { isKeepable, type JsonObject, type JsonValue, nameOf, objectOf, textOf, textsOf } from './json-value.js';
import { auditEventOf } from './kubernetes-audit-event.js';
import { type AuditRequest, changeVerbs, policyOf, readPolicyChange, readRequest } from './kubernetes-policy-change.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/** Raised whenever the same audit event gives another normal form. */
const parserVersion = 2;

/**
 * Kubernetes audit events, `audit.k8s.io` v1, v1beta1 and v1alpha1: one Event as the log backend
 * writes it and as an item of the webhook's EventList, or as text inside what Azure diagnostics
 * (`properties.log`), Amazon CloudWatch (`message`) or a container log (`log`) make of it; see `auditEventOf` for the rest.
 */
export const kubernetesAudit: FormatAdapter = { name: 'kubernetes-audit', version: parserVersion, detect, normalise };

/** The stages in which a request has an outcome; the others are the same request on its way. */
const outcomeStages: ReadonlySet<string> = new Set(['ResponseComplete', 'Panic']);

const decisionAnnotation = 'authorization.k8s.io/decision';
const reasonAnnotation = 'authorization.k8s.io/reason';
const loginAnnotation = 'authentication.openshift.io/decision';
/** Annotations worth keeping; others (webhook patches) can be as large as the object. */
const keptAnnotations = [
  'authorization.k8s.io/',
  'authentication.k8s.io/',
  'authentication.openshift.io/',
  'pod-security.kubernetes.io/',
  'audit.k8s.io/',
];

/** Objects whose labels decide which policies select them. */
const labelledResources: ReadonlySet<string> = new Set(['pods', 'namespaces']);

function detect({ object }: Wire): boolean {
  return object !== null && auditEventOf(object) !== null;
}

function normalise(wire: Wire): Normalised {
  const found = wire.object === null ? null : auditEventOf(wire.object);
  if (found === null) return refuse('not_an_object', 'expected an audit event as a JSON object');
  const { event, places } = found;
  if (event.verb === undefined || event.verb === null) return refuse('missing_field', 'expected verb');
  const verb = textOf(event.verb);
  if (verb === null) return refuse('invalid_field', 'expected verb to be a word');

  const flags: string[] = [];
  const request = readRequest(event, verb);
  const stage = textOf(event.stage);
  const isOutcome = stage !== null && outcomeStages.has(stage);
  if (stage === null) flags.push('no_stage');
  else if (!isOutcome) flags.push('not_an_outcome');
  else if (stage === 'Panic') flags.push('panic');
  if (isOutcome && request.statusCode === null) flags.push('no_status_code');

  const refName = textOf(objectOf(event.objectRef)?.name);
  if (refName !== null && nameOf(refName) === null) flags.push('bad_name');
  const policy = policyOf(request);
  const subresource = request.subresource;
  if (subresource !== null && subresource !== 'status') flags.push('subresource');
  const isChange = policy !== null && isOutcome && changeVerbs.has(verb) && subresource === null;
  const policyChange = isChange ? readPolicyChange(policy, request, flags) : null;

  const outer = wire.envelopes.at(-1)?.object;
  const annotations = objectOf(event.annotations) ?? {};
  const decision = textOf(annotations[decisionAnnotation]);
  const verdict = isOutcome ? judge(request, event, annotations) : 'none';
  const actor = readActor(event, flags);
  const time = readTimes(event, wire, flags);
  const auditId = nameOf(event.auditID);
  const attributes = readAttributes(event, request, annotations, outer, flags);
  if (annotations['audit.k8s.io/truncated'] === 'true') flags.push('truncated_by_source');

  return accept({
    ...emptyRecord(policyChange === null ? 'admin' : 'policy_change', kubernetesAudit),
    ...time,
    nativeId: auditId === null || stage === null ? null : `${auditId}/${stage}`,
    summary: summarise(actor, request, policyChange, isOutcome, stage),
    actor,
    verdict,
    verdictRaw: rawVerdict(request.statusCode, decision),
    reason: textOf(annotations[reasonAnnotation]) ?? textOf(objectOf(event.responseStatus)?.message),
    reporter: 'control-plane',
    reporterName: textOf(objectOf(outer?.properties)?.pod) ?? textOf(wire.object?.PodName),
    count: 1,
    policies: policyChange?.resource.name == null ? [] : [policyRef(policyChange, request)],
    policyChange,
    attributes,
    places,
    flags,
  });
}

/** How an admission plug-in's refusal is worded: a webhook may answer with any status, a policy of the API server with 422. */
const admissionRefusal = /\bdenied (?:the )?request\b/;

/**
 * What the API server decided about the request. Only 401 and 403, an authoriser's `forbid` and a refusal by an admission
 * plug-in are refusals; any other failure of an authorised request is an error. OpenShift's login answers a wrong password
 * with a page, and tells in an annotation what it decided.
 */
function judge({ statusCode }: AuditRequest, event: JsonObject, annotations: JsonObject): Verdict {
  const decision = annotations[decisionAnnotation];
  const login = annotations[loginAnnotation];
  if (statusCode === 401 || statusCode === 403 || decision === 'forbid' || login === 'deny') return 'deny';
  if (login === 'error') return 'error';
  const message = textOf(objectOf(event.responseStatus)?.message);
  if (statusCode !== null && statusCode >= 400) {
    return message !== null && admissionRefusal.test(message) ? 'deny' : 'error';
  }
  return statusCode !== null || decision === 'allow' ? 'allow' : 'unknown';
}

/** The authoriser's word; where it let through what then failed, the status. */
function rawVerdict(statusCode: number | null, decision: string | null): string | null {
  const status = statusCode === null ? null : String(statusCode);
  return statusCode !== null && statusCode >= 400 && decision === 'allow' ? status : (decision ?? status);
}

/** Whoever was impersonated is held to have done it; the authenticated user is kept beside. */
function readActor(event: JsonObject, flags: string[]): Actor | null {
  const user = objectOf(event.user);
  const impersonated = objectOf(event.impersonatedUser);
  const realName = textOf(user?.username);
  const impersonatedName = textOf(impersonated?.username);
  const name = impersonatedName ?? realName;
  if (name === null) {
    flags.push('no_actor');
    return null;
  }
  return {
    name,
    realName: impersonatedName === null ? null : realName,
    groups: textsOf(impersonatedName === null ? user?.groups : impersonated?.groups),
    addresses: textsOf(event.sourceIPs),
    userAgent: textOf(event.userAgent),
  };
}

function readTimes(event: JsonObject, wire: Wire, flags: string[]): ReturnType<typeof chooseTime> {
  const own = [
    event.stageTimestamp,
    event.requestReceivedTimestamp,
    event.timestamp,
    objectOf(event.metadata)?.creationTimestamp,
  ];
  // Rancher before 2.6 wrote `2026-01-31 10:00:00 +0800`.
  const read = own.map((time) => {
    const text = textOf(time);
    return text === null
      ? null
      : (readTimeText(text, { zone: wire.context.zone, receivedAt: wire.receivedAt }) ?? text);
  });
  return chooseTime(read, wire, flags);
}

function readAttributes(
  event: JsonObject,
  request: AuditRequest,
  annotations: JsonObject,
  outer: JsonObject | undefined,
  flags: string[],
): Record<string, JsonValue> {
  const attributes: Record<string, JsonValue> = { verb: request.verb };
  const keep = (key: string, value: unknown): void => {
    if (value === undefined || value === null) return;
    if (isKeepable(value)) attributes[key] = value;
    else flags.push('value_not_kept');
  };
  keep('level', textOf(event.level));
  keep('stage', textOf(event.stage));
  keep('apiGroup', request.apiGroup || null);
  keep('resource', request.resource || null);
  keep('subresource', request.subresource);
  keep('namespace', request.namespace);
  keep('name', request.name);
  keep('statusCode', request.statusCode);
  keep('statusReason', textOf(objectOf(event.responseStatus)?.reason));
  keep('requestPath', request.path);
  for (const [key, value] of request.parameters) keep(key, value);
  keep('user', readExtra(event));
  keep('impersonationConstraint', textOf(objectOf(event.authenticationMetadata)?.impersonationConstraint));
  keep('cluster', textOf(outer?.resourceId) ?? textOf(event._ResourceId));
  const kept = Object.entries(annotations).filter(([key]) => keptAnnotations.some((prefix) => key.startsWith(prefix)));
  if (kept.length > 0) keep('annotations', Object.fromEntries(kept));
  if (request.deleted.length > 0) keep('deleted', request.deleted);

  const setsLabels =
    changeVerbs.has(request.verb) && labelledResources.has(request.resource) && request.apiGroup === '';
  const labels = setsLabels && request.subresource === null ? request.labels : null;
  if (labels !== null) {
    keep('labels', labels);
    flags.push('labels_set');
  }
  return attributes;
}

/** `user.uid` and `user.extra`: how a cloud names the person behind a Kubernetes user. */
function readExtra(event: JsonObject): unknown {
  const user = objectOf(event.user);
  const uid = textOf(user?.uid);
  const extra = objectOf(user?.extra);
  return uid === null && extra === null
    ? null
    : { ...(uid === null ? {} : { uid }), ...(extra === null ? {} : { extra }) };
}

function policyRef(
  change: NonNullable<NormalForm['policyChange']>,
  request: AuditRequest,
): NormalForm['policies'][number] {
  return {
    system: change.resource.system,
    kind: change.resource.kind,
    namespace: change.resource.namespace,
    name: change.resource.name ?? '',
    tier: request.tier,
    rule: null,
    revision: request.resourceVersion,
    effect: 'none',
    staged: change.resource.kind.startsWith('Staged'),
  };
}

const pastTense = {
  create: 'created',
  update: 'changed',
  delete: 'deleted',
  delete_collection: 'deleted all of',
} as const;

function summarise(
  actor: Actor | null,
  request: AuditRequest,
  change: NormalForm['policyChange'],
  isOutcome: boolean,
  stage: string | null,
): string {
  const who = actor === null ? 'unknown user' : actor.name;
  const { statusCode } = request;
  const subresource = request.subresource === null ? '' : `/${request.subresource}`;
  const kind = change === null ? `${request.resource || 'path'}${subresource}` : change.resource.kind;
  const name = [request.namespace, request.name].filter((part) => part !== null).join('/');
  const what = `${kind} ${name || (request.resource === '' ? (request.path ?? '') : '')}`.trim();
  if (change?.applied === true) return oneLine(`${who} ${pastTense[change.action]} ${what}`);
  if (change?.dryRun === true)
    return oneLine(`${who}: dry run of ${request.verb} ${what} (${statusCode ?? 'no status'})`);
  if (!isOutcome) return oneLine(`${who}: ${request.verb} ${what}, stage ${stage ?? 'unknown'}`);
  const refused = statusCode === 401 || statusCode === 403;
  return oneLine(`${who}${refused ? ' was refused' : ''}: ${request.verb} ${what} (${statusCode ?? 'no status'})`);
}

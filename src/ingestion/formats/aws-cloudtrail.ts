import type { Actor, NormalForm, Normalised, PolicyChange, Verdict } from '../normal-form.js';
import { attributesOf, keptValue } from './attributes.js';
import { isTampering, namesOf, type PolicyCall, policyCallOf } from './aws-cloudtrail-policies.js';
import { rulesOf, ruleText, ruleValue } from './aws-cloudtrail-rules.js';
import { chooseTime } from './choose-time.js';
import { readTime, readUtc } from './event-time.js';
import { type JsonObject, listOf, nameOf, objectOf, textOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * AWS CloudTrail (user guide, "CloudTrail record contents"): the elements of the `Records` of an S3 object, the
 * `detail` of an EventBridge event, and Insights events. Calls that change security groups, network ACLs, flow logs
 * or a firewall are policy changes, every other call is administration.
 */
export const awsCloudtrail: FormatAdapter = { name: 'aws-cloudtrail', version: 2, detect, normalise };

const places = {
  eventTime: '/eventTime',
  'actor.name': '/userIdentity/arn',
  verdict: '/errorCode',
  'policyChange.action': '/eventName',
  'policyChange.requested': '/requestParameters',
} as const;

function detect({ object }: Wire): boolean {
  if (object === null) return false;
  if (isDigest(object)) return true;
  const { source, name } = callOf(object);
  return (
    source?.includes('.') === true &&
    (name !== null || typeof object.eventName === 'string') &&
    ('userIdentity' in object || 'eventVersion' in object || 'awsRegion' in object)
  );
}

/** Insights events say which call they are about in a member of its own. */
function callOf(event: JsonObject): { readonly source: string | null; readonly name: string | null } {
  const insight = objectOf(event.insightDetails);
  return {
    source: textOf(event.eventSource) ?? textOf(insight?.eventSource),
    name: textOf(event.eventName) ?? textOf(insight?.eventName),
  };
}

/** The digest file of an hour, by which log files prove that nobody altered them. */
function isDigest(object: JsonObject): boolean {
  return typeof object.digestS3Object === 'string' && Array.isArray(object.logFiles);
}

function normalise(wire: Wire): Normalised {
  const event = wire.object;
  if (event === null) return refuse('not_an_object', 'expected a CloudTrail record as a JSON object');
  if (isDigest(event)) return accept(readDigest(event, wire));
  const { source: eventSource, name: eventName } = callOf(event);
  if (eventSource === null) return refuse('missing_field', 'expected eventSource, the service that was called');
  if (eventName === null) return refuse('missing_field', 'expected eventName, the call that was made');

  const flags: string[] = [];
  const request = objectOf(event.requestParameters) ?? {};
  const response = objectOf(event.responseElements) ?? {};
  const errorCode = errorOf(event);
  const errorMessage = textOf(event.errorMessage);
  const tampering = isTampering(eventSource, eventName);
  if (tampering) addFlag(flags, 'evidence_tampering');
  const isInsight = event.eventType === 'AwsCloudTrailInsight';
  const actor = readActor(event);
  if (actor === null && !isInsight) addFlag(flags, 'no_actor');
  const signIn = signInOf(event, response);
  const verdict = isInsight ? 'none' : judge(errorCode, signIn);
  const rules = rulesOf(eventName, request, response);
  const base = {
    ...emptyRecord('admin', awsCloudtrail),
    ...chooseTime([readUtc(event.eventTime, wire.receivedAt)], wire, flags),
    nativeId: nameOf(event.eventID),
    actor,
    verdict,
    verdictRaw: errorCode ?? signIn,
    reason: errorCode === null ? errorMessage : [errorCode, errorMessage].filter((part) => part !== null).join(': '),
    reporter: 'control-plane' as const,
    reporterName: eventSource,
    count: 1,
    severity: isInsight ? 4 : tampering && errorCode === null ? 2 : null,
    attributes: attributesOf({ ...eventAttributes(event), rules: rules.map(ruleValue) }, flags),
    places,
    flags,
  };
  const who = shortName(event) ?? actor?.name ?? 'unknown';
  const failure = errorCode ?? (verdict === 'deny' ? signIn : null);
  const failed = failure === null ? '' : ` (${failure})`;
  if (isInsight) {
    const state = textOf(objectOf(event.insightDetails)?.state) ?? '';
    return accept({
      ...base,
      kind: 'signal',
      summary: oneLine(`CloudTrail insight: unusual rate of ${eventName} ${state}`),
    });
  }

  const call = policyCallOf(eventSource, eventName, request);
  if (call === null) {
    return accept({ ...base, summary: oneLine(`${who}: ${eventName} at ${eventSource}${failed}`) });
  }
  const requested = keptValue(event.requestParameters, flags);
  const ruleTexts = rules.map(ruleText).join('; ');
  const [first, ...rest] = namesOf(call, request, response).map((name): NormalForm => {
    const change = changeOf(call, name, event, eventSource, errorCode, requested);
    const what = `${call.kind} ${name ?? 'of unknown name'}${ruleTexts === '' ? '' : `: ${ruleTexts}`}`;
    return {
      ...base,
      kind: 'policy_change',
      summary: oneLine(`${who}: ${eventName} ${what}${failed}`),
      policies: name === null ? [] : [policyRef(change, name)],
      policyChange: change,
    };
  });
  return first === undefined ? refuse('missing_field', 'expected a resource') : accept(first, ...rest);
}

function readDigest(digest: JsonObject, wire: Wire): NormalForm {
  const flags: string[] = [];
  const start = readTime(digest.digestStartTime);
  const end = readTime(digest.digestEndTime);
  const files = listOf(digest.logFiles);
  return {
    ...emptyRecord('signal', awsCloudtrail),
    ...chooseTime([end, start], wire, flags),
    nativeId: nameOf(digest.digestS3Object),
    summary: `CloudTrail digest of ${files.length} log files`,
    reporter: 'control-plane',
    reporterName: 'cloudtrail.amazonaws.com',
    interval: start === null || end === null ? null : { start, end },
    attributes: attributesOf({ accountId: textOf(digest.awsAccountId), ...digest }, flags),
    places: { eventTime: '/digestEndTime' },
    flags,
  };
}

function changeOf(
  call: PolicyCall,
  name: string | null,
  event: JsonObject,
  eventSource: string,
  errorCode: string | null,
  requested: PolicyChange['requested'],
): PolicyChange {
  const account = textOf(event.recipientAccountId) ?? textOf(objectOf(event.userIdentity)?.accountId);
  const region = textOf(event.awsRegion);
  return {
    action: call.action,
    applied: errorCode === null,
    dryRun: errorCode === 'Client.DryRunOperation',
    resource: {
      system: 'aws',
      apiVersion: textOf(event.apiVersion) ?? eventSource,
      kind: call.kind,
      namespace: [account, region].filter((part) => part !== null).join('/') || null,
      name,
      uid: name,
    },
    // A record holds what was asked and answered, never the whole object.
    after: null,
    requested,
    statusCode: null,
  };
}

function policyRef({ resource }: PolicyChange, name: string): NormalForm['policies'][number] {
  return {
    system: 'aws',
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

/** Refusals by name; every other error code is a failure of a permitted call. */
const refusal = /AccessDenied|Unauthorized|NotAuthorized|AuthFailure|Forbidden|Failed authentication/i;

function judge(errorCode: string | null, signIn: string | null): Verdict {
  if (signIn === 'Failure') return 'deny';
  if (errorCode === null) return 'allow';
  return refusal.test(errorCode) ? 'deny' : 'error';
}

/** Managed Grafana gives the status of HTTP, that of success too. */
function errorOf(event: JsonObject): string | null {
  const code = textOf(event.errorCode);
  return code !== null && /^2\d\d$/.test(code) ? null : code;
}

/** `Success` or `Failure` of a sign-in, in the answer or, for Identity Center, in the details of the event. */
function signInOf(event: JsonObject, response: JsonObject): string | null {
  const details = objectOf(event.serviceEventDetails);
  const words = [
    response.ConsoleLogin,
    response.CheckMfa,
    details?.UserAuthentication,
    details?.CredentialVerification,
  ];
  return words.map(textOf).find((word) => word !== null) ?? null;
}

function readActor(event: JsonObject): Actor | null {
  const identity = objectOf(event.userIdentity) ?? {};
  const name =
    textOf(identity.arn) ??
    textOf(identity.userName) ??
    textOf(objectOf(identity.onBehalfOf)?.userId) ??
    textOf(identity.invokedBy) ??
    textOf(identity.principalId) ??
    textOf(identity.accountId) ??
    textOf(identity.type);
  if (name === null) return null;
  const address = textOf(event.sourceIPAddress);
  return {
    name,
    realName: null,
    groups: [],
    addresses: address === null ? [] : [address],
    userAgent: textOf(event.userAgent),
  };
}

/** For a person to read: the user, or the role and its session. */
function shortName(event: JsonObject): string | null {
  const identity = objectOf(event.userIdentity) ?? {};
  if (identity.type === 'Root') return 'root';
  return (
    textOf(identity.userName) ??
    textOf(identity.arn)?.replace(/^arn:[^:]*:[^:]*:[^:]*:[^:]*:/, '') ??
    textOf(identity.invokedBy)
  );
}

function eventAttributes(event: JsonObject): Record<string, unknown> {
  const identity = objectOf(event.userIdentity) ?? {};
  const request = objectOf(event.requestParameters);
  return {
    eventName: textOf(event.eventName),
    eventSource: textOf(event.eventSource),
    eventType: textOf(event.eventType),
    eventCategory: textOf(event.eventCategory),
    region: textOf(event.awsRegion),
    accountId: textOf(event.recipientAccountId) ?? textOf(identity.accountId),
    userType: textOf(identity.type),
    userName: textOf(identity.userName),
    principalId: textOf(identity.principalId),
    // Whose session it is, for an assumed role.
    role: textOf(objectOf(objectOf(identity.sessionContext)?.sessionIssuer)?.arn),
    accessKeyId: textOf(identity.accessKeyId),
    mfa: textOf(objectOf(objectOf(identity.sessionContext)?.attributes)?.mfaAuthenticated),
    readOnly: typeof event.readOnly === 'boolean' ? event.readOnly : null,
    requestId: textOf(event.requestID),
    sharedEventId: textOf(event.sharedEventID),
    vpcEndpointId: textOf(event.vpcEndpointId),
    groupName: textOf(request?.groupName),
    vpcId: textOf(request?.vpcId),
    trail: textOf(request?.name),
    additional: event.additionalEventData,
    insight: event.insightDetails,
    serviceEvent: event.serviceEventDetails,
  };
}

import { integerOf, isObject, type JsonObject, listOf, objectOf, textOf } from './json-value.js';

/**
 * The same audit event as its carriers spell it: as the API server writes it (`audit.k8s.io`), as a row of Azure's tables
 * `AKSAudit` and `AKSAuditAdmin` (columns in Pascal case, objects perhaps as JSON text), in a document of Elastic's agent, and the
 * audit log of Rancher, which stands in front of the API servers of its clusters and names HTTP methods and its own users.
 */
export interface AuditEvent {
  /** In the API server's own names. */
  readonly event: JsonObject;
  /** Where the main fields stand in the record. */
  readonly places: Readonly<Record<string, string>>;
}

const places = {
  eventTime: '/stageTimestamp',
  verdict: '/responseStatus/code',
  'actor.name': '/user/username',
  'policyChange.action': '/verb',
  'policyChange.resource': '/objectRef',
  'policyChange.after': '/responseObject',
} as const;
const tablePlaces = {
  eventTime: '/StageReceivedTime',
  verdict: '/ResponseStatus/code',
  'actor.name': '/User/username',
  'policyChange.action': '/Verb',
  'policyChange.resource': '/ObjectRef',
  'policyChange.after': '/ResponseObject',
} as const;
const documentPlaces = Object.fromEntries(
  Object.entries(places).map(([field, place]) => [field, `/kubernetes/audit${place}`]),
);
const rancherPlaces = {
  eventTime: '/responseTimestamp',
  verdict: '/responseCode',
  'actor.name': '/user/name',
  'policyChange.action': '/method',
  'policyChange.resource': '/requestURI',
  'policyChange.after': '/responseBody',
} as const;

/** The audit event in an object; null where it holds none. */
export function auditEventOf(object: JsonObject): AuditEvent | null {
  if (isEvent(object)) {
    const { user } = object;
    // Only Rancher names its users `name`.
    return isObject(user) && user.username === undefined && textOf(user.name) !== null
      ? { event: ofRancher(object), places }
      : { event: object, places };
  }
  if (typeof object.Verb === 'string' && (typeof object.AuditId === 'string' || typeof object.AuditID === 'string')) {
    return { event: ofTable(object), places: tablePlaces };
  }
  const inDocument = objectOf(objectOf(object.kubernetes)?.audit);
  if (inDocument !== null && isEvent(inDocument)) return { event: ofDocument(inDocument), places: documentPlaces };
  const isRancher =
    typeof object.auditID === 'string' && typeof object.method === 'string' && typeof object.requestURI === 'string';
  return isRancher ? { event: ofRancher(object), places: rancherPlaces } : null;
}

/**
 * Core `v1` has a kind Event too: only audit events have an audit id or an API version of the audit group. Shippers that keep
 * some members only leave a verb, a stage and its time.
 */
function isEvent(value: JsonObject): boolean {
  const { kind, apiVersion, auditID } = value;
  if (kind === 'Event') {
    return typeof auditID === 'string' || (typeof apiVersion === 'string' && apiVersion.startsWith('audit.k8s.io/'));
  }
  if (kind !== undefined || typeof value.verb !== 'string') return false;
  return (
    typeof auditID === 'string' ||
    (stages.has(value.stage) &&
      (typeof value.stageTimestamp === 'string' || typeof value.requestReceivedTimestamp === 'string'))
  );
}

const stages: ReadonlySet<unknown> = new Set(['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic']);

/** Elastic's agent puts an event under `kubernetes.audit` and writes the points in the names of its annotations as `_`. */
function ofDocument(event: JsonObject): JsonObject {
  const annotations = Object.entries(objectOf(event.annotations) ?? {});
  return {
    ...event,
    annotations: Object.fromEntries(annotations.map(([name, value]) => [name.replace('_k8s_io/', '.k8s.io/'), value])),
  };
}

/** Columns whose names are more than the event's with another first letter. */
const columns: ReadonlyMap<string, string> = new Map([
  ['AuditId', 'auditID'],
  ['AuditID', 'auditID'],
  ['RequestUri', 'requestURI'],
  ['RequestURI', 'requestURI'],
  ['SourceIps', 'sourceIPs'],
  ['SourceIPs', 'sourceIPs'],
  ['RequestReceivedTime', 'requestReceivedTimestamp'],
  ['StageReceivedTime', 'stageTimestamp'],
]);

function ofTable(row: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => /^(?:[A-Z]|_ResourceId$)/.test(column))
      .map(([column, value]) => [
        columns.get(column) ?? column.charAt(0).toLowerCase() + column.slice(1),
        opened(value),
      ]),
  );
}

/** A dynamic column as the value it holds: exports write it as JSON text. */
function opened(value: unknown): unknown {
  if (typeof value !== 'string' || !/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** HTTP methods as the API server's verbs. */
const verbs: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

function ofRancher(entry: JsonObject): JsonObject {
  const user = objectOf(entry.user);
  const method = textOf(entry.verb) ?? textOf(entry.method) ?? '';
  const address = textOf(entry.remoteAddr)?.replace(/^\[?([^\]]+?)\]?:\d+$/, '$1');
  const code = integerOf(entry.responseCode) ?? integerOf(Number(textOf(entry.responseStatus) ?? Number.NaN));
  const uri = textOf(entry.requestURI);
  return {
    auditID: entry.auditID,
    // The newer form is written once, when all is done.
    stage: entry.stage ?? 'ResponseComplete',
    verb: verbs.get(method) ?? method.toLowerCase(),
    requestURI: uri,
    user: {
      username: textOf(entry.userLoginName) ?? textOf(user?.name),
      uid: user?.name,
      groups: listOf(user?.group),
      ...(isObject(user?.extra) ? { extra: user.extra } : {}),
    },
    sourceIPs: entry.sourceIPs ?? (address == null ? [] : [address]),
    userAgent: textOf(listOf(objectOf(entry.requestHeader)?.['User-Agent'])[0]),
    objectRef: entry.objectRef ?? objectRefOf(uri),
    responseStatus: isObject(entry.responseStatus) ? entry.responseStatus : code === null ? undefined : { code },
    requestReceivedTimestamp: entry.requestReceivedTimestamp ?? entry.requestTimestamp,
    stageTimestamp: entry.stageTimestamp ?? entry.responseTimestamp,
    requestObject: entry.requestBody,
    responseObject: entry.responseBody,
  };
}

/** `/k8s/clusters/ID` and then a path of the cluster's API server, or of Rancher's own (`/v1/GROUP.RESOURCE/NAMESPACE/NAME`). */
const apiPath =
  /^(?:\/k8s\/clusters\/[^/]{1,80})?\/apis\/([^/?]{1,253})\/(v\d\w{0,20})(?:\/namespaces\/([^/?]{1,253}))?\/([^/?]{1,253})(?:\/([^/?]{1,253}))?(?:\/([^/?]{1,100}))?(?:\?|$)/;
const ownPath =
  /^(?:\/k8s\/clusters\/[^/]{1,80})?\/v1\/([a-z][a-z0-9-]{0,60}(?:\.[a-z][a-z0-9-]{0,60}){1,8})(?:\/([^/?]{1,253}))?(?:\/([^/?]{1,253}))?(?:\?|$)/;

function objectRefOf(uri: string | null): JsonObject | null {
  if (uri === null) return null;
  const api = apiPath.exec(uri);
  if (api !== null) {
    const [, apiGroup, apiVersion, namespace, resource, name, subresource] = api;
    return { apiGroup, apiVersion, namespace, resource, name, subresource };
  }
  const own = ownPath.exec(uri);
  if (own === null) return null;
  const [, type = '', first, second] = own;
  const dot = type.lastIndexOf('.');
  // An object that belongs to the cluster has no namespace before its name.
  return {
    apiGroup: type.slice(0, dot),
    resource: type.slice(dot + 1),
    ...(second === undefined ? { name: first } : { namespace: first, name: second }),
  };
}

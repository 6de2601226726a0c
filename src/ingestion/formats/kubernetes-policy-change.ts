import type { PolicyChange } from '../normal-form.js';
import {
  integerOf,
  isKeepable,
  isObject,
  type JsonObject,
  type JsonValue,
  listOf,
  nameOf,
  objectOf,
  textOf,
} from './json-value.js';
import { type PolicyResource, policyResource } from './policy-resources.js';

/** The verbs that change an object, with what they do to it. Server-side apply is a `patch`. */
export const changeVerbs: ReadonlyMap<string, PolicyChange['action']> = new Map([
  ['create', 'create'],
  ['update', 'update'],
  ['patch', 'update'],
  ['delete', 'delete'],
  ['deletecollection', 'delete_collection'],
]);

/** Query parameters that say how a change was made; the rest of a query may hold secrets (`exec` has the command). */
const keptParameters = ['dryRun', 'fieldManager', 'force', 'labelSelector', 'fieldSelector'] as const;

/** What an audit event says about the request and the object it was for. */
export interface AuditRequest {
  readonly verb: string;
  readonly apiGroup: string;
  readonly apiVersion: string | null;
  readonly resource: string;
  readonly subresource: string | null;
  readonly namespace: string | null;
  readonly name: string | null;
  readonly uid: string | null;
  readonly resourceVersion: string | null;
  readonly tier: string | null;
  readonly labels: JsonObject | null;
  readonly statusCode: number | null;
  /** Of the request URI, without its query. */
  readonly path: string | null;
  readonly parameters: ReadonlyMap<string, string>;
  readonly dryRun: boolean;
  readonly requestObject: unknown;
  /** The object in the response; null for a Status, a list or anything else that is not the object. */
  readonly responseObject: JsonObject | null;
  /** The objects a `deletecollection` names in its response. */
  readonly deleted: readonly JsonValue[];
}

/** Reads the request of an audit event whose verb is known. */
export function readRequest(event: JsonObject, verb: string): AuditRequest {
  const ref = objectOf(event.objectRef) ?? {};
  const response = objectOf(event.responseObject);
  const responseObject = response !== null && isTheObject(response) ? response : null;
  const responseMeta = objectOf(responseObject?.metadata);
  const requestObject = objectOf(event.requestObject);
  const requestMeta = objectOf(requestObject?.metadata);
  const details = response?.kind === 'Status' ? objectOf(response.details) : null;
  const uri = textOf(event.requestURI);
  const parameters = readParameters(uri);

  return {
    verb,
    apiGroup: textOf(ref.apiGroup) ?? '',
    apiVersion: textOf(ref.apiVersion),
    resource: textOf(ref.resource) ?? '',
    subresource: textOf(ref.subresource),
    namespace: nameOf(ref.namespace) ?? nameOf(responseMeta?.namespace),
    name: nameOf(ref.name) ?? nameOf(responseMeta?.name) ?? (verb === 'create' ? nameOf(requestMeta?.name) : null),
    // On create, objectRef.uid repeats what the client sent, which need not be the uid it got.
    uid: nameOf(responseMeta?.uid) ?? nameOf(details?.uid) ?? nameOf(ref.uid),
    resourceVersion: textOf(responseMeta?.resourceVersion) ?? textOf(ref.resourceVersion),
    tier: textOf(objectOf(responseObject?.spec)?.tier),
    labels: objectOf(responseMeta?.labels) ?? objectOf(requestMeta?.labels),
    statusCode: integerOf(objectOf(event.responseStatus)?.code),
    path: uri === null ? null : (uri.split('?', 1)[0] ?? null),
    parameters,
    dryRun: parameters.has('dryRun') || listOf(requestObject?.dryRun).length > 0,
    requestObject: event.requestObject,
    responseObject,
    deleted: verb === 'deletecollection' ? readDeleted(response) : [],
  };
}

/** The policy resource a request was for; null for any other. */
export function policyOf(request: AuditRequest): PolicyResource | null {
  return policyResource(request.apiGroup, request.resource);
}

/**
 * Reads the change to a policy object out of a finished request. It was applied when the API
 * server answered 2xx and it was no dry run; a refused or failed one is a change not applied.
 */
export function readPolicyChange(policy: PolicyResource, request: AuditRequest, flags: string[]): PolicyChange {
  const { statusCode, dryRun, responseObject } = request;
  const succeeded = statusCode !== null && statusCode >= 200 && statusCode < 300;
  const applied = succeeded && !dryRun;
  const verbAction = changeVerbs.get(request.verb) ?? 'update';
  // A put or an apply answered with 201 has made the object.
  const action = verbAction === 'update' && statusCode === 201 ? 'create' : verbAction;
  const isDelete = action === 'delete' || action === 'delete_collection';

  const after = isDelete || !applied ? null : keep(responseObject, flags);
  if (applied && !isDelete && after === null) flags.push('no_response_object');
  if (applied && textOf(objectOf(responseObject?.metadata)?.deletionTimestamp) !== null) flags.push('deletion_pending');

  return {
    action,
    applied,
    dryRun,
    resource: {
      system: policy.system,
      apiVersion: apiVersionOf(request),
      kind: policy.kind,
      namespace: request.namespace,
      name: request.name,
      uid: request.uid,
    },
    after,
    requested: isDelete ? null : keep(request.requestObject, flags),
    statusCode,
  };
}

function apiVersionOf(request: AuditRequest): string {
  if (request.apiVersion !== null) return `${request.apiGroup}/${request.apiVersion}`;
  return textOf(request.responseObject?.apiVersion) ?? request.apiGroup;
}

function keep(value: unknown, flags: string[]): JsonValue {
  if (value === undefined || value === null) return null;
  if (isKeepable(value)) return value;
  flags.push('value_not_kept');
  return null;
}

/** Answers may also be a Status (deletes, failures), a list, or a Table that leaves the object out. */
function isTheObject(response: JsonObject): boolean {
  const { kind } = response;
  return kind !== 'Status' && kind !== 'Table' && !Array.isArray(response.items) && isObject(response.metadata);
}

function readParameters(uri: string | null): Map<string, string> {
  const parameters = new Map<string, string>();
  const question = uri?.indexOf('?') ?? -1;
  if (uri === null || question === -1) return parameters;
  const query = new URLSearchParams(uri.slice(question + 1));
  for (const name of keptParameters) {
    const value = query.get(name);
    if (value !== null && value !== '') parameters.set(name, value);
  }
  return parameters;
}

function readDeleted(response: JsonObject | null): JsonValue[] {
  return listOf(response?.items).flatMap((item) => {
    const metadata = objectOf(objectOf(item)?.metadata);
    const name = nameOf(metadata?.name);
    return name === null ? [] : [{ namespace: nameOf(metadata?.namespace), name, uid: nameOf(metadata?.uid) }];
  });
}

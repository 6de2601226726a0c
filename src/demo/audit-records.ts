/** Kubernetes audit events (audit.k8s.io/v1) as the API server's log backend writes them, one JSON line each. */

import type { DryRun, PolicyEvent } from './carry-out.js';
import type { Manifest } from './manifests.js';
import type { ClusterActor } from './people.js';
import type { Random } from './random.js';
import type { Refusal } from './story.js';

interface StoredObject {
  readonly uid: string;
  readonly createdAt: number;
  readonly generation: number;
  readonly manager: string;
}

interface Request {
  readonly at: number;
  readonly by: ClusterActor;
  readonly verb: string;
  readonly level: 'RequestResponse' | 'Metadata';
  readonly uri: string;
  readonly objectRef: Readonly<Record<string, string>>;
  readonly status: Readonly<Record<string, unknown>>;
  readonly requestObject?: unknown;
  readonly responseObject?: unknown;
  readonly allowed: boolean;
}

const group = '/apis/networking.k8s.io/v1/namespaces';

function wholeSeconds(at: number): string {
  return `${new Date(at).toISOString().slice(0, 19)}Z`;
}

/** Microseconds, as audit events have them. */
function micros(at: number, fraction: number): string {
  return `${new Date(at).toISOString().slice(0, 23)}${String(fraction).padStart(3, '0')}Z`;
}

/** Writes the audit log of the cluster; keeps of each policy object what the API server keeps. */
export class AuditLog {
  private readonly objects = new Map<string, StoredObject>();
  private resourceVersion = 81_400_233;

  constructor(private readonly random: Random) {}

  private line(request: Request): string {
    const { at, by, level, verb, uri, objectRef, status, requestObject, responseObject, allowed } = request;
    return JSON.stringify({
      kind: 'Event',
      apiVersion: 'audit.k8s.io/v1',
      level,
      auditID: this.random.uuid(),
      stage: 'ResponseComplete',
      requestURI: uri,
      verb,
      user: by.user,
      sourceIPs: by.sourceIPs,
      userAgent: by.userAgent,
      objectRef,
      responseStatus: status,
      ...(requestObject === undefined ? {} : { requestObject }),
      ...(responseObject === undefined ? {} : { responseObject }),
      requestReceivedTimestamp: micros(at - this.random.integer(4, 30), this.random.integer(0, 999)),
      // Flows of the same millisecond already follow the new policy.
      stageTimestamp: micros(at, 0),
      annotations: {
        'authorization.k8s.io/decision': allowed ? 'allow' : 'forbid',
        'authorization.k8s.io/reason': allowed ? by.authorisedBy : '',
      },
    });
  }

  private stored(manifest: Manifest, object: StoredObject, at: number): unknown {
    const { name, namespace, labels } = manifest.metadata;
    return {
      kind: manifest.kind,
      apiVersion: manifest.apiVersion,
      metadata: {
        name,
        namespace,
        uid: object.uid,
        resourceVersion: String(this.resourceVersion),
        generation: object.generation,
        creationTimestamp: wholeSeconds(object.createdAt),
        labels,
        managedFields: [
          {
            manager: object.manager,
            operation: 'Update',
            apiVersion: manifest.apiVersion,
            time: wholeSeconds(at),
            fieldsType: 'FieldsV1',
            fieldsV1: {
              'f:metadata': { 'f:labels': { '.': {} } },
              'f:spec': { 'f:podSelector': {}, 'f:policyTypes': {} },
            },
          },
        ],
      },
      spec: manifest.spec,
    };
  }

  private reference(namespace: string, name: string): Record<string, string> {
    return { resource: 'networkpolicies', namespace, name, apiGroup: 'networking.k8s.io', apiVersion: 'v1' };
  }

  /** The event of a policy object created, updated or deleted. */
  policyEvent({ at, by, action, manifest }: PolicyEvent): string {
    const { name, namespace } = manifest.metadata;
    const key = `${namespace}/${name}`;
    const known = this.objects.get(key);
    this.resourceVersion += this.random.integer(40, 9_000);
    const uri = `${group}/${namespace}/networkpolicies/${name}`;
    if (action === 'delete') {
      this.objects.delete(key);
      const details = { name, group: 'networking.k8s.io', kind: 'networkpolicies', uid: known?.uid ?? '' };
      return this.line({
        at,
        by,
        verb: 'delete',
        level: 'RequestResponse',
        uri,
        objectRef: this.reference(namespace, name),
        status: { metadata: {}, status: 'Success', code: 200 },
        requestObject: { kind: 'DeleteOptions', apiVersion: 'networking.k8s.io/v1', propagationPolicy: 'Foreground' },
        responseObject: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
        allowed: true,
      });
    }
    const object: StoredObject = {
      uid: known?.uid ?? this.random.uuid(),
      createdAt: known?.createdAt ?? at,
      generation: (known?.generation ?? 0) + 1,
      manager: by.fieldManager,
    };
    this.objects.set(key, object);
    const creates = action === 'create';
    const query = `?fieldManager=${by.fieldManager}`;
    return this.line({
      at,
      by,
      verb: creates ? 'create' : 'patch',
      level: 'RequestResponse',
      uri: creates ? `${group}/${namespace}/networkpolicies${query}` : `${uri}${query}`,
      objectRef: this.reference(namespace, name),
      status: { metadata: {}, code: creates ? 201 : 200 },
      requestObject: creates ? manifest : { metadata: { labels: manifest.metadata.labels }, spec: manifest.spec },
      responseObject: this.stored(manifest, object, at),
      allowed: true,
    });
  }

  /** The event of `kubectl diff`: answered as if it were done, and nothing done. */
  dryRun({ at, by, manifest }: DryRun): string {
    const { name, namespace } = manifest.metadata;
    const known = this.objects.get(`${namespace}/${name}`);
    const object: StoredObject = {
      uid: known?.uid ?? this.random.uuid(),
      createdAt: known?.createdAt ?? at,
      generation: (known?.generation ?? 0) + 1,
      manager: by.fieldManager,
    };
    return this.line({
      at,
      by,
      verb: 'patch',
      level: 'RequestResponse',
      uri: `${group}/${namespace}/networkpolicies/${name}?dryRun=All&fieldManager=${by.fieldManager}`,
      objectRef: this.reference(namespace, name),
      status: { metadata: {}, code: 200 },
      requestObject: { spec: manifest.spec },
      responseObject: this.stored(manifest, object, at),
      allowed: true,
    });
  }

  /** The event of a request that authorisation refused. */
  refusal({ at, by, action, policy }: Refusal): string {
    const { namespace, name } = policy;
    const status = {
      metadata: {},
      status: 'Failure',
      message: `networkpolicies.networking.k8s.io "${name}" is forbidden: User "${by.user.username}" cannot ${action} resource "networkpolicies" in API group "networking.k8s.io" in the namespace "${namespace}"`,
      reason: 'Forbidden',
      details: { name, group: 'networking.k8s.io', kind: 'networkpolicies' },
      code: 403,
    };
    return this.line({
      at,
      by,
      verb: action,
      level: 'RequestResponse',
      uri: `${group}/${namespace}/networkpolicies/${name}`,
      objectRef: this.reference(namespace, name),
      status,
      requestObject: { kind: 'DeleteOptions', apiVersion: 'networking.k8s.io/v1', propagationPolicy: 'Background' },
      responseObject: { kind: 'Status', apiVersion: 'v1', ...status },
      allowed: false,
    });
  }

  /** An event of the cluster's daily life that touches no policy: a deployment is rolled out. */
  rollout(at: number, by: ClusterActor, namespace: string, deployment: string): string {
    return this.line({
      at,
      by,
      verb: 'patch',
      level: 'Metadata',
      uri: `/apis/apps/v1/namespaces/${namespace}/deployments/${deployment}?fieldManager=${by.fieldManager}`,
      objectRef: {
        resource: 'deployments',
        namespace,
        name: deployment,
        apiGroup: 'apps',
        apiVersion: 'v1',
      },
      status: { metadata: {}, code: 200 },
      allowed: true,
    });
  }
}

/** The NetworkPolicies that allow a set of connections and nothing else. */

import { connectionOf, type ConnectionId } from './connections.js';
import { outsideOf } from './outside.js';
import { governedDirections, isolationOf } from './segments.js';

type Labels = Readonly<Record<string, string>>;

interface Peer {
  readonly namespaceSelector?: { readonly matchLabels: Labels };
  readonly podSelector?: { readonly matchLabels?: Labels };
  readonly ipBlock?: { readonly cidr: string };
}

interface Port {
  readonly protocol: string;
  readonly port: number;
}

interface IngressRule {
  readonly from: readonly Peer[];
  readonly ports?: readonly Port[];
}

interface EgressRule {
  readonly to: readonly Peer[];
  readonly ports?: readonly Port[];
}

/** A networking.k8s.io/v1 NetworkPolicy, as people write it. */
export interface Manifest {
  readonly apiVersion: 'networking.k8s.io/v1';
  readonly kind: 'NetworkPolicy';
  readonly metadata: { readonly name: string; readonly namespace: string; readonly labels: Labels };
  readonly spec: {
    readonly podSelector: { readonly matchLabels?: Labels };
    readonly policyTypes: readonly ('Ingress' | 'Egress')[];
    readonly ingress?: readonly IngressRule[];
    readonly egress?: readonly EgressRule[];
  };
}

/** What is meant to be allowed, and where everything else is denied. */
export interface Intent {
  /** Segments with a default deny. */
  readonly isolated: ReadonlySet<string>;
  readonly allowed: ReadonlySet<ConnectionId>;
}

/** An object of its own for some connections, by id; others are in the object of their workload. */
const ownObject = new Map<ConnectionId, string>([['support-portal>tokeniser-api:8443', 'support-card-lookup']]);

function manifest(namespace: string, name: string, spec: Manifest['spec']): Manifest {
  const labels = { 'app.kubernetes.io/managed-by': 'argocd', 'app.kubernetes.io/part-of': namespace };
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace, labels }, spec };
}

const inNamespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });

/** What every isolated segment has: default deny, names, metrics, and where it is coarse its own traffic. */
function foundation(namespace: string): Manifest[] {
  const policyTypes = governedDirections(namespace);
  const egress = policyTypes.includes('Egress');
  const dns: EgressRule = {
    to: [{ ...inNamespace('kube-system'), podSelector: { matchLabels: { app: 'coredns' } } }],
    ports: [
      { protocol: 'UDP', port: 53 },
      { protocol: 'TCP', port: 53 },
    ],
  };
  const metrics: IngressRule = {
    from: [{ ...inNamespace('monitoring'), podSelector: { matchLabels: { app: 'prometheus' } } }],
    ports: [{ protocol: 'TCP', port: 9090 }],
  };
  const own = [{ podSelector: {} }];
  return [
    manifest(namespace, 'default-deny', { podSelector: {}, policyTypes }),
    ...(egress ? [manifest(namespace, 'allow-dns', { podSelector: {}, policyTypes: ['Egress'], egress: [dns] })] : []),
    manifest(namespace, 'allow-metrics', { podSelector: {}, policyTypes: ['Ingress'], ingress: [metrics] }),
    ...(isolationOf(namespace) === 'namespace'
      ? [
          manifest(namespace, 'allow-same-namespace', {
            podSelector: {},
            policyTypes,
            ingress: [{ from: own }],
            egress: [{ to: own }],
          }),
        ]
      : []),
  ];
}

/** What writing policies needs to know of workloads. */
export type NamespaceOf = (workload: string) => string | null;

function peers(name: string, own: string, namespaceOf: NamespaceOf): Peer[] {
  const outside = outsideOf(name);
  if (outside !== null) return outside.cidrs.map((cidr) => ({ ipBlock: { cidr } }));
  const namespace = namespaceOf(name) ?? '';
  const podSelector = { matchLabels: { app: name } };
  return [namespace === own ? { podSelector } : { ...inNamespace(namespace), podSelector }];
}

interface Permission {
  readonly far: string;
  readonly port: number;
}

interface Draft {
  readonly namespace: string;
  readonly workload: string;
  readonly ingress: Permission[];
  readonly egress: Permission[];
}

/** One rule a port, ports in rising order; peers in the order of the connections. */
function rules(permissions: readonly Permission[], own: string, namespaceOf: NamespaceOf) {
  const ports = [...new Set(permissions.map(({ port }) => port))].sort((a, b) => a - b);
  return ports.map((port) => ({
    peers: permissions.filter((each) => each.port === port).flatMap(({ far }) => peers(far, own, namespaceOf)),
    ports: [{ protocol: 'TCP', port }],
  }));
}

function fromDraft(name: string, { namespace, workload, ingress, egress }: Draft, namespaceOf: NamespaceOf): Manifest {
  return manifest(namespace, name, {
    podSelector: { matchLabels: { app: workload } },
    policyTypes: [
      ...(ingress.length > 0 ? ['Ingress' as const] : []),
      ...(egress.length > 0 ? ['Egress' as const] : []),
    ],
    ...(ingress.length > 0
      ? { ingress: rules(ingress, namespace, namespaceOf).map((rule) => ({ from: rule.peers, ports: rule.ports })) }
      : {}),
    ...(egress.length > 0
      ? { egress: rules(egress, namespace, namespaceOf).map((rule) => ({ to: rule.peers, ports: rule.ports })) }
      : {}),
  });
}

/** The policies of an intent, by `namespace/name`. */
export function manifestsOf({ isolated, allowed }: Intent, namespaceOf: NamespaceOf): Map<string, Manifest> {
  const drafts = new Map<string, Draft>();
  const permit = (near: string, direction: 'Ingress' | 'Egress', far: string, port: number, object?: string) => {
    const namespace = namespaceOf(near);
    if (namespace === null || !isolated.has(namespace) || !governedDirections(namespace).includes(direction)) return;
    if (namespaceOf(far) === namespace && isolationOf(namespace) === 'namespace') return;
    const key = `${namespace}/${object ?? `allow-${near}`}`;
    const draft = drafts.get(key) ?? { namespace, workload: near, ingress: [], egress: [] };
    drafts.set(key, draft);
    (direction === 'Ingress' ? draft.ingress : draft.egress).push({ far, port });
  };
  for (const id of [...allowed].sort()) {
    const { from, to, port } = connectionOf(id);
    permit(from, 'Egress', to, port);
    permit(to, 'Ingress', from, port, ownObject.get(id));
  }
  const manifests = [
    ...[...isolated].flatMap(foundation),
    ...[...drafts].map(([key, draft]) => fromDraft(key.split('/')[1] ?? key, draft, namespaceOf)),
  ];
  return new Map(manifests.map((each) => [`${each.metadata.namespace}/${each.metadata.name}`, each]));
}

/** One object that differs between two sets of policies. */
export interface ManifestChange {
  readonly action: 'create' | 'update' | 'delete';
  /** The object after the change; for a delete, the one that goes. */
  readonly manifest: Manifest;
}

/** What has to be done to get from one set of policies to another: creates and updates first, then deletes. */
export function manifestChanges(
  before: ReadonlyMap<string, Manifest>,
  after: ReadonlyMap<string, Manifest>,
): ManifestChange[] {
  const put = [...after].flatMap(([key, each]): ManifestChange[] => {
    const old = before.get(key);
    if (old === undefined) return [{ action: 'create', manifest: each }];
    return JSON.stringify(old) === JSON.stringify(each) ? [] : [{ action: 'update', manifest: each }];
  });
  const gone = [...before].filter(([key]) => !after.has(key));
  return [...put, ...gone.map(([, each]): ManifestChange => ({ action: 'delete', manifest: each }))];
}

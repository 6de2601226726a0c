/** Evidence written for these tests: one healthy month of a small estate, and the parts to make others from. */

import { importPolicy } from '../../src/policies/kubernetes/import.js';
import { policyDigest } from '../../src/policies/digest.js';
import type {
  ChangeView,
  ControlResult,
  EdgeView,
  EvidenceSnapshot,
  PolicyVersionView,
  SegmentView,
  SourceView,
  WorkloadView,
} from '../../src/controls/model.js';

export const period = { from: '2026-10-01T00:00:00Z', to: '2026-11-01T00:00:00Z' };

export function workload(namespace: string, name: string, labels: Record<string, string> = {}): WorkloadView {
  return { key: `k8s:${namespace}/${name}`, namespace, name, labels: { app: name, ...labels } };
}

export const web = workload('shop', 'web');
export const api = workload('payments', 'api');
export const ledger = workload('payments', 'ledger');

export function segment(
  name: string,
  workloads: readonly WorkloadView[],
  more: Partial<SegmentView> = {},
): SegmentView {
  return {
    name,
    owner: 'Ada',
    criticality: 'high',
    phase: 'enforcing',
    namespace: name,
    matchLabels: {},
    workloads,
    ...more,
  };
}

/** A NetworkPolicy object as the API server answers with it. */
export function networkPolicy(namespace: string, name: string, spec: Record<string, unknown>): unknown {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace, uid: `${namespace}-${name}` },
    spec,
  };
}

export const defaultDenySpec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };

export function allowSpec(subject: string, from: readonly unknown[], port: number | string): Record<string, unknown> {
  return {
    podSelector: { matchLabels: { app: subject } },
    policyTypes: ['Ingress'],
    ingress: [{ from, ports: [{ protocol: 'TCP', port }] }],
  };
}

export const namespacePeer = (namespace: string) => ({
  namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
});

/** Canonical digest of an object, as the audit follower stores it. */
export function digestOf(object: unknown): string {
  const imported = importPolicy(object);
  if (!imported.ok) throw new Error(`expected a valid policy, got ${JSON.stringify(imported.problems)}`);
  return policyDigest(imported.policy);
}

let nextIndex = 0;

/** A version of a policy; the object defaults to default deny, and to none for a delete. */
export function version(
  namespace: string,
  name: string,
  eventTime: string,
  more: Partial<PolicyVersionView> & { spec?: Record<string, unknown> } = {},
): PolicyVersionView {
  const { spec = defaultDenySpec, action = 'create', ...rest } = more;
  const object = action === 'delete' ? null : networkPolicy(namespace, name, spec);
  return {
    index: nextIndex++,
    source: 'audit',
    system: 'kubernetes',
    kind: 'NetworkPolicy',
    namespace,
    name,
    action,
    author: 'carl@corp.example',
    eventTime,
    digest: object === null ? null : digestOf(object),
    object,
    ...rest,
  };
}

/** An approved change that covers a version: approved an hour before it, window of two hours around it. */
export function changeFor(covered: PolicyVersionView, more: Partial<ChangeView> = {}): ChangeView {
  const at = Date.parse(covered.eventTime);
  const hour = (shift: number) => new Date(at + shift * 3_600_000).toISOString();
  const { system, kind, namespace, name, action, digest } = covered;
  return {
    id: `CH-${covered.index}`,
    title: `${action} ${name}`,
    state: 'approved',
    requester: 'rita',
    approver: 'alan',
    proposedAt: hour(-2),
    approvedAt: hour(-1),
    windowFrom: hour(-1),
    windowTo: hour(1),
    proposedIndex: nextIndex++,
    reviewedIndex: nextIndex++,
    items: [{ system, kind, namespace, name, action, digest }],
    ...more,
  };
}

export function edge(from: string, to: string, more: Partial<EdgeView> = {}): EdgeView {
  const day = more.day ?? '2026-10-20';
  const firstIndex = more.firstIndex ?? nextIndex++;
  return {
    day,
    source: from,
    destination: to,
    protocol: 'TCP',
    port: 8443,
    direction: 'ingress',
    verdict: 'allow',
    flows: 4,
    firstIndex,
    lastIndex: nextIndex++,
    firstTime: `${day}T08:00:00Z`,
    lastTime: `${day}T18:00:00Z`,
    ...more,
  };
}

export function source(name: string, more: Partial<SourceView> = {}): SourceView {
  const lastEventTime = more.lastEventTime === undefined ? '2026-10-31T23:00:00Z' : more.lastEventTime;
  return {
    name,
    createdAt: '2026-09-01T00:00:00Z',
    silenceAfterSeconds: 86_400,
    received: 1_000,
    rejected: 0,
    lastReceivedAt: lastEventTime,
    lastEventTime,
    lastIndex: nextIndex++,
    longestGap: { seconds: 3_600, from: '2026-10-10T00:00:00Z', to: '2026-10-10T01:00:00Z' },
    ...more,
  };
}

/**
 * Policies of the healthy estate: default deny in both namespaces since September, the shop may call the payment API
 * on 8443, and the API the ledger on 5432.
 */
export function healthyVersions(): PolicyVersionView[] {
  const september = '2026-09-10T09:00:00Z';
  return [
    version('shop', 'default-deny', september),
    version('shop', 'web-egress', september, {
      spec: { podSelector: {}, policyTypes: ['Egress'], egress: [{ to: [namespacePeer('payments')] }] },
    }),
    version('payments', 'default-deny', september),
    version('payments', 'api-from-shop', september, { spec: allowSpec('api', [namespacePeer('shop')], 8443) }),
    version('payments', 'api-egress', september, {
      spec: {
        podSelector: { matchLabels: { app: 'api' } },
        policyTypes: ['Egress'],
        egress: [{ to: [{ podSelector: { matchLabels: { app: 'ledger' } } }] }],
      },
    }),
    version('payments', 'ledger-from-api', '2026-10-15T10:00:00Z', {
      spec: allowSpec('ledger', [{ podSelector: { matchLabels: { app: 'api' } } }], 5432),
    }),
  ];
}

/** A month in which every control is satisfied. Parts given replace those of the healthy estate. */
export function snapshot(parts: Partial<EvidenceSnapshot> = {}): EvidenceSnapshot {
  const policyVersions = parts.policyVersions ?? healthyVersions();
  return {
    period,
    asOf: parts.period?.to ?? period.to,
    segments: [segment('shop', [web]), segment('payments', [api, ledger])],
    workloads: [web, api, ledger],
    policyVersions,
    changes: policyVersions.map((covered) => changeFor(covered)),
    edges: [
      edge(web.key, api.key),
      edge(web.key, api.key, { direction: 'egress' }),
      edge(api.key, ledger.key, { port: 5432 }),
      edge(web.key, ledger.key, { port: 5432, verdict: 'deny' }),
    ],
    sources: [source('audit'), source('hubble')],
    integrity: {
      size: 5_000,
      rootHash: 'ab'.repeat(32),
      verified: true,
      verifiedAt: '2026-11-01T00:10:00Z',
      problems: [],
    },
    ...parts,
  };
}

/** All statements of a result in one text, for matching. */
export function statements({ observations }: ControlResult): string {
  return observations.map(({ statement }) => statement).join('\n');
}

import type { TestService } from '../support/service.js';

/** Records as sources send them, and sending them. */

export interface SentFlow {
  readonly time: string;
  readonly from: string;
  readonly to: string;
  readonly verdict?: 'FORWARDED' | 'DROPPED' | 'AUDIT';
}

/** A Hubble flow between two workloads, `namespace/name`, to TCP 8443. */
export function hubbleFlow({ time, from, to, verdict = 'FORWARDED' }: SentFlow, number: number): object {
  const end = (workload: string, address: string): object => {
    const [namespace = '', name = ''] = workload.split('/');
    return {
      identity: 40_000 + name.length,
      namespace,
      labels: [`k8s:app=${name}`, `k8s:io.kubernetes.pod.namespace=${namespace}`],
      pod_name: `${name}-0`,
      workloads: [{ name, kind: 'StatefulSet' }],
      ip: address,
    };
  };
  const flow = {
    time,
    uuid: `6f1c2f0e-1f5b-4c59-9c3a-${String(number).padStart(12, '0')}`,
    verdict,
    ...(verdict === 'DROPPED' ? { drop_reason_desc: 'POLICY_DENIED' } : {}),
    IP: { source: '10.1.0.11', destination: '10.1.0.22', ipVersion: 'IPv4' },
    l4: { TCP: { source_port: 41_000, destination_port: 8443, flags: { SYN: true } } },
    source: end(from, '10.1.0.11'),
    destination: end(to, '10.1.0.22'),
    Type: 'L3_L4',
    node_name: 'prod-1/node-a',
    event_type: { type: 5 },
    traffic_direction: 'INGRESS',
    is_reply: false,
  };
  return { flow, node_name: 'prod-1/node-a', time };
}

export function networkPolicy(namespace: string, name: string, spec: object): object {
  return { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { namespace, name }, spec };
}

export const defaultDeny = { podSelector: {}, policyTypes: ['Ingress', 'Egress'] };

/** An audit event of the API server: somebody created or replaced a policy object. */
export function policyWritten(
  policy: object,
  {
    time,
    user,
    verb,
    number,
  }: { readonly time: string; readonly user: string; readonly verb: 'create' | 'update'; readonly number: number },
): object {
  const { namespace, name } = (policy as { metadata: { namespace: string; name: string } }).metadata; // made by networkPolicy
  return {
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: `11111111-0000-4000-8000-${String(number).padStart(12, '0')}`,
    stage: 'ResponseComplete',
    requestURI: `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies/${name}`,
    verb,
    user: { username: user, groups: ['system:authenticated'] },
    sourceIPs: ['198.51.100.7'],
    userAgent: 'kubectl/v1.34.1 (linux/amd64) kubernetes/abc1234',
    objectRef: { resource: 'networkpolicies', namespace, name, apiGroup: 'networking.k8s.io', apiVersion: 'v1' },
    responseStatus: { metadata: {}, code: verb === 'create' ? 201 : 200 },
    requestObject: policy,
    responseObject: policy,
    requestReceivedTimestamp: time,
    stageTimestamp: time,
  };
}

/** Sends records as NDJSON, text as it is, and waits until the pages know them; the indices they were given. */
export async function send(
  service: TestService,
  source: { readonly name: string; readonly token: string },
  records: readonly (object | string)[],
): Promise<number[]> {
  const response = await fetch(`${service.url}/ingest/v1/${source.name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${source.token}`, 'content-type': 'application/x-ndjson' },
    body: records.map((record) => (typeof record === 'string' ? record : JSON.stringify(record))).join('\n'),
  });
  if (response.status !== 200)
    throw new Error(`expected the records to be taken, got ${response.status}: ${await response.text()}`);
  const { receipts } = (await response.json()) as { receipts: { index: number }[] }; // what the API answers, tested elsewhere
  await service.followed();
  return receipts.map(({ index }) => index);
}

import { normaliseRecord } from '../../src/ingestion/formats/registry.js';
import { rejectedKind } from '../../src/ingestion/read-records.js';
import type { NewEntry } from '../../src/log/entry.js';
import { parseNanoseconds } from '../../src/log/time.js';

const start = Date.UTC(2026, 9, 5);
const workloads = ['web', 'api', 'ledger', 'cards', 'batch', 'mail', 'search'];
const verdicts = ['FORWARDED', 'DROPPED', 'AUDIT', 'FORWARDED', 'FORWARDED'];

function timeOf(at: number): string {
  return new Date(start + at * 97_000).toISOString();
}

function endOf(name: string): object {
  return {
    namespace: 'shop',
    labels: [`k8s:app=${name}`],
    pod_name: `${name}-0`,
    workloads: [{ name, kind: 'Deployment' }],
  };
}

/** A Hubble flow with a native id of its own, as one line. */
export function flowRecord(at: number, uuid = `flow-${at}`): string {
  const [from, to] = [workloads[at % 7] ?? '', workloads[(at * 3 + 1) % 7] ?? ''];
  return JSON.stringify({
    flow: {
      time: timeOf(at),
      uuid,
      verdict: verdicts[at % 5],
      IP: { source: `10.1.0.${at % 200}`, destination: '10.1.1.1', ipVersion: 'IPv4' },
      l4: { TCP: { source_port: 40_000 + (at % 999), destination_port: 8000 + (at % 4), flags: { SYN: true } } },
      source: endOf(from),
      destination: endOf(to),
      Type: 'L3_L4',
      event_type: { type: 5 },
      traffic_direction: at % 2 === 0 ? 'INGRESS' : 'EGRESS',
      is_reply: false,
    },
    node_name: 'cluster-a/node-1',
    time: timeOf(at),
  });
}

/** A Kubernetes audit event on one of three policies: created, changed, and now and then deleted. */
function policyRecord(at: number): string {
  const name = `policy-${at % 3}`;
  const verb = at % 11 === 10 ? 'delete' : at % 11 < 3 ? 'create' : 'update';
  const object = {
    kind: 'NetworkPolicy',
    apiVersion: 'networking.k8s.io/v1',
    metadata: { name, namespace: 'shop', resourceVersion: String(at) },
    spec: { podSelector: { matchLabels: { app: workloads[at % 7] } }, policyTypes: ['Ingress'], ingress: [] },
  };
  return JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    level: 'RequestResponse',
    auditID: `audit-${at}`,
    stage: 'ResponseComplete',
    requestURI: `/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/${name}`,
    verb,
    user: { username: at % 2 === 0 ? 'alice@example.com' : 'bob@example.com' },
    objectRef: {
      resource: 'networkpolicies',
      namespace: 'shop',
      name,
      apiGroup: 'networking.k8s.io',
      apiVersion: 'v1',
    },
    responseStatus: { code: verb === 'create' ? 201 : 200 },
    requestObject: verb === 'delete' ? undefined : object,
    responseObject: verb === 'delete' ? { kind: 'Status', status: 'Success' } : object,
    requestReceivedTimestamp: timeOf(at),
    stageTimestamp: timeOf(at),
  });
}

/** Records of all kinds as the service would take them: mostly flows, some policy changes, some that cannot be read. */
export function sampleEntries(begin: number, end: number): NewEntry[] {
  return Array.from({ length: end - begin }, (_, offset) => {
    const at = begin + offset;
    if (at % 41 === 40)
      return { kind: 'log.started', source: 'segproof', occurredAt: null, payload: Buffer.from('{}') };
    const text = at % 17 === 16 ? `no record ${at}` : at % 13 === 12 ? policyRecord(at) : flowRecord(at);
    const payload = Buffer.from(text);
    const read = normaliseRecord(payload, {}, new Date());
    const eventTime = read.ok ? read.records[0].eventTime : null;
    return {
      kind: read.ok ? read.records[0].kind : rejectedKind,
      source: `cluster-${at % 3}`,
      occurredAt: eventTime === null ? null : parseNanoseconds(eventTime),
      payload,
    };
  });
}

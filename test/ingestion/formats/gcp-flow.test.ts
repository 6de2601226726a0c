import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { accepted } from './fixtures.js';
import { assertSurvivesMutation } from './mutations.js';

function entry(log: string, jsonPayload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    insertId: 'i-1',
    logName: `projects/p/logs/${log}`,
    timestamp: '2026-10-05T09:00:00.123456789Z',
    receiveTimestamp: '2026-10-05T09:00:09Z',
    resource: { type: 'gce_subnetwork', labels: { project_id: 'p', subnetwork_name: 'sub' } },
    jsonPayload,
  };
}

function firewall(disposition: string, direction: string): Record<string, unknown> {
  return entry('compute.googleapis.com%2Ffirewall', {
    connection: { src_ip: '10.0.0.5', src_port: 51000, dest_ip: '10.0.1.9', dest_port: 3389, protocol: 6 },
    disposition,
    instance: { project_id: 'p', vm_name: 'near', zone: 'z' },
    vpc: { project_id: 'p', vpc_name: 'net', subnetwork_name: 'sub' },
    remote_instance: { project_id: 'q', vm_name: 'far' },
    remote_vpc: { project_id: 'q', vpc_name: 'other' },
    rule_details: {
      reference: 'network:net/firewall:deny-rdp',
      action: 'DENY',
      priority: 900,
      direction,
      source_range: ['10.0.0.0/8'],
    },
  });
}

describe('a firewall rules record', () => {
  test('is enforced by the instance it names, which the direction places', () => {
    const inward = accepted(firewall('DENIED', 'INGRESS'));
    assert.deepEqual(
      [inward.kind, inward.verdict, inward.verdictRaw, inward.direction, inward.reporter],
      ['flow', 'deny', 'DENIED', 'ingress', 'dst'],
    );
    assert.deepEqual([inward.destination?.instance, inward.destination?.zone], ['near', 'p/net']);
    assert.deepEqual([inward.source?.instance, inward.source?.zone], ['far', 'q/other']);
    assert.equal(inward.eventTime, '2026-10-05T09:00:00.123456789Z');
    assert.equal(
      inward.nativeId,
      'i-1/2026-10-05T09:00:00.123456789Z/projects/p/logs/compute.googleapis.com%2Ffirewall',
    );
    assert.deepEqual(inward.policies, [
      {
        system: 'gcp',
        kind: 'Firewall',
        namespace: 'net',
        name: 'deny-rdp',
        tier: null,
        rule: '900',
        revision: null,
        effect: 'deny',
        staged: false,
      },
    ]);
    const outward = accepted(firewall('ALLOWED', 'EGRESS'));
    assert.deepEqual(
      [outward.verdict, outward.source?.instance, outward.destination?.instance, outward.reporter],
      ['allow', 'near', 'far', 'src'],
    );
  });

  test('of an interception decides nothing; an unknown word is no allow', () => {
    const intercepted = accepted(firewall('INTERCEPTED', 'INGRESS'));
    assert.deepEqual([intercepted.verdict, intercepted.flags], ['none', ['intercepted']]);
    assert.equal(accepted(firewall('PERHAPS', 'INGRESS')).verdict, 'unknown');
  });
});

test('a rule of a hierarchical policy says in which folder that stands', () => {
  const denied = accepted(
    entry('compute.googleapis.com%2Ffirewall', {
      connection: { src_ip: '10.0.0.5', src_port: 5, dest_ip: '10.0.1.9', dest_port: 22, protocol: 6 },
      disposition: 'DENIED',
      rule_details: { reference: '1/firewallPolicy:4711', priority: 10, action: 'DENIED', direction: 'INGRESS' },
    }),
  );
  const { kind, tier, name, rule } = denied.policies[0] ?? {};
  assert.deepEqual([kind, tier, name, rule], ['FirewallPolicy', '1', '4711', '10']);
});

test('a threat is a signal between client and server, denied or let pass', () => {
  const threat = (action: string): Record<string, unknown> =>
    entry('networksecurity.googleapis.com%2Ffirewall_threat', {
      action,
      connection: { clientIp: '10.0.0.4', clientPort: 5555, serverIp: '203.0.113.4', serverPort: 80, protocol: 'TCP' },
      threatDetails: { id: '1', threat: 'Some scan', severity: 'HIGH', direction: 'CLIENT_TO_SERVER' },
    });
  const denied = accepted(threat('DENY'));
  assert.deepEqual([denied.kind, denied.verdict, denied.severity, denied.protocol?.name], ['signal', 'deny', 3, 'tcp']);
  assert.equal(
    `${denied.source?.ip}:${denied.source?.port} ${denied.destination?.ip}:${denied.destination?.port}`,
    '10.0.0.4:5555 203.0.113.4:80',
  );
  assert.equal(accepted(threat('ALERT')).verdict, 'none');
});

test('a LogEntry that BigQuery exported has its time in UTC', () => {
  const row = accepted({ ...firewall('DENIED', 'INGRESS'), timestamp: '2026-10-05 09:00:00.123456 UTC' });
  assert.deepEqual([row.eventTime, row.timeGuessed, row.flags], ['2026-10-05T09:00:00.123456Z', false, []]);
});

describe('a VPC flow', () => {
  const flow = entry('compute.googleapis.com%2Fvpc_flows', {
    connection: { src_ip: '10.0.0.5', src_port: 0, dest_ip: '203.0.113.9', dest_port: 0, protocol: 1 },
    reporter: 'SRC',
    bytes_sent: '9007199254740993',
    packets_sent: '0',
    rtt_msec: '36',
    start_time: '2026-10-05T08:59:00.5Z',
    end_time: '2026-10-05T08:59:59Z',
    src_instance: { vm_name: 'gke-node-1' },
    src_vpc: { project_id: 'p', vpc_name: 'net' },
    src_gke_details: {
      cluster: { cluster_name: 'c' },
      pod: {
        pod_name: 'web-1',
        pod_namespace: 'shop',
        pod_workload: { workload_name: 'web', workload_type: 'DEPLOYMENT' },
      },
    },
  });

  test('is an observation with its interval, and no digit of its bytes is lost', () => {
    const record = accepted(flow);
    assert.deepEqual([record.verdict, record.verdictRaw, record.reporter, record.count], ['none', null, 'src', null]);
    assert.deepEqual(record.interval, { start: '2026-10-05T08:59:00.5Z', end: '2026-10-05T08:59:59Z' });
    assert.equal(record.eventTime, '2026-10-05T08:59:00.5Z');
    assert.deepEqual(record.traffic, { bytes: '9007199254740993', packets: '0', replyBytes: null, replyPackets: null });
    assert.deepEqual([record.source?.port, record.protocol?.name], [null, 'icmp']);
    assert.deepEqual(
      [record.source?.workload?.key, record.source?.workload?.kind, record.source?.instance],
      ['k8s:shop/web', 'DEPLOYMENT', 'gke-node-1'],
    );
  });

  test('comes by Pub/Sub push', () => {
    const pushed = accepted({
      message: {
        data: Buffer.from(JSON.stringify(flow)).toString('base64'),
        messageId: '1',
        publishTime: '2026-10-05T09:01:00Z',
      },
      subscription: 's',
    });
    assert.deepEqual([pushed.format, pushed.eventTime], ['gcp-flow', '2026-10-05T08:59:00.5Z']);
  });

  test('changed in any way does not make the adapter throw or leave the schema', () => {
    assertSurvivesMutation([flow, firewall('DENIED', 'INGRESS')]);
  });
});

test('a decision of a GKE network policy names the policies and the pods', () => {
  const record = accepted(
    entry('policy-action', {
      connection: {
        src_ip: '10.4.0.5',
        src_port: 4000,
        dest_ip: '10.4.0.6',
        dest_port: 8080,
        protocol: 'tcp',
        direction: 'ingress',
      },
      disposition: 'deny',
      count: 3,
      node_name: 'node-1',
      src: { pod_name: 'a-1', pod_namespace: 'x', namespace: 'x' },
      dest: { pod_name: 'b-1', pod_namespace: 'y', workload_name: 'b', workload_kind: 'ReplicaSet' },
      policies: [{ name: 'only-web', namespace: 'y', kind: 'NetworkPolicy' }],
    }),
  );
  assert.deepEqual([record.verdict, record.direction, record.count], ['deny', 'ingress', 3]);
  assert.deepEqual([record.destination?.workload?.key, record.source?.workload?.key], ['k8s:y/b', 'k8s:x/a-1']);
  assert.deepEqual([record.policies[0]?.system, record.policies[0]?.name], ['kubernetes', 'only-web']);
});

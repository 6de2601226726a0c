import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { accepted, factOf } from './fixtures.js';
import { assertSurvivesMutation } from './mutations.js';

function event(class_uid: number, more: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return {
    class_uid,
    category_uid: Math.floor(class_uid / 1000),
    activity_id: 1,
    severity_id: 4,
    time: 1790000000123,
    metadata: { version: '1.8.0', uid: 'm-1', product: { name: 'Gate', vendor_name: 'Example' } },
    ...more,
  };
}

function network(more: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return event(4001, {
    src_endpoint: { ip: '10.0.0.1', port: 40000, hostname: 'a.example', instance_uid: 'i-1', vpc_uid: 'vpc-1' },
    dst_endpoint: { ip: '10.0.0.2', port: 443 },
    connection_info: { direction_id: 1, protocol_num: 6, tcp_flags: 2 },
    ...more,
  });
}

describe('network activity', () => {
  test('is a flow', () => {
    const flow = accepted(
      network({
        action_id: 2,
        action: 'Denied',
        disposition_id: 2,
        disposition: 'Blocked',
        traffic: { bytes: 30, bytes_in: 10, bytes_out: 20 },
        start_time: 1790000000000,
        end_time_dt: '2026-09-21T16:13:21+02:00',
        firewall_rule: { name: 'r', type: 'acl' },
        policy: { name: 'p', version: '3' },
      }),
    );
    assert.deepEqual(
      [flow.kind, flow.verdict, flow.verdictRaw, flow.direction],
      ['flow', 'deny', 'Denied/Blocked', 'ingress'],
    );
    assert.equal(flow.eventTime, '2026-09-21T14:13:20.123Z');
    assert.deepEqual(flow.interval, { start: '2026-09-21T14:13:20.000Z', end: '2026-09-21T14:13:21Z' });
    assert.deepEqual(
      [flow.source?.instance, flow.source?.zone, flow.source?.dnsNames],
      ['i-1', 'vpc-1', ['a.example']],
    );
    assert.deepEqual(flow.traffic, { bytes: '20', packets: null, replyBytes: '10', replyPackets: null });
    assert.deepEqual([flow.policies[0]?.name, flow.policies[0]?.rule, flow.policies[0]?.revision], ['p', 'r', '3']);
    assert.deepEqual([flow.nativeId, flow.severity], ['m-1', 3]);
  });

  test('has every verdict that action and disposition make', () => {
    const cases = [
      [{ action_id: 1, disposition_id: 1 }, 'allow'],
      [{ action_id: 1, disposition_id: 15 }, 'would_deny'],
      [{ action_id: 1, disposition_id: 17 }, 'would_deny'],
      [{ action_id: 2, disposition_id: 6 }, 'deny'],
      [{ disposition_id: 25 }, 'deny'],
      [{ disposition: 'Blocked' }, 'deny'],
      [{ disposition_id: 15 }, 'none'],
      [{ action_id: 3 }, 'none'],
      [{ action_id: 99 }, 'unknown'],
      [{ action_id: 0 }, 'none'],
      [{ activity_id: 5, status_id: 2 }, 'deny'],
      [{ activity_id: 5 }, 'none'],
      [{ activity_id: 1, status_id: 1 }, 'none'],
    ] as const;
    for (const [fields, verdict] of cases)
      assert.equal(accepted(network(fields)).verdict, verdict, JSON.stringify(fields));
  });

  test('has no ports in ICMP, and times of every size', () => {
    const ping = accepted(network({ connection_info: { protocol_name: 'ICMP', direction_id: 2 } }));
    assert.deepEqual([ping.destination?.port, ping.direction], [null, 'egress']);
    assert.equal(accepted(network({ time: 1790000000 })).eventTime, '2026-09-21T14:13:20Z');
    const nanoseconds = JSON.stringify(network({ time: 1 })).replace('"time":1', '"time":1790000000123456789');
    assert.equal(factOf(nanoseconds).eventTime, '2026-09-21T14:13:20.123456789Z');
    assert.equal(
      accepted(network({ time_dt: '2025-07-16 15:02:54.452000+00:00' })).eventTime,
      '2025-07-16T15:02:54.452000Z',
    );
  });

  test('may have its ids as text, times without a zone, and "-" for nothing', () => {
    const text = accepted({
      ...network({ action_id: '2', connection_info: { direction_id: '1', protocol_num: '17' } }),
      class_uid: '4001',
      severity_id: '1',
    });
    assert.deepEqual(
      [text.kind, text.verdict, text.direction, text.protocol?.name, text.severity],
      ['flow', 'deny', 'ingress', 'udp', 6],
    );
    const loose = accepted({
      ...network({ start_time: '2015/06/17T00:00:00.083', end_time: '2015/06/17T00:00:00.089' }),
      time: undefined,
    });
    assert.deepEqual(
      [loose.eventTime, loose.interval?.end, loose.timeGuessed],
      ['2015-06-17T00:00:00.083Z', '2015-06-17T00:00:00.089Z', true],
    );
    const zoned = accepted(network({ time: 1728049742, time_dt: '2024-10-04T09:49:02.698985' }));
    assert.deepEqual([zoned.eventTime, zoned.flags], ['2024-10-04T13:49:02Z', []]);
    const dash = accepted(network({ src_endpoint: { ip: '10.0.0.1', instance_uid: '-', svc_name: '-' } }));
    assert.equal(dash.source?.instance, null);
  });

  test('without a second end is a signal', () => {
    const waf = accepted(event(4002, { action_id: 2, disposition_id: 2, src_endpoint: { ip: '198.51.100.1' } }));
    assert.deepEqual([waf.kind, waf.verdict, waf.source?.ip], ['signal', 'deny', '198.51.100.1']);
  });
});

describe('changes', () => {
  const actor = { user: { name: 'ada', groups: [{ name: 'ops' }] } };

  test('by API of a cloud and of Kubernetes are policy changes', () => {
    const cloud = accepted(
      event(6003, {
        activity_id: 3,
        actor,
        status_id: 1,
        src_endpoint: { ip: '198.51.100.7' },
        cloud: { account: { uid: '1' }, region: 'r' },
        api: {
          operation: 'AuthorizeSecurityGroupIngress',
          service: { name: 'ec2.amazonaws.com' },
          request: { data: '{"groupId":"sg-1"}' },
        },
      }),
    );
    assert.deepEqual(
      [
        cloud.kind,
        cloud.policyChange?.resource.name,
        cloud.policyChange?.resource.namespace,
        cloud.policyChange?.applied,
      ],
      ['policy_change', 'sg-1', '1/r', true],
    );
    assert.deepEqual(
      [cloud.actor?.name, cloud.actor?.groups, cloud.actor?.addresses],
      ['ada', ['ops'], ['198.51.100.7']],
    );
    const cluster = accepted(
      event(6003, {
        actor,
        api: { operation: 'create', response: { code: 403 } },
        resources: [{ type: 'networkpolicies', name: 'web', namespace: 'shop' }],
      }),
    );
    assert.deepEqual(
      [
        cluster.policyChange?.resource.kind,
        cluster.policyChange?.resource.namespace,
        cluster.policyChange?.applied,
        cluster.verdict,
      ],
      ['NetworkPolicy', 'shop', false, 'deny'],
    );
    assert.equal(
      accepted(event(6003, { actor, activity_id: 2, api: { operation: 'DescribeInstances' } })).kind,
      'admin',
    );
  });

  test('of entities and of devices', () => {
    const entity = accepted(
      event(3004, {
        activity_id: 4,
        actor,
        status_id: 1,
        entity: { type: 'Firewall Policy', name: 'edge', uid: 'e-1' },
      }),
    );
    assert.deepEqual(
      [entity.kind, entity.policyChange?.action, entity.policyChange?.resource.name],
      ['policy_change', 'delete', 'edge'],
    );
    assert.equal(accepted(event(3004, { activity_id: 1, entity: { type: 'User', name: 'eve' } })).kind, 'admin');
    const device = accepted(event(5019, { status_id: 2, device: { hostname: 'fw-1' }, security_level: 'At Risk' }));
    assert.deepEqual(
      [device.kind, device.policyChange?.resource.name, device.policyChange?.applied, device.verdict],
      ['policy_change', 'fw-1', false, 'error'],
    );
  });
});

test('findings are signals, sign-ins administration', () => {
  const finding = accepted(
    event(2003, {
      finding_info: { title: 'Config is off', uid: 'f' },
      compliance: { status: 'FAILED' },
      severity_id: 5,
    }),
  );
  assert.deepEqual([finding.kind, finding.severity, finding.verdict], ['signal', 2, 'none']);
  assert.match(finding.summary, /Config is off/);
  assert.equal(accepted(event(2004, {})).kind, 'signal');
  const signIn = accepted(event(3002, { user: { name: 'eve' }, status_id: 2, status_detail: 'access denied' }));
  assert.deepEqual([signIn.kind, signIn.verdict, signIn.actor?.name], ['admin', 'deny', 'eve']);
  const attested = accepted(event(3002, { attestation_list: [{ uid: 'a' }] }));
  assert.ok(attested.flags.includes('has_attestations'));
});

test('no change to an event makes the adapter throw or leave the schema', () => {
  assertSurvivesMutation([
    network({ action_id: 1, firewall_rule: { name: 'r' }, traffic: { bytes: 1 } }),
    event(6003, { activity_id: 1, api: { operation: 'x' }, resources: [{ type: 'networkpolicies', name: 'n' }] }),
    event(5019, { device: { uid: 'd' }, security_states: [{ state: 'x' }] }),
  ]);
});

import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { accepted } from './fixtures.js';
import { assertSurvivesMutation } from './mutations.js';

function document(
  event: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return { '@timestamp': '2026-10-05T09:00:00.123Z', ecs: { version: '9.0.0' }, event, ...more };
}

const ends = {
  source: { ip: '10.0.0.1', port: 40000, bytes: 20, packets: 2 },
  destination: { ip: '10.0.0.2', port: 443, domain: 'b.example', bytes: 10 },
  network: { transport: 'tcp', iana_number: '6', direction: 'inbound', community_id: '1:x' },
  observer: { vendor: 'Example', name: 'fw-1' },
};

function flow(
  event: Readonly<Record<string, unknown>>,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return document({ category: ['network'], kind: 'event', ...event }, { ...ends, ...more });
}

const denied = flow(
  { type: ['connection', 'denied'], id: 'e-1', start: '2026-10-05T08:59:00Z', end: '2026-10-05T09:00:00Z' },
  { rule: { name: 'r', ruleset: 'edge' } },
);

describe('a network event', () => {
  test('is a flow with the verdict of its types', () => {
    const record = accepted(denied);
    assert.deepEqual(
      [record.kind, record.format, record.verdict, record.verdictRaw, record.direction],
      ['flow', 'ecs', 'deny', 'denied', 'ingress'],
    );
    assert.deepEqual(
      [record.eventTime, record.timeSource, record.nativeId, record.reporterName],
      ['2026-10-05T09:00:00.123Z', 'record', 'e-1', 'fw-1'],
    );
    assert.deepEqual(record.interval, { start: '2026-10-05T08:59:00Z', end: '2026-10-05T09:00:00Z' });
    assert.deepEqual(record.traffic, { bytes: '20', packets: '2', replyBytes: '10', replyPackets: null });
    assert.deepEqual([record.destination?.dnsNames, record.destination?.port], [['b.example'], 443]);
    assert.deepEqual(
      [record.policies[0]?.name, record.policies[0]?.rule, record.policies[0]?.effect],
      ['edge', 'r', 'deny'],
    );
  });

  test('without such a type has the word of its device, or is an observation', () => {
    const cases = [
      [flow({ type: ['allowed'] }), 'allow'],
      [flow({ type: ['connection'] }), 'none'],
      [flow({ type: 'connection', outcome: 'failure' }), 'none'],
      [flow({ type: ['connection'], action: 'dropped' }), 'deny'],
      [flow({ type: 'connection' }, { aws: { vpcflow: { action: 'ACCEPT' } } }), 'allow'],
      [flow({ type: 'connection' }, { gcp: { firewall: { rule_details: { action: 'DENY' } } } }), 'deny'],
      [flow({ type: ['allowed', 'denied'] }), 'unknown'],
    ] as const;
    for (const [given, verdict] of cases)
      assert.equal(accepted(given).verdict, verdict, JSON.stringify(given['event']));
  });

  test('may be flat, and have lists where one value is meant', () => {
    const record = accepted({
      '@timestamp': '2026-10-05T09:00:00Z',
      'ecs.version': '8.11.0',
      'event.category': 'network',
      'event.type': ['denied'],
      'source.ip': ['10.0.0.1'],
      'source.port': '53',
      destination: { ip: '10.0.0.2' },
      'network.transport': 'udp',
    });
    assert.deepEqual(
      [record.verdict, record.source?.ip, record.source?.port, record.destination?.ip, record.protocol?.number],
      ['deny', '10.0.0.1', 53, '10.0.0.2', 17],
    );
  });
});

describe('a change of configuration', () => {
  test('of a named policy is a policy change, of anything else administration', () => {
    const change = accepted(
      document(
        { category: ['configuration'], type: ['change'], action: 'update', outcome: 'success' },
        {
          user: { name: 'ada' },
          source: { ip: '198.51.100.7' },
          orchestrator: { type: 'kubernetes', namespace: 'shop', resource: { type: 'networkpolicies', name: 'web' } },
        },
      ),
    );
    assert.equal(change.kind, 'policy_change');
    assert.deepEqual(change.policyChange?.resource, {
      system: 'kubernetes',
      apiVersion: '',
      kind: 'networkpolicies',
      namespace: 'shop',
      name: 'web',
      uid: null,
    });
    assert.deepEqual(
      [change.policyChange.applied, change.actor?.name, change.actor?.addresses],
      [true, 'ada', ['198.51.100.7']],
    );
    const failed = accepted(
      document(
        { category: 'configuration', type: 'deletion', outcome: 'failure' },
        { rule: { name: 'r' }, observer: { vendor: 'Example' } },
      ),
    );
    assert.deepEqual(
      [failed.policyChange?.action, failed.policyChange?.applied, failed.verdict],
      ['delete', false, 'error'],
    );
    assert.equal(
      accepted(document({ category: ['configuration'], type: ['change'] }, { user: { name: 'ada' } })).kind,
      'admin',
    );
    const trail = accepted(
      document(
        {
          provider: 'ec2.amazonaws.com',
          action: 'AuthorizeSecurityGroupIngress',
          outcome: 'success',
          category: ['network'],
          type: ['change'],
        },
        { aws: { cloudtrail: { flattened: { request_parameters: { groupId: 'sg-1' } } } } },
      ),
    );
    assert.deepEqual([trail.kind, trail.policyChange?.resource.name], ['policy_change', 'sg-1']);
  });
});

test('sign-ins are administration, alerts signals, and a document that says nothing is unknown', () => {
  const signIn = accepted(
    document(
      { category: ['authentication'], outcome: 'failure', reason: 'access denied' },
      { user: { name: 'eve', domain: 'CORP' } },
    ),
  );
  assert.deepEqual([signIn.kind, signIn.verdict, signIn.actor?.name], ['admin', 'deny', 'CORP\\eve']);
  const alert = accepted(
    flow({ kind: 'alert', category: ['intrusion_detection'] }, { rule: { name: 'scan' }, log: { level: 'warning' } }),
  );
  assert.deepEqual([alert.kind, alert.severity, alert.source?.ip], ['signal', 4, '10.0.0.1']);
  assert.equal(
    accepted({ '@timestamp': '2026-10-05T09:00:00Z', ecs: { version: '8.0.0' }, message: 'hello' }).kind,
    'unknown',
  );
});

describe('a document that carries the record it was made from', () => {
  const line = '2 111122223333 eni-0a1b - - - - - - - 1790000000 1790000060 - NODATA';

  test('is that record where it names no ends itself', () => {
    const original = accepted(document({ original: line }));
    assert.deepEqual(
      [original.format, original.eventTime, original.carriers],
      ['aws-vpc-flow', '2026-09-21T14:13:20Z', ['/event/original']],
    );
    assert.equal(
      accepted({ '@timestamp': '2026-10-05T09:00:00Z', ecs: { version: '8.0.0' }, message: line }).format,
      'aws-vpc-flow',
    );
  });

  test('is that record where it sums several connections up', () => {
    const summed = flow({ original: line }, { source: { ip: ['10.0.0.1', '10.0.0.2'] } });
    assert.equal(accepted(summed).format, 'aws-vpc-flow');
  });

  test('is itself where it names them, or where the record is none of ours', () => {
    assert.equal(accepted(flow({ type: ['allowed'], original: line })).format, 'ecs');
    assert.equal(accepted(document({ original: 'rubbish', kind: 'event' })).format, 'ecs');
  });
});

test('no change to a document makes the adapter throw or leave the schema', () => {
  assertSurvivesMutation([
    denied,
    document({ category: ['configuration'], type: ['change'] }, { rule: { name: 'r' } }),
  ]);
});

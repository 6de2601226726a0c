import { describe, it } from 'node:test';
import assert from 'node:assert/strict';

import type { NormalForm } from '../../../src/ingestion/normal-form.js';
import { accepted, type Draft, factsOf } from './fixtures.js';

const flow: Draft = {
  start_time: 1772359200,
  end_time: 1772359500,
  source_ip: '192.0.2.10',
  source_name: '-',
  source_name_aggr: 'pub',
  source_namespace: '-',
  source_port: null,
  source_type: 'net',
  dest_ip: '10.0.0.9',
  dest_name: 'db-0',
  dest_name_aggr: 'db-*',
  dest_namespace: 'shop',
  dest_port: 5432,
  dest_type: 'wep',
  proto: 'tcp',
  action: 'allow',
  reporter: 'dst',
  num_flows: 3,
};

function policies(...texts: string[]): string[] {
  return shown(accepted({ ...flow, policies: { enforced_policies: texts } }));
}

function shown({ policies: refs }: NormalForm): string[] {
  return refs.map(
    ({ system, kind, namespace, name, tier, rule, effect, staged }) =>
      `${system} ${kind ?? ''} ${namespace ?? '-'}/${name} in ${tier ?? '-'} rule ${rule ?? '-'} ${effect}${staged ? ' staged' : ''}`,
  );
}

describe('the policies of a flow of Calico', () => {
  it('are named by their kind since release 3.31', () => {
    assert.deepEqual(
      policies(
        '0|app|np:shop/app.db|pass|2',
        '1|app|gnp:wall|pass|0',
        '2|default|knp:shop/db|pass|1',
        '3|kube-admin|kcnp:all|pass|4',
        '4|app|snp:shop/app.new|deny|0',
        '5|default|sknp:shop/new|deny|3',
        '6|app|sgnp:new.wall|deny|2',
        '7|__PROFILE__|pro:kns.shop|allow|0',
      ),
      [
        'calico NetworkPolicy shop/db in app rule 2 pass',
        'calico GlobalNetworkPolicy -/wall in app rule 0 pass',
        'kubernetes NetworkPolicy shop/db in default rule 1 pass',
        'kubernetes ClusterNetworkPolicy -/all in kube-admin rule 4 pass',
        'calico StagedNetworkPolicy shop/new in app rule 0 deny staged',
        'calico StagedKubernetesNetworkPolicy shop/new in default rule 3 deny staged',
        'calico StagedGlobalNetworkPolicy -/new.wall in app rule 2 deny staged',
        'calico Profile -/kns.shop in __PROFILE__ rule 0 allow',
      ],
    );
  });

  it('bore their tier and what they are in their names until then', () => {
    assert.deepEqual(
      policies(
        '0|app|shop/app.db|deny|-1',
        '1|app|app.staged:wall|allow',
        '2|default|shop/staged:knp.default.db|deny|0',
        '3|adminnetworkpolicy|kanp.adminnetworkpolicy.all.of.it|pass|4',
        '4|baselineadminnetworkpolicy|kbanp.baselineadminnetworkpolicy.default|pass|4',
        '5|*|*|allow|*',
      ),
      [
        'calico NetworkPolicy shop/db in app rule - deny',
        'calico StagedGlobalNetworkPolicy -/wall in app rule - allow staged',
        'calico StagedKubernetesNetworkPolicy shop/db in default rule 0 deny staged',
        'kubernetes AdminNetworkPolicy -/all.of.it in adminnetworkpolicy rule 4 pass',
        'kubernetes BaselineAdminNetworkPolicy -/default in baselineadminnetworkpolicy rule 4 pass',
        'calico GlobalNetworkPolicy -/* in * rule - allow',
      ],
    );
  });

  it('are told in the order of the trace', () => {
    assert.deepEqual(policies('1|app|gnp:b|allow|0', '0|app|gnp:a|pass|0'), [
      'calico GlobalNetworkPolicy -/a in app rule 0 pass',
      'calico GlobalNetworkPolicy -/b in app rule 0 allow',
    ]);
  });

  it('pending are what is staged, not what takes effect already', () => {
    const enforced = ['0|app|np:shop/app.db|pass|0', '1|__PROFILE__|pro:kns.shop|allow|0'];
    const records = factsOf(
      JSON.stringify({ ...flow, policies: { enforced_policies: enforced, pending_policies: enforced } }),
    );
    assert.equal(records.length, 1);
    assert.deepEqual(
      records[0]?.policies.map(({ staged }) => staged),
      [false, false],
    );
  });

  it('do not deny where a staged policy allows before one that denies', () => {
    const verdicts = (...staged: string[]): unknown =>
      factsOf(JSON.stringify({ ...flow, policies: { all_policies: [...staged, '9|app|gnp:a|allow|0'] } })).map(
        ({ verdict }) => verdict,
      );
    assert.deepEqual(verdicts('0|app|sgnp:x|allow|0', '1|app|sgnp:y|deny|0'), ['allow']);
    assert.deepEqual(verdicts('1|app|sgnp:x|allow|0', '0|app|sgnp:y|deny|0'), ['allow', 'would_deny']);
  });
});

describe('a flow of Goldmane', () => {
  const key = {
    source_name: 'web-*',
    source_namespace: 'shop',
    source_type: 'WorkloadEndpoint',
    dest_name: 'pub',
    dest_namespace: '-',
    dest_type: 'Network',
    dest_port: '443',
    proto: 'tcp',
    reporter: 'Src',
    action: 'Deny',
    policies: {
      enforced_policies: [
        {
          kind: 'EndOfTier',
          tier: 'default',
          action: 'Deny',
          policy_index: '1',
          rule_index: '-1',
          trigger: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web' },
        },
        { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: 'default', action: 'Pass' },
      ],
    },
  };
  const counts = { start_time: '1772359200', end_time: '1772359215', num_connections_started: '2', bytes_out: '60' };

  it('is read from an answer of its interface', () => {
    const record = accepted({ id: '7', flow: { Key: key, ...counts, source_labels: ['app=web'] } });
    assert.equal(record.format, 'calico-flow');
    assert.equal(record.verdict, 'deny');
    assert.equal(record.eventTime, '2026-03-01T10:00:00Z');
    assert.equal(record.source?.workload?.key, 'k8s:shop/web');
    assert.deepEqual(record.source.workload.labels, { app: 'web' });
    assert.equal(record.destination?.port, 443);
    assert.equal(record.destination.workload?.key, 'network:pub');
    assert.equal(record.count, 2);
    assert.equal(record.direction, 'egress');
    assert.equal(record.places.verdict, '/flow/Key/action');
    assert.deepEqual(shown(record), [
      'kubernetes NetworkPolicy shop/web in default rule 0 pass',
      'calico EndOfTier shop/web in default rule - deny',
    ]);
  });

  it('and in lower camel case', () => {
    const snake = accepted({ flow: { Key: key, ...counts } });
    const camel = accepted({
      flow: {
        Key: {
          sourceName: 'web-*',
          sourceNamespace: 'shop',
          sourceType: 'WorkloadEndpoint',
          destName: 'pub',
          destNamespace: '-',
          destType: 'Network',
          destPort: '443',
          proto: 'tcp',
          reporter: 'Src',
          action: 'Deny',
          policies: {
            enforcedPolicies: [
              { kind: 'NetworkPolicy', namespace: 'shop', name: 'web', tier: 'default', action: 'Pass' },
              {
                kind: 'EndOfTier',
                tier: 'default',
                action: 'Deny',
                policyIndex: '1',
                ruleIndex: '-1',
                trigger: { kind: 'NetworkPolicy', namespace: 'shop', name: 'web' },
              },
            ],
          },
        },
        startTime: '1772359200',
        endTime: '1772359215',
        numConnectionsStarted: '2',
        bytesOut: '60',
      },
    });
    assert.deepEqual(camel, snake);
  });

  it('as Whisker shows it has neither types nor counts, and its labels in one text', () => {
    const record = accepted({
      start_time: '2026-03-01T10:00:00Z',
      end_time: '2026-03-01T10:00:15Z',
      action: 'Allow',
      source_name: 'web-*',
      source_namespace: 'shop',
      source_labels: 'app=web | tier=front',
      dest_name: 'pvt',
      dest_namespace: '-',
      dest_labels: '',
      protocol: 'udp',
      dest_port: 53,
      reporter: 'Dst',
      policies: {
        enforced: [{ kind: 'Profile', name: 'kns.shop', tier: '', action: 'Allow', rule_index: 0 }],
        pending: [],
      },
    });
    assert.equal(record.verdict, 'allow');
    assert.equal(record.protocol?.name, 'udp');
    assert.deepEqual(record.source?.workload?.labels, { app: 'web', tier: 'front' });
    assert.equal(record.source?.workload?.key, 'k8s:shop/web');
    assert.equal(record.destination?.workload?.key, 'network:pvt');
    assert.deepEqual(record.interval, { start: '2026-03-01T10:00:00Z', end: '2026-03-01T10:00:15Z' });
    assert.deepEqual(shown(record), ['calico Profile -/kns.shop in - rule 0 allow']);
  });
});

import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import type { NormalForm } from '../../../src/ingestion/normal-form.js';
import { accepted, type Draft, draftOf, fixtureRecords, refusal } from './fixtures.js';

const [created, patched, refused, deleted] = fixtureRecords('audit-event-list.json');

/** The event with some of its members replaced; `undefined` takes one out. */
function withEvent(event: Draft | undefined, changes: Draft): NormalForm {
  assert.ok(event);
  return accepted({ ...event, ...changes });
}

function withRef(event: Draft | undefined, changes: Draft, others: Draft = {}): NormalForm {
  return withEvent(event, { objectRef: { ...draftOf(event?.objectRef), ...changes }, ...others });
}

describe('a change to a policy object', () => {
  test('is read whole', () => {
    assert.deepEqual(accepted(created), {
      kind: 'policy_change',
      format: 'kubernetes-audit',
      parserVersion: 2,
      eventTime: '2026-10-05T09:00:00.123456Z',
      timeSource: 'record',
      timeGuessed: false,
      nativeId: '11111111-0000-4000-8000-000000000001/ResponseComplete',
      summary: 'alice@example.com created NetworkPolicy payments/default-deny',
      actor: {
        name: 'alice@example.com',
        realName: null,
        groups: ['segment-owners', 'system:authenticated'],
        addresses: ['198.51.100.7'],
        userAgent: 'kubectl/v1.34.1 (linux/amd64) kubernetes/abc1234',
      },
      verdict: 'allow',
      verdictRaw: 'allow',
      reason: 'RBAC: allowed by RoleBinding "owners/payments" of Role "owner" to Group "segment-owners"',
      direction: 'unknown',
      reporter: 'control-plane',
      reporterName: null,
      source: null,
      destination: null,
      protocol: null,
      isReply: null,
      count: 1,
      interval: null,
      traffic: null,
      severity: null,
      severityRaw: null,
      lostCount: null,
      policies: [
        {
          system: 'kubernetes',
          kind: 'NetworkPolicy',
          namespace: 'payments',
          name: 'default-deny',
          tier: null,
          rule: null,
          revision: '5001',
          effect: 'none',
          staged: false,
        },
      ],
      policyChange: {
        action: 'create',
        applied: true,
        dryRun: false,
        resource: {
          system: 'kubernetes',
          apiVersion: 'networking.k8s.io/v1',
          kind: 'NetworkPolicy',
          namespace: 'payments',
          name: 'default-deny',
          uid: 'aaaaaaaa-0000-4000-8000-000000000001',
        },
        after: created?.responseObject,
        requested: created?.requestObject,
        statusCode: 201,
      },
      attributes: {
        verb: 'create',
        level: 'RequestResponse',
        stage: 'ResponseComplete',
        apiGroup: 'networking.k8s.io',
        resource: 'networkpolicies',
        namespace: 'payments',
        name: 'default-deny',
        statusCode: 201,
        requestPath: '/apis/networking.k8s.io/v1/namespaces/payments/networkpolicies',
        fieldManager: 'kubectl-create',
        user: { uid: 'u-17', extra: { 'authentication.kubernetes.io/credential-id': ['X509SHA256=00ff'] } },
        annotations: {
          'authorization.k8s.io/decision': 'allow',
          'authorization.k8s.io/reason':
            'RBAC: allowed by RoleBinding "owners/payments" of Role "owner" to Group "segment-owners"',
        },
      },
      places: {
        eventTime: '/stageTimestamp',
        verdict: '/responseStatus/code',
        'actor.name': '/user/username',
        'policyChange.action': '/verb',
        'policyChange.resource': '/objectRef',
        'policyChange.after': '/responseObject',
      },
      carriers: [],
      flags: [],
    });
  });

  test('by patch: after is the answer, requested the patch, the impersonated user its author', () => {
    const record = accepted(patched);
    assert.equal(record.policyChange?.action, 'update');
    assert.deepEqual(record.policyChange.after, patched?.responseObject);
    assert.deepEqual(record.policyChange.requested, patched?.requestObject);
    assert.deepEqual(record.actor, {
      name: 'bob@example.com',
      realName: 'system:serviceaccount:ci:deployer',
      groups: ['operators'],
      addresses: ['198.51.100.8', '10.0.0.1'],
      userAgent: 'pipeline/3',
    });
    assert.equal(record.summary, 'bob@example.com changed NetworkPolicy payments/default-deny');
  });

  test('that was refused is an attempt: nothing applied, nothing after', () => {
    const record = accepted(refused);
    assert.equal(record.kind, 'policy_change');
    assert.equal(record.verdict, 'deny');
    assert.equal(record.verdictRaw, 'forbid');
    assert.equal(record.reason, 'no rule matched');
    assert.equal(record.policyChange?.applied, false);
    assert.equal(record.policyChange.statusCode, 403);
    assert.equal(record.policyChange.after, null);
    assert.equal(record.summary, 'mallory@example.com was refused: delete NetworkPolicy payments/default-deny (403)');
  });

  test('by delete has no after, and its uid from the answer', () => {
    const record = accepted(deleted);
    assert.equal(record.policyChange?.action, 'delete');
    assert.equal(record.policyChange.applied, true);
    assert.equal(record.policyChange.after, null);
    assert.equal(record.policyChange.requested, null);
    assert.equal(record.policyChange.resource.uid, 'aaaaaaaa-0000-4000-8000-000000000001');
    assert.deepEqual(record.flags, []);

    const metadata = { name: 'default-deny', deletionTimestamp: '2026-10-05T09:07:00Z', finalizers: ['x'] };
    const waiting = withEvent(deleted, { responseObject: { kind: 'NetworkPolicy', metadata } });
    assert.deepEqual(waiting.flags, ['deletion_pending']);
  });

  test('is applied only by a 2xx answer', () => {
    for (const [code, applied, verdict] of [
      [200, true, 'allow'],
      [202, true, 'allow'],
      [101, false, 'allow'],
      [304, false, 'allow'],
      [400, false, 'error'],
      [401, false, 'deny'],
      [403, false, 'deny'],
      [409, false, 'error'],
      [500, false, 'error'],
    ] as const) {
      const record = withEvent(patched, { responseStatus: { code } });
      assert.equal(record.policyChange?.applied, applied, String(code));
      assert.equal(record.policyChange.after === null, !applied, String(code));
      assert.equal(record.verdict, verdict, String(code));
    }
    const unknown = withEvent(patched, { responseStatus: undefined, annotations: undefined });
    assert.equal(unknown.policyChange?.applied, false);
    assert.equal(unknown.verdict, 'unknown');
    assert.deepEqual(unknown.flags, ['no_status_code']);
  });

  test('is not applied by a dry run, whether the query or the options ask for it', () => {
    for (const record of [
      withEvent(patched, {
        requestURI: '/apis/networking.k8s.io/v1/namespaces/a/networkpolicies/b?fieldManager=x&dryRun=All',
      }),
      withEvent(deleted, { requestObject: { kind: 'DeleteOptions', dryRun: ['All'] } }),
    ]) {
      assert.equal(record.kind, 'policy_change');
      assert.equal(record.policyChange?.dryRun, true);
      assert.equal(record.policyChange.applied, false);
      assert.equal(record.policyChange.after, null);
      assert.match(record.summary, /dry run/);
    }
  });

  test('by put or apply that makes the object is a creation', () => {
    for (const verb of ['update', 'patch']) {
      assert.equal(withEvent(patched, { verb, responseStatus: { code: 201 } }).policyChange?.action, 'create');
    }
  });

  test('by create with generateName has the name the API server gave', () => {
    const generated = withRef(created, { name: undefined, uid: undefined });
    assert.equal(generated.policyChange?.resource.name, 'default-deny');
    const unnamed = withRef(
      created,
      { name: '' },
      { responseObject: undefined, requestObject: { metadata: { generateName: 'deny-' } } },
    );
    assert.equal(unnamed.policyChange?.resource.name, null);
    assert.deepEqual(unnamed.policies, []);
    assert.deepEqual(unnamed.flags, ['no_response_object']);
  });

  test('whose answer is missing, a Status or a Table has no after, and says so', () => {
    for (const responseObject of [
      undefined,
      { kind: 'Status', metadata: {} },
      { kind: 'Table', metadata: {}, rows: [] },
    ]) {
      const record = withEvent(patched, { responseObject });
      assert.equal(record.policyChange?.applied, true);
      assert.equal(record.policyChange.after, null);
      assert.deepEqual(record.flags, ['no_response_object']);
    }
  });

  test('by deletecollection names what was deleted where the answer does', () => {
    const items = [{ metadata: { namespace: 'payments', name: 'a', uid: 'u1' } }, { metadata: {} }, 'nonsense'];
    const record = withRef(
      deleted,
      { name: undefined },
      {
        verb: 'deletecollection',
        requestURI: '/x?labelSelector=app%3Dapi',
        responseObject: { kind: 'NetworkPolicyList', items },
      },
    );
    assert.equal(record.policyChange?.action, 'delete_collection');
    assert.equal(record.policyChange.resource.name, null);
    assert.deepEqual(record.attributes.deleted, [{ namespace: 'payments', name: 'a', uid: 'u1' }]);
    assert.equal(record.attributes.labelSelector, 'app=api');
    assert.equal(record.summary, 'alice@example.com deleted all of NetworkPolicy payments');
  });

  test('is seen for every policy resource of the systems known', () => {
    const calico = [
      'networkpolicies NetworkPolicy',
      'globalnetworkpolicies GlobalNetworkPolicy',
      'stagednetworkpolicies StagedNetworkPolicy',
      'stagedglobalnetworkpolicies StagedGlobalNetworkPolicy',
      'stagedkubernetesnetworkpolicies StagedKubernetesNetworkPolicy',
      'tiers Tier',
      'networksets NetworkSet',
      'globalnetworksets GlobalNetworkSet',
    ];
    const known: readonly [system: string, group: string, resources: readonly string[]][] = [
      ['kubernetes', 'networking.k8s.io', ['networkpolicies NetworkPolicy']],
      ['kubernetes', 'extensions', ['networkpolicies NetworkPolicy']],
      [
        'kubernetes',
        'policy.networking.k8s.io',
        [
          'adminnetworkpolicies AdminNetworkPolicy',
          'baselineadminnetworkpolicies BaselineAdminNetworkPolicy',
          'clusternetworkpolicies ClusterNetworkPolicy',
        ],
      ],
      [
        'cilium',
        'cilium.io',
        [
          'ciliumnetworkpolicies CiliumNetworkPolicy',
          'ciliumclusterwidenetworkpolicies CiliumClusterwideNetworkPolicy',
          'ciliumcidrgroups CiliumCIDRGroup',
        ],
      ],
      ['calico', 'projectcalico.org', calico],
      ['calico', 'crd.projectcalico.org', calico],
      ['istio', 'security.istio.io', ['authorizationpolicies AuthorizationPolicy']],
      [
        'antrea',
        'crd.antrea.io',
        ['networkpolicies NetworkPolicy', 'clusternetworkpolicies ClusterNetworkPolicy', 'tiers Tier'],
      ],
    ];
    for (const [system, apiGroup, resources] of known) {
      for (const [resource = '', kind = ''] of resources.map((pair) => pair.split(' '))) {
        const record = withRef(created, { apiGroup, resource, apiVersion: 'v9' });
        assert.equal(record.kind, 'policy_change', `${apiGroup}/${resource}`);
        assert.equal(record.policyChange?.resource.system, system);
        assert.equal(record.policyChange.resource.kind, kind);
        assert.equal(record.policyChange.resource.apiVersion, `${apiGroup}/v9`);
        assert.equal(record.policies[0]?.staged, kind.startsWith('Staged'));
      }
    }
  });

  test('keeps no value that could not be stored again, and says so', () => {
    let deep: Draft = {};
    for (let level = 0; level < 70; level++) deep = { deep };
    const metadata = { name: 'default-deny' };
    const record = withEvent(patched, { responseObject: { kind: 'NetworkPolicy', metadata, spec: deep } });
    assert.equal(record.policyChange?.applied, true);
    assert.equal(record.policyChange.after, null);
    assert.deepEqual(record.flags, ['value_not_kept', 'no_response_object']);
  });
});

describe('what is no change to a policy', () => {
  test('reading one', () => {
    for (const verb of ['get', 'list', 'watch']) assert.equal(withEvent(created, { verb }).kind, 'admin');
  });

  test('a status update of one, or any other subresource, which is flagged', () => {
    const status = withRef(patched, { subresource: 'status' });
    assert.equal(status.kind, 'admin');
    assert.equal(status.policyChange, null);
    assert.deepEqual(status.flags, []);
    const other = withRef(patched, { subresource: 'finalizers' });
    assert.equal(other.kind, 'admin');
    assert.deepEqual(other.flags, ['subresource']);
    assert.equal(other.attributes.subresource, 'finalizers');
  });

  test('a request that has no outcome yet', () => {
    for (const stage of ['RequestReceived', 'ResponseStarted']) {
      const record = withEvent(created, { stage });
      assert.equal(record.kind, 'admin');
      assert.equal(record.verdict, 'none');
      assert.equal(record.nativeId, `11111111-0000-4000-8000-000000000001/${stage}`);
      assert.deepEqual(record.flags, ['not_an_outcome']);
    }
    const stageless = withEvent(created, { stage: undefined });
    assert.equal(stageless.kind, 'admin');
    assert.equal(stageless.nativeId, null);
    assert.deepEqual(stageless.flags, ['no_stage']);
  });

  test('other resources of the same name, and other groups', () => {
    assert.equal(withRef(created, { apiGroup: 'example.com' }).kind, 'admin');
    assert.equal(withRef(created, { resource: 'ingresses' }).kind, 'admin');
    assert.equal(withRef(created, { apiGroup: undefined, resource: 'constructor' }).kind, 'admin');
    assert.equal(withEvent(created, { objectRef: undefined, requestURI: '/healthz?x=1' }).kind, 'admin');
  });

  test('a panic is an outcome', () => {
    const record = withEvent(patched, { stage: 'Panic', responseStatus: { code: 500 } });
    assert.equal(record.kind, 'policy_change');
    assert.equal(record.policyChange?.applied, false);
    assert.equal(record.verdict, 'error');
    assert.deepEqual(record.flags, ['panic']);
  });
});

describe('who and when', () => {
  test('an event without a user has no actor', () => {
    const record = withEvent(created, { user: {} });
    assert.equal(record.actor, null);
    assert.deepEqual(record.flags, ['no_actor']);
    assert.match(record.summary, /^unknown user created/);
    assert.equal(
      withEvent(patched, { impersonatedUser: { groups: ['x'] } }).actor?.name,
      'system:serviceaccount:ci:deployer',
    );
  });

  test('old events have their time in timestamp or metadata.creationTimestamp', () => {
    const times = { stageTimestamp: undefined, requestReceivedTimestamp: undefined };
    const old = { ...times, apiVersion: 'audit.k8s.io/v1beta1' };
    const time = (changes: Draft): unknown[] => {
      const record = withEvent(created, changes);
      return [record.eventTime, record.timeSource];
    };
    assert.deepEqual(
      time({ ...old, timestamp: '2018-10-26T14:26:34Z', metadata: { creationTimestamp: '2018-10-26T00:00:00Z' } }),
      ['2018-10-26T14:26:34Z', 'record'],
    );
    assert.deepEqual(time({ ...old, metadata: { creationTimestamp: '2017-09-11T19:55:05Z' } }), [
      '2017-09-11T19:55:05Z',
      'record',
    ]);
    assert.deepEqual(time({ stageTimestamp: null }), ['2026-10-05T09:00:00.100000Z', 'record']);
    assert.deepEqual(time(old), [null, 'received']);
  });
});

describe('audit events inside the envelopes of clouds', () => {
  test('Azure: text in properties.log', () => {
    const properties = { log: JSON.stringify(created), pod: 'kube-apiserver-1', stream: 'stdout' };
    const record = accepted({
      category: 'kube-audit',
      properties,
      resourceId: '/CLUSTERS/PROD',
      time: '2026-10-05T09:00:01Z',
    });
    const plain = accepted(created);
    assert.deepEqual(record, {
      ...plain,
      reporterName: 'kube-apiserver-1',
      attributes: { ...plain.attributes, cluster: '/CLUSTERS/PROD' },
      carriers: ['/properties/log'],
    });
  });

  test('Amazon: text in message, its time in milliseconds as second choice', () => {
    const message = JSON.stringify({ ...created, stageTimestamp: undefined, requestReceivedTimestamp: undefined });
    const record = accepted({ id: '1', timestamp: 1_791_190_800_123, message });
    assert.equal(record.kind, 'policy_change');
    assert.equal(record.eventTime, '2026-10-05T09:00:00.123Z');
    assert.equal(record.timeSource, 'envelope');
  });

  test('text that was cut short, or is something else, is refused', () => {
    assert.equal(refusal({ message: JSON.stringify(created).slice(0, 200) }), 'invalid_json');
    assert.equal(refusal({ message: '{"auditID":5}' }), 'unknown_format');
    assert.equal(refusal({ message: 'I0101 "auditID" {}' }), 'unknown_format');
  });
});

describe('what else an event tells', () => {
  test('labels set on namespaces and pods, which move workloads in and out of policies', () => {
    const labels = { env: 'prod' };
    const ref = { apiGroup: undefined, resource: 'namespaces', name: 'payments' };
    const record = withRef(patched, ref, {
      responseObject: { kind: 'Namespace', metadata: { name: 'payments', labels } },
    });
    assert.deepEqual(record.attributes.labels, labels);
    assert.deepEqual(record.flags, ['labels_set']);
    assert.equal(
      withRef(patched, { ...ref, subresource: 'status' }, { requestObject: { metadata: { labels } } }).attributes
        .labels,
      undefined,
    );
  });

  test('that the API server cut the event, and how impersonation was limited', () => {
    const record = withEvent(patched, {
      annotations: { 'audit.k8s.io/truncated': 'true' },
      authenticationMetadata: { impersonationConstraint: 'impersonate:user-info' },
    });
    assert.deepEqual(record.flags, ['truncated_by_source']);
    assert.equal(record.attributes.impersonationConstraint, 'impersonate:user-info');
  });

  test('no command line or token of a query', () => {
    const record = withEvent(created, {
      requestURI: '/api/v1/namespaces/a/pods/b/exec?command=mysql&command=-pSECRET',
    });
    assert.doesNotMatch(JSON.stringify(record), /SECRET/);
  });

  test('a name longer than Kubernetes allows, in a refused request, is not made a key', () => {
    const record = withRef(refused, { name: 'x'.repeat(5000) });
    assert.equal(record.policyChange?.resource.name, null);
    assert.deepEqual(record.flags, ['bad_name']);
    assert.ok(record.summary.length <= 300);
  });
});

test('only audit events are taken, with or without their type; without a verb they are refused', () => {
  assert.equal(refusal({ kind: 'Event', apiVersion: 'v1', involvedObject: {}, reason: 'Scheduled' }), 'unknown_format');
  assert.equal(withEvent(created, { kind: undefined, apiVersion: undefined }).kind, 'policy_change');
  assert.equal(withEvent(created, { apiVersion: undefined }).kind, 'policy_change');
  assert.equal(withEvent(created, { auditID: undefined }).nativeId, null);
  assert.equal(refusal({ ...created, verb: undefined }), 'missing_field');
  assert.equal(refusal({ ...created, verb: 7 }), 'invalid_field');
});

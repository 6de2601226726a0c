import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { accepted, type Draft, refusal } from './fixtures.js';

const objectRef = {
  resource: 'networkpolicies',
  namespace: 'shop',
  name: 'web',
  apiGroup: 'networking.k8s.io',
  apiVersion: 'v1',
};
const event: Draft = {
  kind: 'Event',
  apiVersion: 'audit.k8s.io/v1',
  level: 'Metadata',
  auditID: '11111111-0000-4000-8000-000000000009',
  stage: 'ResponseComplete',
  requestURI: '/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web',
  verb: 'update',
  user: { username: 'alice@example.com', groups: ['system:authenticated'] },
  sourceIPs: ['192.0.2.1'],
  userAgent: 'kubectl/v1.31.0',
  objectRef,
  responseStatus: { code: 200 },
  requestReceivedTimestamp: '2026-03-01T10:00:00.000000Z',
  stageTimestamp: '2026-03-01T10:00:00.010000Z',
  annotations: { 'authorization.k8s.io/decision': 'allow' },
};

describe('a request that the authoriser let through', () => {
  for (const [what, status, verdict] of [
    [
      'a webhook denied',
      { code: 400, message: 'admission webhook "policy.example.com" denied the request: no' },
      'deny',
    ],
    [
      'a policy of the API server denied',
      { code: 422, message: "ValidatingAdmissionPolicy 'p' denied request: no" },
      'deny',
    ],
    ['was invalid', { code: 422, message: 'spec.podSelector: Required value' }, 'error'],
    ['met a conflict', { code: 409, message: 'the object has been modified' }, 'error'],
  ] as const) {
    test(`and ${what} is ${verdict === 'deny' ? 'a refusal' : 'an error'} and no change`, () => {
      const record = accepted({ ...event, responseStatus: { metadata: {}, status: 'Failure', ...status } });
      assert.equal(record.verdict, verdict);
      assert.equal(record.verdictRaw, String(status.code));
      assert.equal(record.policyChange?.applied, false);
      assert.equal(record.reason, status.message);
    });
  }
});

test('a login that OpenShift refused is a denial, though it answers with a page', () => {
  const login = { ...event, verb: 'post', objectRef: undefined, requestURI: '/login', responseStatus: { code: 302 } };
  const decided = (decision: string): unknown =>
    accepted({ ...login, annotations: { 'authentication.openshift.io/decision': decision } }).verdict;
  assert.equal(decided('deny'), 'deny');
  assert.equal(decided('error'), 'error');
  assert.equal(decided('allow'), 'allow');
});

test("a row of Azure's audit tables is the event it was made of", () => {
  const row = {
    TimeGenerated: '2026-03-01T10:00:01Z',
    Type: 'AKSAuditAdmin',
    AuditId: event.auditID,
    Level: 'Metadata',
    Stage: 'ResponseComplete',
    RequestUri: event.requestURI,
    Verb: 'update',
    User: event.user,
    SourceIps: event.sourceIPs,
    UserAgent: event.userAgent,
    ObjectRef: objectRef,
    ResponseStatus: event.responseStatus,
    RequestReceivedTime: '2026-03-01T10:00:00.000000Z',
    StageReceivedTime: '2026-03-01T10:00:00.010000Z',
    Annotations: event.annotations,
  };
  const { places: _places, ...expected } = accepted(event);
  const { places, ...record } = accepted(row);
  assert.deepEqual(record, expected);
  assert.equal(places.eventTime, '/StageReceivedTime');
  const asText = {
    ...row,
    User: JSON.stringify(event.user),
    ObjectRef: JSON.stringify(objectRef),
    SourceIps: '["192.0.2.1"]',
  };
  assert.deepEqual(accepted(asText).policyChange, record.policyChange);
  assert.deepEqual(accepted(asText).actor, record.actor);
  const placed = accepted({ ...row, PodName: 'kube-apiserver-1', _ResourceId: '/subscriptions/s/managedclusters/c' });
  assert.equal(placed.reporterName, 'kube-apiserver-1');
  assert.equal(placed.attributes.cluster, '/subscriptions/s/managedclusters/c');
});

test("a document of Elastic's agent is the event it holds", () => {
  const { annotations: _annotations, ...rest } = event;
  const audit = { ...rest, annotations: { 'authorization_k8s_io/decision': 'allow' } };
  const { places: _places, ...expected } = accepted(event);
  const { places, ...record } = accepted({
    '@timestamp': '2026-03-01T10:00:05Z',
    kubernetes: { audit },
    event: { kind: 'event', dataset: 'kubernetes.audit_logs' },
    ecs: { version: '8.0.0' },
    user: { name: 'alice@example.com' },
  });
  assert.deepEqual(record, expected);
  assert.equal(places.eventTime, '/kubernetes/audit/stageTimestamp');
});

describe('the audit log of Rancher', () => {
  const entry = {
    auditID: 'r1',
    requestURI:
      '/k8s/clusters/c-m-1/apis/networking.k8s.io/v1/namespaces/shop/networkpolicies/web?fieldManager=rancher',
    user: { name: 'user-abc', group: ['system:authenticated'], extra: { username: ['alice'] } },
    userLoginName: 'alice',
    method: 'DELETE',
    remoteAddr: '192.0.2.7:41234',
    responseCode: 200,
    requestTimestamp: '2026-03-01T10:00:00Z',
    responseTimestamp: '2026-03-01T10:00:01Z',
  };

  test('names methods and its own users', () => {
    const record = accepted(entry);
    assert.equal(record.kind, 'policy_change');
    assert.equal(record.eventTime, '2026-03-01T10:00:01Z');
    assert.deepEqual(record.policyChange?.resource, {
      system: 'kubernetes',
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      namespace: 'shop',
      name: 'web',
      uid: null,
    });
    assert.equal(record.policyChange?.action, 'delete');
    assert.equal(record.actor?.name, 'alice');
    assert.deepEqual(record.actor?.addresses, ['192.0.2.7']);
    assert.equal(accepted({ ...entry, responseCode: 403 }).verdict, 'deny');
    assert.deepEqual(accepted({ ...entry, remoteAddr: '[2001:db8::7]:41234' }).actor?.addresses, ['2001:db8::7']);
  });

  test('reaches objects by paths of its own too', () => {
    const change = accepted({
      ...entry,
      method: 'PUT',
      requestURI: '/k8s/clusters/c-m-1/v1/crd.projectcalico.org.globalnetworkpolicies/default.deny',
    }).policyChange;
    assert.equal(change?.resource.kind, 'GlobalNetworkPolicy');
    assert.equal(change.resource.namespace, null);
    assert.equal(change.resource.name, 'default.deny');
    assert.equal(change.action, 'update');
    assert.equal(accepted({ ...entry, requestURI: '/v3/schemas', method: 'GET' }).kind, 'admin');
  });

  test('in its older form has stages, local times and the status as text', () => {
    const record = accepted({
      auditID: 'r2',
      requestURI: '/v3/clusters/c-1',
      sourceIPs: ['::1'],
      user: { name: 'user-abc', group: ['system:authenticated'] },
      verb: 'PUT',
      stage: 'ResponseComplete',
      stageTimestamp: '2018-07-20 10:28:08 +0800',
      responseStatus: '200',
    });
    assert.equal(record.eventTime, '2018-07-20T02:28:08Z');
    assert.equal(record.verdict, 'allow');
    assert.equal(record.actor?.name, 'user-abc');
    assert.equal(record.attributes.verb, 'update');
  });
});

test('an event of which a shipper kept some members is still one', () => {
  const record = accepted({
    verb: 'get',
    stage: 'ResponseComplete',
    stageTimestamp: '2026-03-01T10:00:00Z',
    objectRef: { resource: 'pods' },
  });
  assert.equal(record.format, 'kubernetes-audit');
  assert.equal(record.nativeId, null);
  assert.equal(refusal({ verb: 'get', stage: 'build', stageTimestamp: '2026-03-01T10:00:00Z' }), 'unknown_format');
});

test('policies of other makers are policies', () => {
  for (const [apiGroup, resource, system, kind] of [
    ['security.antrea.tanzu.vmware.com', 'clusternetworkpolicies', 'antrea', 'ClusterNetworkPolicy'],
    ['projectcalico.org', 'hostendpoints', 'calico', 'HostEndpoint'],
    ['k8s.ovn.org', 'egressfirewalls', 'openshift', 'EgressFirewall'],
    ['policy.linkerd.io', 'authorizationpolicies', 'linkerd', 'AuthorizationPolicy'],
    ['k8s.cni.cncf.io', 'multi-networkpolicies', 'kubernetes', 'MultiNetworkPolicy'],
  ] as const) {
    const change = accepted({ ...event, objectRef: { ...objectRef, apiGroup, resource } }).policyChange;
    assert.equal(change?.resource.system, system);
    assert.equal(change.resource.kind, kind);
  }
});

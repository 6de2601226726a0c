import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { importPolicies } from '../../../src/policies/import.js';
import { policyIdText } from '../../../src/policies/model.js';
import { api, clusterwide, everyone, object, reaching, sideOf, web } from './shop.js';

describe('sections of Cilium policies', () => {
  test('a section with rules isolates, an empty rule allows nothing, an empty section is none', () => {
    assert.equal(reaching([object({ ...api, ingress: [{}] })]), '');
    assert.equal(reaching([object({ ...api, ingress: [], egress: [{}] })]), everyone);
    assert.equal(reaching([object({ ...api, ingressDeny: [{ fromEndpoints: [web] }] })]), '');
    assert.equal(reaching([object({ ...api, ingress: [{ fromEntities: ['all'] }] })]), everyone);
  });

  test('enableDefaultDeny says otherwise either way', () => {
    const deny = { ...api, ingressDeny: [{ fromEndpoints: [web] }] };
    assert.equal(
      reaching([object({ ...deny, enableDefaultDeny: { ingress: false } })]),
      'ops/web ops/agent 8.8.8.8 fd00::1',
    );
    assert.equal(reaching([object({ ...api, egress: [{}], enableDefaultDeny: { ingress: true } })]), '');
  });

  test('a denial of any policy wins over every permission, those of Kubernetes too', () => {
    const kubernetes = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'np', namespace: 'shop' },
      spec: { podSelector: {}, ingress: [{}] },
    };
    const deny = clusterwide({
      endpointSelector: {},
      ingressDeny: [{ fromEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'ops' } }] }],
    });
    assert.equal(
      reaching([kubernetes, object({ ...api, ingress: [{ fromEntities: ['all'] }] }), deny]),
      'shop/web ops/agent 8.8.8.8 fd00::1',
    );
  });

  test('reasons number allowing rules as written, denying ones after them, and name the policy', () => {
    const policy = object({
      ...api,
      ingress: [{ fromEndpoints: [web] }, {}],
      ingressDeny: [{ fromEndpoints: [web], toPorts: [{ ports: [{ port: '81' }] }] }],
    });
    const by = (port: number) => sideOf([policy], 'shop/web', port, 'TCP').by;
    const id = { system: 'cilium', kind: 'CiliumNetworkPolicy', namespace: 'shop', name: 'p' };
    assert.deepEqual(by(80), { tier: 'NetworkPolicy', policies: [{ policy: id, rule: 0, peer: 0, port: null }] });
    assert.deepEqual(by(81), { tier: 'NetworkPolicy', policies: [{ policy: id, rule: 2, peer: 0, port: 0 }] });
    assert.deepEqual(sideOf([policy], 'ops/web', 80, 'TCP').by, { isolatedBy: [id] });
    assert.equal(importPolicies([policy]).policies[0]?.ingress?.[2]?.name, 'spec.ingressDeny[0]');
  });

  test('specs are policies of their own, named by their position', () => {
    const { policies } = importPolicies([
      {
        ...object({}),
        spec: undefined,
        specs: [
          { ...api, ingress: [{}] },
          { endpointSelector: web, egress: [{}] },
        ],
      },
    ]);
    assert.deepEqual(
      policies.map(({ id }) => policyIdText(id)),
      ['CiliumNetworkPolicy shop/p#0', 'CiliumNetworkPolicy shop/p#1'],
    );
  });
});

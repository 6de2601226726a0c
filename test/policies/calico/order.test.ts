import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withStagedEnforced } from '../../../src/policies/calico/staged.js';
import { importPolicies } from '../../../src/policies/import.js';
import { compile } from '../../../src/policies/simulation/evaluate.js';
import { api, from, global, ingress, local, object, reason, topology } from './shop.js';

describe('order and tiers of Calico', () => {
  const allow = { action: 'Allow' };
  const deny = { action: 'Deny' };

  test('order decides between policies, then the name; a missing order is the last', () => {
    const first = local('z-first', { ...api, order: 1, ingress: [deny] });
    assert.equal(ingress([local('a', { ...api, ingress: [allow] }), first]), '- NetworkPolicy: z-first#0');
    const tied = [
      local('b', { ...api, order: 5, ingress: [deny] }),
      local('a', { ...api, order: 5, ingress: [allow] }),
    ];
    assert.equal(ingress(tied), '+ NetworkPolicy: a#0');
  });

  test('a Kubernetes NetworkPolicy stands at order 1000 of the default tier, where Calico may deny before it', () => {
    const kubernetes = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'np', namespace: 'shop' },
      spec: { podSelector: { matchLabels: { app: 'api' } }, ingress: [{}] },
    };
    const at = (order: number) => ingress([kubernetes, local('calico', { ...api, order, ingress: [deny] })]);
    assert.equal(at(999), '- NetworkPolicy: calico#0');
    assert.equal(at(1001), '+ NetworkPolicy: np#0');
  });

  test('Pass goes to the next tier, and what nothing matches is denied at the end of a tier that applies', () => {
    const tiers = [
      object('Tier', 'security', { order: 10 }),
      object('Tier', 'audit', { order: 20, defaultAction: 'Pass' }),
    ];
    const passing = global('security.pass', {
      tier: 'security',
      ...api,
      ingress: [{ action: 'Pass', ...from("app == 'web'") }],
    });
    const auditing = global('audit.look', { tier: 'audit', ...api, ingress: [{ action: 'Log' }] });
    const last = local('allow', { ...api, ingress: [allow] });
    const all = [...tiers, passing, auditing, last];
    assert.equal(ingress(all), '+ security.pass#0 > NetworkPolicy: allow#0');
    assert.equal(ingress(all, 'db'), '- isolated by Calico GlobalNetworkPolicy security.pass in Calico security');
    assert.equal(ingress([...tiers, passing, auditing]), '+ security.pass#0 > no_rule_matches');
    assert.equal(ingress([...tiers, auditing], 'db'), '+ no_rule_matches');
    assert.equal(ingress(all, 'web', 'db'), '+ no_policy_selects');
  });

  test('a tier without an object comes last, denies what it does not match, and is listed', () => {
    const lost = global('lost.policy', { tier: 'lost', ...api, ingress: [] });
    assert.equal(ingress([lost]), '- isolated by Calico GlobalNetworkPolicy lost.policy in Calico lost');
    assert.equal(ingress([lost, local('allow', { ...api, ingress: [allow] })]), '+ NetworkPolicy: allow#0');
    assert.deepEqual(
      importPolicies([lost]).notModelled.map(({ path }) => path),
      ['spec.tier'],
    );
  });

  test('policies without types are for ingress, for egress when they have only egress rules, else for both', () => {
    const governed = (spec: object) => {
      const [policy] = importPolicies([local('p', spec)]).policies;
      return [policy?.ingress !== null, policy?.egress !== null];
    };
    assert.deepEqual(governed({}), [true, false]);
    assert.deepEqual(governed({ egress: [allow] }), [false, true]);
    assert.deepEqual(governed({ ingress: [allow], egress: [allow] }), [true, true]);
    assert.deepEqual(governed({ types: ['Egress'], ingress: [allow] }), [false, true]);
  });

  test('staged policies change nothing until they are taken as enforced', () => {
    const enforced = local('api', { ...api, ingress: [allow] });
    const staged = object('StagedNetworkPolicy', 'api', { ...api, ingress: [deny] }, 'shop');
    const gone = object('StagedNetworkPolicy', 'api', { stagedAction: 'Delete' }, 'shop');
    const kubernetes = object(
      'StagedKubernetesNetworkPolicy',
      'np',
      { podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Ingress'], stagedAction: 'Set' },
      'shop',
    );
    assert.equal(ingress([enforced, staged, kubernetes]), '+ NetworkPolicy: api#0');
    const pending = (objects: object[]) => {
      const policies = withStagedEnforced(importPolicies(objects).policies);
      const flow = {
        source: { pod: 'shop/web' },
        destination: { pod: 'shop/api' },
        protocol: 'TCP' as const,
        port: 80,
      };
      return reason(compile(topology, policies, { ipBlockMatchesPods: true }).verdict(flow).ingress);
    };
    assert.equal(pending([enforced, staged]), '- NetworkPolicy: api#0');
    assert.equal(pending([enforced, gone]), '+ no_policy_selects');
    assert.equal(pending([kubernetes]), '- isolated by NetworkPolicy shop/np');
    assert.equal(
      pending([enforced, { ...staged, spec: { ...staged.spec, stagedAction: 'Ignore' } }]),
      '+ NetworkPolicy: api#0',
    );
  });
});

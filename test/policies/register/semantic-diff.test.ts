import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { diffPolicies } from '../../../src/policies/diff.js';
import { ruleDigest } from '../../../src/policies/digest.js';
import { isIpv6, speaksIpv6 } from '../../../src/policies/connection-list.js';
import { importPolicies } from '../../../src/policies/import.js';
import { objectDigest } from '../../../src/policies/object-digest.js';
import { rulesOf } from '../../../src/policies/register/rules.js';
import { segmentsOf } from '../../../src/policies/register/segments.js';
import { heldStewardship, unstated } from '../../../src/policies/register/stewardship.js';
import { semanticDiff } from '../../../src/policies/semantic-diff.js';
import { clusterPolicies, networkPolicy, topology } from '../clusters.js';
import { imported } from '../imported.js';

const at = '2026-11-20T12:00:00Z';

test('a semantic diff has the paths that two engines made anew differ by', () => {
  fc.assert(
    fc.property(
      topology,
      fc.array(networkPolicy, { maxLength: 6 }),
      networkPolicy,
      networkPolicy,
      (pods, others, a, b) => {
        const [before, after] = [a, b].map((object) => ({ object, others, at }));
        if (before === undefined || after === undefined) throw new TypeError('expected two sides');
        const diff = semanticDiff(before, after, { topology: pods, templates: new Map(), most: 1_000_000 });
        const [old, current] = [a, b].map((object) => importPolicies([...others, object], at).policies);
        assert.ok(old && current);
        const withIpv6 = [old, current].some((policies) => speaksIpv6({ policies, topology: pods }));
        const expected = diffPolicies(pods, old, current, { ipBlockMatchesPods: false }).filter(
          ({ source, destination }) => withIpv6 || !(isIpv6(source) || isIpv6(destination)),
        );
        const { opened, changed, closed } = diff.counts;
        assert.deepEqual(
          [opened, changed, closed],
          (['opened', 'changed', 'closed'] as const).map(
            (change) => expected.filter((one) => one.change === change).length,
          ),
        );
        assert.equal(diff.paths.length, expected.length);
        // Rules in words and the digest agree on whether something changed in them.
        const digests = (object: unknown) =>
          JSON.stringify(
            rulesOf(object, new Map())
              ?.map(({ digest }) => digest)
              .sort(),
          );
        assert.equal(diff.rules.length > 0, digests(a) !== digests(b));
      },
    ),
    { numRuns: 200 },
  );
});

test('equal digests open and close nothing', () => {
  fc.assert(
    fc.property(topology, clusterPolicies, networkPolicy, (pods, others, object) => {
      const turned = structuredClone(object) as { spec: { ingress?: unknown[]; egress?: unknown[] } }; // a NetworkPolicy
      turned.spec.ingress?.reverse();
      turned.spec.egress?.reverse();
      assert.equal(objectDigest(object), objectDigest(turned));
      const diff = semanticDiff(
        { object, others, at },
        { object: turned, others, at },
        { topology: pods, templates: new Map(), most: 10 },
      );
      assert.deepEqual([diff.paths, diff.rules, diff.statements], [[], [], []]);
    }),
    { numRuns: 100 },
  );
});

test('a rule is the same under another name and in another spelling, and not in another direction', () => {
  const policy = imported({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { namespace: 'a', name: 'p' },
    spec: {
      podSelector: {},
      ingress: [{ ports: [{ port: 80 }, { port: 81 }] }, { ports: [{ protocol: 'TCP', port: 80, endPort: 81 }] }],
    },
  });
  const [one, other] = policy.ingress ?? [];
  assert.ok(one && other);
  assert.equal(ruleDigest('ingress', one), ruleDigest('ingress', { ...other, name: 'web' }));
  assert.notEqual(ruleDigest('ingress', one), ruleDigest('egress', one));
});

test('until when an intent holds is a part of its digest', () => {
  const intent = (expires?: string) => ({
    apiVersion: 'segproof.dev/v1',
    kind: 'Intent',
    metadata: { name: 'shop' },
    spec: {
      owner: 'o',
      reason: 'r',
      tiers: {
        web: { namespaces: ['shop'], labels: { app: 'web' } },
        api: { namespaces: ['shop'], labels: { app: 'api' } },
      },
      rules: [{ from: 'web', to: 'api', ...(expires === undefined ? {} : { expires }) }],
    },
  });
  assert.notEqual(objectDigest(intent()), objectDigest(intent('2026-12-31')));
  assert.notEqual(objectDigest(intent('2027-12-31')), objectDigest(intent('2026-12-31')));
});

describe('who answers', () => {
  test('a policy lies in the segments of its namespace that it can select', () => {
    const segments = ['web', 'api'].map((app) => ({
      name: app,
      owner: `${app} team`,
      namespace: 'shop',
      matchLabels: { app },
    }));
    const named = (pods: Parameters<typeof segmentsOf>[1][number]['pods']) =>
      segmentsOf('shop', [{ namespaces: 'own', pods }], segments).map(({ name }) => name);
    assert.deepEqual(named([]), ['web', 'api']);
    assert.deepEqual(named([{ key: 'app', operator: 'In', values: ['api'] }]), ['api']);
    assert.deepEqual(named([{ key: 'app', operator: 'NotIn', values: ['api'] }]), ['web']);
    assert.deepEqual(named([{ key: 'app', operator: 'DoesNotExist', values: [] }]), []);
    assert.deepEqual(segmentsOf(null, [], segments), []);
  });

  test('a day holds to its end in UTC', () => {
    const register = { ...unstated, expires: '2026-11-20' };
    const flags = (now: string) => heldStewardship({ object: unstated, register }, new Date(now)).flags;
    assert.ok(!flags('2026-11-20T23:59:59.999Z').includes('expired'));
    assert.ok(flags('2026-11-21T00:00:00Z').includes('expired'));
  });
});

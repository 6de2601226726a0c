import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import type { Policy } from '../../src/policies/model.js';
import { compile } from '../../src/policies/simulation/evaluate.js';
import { clusterPolicies, networkPolicy, topology } from './clusters.js';
import { asAdminPolicy, asClusterNetworkPolicy } from './cluster-kinds.js';
import { assertMapAgrees, engineSays, questions } from './questions.js';
import { referenceVerdict } from './reference.js';

function imported(object: unknown): Policy {
  const result = importPolicy(object);
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

const policies = fc.uniqueArray(networkPolicy, {
  maxLength: 4,
  selector: ({ metadata: { namespace, name } }) => `${namespace}/${name}`,
});

describe('the engine', () => {
  test('agrees with the reference on every flow of a random cluster, both sides', () => {
    fc.assert(
      fc.property(topology, policies, fc.boolean(), (pods, raw, ipBlockMatchesPods) => {
        const engine = compile(pods, raw.map(imported), { ipBlockMatchesPods });
        for (const question of questions(pods))
          assert.deepEqual(
            engineSays(engine, question),
            referenceVerdict({ topology: pods, ipBlockMatchesPods }, raw, [], question),
          );
      }),
      { numRuns: 150 },
    );
  });

  for (const [kind, written] of Object.entries({ asAdminPolicy, asClusterNetworkPolicy }))
    test(`agrees with the reference when cluster-wide policies join, written ${kind}`, () => {
      fc.assert(
        fc.property(topology, policies, clusterPolicies, (pods, raw, cluster) => {
          const all = [...cluster.map(written), ...raw].map(imported);
          const engine = compile(pods, all, { ipBlockMatchesPods: false });
          for (const question of questions(pods))
            assert.deepEqual(
              engineSays(engine, question),
              referenceVerdict({ topology: pods, ipBlockMatchesPods: false }, raw, cluster, question),
            );
        }),
        { numRuns: 150 },
      );
    });

  test('gives the same verdicts whatever the order of the policy list', () => {
    fc.assert(
      fc.property(topology, policies, clusterPolicies, (pods, raw, cluster) => {
        const all = [...cluster.map(asClusterNetworkPolicy), ...raw].map(imported);
        const engine = compile(pods, all, { ipBlockMatchesPods: false });
        const turned = compile(pods, [...all].reverse(), { ipBlockMatchesPods: false });
        for (const question of questions(pods))
          assert.deepEqual(engineSays(turned, question), engineSays(engine, question));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the connectivity map', () => {
  test('holds exactly the ports on which the engine allows a flow', () => {
    fc.assert(
      fc.property(topology, policies, clusterPolicies, fc.boolean(), (pods, raw, cluster, ipBlockMatchesPods) => {
        const all = [...cluster.map(asClusterNetworkPolicy), ...raw].map(imported);
        assertMapAgrees(compile(pods, all, { ipBlockMatchesPods }), pods);
      }),
      { numRuns: 150 },
    );
  });
});

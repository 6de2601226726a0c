import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { policyDigest } from '../../../src/policies/digest.js';
import { importPolicies } from '../../../src/policies/import.js';
import { compile } from '../../../src/policies/simulation/evaluate.js';
import { networkPolicy, topology } from '../clusters.js';
import { assertMapAgrees, engineSays, questions } from '../questions.js';
import { calicoPolicies, networkSets, tiers } from './arbitrary.js';
import { namespaceObjects, policyObject, setObject, tierObject } from './objects.js';
import { calicoVerdict, type CalicoCluster } from './reference.js';

const kubernetes = fc.uniqueArray(networkPolicy, {
  maxLength: 2,
  selector: ({ metadata: { namespace, name } }) => `${namespace}/${name}`,
});

const clusters: fc.Arbitrary<CalicoCluster> = fc.record({
  topology,
  policies: calicoPolicies,
  kubernetes,
  tiers,
  networkSets,
});

function imported(cluster: CalicoCluster) {
  const found = importPolicies([
    ...cluster.kubernetes,
    ...cluster.policies.map(policyObject),
    ...cluster.tiers.map(tierObject),
    ...cluster.networkSets.map(setObject),
    ...namespaceObjects(cluster.topology),
  ]);
  assert.deepEqual(found.problems, []);
  return found.policies;
}

describe('Calico policies', () => {
  test('the engine agrees with the reference on every flow of a random cluster, both sides', () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const engine = compile(cluster.topology, imported(cluster), { ipBlockMatchesPods: true });
        for (const question of questions(cluster.topology))
          assert.deepEqual(engineSays(engine, question), calicoVerdict(cluster, question), JSON.stringify(question));
      }),
      { numRuns: 300 },
    );
  });

  test('the connectivity map holds exactly what the engine allows', () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        assertMapAgrees(compile(cluster.topology, imported(cluster), { ipBlockMatchesPods: true }), cluster.topology);
      }),
      { numRuns: 100 },
    );
  });

  test('the digest of a policy is a matter of the policy alone, not of tiers and sets', () => {
    fc.assert(
      fc.property(clusters, (cluster) => {
        const alone = imported({ ...cluster, tiers: [], networkSets: [] });
        assert.deepEqual(alone.map(policyDigest), imported(cluster).map(policyDigest));
      }),
      { numRuns: 50 },
    );
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importPolicies } from '../../../src/policies/import.js';
import { compile } from '../../../src/policies/simulation/evaluate.js';
import { networkPolicy, topology } from '../clusters.js';
import { assertMapAgrees, engineSays, questions } from '../questions.js';
import { ciliumObject, ciliumPolicies } from './arbitrary.js';
import { ciliumVerdict } from './reference.js';

const kubernetes = fc.uniqueArray(networkPolicy, {
  maxLength: 2,
  selector: ({ metadata: { namespace, name } }) => `${namespace}/${name}`,
});

function imported(objects: readonly object[]) {
  const { policies, problems } = importPolicies(objects);
  assert.deepEqual(problems, []);
  return policies;
}

describe('Cilium policies', () => {
  test('the engine agrees with the reference on every flow of a random cluster, both sides', () => {
    fc.assert(
      fc.property(topology, ciliumPolicies, kubernetes, (pods, cilium, raw) => {
        const engine = compile(pods, imported([...cilium.map(ciliumObject), ...raw]), { ipBlockMatchesPods: false });
        for (const question of questions(pods))
          assert.deepEqual(
            engineSays(engine, question),
            ciliumVerdict(pods, cilium, raw, question),
            JSON.stringify(question),
          );
      }),
      { numRuns: 300 },
    );
  });

  test('the connectivity map holds exactly what the engine allows', () => {
    fc.assert(
      fc.property(topology, ciliumPolicies, kubernetes, (pods, cilium, raw) => {
        const policies = imported([...cilium.map(ciliumObject), ...raw]);
        assertMapAgrees(compile(pods, policies, { ipBlockMatchesPods: false }), pods);
      }),
      { numRuns: 100 },
    );
  });
});

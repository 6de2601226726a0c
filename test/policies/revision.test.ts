import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Policy } from '../../src/policies/model.js';
import { Connectivity } from '../../src/policies/simulation/connectivity.js';
import { compile, type Engine, type Topology } from '../../src/policies/simulation/evaluate.js';
import { asClusterNetworkPolicy } from './cluster-kinds.js';
import { clusterPolicies, networkPolicy, topology } from './clusters.js';
import { imported } from './imported.js';
import { endOf, questions } from './questions.js';

/** A step in the life of a policy set. */
type Edit =
  | { readonly kind: 'add'; readonly policy: Policy }
  | { readonly kind: 'remove'; readonly at: number }
  | { readonly kind: 'turn'; readonly at: number }
  | { readonly kind: 'replace' | 'subject'; readonly at: number; readonly policy: Policy };

const policy = networkPolicy.map(imported);
const edit: fc.Arbitrary<Edit> = fc.oneof(
  policy.map((added) => ({ kind: 'add' as const, policy: added })),
  fc.nat(20).map((at) => ({ kind: 'remove' as const, at })),
  fc.nat(20).map((at) => ({ kind: 'turn' as const, at })),
  fc.record({ kind: fc.constantFrom('replace' as const, 'subject' as const), at: fc.nat(20), policy }),
);

function edited(policies: readonly Policy[], step: Edit): readonly Policy[] {
  if (step.kind === 'add') return [...policies, step.policy];
  const at = policies.length === 0 ? 0 : step.at % policies.length;
  if (step.kind === 'remove') return policies.filter((_, place) => place !== at);
  if (step.kind === 'turn') return [...policies.slice(at), ...policies.slice(0, at)];
  const { kind, policy: next } = step;
  // `subject` keeps the rule objects for other pods, as an editor of the model would make it.
  const changed = (old: Policy): Policy => (kind === 'subject' ? { ...old, subject: next.subject } : next);
  return policies.map((old, place) => (place === at ? changed(old) : old));
}

function assertEqualMaps(revised: Connectivity, fresh: Connectivity): void {
  assert.deepEqual([...revised.paths()], [...fresh.paths()]);
}

function assertEqualVerdicts(revised: Engine, fresh: Engine, pods: Topology): void {
  for (const question of questions(pods)) {
    const flow = { ...question, source: endOf(question.source), destination: endOf(question.destination) };
    assert.deepEqual(revised.verdict(flow), fresh.verdict(flow));
  }
}

describe('engines and maps that are revised', () => {
  test('equal those made anew, after every one of a thousand random edits', () => {
    let edits = 0;
    fc.assert(
      fc.property(topology, clusterPolicies, fc.array(edit, { minLength: 8, maxLength: 20 }), (pods, raw, steps) => {
        const options = { ipBlockMatchesPods: false };
        const cluster = raw.map(asClusterNetworkPolicy).map(imported);
        let policies: readonly Policy[] = cluster;
        let engine = compile(pods, policies, options);
        let map = new Connectivity(engine);
        for (const step of steps) {
          policies = edited(policies, step);
          engine = engine.revised(policies);
          map = map.revised(engine);
          const fresh = compile(pods, policies, options);
          assertEqualMaps(map, new Connectivity(fresh));
          edits++;
        }
        assertEqualVerdicts(engine, compile(pods, policies, options), pods);
      }),
      { numRuns: 110 },
    );
    assert.ok(edits >= 1000, `${edits} edits`);
  });

  test('what a change does not touch is not computed again', () => {
    const namespaces = ['a', 'b'].map((name) => ({ name, labels: {} }));
    const pods = ['a', 'b'].flatMap((namespace) =>
      ['x', 'y'].map((name) => ({
        key: `${namespace}/${name}`,
        namespace,
        name,
        labels: { app: name },
        ips: [],
        namedPorts: [],
        hostNetwork: false,
      })),
    );
    const denying = (namespace: string) =>
      imported({
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: { name: 'deny', namespace },
        spec: { podSelector: {}, policyTypes: ['Ingress'] },
      });
    const [inA, inB] = [denying('a'), denying('b')];
    const before = new Connectivity(compile({ namespaces, pods }, [inA, inB], { ipBlockMatchesPods: false }));
    const after = before.revised(before.engine.revised([inA]));
    assert.equal(after.sideRow('ingress', 0), before.sideRow('ingress', 0));
    assert.notEqual(after.sideRow('ingress', 2), before.sideRow('ingress', 2));
  });
});

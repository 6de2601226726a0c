import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import { protocols, type Policy } from '../../src/policies/model.js';
import { Connectivity } from '../../src/policies/simulation/connectivity.js';
import { compile, type Endpoint, type Engine, type Topology } from '../../src/policies/simulation/evaluate.js';
import { askedPorts, clusterPolicies, externalAddresses, networkPolicy, topology } from './clusters.js';
import { asAdminPolicy, asClusterNetworkPolicy } from './cluster-kinds.js';
import { referenceVerdict, type Question } from './reference.js';

function imported(object: unknown): Policy {
  const result = importPolicy(object);
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

function questions({ pods }: Topology): Question[] {
  const ends = [...pods, ...externalAddresses];
  return ends.flatMap((source) =>
    ends.flatMap((destination) =>
      typeof source === 'string' && typeof destination === 'string'
        ? []
        : protocols.flatMap((protocol) => askedPorts.map((port) => ({ source, destination, protocol, port }))),
    ),
  );
}

function endOf(end: Question['source']): Endpoint {
  return typeof end === 'string' ? { ip: end } : { pod: end.key };
}

function engineSays(engine: Engine, question: Question): { egress: boolean; ingress: boolean } {
  const { source, destination, protocol, port } = question;
  const verdict = engine.verdict({ source: endOf(source), destination: endOf(destination), protocol, port });
  assert.equal(verdict.allowed, verdict.egress.allowed && verdict.ingress.allowed);
  return { egress: verdict.egress.allowed, ingress: verdict.ingress.allowed };
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
        const engine = compile(pods, all, { ipBlockMatchesPods });
        const map = new Connectivity(engine);
        for (const question of questions(pods)) {
          const [source, destination] = [endOf(question.source), endOf(question.destination)];
          const ports = map.sets.ranges(map.between(engine.endpointNumber(source), engine.endpointNumber(destination)));
          const open = ports.some(
            ({ protocol, first, last }) =>
              protocol === question.protocol && first <= question.port && question.port <= last,
          );
          const { egress, ingress } = engineSays(engine, question);
          assert.equal(open, egress && ingress);
        }
      }),
      { numRuns: 150 },
    );
  });
});

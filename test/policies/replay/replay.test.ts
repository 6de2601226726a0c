import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importPolicy } from '../../../src/policies/kubernetes/import.js';
import type { Policy } from '../../../src/policies/model.js';
import { edgeClasses, Replay, uncertainReasons, type RecordedEdge } from '../../../src/policies/replay/replay.js';
import { ReplayTally } from '../../../src/policies/replay/tally.js';
import { networkPolicy, topology, type RawPolicy } from '../clusters.js';
import { referenceVerdict } from '../reference.js';
import { endOf, questions } from '../questions.js';

function imported(object: unknown): Policy {
  const result = importPolicy(object);
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

const policies = fc.uniqueArray(networkPolicy, {
  maxLength: 4,
  selector: ({ metadata: { namespace, name } }) => `${namespace}/${name}`,
});

/** Policies that ask for nothing but what is recorded of workloads. */
const plain = policies.map((list) => list.filter((policy) => !/ipBlock|"port":"/u.test(JSON.stringify(policy))));

const anyTopology = topology.map(({ namespaces, pods }) => ({
  namespaces,
  pods: pods.map((pod) => ({ ...pod, ips: [], namedPorts: [], hostNetwork: false })),
}));

function edgesOf(cluster: Parameters<typeof questions>[0]): { edge: RecordedEdge; at: number }[] {
  return questions(cluster).map((question, at) => {
    const [source, destination] = [endOf(question.source), endOf(question.destination)].map((end) =>
      'pod' in end ? end.pod : `ip:${end.ip}`,
    );
    assert.ok(source !== undefined && destination !== undefined);
    return { edge: { source, destination, protocol: question.protocol, port: question.port, flows: 1 + (at % 7) }, at };
  });
}

const web = { key: 'shop/web', namespace: 'shop', name: 'web', labels: { app: 'web' } };
const api = { key: 'shop/api', namespace: 'shop', name: 'api', labels: { app: 'api' } };
const call: RecordedEdge = { source: 'shop/web', destination: 'shop/api', protocol: 'TCP', port: 8443, flows: 3 };

function ingress(rule: object): RawPolicy {
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'api', namespace: 'shop' },
    spec: { podSelector: { matchLabels: { app: 'api' } }, ingress: [rule] },
  };
}

function judged(draft: readonly RawPolicy[], edge: RecordedEdge = call, workloads: readonly object[] = [web, api]) {
  const set = { inForce: [], draft: draft.map(imported), namespaces: [] };
  return new Replay({ ...set, workloads: workloads as readonly (typeof web)[] }).judge(edge);
}

describe('a replay', () => {
  test('judges every edge as the reference does before and after', () => {
    fc.assert(
      fc.property(anyTopology, plain, plain, (cluster, was, becomes) => {
        const replay = new Replay({
          inForce: was.map(imported),
          draft: becomes.map(imported),
          namespaces: cluster.namespaces,
          workloads: cluster.pods,
        });
        const asked = questions(cluster);
        for (const { edge, at } of edgesOf(cluster)) {
          const question = asked[at];
          assert.ok(question !== undefined);
          const [before, after] = [was, becomes].map((raw) => {
            const sides = referenceVerdict({ topology: cluster, ipBlockMatchesPods: false }, raw, [], question);
            return sides.egress && sides.ingress;
          });
          const expected =
            before === after
              ? before === true
                ? 'stays_allowed'
                : 'stays_denied'
              : after === true
                ? 'newly_allowed'
                : 'newly_blocked';
          assert.equal(replay.judge(edge).class, expected, JSON.stringify(edge));
        }
      }),
      { numRuns: 60 },
    );
  });

  test('sums to its input and digests alike when run again, ipBlocks and named ports included', () => {
    fc.assert(
      fc.property(anyTopology, policies, policies, (cluster, was, becomes) => {
        const run = () => {
          const set = { inForce: was.map(imported), draft: becomes.map(imported) };
          const replay = new Replay({ ...set, namespaces: cluster.namespaces, workloads: cluster.pods });
          const tally = new ReplayTally();
          for (const { edge } of edgesOf(cluster)) tally.add(edge, replay.judge(edge));
          return tally.finish();
        };
        const figures = run();
        for (const part of ['edges', 'flows'] as const) {
          const sum = (counts: readonly { edges: number; flows: number }[]) =>
            counts.reduce((total, count) => total + count[part], 0);
          assert.equal(sum(edgeClasses.map((name) => figures.classes[name])), figures.total[part]);
          assert.equal(sum(uncertainReasons.map((name) => figures.reasons[name])), figures.classes.uncertain[part]);
        }
        assert.equal(figures.total.edges, edgesOf(cluster).length);
        assert.deepEqual(run(), figures);
      }),
      { numRuns: 60 },
    );
  });

  test('explains a blocked edge by the policy that isolates', () => {
    const outcome = judged([ingress({ from: [{ podSelector: { matchLabels: { app: 'other' } } }] })]);
    assert.ok(outcome.class === 'newly_blocked');
    assert.deepEqual(outcome.after.ingress.by, {
      isolatedBy: [{ system: 'kubernetes', kind: 'NetworkPolicy', namespace: 'shop', name: 'api' }],
    });
  });

  test('is uncertain where an ipBlock may cover a workload, whose address nobody recorded', () => {
    const draft = [ingress({ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] })];
    assert.deepEqual(judged(draft), { class: 'uncertain', reason: 'option_dependent' });
    assert.equal(judged(draft, { ...call, source: 'ip:10.1.2.3' }).class, 'stays_allowed');
    assert.equal(judged(draft, { ...call, source: 'ip:192.0.2.1' }).class, 'newly_blocked');
  });

  test('is uncertain about named ports, unknown workloads, labels nobody saw, and ports not recorded', () => {
    const reasonOf = (outcome: ReturnType<typeof judged>) => (outcome.class === 'uncertain' ? outcome.reason : null);
    assert.equal(reasonOf(judged([ingress({ ports: [{ port: 'https' }] })])), 'not_modelled');
    assert.equal(reasonOf(judged([], { ...call, source: 'shop/gone' })), 'unknown_workload');
    assert.equal(reasonOf(judged([], { ...call, source: 'ip:nonsense' })), 'unknown_workload');
    assert.equal(reasonOf(judged([], call, [web, { ...api, labels: null }])), 'labels_unknown');
    assert.equal(reasonOf(judged([], call, [web, { ...api, namespace: null }])), 'unknown_workload');
    assert.equal(reasonOf(judged([], { ...call, port: -1 })), 'not_modelled');
    assert.equal(reasonOf(judged([], { ...call, protocol: 'unknown' })), 'not_modelled');
  });

  test('takes labels as of the time of the flows, and says where they changed meanwhile and it matters', () => {
    const draft = [ingress({ from: [{ podSelector: { matchLabels: { app: 'web' } } }] })].map(imported);
    const history = [
      { since: 100, labels: { app: 'web' } },
      { since: 200, labels: { app: 'web', release: 'two' } },
      { since: 300, labels: { app: 'other' } },
    ];
    const replay = new Replay({ inForce: [], draft, namespaces: [], workloads: [{ ...web, history }, api] });
    const at = (time: number, firstTime = time) => replay.judge({ ...call, firstTime, time });
    assert.deepEqual(at(99), { class: 'uncertain', reason: 'labels_unknown' });
    assert.equal(at(100).class, 'stays_allowed');
    assert.equal(at(299).class, 'stays_allowed');
    assert.equal(at(300).class, 'newly_blocked');
    assert.equal(at(250, 150).class, 'stays_allowed', 'both sets of labels are allowed');
    assert.deepEqual(at(350, 150), { class: 'uncertain', reason: 'labels_unknown' });
    assert.equal(at(250, 50).class, 'stays_allowed', 'labels that were first shown after the first flow');
  });

  test('cannot tell what is said of labels of namespaces, which records do not show', () => {
    const outcome = (from: object) => judged([ingress({ from: [from] })]);
    const uncertain = { class: 'uncertain', reason: 'not_modelled' };
    assert.deepEqual(outcome({ namespaceSelector: { matchLabels: { stage: 'live' } } }), uncertain);
    assert.equal(
      outcome({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } }).class,
      'stays_allowed',
    );
  });

  test('another edge, count or draft gives another digest', () => {
    const digests = (edge: RecordedEdge, draft: readonly RawPolicy[]) => {
      const tally = new ReplayTally();
      tally.add(edge, judged(draft, edge));
      return tally.finish();
    };
    const first = digests(call, []);
    assert.notEqual(digests({ ...call, flows: 4 }, []).edgesDigest, first.edgesDigest);
    const other = digests(call, [ingress({ ports: [{ port: 1 }] })]);
    assert.equal(other.edgesDigest, first.edgesDigest);
    assert.notEqual(other.resultDigest, first.resultDigest);
  });
});

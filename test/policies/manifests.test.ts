import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readCluster } from '../../src/policies/manifests/cluster.js';

const policy = (name: string, namespace: string | undefined, spec = '{ podSelector: {} }') => `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}${namespace === undefined ? '' : `, namespace: ${namespace}`} }
spec: ${spec}
`;

const read = (...texts: string[]) => readCluster(texts.map((text, at) => ({ name: `${at}.yaml`, text })));

describe('manifest files', () => {
  test('hold several documents, comments and empty ones, in YAML and JSON', () => {
    const yaml = `# a comment alone\n---\n---\n${policy('a', undefined)}\n--- # with a comment\n\n---\n{"kind":"Namespace","metadata":{"name":"shop","labels":null}}\n...\n`;
    const json = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'web' },
      spec: { containers: null },
    });
    const { topology, policies, problems, passedOver } = read(yaml, json);
    assert.deepEqual([problems, passedOver], [[], []]);
    assert.deepEqual(
      policies.map(({ id }) => id.namespace),
      ['default'],
    );
    assert.deepEqual(
      topology.pods.map(({ key }) => key),
      ['default/web[Pod]'],
    );
    assert.deepEqual(topology.namespaces, [{ name: 'shop', labels: {} }]);
  });

  test('hold lists: of one kind, of any, without a kind, in each other', () => {
    const pod = (name: string) => ({ kind: 'Pod', metadata: { name, namespace: 'a' }, spec: { containers: [] } });
    const lists = [
      {
        kind: 'PodList',
        apiVersion: 'v1',
        items: [{ metadata: { name: 'p', namespace: 'a' }, spec: { containers: [] } }],
      },
      { kind: 'List', items: [pod('q'), { kind: 'List', items: [pod('r')] }] },
      { items: [pod('s')] },
    ];
    const { topology, problems } = read(...lists.map((list) => JSON.stringify(list)), JSON.stringify([pod('t')]));
    assert.deepEqual(problems, []);
    assert.deepEqual(topology.pods.map(({ name }) => name).join(''), 'pqrst');
  });

  test('name what no verdict regards: other kinds, and those that decide connections', () => {
    const { passedOver } = read(
      '{ kind: Service, metadata: { name: a } }\n---\n{ kind: Service, metadata: { name: b } }\n---\n{ kind: Ingress, metadata: { name: i } }\n---\n{ replicas: 3 }\n---\njust text',
    );
    assert.deepEqual(
      passedOver.map(({ kind, count }) => [kind, count]),
      [
        ['(no kind)', 1],
        ['Ingress', 1],
        ['Service', 2],
      ],
    );
    assert.match(passedOver.find(({ kind }) => kind === 'Ingress')?.meaning ?? '', /not modelled/u);
  });

  test('that are wrong are refused at their place, and the rest is read', () => {
    const bad = policy('bad', 'a', '{ podSelector: {}, ingress: [{ ports: [{ port: 80, endPort: 79 }] }] }');
    const { problems, policies } = read(
      `${policy('good', 'a')}---${bad}`,
      'kind: [',
      '{"kind":"Deployment","metadata":{"name":"d"},"spec":{"template":{"spec":{"containers":[{"ports":[{"containerPort":0}]}]}}}}',
    );
    assert.equal(policies.length, 1);
    const places = problems.map(({ place, object, path }) => `${place.file} ${place.document} ${object} ${path}`);
    assert.deepEqual(places, [
      '1.yaml 1  ',
      '0.yaml 2 NetworkPolicy a/bad spec.ingress[0].ports[0].endPort',
      '2.yaml 1 Deployment d spec.template.spec.containers[0].ports[0].containerPort',
    ]);
    assert.match(problems[0]?.message ?? '', /line 1/u);
  });

  test('with one policy twice are in conflict, also when one leaves out the namespace', () => {
    const { problems } = read(policy('a', undefined), policy('a', 'default'));
    assert.deepEqual(
      problems.map(({ place, object }) => [place.file, object]),
      [['1.yaml', 'NetworkPolicy default/a']],
    );
  });

  test('with a key twice take the last, as the API server does, and say so', () => {
    const { policies, doubts } = read(`${policy('a', 'x')}spec: { podSelector: { matchLabels: { app: b } } }`);
    assert.deepEqual(policies[0]?.subject.pods, [{ key: 'app', operator: 'In', values: ['b'] }]);
    assert.match(doubts[0]?.message ?? '', /the last one counts/u);
  });

  test('pods of one owner are one workload unless selectors can tell them apart', () => {
    const pod = (name: string, labels: object, ip: string) =>
      JSON.stringify({
        kind: 'Pod',
        metadata: {
          name,
          namespace: 'a',
          labels,
          ownerReferences: [{ kind: 'ReplicaSet', name: 'web', controller: true }],
        },
        spec: { containers: [] },
        status: { podIPs: [{ ip }, { ip: 'fd00::1' }] },
      });
    const pods = [
      pod('web-1', { app: 'web', hash: '1' }, '10.0.0.1'),
      pod('web-2', { app: 'web', hash: '2' }, '10.0.0.2'),
    ];
    const [one] = read(...pods).topology.pods;
    assert.deepEqual(
      [one?.key, one?.ips, one?.pods],
      ['a/web[ReplicaSet]', ['10.0.0.1', 'fd00::1', '10.0.0.2'], ['web-1', 'web-2']],
    );
    const told = read(...pods, policy('p', 'a', '{ podSelector: { matchLabels: { hash: "1" } } }')).topology.pods;
    assert.deepEqual(
      told.map(({ key }) => key),
      ['a/web[ReplicaSet]', 'a/web[ReplicaSet]#2'],
    );
  });

  test('of any content never make the reader throw', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.string(), fc.json(), fc.constant('a: &a [*a]'), fc.constant('kind: Pod')), {
          maxLength: 5,
        }),
        (texts) => {
          readCluster([{ name: 'x', text: texts.join('\n---\n') }]);
        },
      ),
    );
  });
});

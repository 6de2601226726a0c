import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FlowLines } from '../../src/policies/flow-lines.js';
import { answerFlow, answerJson, FlowResolver, type FlowAnswer } from '../../src/policies/flow-questions.js';
import { readCluster } from '../../src/policies/manifests/cluster.js';
import { compile } from '../../src/policies/simulation/evaluate.js';

const pod = (name: string, owner: string | null, ip: string, more: object = {}) => ({
  kind: 'Pod',
  metadata: {
    name,
    namespace: 'shop',
    labels: { app: owner ?? name },
    ownerReferences: owner === null ? [] : [{ kind: 'ReplicaSet', name: owner }],
  },
  spec: { containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }], ...more },
  status: { podIP: ip },
});

const objects = [
  pod('web-1', 'web', '10.0.0.1'),
  pod('web-2', 'web', '10.0.0.2'),
  pod('db', null, '10.0.0.3'),
  pod('agent', null, '192.168.0.1', { hostNetwork: true }),
  {
    kind: 'StatefulSet',
    metadata: { name: 'twin', namespace: 'shop' },
    spec: { template: { spec: { containers: [] } } },
  },
  {
    kind: 'Deployment',
    metadata: { name: 'twin', namespace: 'shop' },
    spec: { template: { spec: { containers: [] } } },
  },
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'web-in', namespace: 'shop' },
    spec: {
      podSelector: { matchLabels: { app: 'web' } },
      ingress: [
        {
          from: [{ ipBlock: { cidr: '10.0.0.0/8' } }, { ipBlock: { cidr: '203.0.113.0/24' } }],
          ports: [{ port: 22 }, { port: 'http' }],
        },
      ],
    },
  },
];

const { topology, policies } = readCluster(
  objects.map((object, at) => ({ name: `${at}`, text: JSON.stringify(object) })),
);
const engine = compile(topology, policies, { ipBlockMatchesPods: false });
const resolver = new FlowResolver(topology, engine);
const other = { engine: compile(topology, policies, { ipBlockMatchesPods: true }), option: 'ipblock-matches-pods' };

function ask(source: string, destination: string, port = '8080', protocol = 'TCP'): FlowAnswer {
  return answerFlow({ engine, resolver, other }, { source, destination, protocol, port });
}

/** The reason a line is refused for. */
function refused(line: string): string {
  const read = new FlowLines().read(line);
  assert.ok(typeof read === 'string');
  return read;
}

describe('questions about flows', () => {
  test('an allowed flow names the rule, the peer and the port that allow it', () => {
    const answer = ask('203.0.113.9', 'shop/web-2');
    assert.equal(answer.verdict, 'allow');
    assert.deepEqual(answer.ingress.rules, [{ policy: 'NetworkPolicy shop/web-in', rule: 0, peer: 1, port: 1 }]);
    assert.deepEqual([answer.egress.reason, answer.ingress.tier], ['external', 'NetworkPolicy']);
  });

  test('a denied flow names who isolates, and what no policy selects is said to be so', () => {
    const answer = ask('198.51.100.1', 'shop/web[ReplicaSet]');
    assert.equal(answer.verdict, 'deny');
    assert.deepEqual([answer.ingress.reason, answer.ingress.policies], ['isolated', ['NetworkPolicy shop/web-in']]);
    assert.match(answer.ingress.text, /isolated by NetworkPolicy shop\/web-in/u);
    const open = ask('shop/web', 'shop/db');
    assert.ok(open.verdict === 'allow');
    assert.deepEqual([open.egress.reason, open.ingress.text], ['no_policy_selects', 'no policy selects it']);
  });

  test('pods, workloads and their addresses are the same ends', () => {
    for (const end of ['shop/web', 'shop/web-1', 'shop/web[ReplicaSet]', '10.0.0.1', '10.0.0.2']) {
      const answer = ask('198.51.100.1', end);
      assert.equal(answer.verdict, 'deny', end);
    }
  });

  test('a verdict that hangs on whether ipBlock covers pods says so', () => {
    const answer = ask('shop/db', 'shop/web');
    assert.ok(answer.verdict === 'deny');
    assert.deepEqual(answer.dependsOn, ['ipblock-matches-pods']);
  });

  for (const [reason, source, destination, port, protocol] of [
    ['unknown_workload', 'shop/gone', 'shop/db', '80', 'TCP'],
    ['unknown_workload', 'db', 'shop/db', '80', 'TCP'],
    ['ambiguous_workload', 'shop/twin', 'shop/db', '80', 'TCP'],
    ['host_network_address', '192.168.0.1', 'shop/db', '80', 'TCP'],
    ['no_workload', '198.51.100.1', '198.51.100.2', '80', 'TCP'],
    ['unknown_protocol', 'shop/web', 'shop/db', '80', 'GRE'],
    ['bad_port', 'shop/web', 'shop/db', '65536', 'TCP'],
    ['bad_port', 'shop/web', 'shop/db', 'http', 'TCP'],
    ['missing_field', 'shop/web', '', '80', 'TCP'],
  ] as const)
    test(`${source} to ${destination} ${protocol} ${port} is unknown: ${reason}`, () => {
      const answer = ask(source, destination, port, protocol);
      assert.ok(answer.verdict === 'unknown');
      assert.equal(answer.reason, reason);
      assert.notEqual(answer.message, '');
    });

  test('the line of an answer is what JSON.stringify writes', () => {
    for (const answer of [ask('203.0.113.9', 'shop/web'), ask('shop/db', 'shop/web'), ask('x', 'y')])
      assert.equal(answerJson(answer), JSON.stringify(answer));
  });

  test('lines are NDJSON or CSV in any order of columns', () => {
    const question = { source: 'a/b', destination: '1.2.3.4', protocol: 'UDP', port: '53' };
    assert.deepEqual(new FlowLines().read('{"src":"a/b","dst":"1.2.3.4","proto":"UDP","port":53}'), question);
    const csv = new FlowLines();
    assert.equal(csv.read('port,verdict,"protocol",dst,src'), null);
    assert.deepEqual(csv.read('53,allow,UDP,"1.2.3.4",a/b'), question);
    assert.equal(csv.read('  '), null);
    assert.match(refused('a/b,1.2.3.4,UDP,53'), /header/u);
    assert.match(refused('{"src":'), /JSON/u);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { HygieneCheck, HygieneFinding } from '../../src/policies/hygiene/findings.js';
import { lintPolicies } from '../../src/policies/hygiene/lint.js';
import {
  contained,
  equivalent,
  forbids,
  interferes,
  permits,
  PolicySet,
} from '../../src/policies/hygiene/policy-set.js';
import { redundantPolicies, redundantRules, withoutRule } from '../../src/policies/hygiene/redundancy.js';
import { answerScheme } from '../../src/policies/hygiene/scheme.js';
import { diffEngines } from '../../src/policies/diff.js';
import { compile, type Topology } from '../../src/policies/simulation/evaluate.js';
import { networkPolicy, topology } from './clusters.js';
import { imported } from './imported.js';

const options = { ipBlockMatchesPods: false };

const pod = (name: string, labels: Record<string, string>) => ({
  key: `shop/${name}`,
  namespace: 'shop',
  name,
  labels,
  ips: [],
  namedPorts: [{ name: 'http', protocol: 'TCP', port: 8080 }],
  hostNetwork: false,
});

const shop: Topology = {
  namespaces: [{ name: 'shop', labels: { team: 'red' } }],
  pods: [pod('web', { app: 'web' }), pod('api', { app: 'api' }), pod('db', { app: 'db' })],
};

const app = (name: string) => ({ matchLabels: { app: name } });
const policy = (name: string, spec: object) =>
  imported({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace: 'shop' }, spec });

const webToApi = policy('web-to-api', {
  podSelector: app('api'),
  ingress: [{ from: [{ podSelector: app('web') }], ports: [{ port: 8080 }] }],
});

function found(
  policies: Parameters<typeof lintPolicies>[1],
  check: HygieneCheck,
  on: Topology = shop,
): HygieneFinding[] {
  return lintPolicies(on, policies, options).filter((finding) => finding.check === check);
}

describe('hygiene', () => {
  test('a sound set has no warnings', () => {
    assert.deepEqual(
      lintPolicies(shop, [webToApi], options).filter(({ severity }) => severity === 'warning'),
      [],
    );
  });

  test('a policy that selects nobody, and a rule for nobody, with the labels that are nobody’s', () => {
    const typo = policy('typo', { podSelector: app('wbe'), ingress: [] });
    const rule = policy('rule', { podSelector: app('db'), ingress: [{ from: [{ podSelector: app('nobody') }] }] });
    assert.deepEqual(
      found([typo, rule], 'selects-nothing').map(({ policies }) => policies),
      [['NetworkPolicy shop/typo']],
    );
    assert.deepEqual(
      found([typo, rule], 'rule-selects-nothing').map(({ place }) => place),
      ['ingress[0]'],
    );
    assert.deepEqual(
      found([typo, rule], 'orphan-label').map(({ message }) => message),
      ['no workload has the label app with the value wbe', 'no workload has the label app with the value nobody'],
    );
  });

  test('a policy that another covers, and by which', () => {
    const wider = policy('wider', { podSelector: app('api'), ingress: [{ from: [{ podSelector: {} }] }] });
    const [finding, ...more] = found([webToApi, wider], 'redundant-policy');
    assert.deepEqual(
      [finding?.policies, finding?.others, more],
      [['NetworkPolicy shop/web-to-api'], ['NetworkPolicy shop/wider'], []],
    );
  });

  test('a rule that another rule of the policy covers', () => {
    const twice = policy('twice', {
      podSelector: app('api'),
      ingress: [
        { from: [{ podSelector: app('web') }] },
        { from: [{ podSelector: app('web') }], ports: [{ port: 80 }] },
      ],
    });
    assert.deepEqual(
      found([twice], 'redundant-rule').map(({ place }) => place),
      ['ingress[1]'],
    );
  });

  test('a policy that changes nothing, copies, and permissions given twice', () => {
    const open = policy('open', { podSelector: {}, ingress: [{}] });
    assert.deepEqual(
      found([open], 'vacuous').map(({ policies }) => policies),
      [['NetworkPolicy shop/open']],
    );
    const copy = policy('copy', {
      podSelector: app('api'),
      ingress: [{ ports: [{ protocol: 'TCP', port: 8080 }], from: [{ podSelector: app('web') }] }],
    });
    assert.deepEqual(found([webToApi, copy], 'duplicate-policy')[0]?.policies, [
      'NetworkPolicy shop/web-to-api',
      'NetworkPolicy shop/copy',
    ]);
    const partly = policy('partly', { podSelector: app('api'), ingress: [{ ports: [{ port: 8080 }] }] });
    assert.deepEqual(found([webToApi, partly], 'overlapping')[0]?.others, ['NetworkPolicy shop/partly']);
  });

  test('ports no destination has a name for, on the side that matters', () => {
    const named = policy('named', {
      podSelector: app('web'),
      ingress: [{ ports: [{ port: 'http' }, { port: 'grpc' }] }],
      egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 'http' }] }],
    });
    assert.deepEqual(
      found([named], 'named-port-nowhere').map(({ place }) => place),
      ['ingress[0].ports[1]', 'egress[0].ports[0]'],
    );
  });

  test('rules for everybody, for all workloads, and for all ports', () => {
    const broad = policy('broad', {
      podSelector: app('api'),
      ingress: [{ ports: [{ port: 80 }] }, { from: [{ namespaceSelector: {} }] }],
    });
    assert.deepEqual(
      found([broad], 'any-peer').map(({ place, message }) => [place, message]),
      [
        ['ingress[0]', 'allows every peer, workloads and all addresses'],
        ['ingress[1]', 'allows every workload'],
      ],
    );
    assert.deepEqual(
      found([broad], 'all-ports').map(({ place }) => place),
      ['ingress[1]'],
    );
  });

  test('equal priorities, labels spelt in two ways, workloads nobody governs', () => {
    const admin = (name: string) =>
      imported({
        apiVersion: 'policy.networking.k8s.io/v1alpha1',
        kind: 'AdminNetworkPolicy',
        metadata: { name },
        spec: { priority: 5, subject: { namespaces: {} }, ingress: [{ action: 'Deny', from: [{ namespaces: {} }] }] },
      });
    assert.match(found([admin('a'), admin('b')], 'conflict')[0]?.message ?? '', /priority 5/u);
    const spelt: Topology = { ...shop, pods: [...shop.pods, pod('x', { App: 'x' }), pod('y', { app: 'Web' })] };
    assert.deepEqual(
      found([], 'inconsistent-labels', spelt).map(({ message }) => message),
      [
        'label keys that differ in spelling only: app, App',
        'values of the label app that differ in spelling only: web, Web',
      ],
    );
    assert.match(found([webToApi], 'not-selected')[0]?.message ?? '', /ingress of 2 workloads: shop\/web, shop\/db/u);
  });
});

describe('sets of policies beside each other', () => {
  const several = fc.array(networkPolicy.map(imported), { maxLength: 4 });

  test('are equivalent exactly when the difference of their engines is empty', () => {
    fc.assert(
      fc.property(topology, several, several, (pods, a, b) => {
        const [one, other] = PolicySet.beside(pods, [a, b], options);
        assert.ok(one !== undefined && other !== undefined);
        const difference = diffEngines(compile(pods, a, options), compile(pods, b, options));
        assert.equal(equivalent(one, other), difference.length === 0);
        assert.equal(
          contained(one, other),
          difference.every(({ lost }) => lost.length === 0),
        );
        assert.equal(equivalent(one, other), contained(one, other) && contained(other, one));
      }),
      { numRuns: 150 },
    );
  });

  test('what is called redundant changes nothing when it is taken away, and nothing else is', () => {
    fc.assert(
      fc.property(topology, several, (pods, policies) => {
        const [set] = PolicySet.beside(pods, [policies], options);
        assert.ok(set !== undefined);
        const engine = compile(pods, policies, options);
        const same = (others: typeof policies) => diffEngines(engine, compile(pods, others, options)).length === 0;
        const redundant = redundantPolicies(set);
        for (const one of policies) {
          assert.equal(redundant.includes(one), same(policies.filter((other) => other !== one)));
          for (const place of redundantRules(set, one))
            assert.ok(same(policies.map((other) => (other === one ? withoutRule(one, place) : other))));
        }
      }),
      { numRuns: 80 },
    );
  });

  test('permit, forbid and interfere by what is allowed explicitly', () => {
    const deny = policy('deny', { podSelector: app('api'), ingress: [] });
    const all = policy('all', { podSelector: app('api'), ingress: [{}] });
    const [narrow, none, wide, empty] = PolicySet.beside(shop, [[webToApi], [deny], [all], []], options);
    assert.ok(narrow !== undefined && none !== undefined && wide !== undefined && empty !== undefined);
    assert.deepEqual([permits(wide, narrow), permits(none, narrow), permits(empty, narrow)], [true, false, true]);
    assert.deepEqual([forbids(none, narrow), forbids(wide, narrow)], [true, false]);
    assert.deepEqual(
      [interferes(wide, narrow), interferes(narrow, wide), interferes(empty, narrow)],
      [true, false, false],
    );
  });
});

test('a scheme names its sets and single policies of them, and its queries are answered', () => {
  const files: Record<string, string> = {
    'pods.yaml': '{ kind: Pod, metadata: { name: web, namespace: a, labels: { app: web } }, spec: { containers: [] } }',
    'one.yaml':
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: deny, namespace: a }\nspec: { podSelector: {} }',
    'none.yaml': '# nothing',
    'bad.yaml':
      'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: bad, namespace: a }\nspec: { podSelector: 3 }',
  };
  const scheme = `
podList: pods.yaml
networkConfigList:
  - { name: one, networkPolicyList: [one.yaml] }
  - { name: none, networkPolicyList: none.yaml }
  - { name: bad, networkPolicyList: [bad.yaml] }
queries:
  - { name: differs, equivalence: [one, none], expected: 1 }
  - { name: contained, containment: [none, one/a/deny], expected: 1 }
  - { name: wrong, vacuity: [one], expected: 1 }
  - { name: refused, vacuity: [bad] }
  - { name: unknown, divination: [one] }
`;
  const answers = answerScheme({ name: 'scheme.yaml', text: scheme }, (path) => [
    { name: path, text: files[path] ?? '' },
  ]);
  assert.deepEqual(
    answers.map(({ result, agrees }) => [result, agrees]),
    [
      [1, true],
      [1, true],
      [0, false],
      [null, null],
      [null, null],
    ],
  );
  assert.match(answers[3]?.message ?? '', /bad\.yaml: NetworkPolicy a\/bad: spec\.podSelector/u);
});

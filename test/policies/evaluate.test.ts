import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import { policyIdText, type Policy } from '../../src/policies/model.js';
import {
  compile,
  UnknownEndpointError,
  type Engine,
  type Flow,
  type Pod,
  type SideVerdict,
} from '../../src/policies/simulation/evaluate.js';

function pod(key: string, labels: Record<string, string>, more: Partial<Pod> = {}): Pod {
  const [namespace = '', name = ''] = key.split('/');
  return { key, namespace, name, labels, ips: [], namedPorts: [], hostNetwork: false, ...more };
}

const namespaces = [{ name: 'shop', labels: { team: 'red' } }];
const pods = [
  pod('shop/web', { app: 'web' }, { ips: ['10.0.0.1', 'fd00::1'] }),
  pod('shop/api', { app: 'api' }, { ips: ['10.0.0.2'], namedPorts: [{ name: 'http', protocol: 'TCP', port: 8080 }] }),
  pod('shop/bare', {}, { ips: ['10.0.0.3'] }),
  pod('ops/probe', { app: 'probe' }, { ips: ['10.0.1.1'] }),
  pod('ops/agent', { app: 'agent' }, { ips: ['192.168.7.1'], hostNetwork: true }),
];

function networkPolicy(name: string, spec: object, namespace = 'shop'): Policy {
  return imported({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name, namespace }, spec });
}

function clusterPolicy(name: string, spec: object): Policy {
  return imported({
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name },
    spec: { tier: 'Admin', subject: { namespaces: {} }, ...spec },
  });
}

function imported(object: unknown): Policy {
  const result = importPolicy(object);
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

function engineOf(policies: readonly Policy[], ipBlockMatchesPods = false): Engine {
  return compile({ namespaces, pods }, policies, { ipBlockMatchesPods });
}

function flow(source: string, destination: string, port = 80, protocol: Flow['protocol'] = 'TCP'): Flow {
  const end = (text: string) => (text.includes('/') ? { pod: text } : { ip: text });
  return { source: end(source), destination: end(destination), protocol, port };
}

/** `Policy#rule.peer.port` of every match, or the names of the isolating policies. */
function reason({ by, passedBy }: SideVerdict): string {
  const place = ({ policy, rule, peer, port }: (typeof passedBy)[number]) => `${policy.name}#${rule}.${peer}.${port}`;
  const passed = passedBy.map((match) => `${place(match)} then `).join('');
  if (typeof by === 'string') return passed + by;
  return (
    passed +
    ('policies' in by ? `${by.tier} ${by.policies.map(place).join(' ')}` : by.isolatedBy.map(policyIdText).join())
  );
}

const api = { podSelector: { matchLabels: { app: 'api' } } };
const fromWeb = { from: [{ podSelector: { matchLabels: { app: 'web' } } }] };

describe('reasons as data', () => {
  test('an allowed side names every policy that allows, with rule, peer and port from 0', () => {
    const engine = engineOf([
      networkPolicy('deny', api),
      networkPolicy('first', {
        ...api,
        ingress: [
          { ports: [{ port: 1 }] },
          {
            from: [{ namespaceSelector: { matchLabels: { team: 'blue' } } }, ...fromWeb.from],
            ports: [{ port: 79 }, { port: 80 }],
          },
        ],
      }),
      networkPolicy('second', { ...api, ingress: [{}] }),
    ]);
    const { allowed, egress, ingress } = engine.verdict(flow('shop/web', 'shop/api'));
    assert.equal(allowed, true);
    assert.equal(reason(egress), 'no_policy_selects');
    assert.equal(reason(ingress), 'NetworkPolicy first#1.1.1 second#0.null.null');
  });

  test('a denied side names the policies that isolate the pod', () => {
    const engine = engineOf([networkPolicy('a', api), networkPolicy('b', { ...api, ingress: [fromWeb] })]);
    const { allowed, ingress } = engine.verdict(flow('shop/bare', 'shop/api'));
    assert.equal(allowed, false);
    assert.equal(reason(ingress), 'NetworkPolicy shop/a,NetworkPolicy shop/b');
  });

  test('self, external and host-network ends say what they are', () => {
    const everything = networkPolicy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    const engine = engineOf([
      everything,
      networkPolicy('ops', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }, 'ops'),
    ]);
    assert.deepEqual(
      Object.values(engine.verdict(flow('shop/api', 'shop/api')))
        .slice(1)
        .map(reason),
      ['self', 'self'],
    );
    assert.equal(reason(engine.verdict(flow('8.8.8.8', 'shop/api')).egress), 'external');
    assert.equal(reason(engine.verdict(flow('ops/agent', 'shop/api')).egress), 'host_network');
    assert.equal(engine.verdict(flow('8.8.8.8', '9.9.9.9')).allowed, true);
  });

  test('an unknown pod or a malformed address is an error, not a verdict', () => {
    for (const [source, destination] of [
      ['shop/gone', 'shop/api'],
      ['shop/api', '10.0.0'],
      ['1.2.3.4.5', 'shop/api'],
    ] as const)
      assert.throws(() => engineOf([]).verdict(flow(source, destination)), UnknownEndpointError);
  });
});

describe('traps of NetworkPolicy', () => {
  const denied = (policies: Policy[], source: string, destination: string, ...rest: [number?, Flow['protocol']?]) =>
    !engineOf(policies).verdict(flow(source, destination, ...rest)).allowed;

  test('NotIn and DoesNotExist match pods that lack the key', () => {
    for (const term of [
      { key: 'app', operator: 'NotIn', values: ['web'] },
      { key: 'app', operator: 'DoesNotExist' },
    ]) {
      const policy = networkPolicy('p', {
        ...api,
        ingress: [{ from: [{ podSelector: { matchExpressions: [term] } }] }],
      });
      assert.equal(denied([policy], 'shop/bare', 'shop/api'), false);
      assert.equal(denied([policy], 'shop/web', 'shop/api'), true);
    }
  });

  test('NotIn matches namespaces that lack the key, and a namespace without an object has its name as a label', () => {
    const from = (namespaceSelector: object) => [
      networkPolicy('p', { ...api, ingress: [{ from: [{ namespaceSelector }] }] }),
    ];
    const term = { key: 'team', operator: 'NotIn', values: ['red'] };
    assert.equal(denied(from({ matchExpressions: [term] }), 'ops/probe', 'shop/api'), false);
    assert.equal(denied(from({ matchExpressions: [term] }), 'shop/web', 'shop/api'), true);
    assert.equal(
      denied(from({ matchLabels: { 'kubernetes.io/metadata.name': 'ops' } }), 'ops/probe', 'shop/api'),
      false,
    );
  });

  test('two peers are alternatives, two selectors in one peer must both hold', () => {
    const [ops, web] = [
      { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } },
      fromWeb.from[0],
    ];
    const or = networkPolicy('or', { ...api, ingress: [{ from: [ops, web] }] });
    const and = networkPolicy('and', { ...api, ingress: [{ from: [{ ...ops, ...web }] }] });
    assert.equal(denied([or], 'ops/probe', 'shop/api'), false);
    assert.equal(denied([or], 'shop/web', 'shop/api'), false);
    assert.equal(denied([and], 'ops/probe', 'shop/api'), true);
    assert.equal(denied([and], 'shop/web', 'shop/api'), true);
  });

  test('both halves must allow', () => {
    const into = networkPolicy('in', { ...api, ingress: [fromWeb] });
    const out = networkPolicy('out', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'] });
    assert.equal(denied([into], 'shop/web', 'shop/api'), false);
    assert.equal(denied([into, out], 'shop/web', 'shop/api'), true);
  });

  test('a TCP rule does not cover UDP, and a range includes both its ends', () => {
    const policy = networkPolicy('p', { ...api, ingress: [{ ports: [{ port: 80, endPort: 90 }] }] });
    const allowedPorts = [79, 80, 90, 91].filter((port) => !denied([policy], 'shop/web', 'shop/api', port));
    assert.deepEqual(allowedPorts, [80, 90]);
    assert.equal(denied([policy], 'shop/web', 'shop/api', 80, 'UDP'), true);
  });

  test('a named port is looked up on the destination, for egress too, and never on an address', () => {
    const ports = [{ port: 'http' }];
    const into = networkPolicy('in', { ...api, ingress: [{ ports }] });
    const out = networkPolicy('out', {
      podSelector: { matchLabels: { app: 'web' } },
      policyTypes: ['Egress'],
      egress: [{ ports }],
    });
    assert.equal(denied([into, out], 'shop/web', 'shop/api', 8080), false);
    assert.equal(denied([into, out], 'shop/web', 'shop/api', 80), true);
    assert.equal(denied([out], 'shop/web', 'shop/bare', 8080), true);
    assert.equal(denied([out], 'shop/web', '8.8.8.8', 8080), true);
  });

  test('whether ipBlock covers pods is an option; host-network pods are addresses either way', () => {
    const policy = networkPolicy('p', {
      ...api,
      ingress: [{ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.3/32'] } }] }],
    });
    const allowed = (option: boolean, source: string) =>
      engineOf([policy], option).verdict(flow(source, 'shop/api')).allowed;
    assert.deepEqual(
      [false, true].map((option) => allowed(option, 'shop/web')),
      [false, true],
    );
    assert.deepEqual(
      [false, true].map((option) => allowed(option, 'shop/bare')),
      [false, false],
    );
    assert.deepEqual(
      [false, true].map((option) => allowed(option, 'ops/agent')),
      [true, true],
    );
    assert.deepEqual(
      [false, true].map((option) => allowed(option, '8.8.8.8')),
      [true, true],
    );
  });

  test('an address of a pod means the pod, in any spelling and family', () => {
    const policy = networkPolicy('p', { ...api, ingress: [fromWeb] });
    for (const source of ['10.0.0.1', 'fd00::1', 'FD00:0::1', '::ffff:10.0.0.1'])
      assert.equal(denied([policy], source, 'shop/api'), false, source);
    assert.equal(denied([policy], '10.0.0.9', 'shop/api'), true);
  });

  test('IPv6 blocks and their exceptions are kept apart from IPv4', () => {
    const policy = networkPolicy('p', {
      ...api,
      ingress: [{ from: [{ ipBlock: { cidr: '::/0', except: ['2001:db8::/32'] } }] }],
    });
    const allowed = ['2001:db8::1', '2001:db9::1', '8.8.8.8'].filter((source) => !denied([policy], source, 'shop/api'));
    assert.deepEqual(allowed, ['2001:db9::1']);
  });

  test('host-network pods are not selected, neither as subject nor as peer', () => {
    const deny = networkPolicy('deny', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }, 'ops');
    assert.equal(denied([deny], 'shop/web', 'ops/agent'), false);
    const fromOps = networkPolicy('p', { ...api, ingress: [{ from: [{ namespaceSelector: {} }] }] });
    assert.equal(denied([fromOps], 'ops/agent', 'shop/api'), true);
  });
});

describe('tiers', () => {
  const to = (action: string, more: object = {}) => [{ action, to: [{ namespaces: {} }], ...more }];
  const web = flow('shop/web', 'shop/api');
  const isolateWeb = networkPolicy('np', { podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'] });
  const egress = (policies: Policy[], asked = web) => reason(engineOf(policies).verdict(asked).egress);

  test('Admin decides before NetworkPolicy, Baseline only for pods that no NetworkPolicy selects', () => {
    const accept = clusterPolicy('accept', { priority: 1, egress: to('Accept') });
    const baseline = clusterPolicy('base', { tier: 'Baseline', priority: 1, egress: to('Deny') });
    assert.equal(egress([accept, isolateWeb, baseline]), 'Admin accept#0.0.null');
    assert.equal(egress([isolateWeb, baseline]), 'NetworkPolicy shop/np');
    assert.equal(egress([baseline]), 'Baseline base#0.0.null');
    assert.equal(egress([baseline], flow('shop/web', '8.8.8.8')), 'no_rule_matches');
  });

  test('the lowest priority number comes first, then the order of rules', () => {
    const low = clusterPolicy('low', { priority: 10, egress: to('Deny') });
    const high = clusterPolicy('high', { priority: 2, egress: [...to('Accept'), ...to('Deny')] });
    assert.equal(egress([low, high]), 'Admin high#0.0.null');
  });

  test('Pass skips the rest of its tier and is remembered in the reason', () => {
    const pass = clusterPolicy('pass', {
      priority: 1,
      egress: to('Pass', { protocols: [{ tcp: { destinationPort: { number: 80 } } }] }),
    });
    const deny = clusterPolicy('deny', { priority: 2, egress: to('Deny') });
    assert.equal(egress([pass, deny]), 'pass#0.0.0 then no_rule_matches');
    assert.equal(egress([pass, deny, isolateWeb]), 'pass#0.0.0 then NetworkPolicy shop/np');
    assert.equal(egress([pass, deny], flow('shop/web', 'shop/api', 81)), 'Admin deny#0.0.null');
    const baseline = [...to('Pass'), ...to('Deny')];
    assert.equal(
      egress([clusterPolicy('base', { tier: 'Baseline', priority: 1, egress: baseline })]),
      'base#0.0.null then no_rule_matches',
    );
  });

  test('networks cover pod addresses, whatever the option for ipBlock says', () => {
    const deny = clusterPolicy('deny', {
      priority: 1,
      egress: [{ action: 'Deny', to: [{ networks: ['10.0.0.0/24'] }] }],
    });
    assert.equal(engineOf([deny], false).verdict(web).allowed, false);
    assert.equal(engineOf([deny], false).verdict(flow('shop/web', 'ops/probe')).allowed, true);
  });

  test('a peer of an unknown kind fails closed: Accept matches nothing, Deny and Pass deny everything', () => {
    const unknown = (action: string) =>
      clusterPolicy('new', {
        priority: 1,
        egress: [{ action, to: [{ namespaces: {} }, { serviceAccounts: {} }], protocols: [{ udp: {} }] }],
      });
    assert.equal(egress([unknown('Accept')], flow('shop/web', 'shop/api', 80, 'UDP')), 'no_rule_matches');
    for (const action of ['Deny', 'Pass']) assert.equal(egress([unknown(action)]), 'Admin new#0.null.null');
  });
});

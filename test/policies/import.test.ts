import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { importPolicy, policyConflicts } from '../../src/policies/kubernetes/import.js';
import type { Policy } from '../../src/policies/model.js';

const policy = (spec: object, metadata: object = { name: 'p', namespace: 'n' }) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata,
  spec: { podSelector: {}, ...spec },
});

function imported(object: unknown): Policy {
  const result = importPolicy(object);
  assert.ok(result.ok, JSON.stringify(result));
  return result.policy;
}

/** The places of all problems. */
function refusedAt(object: unknown): string[] {
  const result = importPolicy(object);
  assert.ok(!result.ok, 'expected a refusal');
  for (const { message } of result.problems) assert.notEqual(message, '');
  return result.problems.map(({ path }) => path);
}

const ingress = (rule: object) => policy({ ingress: [rule] });
const peer = (object: object | null) => ingress({ from: [object] });
const port = (object: object | null) => ingress({ ports: [object] });

describe('defaults of NetworkPolicy', () => {
  const governed = (spec: object) => {
    const { ingress: into, egress: out } = imported(policy(spec));
    return [into?.length ?? null, out?.length ?? null];
  };

  test('without policyTypes ingress is governed, and egress only when it has rules', () => {
    assert.deepEqual(governed({}), [0, null]);
    assert.deepEqual(governed({ egress: [] }), [0, null]);
    assert.deepEqual(governed({ egress: [{}] }), [0, 1]);
    assert.deepEqual(governed({ policyTypes: [], ingress: [{}, {}] }), [2, null]);
    assert.deepEqual(governed({ policyTypes: ['Egress'], ingress: [{}] }), [null, 0]);
    assert.deepEqual(governed({ policyTypes: ['Egress', 'Ingress'] }), [0, 0]);
  });

  test('an empty or missing list inside a rule means any, in a spec it means nothing', () => {
    assert.deepEqual(imported(ingress({ from: [], ports: [] })).ingress, imported(ingress({})).ingress);
    assert.deepEqual(imported(ingress({ from: null })).ingress, imported(ingress({})).ingress);
    assert.deepEqual(imported(policy({ ingress: null })).ingress, []);
    assert.deepEqual(imported(policy({ ingress: [null] })).ingress?.length, 1);
  });

  test('the protocol is TCP, a missing port is all ports, and a missing endPort is one port', () => {
    assert.deepEqual(imported(port({})).ingress?.[0]?.ports, [{ kind: 'all', protocol: 'TCP' }]);
    assert.deepEqual(imported(port(null)).ingress?.[0]?.ports, [{ kind: 'all', protocol: 'TCP' }]);
    assert.deepEqual(imported(port({ port: 80, protocol: 'UDP' })).ingress?.[0]?.ports, [
      { kind: 'range', protocol: 'UDP', first: 80, last: 80 },
    ]);
    assert.deepEqual(imported(port({ port: 'http' })).ingress?.[0]?.ports, [
      { kind: 'named', protocol: 'TCP', name: 'http' },
    ]);
  });

  test('a policy without a namespace is in default, and a missing podSelector selects every pod', () => {
    const { id, subject } = imported({ ...policy({}, { name: 'p' }), spec: {} });
    assert.equal(id.namespace, 'default');
    assert.deepEqual(subject, { namespaces: 'own', pods: [] });
  });

  test('CIDRs are brought to one form', () => {
    const block = (cidr: string, except: string[] = []) =>
      imported(peer({ ipBlock: { cidr, except } })).ingress?.[0]?.peers?.[0];
    assert.deepEqual(block('10.1.2.3/8', ['10.4.5.6/16']), {
      kind: 'ipBlock',
      cidr: '10.0.0.0/8',
      except: ['10.4.0.0/16'],
    });
    assert.deepEqual(block('2001:DB8:0:0::1/32'), { kind: 'ipBlock', cidr: '2001:db8::/32', except: [] });
    assert.deepEqual(block('::ffff:10.0.0.0/104'), { kind: 'ipBlock', cidr: '10.0.0.0/8', except: [] });
  });
});

describe('what a NetworkPolicy may not say', () => {
  const cases: Record<string, [object, string]> = {
    'a peer of nothing': [peer({}), 'spec.ingress[0].from[0]'],
    'a peer that is null': [peer(null), 'spec.ingress[0].from[0]'],
    'ipBlock beside a selector': [
      peer({ ipBlock: { cidr: '10.0.0.0/8' }, podSelector: {} }),
      'spec.ingress[0].from[0]',
    ],
    'a CIDR that is none': [peer({ ipBlock: { cidr: '10.0.0.0' } }), 'spec.ingress[0].from[0].ipBlock.cidr'],
    'a missing CIDR': [peer({ ipBlock: {} }), 'spec.ingress[0].from[0].ipBlock.cidr'],
    'a prefix that is too long': [peer({ ipBlock: { cidr: '10.0.0.0/33' } }), 'spec.ingress[0].from[0].ipBlock.cidr'],
    'an exception outside the CIDR': [
      peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '11.0.0.0/16'] } }),
      'spec.ingress[0].from[0].ipBlock.except[1]',
    ],
    'an exception as large as the CIDR': [
      peer({ ipBlock: { cidr: '10.0.0.0/8', except: ['10.0.0.0/8'] } }),
      'spec.ingress[0].from[0].ipBlock.except[0]',
    ],
    'an exception of the other family': [
      peer({ ipBlock: { cidr: '0.0.0.0/0', except: ['fd00::/8'] } }),
      'spec.ingress[0].from[0].ipBlock.except[0]',
    ],
    'port 0': [port({ port: 0 }), 'spec.ingress[0].ports[0].port'],
    'port 65536': [port({ port: 65536 }), 'spec.ingress[0].ports[0].port'],
    'a port in quotes': [port({ port: '80' }), 'spec.ingress[0].ports[0].port'],
    'a port name in upper case': [port({ port: 'HTTP' }), 'spec.ingress[0].ports[0].port'],
    'a port name of 16 characters': [port({ port: 'abcdefghijklmnop' }), 'spec.ingress[0].ports[0].port'],
    'endPort without port': [port({ endPort: 90 }), 'spec.ingress[0].ports[0].endPort'],
    'endPort with a named port': [port({ port: 'http', endPort: 90 }), 'spec.ingress[0].ports[0].endPort'],
    'endPort below port': [port({ port: 90, endPort: 80 }), 'spec.ingress[0].ports[0].endPort'],
    'an unknown protocol': [port({ protocol: 'ICMP' }), 'spec.ingress[0].ports[0].protocol'],
    'an unknown policy type': [policy({ policyTypes: ['ingress'] }), 'spec.policyTypes[0]'],
    'three policy types': [policy({ policyTypes: ['Ingress', 'Egress', 'Ingress'] }), 'spec.policyTypes'],
    'egress peers in an ingress rule': [ingress({ to: [{ podSelector: {} }] }), 'spec.ingress[0].to'],
    'a misspelt field': [policy({ podselector: { matchLabels: { a: 'b' } } }), 'spec.podselector'],
    'a label key with a space': [
      policy({ podSelector: { matchLabels: { 'a b': 'c' } } }),
      'spec.podSelector.matchLabels.a b',
    ],
    'a label value that is too long': [
      policy({ podSelector: { matchLabels: { a: 'x'.repeat(64) } } }),
      'spec.podSelector.matchLabels.a',
    ],
    'a label value that is a number': [
      policy({ podSelector: { matchLabels: { a: 1 } } }),
      'spec.podSelector.matchLabels.a',
    ],
    'In without values': [
      policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }),
      'spec.podSelector.matchExpressions[0].values',
    ],
    'Exists with values': [
      policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Exists', values: ['b'] }] } }),
      'spec.podSelector.matchExpressions[0].values',
    ],
    'an unknown operator': [
      policy({ podSelector: { matchExpressions: [{ key: 'a', operator: 'Equals', values: ['b'] }] } }),
      'spec.podSelector.matchExpressions[0].operator',
    ],
    'rules that are no list': [policy({ ingress: {} }), 'spec.ingress'],
    'no name': [policy({}, { namespace: 'n' }), 'metadata.name'],
    'a name with a capital': [policy({}, { name: 'P' }), 'metadata.name'],
    'a namespace with a dot': [policy({}, { name: 'p', namespace: 'a.b' }), 'metadata.namespace'],
    'another kind': [{ ...policy({}), kind: 'Pod' }, 'kind'],
    'another version': [{ ...policy({}), apiVersion: 'extensions/v1beta1' }, 'kind'],
  };

  for (const [name, [object, path]] of Object.entries(cases))
    test(`${name} is refused at its place`, () => assert.deepEqual(refusedAt(object), [path]));

  test('every problem is named, not only the first', () => {
    const two = policy({ policyTypes: ['Both'], ingress: [{ ports: [{ port: 0 }, { port: 80 }, { endPort: 1 }] }] });
    assert.deepEqual(refusedAt(two).sort(), [
      'spec.ingress[0].ports[0].port',
      'spec.ingress[0].ports[2].endPort',
      'spec.policyTypes[0]',
    ]);
  });

  test('things that are no objects are refused and never throw', () => {
    for (const value of [undefined, null, 1, 'text', [], [{}], { spec: [] }]) refusedAt(value);
    const hostile: unknown = JSON.parse(
      '{"apiVersion":"networking.k8s.io/v1","kind":"NetworkPolicy","metadata":{"name":"p"},"spec":{"__proto__":{"x":1}}}',
    );
    assert.deepEqual(refusedAt(hostile), ['spec.__proto__']);
  });
});

describe('cluster-wide kinds', () => {
  const kinds = {
    AdminNetworkPolicy: { apiVersion: 'policy.networking.k8s.io/v1alpha1', spec: { priority: 5 } },
    BaselineAdminNetworkPolicy: { apiVersion: 'policy.networking.k8s.io/v1alpha1', spec: {} },
    ClusterNetworkPolicy: { apiVersion: 'policy.networking.k8s.io/v1alpha2', spec: { priority: 5, tier: 'Admin' } },
  };
  const cluster = (kind: keyof typeof kinds, spec: object, name = 'default') => ({
    apiVersion: kinds[kind].apiVersion,
    kind,
    metadata: { name },
    spec: { ...kinds[kind].spec, subject: { namespaces: {} }, ...spec },
  });
  const to = (rule: object) => ({ egress: [{ action: 'Deny', to: [{ namespaces: {} }], ...rule }] });

  test('each kind has its tier and priority, and a direction without rules is not governed', () => {
    const read = (kind: keyof typeof kinds, spec: object = {}) => {
      const { tier, priority, ingress: into, egress } = imported(cluster(kind, { ...to({}), ...spec }));
      return [tier, priority, into, egress?.length];
    };
    assert.deepEqual(read('AdminNetworkPolicy'), ['Admin', 5, null, 1]);
    assert.deepEqual(read('BaselineAdminNetworkPolicy'), ['Baseline', null, null, 1]);
    assert.deepEqual(read('ClusterNetworkPolicy'), ['Admin', 5, null, 1]);
    assert.deepEqual(read('ClusterNetworkPolicy', { tier: 'Baseline', priority: 0 }), ['Baseline', 0, null, 1]);
  });

  test('v1alpha1 says Allow and ports, v1alpha2 says Accept and protocols, with one meaning', () => {
    const old = to({
      action: 'Allow',
      ports: [{ portNumber: { port: 53 } }, { portRange: { protocol: 'UDP', start: 1, end: 9 } }, { namedPort: 'web' }],
    });
    const current = to({
      action: 'Accept',
      protocols: [
        { tcp: { destinationPort: { number: 53 } } },
        { udp: { destinationPort: { range: { start: 1, end: 9 } } } },
        { destinationNamedPort: 'web' },
      ],
    });
    const rule = imported(cluster('AdminNetworkPolicy', old)).egress?.[0];
    assert.deepEqual(imported(cluster('ClusterNetworkPolicy', current)).egress?.[0], rule);
    assert.deepEqual(
      rule?.ports?.map(({ kind }) => kind),
      ['range', 'range', 'named'],
    );
  });

  test('a peer without a known field is kept as unknown, so that evaluation can fail closed', () => {
    for (const unknown of [{}, { serviceAccounts: {} }]) {
      const { egress } = imported(cluster('ClusterNetworkPolicy', to({ to: [unknown] })));
      assert.equal(egress?.[0]?.peers?.[0]?.kind, 'unknown');
    }
  });

  const rules = (count: number) => ({ egress: Array.from({ length: count }, () => to({}).egress[0]) });
  const cases: Record<string, [object, string]> = {
    'Accept in v1alpha1': [cluster('AdminNetworkPolicy', to({ action: 'Accept' })), 'spec.egress[0].action'],
    'Allow in v1alpha2': [cluster('ClusterNetworkPolicy', to({ action: 'Allow' })), 'spec.egress[0].action'],
    'Pass in a baseline': [cluster('BaselineAdminNetworkPolicy', to({ action: 'Pass' })), 'spec.egress[0].action'],
    'a baseline of another name': [cluster('BaselineAdminNetworkPolicy', {}, 'other'), 'metadata.name'],
    'a priority in a baseline': [cluster('BaselineAdminNetworkPolicy', { priority: 1 }), 'spec.priority'],
    'a priority above 1000': [cluster('AdminNetworkPolicy', { priority: 1001 }), 'spec.priority'],
    'no priority': [cluster('AdminNetworkPolicy', { priority: undefined }), 'spec.priority'],
    'a tier of its own': [cluster('ClusterNetworkPolicy', { tier: 'NetworkPolicy' }), 'spec.tier'],
    'a tier in v1alpha1': [cluster('AdminNetworkPolicy', { tier: 'Admin' }), 'spec.tier'],
    'no subject': [cluster('AdminNetworkPolicy', { subject: {} }), 'spec.subject'],
    'a subject of two kinds': [
      cluster('AdminNetworkPolicy', { subject: { namespaces: {}, pods: {} } }),
      'spec.subject',
    ],
    'no peers': [cluster('AdminNetworkPolicy', to({ to: [] })), 'spec.egress[0].to'],
    'networks in ingress': [
      cluster('AdminNetworkPolicy', {
        ingress: [{ action: 'Deny', from: [{ namespaces: {}, networks: ['10.0.0.0/8'] }] }],
      }),
      'spec.ingress[0].from[0]',
    ],
    'networks with a named port': [
      cluster('AdminNetworkPolicy', to({ to: [{ networks: ['10.0.0.0/8'] }], ports: [{ namedPort: 'web' }] })),
      'spec.egress[0]',
    ],
    'denied domain names': [
      cluster('ClusterNetworkPolicy', to({ to: [{ domainNames: ['example.com'] }] })),
      'spec.egress[0]',
    ],
    'a domain name that is none': [
      cluster('ClusterNetworkPolicy', to({ action: 'Accept', to: [{ domainNames: ['*'] }] })),
      'spec.egress[0].to[0].domainNames[0]',
    ],
    'a range of one port': [
      cluster(
        'ClusterNetworkPolicy',
        to({ protocols: [{ tcp: { destinationPort: { range: { start: 5, end: 5 } } } }] }),
      ),
      'spec.egress[0].protocols[0].tcp.destinationPort.range',
    ],
    '26 rules in v1alpha2': [cluster('ClusterNetworkPolicy', rules(26)), 'spec.egress'],
    '101 rules in v1alpha1': [cluster('AdminNetworkPolicy', rules(101)), 'spec.egress'],
    '26 peers in v1alpha2': [
      cluster('ClusterNetworkPolicy', to({ to: Array.from({ length: 26 }, () => ({ namespaces: {} })) })),
      'spec.egress[0].to',
    ],
    'a namespace': [
      { ...cluster('AdminNetworkPolicy', {}), metadata: { name: 'p', namespace: 'n' } },
      'metadata.namespace',
    ],
    'the wrong version': [
      { ...cluster('AdminNetworkPolicy', {}), apiVersion: 'policy.networking.k8s.io/v1alpha2' },
      'kind',
    ],
  };
  for (const [name, [object, path]] of Object.entries(cases))
    test(`${name} is refused at its place`, () => assert.deepEqual(refusedAt(object), [path]));

  test('26 rules are fine in v1alpha1', () => {
    assert.equal(imported(cluster('AdminNetworkPolicy', rules(26))).egress?.length, 26);
  });

  test('a set with equal priorities or one identity twice is in conflict, and says between whom', () => {
    const admin = (name: string, priority: number) => imported(cluster('AdminNetworkPolicy', { priority }, name));
    assert.deepEqual(policyConflicts([admin('a', 1), admin('b', 2)]), []);
    const [equal] = policyConflicts([admin('a', 1), admin('b', 1), admin('c', 3)]);
    assert.deepEqual(
      equal?.policies.map(({ name }) => name),
      ['a', 'b'],
    );
    const one = imported(policy({}));
    assert.equal(policyConflicts([one, one]).length, 1);
    assert.deepEqual(policyConflicts([one, imported(policy({}, { name: 'p', namespace: 'other' }))]), []);
    const tier = (name: string, of: string) => imported(cluster('ClusterNetworkPolicy', { tier: of }, name));
    assert.deepEqual(policyConflicts([tier('a', 'Admin'), tier('b', 'Baseline')]), []);
  });
});

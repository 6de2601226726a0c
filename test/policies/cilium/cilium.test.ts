import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { policyDigest } from '../../../src/policies/digest.js';
import { importPolicies } from '../../../src/policies/import.js';
import { icmpPort, policyIdText } from '../../../src/policies/model.js';
import { compile, type Pod, type SideVerdict } from '../../../src/policies/simulation/evaluate.js';

const object = (spec: object, name = 'p', namespace = 'shop') => ({
  apiVersion: 'cilium.io/v2',
  kind: 'CiliumNetworkPolicy',
  metadata: { name, namespace },
  spec,
});
const clusterwide = (spec: object, name = 'c') => ({
  ...object(spec, name),
  kind: 'CiliumClusterwideNetworkPolicy',
  metadata: { name },
});
const api = { endpointSelector: { matchLabels: { app: 'api' } } };
const web = { matchLabels: { app: 'web' } };

function pod(key: string, labels: Record<string, string>, ip: string, more: Partial<Pod> = {}): Pod {
  const [namespace = '', name = ''] = key.split('/');
  return { key, namespace, name, labels, ips: [ip], namedPorts: [], hostNetwork: false, ...more };
}
const topology = {
  namespaces: [{ name: 'ops', labels: { team: 'blue' } }],
  pods: [
    pod('shop/web', { app: 'web' }, '10.0.0.1', { serviceAccount: 'front' }),
    pod('shop/api', { app: 'api' }, '10.0.0.2', { namedPorts: [{ name: 'http', protocol: 'TCP', port: 8080 }] }),
    pod('ops/web', { app: 'web' }, '10.0.1.1'),
    pod('ops/agent', { app: 'web' }, '192.168.0.1', { hostNetwork: true }),
  ],
};

function sideOf(
  objects: readonly object[],
  source: string,
  port: number,
  protocol: 'TCP' | 'UDP' | 'SCTP',
): SideVerdict {
  const { policies, problems } = importPolicies(objects);
  assert.deepEqual(problems, []);
  const end = source.includes('/') ? { pod: source } : { ip: source };
  const engine = compile(topology, policies, { ipBlockMatchesPods: false });
  return engine.verdict({ source: end, destination: { pod: 'shop/api' }, protocol, port }).ingress;
}

/** The sources, of the pods and two addresses outside, that may reach `shop/api`. */
function reaching(objects: readonly object[], port = 80, protocol: 'TCP' | 'UDP' | 'SCTP' = 'TCP'): string {
  const sources = ['shop/web', 'ops/web', 'ops/agent', '8.8.8.8', 'fd00::1'];
  return sources.filter((source) => sideOf(objects, source, port, protocol).allowed).join(' ');
}

const everyone = 'shop/web ops/web ops/agent 8.8.8.8 fd00::1';
const from = (rule: object) => [object({ ...api, ingress: [rule] })];

describe('sections of Cilium policies', () => {
  test('a section with rules isolates, an empty rule allows nothing, an empty section is none', () => {
    assert.equal(reaching([object({ ...api, ingress: [{}] })]), '');
    assert.equal(reaching([object({ ...api, ingress: [], egress: [{}] })]), everyone);
    assert.equal(reaching([object({ ...api, ingressDeny: [{ fromEndpoints: [web] }] })]), '');
    assert.equal(reaching([object({ ...api, ingress: [{ fromEntities: ['all'] }] })]), everyone);
  });

  test('enableDefaultDeny says otherwise either way', () => {
    const deny = { ...api, ingressDeny: [{ fromEndpoints: [web] }] };
    assert.equal(
      reaching([object({ ...deny, enableDefaultDeny: { ingress: false } })]),
      'ops/web ops/agent 8.8.8.8 fd00::1',
    );
    assert.equal(reaching([object({ ...api, egress: [{}], enableDefaultDeny: { ingress: true } })]), '');
  });

  test('a denial of any policy wins over every permission, those of Kubernetes too', () => {
    const kubernetes = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'np', namespace: 'shop' },
      spec: { podSelector: {}, ingress: [{}] },
    };
    const deny = clusterwide({
      endpointSelector: {},
      ingressDeny: [{ fromEndpoints: [{ matchLabels: { 'k8s:io.kubernetes.pod.namespace': 'ops' } }] }],
    });
    assert.equal(
      reaching([kubernetes, object({ ...api, ingress: [{ fromEntities: ['all'] }] }), deny]),
      'shop/web ops/agent 8.8.8.8 fd00::1',
    );
  });

  test('reasons number allowing rules as written, denying ones after them, and name the policy', () => {
    const policy = object({
      ...api,
      ingress: [{ fromEndpoints: [web] }, {}],
      ingressDeny: [{ fromEndpoints: [web], toPorts: [{ ports: [{ port: '81' }] }] }],
    });
    const by = (port: number) => sideOf([policy], 'shop/web', port, 'TCP').by;
    const id = { system: 'cilium', kind: 'CiliumNetworkPolicy', namespace: 'shop', name: 'p' };
    assert.deepEqual(by(80), { tier: 'NetworkPolicy', policies: [{ policy: id, rule: 0, peer: 0, port: null }] });
    assert.deepEqual(by(81), { tier: 'NetworkPolicy', policies: [{ policy: id, rule: 2, peer: 0, port: 0 }] });
    assert.deepEqual(sideOf([policy], 'ops/web', 80, 'TCP').by, { isolatedBy: [id] });
    assert.equal(importPolicies([policy]).policies[0]?.ingress?.[2]?.name, 'spec.ingressDeny[0]');
  });

  test('specs are policies of their own, named by their position', () => {
    const { policies } = importPolicies([
      {
        ...object({}),
        spec: undefined,
        specs: [
          { ...api, ingress: [{}] },
          { endpointSelector: web, egress: [{}] },
        ],
      },
    ]);
    assert.deepEqual(
      policies.map(({ id }) => policyIdText(id)),
      ['CiliumNetworkPolicy shop/p#0', 'CiliumNetworkPolicy shop/p#1'],
    );
  });
});

describe('peers of Cilium rules', () => {
  test('endpoints are those of the namespace of the policy, unless it says something of namespaces', () => {
    assert.equal(reaching(from({ fromEndpoints: [web] })), 'shop/web');
    assert.equal(reaching(from({ fromEndpoints: [{}] })), 'shop/web');
    const named = (key: string, value: string) =>
      from({ fromEndpoints: [{ matchLabels: { [key]: value, 'any:app': 'web' } }] });
    assert.equal(reaching(named('k8s:io.kubernetes.pod.namespace', 'ops')), 'ops/web');
    assert.equal(reaching(named('io.kubernetes.pod.namespace', 'ops')), 'ops/web');
    assert.equal(reaching(named('k8s:io.cilium.k8s.namespace.labels.team', 'blue')), 'ops/web');
    const exists = { matchExpressions: [{ key: 'k8s:io.kubernetes.pod.namespace', operator: 'Exists' }] };
    assert.equal(reaching(from({ fromEndpoints: [exists] })), 'shop/web ops/web');
    assert.equal(reaching([clusterwide({ ...api, ingress: [{ fromEndpoints: [{}] }] })]), 'shop/web ops/web');
    assert.equal(reaching(named('io.cilium.k8s.policy.serviceaccount', 'front')), 'shop/web');
  });

  test('the subject of a namespaced policy is in its namespace, of a cluster-wide one anywhere', () => {
    const elsewhere = { matchLabels: { app: 'api', 'k8s:io.kubernetes.pod.namespace': 'ops' } };
    assert.equal(reaching([object({ endpointSelector: elsewhere, ingress: [{}] })]), '');
    assert.equal(reaching([object({ ...api, ingress: [{}] }, 'p', 'ops')]), everyone);
    assert.equal(reaching([clusterwide({ ...api, ingress: [{}] })]), '');
    assert.equal(reaching([clusterwide({ endpointSelector: elsewhere, ingress: [{}] })]), everyone);
  });

  test('CIDRs are for what is outside: neither pods nor nodes', () => {
    assert.equal(reaching(from({ fromCIDR: ['0.0.0.0/0'] })), '8.8.8.8');
    assert.equal(reaching(from({ fromCIDR: ['8.8.8.8'] })), '8.8.8.8');
    assert.equal(reaching(from({ fromCIDRSet: [{ cidr: '8.0.0.0/8', except: ['8.8.8.0/24'] }] })), '');
    assert.equal(reaching(from({ fromCIDRSet: [{ cidr: '::/0' }] })), 'fd00::1');
  });

  test('groups of CIDRs are looked up by name or label wherever they stand, and are no part of the digest', () => {
    const group = (name: string, labels: object, ...externalCIDRs: string[]) => ({
      apiVersion: 'cilium.io/v2alpha1',
      kind: 'CiliumCIDRGroup',
      metadata: { name, labels },
      spec: { externalCIDRs },
    });
    const groups = [group('dns', { role: 'dns' }, '8.8.8.0/24', '10.0.0.0/8'), group('other', {}, 'fd00::/8')];
    const byName = { fromCIDRSet: [{ cidrGroupRef: 'dns' }] };
    const byLabel = { fromCIDRSet: [{ cidrGroupSelector: { matchLabels: { role: 'dns' } }, except: ['8.8.8.8/32'] }] };
    assert.equal(reaching([...from(byName), ...groups]), '8.8.8.8');
    assert.equal(reaching([...groups, ...from(byLabel)]), '');
    assert.equal(reaching(from(byName)), '');
    assert.equal(reaching([...groups, ...from({ fromCIDRSet: [{ cidrGroupSelector: {} }] })]), '8.8.8.8 fd00::1');
    const digests = [from(byName), [...from(byName), ...groups]].map((objects) =>
      importPolicies(objects).policies.map(policyDigest),
    );
    assert.deepEqual(digests[0], digests[1]);
    assert.equal(importPolicies([group('bad', {}, 'x')]).problems[0]?.path, 'spec.externalCIDRs[0]');
  });

  test('entities are what stands for them in a topology', () => {
    const table: [string, string][] = [
      ['all', everyone],
      ['world', '8.8.8.8 fd00::1'],
      ['world-ipv4', '8.8.8.8'],
      ['world-ipv6', 'fd00::1'],
      ['cluster', 'shop/web ops/web ops/agent'],
      ['remote-node', 'ops/agent'],
      ['host', ''],
      ['kube-apiserver', ''],
      ['health', ''],
      ['init', ''],
      ['unmanaged', ''],
      ['ingress', ''],
      ['none', ''],
    ];
    assert.deepEqual(
      table.map(([entity]) => [entity, reaching(from({ fromEntities: [entity] }))]),
      table,
    );
  });

  test('a list that is there but empty selects nothing, ports alone are for everyone', () => {
    const toPorts = [{ ports: [{ port: '80', protocol: 'TCP' }] }];
    assert.equal(reaching(from({ toPorts })), everyone);
    assert.equal(reaching(from({ fromEndpoints: [], toPorts })), '');
    assert.equal(reaching(from({ fromCIDR: [] })), '');
  });

  test('requirements hold for every rule that reaches the endpoint, and grant nothing', () => {
    const open = object({
      ...api,
      ingress: [
        { fromEndpoints: [{ matchExpressions: [{ key: 'k8s:io.kubernetes.pod.namespace', operator: 'Exists' }] }] },
        { fromEntities: ['world'] },
      ],
    });
    const requiring = object(
      { ...api, ingress: [{ fromRequires: [{ matchLabels: { 'io.cilium.k8s.namespace.labels.team': 'blue' } }] }] },
      'q',
    );
    assert.equal(reaching([open, requiring]), 'ops/web 8.8.8.8 fd00::1');
    assert.equal(reaching([requiring]), '');
  });
});

describe('ports of Cilium rules', () => {
  const open = (ports: object[], protocol: 'TCP' | 'UDP' | 'SCTP' = 'TCP') =>
    [79, 80, 81, 8080].filter((port) => reaching(from({ toPorts: [{ ports }] }), port, protocol) !== '');

  test('a port is text; zero is every port, ANY or nothing is every protocol, endPort is the last one', () => {
    assert.deepEqual(open([{ port: '80', protocol: 'TCP' }]), [80]);
    assert.deepEqual(open([{ port: '80', protocol: 'TCP' }], 'UDP'), []);
    assert.deepEqual(open([{ port: '80' }], 'UDP'), [80]);
    assert.deepEqual(open([{ port: '80', protocol: 'any' }], 'SCTP'), [80]);
    assert.deepEqual(open([{ port: '0', protocol: 'TCP' }]), [79, 80, 81, 8080]);
    assert.deepEqual(open([{ port: '79', endPort: 80, protocol: 'TCP' }]), [79, 80]);
    assert.deepEqual(open([{ port: 'HTTP', protocol: 'TCP' }]), [8080]);
    assert.deepEqual(open([{ port: '8', protocol: 'ICMP' }]), []);
    assert.deepEqual(open([]), []);
  });

  test('ICMP is matched by type and family; ports of any protocol are not for it, rules without ports are', () => {
    const pings = (rule: object) => {
      const { policies, problems } = importPolicies(from(rule));
      assert.deepEqual(problems, []);
      const engine = compile(topology, policies, { ipBlockMatchesPods: false });
      const ends = { source: { pod: 'shop/web' }, destination: { pod: 'shop/api' } };
      const flows = [
        { ...ends, protocol: 'ICMP' as const, port: icmpPort(8, 0) },
        { ...ends, protocol: 'ICMP' as const, port: icmpPort(3, 1) },
        { ...ends, protocol: 'ICMPv6' as const, port: icmpPort(128, 0) },
      ];
      return flows.map((flow) => (engine.verdict(flow).ingress.allowed ? '+' : '-')).join('');
    };
    const icmp = (...fields: object[]) => pings({ fromEndpoints: [web], icmps: [{ fields }] });
    assert.equal(icmp({ type: 8 }), '+--');
    assert.equal(icmp({ type: 'EchoRequest' }, { type: '3' }), '++-');
    assert.equal(icmp({ type: 'EchoRequest', family: 'IPv6' }), '--+');
    assert.equal(pings({ toPorts: [{ ports: [{ port: '0', protocol: 'ANY' }] }] }), '---');
    assert.equal(pings({ toPorts: [{ ports: [{ port: '8', protocol: 'ICMP' }] }] }), '+--');
    assert.equal(pings({ fromEndpoints: [web] }), '+++');
  });
});

test('everything beyond the model is listed with its place', () => {
  const { notModelled, problems } = importPolicies([
    object({
      ...api,
      ingress: [
        { fromEntities: ['host', 'remote-node'] },
        { fromGroups: [{ aws: {} }] },
        { fromNodes: [{}] },
        { fromCIDRSet: [{ cidrGroupRef: 'partners' }] },
        { toPorts: [{ ports: [{ port: '0', protocol: 'VRRP' }] }] },
        {
          fromEndpoints: [
            { matchLabels: { 'io.cilium.k8s.policy.cluster': 'east' } },
            { matchLabels: { 'reserved:host': '' } },
          ],
        },
        { authentication: { mode: 'required' }, fromEndpoints: [{}] },
      ],
      egress: [
        {
          toFQDNs: [{ matchPattern: '*.example.com' }],
          toPorts: [{ ports: [{ port: '53' }], rules: { dns: [{ matchPattern: '*' }] } }],
        },
        { toServices: [{ k8sService: { serviceName: 's', namespace: 'n' } }] },
        { toPorts: [{ ports: [{ port: '443', protocol: 'TCP' }], serverNames: ['example.com'] }] },
      ],
    }),
    clusterwide({ nodeSelector: { matchLabels: { role: 'edge' } }, ingress: [{}] }),
  ]);
  assert.deepEqual(problems, []);
  assert.deepEqual(notModelled.map(({ path }) => path).sort(), [
    'spec.egress[0].toFQDNs',
    'spec.egress[0].toPorts[0].rules',
    'spec.egress[1].toServices',
    'spec.egress[2].toPorts[0].serverNames',
    'spec.ingress[0].fromEntities[0]',
    'spec.ingress[0].fromEntities[1]',
    'spec.ingress[1].fromGroups',
    'spec.ingress[2].fromNodes',
    'spec.ingress[3].fromCIDRSet[0]',
    'spec.ingress[4].toPorts[0].ports[0]',
    'spec.ingress[5].fromEndpoints[0]',
    'spec.ingress[5].fromEndpoints[1]',
    'spec.ingress[6].authentication',
    'spec.nodeSelector',
  ]);
});

describe('what Cilium policies may not say', () => {
  const rule = (more: object) => object({ ...api, ingress: [more] });
  const cases: Record<string, [object, string]> = {
    'no rules at all': [object(api), 'spec'],
    'no subject': [object({ ingress: [{}] }), 'spec'],
    'two subjects': [clusterwide({ ...api, nodeSelector: {}, ingress: [{}] }), 'spec'],
    'a node selector in a namespace': [object({ nodeSelector: {}, ingress: [{}] }), 'spec.nodeSelector'],
    'neither spec nor specs': [{ ...object({}), spec: undefined }, ''],
    'an unknown field': [rule({ fromEndpoint: [{}] }), 'spec.ingress[0].fromEndpoint'],
    'two kinds of peers': [rule({ fromEndpoints: [{}], fromCIDR: ['10.0.0.0/8'] }), 'spec.ingress[0]'],
    'an entity that is none': [rule({ fromEntities: ['internet'] }), 'spec.ingress[0].fromEntities[0]'],
    'a CIDR that is none': [rule({ fromCIDR: ['10.0.0.0/33'] }), 'spec.ingress[0].fromCIDR[0]'],
    'an exception outside': [
      rule({ fromCIDRSet: [{ cidr: '10.0.0.0/8', except: ['11.0.0.0/8'] }] }),
      'spec.ingress[0].fromCIDRSet[0].except[0]',
    ],
    'a port that is a number': [
      rule({ toPorts: [{ ports: [{ port: 80 }] }] }),
      'spec.ingress[0].toPorts[0].ports[0].port',
    ],
    'a port beyond 65535': [
      rule({ toPorts: [{ ports: [{ port: '65536' }] }] }),
      'spec.ingress[0].toPorts[0].ports[0].port',
    ],
    'endPort below port': [
      rule({ toPorts: [{ ports: [{ port: '9', endPort: 8 }] }] }),
      'spec.ingress[0].toPorts[0].ports[0].endPort',
    ],
    'more than 40 ports': [
      rule({ toPorts: [{ ports: Array.from({ length: 41 }, (_, at) => ({ port: String(at + 1) })) }] }),
      'spec.ingress[0].toPorts[0].ports',
    ],
    'icmps beside ports': [
      rule({ toPorts: [{ ports: [{ port: '1' }] }], icmps: [{ fields: [{ type: 8 }] }] }),
      'spec.ingress[0].icmps',
    ],
    'a type of ICMP that is none': [
      rule({ icmps: [{ fields: [{ type: 'Ping' }] }] }),
      'spec.ingress[0].icmps[0].fields[0].type',
    ],
    'names in ingress': [rule({ toFQDNs: [{ matchName: 'a.b' }] }), 'spec.ingress[0].toFQDNs'],
    'layer 7 in a denial': [
      object({ ...api, egressDeny: [{ toPorts: [{ ports: [{ port: '80' }], rules: { http: [{}] } }] }] }),
      'spec.egressDeny[0].toPorts[0].rules',
    ],
    'services with ports': [
      object({ ...api, egress: [{ toServices: [{}], toPorts: [{ ports: [{ port: '80' }] }] }] }),
      'spec.egress[0]',
    ],
    'a default deny that is no Boolean': [
      object({ ...api, ingress: [{}], enableDefaultDeny: { ingress: 'no' } }),
      'spec.enableDefaultDeny.ingress',
    ],
  };
  for (const [name, [written, path]] of Object.entries(cases))
    test(`${name} is refused at its place`, () => assert.equal(importPolicies([written]).problems[0]?.path, path));
});

test('spelling does not change the digest of a Cilium policy, meaning does', () => {
  const digest = (spec: object) => importPolicies([object(spec)]).policies.map(policyDigest)[0];
  const rule = (peers: object, port: object) => ({ ...peers, toPorts: [{ ports: [port] }] });
  const base = digest({
    ...api,
    ingress: [
      rule({ fromEndpoints: [web] }, { port: '80', protocol: 'TCP' }),
      rule({ fromCIDR: ['10.0.0.0/8'] }, { port: '80', endPort: 90 }),
    ],
    ingressDeny: [{ fromEntities: ['world'] }],
  });
  const same = {
    description: 'the same',
    endpointSelector: { matchExpressions: [{ key: 'k8s:app', operator: 'In', values: ['api'] }] },
    ingressDeny: [{ fromEntities: ['world'], icmps: [] }],
    ingress: [
      rule({ fromCIDRSet: [{ cidr: '10.1.2.3/8', except: [] }] }, { port: '85', endPort: 90, protocol: 'any' }),
      rule({ fromEndpoints: [{ matchLabels: { 'any:app': 'web' } }] }, { port: '80', protocol: 'tcp' }),
      rule({ fromCIDR: ['10.0.0.0/8'] }, { port: '80', endPort: 84 }),
    ],
    egress: [],
    enableDefaultDeny: { ingress: true, egress: false },
  };
  assert.equal(digest(same), base);
  const different = [
    base,
    digest({ ...same, enableDefaultDeny: { ingress: false } }),
    digest({ ...same, enableDefaultDeny: { egress: true } }),
    digest({ ...same, ingressDeny: [] }),
    digest({ ...same, ingress: same.ingress.slice(1) }),
    digest({ ...api, ingress: [{}] }),
    digest({ ...api, ingress: [rule({ fromEndpoints: [{}] }, { port: '80', protocol: 'TCP' })] }),
    digest({
      ...api,
      ingress: [
        {
          fromEndpoints: [{}],
          toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ method: 'GET' }] } }],
        },
      ],
    }),
    digest({
      ...api,
      ingress: [
        {
          fromEndpoints: [{}],
          toPorts: [{ ports: [{ port: '80', protocol: 'TCP' }], rules: { http: [{ method: 'PUT' }] } }],
        },
      ],
    }),
    digest({ ...api, egress: [{ toFQDNs: [{ matchName: 'a.example' }] }] }),
    digest({ ...api, egress: [{ toFQDNs: [{ matchName: 'b.example' }] }] }),
    digest({ ...api, egress: [{ toServices: [{ k8sService: { serviceName: 's' } }] }] }),
    digest({ ...api, egress: [{ toServices: [{ k8sService: { serviceName: 't' } }] }] }),
  ];
  assert.equal(new Set(different).size, different.length);
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { policyDigest } from '../../../src/policies/digest.js';
import { importPolicies } from '../../../src/policies/import.js';
import { icmpPort } from '../../../src/policies/model.js';
import { compile } from '../../../src/policies/simulation/evaluate.js';
import { object, clusterwide, api, web, topology, reaching, everyone, from } from './shop.js';

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

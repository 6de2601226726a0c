import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { importPolicies } from '../../../src/policies/import.js';
import { icmpPort } from '../../../src/policies/model.js';
import { compile } from '../../../src/policies/simulation/evaluate.js';
import { api, global, ingress, local, object, topology } from './shop.js';

describe('what Calico rules match', () => {
  const allows = (rule: object, source = 'web', port = 80, more: object[] = []) =>
    ingress([local('p', { ...api, ingress: [{ action: 'Allow', ...rule }] }), ...more], source, 'api', port).startsWith(
      '+',
    );

  test('nets cover pods by their address, a bare address is itself, and notNets take out', () => {
    assert.equal(allows({ source: { nets: ['10.0.0.0/30'], notNets: ['10.0.0.3'] } }), true);
    assert.equal(allows({ source: { nets: ['10.0.0.0/30'], notNets: ['10.0.0.3'] } }, 'db'), false);
    assert.equal(allows({ source: { nets: ['10.0.0.3'] } }, 'db'), true);
    assert.equal(allows({ source: { nets: ['8.0.0.0/8'] } }, '8.8.8.8'), true);
    assert.equal(allows({ ipVersion: 6 }), false);
    assert.equal(allows({ ipVersion: 4 }), true);
  });

  test('a negated selector inside selects endpoints, notSelector everything else, outside addresses too', () => {
    assert.equal(allows({ source: { selector: '!has(legacy)' } }, '8.8.8.8'), false);
    assert.equal(allows({ source: { notSelector: 'has(legacy)', namespaceSelector: 'all()' } }, '8.8.8.8'), false);
    const outside = ingress(
      [global('g', { ...api, ingress: [{ action: 'Allow', source: { notSelector: 'has(legacy)' } }] })],
      '8.8.8.8',
    );
    assert.equal(outside, '+ NetworkPolicy: g#0');
  });

  test('network sets are selected by label, global ones with global() from a namespaced policy', () => {
    const sets = [
      {
        ...object('GlobalNetworkSet', 'partners', { nets: ['8.8.8.0/24'] }),
        metadata: { name: 'partners', labels: { role: 'partner' } },
      },
      object('NetworkSet', 'unlabelled', { nets: ['9.9.9.9'] }, 'shop'),
    ];
    const rule = (namespaceSelector: object) => ({ source: { selector: "role == 'partner'", ...namespaceSelector } });
    assert.equal(allows(rule({ namespaceSelector: 'global()' }), '8.8.8.8', 80, sets), true);
    assert.equal(allows(rule({}), '8.8.8.8', 80, sets), false);
    assert.equal(allows({ source: { selector: 'all()' } }, '9.9.9.9', 80, sets), true);
    assert.equal(allows(rule({ namespaceSelector: 'global()' }), '9.9.9.9', 80, sets), false);
  });

  test('the near end narrows the pods a rule is for', () => {
    const policy = global('g', {
      ingress: [{ action: 'Allow', destination: { selector: "app == 'api'", nets: ['10.0.0.0/24'] } }],
    });
    assert.equal(ingress([policy]), '+ NetworkPolicy: g#0');
    assert.equal(ingress([policy], 'web', 'db'), '- isolated by Calico GlobalNetworkPolicy g');
  });

  test('ports are numbers, ranges and names of the destination, and notPorts take out', () => {
    const tcp = (destination: object) => ({ protocol: 'TCP', destination });
    const open = (rule: object) => [79, 80, 81, 8080].filter((port) => allows(rule, 'web', port));
    assert.deepEqual(open(tcp({ ports: [80, '8000:9000'] })), [80, 8080]);
    assert.deepEqual(open(tcp({ ports: ['http'] })), [8080]);
    assert.deepEqual(open(tcp({ ports: ['79:81'], notPorts: [80] })), [79, 81]);
    assert.deepEqual(open(tcp({ notPorts: ['http', 79] })), [80, 81]);
    assert.deepEqual(open({ notProtocol: 'UDP' }), [79, 80, 81, 8080]);
    assert.deepEqual(open({ protocol: 6 }), [79, 80, 81, 8080]);
    assert.deepEqual(open({ protocol: 'ICMP', icmp: { type: 8 } }), []);
  });

  test('ICMP is matched by type and code, and what is excluded is not', () => {
    const open = (rule: object) => {
      const { policies } = importPolicies([local('p', { ...api, ingress: [{ action: 'Allow', ...rule }] })]);
      const engine = compile(topology, policies, { ipBlockMatchesPods: true });
      const ends = { source: { pod: 'shop/web' }, destination: { pod: 'shop/api' } };
      return [
        ['ICMP', 8, 0],
        ['ICMP', 3, 4],
        ['ICMP', 3, 5],
        ['ICMPv6', 128, 0],
      ].flatMap(([protocol, type, code]) => {
        const flow = { ...ends, protocol: protocol as 'ICMP' | 'ICMPv6', port: icmpPort(Number(type), Number(code)) };
        return engine.verdict(flow).ingress.allowed ? [`${protocol} ${type}/${code}`] : [];
      });
    };
    assert.deepEqual(open({ protocol: 'ICMP' }), ['ICMP 8/0', 'ICMP 3/4', 'ICMP 3/5']);
    assert.deepEqual(open({ protocol: 'ICMP', icmp: { type: 3 } }), ['ICMP 3/4', 'ICMP 3/5']);
    assert.deepEqual(open({ protocol: 1, icmp: { type: 3 }, notICMP: { type: 3, code: 4 } }), ['ICMP 3/5']);
    assert.deepEqual(open({ protocol: 'ICMP', notICMP: { type: 3 } }), ['ICMP 8/0']);
    assert.deepEqual(open({ protocol: 'ICMPv6' }), ['ICMPv6 128/0']);
    assert.deepEqual(open({ notProtocol: 'ICMP' }), ['ICMPv6 128/0']);
    assert.deepEqual(open({}), ['ICMP 8/0', 'ICMP 3/4', 'ICMP 3/5', 'ICMPv6 128/0']);
    assert.deepEqual(open({ protocol: 'TCP' }), []);
  });

  test('service accounts by name are those of the pods', () => {
    assert.equal(allows({ source: { serviceAccounts: { names: ['front'] } } }), true);
    assert.equal(allows({ source: { serviceAccounts: { names: ['front'] } } }, 'db'), false);
  });

  test('what flows do not have widens what is allowed, and takes the force out of what is denied', () => {
    const rules = (...list: object[]) => [local('p', { ...api, ingress: list })];
    const narrowed = { protocol: 'TCP', source: { ports: ['1024:65535'] } };
    assert.equal(ingress(rules({ action: 'Allow', ...narrowed })), '+ NetworkPolicy: p#0');
    assert.equal(ingress(rules({ action: 'Deny', ...narrowed }, { action: 'Allow' })), '+ NetworkPolicy: p#1');
    const { notModelled } = importPolicies(
      rules({ action: 'Allow', ...narrowed }, { action: 'Allow', http: { methods: ['GET'] } }),
    );
    assert.deepEqual(
      notModelled.map(({ object: named, path }) => `${named} ${path}`),
      ['NetworkPolicy shop/p spec.ingress[0].source.ports', 'NetworkPolicy shop/p spec.ingress[1].http'],
    );
  });
});

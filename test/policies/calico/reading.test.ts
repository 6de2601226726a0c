import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { importPolicies } from '../../../src/policies/import.js';
import { object, local, global } from './shop.js';

test('everything beyond the model is listed with its place', () => {
  const { notModelled, problems } = importPolicies([
    global('a', { doNotTrack: true, applyOnForward: true, ingress: [{ action: 'Allow' }] }),
    global('b', { preDNAT: true, applyOnForward: true, ingress: [{ action: 'Allow' }] }),
    global('c', {
      serviceAccountSelector: "role == 'x'",
      egress: [
        { action: 'Allow', destination: { services: { name: 's', namespace: 'n' } } },
        { action: 'Allow', protocol: 'UDPLite' },
        { action: 'Deny', destination: { serviceAccounts: { selector: "role == 'x'" } } },
      ],
    }),
    object('GlobalNetworkSet', 'names', { allowedEgressDomains: ['example.com'] }),
    object('Profile', 'kns.shop', {}),
    object('HostEndpoint', 'node-1', {}),
  ]);
  assert.deepEqual(problems, []);
  assert.deepEqual(notModelled.map(({ object: named, path }) => `${named} ${path}`).sort(), [
    'GlobalNetworkPolicy a spec.applyOnForward',
    'GlobalNetworkPolicy a spec.doNotTrack',
    'GlobalNetworkPolicy b spec.applyOnForward',
    'GlobalNetworkPolicy b spec.preDNAT',
    'GlobalNetworkPolicy c spec.egress[0].destination.services',
    'GlobalNetworkPolicy c spec.egress[1].protocol',
    'GlobalNetworkPolicy c spec.egress[2].destination.serviceAccounts',
    'GlobalNetworkPolicy c spec.serviceAccountSelector',
    'GlobalNetworkSet names spec.allowedEgressDomains',
    'HostEndpoint node-1 kind',
    'Profile kns.shop kind',
  ]);
});

describe('what Calico objects may not say', () => {
  const rule = (more: object, direction = 'ingress') => local('p', { [direction]: [{ action: 'Allow', ...more }] });
  const cases: Record<string, [object, string]> = {
    'an unknown field': [local('p', { policyTypes: ['Ingress'] }), 'spec.policyTypes'],
    'a namespaceSelector in a namespaced policy': [
      local('p', { namespaceSelector: 'all()' }),
      'spec.namespaceSelector',
    ],
    'an unknown action': [rule({ action: 'allow' }), 'spec.ingress[0].action'],
    'a selector that ends early': [local('p', { selector: "a == 'b' &&" }), 'spec.selector'],
    'a string without end': [local('p', { selector: "a == 'b" }), 'spec.selector'],
    'one equals sign': [local('p', { selector: "a = 'b'" }), 'spec.selector'],
    'a selector that goes on': [local('p', { selector: 'has(a) has(b)' }), 'spec.selector'],
    'global() of endpoints': [local('p', { selector: 'global()' }), 'spec.selector'],
    'too many parentheses': [local('p', { selector: `${'('.repeat(100)}has(a)${')'.repeat(100)}` }), 'spec.selector'],
    'ports without a protocol': [rule({ destination: { ports: [80] } }), 'spec.ingress[0].destination.ports'],
    'a range the wrong way round': [
      rule({ protocol: 'TCP', destination: { ports: ['9:8'] } }),
      'spec.ingress[0].destination.ports[0]',
    ],
    'a port beyond 65535': [
      rule({ protocol: 'TCP', destination: { ports: ['1:65536'] } }),
      'spec.ingress[0].destination.ports[0]',
    ],
    'a protocol that is none': [rule({ protocol: 'HTTP' }), 'spec.ingress[0].protocol'],
    'icmp without its protocol': [rule({ icmp: { type: 8 } }), 'spec.ingress[0].icmp'],
    'a code without a type': [rule({ protocol: 'ICMP', icmp: { code: 1 } }), 'spec.ingress[0].icmp.code'],
    'a net that is none': [rule({ source: { nets: ['10.0.0.0/33'] } }), 'spec.ingress[0].source.nets[0]'],
    'a net of the other version': [
      rule({ ipVersion: 6, source: { nets: ['10.0.0.0/8'] } }),
      'spec.ingress[0].source.nets[0]',
    ],
    'http in egress': [rule({ http: { methods: ['GET'] } }, 'egress'), 'spec.egress[0].http'],
    'services on the near end': [
      rule({ destination: { services: { name: 's' } } }),
      'spec.ingress[0].destination.services',
    ],
    'a type twice': [local('p', { types: ['Ingress', 'Ingress'] }), 'spec.types'],
    'preDNAT without applyOnForward': [global('p', { preDNAT: true }), 'spec.applyOnForward'],
    'a rule to be deleted with the policy': [
      object('StagedGlobalNetworkPolicy', 'p', { stagedAction: 'Delete', ingress: [] }),
      'spec.ingress',
    ],
    'a default tier elsewhere': [object('Tier', 'default', { order: 5 }), 'spec.order'],
    'an order that is no number': [local('p', { order: '5' }), 'spec.order'],
    'a global policy in a namespace': [object('GlobalNetworkPolicy', 'p', {}, 'shop'), 'metadata.namespace'],
    'a label of Calico on a set': [
      {
        ...object('GlobalNetworkSet', 's', {}),
        metadata: { name: 's', labels: { 'projectcalico.org/namespace': 'x' } },
      },
      'metadata.labels.projectcalico.org/namespace',
    ],
  };
  for (const [name, [written, path]] of Object.entries(cases))
    test(`${name} is refused at its place`, () => {
      const { problems } = importPolicies([written]);
      assert.deepEqual(
        problems.map((problem) => problem.path),
        [path],
      );
      assert.notEqual(problems[0]?.message, '');
    });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { policyDigest } from '../../../src/policies/digest.js';
import { importPolicies } from '../../../src/policies/import.js';
import { object, clusterwide, api, web } from './shop.js';

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

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { diffPolicies } from '../../../src/policies/diff.js';
import { policyDigest } from '../../../src/policies/digest.js';
import { importPolicies } from '../../../src/policies/import.js';
import { apiVersion, local, topology } from './shop.js';

test('spelling does not change the digest of a Calico policy, meaning does', () => {
  const digest = (spec: object, version = apiVersion) =>
    importPolicies([{ ...local('p', spec), apiVersion: version }]).policies.map(policyDigest)[0];
  const base = digest({
    selector: "app == 'api' && !(has(legacy) || tier != 'x')",
    ingress: [
      {
        action: 'Allow',
        protocol: 'TCP',
        source: { nets: ['10.0.0.0/8', '192.168.0.1'] },
        destination: { ports: [80, '81:90'] },
      },
    ],
  });
  const same = [
    {
      tier: 'default',
      order: null,
      types: ['Ingress'],
      selector: '(tier == "x") && !has(legacy) && app in {\'api\'}',
      ingress: [
        {
          action: 'Allow',
          protocol: 6,
          source: { nets: ['192.168.0.1/32', '10.9.9.9/8'] },
          destination: { ports: ['80:90'] },
        },
      ],
      egress: [],
    },
    {
      selector: "!has(legacy) && !(app not in { 'api' }) && tier == 'x' && all()",
      ingress: [
        {
          action: 'Allow',
          protocol: 'tcp',
          source: { nets: ['10.0.0.0/8', '192.168.0.1'] },
          destination: { ports: ['81:90'] },
        },
        {
          action: 'Allow',
          protocol: 'TCP',
          source: { nets: ['192.168.0.1', '10.0.0.0/8'], notNets: [] },
          destination: { ports: ['80'] },
        },
      ],
    },
  ];
  for (const spec of same) assert.equal(digest(spec), base);
  assert.equal(digest(same[0] ?? {}, 'crd.projectcalico.org/v1'), base);
  const rules = (...actions: string[]) => digest({ ingress: actions.map((action) => ({ action, protocol: 'TCP' })) });
  const different = [
    base,
    digest({ ...same[0], order: 1 }),
    digest({ ...same[0], tier: 'security' }),
    digest({ ...same[0], types: ['Ingress', 'Egress'] }),
    digest({ ...same[0], selector: "app == 'api'" }),
    rules('Allow', 'Deny'),
    rules('Deny', 'Allow'),
    rules('Allow'),
    rules('Log', 'Allow'),
    digest({ ingress: [{ action: 'Allow', protocol: 'TCP', http: { methods: ['GET'] } }] }),
    digest({ ingress: [{ action: 'Allow', protocol: 'TCP', http: { methods: ['PUT'] } }] }),
    digest({ ingress: [{ action: 'Allow', protocol: 'TCP', source: { ports: [1] } }] }),
    digest({ ingress: [{ action: 'Deny', protocol: 'TCP', source: { ports: [1], nets: ['10.0.0.0/8'] } }] }),
    digest({ ingress: [{ action: 'Deny', protocol: 'TCP', source: { ports: [1] } }] }),
    digest({ ingress: [{ action: 'Allow', protocol: 'ICMP', icmp: { type: 8 } }] }),
    digest({ ingress: [{ action: 'Allow', protocol: 'ICMP' }] }),
  ];
  assert.equal(new Set(different).size, different.length);
});

describe('the same said in other rules', () => {
  const open = (egress: object[]) => importPolicies([local('p', { types: ['Egress'], egress })]).policies;
  const differ = (before: object[], after: object[]) =>
    diffPolicies(topology, open(before), open(after), { ipBlockMatchesPods: true }).length > 0;
  const tcp = (action: string, destination: object) => ({ action, protocol: 'TCP', destination });

  test('ranges cut out by denials before, by gaps between, or by notPorts', () => {
    const cut = [tcp('Deny', { ports: ['61:70', '521:600'] }), tcp('Allow', { ports: ['60:70', '500:600'] })];
    const gaps = [tcp('Allow', { ports: [60, '500:509', '510:520'] }), tcp('Deny', { notPorts: [9] })];
    const not = [tcp('Allow', { ports: ['60:520'], notPorts: ['61:499'] })];
    assert.equal(differ(cut, gaps), false);
    assert.equal(differ(cut, not), false);
    assert.equal(differ(cut, [tcp('Allow', { ports: [60, '500:521'] })]), true);
  });

  test('all addresses at once, in halves, and as a net and what is not in it', () => {
    const allow = (destination: object) => tcp('Allow', destination);
    const all = [allow({ nets: ['0.0.0.0/0', '::/0'] })];
    const halves = [
      allow({ nets: ['0.0.0.0/1'] }),
      allow({ nets: ['128.0.0.0/1', '8000::/1'] }),
      allow({ nets: ['::/1'] }),
    ];
    const rest = [allow({ nets: ['10.0.0.0/8'] }), allow({ notNets: ['10.0.0.0/8'] })];
    assert.equal(differ(all, halves), false);
    assert.equal(differ(all, rest), false);
    assert.equal(differ(all, [tcp('Deny', { nets: ['9.9.9.9'] }), ...all]), true);
    assert.equal(differ(all, [allow({})]), false);
  });

  test('a Pass that skips a denial of the last tier is not the same as going on', () => {
    const pass = { action: 'Pass', destination: { selector: "app == 'db'" } };
    const deny = { action: 'Deny' };
    assert.equal(differ([pass, deny], [deny]), true);
    assert.equal(differ([pass, deny], [{ ...pass, action: 'Allow' }, deny]), false);
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { withStagedEnforced } from '../../../src/policies/calico/staged.js';
import { diffPolicies } from '../../../src/policies/diff.js';
import { policyDigest } from '../../../src/policies/digest.js';
import { importPolicies } from '../../../src/policies/import.js';
import { icmpPort, policyIdText } from '../../../src/policies/model.js';
import { compile, type Pod, type SideVerdict } from '../../../src/policies/simulation/evaluate.js';

const apiVersion = 'projectcalico.org/v3';
const object = (kind: string, name: string, spec: object, namespace?: string) => ({
  apiVersion,
  kind,
  metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
  spec,
});
const local = (name: string, spec: object) => object('NetworkPolicy', name, spec, 'shop');
const global = (name: string, spec: object) => object('GlobalNetworkPolicy', name, spec);

function pod(name: string, labels: Record<string, string>, ip: string, more: Partial<Pod> = {}): Pod {
  return {
    key: `shop/${name}`,
    namespace: 'shop',
    name,
    labels,
    ips: [ip],
    namedPorts: [],
    hostNetwork: false,
    ...more,
  };
}
const topology = {
  namespaces: [{ name: 'shop', labels: { team: 'red' } }],
  pods: [
    pod('web', { app: 'web' }, '10.0.0.1', { serviceAccount: 'front' }),
    pod('api', { app: 'api' }, '10.0.0.2', { namedPorts: [{ name: 'http', protocol: 'TCP', port: 8080 }] }),
    pod('db', { app: 'db', legacy: '' }, '10.0.0.3'),
  ],
};

function engineOf(objects: readonly object[]) {
  const { policies, problems } = importPolicies(objects);
  assert.deepEqual(problems, []);
  return compile(topology, policies, { ipBlockMatchesPods: true });
}

/** `Policy#rule` of every match after what passed, or the isolating policies; `+` when allowed and `-` when not. */
function reason({ allowed, by, passedBy }: SideVerdict): string {
  const place = ({ policy, rule }: (typeof passedBy)[number]) => `${policy.name}#${rule}`;
  const passed = passedBy.map((match) => `${place(match)} > `).join('');
  const decided =
    typeof by === 'string'
      ? by
      : 'policies' in by
        ? `${by.tier}: ${by.policies.map(place).join(' ')}`
        : `isolated by ${by.isolatedBy.map(policyIdText).join()}${by.tier === undefined ? '' : ` in ${by.tier}`}`;
  return `${allowed ? '+' : '-'} ${passed}${decided}`;
}

function ingress(objects: readonly object[], source = 'web', destination = 'api', port = 80): string {
  const end = (name: string) => (name.includes('.') ? { ip: name } : { pod: `shop/${name}` });
  return reason(
    engineOf(objects).verdict({ source: end(source), destination: end(destination), protocol: 'TCP', port }).ingress,
  );
}

const api = { selector: "app == 'api'" };
const from = (selector: string) => ({ source: { selector } });

describe('order and tiers of Calico', () => {
  const allow = { action: 'Allow' };
  const deny = { action: 'Deny' };

  test('order decides between policies, then the name; a missing order is the last', () => {
    const first = local('z-first', { ...api, order: 1, ingress: [deny] });
    assert.equal(ingress([local('a', { ...api, ingress: [allow] }), first]), '- NetworkPolicy: z-first#0');
    const tied = [
      local('b', { ...api, order: 5, ingress: [deny] }),
      local('a', { ...api, order: 5, ingress: [allow] }),
    ];
    assert.equal(ingress(tied), '+ NetworkPolicy: a#0');
  });

  test('a Kubernetes NetworkPolicy stands at order 1000 of the default tier, where Calico may deny before it', () => {
    const kubernetes = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'np', namespace: 'shop' },
      spec: { podSelector: { matchLabels: { app: 'api' } }, ingress: [{}] },
    };
    const at = (order: number) => ingress([kubernetes, local('calico', { ...api, order, ingress: [deny] })]);
    assert.equal(at(999), '- NetworkPolicy: calico#0');
    assert.equal(at(1001), '+ NetworkPolicy: np#0');
  });

  test('Pass goes to the next tier, and what nothing matches is denied at the end of a tier that applies', () => {
    const tiers = [
      object('Tier', 'security', { order: 10 }),
      object('Tier', 'audit', { order: 20, defaultAction: 'Pass' }),
    ];
    const passing = global('security.pass', {
      tier: 'security',
      ...api,
      ingress: [{ action: 'Pass', ...from("app == 'web'") }],
    });
    const auditing = global('audit.look', { tier: 'audit', ...api, ingress: [{ action: 'Log' }] });
    const last = local('allow', { ...api, ingress: [allow] });
    const all = [...tiers, passing, auditing, last];
    assert.equal(ingress(all), '+ security.pass#0 > NetworkPolicy: allow#0');
    assert.equal(ingress(all, 'db'), '- isolated by Calico GlobalNetworkPolicy security.pass in Calico security');
    assert.equal(ingress([...tiers, passing, auditing]), '+ security.pass#0 > no_rule_matches');
    assert.equal(ingress([...tiers, auditing], 'db'), '+ no_rule_matches');
    assert.equal(ingress(all, 'web', 'db'), '+ no_policy_selects');
  });

  test('a tier without an object comes last, denies what it does not match, and is listed', () => {
    const lost = global('lost.policy', { tier: 'lost', ...api, ingress: [] });
    assert.equal(ingress([lost]), '- isolated by Calico GlobalNetworkPolicy lost.policy in Calico lost');
    assert.equal(ingress([lost, local('allow', { ...api, ingress: [allow] })]), '+ NetworkPolicy: allow#0');
    assert.deepEqual(
      importPolicies([lost]).notModelled.map(({ path }) => path),
      ['spec.tier'],
    );
  });

  test('policies without types are for ingress, for egress when they have only egress rules, else for both', () => {
    const governed = (spec: object) => {
      const [policy] = importPolicies([local('p', spec)]).policies;
      return [policy?.ingress !== null, policy?.egress !== null];
    };
    assert.deepEqual(governed({}), [true, false]);
    assert.deepEqual(governed({ egress: [allow] }), [false, true]);
    assert.deepEqual(governed({ ingress: [allow], egress: [allow] }), [true, true]);
    assert.deepEqual(governed({ types: ['Egress'], ingress: [allow] }), [false, true]);
  });

  test('staged policies change nothing until they are taken as enforced', () => {
    const enforced = local('api', { ...api, ingress: [allow] });
    const staged = object('StagedNetworkPolicy', 'api', { ...api, ingress: [deny] }, 'shop');
    const gone = object('StagedNetworkPolicy', 'api', { stagedAction: 'Delete' }, 'shop');
    const kubernetes = object(
      'StagedKubernetesNetworkPolicy',
      'np',
      { podSelector: { matchLabels: { app: 'api' } }, policyTypes: ['Ingress'], stagedAction: 'Set' },
      'shop',
    );
    assert.equal(ingress([enforced, staged, kubernetes]), '+ NetworkPolicy: api#0');
    const pending = (objects: object[]) => {
      const policies = withStagedEnforced(importPolicies(objects).policies);
      const flow = {
        source: { pod: 'shop/web' },
        destination: { pod: 'shop/api' },
        protocol: 'TCP' as const,
        port: 80,
      };
      return reason(compile(topology, policies, { ipBlockMatchesPods: true }).verdict(flow).ingress);
    };
    assert.equal(pending([enforced, staged]), '- NetworkPolicy: api#0');
    assert.equal(pending([enforced, gone]), '+ no_policy_selects');
    assert.equal(pending([kubernetes]), '- isolated by NetworkPolicy shop/np');
    assert.equal(
      pending([enforced, { ...staged, spec: { ...staged.spec, stagedAction: 'Ignore' } }]),
      '+ NetworkPolicy: api#0',
    );
  });
});

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

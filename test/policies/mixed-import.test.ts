import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { diffPolicies } from '../../src/policies/diff.js';
import { importObject, importPolicies } from '../../src/policies/import.js';
import { importPolicy, policyConflicts } from '../../src/policies/kubernetes/import.js';
import { importTopology } from '../../src/policies/kubernetes/topology.js';
import { policyIdText } from '../../src/policies/model.js';
import { objectDigest } from '../../src/policies/object-digest.js';
import { compile } from '../../src/policies/simulation/evaluate.js';

const kubernetes = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'np', namespace: 'shop' },
  spec: { podSelector: {} },
};
const calico = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkPolicy',
  metadata: { name: 'security.deny' },
  spec: {
    tier: 'security',
    selector: 'all()',
    ingress: [{ action: 'Deny', source: { selector: "role == 'bad'" } }, { action: 'Pass' }],
  },
};
const tier = { apiVersion: 'projectcalico.org/v3', kind: 'Tier', metadata: { name: 'security' }, spec: { order: 10 } };
const bad = {
  apiVersion: 'projectcalico.org/v3',
  kind: 'GlobalNetworkSet',
  metadata: { name: 'bad', labels: { role: 'bad' } },
  spec: { nets: ['8.8.8.0/24'] },
};
const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { containers: [] },
  status: { podIP: '10.0.0.1' },
};

describe('a mix of objects', () => {
  test('each is imported, refused with its problems, or among the others; lists are opened', () => {
    const { policies, problems, others } = importPolicies([
      { apiVersion: 'v1', kind: 'List', items: [pod, kubernetes, { kind: 'List', items: [calico] }] },
      { apiVersion: 'projectcalico.org/v3', kind: 'TierList', items: [{ metadata: tier.metadata, spec: tier.spec }] },
      { ...kubernetes, apiVersion: 'extensions/v1beta1' },
      { kind: 'CiliumNetworkPolicy', metadata: { name: 'c' }, spec: {} },
      { ...tier, apiVersion: 'projectcalico.org/v1' },
      { ...calico, metadata: { name: 'bad' }, spec: { selector: '&&', order: 'x' } },
      'text',
      null,
    ]);
    assert.deepEqual(
      policies.map(({ id }) => policyIdText(id)),
      ['NetworkPolicy shop/np', 'Calico GlobalNetworkPolicy security.deny'],
    );
    assert.deepEqual(
      problems.map(({ index, object, path }) => `${index} ${object}: ${path}`),
      [
        '2 NetworkPolicy shop/np: kind',
        '3 CiliumNetworkPolicy c: kind',
        '4 Tier security: kind',
        '5 GlobalNetworkPolicy bad: spec.selector',
        '5 GlobalNetworkPolicy bad: spec.order',
      ],
    );
    assert.deepEqual(others, [pod, 'text', null]);
  });

  test('tiers and sets count wherever they stand in the list', () => {
    const topology = importTopology([pod]);
    const allowed = (objects: readonly object[], ip: string) =>
      compile(topology, importPolicies(objects).policies, { ipBlockMatchesPods: true }).verdict({
        source: { ip },
        destination: { pod: 'shop/web[Pod]' },
        protocol: 'TCP',
        port: 80,
      }).ingress;
    assert.equal(allowed([calico, bad, tier], '8.8.8.8').allowed, false);
    assert.equal(allowed([calico, bad, tier], '9.9.9.9').allowed, true);
    assert.deepEqual(allowed([bad, tier, calico], '8.8.8.8').by, {
      tier: 'Calico security',
      policies: [
        {
          policy: { system: 'calico', kind: 'GlobalNetworkPolicy', namespace: null, name: 'security.deny' },
          rule: 0,
          peer: 0,
          port: null,
        },
      ],
    });
  });

  test('a change of a set, or of the order of tiers, is a difference of paths', () => {
    const topology = importTopology([pod]);
    const of = (...objects: object[]) => importPolicies(objects).policies;
    const changes = diffPolicies(topology, of(calico, tier, bad), of(calico, tier), { ipBlockMatchesPods: true });
    assert.deepEqual(
      changes.map(({ change, source }) => [change, source]),
      [['opened', { first: '8.8.8.0', last: '8.8.8.255' }]],
    );
  });

  test('one identity twice and two network plugins are conflicts, equal orders of Calico and staged policies are not', () => {
    const cilium = {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumNetworkPolicy',
      metadata: { name: 'np', namespace: 'shop' },
      spec: { endpointSelector: {}, ingress: [{}] },
    };
    const conflicts = (...objects: object[]) =>
      policyConflicts(importPolicies(objects).policies).map(({ policies }) => policies.map(policyIdText));
    const second = { ...calico, metadata: { name: 'security.other' } };
    assert.deepEqual(conflicts(kubernetes, calico, second, { ...calico, kind: 'StagedGlobalNetworkPolicy' }), []);
    assert.deepEqual(conflicts(kubernetes, { ...calico, kind: 'NetworkPolicy', metadata: kubernetes.metadata }), []);
    assert.deepEqual(conflicts(calico, calico), [
      ['Calico GlobalNetworkPolicy security.deny', 'Calico GlobalNetworkPolicy security.deny'],
    ]);
    assert.deepEqual(conflicts(kubernetes, calico, cilium), [
      ['Calico GlobalNetworkPolicy security.deny', 'CiliumNetworkPolicy shop/np'],
    ]);
  });

  test('every kind has a digest, and objects of no policy have one of their content', () => {
    const objects = [
      kubernetes,
      calico,
      tier,
      bad,
      { ...bad, kind: 'NetworkSet' },
      { ...tier, spec: { order: 11 } },
      { ...bad, spec: {} },
      pod,
    ];
    assert.equal(new Set(objects.map(objectDigest)).size, objects.length);
    assert.equal(
      objectDigest({ ...bad, spec: { nets: ['9.9.9.9', '8.8.8.0/24'] } }),
      objectDigest({ ...bad, spec: { nets: ['8.8.8.1/24', '9.9.9.9/32', '9.9.9.9'] } }),
    );
  });
});

describe('hostile input', () => {
  const kinds = [
    ['networking.k8s.io/v1', 'NetworkPolicy'],
    ['policy.networking.k8s.io/v1alpha2', 'ClusterNetworkPolicy'],
    ['projectcalico.org/v3', 'NetworkPolicy'],
    ['projectcalico.org/v3', 'StagedGlobalNetworkPolicy'],
    ['projectcalico.org/v3', 'Tier'],
    ['projectcalico.org/v3', 'NetworkSet'],
    ['cilium.io/v2', 'CiliumNetworkPolicy'],
    ['segproof.dev/v1', 'Intent'],
    ['segproof.dev/v1', 'IntentTemplate'],
  ] as const;
  const words = 'ingress egress selector source destination nets ports action protocol tier order http'
    .concat(' fromEndpoints toPorts toCIDRSet cidr specs endpointSelector matchLabels matchExpressions')
    .concat(' tiers rules from to template parameters intent __proto__ constructor toString')
    .split(' ');
  const value = fc.letrec((tie) => ({
    any: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom<unknown[]>(
        null,
        '',
        0,
        -1,
        1.5,
        true,
        'all()',
        "a == 'b'",
        '10.0.0.0/8',
        '80',
        'Allow',
        Number.NaN,
        '\ud800',
      ),
      fc.array(tie('any'), { maxLength: 3 }),
      fc
        .array(fc.tuple(fc.constantFrom(...words), tie('any')), { maxLength: 4 })
        .map(
          (entries) =>
            JSON.parse(
              `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${JSON.stringify(item) ?? 'null'}`).join()}}`,
            ) as unknown,
        ),
    ),
  })).any;

  test('no import, compilation or digest throws, and nothing refused is without a reason', () => {
    fc.assert(
      fc.property(fc.constantFrom(...kinds), value, value, ([apiVersion, kind], metadata, spec) => {
        for (const object of [
          { apiVersion, kind, metadata: { name: 'p' }, spec },
          { apiVersion, kind, metadata, spec, specs: [spec] },
          {
            SecurityGroups: [spec, { GroupId: 'sg-a', IpPermissions: [spec], IpPermissionsEgress: spec }],
            PrefixLists: spec,
          },
        ]) {
          const { policies, problems } = importPolicies([object]);
          for (const { message } of problems) assert.notEqual(message, '');
          compile({ namespaces: [], pods: [] }, policies, { ipBlockMatchesPods: false });
          objectDigest(object);
        }
      }),
      { numRuns: 1000 },
    );
    assert.equal(({} as Record<string, unknown>)['ingress'], undefined);
  });

  test('kinds, versions and names that are no texts are refused or passed over', () => {
    const odd = { toString: 1, valueOf: null };
    for (const object of [
      { ...kubernetes, apiVersion: odd },
      { ...kubernetes, metadata: { name: odd, namespace: odd } },
      { ...calico, metadata: odd },
      { apiVersion: odd, kind: odd, metadata: odd, items: odd, spec: odd },
    ]) {
      assert.deepEqual(importPolicies([object]).policies, []);
      importPolicy(object);
      objectDigest(object);
    }
  });

  test('input that is nested deeply, or selectors that are long, are refused in time', () => {
    let deep: unknown = {};
    for (let level = 0; level < 20_000; level++) deep = { a: deep };
    const policy = (spec: object) => ({ ...calico, spec });
    for (const object of [
      policy({ ingress: [{ action: 'Deny', http: deep, source: { ports: [deep] } }] }),
      policy({ selector: '!'.repeat(10_000) }),
      policy({ selector: `${"a == 'b' || ".repeat(1000)}has(a)` }),
      policy({ selector: '('.repeat(10_000) }),
      policy({ selector: "'".repeat(10_001) }),
      policy({ selector: 'a not '.repeat(2000) }),
      {
        apiVersion: 'segproof.dev/v1',
        kind: 'IntentTemplate',
        metadata: { name: 't' },
        spec: { parameters: [], intent: deep },
      },
    ])
      importPolicies([
        object,
        {
          apiVersion: 'segproof.dev/v1',
          kind: 'Intent',
          metadata: { name: 'i' },
          spec: { template: 't', owner: 'o', reason: 'r' },
        },
      ]);
  });
});

const samples = join('..', 'shared', 'samples');

test('all samples are imported', { skip: existsSync(samples) ? false : 'needs ../shared' }, () => {
  /** Templates of a test suite, filled with what fits their place. */
  const filled = (text: string) =>
    text
      .replaceAll(/\{\{\.ExternalCIDRv4\}\}/g, '1.0.0.0/8')
      .replaceAll(/\{\{\.ExternalCIDRv6\}\}/g, '2606:4700::/32')
      .replaceAll(/\{\{\.ExternalIPv4 \| ipToCIDR \}\}/g, '1.1.1.1/32')
      .replaceAll(/\{\{\.ExternalIPv6 \| ipToCIDR \}\}/g, '2606:4700::1111/128')
      .replaceAll(/\{\{[^}]*\}\}/g, 'one.example');
  const counts = ['policy-calico', 'policy-cilium', 'policy-k8s'].map((folder) => {
    const files = readdirSync(join(samples, folder), { recursive: true, encoding: 'utf8' }).filter((file) =>
      file.endsWith('.yaml'),
    );
    const objects = files.flatMap((file) =>
      parseAllDocuments(filled(readFileSync(join(samples, folder, file), 'utf8'))).map(
        (document) => document.toJS() as unknown,
      ),
    );
    const { policies, problems } = importPolicies(objects.filter((object) => object !== null));
    assert.deepEqual(problems, []);
    return policies.length;
  });
  assert.deepEqual(counts, [12, 5, 15]);
  assert.equal(importObject({ kind: 'Pod' }), null);
});

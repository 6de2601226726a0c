import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseAllDocuments } from 'yaml';
import { policyDigest } from '../../../src/policies/digest.js';
import { importPolicies, type PolicyImport } from '../../../src/policies/import.js';
import { readIntent } from '../../../src/policies/intent/read.js';
import { renderIntent, yamlDocuments } from '../../../src/policies/intent/render.js';
import type { Intent } from '../../../src/policies/intent/schema.js';
import { compile, type Pod } from '../../../src/policies/simulation/evaluate.js';
import { topology } from '../clusters.js';
import { assertMapAgrees, engineSays, questions } from '../questions.js';
import { declares, inCidr, selects, type Question } from '../reference.js';

interface Tier {
  namespaces?: string[];
  namespaceLabels?: Record<string, string>;
  labels?: Record<string, string>;
  expressions?: { key: string; operator: string; values?: string[] }[];
  cidrs?: string[];
  any?: true;
  isolate?: boolean;
}

interface Spec {
  owner: string;
  reason: string;
  expires?: string;
  review?: string;
  enforce?: string[];
  tiers: Record<string, Tier>;
  rules: { from: string | string[]; to: string | string[]; ports?: (string | number)[]; expires?: string }[];
}

const intentOf = (spec: Partial<Spec>, name = 'shop') => ({
  apiVersion: 'segproof.dev/v1',
  kind: 'Intent',
  metadata: { name },
  spec: { owner: 'shop team', reason: 'the shop must work', tiers: {}, rules: [], ...spec },
});

function read(object: unknown): Intent {
  const intent = readIntent(object);
  assert.ok(intent.ok, JSON.stringify(intent));
  return intent.value;
}

function renderedYaml(object: unknown, at?: string): string {
  const rendered = renderIntent(read(object), at);
  assert.ok(rendered.ok, JSON.stringify(rendered));
  return yamlDocuments(rendered.objects);
}

function sound({ policies, problems }: PolicyImport) {
  assert.deepEqual(problems, []);
  return policies;
}

function importedYaml(text: string) {
  return sound(importPolicies(parseAllDocuments(text).map((document) => document.toJS() as unknown)));
}

const labels = fc.record(
  { app: fc.constantFrom('web', 'api', 'db'), tier: fc.constantFrom('x', 'y') },
  { requiredKeys: [] },
);
const expressions = fc.constantFrom<NonNullable<Tier['expressions']>[]>(
  [],
  [{ key: 'app', operator: 'NotIn', values: ['db'] }],
  [{ key: 'tier', operator: 'Exists' }],
);
const namespaces = fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 2 });
const subject: fc.Arbitrary<Tier> = fc.record(
  { namespaces, labels, expressions, isolate: fc.boolean() },
  { requiredKeys: ['namespaces'] },
);
const far: fc.Arbitrary<Tier> = fc.oneof(
  fc.record(
    { namespaceLabels: fc.constantFrom<Record<string, string>[]>({}, { team: 'red' }), labels },
    { requiredKeys: ['namespaceLabels'] },
  ),
  fc.subarray(['10.1.0.0/16', '192.168.0.0/16', 'fd00::/8'], { minLength: 1 }).map((cidrs) => ({ cidrs })),
  fc.constant<Tier>({ any: true }),
);
const names = fc.constantFrom('one', 'two', 'far');
const side = fc.oneof(names, fc.uniqueArray(names, { minLength: 1, maxLength: 2 }));
const port = fc.constantFrom<(string | number)[]>(80, '79-81', '53/UDP', 'http', 'dns/UDP', '443/SCTP', '8080');

/** Intents of two tiers that policies can be written for and one that they cannot. */
const intents = fc
  .record({
    enforce: fc.constantFrom<string[][]>(['ingress'], ['egress'], ['ingress', 'egress']),
    one: subject,
    two: subject,
    far,
    rules: fc.array(
      fc.record(
        { from: side, to: side, ports: fc.array(port, { minLength: 1, maxLength: 2 }) },
        { requiredKeys: ['from', 'to'] },
      ),
      { maxLength: 3 },
    ),
  })
  .map(({ enforce, one, two, far: third, rules }): Partial<Spec> => {
    const listed = (names_: string | string[]) => [names_].flat();
    const enforceable = rules.filter(({ from, to }) =>
      listed(from).every((source) =>
        listed(to).every(
          (destination) =>
            (enforce.includes('ingress') && destination !== 'far') || (enforce.includes('egress') && source !== 'far'),
        ),
      ),
    );
    return { enforce, tiers: { one, two, far: third }, rules: enforceable };
  });

/** The intent read literally: a tier a rule is enforced at does what its rules say, and nothing else. */
function reference(
  spec: Partial<Spec>,
  pods: { namespaces: readonly { name: string; labels: Readonly<Record<string, string>> }[] },
  question: Question,
) {
  const { tiers = {}, rules = [], enforce = ['ingress'] } = spec;
  const inTier = (name: string, end: Pod | string): boolean => {
    const tier = tiers[name] ?? {};
    if (tier.any === true) return true;
    if (tier.cidrs !== undefined) {
      // As with ipBlock of Kubernetes, addresses of pods do not count, those of nodes do.
      const addresses = typeof end === 'string' ? [end] : end.hostNetwork ? end.ips : [];
      return addresses.some((address) => (tier.cidrs ?? []).some((cidr) => inCidr(address, cidr)));
    }
    if (typeof end === 'string' || end.hostNetwork) return false;
    const ofNamespace = pods.namespaces.find((namespace) => namespace.name === end.namespace)?.labels ?? {};
    const here =
      tier.namespaces === undefined
        ? selects({ matchLabels: tier.namespaceLabels ?? {} }, ofNamespace)
        : tier.namespaces.includes(end.namespace);
    return here && selects({ matchLabels: tier.labels ?? {}, matchExpressions: tier.expressions ?? [] }, end.labels);
  };
  const onPort = (written: string | number): boolean => {
    const [ports = '', protocol = 'TCP'] = String(written).split('/');
    if (protocol !== question.protocol) return false;
    if (!/^\d/.test(ports)) return declares(question.destination, ports, protocol, question.port);
    const [first = '', last = first] = ports.split('-');
    return Number(first) <= question.port && question.port <= Number(last);
  };
  const allows = (direction: 'ingress' | 'egress'): boolean => {
    const [near, other] = direction === 'ingress' ? (['to', 'from'] as const) : (['from', 'to'] as const);
    const [self, peer] =
      direction === 'ingress' ? [question.destination, question.source] : [question.source, question.destination];
    const own = Object.keys(tiers).filter((name) => tiers[name]?.namespaces !== undefined && inTier(name, self));
    const isolated = own.filter(
      (name) =>
        enforce.includes(direction) &&
        (tiers[name]?.isolate === true || rules.some((rule) => [rule[near]].flat().includes(name))),
    );
    if (isolated.length === 0) return true;
    return rules.some(
      (rule) =>
        [rule[near]].flat().some((name) => isolated.includes(name)) &&
        [rule[other]].flat().some((name) => inTier(name, peer)) &&
        (rule.ports === undefined || rule.ports.some(onPort)),
    );
  };
  if (question.source === question.destination) return { egress: true, ingress: true };
  return { egress: allows('egress'), ingress: allows('ingress') };
}

describe('intents', () => {
  test('policies of an intent, and its rendered YAML, give the verdicts the intent says', () => {
    fc.assert(
      fc.property(topology, intents, (pods, spec) => {
        const options = { ipBlockMatchesPods: false };
        const direct = compile(pods, sound(importPolicies([intentOf(spec)])), options);
        const rendered = compile(pods, importedYaml(renderedYaml(intentOf(spec))), options);
        for (const question of questions(pods)) {
          const expected = reference(spec, pods, question);
          assert.deepEqual(engineSays(direct, question), expected, JSON.stringify(question));
          assert.deepEqual(engineSays(rendered, question), expected, JSON.stringify(question));
        }
        assertMapAgrees(direct, pods);
      }),
      { numRuns: 100 },
    );
  });

  test('the example of the documents is an intent', () => {
    const page = readFileSync('docs/policies/model.md', 'utf8');
    const example = /```yaml\n(.*?)```/s.exec(page)?.[1] ?? '';
    assert.equal(importedYaml(example).length, 2);
    assert.equal(importedYaml(renderedYaml(parseAllDocuments(example)[0]?.toJS())).length, 3);
  });

  const tiers = {
    web: { namespaces: ['shop'], labels: { app: 'web' } },
    api: { namespaces: ['shop', 'shop-eu'], labels: { app: 'api' } },
    office: { cidrs: ['10.9.0.0/16'] },
  };

  test('one policy a tier and namespace is rendered, with owner, reason and dates in annotations', () => {
    const text = renderedYaml(
      intentOf({
        tiers,
        enforce: ['ingress', 'egress'],
        review: '2027-01-01',
        rules: [
          { from: 'web', to: 'api', ports: [8443] },
          { from: 'office', to: 'web', ports: ['443'] },
        ],
      }),
    );
    const objects = parseAllDocuments(text).map(
      (document) => document.toJS() as { metadata: object; spec: { policyTypes: object } },
    );
    assert.deepEqual(
      objects.map(({ metadata, spec }) => [metadata, spec.policyTypes]),
      [
        ['web', 'shop', ['Ingress', 'Egress']],
        ['api', 'shop', ['Ingress']],
        ['api', 'shop-eu', ['Ingress']],
      ].map(([tier, namespace, types]) => [
        {
          name: `shop.${String(tier)}`,
          namespace,
          annotations: {
            'segproof.dev/intent': 'shop',
            'segproof.dev/owner': 'shop team',
            'segproof.dev/reason': 'the shop must work',
            'segproof.dev/review': '2027-01-01',
          },
        },
        types,
      ]),
    );
  });

  test('an expired rule allows nothing any more, and its tier stays isolated; a day holds to its end', () => {
    const object = intentOf({ tiers, rules: [{ from: 'web', to: 'api', expires: '2027-01-31' }] });
    const rules = (at: string) => importPolicies([object], at).policies.map(({ ingress }) => ingress?.length);
    assert.deepEqual(rules('2027-01-31T23:59:59Z'), [1]);
    assert.deepEqual(rules('2027-02-01T00:00:00Z'), [0]);
    const whole = intentOf({ tiers, expires: '2026-12-31T12:00:00+02:00', rules: [{ from: 'web', to: 'api' }] });
    assert.deepEqual(importPolicies([whole], '2026-12-31T10:00:01Z').policies[0]?.ingress, []);
  });

  test('neither the order of tiers, rules and names nor the spelling of ports changes the digest; what is said does', () => {
    const digest = (spec: Partial<Spec>) =>
      sound(importPolicies([intentOf(spec)]))
        .map(policyDigest)
        .sort();
    const base = digest({ tiers, rules: [{ from: ['web', 'office'], to: 'api', ports: ['8443', '9000-9001'] }] });
    const { web, api, office } = tiers;
    assert.deepEqual(
      digest({
        tiers: { office, api, web },
        rules: [
          { from: 'office', to: ['api'], ports: [9001, '8443/TCP', 9000] },
          { from: 'web', to: ['api'], ports: ['9000-9001', '8443'] },
        ],
      }),
      base,
    );
    assert.notDeepEqual(digest({ tiers, rules: [{ from: ['web', 'office'], to: 'api', ports: ['8443'] }] }), base);
  });

  const refused: Record<string, [object, string]> = {
    'an unknown field': [intentOf({ tiers, rules: [], note: 'x' } as Partial<Spec>), 'spec'],
    'no owner': [intentOf({ owner: '' }), 'spec.owner'],
    'an unknown tier': [intentOf({ tiers, rules: [{ from: 'web', to: 'db' }] }), 'spec.rules[0].to'],
    'a rule that is enforced nowhere': [intentOf({ tiers, rules: [{ from: 'web', to: 'office' }] }), 'spec.rules[0]'],
    'a port that is none': [
      intentOf({ tiers, rules: [{ from: 'web', to: 'api', ports: ['70000'] }] }),
      'spec.rules[0].ports[0]',
    ],
    'a day that is none': [intentOf({ review: '2027-02-30' }), 'spec.review'],
    'a CIDR that is none': [intentOf({ tiers: { x: { cidrs: ['10.0.0.0/40'] } } }), 'spec.tiers.x.cidrs[0]'],
    'a tier of two kinds': [intentOf({ tiers: { x: { cidrs: ['10.0.0.0/8'], any: true } } }), 'spec.tiers.x'],
    'a name with a capital': [intentOf({}, 'Shop'), 'metadata.name'],
    'a missing template': [{ ...intentOf({}), spec: { template: 'none', owner: 'o', reason: 'r' } }, 'spec.template'],
  };
  for (const [name, [object, path]] of Object.entries(refused))
    test(`${name} is refused at its place`, () => {
      const { problems, policies } = importPolicies([object]);
      assert.deepEqual(
        problems.map((problem) => problem.path),
        [path],
      );
      assert.deepEqual(policies, []);
    });
});

describe('templates of intents', () => {
  const template = {
    apiVersion: 'segproof.dev/v1',
    kind: 'IntentTemplate',
    metadata: { name: 'two-tier' },
    spec: {
      parameters: [
        { name: 'namespace' },
        { name: 'ports', default: [8443] },
        { name: 'stage', default: 'prod', oneOf: ['prod', 'test'] },
      ],
      intent: {
        tiers: {
          web: { namespaces: ['${namespace}'], labels: { app: '${namespace}-web', stage: '${stage}' } },
          api: { namespaces: ['${namespace}'], labels: { app: '${namespace}-api' } },
        },
        rules: [{ from: 'web', to: 'api', ports: ['${ports}', 9090] }],
      },
    },
  };
  const made = (parameters: object) => ({
    ...intentOf({}),
    spec: { template: 'two-tier', parameters, owner: 'o', reason: 'r' },
  });

  test('an intent made from a template says what the intent written out says, wherever the template stands', () => {
    const written = intentOf({
      tiers: {
        web: { namespaces: ['shop'], labels: { app: 'shop-web', stage: 'test' } },
        api: { namespaces: ['shop'], labels: { app: 'shop-api' } },
      },
      rules: [{ from: 'web', to: 'api', ports: [1, '2-3', 9090] }],
    });
    const fromTemplate = importPolicies([made({ namespace: 'shop', ports: [1, '2-3'], stage: 'test' }), template]);
    assert.deepEqual(sound(fromTemplate), sound(importPolicies([written])));
    assert.equal(sound(importPolicies([template, made({ namespace: 'shop' })]))[0]?.ingress?.[0]?.ports?.length, 2);
  });

  test('missing, unknown and disallowed parameters are refused by name', () => {
    const places = (parameters: object) =>
      importPolicies([template, made(parameters)]).problems.map(({ path }) => path);
    assert.deepEqual(places({}), ['spec.parameters.namespace']);
    assert.deepEqual(places({ namespace: 'shop', port: 1 }), ['spec.parameters.port']);
    assert.deepEqual(places({ namespace: 'shop', stage: 'dev' }), ['spec.parameters.stage']);
    assert.deepEqual(places({ namespace: ['shop', 'shop-eu'] }), ['spec.template', 'spec.template']);
  });
});

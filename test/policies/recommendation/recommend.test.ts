import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importPolicies } from '../../../src/policies/import.js';
import { readIntent } from '../../../src/policies/intent/read.js';
import { renderIntent } from '../../../src/policies/intent/render.js';
import { exactCidrs } from '../../../src/policies/recommendation/addresses.js';
import { coverCells, type Cell } from '../../../src/policies/recommendation/cover.js';
import { Thresholds, type ObservedEdge, type ObservedWorkload } from '../../../src/policies/recommendation/observed.js';
import { recommend, type Observation, type Recommendation } from '../../../src/policies/recommendation/recommend.js';
import { flowProtocols } from '../../../src/policies/model.js';
import { containsCidr, parseAddress, parseCidr } from '../../../src/policies/simulation/address.js';
import { compile, type Engine, type Pod } from '../../../src/policies/simulation/evaluate.js';

const days = Array.from({ length: 30 }, (_, at) => new Date(Date.UTC(2026, 9, 1 + at)).toISOString().slice(0, 10));
const window = { from: '2026-10-01T00:00:00Z', to: '2026-10-31T00:00:00Z' };
const shop = { name: 'shop', owner: 'Shop Team', namespace: 'shop', matchLabels: {} };
const defaults = Thresholds.parse({});

function workload(
  name: string,
  labels: Record<string, string> | null,
  namespace: string | null = 'shop',
): ObservedWorkload {
  return {
    key: `k8s:${namespace ?? 'none'}/${name}`,
    namespace,
    name,
    labels,
    firstSeen: '2026-10-01T00:00:00Z',
    lastSeen: '2026-10-30T23:00:00Z',
  };
}

function edge(source: string, destination: string, port: number, more: Partial<ObservedEdge> = {}): ObservedEdge {
  const seen = more.days ?? days;
  const end = (name: string): string => (name.includes(':') ? name : `k8s:shop/${name}`);
  return {
    source: end(source),
    destination: end(destination),
    protocol: 'TCP',
    port,
    passed: 300,
    denied: 0,
    failed: 0,
    days: seen,
    passedDays: more.passed === 0 ? [] : seen,
    firstSeen: `${seen[0] ?? ''}T10:00:00Z`,
    lastSeen: `${seen.at(-1) ?? ''}T10:00:00Z`,
    entries: [1, 2],
    ...more,
  };
}

/** Two replicas stand for each workload, since a pod may always talk to itself but not to its replica. */
function engineOf(workloads: readonly ObservedWorkload[], recommendation: Recommendation, without?: string): Engine {
  const { intent } = recommendation;
  const rules = intent.spec.rules.filter(({ name }) => name !== without);
  const read = readIntent({ ...intent, spec: { ...intent.spec, rules } });
  assert.ok(read.ok, JSON.stringify(read));
  const rendered = renderIntent(read.value);
  assert.ok(rendered.ok, JSON.stringify(rendered));
  const imported = importPolicies(structuredClone(rendered.objects), window.to);
  assert.deepEqual([imported.problems, imported.notModelled], [[], []]);
  const pods = workloads.flatMap(({ key, namespace, name, labels }): Pod[] =>
    namespace === null
      ? []
      : [0, 1].map((replica) => ({
          key: `${key}#${replica}`,
          namespace,
          name: `${name}-${replica}`,
          labels: labels ?? {},
          ips: [],
          namedPorts: [],
          hostNetwork: false,
        })),
  );
  return compile({ namespaces: [], pods }, imported.policies, { ipBlockMatchesPods: false });
}

function placeable(end: string, known: readonly ObservedWorkload[]): boolean {
  if (end.startsWith('ip:')) return parseAddress(end.slice(3)) !== null;
  return known.some(({ key, namespace }) => key === end && namespace !== null);
}

function allowed(engine: Engine, { source, destination, protocol, port }: ObservedEdge): boolean {
  const found = flowProtocols.find((one) => one === protocol);
  assert.ok(found !== undefined);
  const end = (text: string, replica: number) =>
    text.startsWith('ip:') ? { ip: text.slice(3) } : { pod: `${text}#${replica}` };
  return engine.verdict({ source: end(source, 0), destination: end(destination, 1), protocol: found, port }).allowed;
}

const label = fc.constantFrom('web', 'api', 'db');
const labels = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ app: label, tier: label, 'pod-template-hash': fc.string() }, { requiredKeys: [] }),
  },
  { weight: 1, arbitrary: fc.constant(null) },
);
const workloads = fc
  .array(fc.record({ labels, namespace: fc.constantFrom('shop', 'shop', 'other', null) }), {
    minLength: 2,
    maxLength: 10,
  })
  .map((list) => list.map((one, at) => workload(`w${at}`, one.labels, one.namespace)));

const observation = workloads.chain((known) => {
  const end = fc.constantFrom(
    ...known.map(({ key }) => key),
    'ip:192.0.2.8',
    'ip:192.0.2.9',
    'ip:2001:db8::1',
    'ip:nonsense',
    'k8s:shop/unknown',
  );
  const observed = fc
    .record({
      source: end,
      destination: end,
      port: fc.constantFrom(53, 443, 444, 8080, 40_000, -1),
      protocol: fc.constantFrom('TCP', 'TCP', 'UDP', 'ICMP'),
      passed: fc.constantFrom(0, 1, 5, 500),
      denied: fc.constantFrom(0, 0, 3),
      days: fc.subarray(days, { minLength: 1 }),
    })
    .map(({ source, destination, port, ...more }) =>
      edge(source, destination, port, more.passed + more.denied === 0 ? { ...more, failed: 2 } : more),
    );
  const matchLabels = fc.constantFrom({}, { app: 'web' });
  return fc
    .record({
      edges: fc.uniqueArray(observed, {
        maxLength: 40,
        selector: ({ source, destination, protocol, port }) => `${source} ${destination} ${protocol} ${port}`,
      }),
      matchLabels,
    })
    .map((made): Observation => ({
      segment: { ...shop, matchLabels: made.matchLabels },
      edges: made.edges,
      workloads: known,
      ...window,
    }));
});

const thresholds = fc.record({ scanTargets: fc.constantFrom(4, 15), mostAddresses: fc.constantFrom(1, 50) });

describe('a recommendation', () => {
  test('allows what is kept, needs each rule for it, and denies what is left out', () => {
    fc.assert(
      fc.property(observation, thresholds, (seen, strictness) => {
        const result = recommend(seen, Thresholds.parse(strictness));
        const engine = engineOf(seen.workloads, result);
        for (const kept of result.kept) assert.ok(allowed(engine, kept), `kept and denied: ${JSON.stringify(kept)}`);
        for (const { name, basis } of result.rules) {
          assert.ok(basis.length > 0);
          const less = engineOf(seen.workloads, result, name);
          assert.ok(
            result.kept.some((kept) => !allowed(less, kept)),
            `not needed: ${name}`,
          );
        }
        for (const { edge: left, reason, allowedBy } of result.excluded) {
          const placed = [left.source, left.destination].every((end) => placeable(end, seen.workloads));
          if (!placed || reason === 'not_modelled') continue;
          assert.equal(allowed(engine, left), allowedBy !== null, `left out: ${JSON.stringify({ left, allowedBy })}`);
        }
      }),
      { numRuns: 400 },
    );
  });

  test('accounts for every edge of the segment once', () => {
    fc.assert(
      fc.property(observation, thresholds, (seen, strictness) => {
        const { kept, excluded, rules } = recommend(seen, Thresholds.parse(strictness));
        const { matchLabels } = seen.segment;
        const members = new Set(
          seen.workloads
            .filter(
              (one) =>
                one.namespace === 'shop' &&
                Object.entries(matchLabels).every(([key, value]) => one.labels?.[key] === value),
            )
            .map(({ key }) => key),
        );
        const expected = seen.edges.filter(
          ({ source, destination }) => members.has(source) || members.has(destination),
        );
        const accounted = [...kept, ...excluded.map((one) => one.edge)];
        assert.equal(accounted.length, expected.length);
        assert.deepEqual(new Set(accounted), new Set(expected));
        assert.deepEqual(new Set(rules.flatMap(({ basis }) => basis)), new Set(kept));
        for (const { basis, allowed: all } of rules) assert.ok(basis.length <= all, `${basis.length} of ${all}`);
      }),
    );
  });

  test('is the same whatever the order of what was observed', () => {
    fc.assert(
      fc.property(observation, (seen) => {
        const turned = { ...seen, edges: seen.edges.toReversed(), workloads: seen.workloads.toReversed() };
        assert.deepEqual(recommend(turned, defaults), recommend(seen, defaults));
      }),
    );
  });

  test('puts replicas and versions of one application under its name, and never under a hash', () => {
    const known = [
      workload('web-1', { app: 'web', 'pod-template-hash': 'aaa', version: 'v1' }),
      workload('web-2', { app: 'web', 'pod-template-hash': 'bbb', version: 'v2' }),
      workload('api', { app: 'api', 'pod-template-hash': 'ccc' }),
    ];
    const { intent, rules } = recommend(
      { segment: shop, edges: [edge('web-1', 'api', 8443)], workloads: known, ...window },
      defaults,
    );
    assert.deepEqual(intent.spec.tiers['web'], { namespaces: ['shop'], labels: { app: 'web' } });
    assert.deepEqual(
      rules.map(({ from, to, ports, basis, allowed: all }) => ({ from, to, ports, basis: basis.length, all })),
      [{ from: ['web'], to: ['api'], ports: ['8443/TCP'], basis: 1, all: 2 }],
    );
  });

  test('takes one rule for what all call, and never isolates workloads of others', () => {
    const known = [
      ...['a', 'b', 'c'].map((app) => workload(app, { app })),
      workload('dns', { 'k8s-app': 'kube-dns' }, 'kube-system'),
    ];
    const edges = ['a', 'b', 'c'].flatMap((app) => [
      edge(app, 'k8s:kube-system/dns', 53, { protocol: 'UDP' }),
      edge(app, 'k8s:kube-system/dns', 53),
    ]);
    const { intent, rules } = recommend({ segment: shop, edges, workloads: known, ...window }, defaults);
    assert.deepEqual(
      rules.map(({ from, to, ports }) => ({ from: from.toSorted(), to, ports })),
      [{ from: ['a', 'b', 'c'], to: ['kube-system-kube-dns'], ports: ['53/TCP', '53/UDP'] }],
    );
    const read = readIntent(intent);
    assert.ok(read.ok);
    const rendered = renderIntent(read.value);
    assert.ok(rendered.ok);
    assert.deepEqual([...new Set(rendered.objects.map(({ metadata }) => metadata.namespace))], ['shop']);
  });

  test('says why it leaves something out', () => {
    const known = ['web', 'api', 'odd', 'scanner'].map((app) => workload(app, { app }));
    const once = { days: ['2026-10-07'] };
    const edges = [
      edge('web', 'api', 8443),
      edge('odd', 'api', 8443, { ...once, passed: 2 }),
      edge('web', 'odd', 22, { passed: 0, denied: 9 }),
      edge('api', 'web', 51_512, { ...once, passed: 2 }),
      edge('web', 'ip:198.51.100.7', 443, { days: days.slice(3, 5) }),
      edge('web', 'ip:198.51.100.8', 443),
      edge('web', 'k8s:shop/gone', 443),
      edge('web', 'api', -1, { protocol: 'ICMP' }),
      ...Array.from({ length: 20 }, (_, at) => edge('scanner', 'api', 1000 + at, { ...once, passed: 0, failed: 1 })),
      edge('scanner', 'api', 9000, { ...once, passed: 4 }),
    ];
    const { excluded, kept } = recommend({ segment: shop, edges, workloads: known, ...window }, defaults);
    const reasonOf = (source: string, port: number): string | undefined =>
      excluded.find((one) => one.edge.source === `k8s:shop/${source}` && one.edge.port === port)?.reason;
    assert.deepEqual(
      [
        reasonOf('odd', 8443),
        reasonOf('web', 22),
        reasonOf('api', 51_512),
        reasonOf('scanner', 9000),
        reasonOf('web', -1),
      ],
      ['one_off', 'denied_only', 'reply', 'scan', 'not_modelled'],
    );
    assert.equal(excluded.filter(({ reason }) => reason === 'scan').length, 21);
    const gone = excluded.find((one) => one.edge.destination === 'k8s:shop/gone');
    assert.equal(gone?.reason, 'unknown_workload');
    assert.equal(excluded.find((one) => one.edge.destination === 'ip:198.51.100.7')?.reason, 'unstable_address');
    assert.deepEqual(
      kept.map(({ destination }) => destination),
      ['ip:198.51.100.8', 'k8s:shop/api'],
    );
  });

  test('writes no range it has not seen, and no list nobody could keep', () => {
    const known = [workload('gate', { app: 'gate' })];
    const callers = Array.from({ length: 60 }, (_, at) => edge(`ip:203.0.113.${at}`, 'gate', 443));
    const observed = { segment: shop, edges: callers, workloads: known, ...window };
    assert.deepEqual(
      recommend(observed, defaults).excluded.map(({ reason }) => reason),
      callers.map(() => 'too_many_addresses'),
    );
    const { intent } = recommend(observed, Thresholds.parse({ mostAddresses: 60 }));
    const expected = ['203.0.113.0/27', '203.0.113.32/28', '203.0.113.48/29', '203.0.113.56/30'];
    assert.deepEqual(intent.spec.tiers['addresses-1'], { cidrs: expected });
  });
});

test('merged CIDRs cover the addresses and no other', () => {
  const address = fc.oneof(
    fc.integer({ min: 0, max: 40 }).map((last) => `10.0.0.${last}`),
    fc.integer({ min: 0, max: 40 }).map((last) => `2001:db8::${last.toString(16)}`),
  );
  fc.assert(
    fc.property(fc.array(address), (addresses) => {
      const cidrs = exactCidrs(addresses).map(parseCidr);
      const single = new Set(addresses);
      const covered = cidrs.reduce((sum, cidr) => sum + (cidr === null ? 0n : cidr.last - cidr.first + 1n), 0n);
      assert.equal(covered, BigInt(single.size));
      for (const text of single) {
        const one = parseAddress(text);
        assert.ok(one !== null);
        const inner = { family: one.family, first: one.value, last: one.value, prefix: one.family === 4 ? 32 : 128 };
        assert.ok(cidrs.some((cidr) => cidr !== null && containsCidr(cidr, inner)));
      }
    }),
  );
});

test('rules allow exactly the cells, and none is needless', () => {
  const cell = fc.record({
    from: fc.constantFrom('a', 'b', 'c', 'd'),
    to: fc.constantFrom('a', 'b', 'x'),
    port: fc.constantFrom('1', '2', '3'),
  });
  const keyOf = ({ from, to, port }: Cell): string => `${from} ${to} ${port}`;
  fc.assert(
    fc.property(fc.uniqueArray(cell, { selector: keyOf }), (cells) => {
      const allowedBy = coverCells(cells).map(({ from, to, ports }) =>
        from.flatMap((source) => to.flatMap((end) => ports.map((port) => keyOf({ from: source, to: end, port })))),
      );
      assert.deepEqual(new Set(allowedBy.flat()), new Set(cells.map(keyOf)));
      for (const [at, mine] of allowedBy.entries()) {
        const others = new Set(allowedBy.filter((_, other) => other !== at).flat());
        assert.ok(mine.some((key) => !others.has(key)));
      }
    }),
  );
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { computeFigures } from '../../src/figures/compute.js';
import { EstateMap } from '../../src/figures/estate-map.js';
import { simulateIncident } from '../../src/figures/incident.js';
import { criticalityWeights, type PathCounts, type ScopeFigures } from '../../src/figures/model.js';
import { noSegment, pathPage } from '../../src/figures/paths-list.js';
import { withPolicies } from '../../src/figures/questions.js';
import { usageOf } from '../../src/figures/usage.js';
import { workloadPage } from '../../src/figures/workload-reach.js';
import { allow, edge, madeUpEstate, madeUpWindow, policy, workload } from './estates.js';

const seeds = Array.from({ length: 60 }, (_, seed) => seed + 1);
const everything = { from: null, to: null, segment: null, source: null, destination: null, used: null };
const all = { offset: 0, limit: 1_000_000 };

/** The plain way: every ordered pair asked by itself, and a search from each workload. */
function plainly(map: EstateMap) {
  const { workloads } = map.inputs;
  const next = workloads.map((_, from) => workloads.flatMap((__, to) => (map.ranges(from, to).length > 0 ? [to] : [])));
  const distances = workloads.map((_, start) => {
    const hops = new Map([[start, 0]]);
    for (const queue = [start]; queue.length > 0;) {
      const from = queue.shift() ?? 0;
      for (const to of next[from] ?? []) {
        if (hops.has(to)) continue;
        hops.set(to, (hops.get(from) ?? 0) + 1);
        queue.push(to);
      }
    }
    return hops;
  });
  return { next, distances };
}

describe('figures of made-up estates', () => {
  test('reach, weights and distance to critical workloads are those a plain search finds', () => {
    for (const seed of seeds) {
      const map = new EstateMap(madeUpEstate(seed));
      const { next, distances } = plainly(map);
      for (const [number, reach] of map.reach().entries()) {
        const reached = [...(distances[number] ?? [])].filter(([to]) => to !== number);
        const weight = (workloads: readonly number[]) => workloads.reduce((sum, to) => sum + (map.weights[to] ?? 0), 0);
        assert.equal(reach.direct, next[number]?.length);
        assert.equal(reach.transitive, reached.length);
        assert.equal(reach.weightedDirect, weight(next[number] ?? []));
        assert.equal(reach.weightedTransitive, weight(reached.map(([to]) => to)));
        const critical = [...(distances[number] ?? [])].filter(([to]) => map.isCritical(to)).map(([, hops]) => hops);
        assert.equal(reach.hopsToCritical, critical.length === 0 ? -1 : Math.min(...critical));
      }
    }
  });

  test('the estate is the sum of its segments and of what is in none', () => {
    for (const seed of seeds) {
      const inputs = madeUpEstate(seed);
      const { estate, segments, matrix } = computeFigures(new EstateMap(inputs), madeUpWindow(seed, inputs));
      for (const part of ['paths', 'pairs', 'used'] as const) {
        const into = (figures: ScopeFigures) => figures.openPaths.inside[part] + figures.openPaths.into[part];
        const outOf = (figures: ScopeFigures) => figures.openPaths.inside[part] + figures.openPaths.outOf[part];
        const of = (cells: readonly PathCounts[]) => cells.reduce((sum, cell) => sum + cell[part], 0);
        const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
        const whole = estate.openPaths[part];
        assert.equal(whole, of(matrix));
        assert.equal(whole, sum(Object.values(segments).map(into)) + of(matrix.filter(({ to }) => to === null)));
        assert.equal(whole, sum(Object.values(segments).map(outOf)) + of(matrix.filter(({ from }) => from === null)));
        assert.equal(whole, estate.openPaths.inside[part] + estate.openPaths.into[part]);
      }
      const outside = inputs.workloads.filter(({ segment }) => segment === null).length;
      const members = Object.values(segments).reduce((sum, figures) => sum + figures.workloads, 0);
      assert.equal(members + outside, estate.workloads);
    }
  });

  test('every figure stays in its bounds', () => {
    for (const seed of seeds) {
      const inputs = madeUpEstate(seed);
      const { estate, segments } = computeFigures(new EstateMap(inputs), madeUpWindow(seed, inputs));
      for (const figures of [estate, ...Object.values(segments)]) {
        const { openPaths, segmentedness, blastRadius, crownJewels, coverage } = figures;
        assert.equal(openPaths.used + openPaths.unused, openPaths.paths);
        assert.ok(openPaths.used >= 0 && openPaths.unused >= 0 && openPaths.paths >= openPaths.pairs);
        assert.ok(segmentedness.pairs <= segmentedness.possiblePairs);
        assert.ok(segmentedness.value === null || (segmentedness.value >= 0 && segmentedness.value <= 1));
        for (const spread of [blastRadius.direct, blastRadius.transitive])
          assert.ok(spread.mean <= spread.max && spread.p95 <= spread.max && spread.max < estate.workloads);
        assert.ok(blastRadius.direct.mean <= blastRadius.transitive.mean);
        assert.ok(blastRadius.weightedTransitive.max <= (estate.workloads - 1) * criticalityWeights.critical);
        const { within1, within2, within3, any, of } = crownJewels;
        assert.ok(within1 <= within2 && within2 <= within3 && within3 <= any && any <= of);
        assert.ok(coverage.both <= Math.min(coverage.ingress, coverage.egress) && coverage.of === figures.workloads);
        const { known, whole, share } = openPaths.coverage;
        assert.ok(known <= whole && (share === null ? whole === 0 : share >= 0 && share <= 1));
        assert.ok(figures.violations.reopened <= figures.violations.detected);
      }
    }
  });

  test('a further rule that allows something never lowers what is open', () => {
    for (const seed of seeds) {
      const inputs = madeUpEstate(seed);
      const map = new EstateMap(inputs);
      const window = madeUpWindow(seed, inputs);
      // A rule added to a policy that has the direction already: a policy more would isolate, and so take away.
      const policies = inputs.policies.map((one) => ({
        ...one,
        ingress: one.ingress === null ? null : [...one.ingress, allow({}, [81, 9000])],
        egress: one.egress === null ? null : [...one.egress, allow({ group: 'g1' }, [9000])],
      }));
      const before = computeFigures(map, window);
      const after = computeFigures(withPolicies(map, policies), window);
      for (const [name, figures] of Object.entries(before.segments)) {
        const later = after.segments[name];
        assert.ok(later !== undefined && later.openPaths.pairs >= figures.openPaths.pairs);
        assert.ok(later.crownJewels.any >= figures.crownJewels.any);
      }
      assert.ok(after.estate.openPaths.pairs >= before.estate.openPaths.pairs);
      assert.ok(after.estate.blastRadius.transitive.mean >= before.estate.blastRadius.transitive.mean);
      assert.ok((after.estate.segmentedness.value ?? 0) <= (before.estate.segmentedness.value ?? 0));
      const same = new EstateMap({ ...inputs, policies });
      assert.deepEqual(after, computeFigures(same, window), 'a revised map is the map computed from nothing');
    }
  });

  test('lists hold exactly what the figures count', () => {
    for (const seed of seeds) {
      const inputs = madeUpEstate(seed);
      const map = new EstateMap(inputs);
      const window = madeUpWindow(seed, inputs);
      const usage = usageOf(map, window.edges);
      const { estate, segments, matrix } = computeFigures(map, window);
      const count = (filter: object) =>
        pathPage(map, usage, { ...everything, ...filter }, { offset: 0, limit: 1 }).matching;
      assert.equal(count({}), estate.openPaths.paths);
      assert.equal(count({ used: true }), estate.openPaths.used);
      for (const [name, figures] of Object.entries(segments)) {
        assert.equal(count({ segment: name }), figures.openPaths.paths);
        assert.equal(count({ segment: name, used: false }), figures.openPaths.unused);
        const exposed = workloadPage(map, { segment: name, exposedWithin: 2, ungoverned: null }, all);
        assert.equal(exposed.matching, figures.crownJewels.within2);
        const bare = workloadPage(map, { segment: name, exposedWithin: null, ungoverned: 'any' }, all);
        assert.equal(bare.matching, figures.coverage.of - figures.coverage.both);
      }
      for (const { from, to, paths } of matrix)
        assert.equal(count({ from: from ?? noSegment, to: to ?? noSegment }), paths);
      const pages = [0, 7, 14].map((offset) => pathPage(map, usage, everything, { offset, limit: 7 }).paths).flat();
      assert.deepEqual(pages, pathPage(map, usage, everything, { offset: 0, limit: 21 }).paths);
    }
  });

  test('an incident reaches what the figures say, a hop at a time', () => {
    for (const seed of seeds.slice(0, 20)) {
      const map = new EstateMap(madeUpEstate(seed));
      const { distances } = plainly(map);
      for (const [number, { key }] of map.inputs.workloads.entries()) {
        const incident = simulateIncident(map, map, key);
        assert.ok(incident !== undefined);
        const reach = map.reach()[number];
        assert.equal(incident.before.reached, reach?.transitive);
        assert.equal(incident.before.direct, reach?.direct);
        assert.equal(incident.before.weight, reach?.weightedTransitive);
        assert.deepEqual(incident.before, incident.after);
        for (const { workload: to, before, after } of incident.reached) {
          assert.ok(before !== null);
          assert.deepEqual(before, after);
          assert.equal(before.hop, distances[number]?.get(map.number(to)));
          assert.deepEqual(before.ports, map.ranges(map.number(before.via), map.number(to)));
        }
      }
    }
  });
});

describe('figures of a small estate, counted by hand', () => {
  // web (in no critical segment) may call api on 443; api may call db on 5432; nothing else is open.
  const [web, api, db] = [workload(0, 'shop', 'a'), workload(1, 'shop', 'a'), workload(2, 'vault', 'a')];
  const app = ({ name }: { readonly name: string }) => ({ app: name });
  const inputs = {
    workloads: [web, api, db],
    segments: [
      { name: 'shop', criticality: 'medium', namespace: 'a' },
      { name: 'vault', criticality: 'critical', namespace: 'a' },
    ],
    policies: [
      policy('a', 'web', app(web), { ingress: [], egress: [allow(app(api), [443])] }),
      policy('a', 'api', app(api), { ingress: [allow(app(web), [443, 8443])], egress: [allow(app(db), [5432])] }),
      policy('a', 'db', app(db), { ingress: [allow(app(api), [5432])], egress: [] }),
    ],
    objectsInForce: 3,
    objectsModelled: 3,
  } as const;
  const map = new EstateMap(inputs);
  const window = {
    from: '2026-03-01T00:00:00.000Z',
    asOf: '2026-03-31T00:00:00.000Z',
    edges: [
      edge(web.key, api.key, 443, 'allow', 5),
      edge(web.key, api.key, 8443, 'deny', 2),
      edge(api.key, db.key, 5432, 'none', 9),
      edge(db.key, web.key, 80, 'allow', 3),
    ],
    findings: [
      finding('1', '2026-03-02T00:00:00.000Z', '2026-03-02T01:00:00.000Z', '2026-03-02T03:00:00.000Z'),
      finding('2', '2026-03-05T00:00:00.000Z', '2026-03-05T03:00:00.000Z', null),
    ],
    closedBefore: [],
    versions: [
      { index: 1, namespace: 'a', eventTime: '2026-03-09T10:00:00.000Z', authorised: true, contentKnown: true },
      { index: 2, namespace: 'b', eventTime: '2026-03-09T10:00:00.000Z', authorised: false, contentKnown: true },
    ],
    records: { received: 100, rejected: 5, missing: 0, gaps: 0 },
  };

  function finding(id: string, occurredAt: string, openedAt: string, closedAt: string | null) {
    return { id, kind: 'violation', cause: 'c', segment: 'shop', occurredAt, openedAt, closedAt };
  }

  const { estate, segments } = computeFigures(map, window);

  test('open paths, and which of them were used', () => {
    const { paths, pairs, used, unused, usageCoverage } = estate.openPaths;
    assert.deepEqual({ paths, pairs, used, unused }, { paths: 2, pairs: 2, used: 1, unused: 1 });
    assert.equal(estate.segmentedness.value, 1 - 2 / 6);
    // The three flows from db to web went where no policy in force allows them.
    assert.deepEqual([usageCoverage.known, usageCoverage.whole], [5, 8]);
    assert.deepEqual(segments['vault']?.openPaths.into, { paths: 1, pairs: 1, used: 0 });
  });

  test('blast radius and exposure', () => {
    assert.deepEqual(estate.blastRadius.transitive, { mean: 1, p95: 2, max: 2 });
    assert.deepEqual(estate.blastRadius.weightedTransitive, { mean: (10 + 8) / 3, p95: 10, max: 10 });
    const { critical, within1, within2, any, of } = estate.crownJewels;
    assert.deepEqual([critical, within1, within2, any, of], [1, 1, 2, 2, 2]);
  });

  test('coverage: selected workloads, and flows that a rule decides', () => {
    const { ingress, egress, both, flowsByRule, flowsByDefault } = estate.coverage;
    assert.deepEqual([ingress, egress, both], [3, 3, 3]);
    // Decided by a rule: 443 and 5432; by isolation: 8443 (egress) and db to web.
    assert.deepEqual([flowsByRule, flowsByDefault], [14, 5]);
  });

  test('findings, changes, completeness', () => {
    const { detected, remediated, open, reopened, meanSecondsToDetect, meanSecondsToRemediate } = estate.violations;
    assert.deepEqual([detected, remediated, open, reopened], [2, 1, 1, 1]);
    assert.deepEqual([meanSecondsToDetect, meanSecondsToRemediate], [7200, 7200]);
    assert.equal(estate.unauthorisedChanges.rate, 0.5);
    assert.equal(segments['shop']?.unauthorisedChanges.rate, 0);
    assert.equal(estate.auditCompleteness.value, 0.95);
  });

  test('the incident says which connection, and by which policies', () => {
    const incident = simulateIncident(map, withPolicies(map, inputs.policies.slice(0, 2)), web.key);
    assert.deepEqual(
      incident?.reached.map(({ workload: to, before }) => [to, before?.hop, before?.via, before?.ports]),
      [
        [api.key, 1, web.key, [{ protocol: 'TCP', first: 443, last: 443 }]],
        [db.key, 2, api.key, [{ protocol: 'TCP', first: 5432, last: 5432 }]],
      ],
    );
    assert.deepEqual(incident?.reached[1]?.before?.ingress, { reason: 'rules', policies: ['NetworkPolicy a/db'] });
    // Without its own policy db is open, and still reached through what api may send.
    assert.deepEqual(incident?.reached[1]?.after?.ingress, { reason: 'no_policy_selects', policies: [] });
    assert.equal(incident?.before.hopsToCritical, 2);
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { Clock, systemActor } from '../../src/context.js';
import { FigureHistory } from '../../src/figures/history.js';
import { FigureInputReader } from '../../src/figures/inputs.js';
import type { ScopeFigures } from '../../src/figures/model.js';
import { FiguresView, HistoryView, IncidentView, PathPageView, WorkloadPageView } from '../../src/figures/views.js';
import type { Finder } from '../../src/findings/finder.js';
import { FindingsLook } from '../../src/findings/look.js';
import { Segments } from '../../src/inventory/segments.js';
import { Api } from '../journeys/api.js';
import { defaultDeny, hubbleFlow, networkPolicy, policyWritten, send } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';
import { recompute } from './recompute.js';

/** What `recompute` gives, out of the figures. */
function shown(figures: ScopeFigures): ReturnType<typeof recompute> {
  const { openPaths, segmentedness, blastRadius, crownJewels, coverage, violations } = figures;
  const { detected, remediated, meanSecondsToDetect, meanSecondsToRemediate } = violations;
  return {
    workloads: figures.workloads,
    paths: openPaths.paths,
    pairs: openPaths.pairs,
    used: openPaths.used,
    segmentedness: segmentedness.value,
    direct: blastRadius.direct,
    transitive: blastRadius.transitive,
    weightedTransitive: blastRadius.weightedTransitive,
    exposed: [crownJewels.within1, crownJewels.within2, crownJewels.within3, crownJewels.any],
    governed: [coverage.ingress, coverage.egress, coverage.both],
    decided: [coverage.flowsByRule, coverage.flowsByDefault, coverage.flowsUnjudged],
    violations: { detected, remediated, meanSecondsToDetect, meanSecondsToRemediate },
    changes: [figures.unauthorisedChanges.versions, figures.unauthorisedChanges.unauthorised],
    completeness: figures.auditCompleteness.value ?? NaN,
    policies: [openPaths.coverage.known, openPaths.coverage.whole],
  };
}

const api = { podSelector: { matchLabels: { app: 'api' } } };
const fromShop = { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } }] };
const allowApi = networkPolicy('payments', 'allow-api', {
  ...api,
  policyTypes: ['Ingress'],
  ingress: [{ ...fromShop, ports: [{ protocol: 'TCP', port: 8443 }] }],
});

describe('figures of success of a small estate', () => {
  let now = new Date('2026-03-20T12:00:00Z');
  let service: TestService;
  let auditor: Api;
  let admin: Api;
  let number = 0;

  const written = (policy: object, time: string) =>
    policyWritten(policy, { time, user: 'k.moreau', verb: 'create', number: ++number });
  const flow = (time: string, from: string, to: string, verdict: 'FORWARDED' | 'DROPPED' = 'FORWARDED') =>
    hubbleFlow({ time, from, to, verdict }, ++number);

  before(async () => {
    service = await startTestService({
      clock: new Clock(() => now),
      env: { FINDINGS_SECONDS: '3600', SESSION_HOURS: '240' },
    });
    const apiOf = async (role: 'auditor' | 'admin') => new Api(service.url, (await service.signedIn(role)).token);
    [auditor, admin] = [await apiOf('auditor'), await apiOf('admin')];
    const segments = service.app.get(Segments);
    const shared = { owner: 'Mara', phase: 'enforcing', matchLabels: {} } as const;
    await segments.define(systemActor, 'payments', { ...shared, criticality: 'critical', namespace: 'payments' });
    await segments.define(systemActor, 'shop', { ...shared, criticality: 'medium', namespace: 'shop' });
    const hubble = await service.newSource({ name: 'hubble', format: 'hubble' });
    const audit = await service.newSource({ name: 'kube-audit', format: 'kubernetes-audit' });
    await send(service, hubble, [
      flow('2026-03-10T10:00:00Z', 'shop/web', 'payments/api'),
      flow('2026-03-10T11:00:00Z', 'payments/api', 'payments/ledger'),
      flow('2026-03-15T10:00:00Z', 'shop/web', 'payments/ledger', 'DROPPED'),
      flow('2026-03-18T10:00:00Z', 'tools/ci', 'shop/web'),
      JSON.stringify(flow('2026-03-19T10:00:00Z', 'tools/ci', 'shop/web')).replace('k8s:app=ci', 'k8s:app=builder'),
      'not a record',
    ]);
    await send(service, audit, [
      written(networkPolicy('payments', 'default-deny', defaultDeny), '2026-03-12T09:00:00Z'),
      written(allowApi, '2026-03-14T09:00:00Z'),
    ]);
    const finder: Finder = {
      kinds: ['violation'],
      find: async () => [
        {
          kind: 'violation',
          cause: 'web to ledger',
          segment: 'payments',
          severity: 'high',
          title: 'A flow nothing allows',
          detail: '',
          facts: {},
          occurredAt: '2026-03-20T11:00:00Z',
        },
      ],
    };
    await new FindingsLook(service.ground.log, new Clock(() => now), [finder]).run();
    now = new Date('2026-03-20T12:05:00Z');
  });
  after(() => service.stop());

  test('every figure, of the estate and of each segment, follows from the export by itself', async () => {
    const figures = await auditor.get('/api/v1/figures', FiguresView);
    const exported = (await auditor.bytes('/api/v1/figures/export')).toString();
    assert.ok(figures.estate.openPaths.paths > figures.estate.openPaths.used && figures.estate.openPaths.used > 0);
    assert.deepEqual(shown(figures.estate), recompute(exported, null));
    assert.deepEqual(
      figures.segments.map(({ name }) => name),
      ['payments', 'shop'],
    );
    for (const segment of figures.segments) assert.deepEqual(shown(segment), recompute(exported, segment.name));
    assert.match(exported, new RegExp(`"estateDigest":"${figures.estateDigest}"`, 'u'));
    assert.equal(figures.estate.violations.meanSecondsToDetect, 3600);
    assert.equal(figures.estate.auditCompleteness.rejected, 1);
  });

  test('lists show what was counted: each link leads to as many as its figure says', async () => {
    const { estate, segments } = await auditor.get('/api/v1/figures', FiguresView);
    for (const { openPaths, crownJewels, coverage, links } of [estate, ...segments]) {
      const paths = await auditor.get(links.openPaths, PathPageView);
      assert.equal(paths.matching, openPaths.paths);
      assert.equal((await auditor.get(links.unusedPaths, PathPageView)).matching, openPaths.unused);
      assert.equal((await auditor.get(links.crownJewels, WorkloadPageView)).matching, crownJewels.any);
      assert.equal((await auditor.get(links.ungoverned, WorkloadPageView)).matching, coverage.of - coverage.both);
      await auditor.get(links.findings, z.object({ matching: z.number() }));
      await auditor.get(links.history, HistoryView);
    }
    const { paths } = await auditor.get('/api/v1/figures/paths?to=payments&used=true', PathPageView);
    assert.deepEqual(
      paths.map(({ source, destination, ports, used, ingress }) => [
        source,
        destination,
        ports,
        used?.flows,
        ingress.policies,
      ]),
      [
        [
          'k8s:shop/web',
          'k8s:payments/api',
          { protocol: 'TCP', first: 8443, last: 8443 },
          1,
          ['NetworkPolicy payments/allow-api'],
        ],
      ],
    );
  });

  test('past days are figured as of their end, and come out the same when computed again', async () => {
    const history = service.app.get(FigureHistory);
    await history.bringUpToDate();
    assert.equal(await history.bringUpToDate(), 0, 'nothing has changed');
    const daysOf = async (query = '') => (await auditor.get(`/api/v1/figures/history${query}`, HistoryView)).days;
    const kept = [await daysOf(), await daysOf('?segment=payments')];
    assert.equal(kept[0]?.[0]?.day, '2026-03-10');
    assert.equal(kept[0].at(-1)?.day, '2026-03-20');
    const on = (day: string) => kept[0]?.find((one) => one.day === day)?.figures;
    assert.equal(on('2026-03-11')?.segmentedness.value, 0, 'before the first policy all is open');
    assert.ok((on('2026-03-12')?.segmentedness.value ?? 0) > 0);
    assert.ok((on('2026-03-14')?.openPaths.paths ?? 0) > (on('2026-03-13')?.openPaths.paths ?? 0));
    assert.equal(on('2026-03-13')?.unauthorisedChanges.versions, 1);
    assert.equal(on('2026-03-17')?.workloads, 3, 'the workload first seen on the 18th is not there yet');
    const asOf = on('2026-03-20');
    const live = await auditor.get('/api/v1/figures', FiguresView);
    assert.deepEqual(asOf?.openPaths, { ...live.estate.openPaths });

    const plain = (days: readonly (typeof kept)[0][]) =>
      days.map((some) => some.map((day) => ({ ...day, computedAt: '' })));
    await service.ground.database.query('DELETE FROM figure_day');
    for (const follower of (await service.ground.followers.positions()).keys())
      await service.ground.followers.rebuild(follower, () => {});
    await history.bringUpToDate();
    assert.deepEqual(plain([await daysOf(), await daysOf('?segment=payments')]), plain(kept));
  });

  test('a past day has the labels workloads had then', async () => {
    const labelOn = async (day: string): Promise<string | undefined> => {
      const { estate } = await service.app.get(FigureInputReader).of(day, now);
      return estate.inputs.workloads.find(({ key }) => key === 'k8s:tools/ci')?.labels?.['app'];
    };
    assert.equal(await labelOn('2026-03-18'), 'ci');
    assert.equal(await labelOn('2026-03-19'), 'builder');
    assert.equal(await labelOn('2026-03-17'), undefined);
  });

  test('the day that was not over is figured once more when it is, and only what changed besides', async () => {
    const history = service.app.get(FigureHistory);
    await history.bringUpToDate();
    now = new Date('2026-03-21T06:00:00Z');
    assert.equal(await history.bringUpToDate(), 2, 'the 20th, and the new day');
    assert.equal(await history.bringUpToDate(), 0);
  });

  test('a taken workload: hop by hop, by which policies, before and after a draft', async () => {
    const path = '/api/v1/incidents/simulate';
    const plain = await auditor.post(path, { workload: 'k8s:tools/ci' }, IncidentView);
    assert.equal(plain.after, null);
    assert.deepEqual(
      plain.reached.map(({ workload, before: step }) => [workload, step?.hop, step?.via]),
      [
        ['k8s:shop/web', 1, 'k8s:tools/ci'],
        ['k8s:payments/api', 2, 'k8s:shop/web'],
      ],
    );
    assert.deepEqual([plain.before.critical, plain.before.hopsToCritical, plain.before.weight], [1, 2, 10]);
    const sealed = networkPolicy('shop', 'default-deny', defaultDeny);
    const later = await auditor.post(path, { workload: 'k8s:tools/ci', draft: { objects: [sealed] } }, IncidentView);
    assert.deepEqual([later.before.reached, later.after?.reached], [2, 0]);
    const deleted = { kind: 'NetworkPolicy', namespace: 'payments', name: 'default-deny' };
    const opened = await auditor.post(path, { workload: 'k8s:tools/ci', draft: { delete: [deleted] } }, IncidentView);
    assert.deepEqual([opened.before.reached, opened.after?.reached], [2, 3]);
    const ledger = opened.reached.find(({ workload }) => workload === 'k8s:payments/ledger');
    assert.deepEqual([ledger?.before, ledger?.after?.hop], [null, 1]);
  });

  test('what cannot be answered is refused with the reason', async () => {
    const simulate = '/api/v1/incidents/simulate';
    await auditor.refused([404, 'not_found'], 'POST', simulate, { workload: 'k8s:shop/nobody' });
    const broken = networkPolicy('shop', 'broken', { podSelector: {}, ingress: 'all' });
    const draft = { objects: [broken] };
    const problem = await auditor.refused([400, 'invalid_input'], 'POST', simulate, {
      workload: 'k8s:shop/web',
      draft,
    });
    assert.match(problem.errors?.[0]?.pointer ?? '', /^\/draft\/objects\/0\/spec/u);
    const gone = { delete: [{ kind: 'NetworkPolicy', namespace: 'shop', name: 'none' }] };
    await auditor.refused([400, 'invalid_input'], 'POST', simulate, { workload: 'k8s:shop/web', draft: gone });
    await auditor.refused([400, 'invalid_input'], 'GET', '/api/v1/figures/history?from=2026-03-09&to=2026-03-01');
    await auditor.refused([403, 'not_permitted'], 'POST', '/api/v1/figures/history');
    await admin.post('/api/v1/figures/history', undefined, z.object({ queued: z.literal(true) }));
    await new Api(service.url).refused([401, 'not_signed_in'], 'GET', '/api/v1/figures/export');
  });
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { ChangeView } from '../../src/changes/changes.js';
import { Clock, type Role } from '../../src/context.js';
import { SegmentView } from '../../src/inventory/segments.js';
import { PhaseBoard, PhaseDetail } from '../../src/phases/phases.js';
import { RecommendationView } from '../../src/policies/recommendations.js';
import { Browser, entriesOf } from '../portal/browser.js';
import { textOf } from '../portal/html.js';
import { hubbleFlow, policyWritten, send, type SentFlow } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';
import { Api } from './api.js';

/*
 * J3 and J7: policies are recommended for a segment from three weeks of flows, proposed, approved and carried out, and
 * the segment goes from discovery to enforcing as its criteria come to hold.
 */

const day = 86_400_000;
const hour = day / 24;
let now = Date.parse('2026-11-20T12:00:00Z');
const at = (milliseconds: number): string => new Date(milliseconds).toISOString();

let service: TestService;
let audit: { readonly name: string; readonly token: string };
let recommended: RecommendationView;
let change: ChangeView;

async function as(role: Role): Promise<Api> {
  return new Api(service.url, (await service.signedIn(role)).token);
}

async function browse(role: Role): Promise<Browser> {
  return new Browser(service.url, (await service.signedIn(role)).token);
}

async function move(role: Role, phase: string, more: object = {}): Promise<PhaseDetail> {
  const body = { phase, reason: `Time for ${phase}`, ...more };
  return await (await as(role)).post('/api/v1/segments/shop/phase', body, PhaseDetail);
}

/** What a move is refused for. */
async function missingFor(phase: string): Promise<string[]> {
  const body = { phase, reason: 'Let us see' };
  const { errors = [] } = await (
    await as('approver')
  ).refused([409, 'conflict'], 'POST', '/api/v1/segments/shop/phase', body);
  return errors.map(({ message }) => message.slice(0, message.indexOf(':')));
}

before(async () => {
  service = await startTestService({ clock: new Clock(() => new Date(now)) });
  const hubble = await service.newSource({ name: 'hubble', format: 'hubble' });
  audit = await service.newSource({ name: 'kube-audit', format: 'kubernetes-audit' });
  const flows: SentFlow[] = [];
  for (let back = 1; back <= 20; back++)
    for (const [from, to] of [
      ['shop/web', 'shop/api'],
      ['shop/api', 'shop/db'],
      ['portal/bff', 'shop/api'],
    ] as const)
      flows.push({ time: at(now - back * day), from, to }, { time: at(now - back * day - hour), from, to });
  for (let number = 0; number < 5; number++)
    flows.push(
      { time: at(now - 3 * day + number * 1000), from: 'ops/debug', to: 'shop/db' },
      { time: at(now - number * day - hour), from: 'shop/web', to: 'shop/db', verdict: 'DROPPED' },
    );
  // The debugging pod has been there for long, and did this once.
  flows.push({ time: at(now - 19 * day), from: 'ops/debug', to: 'portal/bff' });
  await send(
    service,
    hubble,
    flows.map((flow, number) => hubbleFlow(flow, number)),
  );
  await (
    await as('admin')
  ).put('/api/v1/segments/shop', { owner: 'Shop Team', criticality: 'high', namespace: 'shop' }, SegmentView);
});

after(() => service.stop());

describe('a segment on its way', () => {
  test('begins in discovery, and a definition cannot go round the criteria', async () => {
    const admin = await as('admin');
    const definition = { owner: 'Shop Team', criticality: 'critical', namespace: 'shop' };
    const again = await admin.put('/api/v1/segments/shop', definition, SegmentView);
    assert.deepEqual([again.phase, again.criticality], ['discovery', 'critical']);
    const skipping = { ...definition, phase: 'enforcing' };
    const { detail } = await admin.refused([409, 'conflict'], 'PUT', '/api/v1/segments/shop', skipping);
    assert.match(detail, /POST \/api\/v1\/segments\/shop\/phase/u);
    assert.deepEqual(await missingFor('enforcing'), [
      'Policies written',
      'Simulation blocks nothing',
      'Policies approved',
      'Default deny both ways',
      'Watched before it denies',
    ]);
    await (
      await as('auditor')
    ).refused([403, 'not_permitted'], 'POST', '/api/v1/segments/shop/phase', {
      phase: 'modelling',
      reason: 'I may not',
    });
    const moved = await move('approver', 'modelling');
    assert.deepEqual([moved.phase, moved.daysInPhase, moved.next], ['modelling', 0, 'testing']);
  });

  test('is recommended the least rules for what it did again and again, and told what is left out', async () => {
    recommended = await (await as('requester')).post('/api/v1/segments/shop/recommendation', {}, RecommendationView);
    assert.deepEqual(
      recommended.rules.map(({ from, to, ports, observed, allowed }) => ({
        from: from.toSorted(),
        to,
        ports,
        observed,
        allowed,
      })),
      [
        { from: ['portal-bff', 'web'], to: ['api'], ports: ['8443/TCP'], observed: 2, allowed: 2 },
        { from: ['api'], to: ['db'], ports: ['8443/TCP'], observed: 1, allowed: 1 },
      ],
    );
    assert.deepEqual(recommended.excluded.reasons, {
      one_off: { edges: 1, flows: 5 },
      denied_only: { edges: 1, flows: 5 },
    });
    assert.deepEqual([recommended.replay.keptBlocked, recommended.replay.excludedBlocked], [0, 2]);
    const [basis] = recommended.rules[0]?.basis ?? [];
    const [entry = -1] = basis?.entries ?? [];
    const record = await (await browse('requester')).get(`/records/${entry}`);
    assert.equal(record.status, 200, 'the basis of a rule leads to a record');
    await (await as('requester')).refused([404, 'not_found'], 'POST', '/api/v1/segments/none/recommendation', {});
    await (
      await as('requester')
    ).refused([400, 'invalid_input'], 'POST', '/api/v1/segments/shop/recommendation', {
      from: '2026-11-20',
      to: '2026-11-01',
    });
  });

  test('has the recommendation proposed as a change, without any script', async () => {
    const requester = await browse('requester');
    const page = await requester.get('/segments/shop/recommendation');
    assert.match(textOf(page.body), /3 kept in 2 rules, 2 left out/u);
    assert.match(textOf(page.body), /1 connection that passed would be denied/u);
    assert.equal((await requester.get('/segments/shop/recommendation?leastDays=none')).status, 400);
    const form = await requester.post('/changes/new', [
      ['title', 'Policies recommended for shop'],
      ['reason', 'Recommended from flows'],
      ['policy', recommended.manifests],
    ]);
    assert.equal(form.status, 200);
    assert.match(textOf(form.body), /name: shop\.everything/u);
    assert.equal(await entriesOf(service, 'change.proposed'), 0, 'filling in a form proposes nothing');
    const sent = await requester.post('/changes', [
      ['title', 'Policies recommended for shop'],
      ['reason', 'Recommended from flows'],
      ['windowFrom', at(now).slice(0, 16)],
      ['windowTo', at(now + 4 * hour).slice(0, 16)],
      ['action', 'create'],
      // Browsers send the lines of a text area with CR and LF.
      ['policy', recommended.manifests.replaceAll('\n', '\r\n')],
    ]);
    assert.equal(sent.status, 303, textOf(sent.body));
    const id = sent.headers.get('location')?.split('/').at(-1) ?? '';
    change = await (await as('approver')).get(`/api/v1/changes/${id}`, ChangeView);
    assert.deepEqual(change.items.map(({ name }) => name).toSorted(), [
      'shop.api',
      'shop.db',
      'shop.everything',
      'shop.web',
    ]);
    await move('approver', 'testing');
  });

  test('is not let into monitoring before policies are approved and what they block is accepted', async () => {
    assert.deepEqual(await missingFor('monitoring'), ['Simulation blocks nothing', 'Policies approved']);
    const approver = await as('approver');
    await approver.post(`/api/v1/changes/${change.id}/reviews`, { decision: 'approve' }, ChangeView);
    now += hour;
    const objects = parseAllDocuments(recommended.manifests).map((document) =>
      z.looseObject({}).parse(document.toJS()),
    );
    await send(
      service,
      audit,
      objects.map((object, number) => policyWritten(object, { time: at(now), user: 'argocd', verb: 'create', number })),
    );
    assert.deepEqual(await missingFor('monitoring'), ['Simulation blocks nothing']);
    const { blocked } = await approver.get('/api/v1/segments/shop/phase', PhaseDetail);
    assert.deepEqual(
      blocked.map(({ source, destination, flows, accepted }) => ({ source, destination, flows, accepted })),
      [{ source: 'k8s:ops/debug', destination: 'k8s:shop/db', flows: 5, accepted: false }],
    );
    const [debugging] = blocked;
    assert.ok(debugging);
    const other = { ...debugging, port: 1 };
    const strange = { reason: 'Never seen', connections: [other] };
    await approver.refused([409, 'conflict'], 'POST', '/api/v1/segments/shop/accepted-blocks', strange);
    const { source, destination, protocol, port } = debugging;
    const accepted = await (
      await browse('approver')
    ).post('/segments/shop/accepted-blocks', [
      ['acceptReason', 'Somebody debugged by hand'],
      ['connection', JSON.stringify({ source, destination, protocol, port })],
    ]);
    assert.equal(accepted.status, 303, textOf(accepted.body));
    assert.equal(await entriesOf(service, 'phase.blocked_accepted'), 1);
    assert.equal((await move('approver', 'monitoring')).phase, 'monitoring');
  });

  test('enforces after a week of watching; earlier only an administrator goes over that, on the record', async () => {
    assert.deepEqual(await missingFor('enforcing'), ['Watched before it denies']);
    const body = { phase: 'enforcing', reason: 'In a hurry', override: true };
    await (await as('approver')).refused([403, 'not_permitted'], 'POST', '/api/v1/segments/shop/phase', body);
    const hurried = await move('admin', 'enforcing', { override: true });
    assert.deepEqual(hurried.history[0]?.missing, ['monitored']);
    const back = await move('approver', 'monitoring');
    assert.deepEqual([back.phase, back.history[0]?.missing], ['monitoring', []]);
    now += 8 * day;
    const board = await (await as('auditor')).get('/api/v1/phases', PhaseBoard);
    assert.deepEqual(
      board.segments.map(({ name, phase, daysInPhase, criteria }) => ({
        name,
        phase,
        daysInPhase,
        met: criteria.every(({ met }) => met),
      })),
      [{ name: 'shop', phase: 'monitoring', daysInPhase: 8, met: true }],
    );
    const done = await move('approver', 'enforcing');
    assert.deepEqual(
      done.history.map(({ phase }) => phase),
      ['enforcing', 'monitoring', 'enforcing', 'monitoring', 'testing', 'modelling', 'discovery'],
    );
    assert.ok(done.history.every(({ index }) => index !== null));
    assert.equal(await entriesOf(service, 'segment.phase_changed'), 6);
  });

  test('two moves at once: one is refused', async () => {
    const approver = await as('approver');
    const sent = await Promise.all(
      ['testing', 'modelling', 'discovery'].map((phase) =>
        approver.send('POST', '/api/v1/segments/shop/phase', { phase, reason: 'Back we go' }),
      ),
    );
    const statuses = sent.map(({ status }) => status);
    assert.ok(
      statuses.filter((status) => status === 200).length >= 1 &&
        statuses.every((status) => [200, 409].includes(status)),
    );
    const { history } = await approver.get('/api/v1/segments/shop/phase', PhaseDetail);
    assert.equal(history.length, 7 + statuses.filter((status) => status === 200).length);
  });

  test('is shown on the board, with its move form for those who may', async () => {
    const auditor = await browse('auditor');
    for (const path of ['/phases', '/segments/shop', '/segments/shop/phase', '/segments/shop/recommendation'])
      assert.equal((await auditor.get(path)).status, 200, path);
    assert.doesNotMatch((await auditor.get('/segments/shop')).body, /action="\/segments\/shop\/phase"/u);
    const approver = await browse('approver');
    assert.match((await approver.get('/segments/shop')).body, /action="\/segments\/shop\/phase"/u);
    const refused = await approver.post('/segments/shop/phase', [
      ['phase', 'enforcing'],
      ['reason', 'Too early'],
    ]);
    assert.equal(refused.status, 409);
    assert.match(textOf(refused.body), /Watched before it denies: 0 days in monitoring/u);
    assert.equal((await approver.post('/segments/shop/phase', [['phase', 'testing']])).status, 400);
  });
});

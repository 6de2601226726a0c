import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { ChangeView } from '../../src/changes/changes.js';
import { Clock, type Role } from '../../src/context.js';
import { IngestAnswer } from '../../src/ingestion/ingest.js';
import { IssuedToken } from '../../src/ingestion/sources.js';
import { RecordPage } from '../../src/inventory/records.js';
import { SegmentView } from '../../src/inventory/segments.js';
import { edgeClasses, uncertainReasons } from '../../src/policies/replay/replay.js';
import { EdgePage, PathPage, SimulationView, type SimulationResult } from '../../src/simulations/simulation.js';
import { Simulations } from '../../src/simulations/simulations.js';
import { Api, until } from '../journeys/api.js';
import { networkPolicy, policyWritten } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';

/*
 * J3: what a draft would have done to recorded traffic. Three days of flows of a small estate; the labels of one
 * workload change on the second day.
 */

let now = Date.parse('2026-11-20T09:00:00Z');
let service: TestService;
let requester: Api;
let auditor: Api;
let sendFlows: (flows: readonly object[]) => Promise<void>;
let sendEvents: (events: readonly object[]) => Promise<void>;

type Labels = Readonly<Record<string, string>>;
let sent = 0;

function flow(time: string, from: readonly [string, Labels | null], to: readonly [string, Labels | null], port = 8443) {
  const end = ([name, labels]: readonly [string, Labels | null], ip: string): object => ({
    namespace: 'shop',
    labels: labels === null ? [] : Object.entries(labels).map(([key, value]) => `k8s:${key}=${value}`),
    pod_name: `${name}-0`,
    workloads: [{ name, kind: 'Deployment' }],
    ip,
  });
  return {
    flow: {
      time,
      uuid: `7a1c2f0e-1f5b-4c59-9c3a-${String(++sent).padStart(12, '0')}`,
      verdict: 'FORWARDED',
      IP: { source: '10.1.0.11', destination: '10.1.0.22', ipVersion: 'IPv4' },
      l4: { TCP: { source_port: 41_000, destination_port: port, flags: { SYN: true } } },
      source: end(from, '10.1.0.11'),
      destination: end(to, '10.1.0.22'),
      Type: 'L3_L4',
      node_name: 'prod-1/node-a',
      event_type: { type: 5 },
      traffic_direction: 'INGRESS',
      is_reply: false,
    },
    node_name: 'prod-1/node-a',
    time,
  };
}

const web: [string, Labels] = ['web', { app: 'web' }];
const apiFirst: [string, Labels] = ['api', { app: 'api' }];
const apiLater: [string, Labels] = ['api', { app: 'api', release: 'two' }];
const batch: [string, Labels] = ['batch', { app: 'batch' }];

/** Only the batch job may call what is labelled release two. */
const draft = networkPolicy('shop', 'api', {
  podSelector: { matchLabels: { release: 'two' } },
  policyTypes: ['Ingress'],
  ingress: [{ from: [{ podSelector: { matchLabels: { app: 'batch' } } }] }],
});
const period = { from: '2026-11-16', to: '2026-11-18' };
const order = { ...period, items: [{ action: 'create', manifest: draft }] };

before(async () => {
  service = await startTestService({ clock: new Clock(() => new Date(now)) });
  const admin = await signedIn('admin');
  requester = await signedIn('requester');
  auditor = await signedIn('auditor');
  await admin.put(
    '/api/v1/segments/api',
    { owner: 'Mara', criticality: 'high', phase: 'monitoring', namespace: 'shop', matchLabels: { app: 'api' } },
    SegmentView,
  );
  const sender = async (source: object): Promise<(records: readonly object[]) => Promise<void>> => {
    const { name, token } = await admin.post('/api/v1/sources', source, IssuedToken);
    const api = new Api(service.url, token);
    return async (records) => {
      await api.post(`/ingest/v1/${name}`, records.map((record) => JSON.stringify(record)).join('\n'), IngestAnswer);
      await service.followed();
    };
  };
  sendFlows = await sender({ name: 'hubble', format: 'hubble', silenceAfterSeconds: 7200 });
  sendEvents = await sender({ name: 'audit', format: 'kubernetes-audit' });
  await sendFlows([
    // Whose labels nobody has seen yet.
    flow('2026-11-16T08:00:00Z', ['cron', null], apiFirst),
    flow('2026-11-16T09:00:00Z', web, apiFirst),
    flow('2026-11-16T09:30:00Z', web, apiFirst),
    flow('2026-11-17T09:00:00Z', web, apiLater),
    flow('2026-11-17T10:00:00Z', batch, apiLater),
    flow('2026-11-18T10:00:00Z', web, apiLater, 9090),
  ]);
});

after(() => service.stop());

async function signedIn(role: Role): Promise<Api> {
  return new Api(service.url, (await service.signedIn(role)).token);
}

async function finished(id: string): Promise<SimulationView & { readonly result: SimulationResult }> {
  const view = await until(
    async () => await auditor.get(`/api/v1/simulations/${id}`, SimulationView),
    ({ state }) => state !== 'waiting' && state !== 'running',
  );
  assert.ok(view.state === 'finished' && view.result !== null, view.failure ?? view.state);
  return { ...view, result: view.result };
}

async function simulated(body: object): Promise<SimulationView & { readonly result: SimulationResult }> {
  const { id } = await requester.post('/api/v1/simulations', body, SimulationView);
  return await finished(id);
}

async function edges(id: string, query: string): Promise<EdgePage['edges']> {
  return (await auditor.get(`/api/v1/simulations/${id}/edges?${query}`, EdgePage)).edges;
}

function assertAddsUp({ total, classes, reasons }: SimulationResult): void {
  for (const part of ['edges', 'flows'] as const) {
    assert.equal(
      edgeClasses.reduce((sum, name) => sum + (classes[name]?.[part] ?? 0), 0),
      total[part],
    );
    assert.equal(
      uncertainReasons.reduce((sum, name) => sum + (reasons[name]?.[part] ?? 0), 0),
      classes.uncertain?.[part],
    );
  }
}

describe('a draft against recorded flows', () => {
  test('is judged by the labels of the time, and by those of now where asked', async () => {
    const then = await simulated(order);
    assertAddsUp(then.result);
    assert.deepEqual(then.result.total, { edges: 5, flows: 6 });
    assert.deepEqual(then.result.classes.newly_blocked, { edges: 2, flows: 2 });
    assert.deepEqual(then.result.classes.stays_allowed, { edges: 2, flows: 3 });
    assert.deepEqual(then.result.reasons.labels_unknown, { edges: 1, flows: 1 });
    const today = await simulated({ ...order, labels: 'now' });
    assertAddsUp(today.result);
    assert.deepEqual(today.result.classes.newly_blocked, { edges: 3, flows: 4 });
    assert.deepEqual(today.result.newlyBlocked.most, [
      { source: 'k8s:shop/web', destination: 'k8s:shop/api', edges: 3, flows: 4 },
    ]);
  });

  test('leads from a figure to its edges, the rules that decide, and the records', async () => {
    const { id } = await simulated(order);
    const [first, second, ...more] = await edges(id, 'class=newly_blocked');
    assert.ok(first !== undefined && second !== undefined && more.length === 0);
    assert.deepEqual(
      [first.day, first.source, first.destination, first.port],
      ['2026-11-17', 'k8s:shop/web', 'k8s:shop/api', 8443],
    );
    assert.equal(first.before?.verdict, 'allow');
    assert.equal(first.after?.verdict, 'deny');
    assert.match(first.after.ingress.text, /isolated by .*shop\/api/u);
    const found = await auditor.get(`/api/v1/records?${new URLSearchParams(first.recordQuery).toString()}`, RecordPage);
    assert.deepEqual(
      found.records.map(({ index }) => index),
      [first.firstIndex],
    );
    const page = await auditor.get(`/api/v1/simulations/${id}/edges?class=stays_allowed&limit=1`, EdgePage);
    const rest = await auditor.get(
      `/api/v1/simulations/${id}/edges?class=stays_allowed&limit=1&cursor=${page.next}`,
      EdgePage,
    );
    assert.deepEqual(
      [page.edges, rest.edges].flat().map(({ source }) => source),
      ['k8s:shop/web', 'k8s:shop/batch'],
    );
    assert.equal(rest.next, null);
    assert.equal((await edges(id, 'class=stays_allowed&workload=k8s:shop/batch')).length, 1);
    assert.equal((await edges(id, 'class=stays_allowed&segment=api')).length, 2);
    assert.equal((await edges(id, 'class=uncertain&reason=labels_unknown'))[0]?.source, 'k8s:shop/cron');
    const paths = await auditor.get(`/api/v1/simulations/${id}/paths?change=closed`, PathPage);
    assert.ok(paths.paths.some(({ source }) => 'pod' in source && source.pod === 'k8s:shop/web'));
  });

  test('gives the same result byte for byte, also from an inventory that was rebuilt', async () => {
    const first = await simulated(order);
    for (const name of ['records', 'inventory', 'policies', 'labels', 'flow-minutes'])
      await service.ground.followers.rebuild(name);
    const again = await simulated(order);
    assert.deepEqual(again.result, first.result);
    assert.equal(again.resultDigest, first.resultDigest);
    const entries = await service.ground.database.query(
      `SELECT 1 FROM log_entry WHERE kind IN ('simulation.requested', 'simulation.finished') AND index IN ($1, $2)`,
      [again.requestedIndex, again.finishedIndex],
    );
    assert.equal(entries.length, 2);
    const other = await simulated({ ...order, to: '2026-11-17' });
    assert.notEqual(other.result.digests.edges, first.result.digests.edges);
    assert.equal(other.result.digests.draft, first.result.digests.draft);
  });

  test('states what the log does not cover', async () => {
    const { result } = await simulated(order);
    const hubble = result.coverage.sources.find(({ source }) => source === 'hubble');
    assert.ok(hubble);
    assert.equal(hubble.expectedMinutes, 64 * 60, 'from the first record to the end of the period');
    assert.equal(hubble.minutesWithRecords, 6);
    assert.deepEqual(
      hubble.gaps.map(({ from, to }) => [from, to]),
      [
        ['2026-11-16T09:31:00.000Z', '2026-11-17T09:00:00.000Z'],
        ['2026-11-17T10:01:00.000Z', '2026-11-18T10:00:00.000Z'],
        ['2026-11-18T10:01:00.000Z', '2026-11-19T00:00:00.000Z'],
      ],
    );
    assert.equal(
      hubble.expectedMinutes - hubble.coveredMinutes,
      hubble.gaps.reduce((sum, gap) => sum + gap.minutes, 0),
    );
    assert.deepEqual([result.coverage.daysExpected, result.coverage.daysWithEdges], [3, 3]);
    assert.deepEqual(
      result.segments.map(({ name, daysWithEdges }) => [name, daysWithEdges]),
      [['api', 3]],
    );
    assert.equal(result.segments[0]?.reach?.touched, true);
  });

  test('goes on after a run that was killed, from the beginning and with nothing twice', async () => {
    const whole = await simulated(order);
    const { database } = service.ground;
    await database.query(
      `INSERT INTO simulation (id, title, items, items_digest, first_day, last_day, labels, requested_by, requested_at, requested_index,
         state, attempts, edges_done)
       SELECT '019b0000-0000-7000-8000-000000000009', title, items, items_digest, first_day, last_day, labels, requested_by,
         requested_at, requested_index, 'running', 1, 3 FROM simulation WHERE id = $1`,
      [whole.id],
    );
    const id = '019b0000-0000-7000-8000-000000000009';
    await database.query(
      `INSERT INTO simulation_page SELECT $1, list, number, items, content FROM simulation_page WHERE simulation_id = $2`,
      [id, whole.id],
    );
    await service.app.get(Simulations).resumeRunning();
    const resumed = await finished(id);
    assert.equal(resumed.resultDigest, whole.resultDigest);
    assert.equal((await edges(id, 'class=newly_blocked')).length, 2);
  });

  test('can be cancelled until it has ended, and leaves no half result', async () => {
    const simulations = service.app.get(Simulations);
    const { id } = await requester.post('/api/v1/simulations', order, SimulationView);
    const answer = await requester.send('POST', `/api/v1/simulations/${id}/cancel`);
    const { state, result } = await until(
      async () => await simulations.get(id),
      (view) => view.state === 'cancelled' || view.state === 'finished',
    );
    // It may have been quicker than the cancelling; then that is refused.
    assert.equal(answer.status, state === 'cancelled' ? 200 : 409);
    assert.equal(result === null, state === 'cancelled');
    await requester.refused([409, 'conflict'], 'POST', `/api/v1/simulations/${id}/cancel`);
    await simulations.run(id);
    assert.equal((await simulations.get(id)).state, state);
  });

  test('a run that is cancelled under way stops, and takes its pages away', async () => {
    const simulations = service.app.get(Simulations);
    const { database } = service.ground;
    const { id } = await simulated(order);
    await database.query(`UPDATE simulation SET state = 'running', result = NULL WHERE id = $1`, [id]);
    const blocker = database.transaction(async (transaction) => {
      // The run waits here when it first tells how far it is.
      await transaction.query('SELECT 1 FROM simulation WHERE id = $1 FOR UPDATE', [id]);
      const running = simulations.run(id);
      await new Promise((resolve) => setTimeout(resolve, 200));
      await transaction.query(`UPDATE simulation SET state = 'cancelled' WHERE id = $1`, [id]);
      return { running };
    });
    await (
      await blocker
    ).running;
    assert.equal((await simulations.get(id)).state, 'cancelled');
    assert.deepEqual(await database.query('SELECT 1 FROM simulation_page WHERE simulation_id = $1', [id]), []);
  });

  test('is found for a change of the same items, and is stale when other policies came into force', async () => {
    const simulations = service.app.get(Simulations);
    const { id } = await simulated(order);
    const change = await requester.post(
      '/api/v1/changes',
      {
        title: 'only the batch job calls release two',
        reason: 'SHOP-7',
        windowFrom: '2026-11-21T09:00:00Z',
        windowTo: '2026-11-21T10:00:00Z',
        items: order.items,
      },
      ChangeView,
    );
    assert.equal((await simulations.newestOf(change.items))?.id, id);
    assert.equal(await simulations.isStale(id), false);
    const ofChange = await simulated({ ...period, changeId: change.id });
    assert.equal(ofChange.resultDigest, (await simulations.get(id)).resultDigest);
    const written = { time: '2026-11-20T08:00:00Z', user: 'mara', verb: 'create', number: 1 } as const;
    await sendEvents([policyWritten(draft, written)]);
    assert.equal(await simulations.isStale(id), true);
    const nothingNew = await simulated(order);
    assert.deepEqual(nothingNew.result.classes.newly_blocked, { edges: 0, flows: 0 });
    assert.deepEqual(nothingNew.result.classes.stays_denied, { edges: 2, flows: 2 });
    const removal = await simulated({ ...period, items: [{ action: 'delete', manifest: draft }] });
    assert.deepEqual(removal.result.classes.newly_allowed, { edges: 2, flows: 2 });
    now += 60_000;
  });

  test('is asked for by those who may, with a draft that can be read', async () => {
    await auditor.refused([403, 'not_permitted'], 'POST', '/api/v1/simulations', order);
    await requester.refused([400, 'invalid_input'], 'POST', '/api/v1/simulations', { ...order, from: '2026-11-19' });
    await requester.refused([400, 'invalid_input'], 'POST', '/api/v1/simulations', {
      ...order,
      from: '2027-01-01',
      to: '2027-01-02',
    });
    await requester.refused([400, 'invalid_input'], 'POST', '/api/v1/simulations', period);
    const broken = networkPolicy('shop', 'x', { podSelector: {}, ingress: [{ ports: [{ port: 70_000 }] }] });
    const refused = await requester.refused([400, 'invalid_input'], 'POST', '/api/v1/simulations', {
      ...period,
      items: [{ action: 'create', manifest: broken }],
    });
    assert.match(refused.errors?.[0]?.pointer ?? '', /^\/items\/0\/manifest\/spec\/ingress\/0/u);
    await auditor.refused([404, 'not_found'], 'GET', '/api/v1/simulations/none');
    const { simulations } = await auditor.get(
      '/api/v1/simulations?limit=2',
      z.object({ simulations: z.array(z.object({ id: z.string() })) }),
    );
    assert.equal(simulations.length, 2);
  });
});

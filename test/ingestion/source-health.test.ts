import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { Clock } from '../../src/context.js';
import { FindingQuery, Findings } from '../../src/findings/findings.js';
import { FindingsLook } from '../../src/findings/look.js';
import { lagBucket, lagQuantile } from '../../src/ingestion/lag-buckets.js';
import { SourceRefusals } from '../../src/ingestion/refusals.js';
import { silentSince } from '../../src/ingestion/silence.js';
import { SourceBalances } from '../../src/ingestion/source-balances.js';
import { Balance, SourceHealth } from '../../src/ingestion/source-health.js';
import type { IssuedToken } from '../../src/ingestion/sources.js';
import { hubbleFlow } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';

const Said = z.object({
  from: z.string(),
  sources: z.array(Balance.extend({ source: z.string(), reasons: z.record(z.string(), z.number()).optional() })),
});

const flowAt = (time: string, number: number): string =>
  JSON.stringify(hubbleFlow({ time, from: 'shop/web', to: 'shop/api' }, number));

describe('silence of a source', () => {
  const createdAt = '2026-03-01T08:00:00.000Z';
  const heard = (lastReceivedAt: string | null) => ({ silenceAfterSeconds: 60, lastReceivedAt, createdAt });

  test('begins beyond the limit, from the last receipt or from the creation', () => {
    assert.equal(silentSince(heard('2026-03-01T09:00:00Z'), '2026-03-01T09:01:00.000Z'), null);
    assert.equal(silentSince(heard('2026-03-01T09:00:00Z'), '2026-03-01T09:01:00.001Z'), '2026-03-01T09:00:00Z');
    assert.equal(silentSince(heard(null), '2026-03-01T08:02:00Z'), createdAt);
    assert.equal(silentSince({ ...heard(null), silenceAfterSeconds: null }, '2027-03-01T08:02:00Z'), null);
  });
});

describe('quantiles of the lag', () => {
  test('are within a fifth of the true ones', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 10 ** 9 }), { minLength: 1, maxLength: 300 }),
        fc.constantFrom(0.5, 0.95, 1),
        (lags, quantile) => {
          const truth = lags.toSorted((a, b) => a - b)[Math.ceil(quantile * lags.length) - 1] ?? 0;
          const told = lagQuantile(
            lags.map((lag) => ({ bucket: lagBucket(lag), records: 1 })),
            quantile,
          );
          assert.ok(told !== null && Math.abs(told - truth) <= truth * 0.2 + 1, `${told} instead of ${truth}`);
        },
      ),
    );
    assert.equal(lagQuantile([], 0.5), null);
  });
});

describe('what a source sent balances', () => {
  let now = new Date('2026-03-01T10:20:00.000Z');
  let service: TestService;
  let source: IssuedToken;
  let other: IssuedToken;
  let reader: string;
  const post = async (path: string, body: string, headers: Record<string, string> = {}): Promise<number> =>
    (
      await fetch(`${service.url}${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${source.token}`, 'content-type': 'application/x-ndjson', ...headers },
        body,
      })
    ).status;
  const health = async (by = 'hour'): Promise<SourceHealth> => {
    await service.app.get(SourceRefusals).flush();
    await service.followed();
    reader = (await service.signedIn('auditor')).token;
    const answer = await fetch(`${service.url}/api/v1/sources/${source.name}/health?by=${by}`, {
      headers: { authorization: `Bearer ${reader}` },
    });
    assert.equal(answer.status, 200);
    const told = SourceHealth.parse(await answer.json());
    for (const { received, appended, duplicate, quarantined, refused } of [told.balance, ...told.periods])
      assert.equal(received, appended + duplicate + quarantined + refused);
    return told;
  };

  before(async () => {
    service = await startTestService({
      clock: new Clock(() => now),
      env: { FINDINGS_SECONDS: '3600', INGEST_MAX_BODY_BYTES: '20000' },
    });
    source = await service.newSource({ name: 'edge', silenceAfterSeconds: 600 });
    other = await service.newSource({ name: 'other' });
  });
  after(() => service.stop());

  test('over every way a record can go, each counted once', async () => {
    const flows = [1, 2, 3].map((number) => flowAt('2026-03-01T10:19:58Z', number));
    assert.equal(await post('/ingest/v1/edge', [...flows, 'garbage'].join('\n')), 200);
    assert.equal(await post('/ingest/v1/edge', [...flows, flowAt('2026-03-01T10:19:30Z', 4)].join('\n')), 200);
    assert.equal(await post('/ingest/v1/edge', flows.slice(1).join('\n')), 200, 'nothing of it is new');
    assert.equal(await post('/ingest/v1/edge', 'x'.repeat(30_000)), 413);
    assert.equal(await post('/ingest/v1/edge', 'x', { 'content-encoding': 'br' }), 415);
    assert.equal(await post('/ingest/v1/edge', 'x', { 'content-encoding': 'gzip' }), 400);
    assert.equal(await post('/ingest/v1/edge', 'x', { authorization: 'Bearer sgt_nobodys' }), 401);
    assert.equal(await post('/ingest/v1/edge', 'x', { authorization: `Bearer ${other.token}` }), 403);
    assert.equal(await post('/hooks/edge', 'x', { authorization: '' }), 401);
    assert.equal(await post('/ingest/v1/nobody', 'x'), 403, 'a name that is no source is nobody’s figure');
    const bulk = '{"create":{"_id":"a"}}\n{"a":1}\n{"delete":{"_id":"b"}}\n';
    assert.equal(await post('/_bulk', bulk), 200);
    const { balance, refusals, lag, clockAheadSeconds, periods, silentSince: silence } = await health();
    assert.deepEqual(balance, { received: 18, appended: 4, duplicate: 5, quarantined: 2, refused: 7 });
    assert.deepEqual(Object.fromEntries(refusals.map(({ reason, records }) => [reason, records])), {
      wrong_credentials: 2,
      invalid_input: 1,
      not_carried_out: 1,
      not_permitted: 1,
      too_large: 1,
      unsupported_media_type: 1,
    });
    assert.deepEqual(
      periods.map(({ from, received }) => [from, received]),
      [['2026-03-01T10:00:00.000Z', 18]],
    );
    assert.deepEqual([lag?.min, lag?.max, lag?.records, clockAheadSeconds], [2, 30, 4, 0]);
    assert.equal(silence, null);
  });

  test('whatever protocol refuses it, a body that cannot be taken apart counts', async () => {
    const before = (await health()).balance.refused;
    const paths = [
      '/ingest/v1/edge',
      '/hooks/edge',
      '/cloudevents/edge',
      '/k8s/audit/edge',
      '/services/collector/event',
    ];
    paths.push('/v1/logs', '/loki/api/v1/push', '/_bulk', '/firehose/edge', '/sns/edge', '/pubsub/edge');
    for (const path of paths) {
      const status = await post(path, 'x', { 'content-encoding': 'gzip' });
      assert.ok(status >= 400 && status < 500 && status !== 404, `${path}: ${status}`);
    }
    assert.equal((await health()).balance.refused - before, paths.length);
  });

  test('also when the same comes many times at once', async () => {
    const flows = [21, 22, 23].map((number) => flowAt('2026-03-01T10:19:58Z', number)).join('\n');
    const { balance: earlier } = await health();
    await Promise.all(Array.from({ length: 20 }, async () => assert.equal(await post('/ingest/v1/edge', flows), 200)));
    const { balance } = await health();
    assert.deepEqual(
      [balance.received - earlier.received, balance.appended - earlier.appended, balance.duplicate - earlier.duplicate],
      [60, 3, 57],
    );
  });

  test('hours and days tell when, and a clock that runs ahead is told', async () => {
    now = new Date('2026-03-02T01:10:00.000Z');
    assert.equal(await post('/ingest/v1/edge', flowAt('2026-03-02T03:10:00Z', 9)), 200);
    const told = await health('day');
    assert.deepEqual(
      told.periods.map(({ from, received }) => [from.slice(0, 10), received]),
      [
        ['2026-03-02', 1],
        ['2026-03-01', 89],
      ],
    );
    assert.equal(told.clockAheadSeconds, 7200);
    assert.equal(told.lastReceivedAt, '2026-03-02T01:10:00.000Z');
    assert.equal(told.lastEventTime, '2026-03-02T03:10:00.000Z');
  });

  test('each hour is said in the log once, with the reasons of refusals', async () => {
    const balances = service.app.get(SourceBalances);
    const said = async () =>
      (
        await service.ground.database.query<{ payload: Buffer }>(
          `SELECT payload FROM log_entry WHERE kind = 'source.balance' ORDER BY index`,
        )
      ).map(({ payload }) => Said.parse(JSON.parse(payload.toString())));
    await health();
    // As if it had run for the first time before anything came.
    await service.ground.database.query(
      `INSERT INTO source_balance (hour) VALUES ('2026-03-01T09:00:00Z') ON CONFLICT DO NOTHING`,
    );
    assert.equal(await balances.record(), 15);
    assert.equal(await balances.record(), 0);
    const [hour, ...more] = await said();
    assert.deepEqual(more, [], 'hours in which nothing came are not said, the present one is not yet');
    assert.equal(hour?.from, '2026-03-01T10:00:00.000Z');
    const edge = hour.sources.find(({ source: name }) => name === 'edge');
    assert.deepEqual(
      [edge?.received, edge?.appended, edge?.duplicate, edge?.quarantined, edge?.refused, edge?.reasons?.['too_large']],
      [89, 7, 62, 2, 18, 1],
    );
  });

  test('its silence is a finding although its clock runs ahead, and ends when it is heard, even with garbage', async () => {
    const look = service.app.get(FindingsLook);
    const silences = async (state: 'open' | 'closed') =>
      (await service.app.get(Findings).page(FindingQuery.parse({ state, kind: 'silence' }))).findings;
    now = new Date('2026-03-02T01:20:00.000Z');
    await look.run();
    assert.deepEqual(await silences('open'), []);
    now = new Date('2026-03-02T01:30:00.000Z');
    assert.equal((await health()).silentSince, '2026-03-02T01:10:00.000Z');
    await look.run();
    const [silence] = await silences('open');
    assert.equal(silence?.title, 'edge is silent');
    assert.equal(silence?.occurredAt, '2026-03-02T01:20:00.000Z');
    assert.equal(await post('/ingest/v1/edge', 'other garbage'), 200);
    await service.followed();
    await look.run();
    assert.deepEqual(await silences('open'), []);
    assert.equal((await silences('closed'))[0]?.id, silence?.id);
  });

  test('the list of sources has the same figures, and Prometheus too', async () => {
    const { balance } = await health();
    const headers = { authorization: `Bearer ${reader}` };
    const list: unknown = await (await fetch(`${service.url}/api/v1/sources`, { headers })).json();
    const edge = (list as { sources: { name: string }[] }).sources.find(({ name }) => name === 'edge');
    assert.deepEqual(edge, { ...edge, ...balance });
    const figures = await (await fetch(`${service.url}/metrics`, { headers })).text();
    assert.match(figures, /segproof_ingest_refused_total\{source="edge",reason="too_large"\} 1/u);
    assert.match(figures, /segproof_source_clock_ahead_seconds\{source="edge"\} 7200/u);
    assert.match(figures, /segproof_source_lag_seconds\{source="edge",quantile="0.5"\}/u);
    assert.match(figures, /segproof_source_last_received_timestamp_seconds\{source="edge"\} 1772415000/u);
  });
});

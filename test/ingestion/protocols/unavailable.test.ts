import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { after, before, test } from 'node:test';
import { Client, escapeIdentifier } from 'pg';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { startTestService, type TestService } from '../../support/service.js';
import { flow, storedOf } from './sending.js';

let service: TestService;
let source: IssuedToken;

before(async () => {
  service = await startTestService();
  source = await service.newSource({ name: 'edge' });
});

after(() => service.stop());

/** As long as `work` runs, nobody can connect to the database and nobody is connected. */
async function withoutDatabase(superuserUrl: string, work: () => Promise<void>): Promise<void> {
  const url = new URL(superuserUrl);
  url.pathname = '/postgres';
  const client = new Client({ connectionString: url.href });
  await client.connect();
  const name = escapeIdentifier(service.database.name);
  try {
    await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS false`);
    await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
      service.database.name,
    ]);
    await work();
  } finally {
    await client.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
    await client.end();
  }
}

/** As omelasticsearch does, with nothing that says who it is; resolves with the status. */
async function sendAsRsyslog(url: string, token: string): Promise<number> {
  const sent = request(`${url}/_bulk`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json; charset=utf-8' },
  });
  sent.end(`{"index":{"_index":"syslog"}}\n${flow()}\n`);
  const [answer] = (await once(sent, 'response')) as [IncomingMessage]; // node documents it
  answer.resume();
  return answer.statusCode ?? 0;
}

test('while the database is away every sender is told to come again, and then nothing is missing', async (t) => {
  const { superuserUrl } = service.database;
  if (superuserUrl === undefined) return t.skip('needs a superuser');
  const flows = Array.from({ length: 8 }, flow);
  const [hec = '', raw = '', otlp = '', bulk = '', audit = '', hook = '', event = '', generic = ''] = flows;
  const requests: readonly [path: string, body: string][] = [
    ['/services/collector/event', `{"event":${hec}}`],
    ['/services/collector/raw', raw],
    [
      '/v1/logs',
      JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [{ body: { stringValue: otlp } }] }] }] }),
    ],
    ['/_bulk', `{"create":{}}\n${bulk}\n`],
    [`/k8s/audit/${source.name}`, audit],
    [`/hooks/${source.name}`, hook],
    ['/cloudevents', event],
    [`/ingest/v1/${source.name}`, generic],
  ];
  const send = async (path: string, body: string): Promise<Response> =>
    await fetch(`${service.url}${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${source.token}` },
      body,
    });
  await withoutDatabase(superuserUrl, async () => {
    for (const [path, body] of requests) {
      const answer = await send(path, body);
      assert.deepEqual([answer.status, answer.headers.has('retry-after')], [503, true], path);
    }
    // rsyslog, which sends no User-Agent, drops a batch at any answer.
    await assert.rejects(sendAsRsyslog(service.url, source.token), /socket hang up|ECONNRESET/);
    const health = await fetch(`${service.url}/services/collector/health`);
    assert.deepEqual(
      [health.status, await health.json()],
      [503, { text: 'HEC is unhealthy, queues are full', code: 18 }],
    );
  });
  for (const [path, body] of requests) {
    let answer = await send(path, body);
    // The first statements may meet a connection that is dead without the pool knowing it.
    for (let i = 0; i < 20 && answer.status === 503; i++) answer = await send(path, body);
    assert.equal(answer.status, 200, path);
  }
  assert.deepEqual(
    (await storedOf(service, source.name)).map((record) => record.raw),
    flows,
  );
});

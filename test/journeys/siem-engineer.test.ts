import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { IngestAnswer } from '../../src/ingestion/ingest.js';
import { IssuedToken, SourceView } from '../../src/ingestion/sources.js';
import { RecordPage } from '../../src/inventory/records.js';
import { hubbleFlow } from '../portal/sent-records.js';
import { freshDatabase, type FreshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';
import { Api, until } from './api.js';
import { runCommand, serviceVariables, startServiceProcess, type ServiceProcess } from './service-process.js';

/*
 * J6: an engineer makes a source, sends records in every shape shippers send, has the service killed and started again
 * in the middle, and finds nothing lost, nothing twice, and what could not be read listed with its reason.
 */

const { directory, removeDirectory } = temporaryDirectory();
const samples = resolve(import.meta.dirname, '../../..', '../shared/samples');
const noSamples = existsSync(samples) ? false : 'needs ../shared/samples beside the project';

let database: FreshDatabase;
let service: ServiceProcess;
let login: { readonly name: string; readonly password: string };
let source: IssuedToken;

before(async () => {
  database = await freshDatabase();
  service = await startServiceProcess(serviceVariables(database, directory));
  assert.ok(service.admin, 'a first start prints a login');
  login = service.admin;
});

after(async () => {
  await service.end('SIGTERM');
  await database.drop();
  removeDirectory();
});

const admin = (): Promise<Api> => Api.signIn(service.url, login.name, login.password);

async function sendTo(
  { name, token }: IssuedToken,
  body: Buffer | string,
  headers: Readonly<Record<string, string>>,
): Promise<IngestAnswer> {
  const response = await fetch(`${service.url}/ingest/v1/${name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  assert.equal(response.status, 200);
  return IngestAnswer.parse(await response.json());
}

const lines = { 'content-type': 'application/x-ndjson' };
const json = { 'content-type': 'application/json' };

const flow = (number: number): object =>
  hubbleFlow({ time: new Date(Date.now() - 3_600_000).toISOString(), from: 'shop/web', to: 'shop/api' }, number);
const flows = Array.from({ length: 600 }, (_, number) => JSON.stringify(flow(number)));

async function sourceView(name: string): Promise<SourceView> {
  const { sources } = await (await admin()).get('/api/v1/sources', z.object({ sources: z.array(SourceView) }));
  const found = sources.find((candidate) => candidate.name === name);
  assert.ok(found);
  return found;
}

describe('a SIEM engineer', () => {
  test('makes a source and is shown its token once', async () => {
    const api = await admin();
    const wanted = { name: 'edge-hubble', description: 'Hubble exporter', format: 'hubble', silenceAfterSeconds: 3600 };
    source = await api.post('/api/v1/sources', wanted, IssuedToken);
    assert.match(source.token, /^sgt_[\w-]{43}$/u);
    await api.refused([409, 'conflict'], 'POST', '/api/v1/sources', wanted);
    const listed = await api.send('GET', '/api/v1/sources');
    assert.ok(!listed.text.includes(source.token));
    const { received, lastEventTime } = await sourceView('edge-hubble');
    assert.deepEqual([received, lastEventTime], [0, null]);
  });

  test('sends one, an array, lines, values one after another, packed and unpacked', async () => {
    const at = (from: number, to: number): string[] => flows.slice(from, to);
    const shapes: readonly (readonly [number, Buffer | string, Readonly<Record<string, string>>])[] = [
      [1, at(0, 1).join(''), json],
      [4, `[${at(1, 5).join(',')}]`, json],
      [5, `\ufeff${at(5, 10).join('\r\n')}\r\n`, lines],
      [5, at(10, 15).join(''), json],
      [5, gzipSync(at(15, 20).join('\n')), { ...lines, 'content-encoding': 'gzip' }],
      [5, deflateSync(`[${at(20, 25).join(',')}]`), { ...json, 'content-encoding': 'deflate' }],
      [5, at(25, 30).join('\n'), { 'content-type': 'text/plain' }],
    ];
    for (const [count, body, headers] of shapes) {
      const answer = await sendTo(source, body, headers);
      assert.deepEqual([answer.received, answer.appended], [count, count], JSON.stringify(headers));
    }
    const { appended, duplicate } = await sendTo(source, flows.slice(0, 30).join('\n'), lines);
    assert.deepEqual([appended, duplicate], [0, 30], 'one fact, whatever shape it came in');
  });

  test('has the service killed in the middle of sending, starts it again, and finds all of it once', async () => {
    const acknowledged = new Map<string, number>();
    const batches = Array.from({ length: 57 }, (_, batch) => flows.slice(30 + batch * 10, 40 + batch * 10));
    let answered = 0;
    const killed: Promise<number | null>[] = [];
    const send = async (batch: readonly string[]): Promise<void> => {
      try {
        const { receipts } = await sendTo(source, batch.join('\n'), lines);
        receipts.forEach((receipt, at) => acknowledged.set(batch[at] ?? '', receipt.index));
      } catch (error) {
        if (!(error instanceof TypeError)) throw error; // fetch throws it when the connection breaks
      }
      answered += 1;
      if (answered === 20) killed.push(service.end('SIGKILL'));
    };
    const queue = batches.values();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (const batch of queue) await send(batch);
      }),
    );
    assert.deepEqual(await Promise.all(killed), [null], 'killed while the clients were sending');
    assert.ok(acknowledged.size >= 100 && acknowledged.size < 570, `${acknowledged.size} acknowledged before the end`);

    service = await startServiceProcess(serviceVariables(database, directory));
    assert.equal(service.admin, null, 'a second start prints no login');
    const again = await sendTo(source, flows.join('\n'), lines);
    assert.equal(again.received, 600);
    assert.equal(again.appended + again.duplicate, 600);
    again.receipts.forEach(({ index, outcome }, at) => {
      const known = acknowledged.get(flows[at] ?? '');
      if (known === undefined) return;
      assert.deepEqual([outcome, index], ['duplicate', known], `record ${at} was acknowledged and is there`);
    });
    const { duplicate } = await sendTo(source, flows.join('\n'), lines);
    assert.equal(duplicate, 600);
    const view = await until(
      () => sourceView('edge-hubble'),
      ({ appended }) => appended >= 600,
      { what: 'the counts of the source' },
    );
    assert.deepEqual([view.appended, view.quarantined], [600, 0], 'as many records as were sent, none twice');
    // What the killed process took without being able to answer was sent again as well.
    assert.ok(view.duplicate >= 600, 'and the repetitions are counted');
  });

  test('sends garbage, and finds it in the rejected list with the reason', async () => {
    const answer = await sendTo(source, ['{"flow":', '{"verb":"create"}', '42', flows[0]].join('\n'), lines);
    assert.deepEqual(
      answer.receipts.map(({ outcome, reason }) => reason ?? outcome),
      ['invalid_json', 'unknown_format', 'not_an_object', 'duplicate'],
    );
    assert.deepEqual([answer.rejected, answer.duplicate], [3, 1]);
    const api = await admin();
    const { records } = await until(
      () => api.get('/api/v1/records?kind=rejected&source=edge-hubble', RecordPage),
      (page) => page.records.length === 3,
      { what: 'the rejected records' },
    );
    assert.deepEqual(
      records.map(({ index, rejectReason }) => ({ index, rejectReason })).toSorted((a, b) => a.index - b.index),
      answer.receipts.slice(0, 3).map(({ index, reason }) => ({ index, rejectReason: reason })),
    );
    const kept = await api.get(`/log/entries/${answer.receipts[0]?.index}`, z.object({ payload: z.string() }));
    assert.equal(Buffer.from(kept.payload, 'base64').toString(), '{"flow":');
    assert.equal((await sourceView('edge-hubble')).quarantined, 3);
  });

  test('sends files of real systems, twice; the second time makes nothing', { skip: noSamples }, async () => {
    const api = await admin();
    for (const [folder, file, count] of [
      ['hubble-flow', 'basic-sample-10-flows.json', 10],
      ['hubble-flow', 'basic-sample-400-tcp-flows.json', 400],
      ['k8s-audit', 'demo.log', 37],
      ['k8s-audit', 'create_configmap_sensitive_values.json', 6],
    ] as const) {
      const real = await api.post('/api/v1/sources', { name: `real-${file.replaceAll(/[._]/gu, '-')}` }, IssuedToken);
      const body = readFileSync(join(samples, folder, file));
      const first = await sendTo(real, body, json);
      assert.deepEqual([first.received, first.rejected, first.conflict], [count, 0, 0], file);
      const second = await sendTo(real, gzipSync(body), { ...json, 'content-encoding': 'gzip' });
      assert.deepEqual([second.appended, second.duplicate], [0, count], file);
    }
  });

  test('leaves a log that verifies', async () => {
    const { code, stdout, stderr } = await runCommand(['fsck', '--json'], serviceVariables(database, directory));
    assert.equal(code, 0, stderr);
    const { ok, problems } = z.object({ ok: z.boolean(), problems: z.array(z.unknown()) }).parse(JSON.parse(stdout));
    assert.deepEqual([ok, problems], [true, []]);
  });
});

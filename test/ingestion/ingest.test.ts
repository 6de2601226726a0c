import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type ClientRequest, type IncomingMessage } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { IngestAnswer } from '../../src/ingestion/ingest.js';
import type { IssuedToken } from '../../src/ingestion/sources.js';
import { RecordPage } from '../../src/inventory/records.js';
import { openCheckpoint } from '../../src/log/core/checkpoint.js';
import { parseVerifierKey } from '../../src/log/core/note.js';
import { verifyInclusion } from '../../src/log/core/proof.js';
import { Api, problemOf, ProblemBody, type ApiAnswer } from '../journeys/api.js';
import { hubbleFlow, networkPolicy, policyWritten } from '../portal/sent-records.js';
import { startTestService, type TestService } from '../support/service.js';

const limits = {
  INGEST_MAX_BODY_BYTES: '100000',
  INGEST_MAX_INFLATED_BYTES: '200000',
  INGEST_MAX_IN_FLIGHT_BYTES: '250000',
  INGEST_MAX_RECORD_BYTES: '20000',
};

let service: TestService;
let source: IssuedToken;
let auditor: Api;
let made = 0;

before(async () => {
  service = await startTestService({ env: limits });
  source = await service.newSource({ name: 'hubble' });
  auditor = new Api(service.url, (await service.signedIn('auditor')).token);
});

after(() => service.stop());

/** A flow that no test has sent before. */
const flow = (padding = ''): string =>
  JSON.stringify({
    ...hubbleFlow({ time: '2026-11-20T10:00:00.123456789Z', from: 'shop/web', to: 'shop/api' }, ++made),
    ...(padding === '' ? {} : { padding }),
  });

async function post(body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<ApiAnswer> {
  const response = await fetch(`${service.url}/ingest/v1/${source.name}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${source.token}`, 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : new Uint8Array(body),
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

async function taken(body: string | Buffer, headers: Readonly<Record<string, string>> = {}): Promise<IngestAnswer> {
  const { status, text } = await post(body, headers);
  assert.equal(status, 200, text);
  return IngestAnswer.parse(JSON.parse(text));
}

const lines = { 'content-type': 'application/x-ndjson' };
const sizeOfLog = async (): Promise<number> => (await service.ground.log.head()).size;

const StoredEntry = z.object({ leafHash: z.string(), payload: z.string() });
const stored = async (index: number): Promise<{ leafHash: string; payload: string }> => {
  const entry = await auditor.get(`/log/entries/${index}`, StoredEntry);
  return {
    leafHash: Buffer.from(entry.leafHash, 'base64').toString('hex'),
    payload: Buffer.from(entry.payload, 'base64').toString(),
  };
};

describe('receipts', () => {
  test('come one for each record in the order sent, whatever became of it', async () => {
    const [known, first, second] = [flow(), flow(), flow()];
    await taken(known);
    const sent = [first, '{"broken":', known, second, '[1]', first, first.replace('FORWARDED', 'DROPPED')];
    const answer = await taken(sent.join('\n'), lines);
    assert.deepEqual(
      answer.receipts.map(({ outcome }) => outcome),
      ['appended', 'rejected', 'duplicate', 'appended', 'rejected', 'duplicate', 'conflict'],
    );
    assert.deepEqual(
      { ...answer, receipts: [], checkpoint: null },
      { received: 7, appended: 2, duplicate: 2, conflict: 1, rejected: 2, receipts: [], checkpoint: null },
    );
    assert.equal(answer.receipts[5]?.index, answer.receipts[0]?.index, 'a repetition is given the index of the first');
    for (const [at, { index, leafHash }] of answer.receipts.entries()) {
      assert.deepEqual(await stored(index), { leafHash, payload: sent[at] }, 'the bytes as sent');
    }
  });

  test('prove each record to the signed checkpoint, at once and when it is sent again', async () => {
    const body = [flow(), flow(), flow()].join('\n');
    const verifier = parseVerifierKey(service.ground.log.verifierKey);
    for (const answer of [await taken(body, lines), await taken(body, lines)]) {
      const { size, root } = openCheckpoint(answer.checkpoint ?? '', [verifier]);
      for (const { index, leafHash = '', proof = [] } of answer.receipts) {
        verifyInclusion({
          index,
          size,
          leafHash: Buffer.from(leafHash, 'hex'),
          proof: proof.map((hash) => Buffer.from(hash, 'base64')),
          root,
        });
      }
    }
  });

  test('are as short as asked for', async () => {
    const ask = async (receipt: string): Promise<string[]> => {
      const answer = await fetch(`${service.url}/ingest/v1/${source.name}?receipt=${receipt}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${source.token}` },
        body: flow(),
      });
      const { receipts } = IngestAnswer.parse(await answer.json());
      return Object.keys(receipts[0] ?? {}).toSorted();
    };
    assert.deepEqual(await ask('proof'), ['index', 'leafHash', 'outcome', 'proof']);
    assert.deepEqual(await ask('leaf'), ['index', 'leafHash', 'outcome']);
    assert.deepEqual(await ask('index'), ['index', 'outcome']);
  });

  test('for nothing are none', async () => {
    for (const body of ['', '   \n', '[]', '\ufeff']) {
      const answer = await taken(body);
      assert.deepEqual([answer.received, answer.receipts, answer.checkpoint], [0, [], null], JSON.stringify(body));
    }
  });
});

describe('records', () => {
  test('are told apart in every shape of a body', async () => {
    const some = (): string[] => [flow(), flow(), flow()];
    assert.equal((await taken(some().join(''))).appended, 3, 'one after another without space');
    assert.equal((await taken(`\ufeff[${some().join(' ,\n')}]`)).appended, 3, 'an array behind a byte order mark');
    assert.equal((await taken(`\ufeff${some().join('\r\n')}\r\n\r\n`, lines)).appended, 3, 'lines of Windows');
    assert.equal((await taken(JSON.stringify(JSON.parse(flow()), null, 2), lines)).appended, 1, 'printed for people');
    assert.equal((await taken(some().join('\n'), { 'content-type': 'text/plain' })).appended, 3);
    assert.equal((await taken(some().join(''), { 'content-type': 'application/x-www-form-urlencoded' })).appended, 3);
    const list = {
      kind: 'EventList',
      apiVersion: 'audit.k8s.io/v1',
      items: [1, 2].map((number) => auditEvent(number)),
    };
    assert.equal((await taken(JSON.stringify(list))).appended, 2, 'the items of an EventList');
  });

  test('without an id of their own are known by their bytes, and counted as often as they were sent at once', async () => {
    const bare = JSON.stringify({
      ...(JSON.parse(flow()) as object), // made above
      flow: { ...(JSON.parse(flow()) as { flow: object }).flow, uuid: undefined },
    });
    const twice = await taken([bare, bare].join('\n'), lines);
    assert.equal(twice.appended, 2, 'two alike in one body are two');
    const again = await taken([bare, bare].join('\n'), lines);
    assert.equal(again.duplicate, 2, 'the same body again is the same two');
  });

  test('sent many times at once are appended once', async () => {
    const body = Array.from({ length: 10 }, () => flow()).join('\n');
    const earlier = await sizeOfLog();
    const answers = await Promise.all(Array.from({ length: 12 }, () => taken(body, lines)));
    assert.equal(await sizeOfLog(), earlier + 10);
    assert.equal(
      answers.reduce((sum, { appended }) => sum + appended, 0),
      10,
    );
    const indices = answers.map(({ receipts }) => receipts.map(({ index }) => index));
    for (const list of indices) assert.deepEqual(list, indices[0]);
  });

  test('of the same id with other bytes are both kept, and said to be a conflict, also later', async () => {
    const one = flow();
    const other = one.replace('FORWARDED', 'DROPPED');
    const [first] = (await taken(one)).receipts;
    const [second] = (await taken(other)).receipts;
    assert.deepEqual([first?.outcome, second?.outcome], ['appended', 'conflict']);
    assert.notEqual(first?.index, second?.index);
    assert.equal((await stored(first?.index ?? -1)).payload, one);
    assert.equal((await stored(second?.index ?? -1)).payload, other);
    assert.deepEqual((await taken(one)).receipts[0]?.index, first?.index);
  });

  test('that cannot be read are kept whole, listed with the reason and counted for the source', async () => {
    const own = await service.newSource({ name: 'bound', format: 'kubernetes-audit' });
    const sender = new Api(service.url, own.token);
    const tooLarge = flow('x'.repeat(20_000));
    const sent = ['{"cut":', '"text"', '{}', flow(), tooLarge, '{"deep":'.repeat(70) + '1' + '}'.repeat(70)];
    const answer = await sender.send('POST', '/ingest/v1/bound', sent.join('\n'), lines);
    const { receipts, rejected } = IngestAnswer.parse(JSON.parse(answer.text));
    assert.equal(rejected, sent.length);
    assert.deepEqual(
      receipts.map(({ reason }) => reason),
      ['invalid_json', 'not_an_object', 'unknown_format', 'unknown_format', 'too_large', 'unknown_format'],
    );
    for (const { detail = '' } of receipts) assert.match(detail, /expected|at most/u);
    for (const [at, { index }] of receipts.entries()) assert.equal((await stored(index)).payload, sent[at]);
    await service.followed();
    const page = await auditor.get('/api/v1/records?kind=rejected&source=bound', RecordPage);
    assert.deepEqual(
      page.records.map(({ index }) => index).toSorted((a, b) => a - b),
      receipts.map(({ index }) => index),
    );
    for (const { rejectReason, summary } of page.records) assert.ok(rejectReason !== null && summary !== '');
    const again = await sender.send('POST', '/ingest/v1/bound', sent.join('\n'), lines);
    assert.equal(
      IngestAnswer.parse(JSON.parse(again.text)).duplicate,
      sent.length,
      'garbage again is the same garbage',
    );
  });
});

function auditEvent(number: number): object {
  return policyWritten(networkPolicy('shop', `policy-${number}`, { podSelector: {} }), {
    time: '2026-11-20T10:00:00Z',
    user: 'deployer',
    verb: 'create',
    number,
  });
}

describe('a body', () => {
  const refused = async (
    expected: readonly [number, string],
    body: string | Buffer,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> => {
    const earlier = await sizeOfLog();
    const answer = await post(body, headers);
    const { status, code, detail } = problemOf(answer);
    assert.deepEqual([status, code], expected, detail);
    assert.equal(await sizeOfLog(), earlier, 'a refused body leaves nothing');
  };

  test('larger than allowed is refused, announced or not, packed or not', async () => {
    const large = Array.from({ length: 200 }, () => flow()).join('\n');
    assert.ok(large.length > 100_000);
    await refused([413, 'too_large'], large, lines);
    const bomb = gzipSync('x'.repeat(50_000_000));
    assert.ok(bomb.length < 100_000);
    await refused([413, 'too_large'], bomb, { 'content-encoding': 'gzip' });
    const earlier = await sizeOfLog();
    const chunked = open({ 'transfer-encoding': 'chunked' });
    chunked.request.end(large);
    await chunked.answer().catch(() => {}); // what has announced no length may be cut off before the answer
    assert.equal((await taken(flow())).appended, 1, 'the service goes on');
    assert.equal(await sizeOfLog(), earlier + 1);
  });

  test('packed in a way that is not known is refused', async () => {
    await refused([415, 'unsupported_media_type'], flow(), { 'content-encoding': 'br' });
    await refused([415, 'unsupported_media_type'], flow(), { 'content-encoding': 'gzip, gzip' });
  });

  test('whose packing is broken or cut short is refused', async () => {
    const whole = gzipSync(Array.from({ length: 20 }, () => flow()).join('\n'));
    const broken = Buffer.from(whole);
    broken[whole.length - 6] = (broken[whole.length - 6] ?? 0) ^ 0xff;
    await refused([400, 'invalid_input'], broken, { 'content-encoding': 'gzip' });
    await refused([400, 'invalid_input'], whole.subarray(0, whole.length - 20), { 'content-encoding': 'gzip' });
    await refused([400, 'invalid_input'], flow(), { 'content-encoding': 'gzip' });
  });

  test('that ends before it is complete leaves nothing', async () => {
    const earlier = await sizeOfLog();
    const { request: cut } = open({ 'content-length': '5000', 'content-type': 'application/x-ndjson' });
    cut.write(`${flow()}\n${flow()}\n`);
    await new Promise((resolve) => setTimeout(resolve, 50));
    cut.destroy();
    assert.equal((await taken(flow())).appended, 1, 'the service goes on');
    assert.equal(await sizeOfLog(), earlier + 1);
  });

  test('has to wait while as many bytes are held as may be', async () => {
    const size = 90_000;
    const headers = { 'content-length': String(size), 'content-type': 'application/x-ndjson' };
    const many = Array.from({ length: 100 }, () => flow()).join('\n');
    assert.ok(many.length > 80_000 && many.length < 100_000, `${many.length} bytes`);
    let answer = await post(many, lines);
    // Nothing tells when bytes have arrived; on a machine that is busy it takes longer.
    for (const pause of [100, 400, 2000]) {
      const slow = [open(headers), open(headers)];
      for (const held of slow) held.request.write('\n'.repeat(size - 1));
      await new Promise((resolve) => setTimeout(resolve, pause));
      answer = await post(many, lines);
      for (const held of slow) held.request.end('\n');
      if (answer.status === 200) continue;
      for (const held of slow) assert.equal((await held.answer()).status, 200, 'what is held is answered');
      break;
    }
    assert.equal(answer.status, 503);
    assert.equal(problemOf(answer).code, 'unavailable');
    assert.equal(answer.headers.get('retry-after'), '1');
    assert.equal((await post(many, lines)).status, 200, 'sent again shortly, it is taken');
  });

  test('without a valid token is refused before it is read', async () => {
    const held = open({ 'content-length': '50000', authorization: 'Bearer sgt_guess' });
    held.request.write('{');
    const { status, text } = await held.answer();
    assert.deepEqual([status, ProblemBody.parse(JSON.parse(text)).code], [401, 'wrong_credentials']);
    held.request.destroy();
  });
});

interface OpenRequest {
  readonly request: ClientRequest;
  /** Resolves when the service has answered, whether or not the body was sent to its end. */
  answer(): Promise<{ readonly status: number; readonly text: string }>;
}

/** A request whose body the test sends piece by piece. */
function open(headers: Readonly<Record<string, string>>): OpenRequest {
  const pending = request(`${service.url}/ingest/v1/${source.name}`, {
    method: 'POST',
    agent: false,
    headers: { authorization: `Bearer ${source.token}`, ...headers },
  });
  const response = once(pending, 'response') as Promise<[IncomingMessage]>; // node documents what the event brings
  response.catch(() => {}); // a test that cuts the connection waits for no answer
  pending.on('error', () => {});
  pending.flushHeaders();
  return {
    request: pending,
    answer: async () => {
      const [message] = await response;
      const chunks: Buffer[] = [];
      for await (const chunk of message) chunks.push(chunk as Buffer); // no encoding is set, so these are bytes
      return { status: message.statusCode ?? 0, text: Buffer.concat(chunks).toString() };
    },
  };
}

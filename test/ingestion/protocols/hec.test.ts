import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { systemActor } from '../../../src/context.js';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { Sources } from '../../../src/ingestion/sources.js';
import { startTestService, type TestService } from '../../support/service.js';
import { capture, flow, replay, storedOf, withoutCaptures } from './sending.js';

const Answer = z.strictObject({
  text: z.string(),
  code: z.number(),
  'invalid-event-number': z.number().optional(),
  ackId: z.number().optional(),
});

/** What the tests use of splunk-logging, which comes without types. */
interface SplunkLogging {
  readonly Logger: new (config: object) => {
    error: (error: unknown) => void;
    send(context: { readonly message: unknown }): void;
    flush(done: (error: unknown, response: unknown, body: unknown) => void): void;
  };
}
const { Logger: SplunkLogger } = createRequire(import.meta.url)('splunk-logging') as SplunkLogging; // see above

let service: TestService;
let source: IssuedToken;
const channel = 'FE0ECFAD-13D5-401B-847D-77833BD77131';

before(async () => {
  service = await startTestService();
  source = await service.newSource({ name: 'splunk' });
});

after(() => service.stop());

async function post(
  path: string,
  body: string | Uint8Array<ArrayBuffer>,
  headers: Record<string, string> = {},
): Promise<{ status: number; answer: z.infer<typeof Answer> }> {
  const response = await fetch(`${service.url}/services/collector${path}`, {
    method: 'POST',
    headers: { authorization: `Splunk ${source.token}`, ...headers },
    body,
  });
  return { status: response.status, answer: Answer.parse(await response.json()) };
}

const count = async (): Promise<number> => (await storedOf(service, source.name)).length;

const success = { status: 200, answer: { text: 'Success', code: 0 } };

describe('events', () => {
  test('one after another, spaced, or in an array, are records without their envelopes', async () => {
    const sent = Array.from({ length: 5 }, flow);
    const [a = '', b = '', c = '', d = '', e = ''] = sent;
    const envelope = (event: string): string =>
      `{"time":1763632800.5,"host":"n1","sourcetype":"hubble","event":${event}}`;
    assert.deepEqual(await post('/event', envelope(a) + envelope(JSON.stringify(b))), success);
    assert.deepEqual(await post('/event/1.0', `${envelope(c)}\r\n \n${envelope(d)}`), success);
    assert.deepEqual(
      await post('', `[${envelope(e)}]`, { 'content-type': 'application/x-www-form-urlencoded' }),
      success,
    );
    const stored = await storedOf(service, source.name);
    assert.deepEqual(
      stored.slice(-5).map(({ kind, raw }) => [kind, raw]),
      sent.map((raw) => ['flow', raw]),
    );
    assert.deepEqual(stored.at(-1)?.context, {
      times: ['2025-11-20T10:00:00.5Z'],
      attributes: { protocol: 'splunk-hec', host: 'n1', sourcetype: 'hubble' },
    });
  });

  test('packed with gzip are taken, and sent again add nothing', async () => {
    const body = Uint8Array.from(gzipSync(`{"event":${flow()}}`));
    const before = await count();
    for (let i = 0; i < 3; i++) {
      assert.deepEqual(await post('/event', body, { 'content-encoding': 'gzip' }), success);
    }
    assert.equal(await count(), before + 1);
  });

  test('of the same text at other times are other records', async () => {
    const before = await count();
    await post('/event', '{"time":1,"event":"up"}{"time":2,"event":"up"}');
    await post('/event', '{"time":3,"event":"up"}');
    await post('/event', '{"time":3,"event":"up"}');
    assert.equal(await count(), before + 3);
  });

  test('that cannot be read are kept and do not refuse the others', async () => {
    const good = flow();
    assert.deepEqual(
      await post('/event', `{"event":"no format we know"}{"event":${good}}{"nothing":1}{"event":`),
      success,
    );
    assert.deepEqual(
      (await storedOf(service, source.name)).slice(-4).map(({ kind, raw }) => [kind, raw]),
      [
        ['rejected', 'no format we know'],
        ['flow', good],
        ['rejected', '{"nothing":1}'],
        ['rejected', '{"event":'],
      ],
    );
  });

  test('of the raw endpoint are lines, described by the query', async () => {
    const [a, b] = [flow(), flow()];
    assert.deepEqual(await post('/raw?host=edge&sourcetype=hubble&time=1763632800', `${a}\n\n${b}\r\n`), success);
    assert.deepEqual(
      (await storedOf(service, source.name)).slice(-2).map(({ raw, context }) => [raw, context]),
      [a, b].map((raw) => [
        raw,
        {
          times: ['2025-11-20T10:00:00Z'],
          attributes: { protocol: 'splunk-hec', host: 'edge', sourcetype: 'hubble' },
        },
      ]),
    );
  });
});

describe('codes', () => {
  test('say what is wrong with a request that holds no event', async () => {
    const refused = async (body: string): Promise<unknown> => (await post('/event', body)).answer;
    assert.deepEqual(await refused(''), { text: 'No data', code: 5 });
    assert.deepEqual(await refused(' \n'), { text: 'No data', code: 5 });
    assert.deepEqual(await refused('1 2'), { text: 'Invalid data format', code: 6, 'invalid-event-number': 0 });
    assert.deepEqual(await refused('{"a":1}'), {
      text: 'Event field is required',
      code: 12,
      'invalid-event-number': 0,
    });
    assert.deepEqual(await refused('{"event":""}'), {
      text: 'Event field cannot be blank',
      code: 13,
      'invalid-event-number': 0,
    });
    assert.equal((await post('/event', '')).status, 400);
  });

  test('say what is wrong with credentials, and nothing is kept', async () => {
    const before = await count();
    const as = async (authorization: string, path = '/event'): Promise<[number, number]> => {
      const { status, answer } = await post(path, `{"event":${flow()}}`, { authorization });
      return [status, answer.code];
    };
    assert.deepEqual(await as(''), [401, 2]);
    assert.deepEqual(await as('Splunk'), [401, 3]);
    assert.deepEqual(await as('Digest x'), [401, 3]);
    assert.deepEqual(await as('Splunk 11111111-2222-3333-4444-555555555555'), [403, 4]);
    assert.deepEqual(await as('', `/event?token=${source.token}`), [400, 16]);
    assert.equal(await count(), before);
    assert.deepEqual(await as(`Basic ${Buffer.from(`x:${source.token}`).toString('base64')}`), [200, 0]);
    const revoked = await service.newSource();
    await service.app.get(Sources).revokeToken(systemActor, revoked.name, revoked.token.slice(-4));
    assert.deepEqual(await as(`Splunk ${revoked.token}`), [403, 1]);
  });

  test('of health need no token', async () => {
    for (const path of ['/health', '/health/1.0']) {
      const response = await fetch(`${service.url}/services/collector${path}`);
      assert.equal(response.status, 200);
      assert.deepEqual(await response.json(), { text: 'HEC is healthy', code: 17 });
    }
  });

  test('of a path that is not there', async () => {
    const response = await fetch(`${service.url}/services/collector/mint`, { method: 'POST' });
    assert.equal(response.status, 404);
    assert.deepEqual(await response.json(), { text: 'The requested URL was not found on this server.', code: 404 });
  });
});

describe('acknowledgements', () => {
  const ask = async (body: string, inHeader: string | null = channel): Promise<unknown> => {
    const response = await fetch(`${service.url}/services/collector/ack`, {
      method: 'POST',
      headers: {
        authorization: `Splunk ${source.token}`,
        ...(inHeader === null ? {} : { 'x-splunk-request-channel': inHeader }),
      },
      body,
    });
    return await response.json();
  };

  test('are true for the ids of a channel and for no others', async () => {
    const first = await post(`/event?channel=${channel}`, `{"event":${flow()}}`);
    const second = await post('/raw', flow(), { 'x-splunk-request-channel': channel });
    assert.deepEqual([first.answer.ackId, second.answer.ackId], [0, 1]);
    assert.deepEqual(await ask('{"acks":[0,1,2]}'), { acks: { '0': true, '1': true, '2': false } });
    assert.deepEqual(await ask('{"acks":[0]}', '00000000-0000-0000-0000-000000000001'), { acks: { '0': false } });
  });

  test('need a channel that is one', async () => {
    assert.deepEqual(await ask('{"acks":[0]}', null), { text: 'Data channel is missing', code: 10 });
    assert.deepEqual(await ask('{"acks":[0]}', 'x'), { text: 'Invalid data channel', code: 11 });
    assert.deepEqual(await ask('{"acks":"x"}'), { text: 'Invalid data format', code: 6 });
  });
});

test('splunk-logging sends without complaint', async () => {
  const { name, token } = await service.newSource();
  const { hostname: host, port } = new URL(service.url);
  const logger = new SplunkLogger({ token, host, port: Number(port), protocol: 'http', maxBatchCount: 0 });
  const complaints: unknown[] = [];
  logger.error = (error) => void complaints.push(error);
  const sent = [flow(), flow()];
  for (const message of sent) logger.send({ message: JSON.parse(message) });
  const answer = await new Promise((resolve) => logger.flush((error, _response, body) => resolve(error ?? body)));
  assert.deepEqual([answer, complaints], [{ text: 'Success', code: 0 }, []]);
  const stored = await storedOf(service, name);
  assert.deepEqual(
    stored.map(({ kind, raw }) => [kind, raw]),
    sent.map((message) => ['flow', `{"message":${message},"severity":"info"}`]),
  );
});

test('switches: tokens in the query on, acknowledgements off', async () => {
  const other = await startTestService({ env: { INGEST_QUERY_TOKENS: 'true', HEC_ACKS: 'false' } });
  try {
    const { token } = await other.newSource();
    const ask = async (path: string, body: string): Promise<unknown> => {
      const response = await fetch(`${other.url}/services/collector${path}`, { method: 'POST', body });
      return await response.json();
    };
    assert.deepEqual(await ask(`/event?token=${token}&channel=${channel}`, `{"event":${flow()}}`), {
      text: 'Success',
      code: 0,
    });
    assert.deepEqual(await ask(`/ack?token=${token}&channel=${channel}`, '{"acks":[0]}'), {
      text: 'ACK is disabled',
      code: 14,
    });
  } finally {
    await other.stop();
  }
});

describe('requests of real clients', { skip: withoutCaptures }, () => {
  // Fluent Bit had read its file of ten flows three times.
  for (const [file, count] of [
    ['hec-fluentbit-gzip.http', 30],
    ['hec-splunk-logging.http', 10],
  ] as const) {
    test(`${file}: ${count} flows, once`, async () => {
      const { name, token } = await service.newSource();
      for (let i = 0; i < 2; i++) {
        const { status, body } = await replay(service.url, capture(file), { authorization: `Splunk ${token}` });
        assert.equal(status, 200);
        assert.match(body, /"code":0/);
      }
      const stored = await storedOf(service, name);
      assert.deepEqual(
        stored.map(({ kind }) => kind),
        Array.from({ length: count }, () => 'flow'),
      );
    });
  }
});

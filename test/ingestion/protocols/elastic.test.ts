import { Client } from '@elastic/elasticsearch';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { startTestService, type TestService } from '../../support/service.js';
import { capture, flow, replay, storedOf, withoutCaptures } from './sending.js';

const BulkAnswer = z.object({
  took: z.number(),
  errors: z.boolean(),
  items: z.array(
    z.partialRecord(
      z.enum(['create', 'index', 'update', 'delete']),
      z.object({ _index: z.string(), _id: z.string().nullable(), status: z.number(), result: z.string().optional() }),
    ),
  ),
});

let service: TestService;
let source: IssuedToken;

before(async () => {
  service = await startTestService();
  source = await service.newSource({ name: 'elastic' });
});

after(() => service.stop());

async function ask(
  method: string,
  path: string,
  body?: string,
  headers: Record<string, string> = {},
): Promise<Response> {
  return await fetch(`${service.url}${path}`, {
    method,
    headers: { authorization: `ApiKey ${Buffer.from(`id:${source.token}`).toString('base64')}`, ...headers },
    ...(body === undefined ? {} : { body }),
    redirect: 'manual',
  });
}

async function bulk(path: string, ...lines: readonly string[]): Promise<z.infer<typeof BulkAnswer>> {
  const answer = await ask('POST', path, `${lines.join('\n')}\n`);
  assert.deepEqual([answer.status, answer.headers.get('x-elastic-product')], [200, 'Elasticsearch']);
  return BulkAnswer.strip().parse(await answer.json());
}

const statuses = ({ items }: z.infer<typeof BulkAnswer>): unknown[] =>
  items.map((item) => Object.entries(item).map(([action, result]) => [action, result?.status])[0]);

describe('bulk', () => {
  test('answers each action in its order; a create of an id that is there is a conflict', async () => {
    const [a, b, c] = [flow(), flow(), flow()];
    const lines = [
      '{"create":{"_id":"1"}}',
      a,
      '{"index":{"_index":"other"}}',
      b,
      '{"delete":{"_id":"1"}}',
      '{"update":{"_id":"3"}}',
      `{"doc":${c},"doc_as_upsert":true}`,
    ];
    const first = await bulk('/logs-flows/_bulk', ...lines);
    assert.equal(first.errors, false);
    assert.deepEqual(statuses(first), [
      ['create', 201],
      ['index', 201],
      ['delete', 404],
      ['update', 200],
    ]);
    assert.deepEqual(
      first.items.map((item) => Object.values(item).map((result) => result?._index)[0]),
      ['logs-flows', 'other', 'logs-flows', 'logs-flows'],
    );
    const again = await bulk('/logs-flows/_bulk', ...lines);
    assert.equal(again.errors, true);
    assert.deepEqual(statuses(again)[0], ['create', 409]);
    const stored = await storedOf(service, source.name);
    assert.deepEqual(
      stored.map(({ raw }) => raw),
      [a, b, c],
      'documents as they stand, each once',
    );
    assert.deepEqual(stored[0]?.context, {
      nativeId: 'logs-flows/1',
      attributes: { protocol: 'elasticsearch', action: 'create', index: 'logs-flows' },
    });
  });

  test('the same id with other content is kept and is a conflict', async () => {
    const before = (await storedOf(service, source.name)).length;
    const text = (n: number): string =>
      JSON.stringify({ flow: { verdict: 'DROPPED', Summary: String(n) }, node_name: 'n' });
    await bulk('/_bulk', '{"create":{"_index":"i","_id":"x"}}', text(1));
    const second = await bulk('/_bulk', '{"create":{"_index":"i","_id":"x"}}', text(2));
    assert.deepEqual(statuses(second), [['create', 409]]);
    assert.equal((await storedOf(service, source.name)).length, before + 2);
  });

  test('keeps what it cannot read: documents, actions, and an action without a document', async () => {
    const answer = await bulk('/_bulk', '{"index":{}}', '{"unknown":1}', 'no action', '{"create":{}}');
    assert.deepEqual(statuses(answer), [
      ['index', 201],
      ['index', 201],
      ['create', 201],
    ]);
    const stored = (await storedOf(service, source.name)).slice(-3);
    assert.deepEqual(
      stored.map(({ kind, raw }) => [kind, raw]),
      [
        ['rejected', '{"unknown":1}'],
        ['rejected', 'no action'],
        ['rejected', '{"create":{}}'],
      ],
    );
  });

  test('refuses only credentials and nothing at all', async () => {
    assert.equal((await ask('POST', '/_bulk', '')).status, 400);
    const refused = await ask('POST', '/_bulk', flow(), { authorization: 'Basic eDp5' });
    assert.equal(refused.status, 401);
    assert.match(await refused.text(), /"type":"security_exception"/);
    const basic = `Basic ${Buffer.from(`elastic:${source.token}`).toString('base64')}`;
    assert.equal((await ask('POST', '/_bulk', `{"index":{}}\n${flow()}`, { authorization: basic })).status, 200);
  });
});

describe('around bulk', () => {
  test('shippers find a cluster that agrees to what they set up', async () => {
    for (const [method, path, status] of [
      ['GET', '/', 200],
      ['HEAD', '/', 200],
      ['GET', '/_license', 200],
      ['GET', '/_xpack', 200],
      ['GET', '/_cluster/health', 200],
      ['GET', '/_nodes/http', 200],
      ['HEAD', '/_index_template/filebeat', 404],
      ['PUT', '/_index_template/filebeat', 200],
      ['GET', '/_ilm/policy/filebeat', 404],
      ['PUT', '/_ilm/policy/filebeat', 200],
      ['GET', '/_template/x', 404],
      ['PUT', '/_ingest/pipeline/x', 200],
    ] as const) {
      const answer = await ask(method, path, method === 'PUT' ? '{}' : undefined);
      assert.deepEqual(
        [answer.status, answer.headers.get('x-elastic-product')],
        [status, 'Elasticsearch'],
        `${method} ${path}`,
      );
    }
    assert.match(await (await ask('GET', '/')).text(), /"tagline":"You Know, for Search"/);
  });

  test('a browser at / gets the portal', async () => {
    const answer = await fetch(`${service.url}/`, {
      headers: { accept: 'text/html,application/xhtml+xml' },
      redirect: 'manual',
    });
    assert.equal(answer.headers.get('x-elastic-product'), null);
    assert.equal(answer.status, 303);
  });
});

test('the client of Elasticsearch: bulk helper, plain and packed', async () => {
  for (const compression of [false, true]) {
    const { name, token } = await service.newSource();
    const client = new Client({ node: service.url, auth: { apiKey: token }, compression });
    const sent = Array.from({ length: 50 }, flow);
    const dropped: unknown[] = [];
    const done = await client.helpers.bulk({
      datasource: sent.map((text): object => JSON.parse(text) as object), // flow() makes objects
      onDocument: (document) => [{ create: { _index: 'logs-flows-default' } }, document],
      onDrop: (document) => void dropped.push(document),
    });
    assert.deepEqual([done.successful, done.failed, done.retry, dropped], [50, 0, 0, []]);
    assert.deepEqual(
      (await storedOf(service, name)).map(({ raw }) => raw),
      sent,
    );
    const info = await client.info();
    assert.equal(info.tagline, 'You Know, for Search');
    await client.close();
  }
});

test('es-bulk.http: ten flows, once', { skip: withoutCaptures }, async () => {
  const { name, token } = await service.newSource();
  const authorization = `ApiKey ${Buffer.from(`dev:${token}`).toString('base64')}`;
  for (let i = 0; i < 2; i++) {
    const { status, head, body } = await replay(service.url, capture('es-bulk.http'), { authorization });
    assert.equal(status, 200);
    assert.match(head, /application\/vnd\.elasticsearch\+json;compatible-with=9/i);
    assert.match(body, /"errors":false/);
  }
  assert.equal((await storedOf(service, name)).length, 10);
});

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { RecordPage } from '../../../src/inventory/records.js';
import { Api } from '../../journeys/api.js';
import { startTestService, type TestService } from '../../support/service.js';
import { flow, storedOf } from './sending.js';

let service: TestService;
let auditor: Api;

before(async () => {
  service = await startTestService({ env: { INGEST_QUERY_TOKENS: 'true' } });
  auditor = new Api(service.url, (await service.signedIn('auditor')).token);
});

after(() => service.stop());

const base64 = (text: string | Buffer): string => Buffer.from(text).toString('base64');

async function post(
  path: string,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<{ readonly status: number; readonly headers: Headers; readonly json: Record<string, unknown> }> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(`${service.url}${path}`, { method: 'POST', headers, body: text });
  const json = JSON.parse(await response.text()) as Record<string, unknown>; // each of these routes answers an object
  return { status: response.status, headers: response.headers, json };
}

const basic = ({ token }: IssuedToken): Record<string, string> => ({
  authorization: `Basic ${base64(`sns:${token}`)}`,
});

async function recordsOf(source: IssuedToken): Promise<RecordPage['records']> {
  await service.followed();
  const { records } = await auditor.get(`/api/v1/records?source=${source.name}`, RecordPage);
  return records.toSorted((a, b) => a.index - b.index);
}

describe('Amazon Data Firehose', () => {
  const vpc = (number: number): string =>
    `2 111122223333 eni-0a1b 10.0.1.5 10.0.2.9 ${number} 5432 6 12 3400 1790000000 1790000060 REJECT OK`;

  test('delivers records in base64, and is answered with the id of its request', async () => {
    const source = await service.newSource({ format: 'aws-vpc-flow' });
    const body = {
      requestId: 'ed4acda5-034f-9f42-bba1-f29aea6d7d8f',
      timestamp: 1_578_090_901_599,
      records: [{ data: base64(`${vpc(1)}\n${vpc(2)}\n`) }, { data: base64(vpc(1)) }],
    };
    const headers = {
      'x-amz-firehose-access-key': source.token,
      'x-amz-firehose-request-id': body.requestId,
      'x-amz-firehose-protocol-version': '1.0',
      'x-amz-firehose-common-attributes': '{"commonAttributes":{"stage":"prod"}}',
    };
    for (let times = 0; times < 2; times++) {
      const { status, json } = await post(`/firehose/${source.name}`, body, headers);
      assert.equal(status, 200);
      assert.equal(json['requestId'], body.requestId);
      assert.ok(Math.abs(Number(json['timestamp']) - Date.now()) < 60_000);
    }
    const records = await recordsOf(source);
    assert.deepEqual(
      records.map(({ verdict, format }) => [verdict, format]),
      Array.from({ length: 3 }, () => ['deny', 'aws-vpc-flow']),
      'two lines alike are two, a request repeated is one',
    );
    const [first] = await storedOf(service, source.name);
    assert.equal(first?.raw, vpc(1));
    assert.deepEqual(first.context.attributes, { protocol: 'firehose', stage: 'prod' });
  });

  test('brings the events of CloudWatch Logs, packed with gzip, and passes over its control messages', async () => {
    const source = await service.newSource();
    const message = (messageType: string, ...messages: readonly string[]): string =>
      base64(
        gzipSync(
          JSON.stringify({
            messageType,
            owner: '111122223333',
            logGroup: 'flow-logs',
            logStream: 'eni-0a1b-all',
            subscriptionFilters: ['all'],
            logEvents: messages.map((text, at) => ({
              id: `3195310660696698337880${at}`,
              timestamp: 1_790_000_070_000,
              message: text,
            })),
          }),
        ),
      );
    const records = [
      message('CONTROL_MESSAGE', 'CWL CONTROL MESSAGE: Checking health'),
      message('DATA_MESSAGE', vpc(7), vpc(8)),
    ];
    const delivery = { requestId: 'r', timestamp: 1, records: records.map((data) => ({ data })) };
    await post(`/firehose/${source.name}`, delivery, { 'x-amz-firehose-access-key': source.token });
    const other = { ...delivery, requestId: 'r-2' };
    await post(`/firehose/${source.name}`, other, { 'x-amz-firehose-access-key': source.token });
    const stored = await recordsOf(source);
    assert.deepEqual(
      stored.map(({ verdict, eventTime, sourceWorkload }) => [verdict, eventTime, sourceWorkload]),
      Array.from({ length: 2 }, () => ['deny', '2026-09-21T14:13:20.000000000Z', 'ip:10.0.1.5']),
      'an event delivered again in another request is the same event',
    );
    const [first] = await storedOf(service, source.name);
    assert.equal(first?.context.attributes?.['logGroup'], 'flow-logs');
  });

  test('loses nothing that cannot be read, and is refused in its own form without the key', async () => {
    const source = await service.newSource();
    const headers = { 'x-amz-firehose-access-key': source.token, 'x-amz-firehose-request-id': 'h' };
    const odd = {
      requestId: 'r',
      records: [{ data: '%%' }, { data: base64(Buffer.from('1f8b0800ffff', 'hex')) }, 7, { data: base64(flow()) }],
    };
    assert.equal((await post(`/firehose/${source.name}`, odd, headers)).status, 200);
    assert.deepEqual(
      (await recordsOf(source)).map(({ rejectReason }) => rejectReason),
      ['unknown_format', 'unknown_format', 'not_an_object', null],
    );
    assert.equal((await post(`/firehose/${source.name}`, 'no delivery', headers)).json['requestId'], 'h');
    const refused = await post(`/firehose/${source.name}`, odd, { ...headers, 'x-amz-firehose-access-key': 'guess' });
    assert.equal(refused.status, 401);
    assert.equal(refused.json['requestId'], 'h');
    assert.match(String(refused.json['errorMessage']), /token/iu);
  });
});

describe('Google Pub/Sub', () => {
  const push = (messageId: string, data: string): object => ({
    message: {
      data: base64(data),
      messageId,
      message_id: messageId,
      publishTime: '2026-11-20T10:00:05.5Z',
      attributes: { 'logging.googleapis.com/timestamp': 'x' },
    },
    subscription: 'projects/p/subscriptions/segproof',
  });

  test('pushes messages, and a repetition adds nothing', async () => {
    const source = await service.newSource();
    const authorization = `Bearer ${source.token}`;
    const line = flow();
    const first = await post(`/pubsub/${source.name}`, push('1', line), { authorization });
    assert.deepEqual([first.status, first.json['appended']], [200, 1]);
    const again = await post(`/pubsub/${source.name}?token=${source.token}`, push('1', line), {
      authorization: 'Bearer google.jwt.token',
    });
    assert.deepEqual([again.status, again.json['duplicate']], [200, 1]);
    const [stored] = await storedOf(service, source.name);
    assert.deepEqual([stored?.raw, stored?.context.nativeId], [line, '1']);
    assert.equal(stored?.context.attributes?.['subscription'], 'projects/p/subscriptions/segproof');
    assert.equal((await post(`/pubsub/${source.name}`, push('2', line))).status, 401);
  });

  test('pushes messages unwrapped, packed, and with attributes alone', async () => {
    const source = await service.newSource();
    const authorization = `Bearer ${source.token}`;
    const [plain, packed] = [flow(), flow()];
    const unwrapped = { authorization, 'x-goog-pubsub-message-id': '11', 'x-goog-pubsub-subscription-name': 's' };
    assert.equal((await post(`/pubsub/${source.name}`, plain, unwrapped)).json['appended'], 1);
    const message = { data: base64(gzipSync(packed)), messageId: '12' };
    assert.equal(
      (await post(`/pubsub/${source.name}`, { message, subscription: 's' }, { authorization })).json['appended'],
      1,
    );
    const alone = { message: { messageId: '13', attributes: { eventType: 'OBJECT_FINALIZE' } }, subscription: 's' };
    assert.equal((await post(`/pubsub/${source.name}`, alone, { authorization })).json['received'], 1);
    const stored = await storedOf(service, source.name);
    assert.deepEqual(
      stored.map(({ raw, context }) => [raw, context.nativeId]),
      [
        [plain, '11'],
        [packed, '12'],
        [JSON.stringify(alone.message), '13'],
      ],
    );
  });
});

describe('Amazon SNS', () => {
  let outside: Server;
  let asked = 0;
  before(async () => {
    outside = createServer((_, response) => {
      asked++;
      response.end();
    });
    await new Promise<void>((resolve) => void outside.listen(0, '127.0.0.1', resolve));
  });
  after(() => outside.close());

  const message = (type: string, more: object): Record<string, unknown> => ({
    Type: type,
    MessageId: '22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324',
    TopicArn: 'arn:aws:sns:eu-west-1:111122223333:trail',
    Timestamp: '2026-11-20T10:00:07.123Z',
    SignatureVersion: '1',
    Signature: 'x',
    SigningCertURL: `http://127.0.0.1:${(outside.address() as AddressInfo).port}/cert`, // it listens
    ...more,
  });

  test('is asked for its password first, and its notifications are read as what they carry', async () => {
    const source = await service.newSource();
    const sent = message('Notification', { Message: flow() });
    const refused = await post(`/sns/${source.name}`, sent, { 'x-amz-sns-message-type': 'Notification' });
    assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [401, 'Basic realm="segproof"']);
    assert.deepEqual((await post(`/sns/${source.name}`, sent, basic(source))).json['appended'], 1);
    assert.deepEqual((await post(`/sns/${source.name}`, sent, basic(source))).json['duplicate'], 1);
    const [record] = await recordsOf(source);
    assert.deepEqual([record?.format, record?.verdict], ['hubble', 'deny']);
  });

  test('with raw message delivery is known by the id in its header', async () => {
    const source = await service.newSource();
    const headers = { ...basic(source), 'x-amz-sns-rawdelivery': 'true', 'x-amz-sns-message-id': 'm-1' };
    assert.equal((await post(`/sns/${source.name}`, flow(), headers)).json['appended'], 1);
    const [stored] = await storedOf(service, source.name);
    assert.equal(stored?.context.nativeId, 'm-1');
  });

  test('asks to confirm a subscription: a record says where, and nothing is fetched', async () => {
    const source = await service.newSource();
    const url = `http://127.0.0.1:${(outside.address() as AddressInfo).port}/?Action=ConfirmSubscription`; // it listens
    const sent = message('SubscriptionConfirmation', {
      Token: 't',
      Message: 'You have chosen to subscribe',
      SubscribeURL: url,
    });
    assert.equal((await post(`/sns/${source.name}`, sent, basic(source))).status, 200);
    const [record] = await recordsOf(source);
    assert.deepEqual([record?.format, record?.kind], ['aws-sns', 'admin']);
    assert.match(record?.summary ?? '', /confirm a subscription: open SubscribeURL .*:trail$/u);
    assert.equal(asked, 0);
  });
});

test('an alert of Kibana by the template of its page is read natively', async () => {
  const source = await service.newSource();
  const alert = {
    kibana_alert: {
      rule: { id: 'r-1', name: 'East-west denied', type: '.es-query', spaceId: 'default', tags: 'zero-trust', url: '' },
      alert: { id: 'query matched', uuid: 'u-1', actionGroup: 'query matched', actionGroupName: 'Query matched' },
      date: '2026-11-20T10:00:07.123Z',
      severity: 'high',
      reason: '12 denied connections',
      context: { value: 12 },
    },
  };
  const { json } = await post(`/hooks/${source.name}`, alert, { authorization: `Bearer ${source.token}` });
  assert.equal(json['appended'], 1);
  const [record] = await recordsOf(source);
  assert.deepEqual(
    [record?.format, record?.kind, record?.eventTime, record?.summary],
    [
      'elastic-alert',
      'signal',
      '2026-11-20T10:00:07.123000000Z',
      'Kibana alert East-west denied (Query matched): 12 denied connections',
    ],
  );
});

test('Guardicore is known by its name, and read by its labelled fields', async () => {
  const source = await service.newSource();
  const line =
    '<14>2026-02-22T17:17Z centra CEF:0|Guardicore|Centra|51|Network Log|Network Log|None|id=c-1 act=Blocked by source src=10.0.0.7 spt=40000 dst=10.0.0.9 dpt=5432 proto=TCP start=Feb 22 2026 17:16:05 UTC cnt=3 cs6Label=connection_verdict cs6=blocked cs7Label=policy_rule cs7=4d1 cs8Label=policy_ruleset cs8=Ring-fence shop';
  const { json } = await post(`/ingest/v1/${source.name}`, line, {
    authorization: `Bearer ${source.token}`,
    'content-type': 'text/plain',
  });
  assert.equal(json['appended'], 1);
  const [record] = await recordsOf(source);
  assert.deepEqual(
    [record?.format, record?.kind, record?.verdict, record?.eventTime, record?.policy, record?.port],
    ['guardicore', 'flow', 'deny', '2026-02-22T17:16:05.000000000Z', 'Ring-fence shop', 5432],
  );
});

test('what CloudWatch Logs and Kinesis hand to a function is cut into its events when the function sends it on', async () => {
  const source = await service.newSource();
  const line = (number: number): string =>
    `2 111122223333 eni-0a1b 10.0.1.5 10.0.2.9 ${number} 5432 6 12 3400 1790000000 1790000060 REJECT OK`;
  const events = gzipSync(
    JSON.stringify({
      messageType: 'DATA_MESSAGE',
      logEvents: [1, 2].map((id) => ({ id: String(id), timestamp: 1_790_000_070_000, message: line(id) })),
    }),
  );
  const send = async (body: object): Promise<unknown> =>
    (await post(`/ingest/v1/${source.name}`, body, { authorization: `Bearer ${source.token}` })).json['appended'];
  assert.equal(await send({ awslogs: { data: base64(events) } }), 2);
  const kinesis = { data: base64(line(3)), sequenceNumber: '1' };
  assert.equal(await send({ Records: [{ kinesis, eventSource: 'aws:kinesis' }, { kinesis: { data: '%' } }] }), 1);
  const records = await recordsOf(source);
  assert.deepEqual(
    records.map(({ verdict }) => verdict),
    ['deny', 'deny', 'deny', null],
  );
});

test('gzip inside base64 is unpacked wherever a carrier holds it, and no further than a record may grow', async () => {
  const source = await service.newSource();
  const send = async (body: object): Promise<unknown> =>
    (await post(`/ingest/v1/${source.name}`, body, { authorization: `Bearer ${source.token}` })).json['appended'];
  const line = flow();
  assert.equal(await send({ data: base64(gzipSync(line)) }), 1);
  assert.equal(
    await send({ specversion: '1.0', id: '1', source: '/a', type: 't', data_base64: base64(gzipSync(flow())) }),
    1,
  );
  assert.equal(await send({ data: base64(gzipSync(Buffer.alloc(40_000_000, 0x20))) }), 0, 'it is in quarantine');
  const records = await recordsOf(source);
  assert.deepEqual(
    records.map(({ format, rejectReason }) => [format, rejectReason]),
    [
      ['hubble', null],
      ['hubble', null],
      [null, 'unknown_format'],
    ],
  );
});

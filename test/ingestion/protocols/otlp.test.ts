import { SeverityNumber } from '@opentelemetry/api-logs';
import { OTLPLogExporter as JsonExporter } from '@opentelemetry/exporter-logs-otlp-http';
import { OTLPLogExporter as ProtobufExporter } from '@opentelemetry/exporter-logs-otlp-proto';
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs';
import fc from 'fast-check';
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { deflateSync, gzipSync } from 'node:zlib';
import { otlpJsonRecords, otlpProtobufRecords } from '../../../src/ingestion/otlp-records.js';
import { lengthDelimited, protobufFields } from '../../../src/ingestion/protobuf-reader.js';
import { normaliseRead, readRecords } from '../../../src/ingestion/read-records.js';
import type { IssuedToken } from '../../../src/ingestion/sources.js';
import { startTestService, type TestService } from '../../support/service.js';
import { capture, flow, replay, storedOf, withoutCaptures } from './sending.js';

let service: TestService;
let source: IssuedToken;

before(async () => {
  service = await startTestService({ env: { INGEST_MAX_BODY_BYTES: '200000' } });
  source = await service.newSource({ name: 'collector' });
});

after(() => service.stop());

async function post(
  body: string | Buffer,
  headers: Record<string, string> = { 'content-type': 'application/json' },
): Promise<Response> {
  return await fetch(`${service.url}/v1/logs`, {
    method: 'POST',
    headers: { authorization: `Bearer ${source.token}`, ...headers },
    body: typeof body === 'string' ? body : Uint8Array.from(body),
  });
}

const protobuf = { 'content-type': 'application/x-protobuf' };

/** An export with these bodies, one log record each. */
function exported(...bodies: readonly object[]): string {
  const logRecords = bodies.map((body) => ({ timeUnixNano: '1763632800123456789', severityNumber: 17, body }));
  const attributes = [
    { key: 'service.name', value: { stringValue: 'hubble' } },
    { key: 'n', value: { intValue: '9007199254740993' } },
  ];
  return JSON.stringify({
    resourceLogs: [{ resource: { attributes }, scopeLogs: [{ scope: { name: 's' }, logRecords }] }],
  });
}

describe('log records', () => {
  test('with a text body are that text, with what was said of it beside', async () => {
    const sent = flow();
    const answer = await post(exported({ stringValue: sent }));
    assert.deepEqual(
      [answer.status, answer.headers.get('content-type')?.split(';')[0], await answer.text()],
      [200, 'application/json', '{}'],
    );
    const stored = (await storedOf(service, source.name)).at(-1);
    assert.deepEqual(stored, {
      kind: 'flow',
      source: source.name,
      raw: sent,
      context: {
        times: ['2025-11-20T10:00:00.123456789Z'],
        attributes: {
          protocol: 'otlp',
          severityNumber: 17,
          resource: { 'service.name': 'hubble', n: '9007199254740993' },
          scope: { name: 's' },
        },
      },
    });
  });

  test('with a body of keys and values are JSON, in which large numbers keep their digits', async () => {
    const values = [
      { key: 'flow', value: { kvlistValue: { values: [{ key: 'verdict', value: { stringValue: 'DROPPED' } }] } } },
      { key: 'n', value: { intValue: '9007199254740993' } },
      { key: 'list', value: { arrayValue: { values: [{ doubleValue: 0.5 }, { boolValue: true }, {}] } } },
    ];
    await post(exported({ kvlistValue: { values } }));
    const stored = (await storedOf(service, source.name)).at(-1);
    assert.equal(stored?.raw, '{"flow":{"verdict":"DROPPED"},"n":9007199254740993,"list":[0.5,true,null]}');
    assert.equal(stored.kind, 'flow');
  });

  test('of no format we know are kept as log records: a warning is a signal', async () => {
    await post(exported({ stringValue: 'disk nearly full' }));
    assert.equal((await storedOf(service, source.name)).at(-1)?.kind, 'signal');
    const body = Buffer.from(exported({ stringValue: 'disk nearly full' }, { kvlistValue: { values: [] } }));
    const reading = { source: 's', context: {}, receivedAt: new Date(0), mostRecordBytes: 1e6, redaction: null };
    const [first, second] = [...readRecords({ body, split: 'auto' }, reading)].map((read) =>
      normaliseRead(read, reading.receivedAt),
    );
    assert.ok(first?.ok && second?.ok, 'an export in a file is taken apart as well');
    const [record] = first.records;
    assert.deepEqual(
      [record.format, record.eventTime, record.timeSource, record.severity, record.summary, record.reporterName],
      ['otlp', '2025-11-20T10:00:00.123456789Z', 'record', 3, 'disk nearly full', 'hubble'],
    );
  });
});

describe('answers', () => {
  test('are in the encoding of the request', async () => {
    const empty = await post(Buffer.alloc(0), protobuf);
    assert.deepEqual(
      [empty.status, empty.headers.get('content-type'), (await empty.arrayBuffer()).byteLength],
      [200, 'application/x-protobuf', 0],
    );
    const refused = await post(exported(), { 'content-type': 'application/json', authorization: 'Bearer x' });
    assert.equal(refused.status, 401);
    assert.deepEqual(await refused.json(), { code: 16, message: 'The token is not valid for any source.' });
    const binary = await post(Buffer.alloc(0), { ...protobuf, authorization: 'Bearer x' });
    assert.equal(binary.headers.get('content-type'), 'application/x-protobuf');
    const fields = [...protobufFields(Buffer.from(await binary.arrayBuffer()))];
    assert.deepEqual(
      fields.map(({ number, value, bytes }) => [number, value ?? bytes?.toString()]),
      [
        [1, 16n],
        [2, 'The token is not valid for any source.'],
      ],
    );
  });

  test('to what is no export: kept, and the operator is told', async () => {
    const answer = await post(Buffer.from([0x0a, 0x05, 0x01]), protobuf);
    assert.equal(answer.status, 200);
    assert.match(
      Buffer.from(await answer.arrayBuffer()).toString(),
      /The request was kept, but is no ExportLogsServiceRequest/,
    );
    assert.equal((await storedOf(service, source.name)).at(-1)?.kind, 'rejected');
    assert.equal((await post('{"resourceLogs":[{')).status, 200);
    assert.equal((await storedOf(service, source.name)).at(-1)?.raw, '{"resourceLogs":[{');
  });

  test('to a body above the limit are 413, to packed ones success', async () => {
    assert.equal((await post('x'.repeat(200_001))).status, 413);
    for (const [encoding, pack] of [
      ['gzip', gzipSync],
      ['deflate', deflateSync],
    ] as const) {
      const headers = { 'content-type': 'application/json', 'content-encoding': encoding };
      assert.equal((await post(pack(exported({ stringValue: flow() })), headers)).status, 200);
    }
    assert.equal((await post('x', { 'content-encoding': 'br' })).status, 415);
  });
});

describe('the exporters of OpenTelemetry', () => {
  for (const [name, make] of [
    ['JSON', (options: object) => new JsonExporter(options)],
    ['protobuf', (options: object) => new ProtobufExporter(options)],
  ] as const) {
    for (const compression of [CompressionAlgorithm.NONE, CompressionAlgorithm.GZIP]) {
      test(`${name}, ${compression}: every record once`, async () => {
        const { name: to, token } = await service.newSource();
        const exporter = make({
          url: `${service.url}/v1/logs`,
          headers: { authorization: `Bearer ${token}` },
          compression,
        });
        const provider = new LoggerProvider({
          resource: resourceFromAttributes({ 'service.name': 'exporter' }),
          processors: [new BatchLogRecordProcessor({ exporter })],
        });
        const logger = provider.getLogger('flows', '1.0');
        const sent = Array.from({ length: 20 }, flow);
        for (const body of sent)
          logger.emit({ body, severityNumber: SeverityNumber.INFO, attributes: { a: 1, b: [1.5, 'x'] } });
        logger.emit({ body: { nested: { list: [1, 'two', true] } } });
        await provider.shutdown();
        const stored = await storedOf(service, to);
        assert.deepEqual(
          stored.map(({ raw }) => raw),
          [...sent, '{"nested":{"list":[1,"two",true]}}'],
        );
        assert.deepEqual(stored[0]?.context.attributes?.log, { a: 1, b: [1.5, 'x'] });
      });
    }
  }
});

test('hostile protobuf and JSON never throw, and lose nothing', () => {
  const message = lengthDelimited(
    1,
    lengthDelimited(2, lengthDelimited(2, lengthDelimited(5, lengthDelimited(1, Buffer.from('x'))))),
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(message.length), (noise, at) => {
      assert.ok(Array.isArray(otlpProtobufRecords(Buffer.from(noise))));
      const broken = Buffer.concat([message.subarray(0, at), noise, message.subarray(at)]);
      assert.ok(Array.isArray(otlpProtobufRecords(broken)));
    }),
  );
  fc.assert(
    fc.property(fc.json(), (value) => {
      otlpJsonRecords(Buffer.from(value));
      const records = otlpJsonRecords(
        Buffer.from(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${value}},${value}]}]}]}`),
      );
      assert.equal(records?.length, 2);
    }),
  );
  let deep: Buffer = Buffer.from('x');
  for (let i = 0; i < 5000; i++) deep = lengthDelimited(5, lengthDelimited(1, deep));
  const [record] = otlpProtobufRecords(
    lengthDelimited(1, lengthDelimited(2, lengthDelimited(2, lengthDelimited(5, deep)))),
  );
  assert.match(record?.problem?.detail ?? '', /nested deeper/);
});

describe('requests of real clients', { skip: withoutCaptures }, () => {
  for (const file of ['otlp-logs-json.http', 'otlp-logs-proto-gzip.http']) {
    test(`${file}: ten flows, once`, async () => {
      const { name, token } = await service.newSource();
      for (let i = 0; i < 2; i++) {
        const { status } = await replay(service.url, capture(file), { authorization: `Bearer ${token}` });
        assert.equal(status, 200);
      }
      const stored = await storedOf(service, name);
      assert.deepEqual(
        stored.map(({ kind }) => kind),
        Array.from({ length: 10 }, () => 'flow'),
      );
      assert.deepEqual(stored[0]?.context.times?.[0], '2021-06-16T16:52:13.136000000Z');
      assert.deepEqual(stored[0]?.context.attributes?.resource, {
        'service.name': 'hubble-exporter',
        'k8s.cluster.name': 'topgun',
      });
    });
  }
});

test('what is said of many records at once is bounded: a small body never becomes a large log', () => {
  const attributes = [{ key: 'long', value: { stringValue: 'x'.repeat(100_000) } }];
  const scopeLogs = [{ logRecords: Array.from({ length: 100 }, () => ({ body: { stringValue: 'a' } })) }];
  const records = otlpJsonRecords(
    Buffer.from(JSON.stringify({ resourceLogs: [{ resource: { attributes }, scopeLogs }] })),
  );
  assert.equal(records?.length, 100);
  assert.ok(JSON.stringify(records).length < 100_000);
  assert.deepEqual(records[0]?.context.attributes?.resource, { cut: true });
});

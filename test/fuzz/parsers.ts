import { createHmac } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { cloudEvents } from '../../src/ingestion/cloud-events.js';
import { columnsAfter, isColumnHeader } from '../../src/ingestion/column-header.js';
import { bulkItems } from '../../src/ingestion/elastic-bulk.js';
import { firehoseDelivery } from '../../src/ingestion/firehose-records.js';
import { formats, normaliseRecord } from '../../src/ingestion/formats/registry.js';
import { wireOf } from '../../src/ingestion/formats/record-wire.js';
import { hecContext, hecRecords } from '../../src/ingestion/hec-records.js';
import { findSyntaxError, memberSpan, splitBody, splitJson, splitLines } from '../../src/ingestion/json-spans.js';
import { lokiRecords } from '../../src/ingestion/loki-records.js';
import { NormalForm, type Normalised, RecordContext } from '../../src/ingestion/normal-form.js';
import { decodeLogsRequest } from '../../src/ingestion/otlp-protobuf.js';
import { isOtlpExport, otlpJsonRecords, otlpProtobufRecords } from '../../src/ingestion/otlp-records.js';
import { lengthDelimited, protobufFields, ProtobufError, varintField } from '../../src/ingestion/protobuf-reader.js';
import { credentialsOf } from '../../src/ingestion/protocols/credentials.js';
import { pubsubMessage } from '../../src/ingestion/pubsub-records.js';
import { normaliseRead, readRecords } from '../../src/ingestion/read-records.js';
import { closePayload, openPayload } from '../../src/ingestion/record-payload.js';
import { redact, redactionOf } from '../../src/ingestion/redaction.js';
import { SnappyError, snappyUncompress } from '../../src/ingestion/snappy.js';
import { StreamedItems } from '../../src/ingestion/streamed-items.js';
import { SyslogFrames } from '../../src/ingestion/syslog-frames.js';
import { signatureSchemes, verifyWebhook } from '../../src/ingestion/webhook-signatures.js';
import { zstdDecoder } from '../../src/ingestion/zstd-decoder.js';
import { ZstdFormatError } from '../../src/ingestion/zstd-frames.js';
import { assertIdentified } from '../ingestion/formats/fixtures.js';
import { formatSeeds } from './seeds.js';

const receivedAt = new Date('2026-11-01T00:00:00Z');

export interface Parser {
  readonly name: string;
  readonly seeds: readonly Buffer[];
  /** Reads the input, and fails on whatever the parser does not promise; `thorough` also holds results against their schema. */
  run(input: Buffer, thorough: boolean): void | Promise<void>;
}

function checked(result: Normalised, thorough: boolean): void {
  if (!result.ok || !thorough) return;
  for (const record of result.records.slice(0, 20)) NormalForm.parse(record);
}

const formatParsers = formats.map((format): Parser => {
  const { name } = format;
  return {
    name: `format ${name}`,
    seeds: formatSeeds[name].map((text) => Buffer.from(text)),
    run(input, thorough) {
      const context = { format: name, zone: 'Europe/Oslo', columns: input.toString('utf8', 0, 200) };
      for (const given of [{}, context]) {
        const whole = normaliseRecord(input, given, receivedAt);
        checked(whole, thorough);
        assertIdentified(input, given, receivedAt, whole);
      }
      const wire = wireOf(input.toString('utf8'), {}, receivedAt);
      if (format.detect(wire)) checked(format.normalise(wire), thorough);
    },
  };
});

/** Runs what may refuse its input with errors of these classes, and with no others. */
function refusing(work: () => void, ...classes: readonly (abstract new (...given: never[]) => Error)[]): void {
  try {
    work();
  } catch (error) {
    if (!classes.some((known) => error instanceof known)) throw error;
  }
}

const redaction = redactionOf({ secrets: true, fields: ['src'] }, Buffer.alloc(32, 7));
const texts = Object.values(formatSeeds).flat();
const some = texts.slice(0, 12).map((text) => Buffer.from(text));
const hec = [
  '{"time":1770717600.123,"host":"h","source":"s","sourcetype":"t","index":"i","fields":{"a":"b"},"event":{"a":1}}',
];
const otlpJson = JSON.stringify({
  resourceLogs: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'x' } }] },
      scopeLogs: [{ scope: { name: 's' }, logRecords: JSON.parse(`[${formatSeeds.otlp.join(',')}]`) as unknown }],
    },
  ],
});
const keyValue = (key: string, value: string): Buffer =>
  Buffer.concat([lengthDelimited(1, Buffer.from(key)), lengthDelimited(2, lengthDelimited(1, Buffer.from(value)))]);
const logRecord = Buffer.concat([
  Buffer.from([0x09, 1, 2, 3, 4, 5, 6, 7, 0x17]),
  varintField(2, 9),
  lengthDelimited(3, Buffer.from('INFO')),
  lengthDelimited(5, lengthDelimited(6, lengthDelimited(1, keyValue('a', 'b')))),
  lengthDelimited(6, keyValue('c', 'd')),
]);
const otlpProtobuf = lengthDelimited(
  1,
  Buffer.concat([
    lengthDelimited(1, lengthDelimited(1, keyValue('e', 'f'))),
    lengthDelimited(2, lengthDelimited(2, logRecord)),
  ]),
);
/** A Snappy block of one literal, shorter than 60 bytes. */
const literal = (bytes: Buffer): Buffer => Buffer.concat([Buffer.from([bytes.length, (bytes.length - 1) << 2]), bytes]);
const lokiPush = lengthDelimited(
  1,
  Buffer.concat([
    lengthDelimited(1, Buffer.from('{app="a",b="c\\"d"}')),
    lengthDelimited(
      2,
      Buffer.concat([lengthDelimited(1, varintField(1, 1_790_000_000)), lengthDelimited(2, Buffer.from('line'))]),
    ),
  ]),
);
const bulk = '{"create":{"_index":"a","_id":"1"}}\n{"a":1}\n{"delete":{"_id":"2"}}\n{"index":{}}\n{"b":2}\n';
const zstdFrame = Buffer.from('28b52ffd2003190000616263', 'hex'); // one raw block of three bytes

const packedEvents = gzipSync(
  JSON.stringify({
    messageType: 'DATA_MESSAGE',
    owner: '1',
    logGroup: 'g',
    logStream: 's',
    logEvents: [{ id: 'e', timestamp: 1_790_000_000_000, message: 'm' }],
  }),
).toString('base64');

/** The input in pieces whose lengths the input itself gives. */
function pieces(input: Buffer): Buffer[] {
  const cut: Buffer[] = [];
  for (let at = 0; at < input.length;) {
    const length = 1 + ((input[at] ?? 0) % 61) * (input.length > 5000 ? 100 : 1);
    cut.push(input.subarray(at, at + length));
    at += length;
  }
  return cut;
}

function headersIn(input: Buffer): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const line of input.toString('latin1').split('\n').slice(0, 30)) {
    const [name = '', ...rest] = line.split(': ');
    if (/^[a-z-]+$/u.test(name)) headers[name] = rest.join(': ');
  }
  return headers;
}

const secrets = signatureSchemes.map((scheme) => ({
  scheme,
  secret: scheme === 'standard-webhooks' ? 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0' : 'secret',
}));
const hex = createHmac('sha256', 'secret').update('{}').digest('hex');

const protocolParsers: readonly Parser[] = [
  {
    name: 'json spans',
    seeds: [...some, Buffer.from('[{"a":1},{"b":[1,2,{}]}] {"c":"\\u0041"}\n{"d":1}')],
    run(input) {
      splitJson(input);
      splitLines(input);
      for (const { start, end } of splitBody(input, false).slice(0, 50)) {
        const raw = input.subarray(start, end);
        memberSpan(raw, 'a');
        if (raw.length < 10_000) findSyntaxError(raw);
      }
    },
  },
  {
    name: 'read records',
    seeds: [Buffer.from(texts.join('\n')), Buffer.from(`[${hec.join(',')},${otlpJson}]`), ...some],
    run(input, thorough) {
      const reading = { source: 's', context: {}, receivedAt, mostRecordBytes: 1_000_000, redaction };
      for (const split of ['auto', 'lines', 'otlp-json', 'otlp-protobuf'] as const) {
        for (const read of readRecords({ body: input, split }, reading))
          checked(normaliseRead(read, receivedAt), thorough);
        if (!thorough) return;
      }
    },
  },
  {
    name: 'hec',
    seeds: [...hec, hec.join('') + hec.join(''), `[${hec.join(',')}]`].map((text) => Buffer.from(text)),
    run(input) {
      for (const { context } of hecRecords(input).records) RecordContext.parse(context);
      const said: unknown = tryJson(input);
      if (typeof said === 'object' && said !== null && !Array.isArray(said)) hecContext({ ...said });
    },
  },
  {
    name: 'otlp json',
    seeds: [Buffer.from(otlpJson)],
    run(input) {
      isOtlpExport(input);
      for (const { context } of otlpJsonRecords(input) ?? []) RecordContext.parse(context);
    },
  },
  {
    name: 'otlp protobuf',
    seeds: [otlpProtobuf, Buffer.concat([otlpProtobuf, otlpProtobuf])],
    run(input) {
      for (const { context } of otlpProtobufRecords(input)) RecordContext.parse(context);
      refusing(() => void decodeLogsRequest(input), ProtobufError);
    },
  },
  {
    name: 'protobuf',
    seeds: [otlpProtobuf, lokiPush, logRecord],
    run: (input) => refusing(() => void [...protobufFields(input)], ProtobufError),
  },
  {
    name: 'elastic bulk',
    seeds: [Buffer.from(bulk), Buffer.from(bulk.replaceAll('\n', '\r\n'))],
    run(input) {
      bulkItems(input, null);
      bulkItems(input, 'logs');
    },
  },
  {
    name: 'loki',
    seeds: [
      literal(lokiPush),
      Buffer.from('{"streams":[{"stream":{"app":"a"},"values":[["1790000000000000001","line",{"a":"b"}]]}]}'),
    ],
    run(input) {
      for (const { context } of lokiRecords(input, 100_000) ?? []) RecordContext.parse(context);
    },
  },
  {
    name: 'snappy',
    seeds: [literal(lokiPush), Buffer.from([20, 0, 0x61, 0x3d + 0x10, 1, 0x0e, 1, 0])],
    run: (input) => refusing(() => void snappyUncompress(input, 100_000), SnappyError),
  },
  {
    name: 'zstd',
    seeds: [zstdFrame, Buffer.concat([zstdFrame, zstdFrame])],
    async run(input) {
      try {
        await buffer(Readable.from(input.length === 0 ? [] : [input]).pipe(zstdDecoder()));
      } catch (error) {
        if (!(error instanceof ZstdFormatError)) throw error;
      }
    },
  },
  {
    name: 'firehose',
    seeds: [
      JSON.stringify({
        requestId: 'r',
        timestamp: 1,
        records: [{ data: Buffer.from(texts[0] ?? '').toString('base64') }, { data: packedEvents }],
      }),
      '{"commonAttributes":{"a":"b"}}',
    ].map((text) => Buffer.from(text)),
    run(input) {
      for (const { context } of firehoseDelivery(input, input.toString('utf8'), 100_000).records ?? [])
        RecordContext.parse(context);
    },
  },
  {
    name: 'pubsub',
    seeds: [
      JSON.stringify({
        message: { data: packedEvents, messageId: '1', publishTime: '2026-02-10T10:00:00Z', attributes: { a: 'b' } },
        subscription: 's',
      }),
      'x-goog-pubsub-message-id: 1\nx-goog-pubsub-publish-time: 2026-02-10T10:00:00Z',
    ].map((text) => Buffer.from(text)),
    run(input) {
      for (const headers of [{}, headersIn(input)]) {
        const sent = pubsubMessage(headers, input);
        for (const { context = {} } of 'records' in sent ? sent.records : [sent]) RecordContext.parse(context);
      }
    },
  },
  {
    name: 'cloudevents',
    seeds: [
      ...formatSeeds.cloudevents,
      'ce-specversion: 1.0\nce-id: %20a\nce-source: /x\nce-type: t\nce-time: 2026-02-10T10:00:00Z\ncontent-type: a/b',
    ].map((text) => Buffer.from(text)),
    run(input) {
      cloudEvents({}, input);
      const sent = cloudEvents({ 'ce-specversion': '1.0', ...headersIn(input) }, input);
      if ('body' in sent) RecordContext.parse(sent.context);
    },
  },
  {
    name: 'syslog frames',
    seeds: [
      Buffer.from('23 <13>Feb 18 11:07:53 h a12 <13>1 - - - '),
      Buffer.from('<13>Feb 18 11:07:53 h a: b\n<34>1 2026-02-10T10:00:00.1Z h a 1 m [x y="z\\"]"] t\r\n'),
    ],
    run(input) {
      const frames = new SyslogFrames(8192);
      for (const piece of pieces(input)) frames.push(piece);
      frames.end();
    },
  },
  {
    name: 'syslog headers',
    seeds: [
      '<34>1 2026-02-10T10:00:00.123456+01:00 host app 123 mid [a@1 b="c\\"d" e="f"][g h="i"] \ufeffthe text',
      '<13>Feb  8 11:07:53 host app[12]: text',
      '<13>2026 Feb 18 11:07:53.123 CET host app: text',
      '13: *Feb 18 11:07:53.123: %ASA-4-106023: text',
    ].map((text) => Buffer.from(text)),
    run: (input) => void wireOf(input.toString('utf8'), {}, receivedAt),
  },
  {
    name: 'streamed items',
    seeds: ['audit-list'].map(() =>
      Buffer.from(
        `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[${formatSeeds['kubernetes-audit'].slice(0, 2).join(',')}]}`,
      ),
    ),
    run(input) {
      const items = new StreamedItems();
      for (const piece of pieces(input)) items.push(piece);
      items.end();
    },
  },
  {
    name: 'redaction',
    seeds: [
      ...some,
      Buffer.from(
        '{"password":"a","u":"https://a:b@c/?token=d","n":"{\\"token\\":\\"e\\"}"} Authorization: Bearer x token=y',
      ),
    ],
    run(input) {
      if (redaction !== null) redact(input, redaction);
    },
  },
  {
    name: 'column headers',
    seeds: [
      'version account-id interface-id srcaddr dstaddr srcport dstport protocol',
      '#fields\tts\tuid\tid.orig_h',
      '"@timestamp","srcaddr","dstaddr"',
    ].map((text) => Buffer.from(text)),
    run(input) {
      const line = input.toString('utf8');
      if (isColumnHeader(line)) columnsAfter(line, '#separator \\x09\n#path\tconn');
    },
  },
  {
    name: 'kept payloads',
    seeds: [
      closePayload(Buffer.from('{"a":1}'), { nativeId: 'x', attributes: { a: 'b' } }),
      Buffer.from('segproof-record/1 '),
    ],
    run(input) {
      const { raw, context } = openPayload(input);
      RecordContext.parse(context);
      openPayload(closePayload(raw, context));
    },
  },
  {
    name: 'webhook signatures',
    seeds: [
      'webhook-id: a\nwebhook-timestamp: 1793491200\nwebhook-signature: v1,YQ== v1a,YQ==',
      `x-hub-signature-256: sha256=${hex}\nx-github-delivery: d`,
      `x-slack-signature: v0=${hex}\nx-slack-request-timestamp: 1793491200`,
      `x-pagerduty-signature: v1=${hex},v1=${hex}`,
      `stripe-signature: t=1793491200,v1=${hex}`,
    ].map((text) => Buffer.from(text)),
    run: (input) => void verifyWebhook(headersIn(input), Buffer.from('{}'), secrets, receivedAt),
  },
  {
    name: 'credentials',
    seeds: ['Bearer sgt_x', 'Basic YTpi', 'Splunk x', 'ApiKey YTpi'].map((text) => Buffer.from(text)),
    run: (input) =>
      void credentialsOf({ headers: { authorization: input.toString('latin1') } } as Parameters<
        typeof credentialsOf
      >[0]), // all it reads
  },
];

function tryJson(input: Buffer): unknown {
  try {
    return JSON.parse(input.toString('utf8'));
  } catch {
    return null;
  }
}

export const parsers: readonly Parser[] = [...formatParsers, ...protocolParsers];

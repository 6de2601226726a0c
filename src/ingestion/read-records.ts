import { hash } from 'node:crypto';
import { prepareEntry, type NewEntry, type PreparedEntry } from '../log/entry.js';
import { parseNanoseconds } from '../log/time.js';
import { isObject, objectOf, textOf } from './formats/json-value.js';
import { normaliseRecord } from './formats/registry.js';
import { unpackBase64 } from './packed-text.js';
import { columnsAfter, isColumnHeader } from './column-header.js';
import { splitBody } from './json-spans.js';
import { type Normalised, RecordContext } from './normal-form.js';
import { isOtlpExport, otlpJsonRecords, otlpProtobufRecords } from './otlp-records.js';
import { type ReceivedRecord, type Rejection, saidOfMany } from './received-record.js';
import { closePayload } from './record-payload.js';
import { redact, type Redaction } from './redaction.js';

/** Kind of the entries of records that could not be read; their bytes are kept like any other's. */
export const rejectedKind = 'rejected';

/** How a body is cut: by what it begins with, each line for itself, or as an export of OTLP. */
export type Split = 'auto' | 'lines' | 'otlp-json' | 'otlp-protobuf';

/** Who sends, and how what they send is read. */
export interface Reading {
  readonly source: string;
  /** What the source is set to. */
  readonly context: RecordContext;
  readonly receivedAt: Date;
  readonly mostRecordBytes: number;
  /** What is taken out before anything is hashed or kept; null for nothing. */
  readonly redaction: Redaction | null;
}

/** A body as sent; `context` is what the protocol said of all records in it. */
export interface SentBody {
  readonly body: Buffer;
  readonly split: Split;
  readonly context?: RecordContext;
}

/** What a protocol hands over: a body to be cut, or records that it has taken apart itself. */
export type Sent = SentBody | { readonly records: readonly ReceivedRecord[] };

/** A record on its way into the log; `rejected` says why it could not be read, and it is kept all the same. */
export interface ReadRecord {
  readonly entry: NewEntry;
  readonly rejected: Rejection | null;
  readonly normalised: Normalised;
}

/**
 * Reads what was sent: exact bytes, kind, time, and the key by which a repetition is known of each record. Yields
 * one after another, so that the caller can let other work in between. Never throws.
 */
export function* readRecords(sent: Sent, reading: Reading): Generator<ReadRecord> {
  const repeats = new Map<string, number>();
  const records = 'records' in sent ? sent.records : recordsOf(sent, reading.context);
  const { redaction } = reading;
  for (const received of records) {
    const record = redaction === null ? received : redactedRecord(received, redaction);
    const { length } = record.raw;
    const problem =
      record.problem ??
      (length > reading.mostRecordBytes
        ? {
            reason: 'too_large' as const,
            detail: `a record of at most ${reading.mostRecordBytes} bytes is read, this one has ${length}`,
          }
        : null);
    yield readRecord(reading, record, problem, repeats);
  }
}

/** Reads what was sent and hashes it for the log, record by record; `rejections` says why a record could not be read, by its place. */
export function readPrepared(
  sent: Sent,
  reading: Reading,
): { readonly entries: PreparedEntry[]; readonly rejections: Map<number, Rejection> } {
  const entries: PreparedEntry[] = [];
  const rejections = new Map<number, Rejection>();
  for (const { entry, rejected } of readRecords(sent, reading)) {
    if (rejected !== null) rejections.set(entries.length, rejected);
    entries.push(prepareEntry(entry, reading.receivedAt));
  }
  return { entries, rejections };
}

/** Nothing of what is redacted goes further than this: not into digests, the quarantine or what the protocol said. */
function redactedRecord(record: ReceivedRecord, redaction: Redaction): ReceivedRecord {
  const { attributes } = record.context;
  const raw = redact(record.raw, redaction);
  if (attributes === undefined) return { ...record, raw };
  const said: unknown = JSON.parse(redact(Buffer.from(JSON.stringify(attributes)), redaction).toString('utf8'));
  return { ...record, raw, context: RecordContext.parse({ ...record.context, attributes: said }) };
}

/** Cuts a body into its records; each line behind one that names columns is told of it. */
export function* recordsOf(
  { body, split, context = {} }: SentBody,
  set: RecordContext = {},
): Generator<ReceivedRecord> {
  if (split === 'otlp-protobuf') {
    yield* otlpProtobufRecords(body);
    return;
  }
  const exported = split === 'otlp-json' ? otlpJsonRecords(body) : null;
  if (exported !== null) {
    yield* exported;
    return;
  }
  const spans = splitBody(body, split === 'lines');
  const said =
    spans.length === 1 || context.attributes === undefined
      ? context
      : { ...context, attributes: saidOfMany(context.attributes) };
  let { columns } = set;
  for (const [at, { start, end, problem, detail = '' }] of spans.entries()) {
    const raw = body.subarray(start, end);
    const own = ofMany(said, at, spans.length);
    if (problem !== undefined) {
      yield { raw, context: own, problem: { reason: problem, detail } };
      continue;
    }
    const handedOn = handedOnIn(raw);
    if (handedOn !== null) {
      yield* recordsOf({ body: handedOn, split: 'auto', context: own }, set);
      continue;
    }
    const logRecords = isOtlpExport(raw) ? otlpJsonRecords(raw) : null;
    if (logRecords !== null) {
      yield* logRecords;
      continue;
    }
    yield { raw, context: columns === undefined || columns === set.columns ? own : { ...own, columns } };
    if (raw[0] === openBrace || raw.length > longestHeader) continue;
    const line = raw.toString('utf8').replace(/^\ufeff/, '');
    if (isColumnHeader(line)) columns = columnsAfter(line, columns);
  }
}

/**
 * What CloudWatch Logs and Kinesis hand to a function, and it sends on as it got it: `{"awslogs":{"data":…}}`, or a record with
 * `kinesis.data`, base64 of gzip with many events in it. Null for everything else.
 */
function handedOnIn(raw: Buffer): Buffer | null {
  const begin = raw.toString('latin1', 0, 40);
  if (!/^\s*\{\s*"(?:awslogs|kinesis)"/.test(begin)) return null;
  try {
    const event: unknown = JSON.parse(raw.toString('utf8'));
    if (!isObject(event)) return null;
    const data = textOf(objectOf(event.awslogs)?.data) ?? textOf(objectOf(event.kinesis)?.data);
    const unpacked = data === null ? null : unpackBase64(data);
    return unpacked === null || unpacked.length === 0 || handedOnIn(unpacked) !== null ? null : unpacked;
  } catch {
    return null;
  }
}

/** An id that was given to a whole body names each of its records by its place. */
function ofMany(context: RecordContext, at: number, count: number): RecordContext {
  return context.nativeId === undefined || count === 1
    ? context
    : { ...context, nativeId: `${context.nativeId}/${at}` };
}

const openBrace = 0x7b;
const longestHeader = 8192;

function readRecord(
  { source, context: set, receivedAt }: Reading,
  { raw, context: said }: ReceivedRecord,
  problem: Rejection | null,
  repeats: Map<string, number>,
): ReadRecord {
  const { normalised, kept } = read(raw, { ...set, ...said }, receivedAt, problem);
  const content = hash('sha256', raw, 'buffer').subarray(0, 16);
  // The same bytes said to be of another time or place are another record; what the source is set to changes nothing.
  const named = namedBy(raw, said) ?? content;
  if (!normalised.ok) {
    return {
      entry: {
        kind: rejectedKind,
        source,
        occurredAt: null,
        payload: closePayload(raw, kept),
        dedupe: { key: keyOf(source, 'bytes', nth(named, repeats)), content },
      },
      rejected: { reason: normalised.reason, detail: normalised.detail },
      normalised,
    };
  }
  const [record] = normalised.records;
  const times = normalised.records.flatMap(({ eventTime }) =>
    eventTime === null ? [] : (parseNanoseconds(eventTime) ?? []),
  );
  // Without an id of its own a record is known by its bytes; the n-th repetition inside one request
  // is another record, the same request sent again is not.
  const key =
    record.nativeId === null ? keyOf(source, 'bytes', nth(named, repeats)) : keyOf(source, 'id', record.nativeId);
  return {
    entry: {
      kind: record.kind,
      source,
      occurredAt: times.length === 0 ? null : times.reduce((first, time) => (time < first ? time : first)),
      payload: closePayload(raw, kept),
      dedupe: { key, content },
    },
    rejected: null,
    normalised,
  };
}

/**
 * Reads a record, and says what of its context has to be kept to read it again: the format its source
 * is bound to only where the record would be taken for another.
 */
function read(
  raw: Buffer,
  context: RecordContext,
  receivedAt: Date,
  problem: Rejection | null,
): { readonly normalised: Normalised; readonly kept: RecordContext } {
  const { format, ...kept } = context;
  if (problem !== null) return { normalised: { ok: false, ...problem }, kept };
  const normalised = normaliseRecord(raw, kept, receivedAt);
  if (format === undefined || (normalised.ok && normalised.records[0].format === format)) return { normalised, kept };
  const bound = normaliseRecord(raw, context, receivedAt);
  return { normalised: bound, kept: bound.ok ? context : kept };
}

/** Digest of a record and what its protocol said of it; columns come from the lines before, in whatever pieces a file is sent. */
function namedBy(raw: Buffer, { times, nativeId, attributes, reprocessOf }: RecordContext): Buffer | null {
  const parts = { times, nativeId, attributes, reprocessOf };
  if (Object.values(parts).every((part) => part === undefined)) return null;
  const said = Buffer.from(`${JSON.stringify(parts)}\n`);
  return hash('sha256', Buffer.concat([said, raw]), 'buffer').subarray(0, 16);
}

function keyOf(source: string, by: 'id' | 'bytes', value: string): Buffer {
  return hash('sha256', `${source}\0${by}\0${value}`, 'buffer').subarray(0, 16);
}

function nth(named: Buffer, repeats: Map<string, number>): string {
  const text = named.toString('hex');
  const count = repeats.get(text) ?? 0;
  repeats.set(text, count + 1);
  return `${text}/${count}`;
}

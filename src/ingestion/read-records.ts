import { hash } from 'node:crypto';
import { RowSlabs } from '../log/binary-copy.js';
import type { NewEntry } from '../log/entry.js';
import { parseNanoseconds } from '../log/time.js';
import { isObject, objectOf, textOf } from './formats/json-value.js';
import { type Identified, identifyRecord, normaliseRecord } from './formats/registry.js';
import { EntryPacker, type PackedEntries } from './packed-entries.js';
import { unpackBase64 } from './packed-text.js';
import { columnsAfter, isColumnHeader } from './column-header.js';
import { beginsWithMember } from './json-scanner.js';
import { splitBody } from './json-spans.js';
import { type FormatName, type Normalised, RecordContext } from './normal-form.js';
import { isOtlpExport, otlpJsonRecords, otlpProtobufRecords } from './otlp-records.js';
import { type ReceivedRecord, type Rejection, saidOfMany } from './received-record.js';
import { closePayload, openPayload } from './record-payload.js';
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
}

/**
 * Reads what was sent: exact bytes, kind, time, and the key by which a repetition is known of each record. Yields
 * one after another, so that the caller can let other work in between. Never throws.
 */
export function* readRecords(sent: Sent, reading: Reading): Generator<ReadRecord> {
  const repeats = new Map<string, number>();
  const records = 'records' in sent ? sent.records : recordsOf(sent, reading.context);
  const { redaction } = reading;
  const contextFor = contextJoiner(reading.context);
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
    yield readRecord(reading, record, contextFor(record.context), problem, repeats);
  }
}

/** Reads what was sent and hashes it for the log, record by record. */
export function readPacked(sent: Sent, reading: Reading): PackedEntries {
  const packer = new EntryPacker(reading.receivedAt, slabsFor(bytesOf(sent)));
  for (const { entry, rejected } of readRecords(sent, reading)) packer.add(entry, rejected);
  return packer.packed();
}

export function bytesOf(sent: Sent): number {
  return 'body' in sent ? sent.body.length : sent.records.reduce((sum, { raw }) => sum + raw.length, 0);
}

const smallestSlab = 1024;
const largestSlab = 4 * 1024 * 1024;

/** A record of the usual size is stored in somewhat more bytes than it was sent in, so that most bodies need one slab. */
function slabsFor(bytes: number): RowSlabs {
  return new RowSlabs(Math.min(Math.max(Math.ceil(bytes * 1.3), smallestSlab), largestSlab));
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
    const line = raw.toString('utf8');
    if (isColumnHeader(line)) columns = columnsAfter(line, columns);
  }
}

/**
 * What CloudWatch Logs and Kinesis hand to a function, and it sends on as it got it: `{"awslogs":{"data":…}}`, or a record with
 * `kinesis.data`, base64 of gzip with many events in it. Null for everything else.
 */
function handedOnIn(raw: Buffer): Buffer | null {
  if (!beginsWithMember(raw, handedOnMembers)) return null;
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

const handedOnMembers = ['"awslogs"', '"kinesis"'].map((name) => Buffer.from(name));

/** An id that was given to a whole body names each of its records by its place. */
function ofMany(context: RecordContext, at: number, count: number): RecordContext {
  return context.nativeId === undefined || count === 1
    ? context
    : { ...context, nativeId: `${context.nativeId}/${at}` };
}

const openBrace = 0x7b;
const longestHeader = 8192;

function readRecord(
  { source, receivedAt }: Reading,
  { raw, context: said }: ReceivedRecord,
  context: SplitContext,
  problem: Rejection | null,
  repeats: Map<string, number>,
): ReadRecord {
  const { identified, kept } = identify(raw, context, receivedAt, problem);
  const content = digest(raw);
  // Without an id of its own a record is known by its bytes; the n-th repetition inside one request
  // is another record, the same request sent again is not. The same bytes said to be of another time or
  // place are another record; what the source is set to changes nothing.
  const key =
    identified.ok && identified.nativeId !== null
      ? keyOf(source, 'id', identified.nativeId)
      : keyOf(source, 'bytes', nth(namedBy(raw, said) ?? content, repeats));
  return {
    entry: {
      kind: identified.ok ? identified.kind : rejectedKind,
      source,
      occurredAt: identified.ok ? earliest(identified.eventTimes) : null,
      payload: closePayload(raw, kept),
      dedupe: { key, content },
    },
    rejected: identified.ok ? null : { reason: identified.reason, detail: identified.detail },
  };
}

/** The normal form of a record on its way into the log, as its followers will make it. */
export function normaliseRead({ entry, rejected }: ReadRecord, receivedAt: Date): Normalised {
  if (rejected !== null) return { ok: false, ...rejected };
  const { raw, context } = openPayload(entry.payload);
  return normaliseRecord(raw, context, receivedAt);
}

function earliest(eventTimes: readonly string[]): bigint | null {
  let first: bigint | null = null;
  for (const text of eventTimes) {
    const time = parseNanoseconds(text);
    if (time !== null && (first === null || time < first)) first = time;
  }
  return first;
}

/** How a record is read, in two parts: most sources are bound to a format, which has to be kept with a few records only. */
interface SplitContext {
  readonly format: FormatName | undefined;
  readonly beside: RecordContext;
}

/** Joins what a source is set to and what a protocol said, without a copy for each record where there is nothing to join. */
function contextJoiner(set: RecordContext): (said: RecordContext) => SplitContext {
  const { format: setFormat, ...settings } = set;
  const isSet = Object.keys(settings).length > 0;
  let last: { readonly said: RecordContext; readonly joined: SplitContext } | null = null;
  return (said) => {
    if (last?.said === said) return last.joined;
    last = { said, joined: join(said) };
    return last.joined;
  };

  function join(said: RecordContext): SplitContext {
    if (!isSet && said.format === undefined) return { format: setFormat, beside: said };
    const { format = setFormat, ...beside } = { ...settings, ...said };
    return { format, beside };
  }
}

/**
 * Finds out what a record is, and says what of its context has to be kept to read it again: the format its source
 * is bound to only where the record would be taken for another.
 */
function identify(
  raw: Buffer,
  { format, beside }: SplitContext,
  receivedAt: Date,
  problem: Rejection | null,
): { readonly identified: Identified; readonly kept: RecordContext } {
  if (problem !== null) return { identified: { ok: false, ...problem }, kept: beside };
  const identified = identifyRecord(raw, beside, receivedAt);
  if (format === undefined || (identified.ok && identified.format === format)) return { identified, kept: beside };
  const whole = { ...beside, format };
  const bound = identifyRecord(raw, whole, receivedAt);
  return { identified: bound, kept: bound.ok ? whole : beside };
}

/** Digest of a record and what its protocol said of it; columns come from the lines before, in whatever pieces a file is sent. */
function namedBy(raw: Buffer, { times, nativeId, attributes, reprocessOf }: RecordContext): Buffer | null {
  if (times === undefined && nativeId === undefined && attributes === undefined && reprocessOf === undefined)
    return null;
  const parts = { times, nativeId, attributes, reprocessOf };
  const said = Buffer.from(`${JSON.stringify(parts)}\n`);
  return digest(Buffer.concat([said, raw]));
}

const digestLength = 16;
const poolLength = 256 * digestLength;
let pool = Buffer.alloc(0);
let used = 0;

/** The first half of a SHA-256. Written into memory that many share: a buffer of its own for each costs more than hashing. */
function digest(value: string | Buffer): Buffer {
  if (used === pool.length) {
    pool = Buffer.allocUnsafeSlow(poolLength);
    used = 0;
  }
  pool.write(hash('sha256', value, 'binary'), used, digestLength, 'latin1');
  used += digestLength;
  return pool.subarray(used - digestLength, used);
}

function keyOf(source: string, by: 'id' | 'bytes', value: string): Buffer {
  return digest(`${source}\0${by}\0${value}`);
}

function nth(named: Buffer, repeats: Map<string, number>): string {
  const text = named.toString('hex');
  const count = repeats.get(text) ?? 0;
  repeats.set(text, count + 1);
  return `${text}/${count}`;
}

import { hash } from 'node:crypto';
import type { NewEntry } from '../log/entry.js';
import { parseNanoseconds } from '../log/time.js';
import { normaliseRecord } from './formats/registry.js';
import { columnsAfter, isColumnHeader } from './column-header.js';
import { splitBody } from './json-spans.js';
import type { Normalised, QuarantineReason, RecordContext } from './normal-form.js';
import { closePayload } from './record-payload.js';

/** Kind of the entries of records that could not be read; their bytes are kept like any other's. */
export const rejectedKind = 'rejected';

/** Who sends, and how a body of theirs is read. */
export interface Reading {
  readonly source: string;
  /** What the source is set to. */
  readonly context: RecordContext;
  /** The sender says that each line is a record. */
  readonly lines: boolean;
  readonly receivedAt: Date;
  readonly mostRecordBytes: number;
}

export interface Rejection {
  readonly reason: QuarantineReason;
  readonly detail: string;
}

/** A record on its way into the log; `rejected` says why it could not be read, and it is kept all the same. */
export interface ReadRecord {
  readonly entry: NewEntry;
  readonly rejected: Rejection | null;
  readonly normalised: Normalised;
}

/**
 * Reads the records of a request body: exact bytes, kind, time, and the key by which a repetition is known. Yields
 * one after another, so that the caller can let other work in between. Never throws.
 */
export function* readRecords(body: Buffer, reading: Reading): Generator<ReadRecord> {
  const repeats = new Map<string, number>();
  let { context } = reading;
  for (const span of splitBody(body, reading.lines)) {
    const raw = body.subarray(span.start, span.end);
    const problem =
      span.problem !== undefined
        ? { reason: span.problem, detail: span.detail ?? '' }
        : raw.length > reading.mostRecordBytes
          ? {
              reason: 'too_large' as const,
              detail: `a record of at most ${reading.mostRecordBytes} bytes is read, this one has ${raw.length}`,
            }
          : null;
    yield readRecord({ ...reading, context }, raw, problem, repeats);
    if (raw[0] === openBrace || raw.length > longestHeader) continue;
    const line = raw.toString('utf8');
    if (isColumnHeader(line)) context = withColumns(reading.context, columnsAfter(line, context.columns));
  }
}

const openBrace = 0x7b;
const longestHeader = 8192;

function withColumns(context: RecordContext, columns: string | undefined): RecordContext {
  return columns === undefined ? context : { ...context, columns };
}

function readRecord(
  { source, context, receivedAt }: Reading,
  raw: Buffer,
  problem: Rejection | null,
  repeats: Map<string, number>,
): ReadRecord {
  const { normalised, kept } = read(raw, context, receivedAt, problem);
  const content = hash('sha256', raw, 'buffer').subarray(0, 16);
  if (!normalised.ok) {
    return {
      entry: {
        kind: rejectedKind,
        source,
        occurredAt: null,
        payload: closePayload(raw, kept),
        dedupe: { key: keyOf(source, 'bytes', nth(content, repeats)), content },
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
    record.nativeId === null ? keyOf(source, 'bytes', nth(content, repeats)) : keyOf(source, 'id', record.nativeId);
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

function keyOf(source: string, by: 'id' | 'bytes', value: string): Buffer {
  return hash('sha256', `${source}\0${by}\0${value}`, 'buffer').subarray(0, 16);
}

function nth(content: Buffer, repeats: Map<string, number>): string {
  const text = content.toString('hex');
  const count = repeats.get(text) ?? 0;
  repeats.set(text, count + 1);
  return `${text}/${count}`;
}

import { hash } from 'node:crypto';
import type { NewEntry } from '../log/entry.js';
import { parseNanoseconds } from '../log/time.js';
import { normaliseRecord } from './formats/registry.js';
import { splitJson, splitLines } from './json-spans.js';
import type { FormatName, RejectReason } from './normal-form.js';

/** Kind of the entries of records that could not be read; their bytes are kept like any other's. */
export const rejectedKind = 'rejected';

export type BodyShape = 'json' | 'lines';

/** Who sends, and how a body of theirs is read. */
export interface Reading {
  readonly source: string;
  readonly format: FormatName | null;
  readonly shape: BodyShape;
  readonly mostRecordBytes: number;
}

export interface Rejection {
  readonly reason: RejectReason;
  readonly detail: string;
}

/** A record on its way into the log; `rejected` says why it could not be read, and it is kept all the same. */
export interface ReadRecord {
  readonly entry: NewEntry;
  readonly rejected: Rejection | null;
}

/**
 * Reads the records of a request body: exact bytes, kind, time, and the key by which a repetition is known. Yields
 * one after another, so that the caller can let other work in between. Never throws.
 */
export function* readRecords(body: Buffer, reading: Reading): Generator<ReadRecord> {
  const repeats = new Map<string, number>();
  for (const span of reading.shape === 'json' ? splitJson(body) : splitLines(body)) {
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
    yield readRecord(reading, raw, problem, repeats);
  }
}

function readRecord(
  { source, format }: Reading,
  raw: Buffer,
  problem: Rejection | null,
  repeats: Map<string, number>,
): ReadRecord {
  const normalised = problem === null ? normaliseRecord(raw, format) : { ok: false as const, ...problem };
  const content = hash('sha256', raw, 'buffer').subarray(0, 16);
  if (!normalised.ok) {
    return {
      entry: {
        kind: rejectedKind,
        source,
        occurredAt: null,
        payload: raw,
        dedupe: { key: keyOf(source, 'bytes', nth(content, repeats)), content },
      },
      rejected: { reason: normalised.reason, detail: normalised.detail },
    };
  }
  const { record } = normalised;
  // Without an id of its own a record is known by its bytes; the n-th repetition inside one request
  // is another record, the same request sent again is not.
  const key =
    record.nativeId === null ? keyOf(source, 'bytes', nth(content, repeats)) : keyOf(source, 'id', record.nativeId);
  return {
    entry: {
      kind: record.kind,
      source,
      occurredAt: record.eventTime === null ? null : parseNanoseconds(record.eventTime),
      payload: raw,
      dedupe: { key, content },
    },
    rejected: null,
  };
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

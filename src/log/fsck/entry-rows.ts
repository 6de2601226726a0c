import { finished } from 'node:stream/promises';
import type { PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { leafHashOf, payloadHashOf } from '../core/leaf.js';
import { retentionClassOf } from '../entry.js';
import { CopyRowReader, type CopyRow, type StoredEntry } from '../read.js';
import { formatNanoseconds } from '../time.js';
import { uuidText } from '../uuid.js';

/** A row of `log_entry` as fsck sees it: hashed, whatever is in it. */
export interface EntryRow {
  readonly index: number;
  /** RFC 6962 leaf hash of the fields, in lower-case hex; {@link noLeaf} when they have no leaf form. */
  readonly leafHash: string;
  /** Whether the payload fits the digest in the leaf; `unread` when payloads were not asked for. */
  readonly payload: 'fits' | 'differs' | 'gone' | 'unread';
  /** Whether it is kept with the retention class of its kind. */
  readonly filed: boolean;
  readonly source: string;
  /** The whole entry; made only when asked for. */
  readonly entry: () => StoredEntry;
}

/** Stands for the hash of fields that no entry of this service can have. */
export const noLeaf = '0'.repeat(64);

export interface EntryRowsWanted {
  /** Rows from this index on. */
  readonly from: number;
  /** Rows below this index; null for all there are, also beyond what a number can hold. */
  readonly below: number | null;
  readonly payloads: boolean;
}

/** Streams rows in index order, in groups as they arrive, also doubled and misplaced ones. */
export async function* entryRows(client: PoolClient, wanted: EntryRowsWanted): AsyncGenerator<EntryRow[]> {
  const reader = new CopyRowReader();
  const from = Math.trunc(wanted.from);
  const bounds = [
    ...(from <= 0 ? [] : [`index >= ${from}`]),
    ...(wanted.below === null ? [] : [`index < ${Math.trunc(wanted.below)}`]),
  ];
  // COPY takes no parameters; the bounds are whole numbers.
  const stream = client.query(
    copyTo(
      `COPY (
         SELECT index, id, kind, source, occurred_at_ns, received_at, payload_hash, retention_class${wanted.payloads ? ', salt, payload' : ''}
         FROM log_entry ${bounds.length === 0 ? '' : `WHERE ${bounds.join(' AND ')}`} ORDER BY index
       ) TO STDOUT (FORMAT binary)`,
    ),
  );
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false })) {
      const rows: EntryRow[] = [];
      for (const row of reader.rows(chunk as Buffer)) rows.push(entryRow(row, wanted.payloads)); // pg-copy-streams emits Buffers
      if (rows.length > 0) yield rows;
    }
  } finally {
    // The connection is of no use before all of it has been read.
    if (!stream.readableEnded && !stream.destroyed) await finished(stream.resume());
  }
}

function entryRow(row: CopyRow, payloads: boolean): EntryRow {
  const [index, id, kind, source, occurredAt, receivedAt, payloadHash, retention, salt = null, payload = null] = row;
  if (!index || !id || !kind || !source || !occurredAt || !receivedAt || !payloadHash || !retention) {
    throw new Error('a row of log_entry came without one of its columns, all of which are NOT NULL');
  }
  const kindText = kind.toString();
  const sourceText = source.toString();
  const digest = payloadHash.toString('hex');
  const received = millisecondsOf(receivedAt);
  const occurredAtNs = occurredAt.readBigInt64BE();
  const indexNumber = Number(index.readBigInt64BE());
  const leafHash =
    received === null
      ? noLeaf
      : leafHashOf({
          v: 1,
          id: uuidText(id),
          kind: kindText,
          source: sourceText,
          occurredAt: formatNanoseconds(occurredAtNs),
          receivedAt: timeText(received),
          payloadHash: digest,
        });
  return {
    index: indexNumber,
    leafHash,
    payload: payloads ? payloadState(salt, payload, digest) : 'unread',
    filed: retention.toString() === retentionClassOf(kindText),
    source: sourceText,
    entry: () => ({
      index: indexNumber,
      id: uuidText(id),
      kind: kindText,
      source: sourceText,
      occurredAtNs,
      receivedAt: new Date(received ?? 0),
      payloadHash,
      salt,
      payload,
    }),
  };
}

function payloadState(salt: Buffer | null, payload: Buffer | null, digest: string): EntryRow['payload'] {
  if (payload === null || salt === null) return 'gone';
  return payloadHashOf(salt, payload) === digest ? 'fits' : 'differs';
}

const postgresEpochMilliseconds = Date.UTC(2000, 0, 1);
/**
 * Milliseconds since 1970 of a timestamptz; null for what the service never writes: fractions of a millisecond, which the leaf would
 * not show, infinity, and times centuries away.
 */
function millisecondsOf(timestamp: Buffer): number | null {
  const microseconds = timestamp.readInt32BE(0) * 0x1_0000_0000 + timestamp.readUInt32BE(4);
  if (!Number.isSafeInteger(microseconds) || microseconds % 1000 !== 0) return null;
  return microseconds / 1000 + postgresEpochMilliseconds;
}

let lastMilliseconds = Number.NaN;
let lastText = '';

/** Entries of one batch share their time, so the last text is remembered. */
function timeText(milliseconds: number): string {
  if (milliseconds !== lastMilliseconds) {
    lastText = new Date(milliseconds).toISOString();
    lastMilliseconds = milliseconds;
  }
  return lastText;
}

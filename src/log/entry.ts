import { BinaryCopyRows } from './binary-copy.js';
import { leafHashOf, payloadHashOf, saltLength } from './core/leaf.js';
import { formatNanoseconds } from './time.js';
import { randomBytesPooled, uuidText, uuidv7Bytes } from './uuid.js';

/** Payloads of one class are kept equally long: the many flows apart from the few that matter longest. */
export type RetentionClass = 'flow' | 'record' | 'act';

/** Kinds that come from sources; every other kind is an act of the service or its users. */
const recordKinds = new Set(['policy_change', 'admin', 'signal', 'unknown', 'rejected']);

export function retentionClassOf(kind: string): RetentionClass {
  if (kind === 'flow') return 'flow';
  return recordKinds.has(kind) ? 'record' : 'act';
}

/** What is to be appended. */
export interface NewEntry {
  readonly kind: string;
  /** Name of the source, or `segproof` for acts. */
  readonly source: string;
  /** When it happened, in nanoseconds since 1970; null takes the time of receipt. */
  readonly occurredAt: bigint | null;
  readonly payload: Buffer;
  /** Makes the append idempotent; see {@link DedupeKey}. */
  readonly dedupe?: DedupeKey;
}

/**
 * `key` names the fact (16 bytes), `content` its bytes (16 bytes). The same key with the same
 * content is appended once; the same key with other content is kept too, and reported.
 */
export interface DedupeKey {
  readonly key: Buffer;
  readonly content: Buffer;
}

/** What an append needs of an entry. */
export interface EntryToAppend {
  readonly dedupe: DedupeKey | undefined;
  readonly id: Buffer;
  /** Lower-case hex. */
  readonly leafHash: string;
  /** The entry as a row of {@link entryColumns} in binary COPY form; its index is set by {@link placeRow}. */
  readonly row: Buffer;
}

/** An entry hashed and ready; index and place in the tree are given under the head's lock. Hashes are lower-case hex. */
export interface PreparedEntry extends EntryToAppend {
  readonly kind: string;
  readonly source: string;
  readonly payload: Buffer;
  readonly occurredAtNs: bigint;
  readonly receivedAtMs: number;
  readonly salt: Buffer;
  readonly payloadHash: string;
}

/** Columns of log_entry in the order of prepared rows. */
export const entryColumns =
  'index, retention_class, id, kind, source, occurred_at_ns, received_at, payload_hash, salt, payload';

/** Where the index stands in a prepared row: behind the field count and the field's length. */
const indexOffset = 6;

/** Writes an entry's index into its prepared row. */
export function placeRow(row: Buffer, index: number): Buffer {
  row.writeInt32BE(Math.floor(index / 0x1_0000_0000), indexOffset);
  row.writeUInt32BE(index % 0x1_0000_0000, indexOffset + 4);
  return row;
}

/** Longest kind and source together, in UTF-16 units: even if each took six bytes, a leaf stays below the 65,535 bytes of tlog-tiles. */
const longestNames = 4096;

/**
 * Hashes an entry; `receivedAt` is the service's clock.
 * @throws RangeError when kind and source are longer than any that the service gives out.
 */
export function prepareEntry(entry: NewEntry, receivedAt: Date): PreparedEntry {
  if (entry.kind.length + entry.source.length > longestNames) {
    throw new RangeError(`kind and source of an entry have at most ${longestNames} characters together`);
  }
  const receivedAtMs = receivedAt.getTime();
  const id = uuidv7Bytes(receivedAtMs);
  const salt = randomBytesPooled(saltLength);
  const payloadHash = payloadHashOf(salt, entry.payload);
  const receivedAtText = millisecondText(receivedAtMs);
  const occurredAtNs = entry.occurredAt ?? BigInt(receivedAtMs) * 1_000_000n;
  const leafHash = leafHashOf({
    v: 1,
    id: uuidText(id),
    kind: entry.kind,
    source: entry.source,
    occurredAt: entry.occurredAt === null ? `${receivedAtText.slice(0, -1)}000000Z` : formatNanoseconds(occurredAtNs),
    receivedAt: receivedAtText,
    payloadHash,
  });
  const row = new BinaryCopyRows(200 + entry.kind.length + 2 * entry.source.length + entry.payload.length, true);
  row.row(10);
  row.int64(0);
  row.text(retentionClassOf(entry.kind));
  row.bytes(id);
  row.text(entry.kind);
  row.text(entry.source);
  row.bigint64(occurredAtNs);
  row.timestamp(receivedAtMs);
  row.hex(payloadHash);
  row.bytes(salt);
  row.bytes(entry.payload);
  return {
    kind: entry.kind,
    source: entry.source,
    payload: entry.payload,
    dedupe: entry.dedupe,
    id,
    occurredAtNs,
    receivedAtMs,
    salt,
    payloadHash,
    leafHash,
    row: row.rows(),
  };
}

let lastMilliseconds = Number.NaN;
let lastText = '';

/** RFC 3339 text of a time; entries of one batch share it, so the last one is remembered. */
function millisecondText(milliseconds: number): string {
  if (milliseconds !== lastMilliseconds) {
    lastText = new Date(milliseconds).toISOString();
    lastMilliseconds = milliseconds;
  }
  return lastText;
}

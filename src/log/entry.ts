import { BinaryCopyRows, type RowSlabs, sharedSlabs } from './binary-copy.js';
import { leafHashOf, payloadHashOf, saltLength } from './core/leaf.js';
import { hashLength } from './core/tree.js';
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

/**
 * An entry hashed and ready; index and place in the tree are given under the head's lock. Holds no more than an append
 * needs: thousands wait for each commit, and what is alive then is copied by the garbage collector. All else is read from the row.
 */
export class PreparedEntry implements EntryToAppend {
  private readonly entry: NewEntry;
  readonly receivedAtMs: number;
  /** Lower-case hex. */
  readonly leafHash: string;
  readonly row: Buffer;

  constructor(entry: NewEntry, hashed: Pick<PreparedEntry, 'receivedAtMs' | 'leafHash' | 'row'>) {
    this.entry = entry;
    this.receivedAtMs = hashed.receivedAtMs;
    this.leafHash = hashed.leafHash;
    this.row = hashed.row;
  }

  get kind(): string {
    return this.entry.kind;
  }

  get source(): string {
    return this.entry.source;
  }

  get payload(): Buffer {
    return this.entry.payload;
  }

  get dedupe(): DedupeKey | undefined {
    return this.entry.dedupe;
  }

  get occurredAtNs(): bigint {
    return this.entry.occurredAt ?? BigInt(this.receivedAtMs) * 1_000_000n;
  }

  get id(): Buffer {
    const at = idOffset(retentionClassOf(this.kind));
    return this.row.subarray(at, at + idLength);
  }

  get salt(): Buffer {
    return this.row.subarray(this.saltOffset, this.saltOffset + saltLength);
  }

  /** Lower-case hex. */
  get payloadHash(): string {
    const end = this.saltOffset - lengthPrefix;
    return this.row.toString('hex', end - hashLength, end);
  }

  private get saltOffset(): number {
    return this.row.length - this.payload.length - lengthPrefix - saltLength;
  }
}

/** Columns of log_entry in the order of prepared rows. */
export const entryColumns =
  'index, retention_class, id, kind, source, occurred_at_ns, received_at, payload_hash, salt, payload';

const fieldCount = 10;
const idLength = 16;
/** Before each field of a row. */
const lengthPrefix = 4;
/** Where the index stands in a prepared row: behind the field count and the field's length. */
const indexOffset = 6;
/** Where the id stands: behind index and retention class. */
const idOffset = (retentionClass: RetentionClass): number => indexOffset + 8 + 2 * lengthPrefix + retentionClass.length;
/** Bytes of id, times, digest and salt, and of the length of the payload. */
const fixedFieldBytes = 6 * lengthPrefix + idLength + 8 + 8 + hashLength + saltLength;

interface EncodedNames {
  readonly beforeId: Buffer;
  readonly afterId: Buffer;
}

const namesByKind = new Map<string, Map<string, EncodedNames>>();
const mostNames = 1000;
let namesKept = 0;

/** The fields of a row that kind and source give; there are few of them, and each row needs one. */
function encodedNames(kind: string, source: string): EncodedNames {
  const known = namesByKind.get(kind)?.get(source);
  if (known !== undefined) return known;
  const retentionClass = retentionClassOf(kind);
  const beforeId = new BinaryCopyRows(idOffset(retentionClass) - lengthPrefix, sharedSlabs);
  beforeId.row(fieldCount);
  beforeId.int64(0);
  beforeId.text(retentionClass);
  const afterId = new BinaryCopyRows(
    2 * lengthPrefix + Buffer.byteLength(kind) + Buffer.byteLength(source),
    sharedSlabs,
  );
  afterId.text(kind);
  afterId.text(source);
  const made = { beforeId: Buffer.from(beforeId.rows()), afterId: Buffer.from(afterId.rows()) };
  if (namesKept < mostNames) {
    namesKept++;
    const bySource = namesByKind.get(kind) ?? new Map<string, EncodedNames>();
    namesByKind.set(kind, bySource.set(source, made));
  }
  return made;
}

/** Writes an entry's index into its prepared row. */
export function placeRow(row: Buffer, index: number): Buffer {
  row.writeInt32BE(Math.floor(index / 0x1_0000_0000), indexOffset);
  row.writeUInt32BE(index % 0x1_0000_0000, indexOffset + 4);
  return row;
}

/** Longest kind and source together, in UTF-16 units: even if each took six bytes, a leaf stays below the 65,535 bytes of tlog-tiles. */
const longestNames = 4096;

/**
 * Hashes an entry; `receivedAt` is the service's clock. Its row is cut from `slabs`.
 * @throws RangeError when kind and source are longer than any that the service gives out.
 */
export function prepareEntry(entry: NewEntry, receivedAt: Date, slabs: RowSlabs = sharedSlabs): PreparedEntry {
  if (entry.kind.length + entry.source.length > longestNames) {
    throw new RangeError(`kind and source of an entry have at most ${longestNames} characters together`);
  }
  const receivedAtMs = receivedAt.getTime();
  const time = millisecond(receivedAtMs);
  const occurredAtNs = entry.occurredAt ?? time.nanoseconds;
  const id = uuidv7Bytes(receivedAtMs);
  const salt = randomBytesPooled(saltLength);
  const payloadHash = payloadHashOf(salt, entry.payload);
  const leafHash = leafHashOf({
    v: 1,
    id: uuidText(id),
    kind: entry.kind,
    source: entry.source,
    occurredAt: entry.occurredAt === null ? time.nanosecondText : formatNanoseconds(occurredAtNs),
    receivedAt: time.text,
    payloadHash,
  });
  const names = encodedNames(entry.kind, entry.source);
  const row = new BinaryCopyRows(
    names.beforeId.length + names.afterId.length + fixedFieldBytes + entry.payload.length,
    slabs,
  );
  row.encoded(names.beforeId);
  row.bytes(id);
  row.encoded(names.afterId);
  row.bigint64(occurredAtNs);
  row.timestamp(receivedAtMs);
  row.hex(payloadHash);
  row.bytes(salt);
  row.bytes(entry.payload);
  return new PreparedEntry(entry, { receivedAtMs, leafHash, row: row.rows() });
}

interface Millisecond {
  readonly milliseconds: number;
  /** RFC 3339. */
  readonly text: string;
  /** The same time with nine fraction digits. */
  readonly nanosecondText: string;
  readonly nanoseconds: bigint;
}

let lastMillisecond: Millisecond | null = null;

/** The forms of a time; entries of one batch share it, so the last one is remembered. */
function millisecond(milliseconds: number): Millisecond {
  if (lastMillisecond?.milliseconds === milliseconds) return lastMillisecond;
  const text = new Date(milliseconds).toISOString();
  lastMillisecond = {
    milliseconds,
    text,
    nanosecondText: `${text.slice(0, -1)}000000Z`,
    nanoseconds: BigInt(milliseconds) * 1_000_000n,
  };
  return lastMillisecond;
}

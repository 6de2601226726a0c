import type { PoolClient } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import type { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import type { Leaf } from './core/leaf.js';
import {
  consistencyRanges,
  hashRange,
  rangeHasher,
  inclusionRanges,
  tilesFor,
  type LeafRange,
  type TileAddress,
} from './core/proof.js';
import { decodePartial, tileWidth } from './core/tiles.js';
import { formatNanoseconds } from './time.js';
import { uuidText } from './uuid.js';

/** An entry as stored; `payload` and `salt` are null once the payload is erased or its retention has ended. */
export interface StoredEntry {
  readonly index: number;
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  readonly occurredAtNs: bigint;
  readonly receivedAt: Date;
  readonly payloadHash: Buffer;
  readonly salt: Buffer | null;
  readonly payload: Buffer | null;
}

/** The leaf of a stored entry. */
export function leafOf(entry: StoredEntry): Leaf {
  return {
    v: 1,
    id: entry.id,
    kind: entry.kind,
    source: entry.source,
    occurredAt: formatNanoseconds(entry.occurredAtNs),
    receivedAt: entry.receivedAt.toISOString(),
    payloadHash: entry.payloadHash.toString('hex'),
  };
}

const postgresEpochMilliseconds = Date.UTC(2000, 0, 1);
const copyHeaderLength = 19;

/** Fields of one row of a binary COPY; null for SQL null. */
export type CopyRow = (Buffer | null)[];

/** Splits a binary COPY stream into rows; keeps what a chunk leaves unfinished. */
export class CopyRowReader {
  private rest: Buffer = Buffer.alloc(0);
  private started = false;

  *rows(chunk: Buffer): Generator<CopyRow> {
    const data = this.rest.length === 0 ? chunk : Buffer.concat([this.rest, chunk]);
    let at = 0;
    if (!this.started) {
      if (data.length < copyHeaderLength) {
        this.rest = data;
        return;
      }
      at = copyHeaderLength;
      this.started = true;
    }
    for (;;) {
      const row = readRow(data, at);
      if (row === null) break;
      at = row.end;
      if (row.fields !== null) yield row.fields;
    }
    this.rest = data.subarray(at);
  }
}

function readRow(data: Buffer, begin: number): { fields: CopyRow | null; end: number } | null {
  if (begin + 2 > data.length) return null;
  const count = data.readInt16BE(begin);
  let at = begin + 2;
  if (count < 0) return { fields: null, end: at };
  const fields: CopyRow = [];
  for (let i = 0; i < count; i++) {
    if (at + 4 > data.length) return null;
    const length = data.readInt32BE(at);
    at += 4;
    if (length < 0) {
      fields.push(null);
      continue;
    }
    if (at + length > data.length) return null;
    fields.push(data.subarray(at, at + length));
    at += length;
  }
  return { fields, end: at };
}

function storedEntry(row: CopyRow): StoredEntry {
  const [index, id, kind, source, occurredAt, receivedAt, payloadHash, salt = null, payload = null] = row;
  if (!index || !id || !kind || !source || !occurredAt || !receivedAt || !payloadHash) {
    throw new Error('a row of log_entry came without one of its columns, all of which are NOT NULL');
  }
  return {
    index: Number(index.readBigInt64BE()),
    id: uuidText(id),
    kind: kind.toString(),
    source: source.toString(),
    occurredAtNs: occurredAt.readBigInt64BE(),
    receivedAt: new Date(Number(receivedAt.readBigInt64BE()) / 1000 + postgresEpochMilliseconds),
    payloadHash,
    salt,
    payload,
  };
}

/**
 * Streams entries `begin <= index < end` in index order, in groups as they arrive. Every row that
 * is stored comes, also doubled or misplaced ones: judging that is fsck's work.
 */
export async function* streamEntries(client: PoolClient, begin: number, end: number): AsyncGenerator<StoredEntry[]> {
  const from = Math.trunc(begin);
  const until = Math.trunc(end);
  const reader = new CopyRowReader();
  // COPY takes no parameters; both bounds are whole numbers.
  const stream = client.query(
    copyTo(
      `COPY (
         SELECT index, id, kind, source, occurred_at_ns, received_at, payload_hash, salt, payload
         FROM log_entry WHERE index >= ${from} AND index < ${until} ORDER BY index
       ) TO STDOUT (FORMAT binary)`,
    ),
  );
  for await (const chunk of stream) {
    const group: StoredEntry[] = [];
    for (const row of reader.rows(chunk as Buffer)) group.push(storedEntry(row)); // pg-copy-streams emits Buffers
    if (group.length > 0) yield group;
  }
}

/** What runs a statement: the database, or an open transaction. */
interface Queryable {
  query<Row extends object>(sql: string, parameters: readonly unknown[]): Promise<Row[]>;
}

/** The named entries, in index order; unknown indices are left out. In a transaction, as that one sees them. */
export async function selectEntries(source: Queryable, indices: readonly number[]): Promise<StoredEntry[]> {
  const rows = await source.query<{
    index: string;
    id: string;
    kind: string;
    source: string;
    occurred_at_ns: string;
    received_at: Date;
    payload_hash: Buffer;
    salt: Buffer | null;
    payload: Buffer | null;
  }>(
    `SELECT index, id, kind, source, occurred_at_ns, received_at, payload_hash, salt, payload
     FROM log_entry WHERE index = ANY ($1::bigint[]) ORDER BY index`,
    [indices],
  );
  return rows.map((row) => ({
    index: Number(row.index),
    id: row.id,
    kind: row.kind,
    source: row.source,
    occurredAtNs: BigInt(row.occurred_at_ns),
    receivedAt: row.received_at,
    payloadHash: row.payload_hash,
    salt: row.salt,
    payload: row.payload,
  }));
}

/** Reads entries and proofs. */
export class LogReader {
  private readonly database: Database;

  constructor(database: Database) {
    this.database = database;
  }

  /** Entries `begin <= index < end` in order; keep the range small enough for memory. */
  async entries(begin: number, end: number): Promise<StoredEntry[]> {
    return await this.database.withClient(async (client) => {
      const all: StoredEntry[] = [];
      for await (const group of streamEntries(client, begin, end)) all.push(...group);
      return all;
    });
  }

  /**
   * One entry.
   * @throws Problem `not_found`
   */
  async entry(index: number): Promise<StoredEntry> {
    const [entry] = await this.entries(index, index + 1);
    if (entry === undefined) throw new Problem('not_found', `The log has no entry ${index}.`);
    return entry;
  }

  /** The named entries, in index order; unknown indices are left out. */
  async entriesAt(indices: readonly number[]): Promise<StoredEntry[]> {
    return await selectEntries(this.database, indices);
  }

  /**
   * Inclusion proofs of several entries in the tree of `size`.
   * @throws ProofError when an index is not below `size`; Problem `conflict` when `size` is above the log's.
   */
  async inclusionProofs(indices: readonly number[], size: number): Promise<Buffer[][]> {
    const ranges = indices.map((index) => inclusionRanges(index, size));
    const tiles = await this.tiles(ranges.flat(), size);
    const hash = rangeHasher(tiles);
    return ranges.map((path) => path.map(hash));
  }

  /** Consistency proof between two sizes, `0 < first <= second`; see {@link inclusionProofs} for errors. */
  async consistencyProof(first: number, second: number): Promise<Buffer[]> {
    const ranges = consistencyRanges(first, second);
    const tiles = await this.tiles(ranges, second);
    return ranges.map((range) => hashRange(range, tiles));
  }

  private async tiles(
    ranges: readonly LeafRange[],
    size: number,
  ): Promise<(address: TileAddress) => Buffer | undefined> {
    const wanted = tilesFor(ranges);
    // One statement sees one state: tiles and the unfinished ones in the head fit together.
    const rows = await this.database.query<{ level: number | null; index: string; hashes: Buffer }>(
      `SELECT NULL AS level, size AS index, partial AS hashes FROM log_head
       UNION ALL
       SELECT t.level, t.index, t.hashes FROM log_tile t
       JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (level, index) ON t.level = wanted.level AND t.index = wanted.index`,
      [wanted.map((tile) => tile.level), wanted.map((tile) => tile.index)],
    );
    const found = new Map<string, Buffer>();
    for (const row of rows) {
      if (row.level !== null) {
        found.set(`${row.level}/${row.index}`, row.hashes);
        continue;
      }
      const headSize = Number(row.index);
      if (size > headSize)
        throw new Problem('conflict', `The log has ${headSize} entries; a proof for size ${size} cannot be made yet.`);
      decodePartial(row.hashes).forEach((hashes, level) => {
        found.set(`${level}/${Math.floor(headSize / tileWidth ** (level + 1))}`, hashes);
      });
    }
    return ({ level, index }) => found.get(`${level}/${index}`);
  }
}

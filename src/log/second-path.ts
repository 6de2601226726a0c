import type { Database } from '../database/database.js';
import { openCheckpoint, type Checkpoint } from './core/checkpoint.js';
import { CompactRange } from './core/compact-range.js';
import type { Verifier } from './core/note.js';
import { foldComplete, decodePartial, tileWidth } from './core/tiles.js';
import { hashLength } from './core/tree.js';
import { entryRows } from './fsck/entry-rows.js';

/** What was just appended by this process: leaf hashes in lower-case hex, from `sizeBefore` on. */
export interface AppendedLeaves {
  readonly sizeBefore: number;
  readonly leafHashes: readonly string[];
}

/** The two paths to a root disagree; nothing may be signed. */
export class SecondPathError extends Error {
  override readonly name = 'SecondPathError';
}

/** Roots that were computed lately: heads are read, signed and read again by several tasks at once. */
const mostRecent = 1000;
/** Beyond this many entries of other processes, starting anew from a kept checkpoint is cheaper than catching up. */
const farBehind = 1_000_000;
const tilesPerQuery = 256;

/**
 * Computes roots a second time, from leaf hashes alone and with code of its own, before they are signed. What the first
 * path does with tiles is never believed: a base comes from a kept checkpoint whose signature holds, and everything after
 * it is added leaf by leaf, in memory while this process appends, from stored leaf hashes when another one did.
 */
export class SecondPath {
  private readonly database: Database;
  private readonly verifiers: () => readonly Verifier[];
  private range: CompactRange | null = null;
  /** As `range`, over what is stored: rows are hashed again. */
  private kept: CompactRange | null = null;
  private readonly recent = new Map<number, Buffer>();
  private turn: Promise<unknown> = Promise.resolve();

  constructor(database: Database, verifiers: () => readonly Verifier[]) {
    this.database = database;
    this.verifiers = verifiers;
  }

  /**
   * Root of the tree of `size` entries; `own` spares reading what this process appended last.
   * @throws SecondPathError when stored hashes are missing or do not give the root of a kept checkpoint.
   */
  async rootAt(size: number, own?: AppendedLeaves): Promise<Buffer> {
    const ready = this.appendOwn(size, own);
    if (ready !== null) return ready;
    return await this.inTurn(async () => this.appendOwn(size, own) ?? (await this.compute(size)));
  }

  /**
   * Root of the tree of `size` entries from the stored rows: their leaves are hashed again, from the last kept checkpoint on.
   * @throws SecondPathError when an entry is missing or stands twice.
   */
  async rootOfRows(size: number): Promise<Buffer> {
    return await this.inTurn(async () => {
      const range = this.kept !== null && this.kept.size <= size ? this.kept.clone() : await this.baseBelow(size);
      await this.database.withClient(async (client) => {
        for await (const rows of entryRows(client, { from: range.size, below: size, payloads: false })) {
          for (const row of rows) {
            if (row.index !== range.size) {
              throw new SecondPathError(`entry ${range.size} is not there once: the next one read is ${row.index}`);
            }
            range.append(Buffer.from(row.leafHash, 'hex'));
          }
        }
      });
      if (range.size !== size) throw new SecondPathError(`entry ${range.size} is not there; ${size} were committed`);
      this.kept = range;
      return range.root();
    });
  }

  /**
   * Takes the stored tree of this size as the base, after somebody decided that it stands.
   * @throws SecondPathError when it does not give this root.
   */
  async restartAt(size: number, root: Buffer): Promise<void> {
    await this.inTurn(async () => {
      const range = await this.rangeFromTiles(size);
      if (!range.root().equals(root)) {
        throw new SecondPathError(
          `the tiles of ${size} entries do not give the root that the head has; run segproof fsck`,
        );
      }
      this.recent.clear();
      this.range = range;
      this.kept = range.clone();
    });
  }

  /** Forgets everything: another process decided what stands. */
  forget(): void {
    this.range = null;
    this.kept = null;
    this.recent.clear();
  }

  /** Goes along with what this process appended, when that continues what is in memory. */
  follow(own: AppendedLeaves): void {
    this.appendOwn(own.sizeBefore + own.leafHashes.length, own);
  }

  /** Root of the stored tree of a size, by the hashes above the leaves; as good as they are. */
  async storedRootAt(size: number): Promise<Buffer> {
    return (await this.rangeFromTiles(size)).root();
  }

  private async inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.turn.then(work);
    this.turn = result.catch(() => {});
    return await result;
  }

  /** The common case, without waiting: what was appended continues what is in memory. */
  private appendOwn(size: number, own: AppendedLeaves | undefined): Buffer | null {
    const known = this.recent.get(size);
    if (known !== undefined) return known;
    const { range } = this;
    if (range === null || own === undefined || own.sizeBefore !== range.size) return null;
    if (own.sizeBefore + own.leafHashes.length !== size) return null;
    range.appendAll(Buffer.from(own.leafHashes.join(''), 'hex'));
    return this.remember(size, range.root());
  }

  private async compute(size: number): Promise<Buffer> {
    const behind = this.range !== null && this.range.size <= size && size - this.range.size <= farBehind;
    // On a copy: what this process appends meanwhile goes on in memory.
    const range = behind && this.range !== null ? this.range.clone() : await this.baseBelow(size);
    const root = await this.grown(range, size);
    if (this.range === null || this.range.size < range.size) this.range = range;
    return this.remember(size, root);
  }

  private remember(size: number, root: Buffer): Buffer {
    const [oldest] = this.recent.keys();
    if (this.recent.size >= mostRecent && oldest !== undefined) this.recent.delete(oldest);
    this.recent.set(size, root);
    return root;
  }

  /** Adds stored leaf hashes up to `size`. */
  private async grown(range: CompactRange, size: number): Promise<Buffer> {
    while (range.size < size) {
      const hashes = await this.leafHashes(range.size, size);
      if (hashes.length === 0) throw new SecondPathError(`the leaf hash of entry ${range.size} is not stored`);
      range.appendAll(hashes);
    }
    return range.root();
  }

  /** Stored leaf hashes from `begin` on, below `end`, as many as one query brings; empty when the next one is missing. */
  private async leafHashes(begin: number, end: number): Promise<Buffer> {
    const first = Math.floor(begin / tileWidth);
    const last = Math.min(Math.floor((end - 1) / tileWidth), first + tilesPerQuery - 1);
    // One statement sees one state: what is not in a full tile is in the head.
    const rows = await this.database.query<{ index: string; hashes: Buffer; head: boolean }>(
      `SELECT size AS index, partial AS hashes, true AS head FROM log_head
       UNION ALL
       SELECT index, hashes, false FROM log_tile WHERE level = 0 AND index BETWEEN $1 AND $2`,
      [first, last],
    );
    const tiles = new Map<number, Buffer>();
    for (const { index, hashes, head } of rows) {
      if (!head) tiles.set(Number(index), hashes);
    }
    for (const { index, hashes, head } of rows) {
      const unfinished = Math.floor(Number(index) / tileWidth);
      if (head && !tiles.has(unfinished)) tiles.set(unfinished, decodePartial(hashes)[0] ?? Buffer.alloc(0));
    }
    const found: Buffer[] = [];
    for (let tile = first, at = begin; tile <= last; tile++) {
      const upTo = Math.min(end, (tile + 1) * tileWidth);
      const part = tiles
        .get(tile)
        ?.subarray((at - tile * tileWidth) * hashLength, (upTo - tile * tileWidth) * hashLength);
      if (part === undefined || part.length < (upTo - at) * hashLength) break;
      found.push(part);
      at = upTo;
    }
    return Buffer.concat(found);
  }

  /** The tree of the largest kept checkpoint of at most `size` entries; the empty one when there is none. */
  private async baseBelow(size: number): Promise<CompactRange> {
    const [row] = await this.database.query<{ note: string }>(
      'SELECT note FROM log_checkpoint WHERE size <= $1 AND size > 0 ORDER BY size DESC LIMIT 1',
      [size],
    );
    if (row === undefined) return CompactRange.empty();
    const checkpoint = this.open(row.note);
    const range = await this.rangeFromTiles(checkpoint.size);
    if (!range.root().equals(checkpoint.root)) {
      throw new SecondPathError(
        `the stored tree of ${checkpoint.size} entries does not have the root that its kept checkpoint signed`,
      );
    }
    return range;
  }

  private open(note: string): Checkpoint {
    try {
      return openCheckpoint(note, this.verifiers());
    } catch (cause) {
      throw new SecondPathError(
        `the newest kept checkpoint cannot be built on: ${cause instanceof Error ? cause.message : String(cause)}`,
        { cause },
      );
    }
  }

  private async rangeFromTiles(size: number): Promise<CompactRange> {
    const wanted = peakPlaces(size);
    const rows = await this.database.query<{ level: number | null; index: string; hashes: Buffer }>(
      `SELECT NULL AS level, size AS index, partial AS hashes FROM log_head
       UNION ALL
       SELECT t.level, t.index, t.hashes FROM log_tile t
       JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (level, index) ON t.level = wanted.level AND t.index = wanted.index`,
      [wanted.map((peak) => peak.level), wanted.map((peak) => peak.tile)],
    );
    const tiles = new Map<string, Buffer>();
    for (const { level, index, hashes } of rows) if (level !== null) tiles.set(`${level}/${index}`, hashes);
    for (const { level, index, hashes } of rows) {
      if (level !== null) continue;
      decodePartial(hashes).forEach((unfinished, at) => {
        const name = `${at}/${Math.floor(Number(index) / tileWidth ** (at + 1))}`;
        if (!tiles.has(name)) tiles.set(name, unfinished);
      });
    }
    const peaks = wanted.map(({ level, tile, offset, count }) => {
      const hashes = tiles.get(`${level}/${tile}`);
      const end = (offset + count) * hashLength;
      if (hashes === undefined || hashes.length < end) {
        throw new SecondPathError(`tile ${level}/${tile} is missing or shorter than ${offset + count} hashes`);
      }
      return Buffer.from(foldComplete(hashes.subarray(offset * hashLength, end)));
    });
    return CompactRange.of(size, peaks);
  }
}

interface PeakPlace {
  readonly level: number;
  readonly tile: number;
  readonly offset: number;
  readonly count: number;
}

/** Where the roots of the largest complete subtrees of a size are found in tiles, largest first. */
function peakPlaces(size: number): PeakPlace[] {
  const places: PeakPlace[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / tileWidth)) {
    const tile = Math.floor(count / tileWidth);
    const inTile: PeakPlace[] = [];
    let offset = 0;
    for (let width = tileWidth / 2; width >= 1; width /= 2) {
      if (((count % tileWidth) & width) === 0) continue;
      inTile.push({ level, tile, offset, count: width });
      offset += width;
    }
    places.unshift(...inTile);
  }
  return places;
}

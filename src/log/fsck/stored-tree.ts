import type { PoolClient } from 'pg';
import { decodePartial, rootOf, tileWidth, TreeStateError } from '../core/tiles.js';
import { hashLength } from '../core/tree.js';

/** The head as it is stored, which may be damaged. */
export interface StoredHead {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
  /** As stored. */
  readonly encodedPartial: Buffer;
  /** The unfinished tiles; null when their bytes make no sense. */
  readonly partial: readonly Buffer[] | null;
  /** The size that the unfinished tiles tell of, by their lengths; null when they make no sense. */
  readonly partialSize: number | null;
  /** Whether the unfinished tiles give the root. */
  readonly agrees: boolean;
}

/** Reads the head; null when the row is gone. */
export async function readHead(client: PoolClient): Promise<StoredHead | null> {
  const { rows } = await client.query<{ origin: string; size: string; root: Buffer; partial: Buffer }>(
    'SELECT origin, size, root, partial FROM log_head',
  );
  const [row] = rows;
  if (row === undefined) return null;
  const { partial, partialSize } = decoded(row.partial);
  return {
    origin: row.origin,
    size: Math.min(Number(row.size), Number.MAX_SAFE_INTEGER),
    root: row.root,
    encodedPartial: row.partial,
    partial,
    partialSize,
    agrees: partial !== null && rootOf({ size: partialSize ?? 0, partial }).equals(row.root),
  };
}

function decoded(bytes: Buffer): { partial: Buffer[]; partialSize: number } | { partial: null; partialSize: null } {
  try {
    const partial = decodePartial(bytes);
    const partialSize = partial.reduce(
      (sum, hashes, level) => sum + (hashes.length / hashLength) * tileWidth ** level,
      0,
    );
    return partialSize <= Number.MAX_SAFE_INTEGER ? { partial, partialSize } : { partial: null, partialSize: null };
  } catch (error) {
    if (error instanceof TreeStateError) return { partial: null, partialSize: null };
    throw error;
  }
}

const tilesPerPage = 64;
/** Upper tiles are read again and again while the entries below them pass by. */
const mostUpperTiles = 16;

/** The stored hashes of the tree: full tiles, and the unfinished ones in the head. */
export class StoredTree {
  /** Leaf hashes end here: after the head's unfinished tile, or after the full tiles that stand beyond it. */
  readonly length: number;
  /** Where the full tiles of leaves end that continue the tree beyond the head; 0 when none does. */
  readonly tilesEnd: number;
  /** Full tiles of level 0 that are no part of the tree: they stand beyond it without continuing it. */
  readonly strays: readonly number[];
  private readonly client: PoolClient;
  private readonly head: StoredHead | null;
  private page = new Map<number, Buffer>();
  private pageFirst = 0;
  private next: { readonly first: number; readonly rows: Promise<Map<number, Buffer>> } | null = null;
  private readonly upper = new Map<string, Buffer | null>();

  private constructor(client: PoolClient, head: StoredHead | null, extent: TileExtent) {
    this.client = client;
    this.head = head;
    this.length = extent.length;
    this.tilesEnd = extent.tilesEnd;
    this.strays = extent.strays;
  }

  /** `entries` is the number of entries by their last index: nothing is looked for where neither tiles nor entries are. */
  static async open(client: PoolClient, head: StoredHead | null, entries: number): Promise<StoredTree> {
    return new StoredTree(client, head, await tileExtent(client, head, entries));
  }

  /** Hashes of a tile of leaves as far as they are known; null where a full tile should stand and does not. */
  async leaves(tile: number): Promise<Buffer | null> {
    if (this.head?.partial && tile === this.unfinishedTile(0)) {
      const full = this.strays.includes(tile) ? null : await this.fullTile(tile);
      return full ?? this.head.partial[0] ?? Buffer.alloc(0);
    }
    return tile * tileWidth < this.length ? await this.fullTile(tile) : Buffer.alloc(0);
  }

  /** The stored hash at a position of a level (1 and above); null when there is none. */
  async node(level: number, position: number): Promise<Buffer | null> {
    const tile = Math.floor(position / tileWidth);
    const hashes =
      (await this.upperTile(level, tile)) ??
      (tile === this.unfinishedTile(level) ? (this.head?.partial?.[level] ?? null) : null);
    const at = (position % tileWidth) * hashLength;
    return hashes === null || hashes.length < at + hashLength ? null : hashes.subarray(at, at + hashLength);
  }

  /** Tiles of the levels above the leaves that stand where a tree of this size has none. */
  async upperTilesBeyond(size: number): Promise<{ level: number; index: number }[]> {
    const { rows } = await this.client.query<{ level: number; index: string }>(
      `SELECT level, index FROM log_tile
       WHERE level < 0 OR index < 0 OR (level > 0 AND index >= floor($1::numeric / 256::numeric ^ (level + 1)))
       ORDER BY level, index LIMIT 100`,
      [size],
    );
    return rows.map(({ level, index }) => ({ level, index: Number(index) }));
  }

  private unfinishedTile(level: number): number {
    return Math.floor((this.head?.partialSize ?? 0) / tileWidth ** (level + 1));
  }

  private async fullTile(tile: number): Promise<Buffer | null> {
    if (tile < this.pageFirst || tile >= this.pageFirst + tilesPerPage || this.page.size === 0) {
      const wanted = this.next?.first === tile ? this.next.rows : this.readPage(tile);
      this.page = await wanted;
      this.pageFirst = tile;
      // Read while the entries of this page are hashed.
      const following = tile + tilesPerPage;
      this.next = following * tileWidth < this.length ? { first: following, rows: this.readPage(following) } : null;
      // Whoever awaits it sees the failure; a failure while nobody does must not end the process.
      this.next?.rows.catch(() => {});
    }
    return this.page.get(tile) ?? null;
  }

  private async readPage(first: number): Promise<Map<number, Buffer>> {
    const { rows } = await this.client.query<{ index: string; hashes: Buffer }>(
      'SELECT index, hashes FROM log_tile WHERE level = 0 AND index >= $1 AND index < $2',
      [first, first + tilesPerPage],
    );
    return new Map(rows.map((row) => [Number(row.index), row.hashes]));
  }

  private async upperTile(level: number, index: number): Promise<Buffer | null> {
    const name = `${level}/${index}`;
    const known = this.upper.get(name);
    if (known !== undefined) return known;
    const { rows } = await this.client.query<{ hashes: Buffer }>(
      'SELECT hashes FROM log_tile WHERE level = $1 AND index = $2',
      [level, index],
    );
    const [oldest] = this.upper.keys();
    if (this.upper.size >= mostUpperTiles && oldest !== undefined) this.upper.delete(oldest);
    const hashes = rows[0]?.hashes ?? null;
    this.upper.set(name, hashes);
    return hashes;
  }
}

interface TileExtent {
  /** Number of leaves whose hashes the tree should hold. */
  readonly length: number;
  readonly tilesEnd: number;
  readonly strays: readonly number[];
}

const mostTilesBeyond = 100_000;

async function tileExtent(client: PoolClient, head: StoredHead | null, entries: number): Promise<TileExtent> {
  const said = head?.partialSize ?? head?.size ?? 0;
  const first = Math.floor(said / tileWidth);
  const within = await client.query<{ count: string; last: string | null }>(
    'SELECT count(*) AS count, max(index) AS last FROM log_tile WHERE level = 0 AND index >= 0 AND index < $1',
    [first],
  );
  const [{ count, last } = { count: '0', last: null }] = within.rows;
  // A damaged head or a stray tile may tell of any size; what is looked at is bounded by what is there.
  const stored = Math.min(last === null ? 0 : Number(last) + 1, Number(count) + mostTilesBeyond);
  const most = Math.max((stored + 1) * tileWidth - 1, entries);
  const beyond = await tilesBeyond(client, head, first);
  const unfinished = head?.partialSize === null ? 0 : said % tileWidth;
  return {
    length: Math.max(Math.min(first * tileWidth + unfinished, most), beyond.end * tileWidth),
    tilesEnd: beyond.end * tileWidth,
    strays: beyond.strays,
  };
}

/** Full tiles of leaves where the head has its unfinished one, or further on: those that continue the tree, and the others. */
async function tilesBeyond(
  client: PoolClient,
  head: StoredHead | null,
  first: number,
): Promise<{ end: number; strays: number[] }> {
  const { rows } = await client.query<{ index: string; hashes: Buffer | null }>(
    `SELECT index, CASE WHEN index = $1 THEN hashes END AS hashes FROM log_tile
     WHERE level = 0 AND index >= $1 ORDER BY index LIMIT $2`,
    [first, mostTilesBeyond],
  );
  const unfinished = head?.partial?.[0] ?? Buffer.alloc(0);
  const continues = rows[0]?.hashes?.subarray(0, unfinished.length).equals(unfinished) ?? false;
  let end = first;
  if (continues) while (Number(rows[end - first]?.index) === end) end++;
  return {
    end: continues ? end : 0,
    strays: rows.map((row) => Number(row.index)).filter((index) => !continues || index >= end),
  };
}

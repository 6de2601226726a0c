import type { PoolClient } from 'pg';
import { tileWidth } from '../core/tiles.js';
import { hashLength } from '../core/tree.js';
import type { HashSource, PlacedHash } from './alignment.js';
import { entryRows, type EntryRow, type EntryRowsWanted } from './entry-rows.js';
import type { Span } from './problem.js';
import type { StoredTree } from './stored-tree.js';

/** The committed leaves `begin <= position < end`, a tile at a time; those in `lost` are not known any more. */
export class CommittedLeaves implements HashSource {
  private position: number;
  private readonly tree: StoredTree;
  private readonly end: number;
  private readonly lost: readonly Span[];

  constructor(tree: StoredTree, begin: number, end: number, lost: readonly Span[]) {
    this.tree = tree;
    this.position = begin;
    this.end = end;
    this.lost = lost;
  }

  async next(): Promise<readonly PlacedHash[]> {
    if (this.position >= this.end) return [];
    const tile = Math.floor(this.position / tileWidth);
    const hashes = await this.tree.leaves(tile);
    const leaves: PlacedHash[] = [];
    const end = Math.min(this.end, (tile + 1) * tileWidth);
    for (; this.position < end; this.position++) {
      leaves.push({ at: this.position, hash: this.hashIn(hashes, this.position) });
    }
    return leaves;
  }

  async peek(at: number): Promise<string | null> {
    return at < this.end ? this.hashIn(await this.tree.leaves(Math.floor(at / tileWidth)), at) : null;
  }

  private hashIn(hashes: Buffer | null, position: number): string | null {
    const at = (position % tileWidth) * hashLength;
    if (hashes === null || hashes.length < at + hashLength) return null;
    if (this.lost.some(({ first, last }) => position >= first && position <= last)) return null;
    return hashes.toString('hex', at, at + hashLength);
  }
}

/** No committed leaves: what stands here has no business in the log. */
export const noLeaves: HashSource = {
  next: async () => [],
  peek: async () => null,
};

/** Entries as they stand, without their payloads. {@link EntriesInOrder.close} MUST be called before the connection is used again. */
export class EntriesInOrder implements HashSource {
  private readonly rows: AsyncGenerator<EntryRow[]>;
  private readonly elsewhere: PoolClient;

  /** Streams on one connection, and peeks on another. */
  constructor(client: PoolClient, elsewhere: PoolClient, wanted: Omit<EntryRowsWanted, 'payloads'>) {
    this.rows = entryRows(client, { ...wanted, payloads: false });
    this.elsewhere = elsewhere;
  }

  async next(): Promise<readonly PlacedHash[]> {
    const group = await this.rows.next();
    return group.done === true ? [] : group.value.map(({ index, leafHash }) => ({ at: index, hash: leafHash }));
  }

  async peek(at: number): Promise<string | null> {
    for await (const [row] of entryRows(this.elsewhere, { from: at, below: at + 1, payloads: false })) {
      return row?.leafHash ?? null;
    }
    return null;
  }

  async close(): Promise<void> {
    await this.rows.return(undefined);
  }
}

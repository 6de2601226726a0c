import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { encodeLeaf } from './core/leaf.js';
import { encodeEntryBundle } from './core/entry-bundle.js';
import { decodePartial, tileWidth } from './core/tiles.js';
import { hashLength } from './core/tree.js';
import { leafOf } from './read.js';

/**
 * Tiles and entry bundles of C2SP tlog-tiles, of the committed tree. Every head is signed in receipts, so a partial
 * tile of any size up to the head's is given, also once its tile is full.
 */
@Injectable()
export class TileReader {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The first `width` hashes of a tile; null when the tree has fewer there. */
  async hashes(level: number, index: number, width: number): Promise<Buffer | null> {
    // One statement sees one state: what is not in a full tile is in the head.
    const rows = await this.database.query<{ size: string | null; hashes: Buffer }>(
      `SELECT NULL AS size, hashes FROM log_tile WHERE level = $1 AND index = $2
       UNION ALL
       SELECT size, partial FROM log_head WHERE $3`,
      [level, index, width < tileWidth],
    );
    for (const { size, hashes } of rows) {
      const tile = size === null ? hashes : unfinishedTile(Number(size), hashes, level, index);
      if (tile !== null && tile.length >= width * hashLength) return tile.subarray(0, width * hashLength);
    }
    return null;
  }

  /** Leaf data of `width` entries from `256 * index`, as an entry bundle; null when the tree has fewer there. */
  async entries(index: number, width: number): Promise<Buffer | null> {
    const begin = index * tileWidth;
    const [head] = await this.database.query<{ size: string }>('SELECT size FROM log_head');
    if (begin + width > Number(head?.size ?? 0)) return null;
    const rows = await this.database.query<LeafRow>(
      `SELECT index, id, kind, source, occurred_at_ns, received_at, payload_hash FROM log_entry
       WHERE index >= $1 AND index < $2 ORDER BY index`,
      [begin, begin + width],
    );
    const missing = rows.findIndex((row, at) => Number(row.index) !== begin + at);
    if (missing >= 0 || rows.length !== width) {
      throw new Error(`entry ${begin + (missing >= 0 ? missing : rows.length)} is not there once; run segproof fsck`);
    }
    return encodeEntryBundle(rows.map((row) => encodeLeaf(leafOf(entryOf(row)))));
  }
}

interface LeafRow {
  readonly index: string;
  readonly id: string;
  readonly kind: string;
  readonly source: string;
  readonly occurred_at_ns: string;
  readonly received_at: Date;
  readonly payload_hash: Buffer;
}

function entryOf(row: LeafRow): Parameters<typeof leafOf>[0] {
  return {
    index: Number(row.index),
    id: row.id,
    kind: row.kind,
    source: row.source,
    occurredAtNs: BigInt(row.occurred_at_ns),
    receivedAt: row.received_at,
    payloadHash: row.payload_hash,
    salt: null,
    payload: null,
  };
}

/** The unfinished tile of a level from the head's `partial`, when it is the one asked for. */
function unfinishedTile(size: number, partial: Buffer, level: number, index: number): Buffer | null {
  if (Math.floor(size / tileWidth ** (level + 1)) !== index) return null;
  return decodePartial(partial)[level] ?? null;
}

import type { TileReader } from '../../src/log/core/proof.js';
import { appendLeaves, emptyTree, rootOf, tileWidth, type TreeState } from '../../src/log/core/tiles.js';

/** A tree whose full tiles are kept in memory, as the database keeps them for the log. */
export class TreeInMemory {
  private current: TreeState = emptyTree;
  readonly full = new Map<string, Buffer>();

  get state(): TreeState {
    return this.current;
  }

  get root(): Buffer {
    return rootOf(this.current);
  }

  append(leafHashes: readonly Buffer[]): void {
    const { state, full } = appendLeaves(this.current, Buffer.concat(leafHashes));
    this.current = state;
    for (const { level, index, hashes } of full) this.full.set(`${level}/${index}`, hashes);
  }

  /** Reads full tiles, and the unfinished one of each level. */
  readonly read: TileReader = ({ level, index }) => {
    const unfinished = Math.floor(this.current.size / tileWidth ** (level + 1));
    return index === unfinished ? this.current.partial[level] : this.full.get(`${level}/${index}`);
  };
}

import type { CompactRange } from '../core/compact-range.js';
import { foldComplete, tileHeight, tileWidth } from '../core/tiles.js';
import { hashLength } from '../core/tree.js';

/** A hash above the leaves: its tile level (1 and above) and its position in that level. */
export interface TreeNode {
  readonly level: number;
  readonly position: number;
  readonly hash: Buffer;
}

/** A node as computed that is not what is stored; `stored` is false when nothing is. */
export interface WrongNode {
  readonly level: number;
  readonly position: number;
  readonly stored: boolean;
}

/**
 * One belief about which leaf hashes are the true ones, and the tree that follows from it: `agreed` while stored hashes
 * and entries are the same; then `stored` takes the stored hashes, `entries` those of the entries, and `mixed` decides tile by tile
 * by the stored hash above it.
 */
export class Reading {
  readonly wrong: WrongNode[];
  /** Leaf hashes of the tile under way. */
  private readonly leaves: Buffer;
  private readonly whole: CompactRange;
  private tip: CompactRange | null;
  /** Hashes of the unfinished tiles of levels 1 and above. */
  private readonly upper: Buffer[][];

  private constructor(state: {
    leaves: Buffer;
    whole: CompactRange;
    tip: CompactRange | null;
    upper: Buffer[][];
    wrong: WrongNode[];
  }) {
    this.leaves = state.leaves;
    this.whole = state.whole;
    this.tip = state.tip;
    this.upper = state.upper;
    this.wrong = state.wrong;
  }

  /** From a tree of whole tiles; `upper[level]` has the hashes of the unfinished tile of that level, from level 1 on. */
  static from(whole: CompactRange, upper: readonly (readonly Buffer[])[]): Reading {
    return new Reading({
      leaves: Buffer.alloc(tileWidth * hashLength),
      whole,
      tip: null,
      upper: upper.map((hashes) => [...hashes]),
      wrong: [],
    });
  }

  clone(): Reading {
    return new Reading({
      leaves: Buffer.from(this.leaves),
      whole: this.whole.clone(),
      tip: this.tip?.clone() ?? null,
      upper: this.upper.map((hashes) => [...hashes]),
      wrong: [...this.wrong],
    });
  }

  /** Takes leaf hashes of the tile under way, `begin <= offset < end`, from a tile's worth of them. */
  take(begin: number, end: number, tile: Buffer): void {
    tile.copy(this.leaves, begin * hashLength, begin * hashLength, end * hashLength);
  }

  /** Root of the tree that ends `offset` leaves into the tile under way. */
  rootAt(offset: number): Buffer {
    if (offset === 0) return this.whole.root();
    this.tip ??= this.whole.clone();
    const done = this.tip.size - this.whole.size;
    this.tip.appendAll(this.leaves.subarray(done * hashLength, offset * hashLength));
    return this.tip.root();
  }

  /** The tree that ends `offset` leaves into the tile under way, as it stands in a head: unfinished tiles by level. */
  partialAt(offset: number): Buffer[] {
    const levels = [Buffer.from(this.leaves.subarray(0, offset * hashLength))];
    for (const hashes of this.upper.slice(1)) levels.push(Buffer.concat(hashes));
    return levels;
  }

  /** Ends a full tile; returns the hashes above the leaves that became known. */
  complete(): TreeNode[] {
    let hash = Buffer.from(foldComplete(this.leaves));
    let position = this.whole.size / tileWidth;
    this.whole.appendSubtree(hash, tileHeight);
    this.tip = null;
    const nodes: TreeNode[] = [];
    for (let level = 1; ; level++) {
      nodes.push({ level, position, hash });
      const hashes = (this.upper[level] ??= []);
      hashes.push(hash);
      if (hashes.length < tileWidth) break;
      hash = Buffer.from(foldComplete(Buffer.concat(hashes)));
      this.upper[level] = [];
      position = Math.floor(position / tileWidth);
    }
    return nodes;
  }
}

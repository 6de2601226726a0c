import { CompactRange } from '../core/compact-range.js';
import { foldComplete, tileHeight, tileWidth } from '../core/tiles.js';
import { Reading } from './reading.js';
import type { StoredTree } from './stored-tree.js';

/** The empty log. */
export function readingFromNothing(): Reading {
  return Reading.from(CompactRange.empty(), []);
}

/**
 * The tree of the whole tiles below `size`, from the stored hashes above the leaves; null when one of them is gone.
 * Nothing vouches for it but its root.
 */
export async function readingFromTiles(tree: StoredTree, size: number): Promise<Reading | null> {
  const tiles = Math.floor(size / tileWidth);
  const peaks: Buffer[] = [];
  const upper: Buffer[][] = [[]];
  for (let level = 1, count = tiles; count > 0; level++, count = Math.floor(count / tileWidth)) {
    const hashes: Buffer[] = [];
    for (let position = count - (count % tileWidth); position < count; position++) {
      const hash = await tree.node(level, position);
      if (hash === null) return null;
      hashes.push(hash);
    }
    upper[level] = hashes;
    peaks.unshift(...peaksOf(hashes));
  }
  return Reading.from(CompactRange.of(tiles * 2 ** tileHeight, peaks), upper);
}

/** Roots of the largest complete subtrees over the hashes of an unfinished tile, left to right. */
function peaksOf(hashes: readonly Buffer[]): Buffer[] {
  const peaks: Buffer[] = [];
  let begin = 0;
  for (let width = tileWidth / 2; width >= 1; width /= 2) {
    if ((hashes.length & width) === 0) continue;
    peaks.push(Buffer.from(foldComplete(Buffer.concat(hashes.slice(begin, begin + width)))));
    begin += width;
  }
  return peaks;
}

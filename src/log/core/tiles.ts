import { emptyRoot, hashLength, hashNode, hashPairs } from './tree.js';

/**
 * The tree in tiles of 256 hashes (C2SP tlog-tiles). A hash at tile level L is the root of a
 * complete subtree of 256^L leaves; a full tile at level L is one hash at level L + 1.
 */

export const tileWidth = 256;
export const tileHeight = 8;

export interface Tile {
  readonly level: number;
  readonly index: number;
  /** 256 hashes of 32 bytes. */
  readonly hashes: Buffer;
}

/**
 * What is needed to append and to compute the root: the size, and for each tile level the hashes
 * of the tile that is not full yet (fewer than 256; `partial[0]` belongs to the leaves).
 */
export interface TreeState {
  readonly size: number;
  readonly partial: readonly Buffer[];
}

export const emptyTree: TreeState = { size: 0, partial: [] };

/** Thrown when stored tree state contradicts itself; the log must not be written any further. */
export class TreeStateError extends Error {
  override readonly name = 'TreeStateError';
}

/** Root of a complete subtree given its 2^k consecutive hashes. */
export function foldComplete(hashes: Buffer): Buffer {
  let level = hashes;
  while (level.length > hashLength) level = hashPairs(level);
  return level;
}

/**
 * Adds leaf hashes (concatenated, 32 bytes each) and returns the new state with the tiles that
 * became full, lowest level first. The given state is not changed.
 */
export function appendLeaves(state: TreeState, leafHashes: Buffer): { state: TreeState; full: Tile[] } {
  const added = leafHashes.length / hashLength;
  if (!Number.isInteger(added)) {
    throw new TreeStateError(`leaf hashes must come as multiples of 32 bytes, got ${leafHashes.length} bytes`);
  }
  const full: Tile[] = [];
  const partial: Buffer[] = [];
  let incoming = leafHashes;
  for (let level = 0; incoming.length > 0 || level < state.partial.length; level++) {
    const pending = state.partial[level] ?? Buffer.alloc(0);
    if (incoming.length === 0) {
      partial.push(pending);
      continue;
    }
    const firstTile = Math.floor(state.size / tileWidth ** (level + 1));
    const all = pending.length === 0 ? incoming : Buffer.concat([pending, incoming]);
    const tileBytes = tileWidth * hashLength;
    const tiles = Math.floor(all.length / tileBytes);
    const parents = Buffer.allocUnsafe(tiles * hashLength);
    for (let t = 0; t < tiles; t++) {
      const hashes = all.subarray(t * tileBytes, (t + 1) * tileBytes);
      full.push({ level, index: firstTile + t, hashes });
      parents.set(foldComplete(hashes), t * hashLength);
    }
    // Copied, so that the state does not keep the whole batch alive.
    partial.push(Buffer.from(all.subarray(tiles * tileBytes)));
    incoming = parents;
  }
  return { state: { size: state.size + added, partial }, full };
}

/** Merkle tree hash of all entries. */
export function rootOf(state: TreeState): Buffer {
  let root: Buffer | null = null;
  for (const hashes of state.partial) {
    for (const peak of peaksOf(hashes)) root = root === null ? peak : hashNode(peak, root);
  }
  return root ?? emptyRoot;
}

/** Peaks of partial tiles seen before: those above the leaves stay the same for many appends. */
const knownPeaks = new WeakMap<Buffer, readonly Buffer[]>();

/** Roots of the complete subtrees in a partial tile, right to left: the set bits of its hash count, lowest first. */
function peaksOf(hashes: Buffer): readonly Buffer[] {
  const known = knownPeaks.get(hashes);
  if (known !== undefined) return known;
  const peaks: Buffer[] = [];
  let end = hashes.length / hashLength;
  while (end > 0) {
    const width = end & -end;
    peaks.push(foldComplete(hashes.subarray((end - width) * hashLength, end * hashLength)));
    end -= width;
  }
  knownPeaks.set(hashes, peaks);
  return peaks;
}

/**
 * Checks that the partial tiles have the lengths that `size` demands.
 * @throws TreeStateError
 */
export function assertTreeState(state: TreeState): void {
  let count = state.size;
  for (let level = 0; count > 0 || level < state.partial.length; level++) {
    const want = count % tileWidth;
    const have = (state.partial[level]?.length ?? 0) / hashLength;
    if (want !== have) {
      throw new TreeStateError(
        `a tree of ${state.size} entries needs ${want} hashes in its unfinished tile at level ${level}, found ${have}`,
      );
    }
    count = Math.floor(count / tileWidth);
  }
}

/** Partial tiles as one byte string: per level a length byte and the hashes. */
export function encodePartial(partial: readonly Buffer[]): Buffer {
  const parts: Buffer[] = [];
  for (const hashes of partial) parts.push(Buffer.from([hashes.length / hashLength]), hashes);
  return Buffer.concat(parts);
}

/**
 * Inverse of {@link encodePartial}.
 * @throws TreeStateError when the bytes are cut short.
 */
export function decodePartial(bytes: Buffer): Buffer[] {
  const partial: Buffer[] = [];
  for (let at = 0; at < bytes.length;) {
    const length = (bytes[at] ?? 0) * hashLength;
    const end = at + 1 + length;
    if (end > bytes.length) throw new TreeStateError(`partial tiles are cut short at byte ${at} of ${bytes.length}`);
    partial.push(bytes.subarray(at + 1, end));
    at = end;
  }
  return partial;
}

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
      const subtrees = t === 0 ? knownSubtrees.get(pending) : undefined;
      parents.set(subtrees === undefined ? foldComplete(hashes) : foldOnto(hashes, subtrees), t * hashLength);
    }
    // Copied, so that the state does not keep the whole batch alive.
    const rest = Buffer.from(all.subarray(tiles * tileBytes));
    partial.push(rest);
    findSubtrees(rest, tiles === 0 ? knownSubtrees.get(pending) : undefined);
    incoming = parents;
  }
  return { state: { size: state.size + added, partial }, full };
}

/** Merkle tree hash of all entries. */
export function rootOf(state: TreeState): Buffer {
  let root: Buffer | null = null;
  for (const hashes of state.partial) {
    const subtrees = knownSubtrees.get(hashes) ?? findSubtrees(hashes, undefined);
    for (let at = subtrees.length - 1; at >= 0; at--) {
      const subtree = subtrees[at];
      if (subtree !== undefined) root = root === null ? subtree.root : hashNode(subtree.root, root);
    }
  }
  return root ?? emptyRoot;
}

/** A complete subtree in an unfinished tile. */
interface Subtree {
  /** Place of its first hash in the tile. */
  readonly begin: number;
  readonly width: number;
  readonly root: Buffer;
}

/**
 * The largest complete subtrees of unfinished tiles, left to right: one for each bit that is set in the number of hashes. An
 * append takes over those of the tile it goes on filling, so that each node is hashed once and not with every append again.
 */
const knownSubtrees = new WeakMap<Buffer, readonly Subtree[]>();

function findSubtrees(hashes: Buffer, before: readonly Subtree[] | undefined): readonly Subtree[] {
  const found: Subtree[] = [];
  const count = hashes.length / hashLength;
  let begin = 0;
  for (let width = tileWidth / 2; width >= 1; width /= 2) {
    if ((count & width) === 0) continue;
    found.push({ begin, width, root: subtreeRoot(hashes, { begin, width }, before) });
    begin += width;
  }
  knownSubtrees.set(hashes, found);
  return found;
}

/** Root of a full tile of which some subtrees are known. */
function foldOnto(hashes: Buffer, known: readonly Subtree[]): Buffer {
  return subtreeRoot(hashes, { begin: 0, width: tileWidth }, known);
}

function subtreeRoot(
  hashes: Buffer,
  { begin, width }: Pick<Subtree, 'begin' | 'width'>,
  known: readonly Subtree[] | undefined,
): Buffer {
  const covering = known?.find((subtree) => subtree.begin < begin + width && begin < subtree.begin + subtree.width);
  if (covering === undefined) {
    // Copied: a view would keep the whole batch alive.
    return Buffer.from(foldComplete(hashes.subarray(begin * hashLength, (begin + width) * hashLength)));
  }
  if (covering.begin === begin && covering.width === width) return covering.root;
  const half = width / 2;
  return hashNode(
    subtreeRoot(hashes, { begin, width: half }, known),
    subtreeRoot(hashes, { begin: begin + half, width: half }, known),
  );
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

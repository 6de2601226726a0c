import { foldComplete, tileHeight, tileWidth } from './tiles.js';
import { emptyRoot, hashLength, hashNode, splitPoint } from './tree.js';

/**
 * Inclusion and consistency proofs of RFC 6962 section 2.1.1 and 2.1.2 (RFC 9162 section 2.1.3
 * and 2.1.4): how they are made from tiles, and how they are verified.
 */

/** The proof does not show what it claims, or is malformed. */
export class ProofError extends Error {
  override readonly name = 'ProofError';
}

/** A half-open range of leaves whose Merkle tree hash is wanted. */
export interface LeafRange {
  readonly begin: number;
  readonly end: number;
}

/** Ranges whose hashes, in order, are the inclusion proof of leaf `index` in a tree of `size`; requires 0 <= index < size. */
export function inclusionRanges(index: number, size: number): LeafRange[] {
  if (!(index >= 0 && index < size)) {
    throw new ProofError(`an inclusion proof needs 0 <= index < size, got index ${index} and size ${size}`);
  }
  const path: LeafRange[] = [];
  let begin = 0;
  let end = size;
  while (end - begin > 1) {
    const middle = begin + splitPoint(end - begin);
    if (index < middle) {
      path.push({ begin: middle, end });
      end = middle;
    } else {
      path.push({ begin, end: middle });
      begin = middle;
    }
  }
  return path.reverse();
}

/** Ranges of the consistency proof between sizes `first` and `second`; requires 0 < first <= second. */
export function consistencyRanges(first: number, second: number): LeafRange[] {
  if (!(first > 0 && first <= second)) {
    throw new ProofError(`a consistency proof needs 0 < first <= second, got ${first} and ${second}`);
  }
  const path: LeafRange[] = [];
  let begin = 0;
  let end = second;
  while (first !== end) {
    const middle = begin + splitPoint(end - begin);
    if (first <= middle) {
      path.push({ begin: middle, end });
      end = middle;
    } else {
      path.push({ begin, end: middle });
      begin = middle;
    }
  }
  // The first tree's own hash is known to the verifier when it is a complete left part.
  if (begin !== 0) path.push({ begin, end });
  return path.reverse();
}

/** Address of a tile: full tiles by number, partial ones by the number they will have. */
export interface TileAddress {
  readonly level: number;
  readonly index: number;
}

/** Hashes of a tile (complete or partial), or undefined when the reader lacks it. */
export type TileReader = (address: TileAddress) => Buffer | undefined;

/** The complete subtrees that make up a range, left to right, as height and index at that height. */
function subtrees(range: LeafRange): { height: number; index: number }[] {
  const found: { height: number; index: number }[] = [];
  let begin = range.begin;
  while (begin < range.end) {
    let height = 0;
    let width = 1;
    while (begin % (width * 2) === 0 && begin + width * 2 <= range.end) {
      width *= 2;
      height++;
    }
    found.push({ height, index: begin / width });
    begin += width;
  }
  return found;
}

function addressOf(node: { height: number; index: number }): TileAddress & { offset: number; count: number } {
  const level = Math.floor(node.height / tileHeight);
  const count = 2 ** (node.height % tileHeight);
  const first = node.index * count;
  return { level, index: Math.floor(first / tileWidth), offset: first % tileWidth, count };
}

/** Tiles a reader must hold to hash the given ranges. */
export function tilesFor(ranges: readonly LeafRange[]): TileAddress[] {
  const wanted = new Map<string, TileAddress>();
  for (const range of ranges) {
    for (const node of subtrees(range)) {
      const { level, index } = addressOf(node);
      wanted.set(`${level}/${index}`, { level, index });
    }
  }
  return [...wanted.values()];
}

/**
 * Merkle tree hash of a range of leaves, read from tiles. The range must be one that occurs in a
 * proof: its subtrees join from the right.
 * @throws ProofError when a tile is missing or too short.
 */
export function hashRange(range: LeafRange, read: TileReader): Buffer {
  let root: Buffer | null = null;
  for (const node of subtrees(range).reverse()) {
    const { level, index, offset, count } = addressOf(node);
    const tile = read({ level, index });
    const end = (offset + count) * hashLength;
    if (tile === undefined || tile.length < end) {
      throw new ProofError(`tile ${index} at level ${level} is missing or shorter than ${offset + count} hashes`);
    }
    const hash = foldComplete(tile.subarray(offset * hashLength, end));
    root = root === null ? hash : hashNode(hash, root);
  }
  if (root === null) throw new ProofError('an empty range of leaves has no place in a proof');
  return Buffer.from(root);
}

/**
 * Hashes ranges as {@link hashRange} does, and remembers every node on the way: many proofs of one tree share most
 * of theirs.
 */
export function rangeHasher(read: TileReader): (range: LeafRange) => Buffer {
  const nodes = new Map<number, Buffer>();
  const node = (height: number, index: number): Buffer => {
    // Heights stay below 64, so the key is unique and, up to 2^47 entries, exact.
    const key = index * 64 + height;
    let hash = nodes.get(key);
    if (hash === undefined) {
      hash =
        height % tileHeight === 0
          ? hashRange({ begin: index * 2 ** height, end: (index + 1) * 2 ** height }, read)
          : hashNode(node(height - 1, 2 * index), node(height - 1, 2 * index + 1));
      nodes.set(key, hash);
    }
    return hash;
  };
  return (range) => {
    let root: Buffer | null = null;
    for (const { height, index } of subtrees(range).reverse()) {
      const hash = node(height, index);
      root = root === null ? hash : hashNode(hash, root);
    }
    if (root === null) throw new ProofError('an empty range of leaves has no place in a proof');
    return root;
  };
}

/** Inclusion proof of leaf `index` in the tree of `size`, from tiles. */
export function inclusionProof(index: number, size: number, read: TileReader): Buffer[] {
  return inclusionRanges(index, size).map(rangeHasher(read));
}

/** Consistency proof between two sizes, from tiles. */
export function consistencyProof(first: number, second: number, read: TileReader): Buffer[] {
  return consistencyRanges(first, second).map(rangeHasher(read));
}

function assertHashes(proof: readonly Uint8Array[]): void {
  for (const hash of proof) {
    if (hash.length !== hashLength) throw new ProofError(`proof hashes are 32 bytes, got one of ${hash.length}`);
  }
}

/**
 * Verifies that `leafHash` is entry `index` of the tree with `size` entries and `root`
 * (RFC 9162 section 2.1.3.2). All values may come from an attacker.
 * @throws ProofError
 */
export function verifyInclusion(claim: {
  readonly index: number;
  readonly size: number;
  readonly leafHash: Uint8Array;
  readonly proof: readonly Uint8Array[];
  readonly root: Uint8Array;
}): void {
  const { index, size } = claim;
  if (!Number.isSafeInteger(index) || !Number.isSafeInteger(size) || index < 0 || index >= size) {
    throw new ProofError(`an inclusion proof needs 0 <= index < size, got index ${index} and size ${size}`);
  }
  assertHashes([claim.leafHash, claim.root, ...claim.proof]);
  let node = index;
  let last = size - 1;
  let hash: Uint8Array = claim.leafHash;
  for (const sibling of claim.proof) {
    if (last === 0) throw new ProofError('the inclusion proof is longer than the tree is high');
    if (node % 2 === 1 || node === last) {
      hash = hashNode(sibling, hash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      hash = hashNode(hash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new ProofError('the inclusion proof is shorter than the tree is high');
  if (!Buffer.from(hash).equals(claim.root)) {
    throw new ProofError(`the inclusion proof of entry ${index} leads to another root than that of size ${size}`);
  }
}

/**
 * Verifies that the tree of size `first` is a prefix of the tree of size `second`
 * (RFC 9162 section 2.1.4.2). All values may come from an attacker.
 * @throws ProofError
 */
export function verifyConsistency(claim: {
  readonly first: number;
  readonly second: number;
  readonly firstRoot: Uint8Array;
  readonly secondRoot: Uint8Array;
  readonly proof: readonly Uint8Array[];
}): void {
  const { first, second } = claim;
  if (!Number.isSafeInteger(first) || !Number.isSafeInteger(second) || first < 0 || first > second) {
    throw new ProofError(`a consistency proof needs 0 <= first <= second, got ${first} and ${second}`);
  }
  assertHashes([claim.firstRoot, claim.secondRoot, ...claim.proof]);
  const firstRoot = Buffer.from(claim.firstRoot);
  if (first === 0) {
    if (claim.proof.length !== 0) throw new ProofError('consistency with the empty tree takes no hashes');
    const empty = second === 0 ? [firstRoot, Buffer.from(claim.secondRoot)] : [firstRoot];
    if (!empty.every((root) => root.equals(emptyRoot))) {
      throw new ProofError('the root given for size 0 is not that of the empty tree');
    }
    return;
  }
  if (first === second) {
    if (claim.proof.length !== 0) throw new ProofError('consistency of a tree with itself takes no hashes');
    if (!firstRoot.equals(claim.secondRoot)) throw new ProofError(`two roots for the same size ${first}`);
    return;
  }
  const isPowerOfTwo = 2 ** Math.round(Math.log2(first)) === first;
  const path: Uint8Array[] = isPowerOfTwo ? [claim.firstRoot, ...claim.proof] : [...claim.proof];
  let node = first - 1;
  let last = second - 1;
  while (node % 2 === 1) {
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  const start = path.shift();
  if (start === undefined) throw new ProofError('the consistency proof is empty');
  let firstHash: Uint8Array = start;
  let secondHash: Uint8Array = start;
  for (const sibling of path) {
    if (last === 0) throw new ProofError('the consistency proof is longer than the tree is high');
    if (node % 2 === 1 || node === last) {
      firstHash = hashNode(sibling, firstHash);
      secondHash = hashNode(sibling, secondHash);
      while (node % 2 === 0 && node !== 0) {
        node /= 2;
        last = Math.floor(last / 2);
      }
    } else {
      secondHash = hashNode(secondHash, sibling);
    }
    node = Math.floor(node / 2);
    last = Math.floor(last / 2);
  }
  if (last !== 0) throw new ProofError('the consistency proof is shorter than the tree is high');
  if (!firstRoot.equals(firstHash))
    throw new ProofError(`the consistency proof does not lead to the root of size ${first}`);
  if (!Buffer.from(claim.secondRoot).equals(secondHash)) {
    throw new ProofError(`the consistency proof does not lead to the root of size ${second}`);
  }
}

import { hash } from 'node:crypto';

/**
 * Merkle tree hashing of RFC 6962 section 2.1 (RFC 9162 section 2.1.1): SHA-256 with the
 * domain-separating prefixes 0x00 for leaves and 0x01 for inner nodes.
 */

export const hashLength = 32;

/** Root of the tree without entries: the hash of the empty string. */
export const emptyRoot: Buffer = hash('sha256', '', 'buffer');

const nodeInput = Buffer.alloc(1 + 2 * hashLength);
nodeInput[0] = 0x01;

/** Hash of a leaf whose data is `data`. */
export function hashLeaf(data: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + data.length);
  input[0] = 0x00;
  input.set(data, 1);
  return hash('sha256', input, 'buffer');
}

/** Hash of an inner node; both children MUST be 32 bytes. */
export function hashNode(left: Uint8Array, right: Uint8Array): Buffer {
  // The input buffer is reused: hashing is synchronous and never re-entered.
  nodeInput.set(left, 1);
  nodeInput.set(right, 1 + hashLength);
  return hash('sha256', nodeInput, 'buffer');
}

/**
 * Replaces 2n hashes by their n parents, in a buffer of their own. Written for speed: the parents of a large batch
 * come as text of one byte a character, which costs less than a Buffer each.
 */
export function hashPairs(level: Uint8Array): Buffer {
  const parents = Buffer.allocUnsafe(level.length / 2);
  for (let at = 0; at < parents.length; at += hashLength) {
    nodeInput.set(level.subarray(2 * at, 2 * at + 2 * hashLength), 1);
    parents.write(hash('sha256', nodeInput, 'binary'), at, hashLength, 'latin1');
  }
  return parents;
}

/** Largest power of two strictly below `n`; requires n >= 2. */
export function splitPoint(n: number): number {
  let k = 1;
  while (k * 2 < n) k *= 2;
  return k;
}

import { createHash } from 'node:crypto';

/**
 * The Merkle tree of RFC 6962 section 2.1, written from its recursive definitions: slow and obvious, for the log's tree
 * to be compared with. It shares no code with the log.
 */
export class ReferenceTree {
  private readonly leafHashes: readonly Uint8Array[];
  private readonly known = new Map<string, Buffer>();

  constructor(leafHashes: readonly Uint8Array[]) {
    this.leafHashes = leafHashes;
  }

  /** MTH(D[0:size]). */
  root(size: number): Buffer {
    return this.hash(0, size);
  }

  /** PATH(index, D[0:size]). */
  path(index: number, size: number): Buffer[] {
    return this.pathIn(index, 0, size);
  }

  /** PROOF(first, D[0:second]). */
  proof(first: number, second: number): Buffer[] {
    return this.subproof(first, 0, second, true);
  }

  /** MTH(D[begin:end]). */
  hash(begin: number, end: number): Buffer {
    const size = end - begin;
    if (size === 0) return sha256();
    if (size === 1) return Buffer.from(this.leafHashes[begin] ?? []);
    const name = `${begin}-${end}`;
    const known = this.known.get(name);
    if (known !== undefined) return known;
    const middle = begin + largestPowerOfTwoBelow(size);
    const hash = sha256(Buffer.of(1), this.hash(begin, middle), this.hash(middle, end));
    this.known.set(name, hash);
    return hash;
  }

  private pathIn(index: number, begin: number, end: number): Buffer[] {
    const size = end - begin;
    if (size === 1) return [];
    const middle = begin + largestPowerOfTwoBelow(size);
    return index < middle - begin
      ? [...this.pathIn(index, begin, middle), this.hash(middle, end)]
      : [...this.pathIn(index - (middle - begin), middle, end), this.hash(begin, middle)];
  }

  private subproof(first: number, begin: number, end: number, complete: boolean): Buffer[] {
    const size = end - begin;
    if (first === size) return complete ? [] : [this.hash(begin, end)];
    const middle = begin + largestPowerOfTwoBelow(size);
    return first <= middle - begin
      ? [...this.subproof(first, begin, middle, complete), this.hash(middle, end)]
      : [...this.subproof(first - (middle - begin), middle, end, false), this.hash(begin, middle)];
  }
}

/** Leaf hash of RFC 6962: SHA-256(0x00 || data). */
export function referenceLeafHash(data: Uint8Array): Buffer {
  return sha256(Buffer.of(0), data);
}

/** Leaf hashes of `size` different leaves, whose data is their index in decimal. */
export function numberedLeafHashes(size: number): Buffer[] {
  return Array.from({ length: size }, (_, index) => referenceLeafHash(Buffer.from(String(index))));
}

function largestPowerOfTwoBelow(size: number): number {
  let power = 1;
  while (power * 2 < size) power *= 2;
  return power;
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

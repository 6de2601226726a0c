import { hash } from 'node:crypto';

/**
 * The left edge of a Merkle tree (RFC 6962 section 2.1) as the roots of its largest complete subtrees: all that is needed
 * to append and to compute the root. It is the second path to a root: it shares no code with the tiles, which are the
 * first, so that a fault in one of them shows before anything is signed.
 */
export class CompactRange {
  private count: number;
  /** Hashes as text of one byte a character, largest subtree first: one for each bit that is set in the size. */
  private readonly peaks: string[];

  private constructor(count: number, peaks: string[]) {
    this.count = count;
    this.peaks = peaks;
  }

  /** The tree without entries. */
  static empty(): CompactRange {
    return new CompactRange(0, []);
  }

  /**
   * The tree of `size` entries with these roots of its complete subtrees, largest first (32 bytes each).
   * @throws RangeError when their number does not fit the size.
   */
  static of(size: number, peaks: readonly Uint8Array[]): CompactRange {
    const wanted = setBits(size);
    if (peaks.length !== wanted || peaks.some((peak) => peak.length !== hashLength)) {
      throw new RangeError(`a tree of ${size} entries has ${wanted} complete subtrees, got ${peaks.length} hashes`);
    }
    return new CompactRange(
      size,
      peaks.map((peak) => byteText(peak)),
    );
  }

  /** Number of entries. */
  get size(): number {
    return this.count;
  }

  /** Adds the hash of the next leaf, 32 bytes. */
  append(leafHash: Uint8Array): void {
    this.appendSubtree(leafHash, 0);
  }

  /** Adds leaf hashes (concatenated, 32 bytes each), in order. */
  appendAll(leafHashes: Buffer): void {
    for (let at = 0; at < leafHashes.length; at += hashLength) {
      this.push(leafHashes.toString('latin1', at, at + hashLength), 1);
    }
  }

  /** Adds the root of a complete subtree of `2^height` leaves; the size MUST be a multiple of that. */
  appendSubtree(root: Uint8Array, height: number): void {
    const leaves = 2 ** height;
    if (this.count % leaves !== 0 || root.length !== hashLength) {
      throw new RangeError(`a subtree of ${leaves} leaves and a 32-byte root does not fit a tree of ${this.count}`);
    }
    this.push(byteText(root), leaves);
  }

  /** Merkle tree hash of all entries. */
  root(): Buffer {
    let root: string | undefined;
    for (let at = this.peaks.length - 1; at >= 0; at--) {
      const peak = this.peaks[at] ?? '';
      root = root === undefined ? peak : hashChildren(peak, root);
    }
    return root === undefined ? hash('sha256', '', 'buffer') : Buffer.from(root, 'latin1');
  }

  /** A copy that grows by itself. */
  clone(): CompactRange {
    return new CompactRange(this.count, [...this.peaks]);
  }

  private push(root: string, leaves: number): void {
    let joined = root;
    // Each subtree of this size that stands complete already is the left sibling of what was added.
    for (let pairs = this.count / leaves; pairs % 2 === 1; pairs = (pairs - 1) / 2) {
      joined = hashChildren(this.peaks.pop() ?? '', joined);
    }
    this.peaks.push(joined);
    this.count += leaves;
  }
}

const hashLength = 32;
const nodePrefix = 0x01;
const children = Buffer.alloc(1 + 2 * hashLength);
children[0] = nodePrefix;

function hashChildren(left: string, right: string): string {
  // The input buffer is reused: hashing is synchronous and never re-entered.
  children.write(left, 1, 'latin1');
  children.write(right, 1 + hashLength, 'latin1');
  return hash('sha256', children, 'binary');
}

function byteText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

function setBits(size: number): number {
  let bits = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) bits += rest % 2;
  return bits;
}

/**
 * Entry bundles of C2SP tlog-tiles: the leaf data of up to 256 consecutive entries, each behind its length as a
 * big-endian 16-bit number.
 */

/** Longest leaf data that a bundle can hold, in bytes. */
export const longestLeaf = 0xffff;

const lengthBytes = 2;

/** Leaf data does not fit a bundle, or bytes are no bundle. */
export class EntryBundleError extends Error {
  override readonly name = 'EntryBundleError';
}

/** @throws EntryBundleError when a leaf is longer than {@link longestLeaf}. */
export function encodeEntryBundle(leaves: readonly Uint8Array[]): Buffer {
  const bundle = Buffer.allocUnsafe(leaves.reduce((sum, leaf) => sum + lengthBytes + leaf.length, 0));
  let at = 0;
  for (const leaf of leaves) {
    if (leaf.length > longestLeaf) {
      throw new EntryBundleError(`leaf data has at most ${longestLeaf} bytes, got ${leaf.length}`);
    }
    at = bundle.writeUInt16BE(leaf.length, at);
    bundle.set(leaf, at);
    at += leaf.length;
  }
  return bundle;
}

/** Leaf data in order. @throws EntryBundleError when the bytes are cut short. */
export function decodeEntryBundle(bundle: Buffer): Buffer[] {
  const leaves: Buffer[] = [];
  for (let at = 0; at < bundle.length;) {
    const begin = at + lengthBytes;
    const end = begin + (begin <= bundle.length ? bundle.readUInt16BE(at) : 0);
    if (end > bundle.length || begin > bundle.length) {
      throw new EntryBundleError(`the entry bundle is cut short at byte ${at} of ${bundle.length}`);
    }
    leaves.push(bundle.subarray(begin, end));
    at = end;
  }
  return leaves;
}

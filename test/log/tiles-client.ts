import { createHash } from 'node:crypto';
import { GrowingTree, leafHash, type SignedHead } from '../independent-verifier/verifier.js';

/*
 * A reader of tiled logs written from C2SP tlog-tiles alone: it shares no code with the product. Given a signed head
 * and a way to fetch paths below the log's prefix, it rebuilds the tree twice and finds every contradiction.
 */

/** Bytes of a resource; null when the log has none there. */
export type FetchTile = (path: string) => Promise<Buffer | null>;

function sha256(...parts: Buffer[]): Buffer {
  const digest = createHash('sha256');
  for (const part of parts) digest.update(part);
  return digest.digest();
}

/** Path element by element as the specification describes it. */
function indexPath(index: number): string {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  const groups = padded.match(/\d{3}/gu) ?? [];
  return groups.map((group, at) => (at < groups.length - 1 ? `x${group}` : group)).join('/');
}

function path(level: number | 'entries', index: number, width: number): string {
  return `tile/${level}/${indexPath(index)}${width === 256 ? '' : `.p/${width}`}`;
}

async function fetchHashes(fetchTile: FetchTile, level: number, index: number, width: number): Promise<Buffer[]> {
  const bytes = await fetchTile(path(level, index, width));
  if (bytes?.length !== width * 32) {
    throw new Error(`${path(level, index, width)}: expected ${width * 32} bytes, got ${bytes?.length ?? 'nothing'}`);
  }
  return Array.from({ length: width }, (_, at) => bytes.subarray(at * 32, at * 32 + 32));
}

function entriesOf(bundle: Buffer): Buffer[] {
  const entries: Buffer[] = [];
  let rest = bundle;
  while (rest.length > 0) {
    const length = rest.readUInt16BE(0);
    if (rest.length < 2 + length) throw new Error('the bundle is cut short');
    entries.push(rest.subarray(2, 2 + length));
    rest = rest.subarray(2 + length);
  }
  return entries;
}

/** Root of consecutive hashes that are a complete binary tree. */
function fold(hashes: readonly Buffer[]): Buffer {
  if (hashes.length === 1) return hashes[0] ?? Buffer.alloc(0);
  const half = hashes.length / 2;
  return sha256(Buffer.of(1), fold(hashes.slice(0, half)), fold(hashes.slice(half)));
}

/** Merkle tree hash of hashes standing for complete subtrees of one size, by the largest power of two on the left. */
function treeHash(hashes: readonly Buffer[]): Buffer {
  if (hashes.length <= 1) return hashes[0] ?? sha256();
  let left = 1;
  while (left * 2 < hashes.length) left *= 2;
  return sha256(Buffer.of(1), treeHash(hashes.slice(0, left)), treeHash(hashes.slice(left)));
}

/** Reads the whole log below a head: leaf data in order. Throws at the first thing that does not fit. */
export async function readWholeLog(fetchTile: FetchTile, head: SignedHead): Promise<Buffer[]> {
  const size = Number(head.size);
  const entries: Buffer[] = [];
  const tree = new GrowingTree();
  let below: Buffer[] = [];
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / 256)) {
    const hashes: Buffer[] = [];
    for (let index = 0; index * 256 < count; index++) {
      const width = Math.min(256, count - index * 256);
      hashes.push(...(await fetchHashes(fetchTile, level, index, width)));
      if (level === 0) entries.push(...entriesOf((await fetchTile(path('entries', index, width))) ?? Buffer.alloc(0)));
    }
    if (level === 0) {
      if (entries.length !== size) throw new Error(`expected ${size} entries, got ${entries.length}`);
      entries.forEach((entry, at) => {
        if (!leafHash(entry).equals(hashes[at] ?? Buffer.alloc(0))) throw new Error(`entry ${at} is not in its tile`);
        tree.add(leafHash(entry));
      });
    } else {
      hashes.forEach((hash, at) => {
        const full = below.slice(at * 256, at * 256 + 256);
        if (full.length !== 256 || !fold(full).equals(hash)) throw new Error(`hash ${at} of level ${level} is wrong`);
      });
    }
    below = hashes;
  }
  if (!tree.root().equals(head.root)) throw new Error('the entries give another root than the checkpoint');
  const fromTiles = await rootFromUnfinishedTiles(fetchTile, size);
  if (!fromTiles.equals(head.root)) throw new Error('the tiles give another root than the checkpoint');
  return entries;
}

/** The root from the right edge alone: per level the hashes that are in no full tile. */
async function rootFromUnfinishedTiles(fetchTile: FetchTile, size: number): Promise<Buffer> {
  let right: Buffer | null = null;
  for (let level = 0, count = size; count > 0; level++, count = Math.floor(count / 256)) {
    const width = count % 256;
    if (width === 0) continue;
    const hashes = await fetchHashes(fetchTile, level, Math.floor(count / 256), width);
    // Largest complete subtrees from the left; each is the left side of what comes after it.
    const peaks: Buffer[] = [];
    for (let at = 0; at < width;) {
      let complete = 1;
      while (complete * 2 <= width - at) complete *= 2;
      peaks.push(treeHash(hashes.slice(at, at + complete)));
      at += complete;
    }
    for (const peak of peaks.reverse()) right = right === null ? peak : sha256(Buffer.of(1), peak, right);
  }
  return right ?? sha256();
}

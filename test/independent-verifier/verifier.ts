import { createHash, createPublicKey, verify, type KeyObject } from 'node:crypto';

/*
 * A second verifier of what the log gives out, written from the specifications alone (C2SP signed-note and
 * tlog-checkpoint, RFC 6962 section 2.1). It shares no code with the product: where the two disagree, one is wrong.
 */

export class Refused extends Error {
  override readonly name = 'Refused';
}

export interface PublicKey {
  readonly name: string;
  readonly id: Buffer;
  readonly key: KeyObject;
}

export interface SignedHead {
  readonly origin: string;
  readonly size: bigint;
  readonly root: Buffer;
}

/** Reads `name+id+key`, where id is the start of SHA-256(name, newline, type and key) and the key is Ed25519. */
export function readPublicKey(text: string): PublicKey {
  const [name = '', id = '', ...rest] = text.split('+');
  const typed = strictBase64(rest.join('+'));
  if (typed.length !== 33 || typed[0] !== 1) throw new Refused('not an Ed25519 verifier key');
  const computed = sha256(Buffer.from(`${name}\n`), typed).subarray(0, 4);
  if (computed.toString('hex') !== id) throw new Refused('the key id is not that of the key');
  const x = typed.subarray(1).toString('base64url');
  return { name, id: computed, key: createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }) };
}

/** Text of a note that this key has signed. */
export function readNote(note: Buffer, signer: PublicKey): string {
  const end = note.lastIndexOf('\n\n');
  if (end < 0 || note.at(-1) !== 0x0a) throw new Refused('not a signed note');
  if (note.some((byte) => byte < 0x20 && byte !== 0x0a)) throw new Refused('a control character in the note');
  const text = note.subarray(0, end + 1);
  let signed = false;
  for (const line of note
    .subarray(end + 2, -1)
    .toString()
    .split('\n')) {
    const [dash, name, encoded = '', ...more] = line.split(' ');
    const bytes = strictBase64(encoded);
    if (dash !== '\u2014' || name === undefined || name === '' || bytes.length <= 4 || more.length > 0) {
      throw new Refused('not a signature line');
    }
    if (name !== signer.name || !bytes.subarray(0, 4).equals(signer.id)) continue;
    if (!verify(null, text, signer.key, bytes.subarray(4))) throw new Refused('the signature does not fit');
    signed = true;
  }
  if (!signed) throw new Refused('not signed by this key');
  return text.toString();
}

export function readCheckpoint(note: Buffer, signer: PublicKey): SignedHead {
  const lines = readNote(note, signer).split('\n');
  const [origin = '', size = '', root = ''] = lines;
  if (lines.length < 4 || lines.slice(0, -1).includes('')) throw new Refused('a checkpoint has three lines');
  if (size !== '0' && !/^[1-9][0-9]*$/u.test(size)) throw new Refused('the size is not a decimal number');
  const hash = strictBase64(root);
  if (hash.length !== 32) throw new Refused('the root is not 32 bytes');
  return { origin, size: BigInt(size), root: hash };
}

export function leafHash(leaf: Buffer): Buffer {
  return sha256(Buffer.of(0), leaf);
}

/** Whether the payload is the one that the leaf stands for. */
export function checkPayload(leaf: Buffer, salt: Buffer, payload: Buffer): void {
  const { payloadHash } = JSON.parse(leaf.toString()) as { payloadHash?: unknown }; // compared as text below
  if (sha256(salt, payload).toString('hex') !== payloadHash) throw new Refused('another payload than the leaf says');
}

/** Whether the leaf with this hash is at the index of the tree that was signed. */
export function checkInclusion(head: SignedHead, index: bigint, hash: Buffer, path: readonly Buffer[]): void {
  if (index < 0n || index >= head.size) throw new Refused('the index is not in the tree');
  const rest = [...path];
  const root = climb(index, head.size, hash, rest);
  if (rest.length > 0) throw new Refused('the path is too long');
  if (!root.equals(head.root)) throw new Refused('the path leads to another root');
}

/** Whether the older tree is the beginning of the newer. */
export function checkConsistency(older: SignedHead, newer: SignedHead, proof: readonly Buffer[]): void {
  if (older.origin !== newer.origin) throw new Refused('heads of two logs');
  if (older.size > newer.size) throw new Refused('the older head is larger');
  const rest = [...proof];
  if (older.size === 0n) {
    if (!older.root.equals(sha256())) throw new Refused('not the root of the empty tree');
  } else {
    const [before, after] = climbBoth(older.size, newer.size, rest, older.root);
    if (!before.equals(older.root)) throw new Refused('the proof leads to another older root');
    if (!after.equals(newer.root)) throw new Refused('the proof leads to another newer root');
  }
  if (rest.length > 0) throw new Refused('the proof is too long');
}

/** Computes the root at every size while leaves are added one by one. */
export class GrowingTree {
  private peaks: { readonly height: number; readonly hash: Buffer }[] = [];
  size = 0;

  add(hash: Buffer): void {
    let peak = { height: 0, hash };
    for (let left = this.peaks.at(-1); left?.height === peak.height; left = this.peaks.at(-1)) {
      peak = { height: peak.height + 1, hash: node(left.hash, peak.hash) };
      this.peaks.pop();
    }
    this.peaks.push(peak);
    this.size++;
  }

  root(): Buffer {
    const [last, ...left] = this.peaks.toReversed();
    return left.reduce((root, peak) => node(peak.hash, root), last?.hash ?? sha256());
  }
}

function climb(index: bigint, size: bigint, hash: Buffer, path: Buffer[]): Buffer {
  if (size === 1n) return hash;
  const sibling = take(path);
  const left = leftSize(size);
  return index < left
    ? node(climb(index, left, hash, path), sibling)
    : node(sibling, climb(index - left, size - left, hash, path));
}

/** Roots of the older and the newer tree; `known` is the older root where the proof leaves it out. */
function climbBoth(older: bigint, newer: bigint, proof: Buffer[], known: Buffer | null): [Buffer, Buffer] {
  if (older === newer) {
    const same = known ?? take(proof);
    return [same, same];
  }
  const left = leftSize(newer);
  const outer = take(proof);
  if (older <= left) {
    const [before, after] = climbBoth(older, left, proof, known);
    return [before, node(after, outer)];
  }
  const [before, after] = climbBoth(older - left, newer - left, proof, null);
  return [node(outer, before), node(outer, after)];
}

function take(hashes: Buffer[]): Buffer {
  const hash = hashes.pop();
  if (hash?.length !== 32) throw new Refused('the proof is too short, or holds something that is no hash');
  return hash;
}

function leftSize(size: bigint): bigint {
  let left = 1n;
  while (left * 2n < size) left *= 2n;
  return left;
}

function node(left: Buffer, right: Buffer): Buffer {
  return sha256(Buffer.of(1), left, right);
}

function sha256(...parts: readonly Buffer[]): Buffer {
  return createHash('sha256').update(Buffer.concat(parts)).digest();
}

function strictBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new Refused('not base64');
  return bytes;
}

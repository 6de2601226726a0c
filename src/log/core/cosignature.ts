import { createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';
import { NoteError, parseNote, verifierFor, type NoteSignature } from './note.js';

/**
 * C2SP tlog-cosignature (c2sp.org/tlog-cosignature), Ed25519 `cosignature/v1`: a witness states that, as of a time, a
 * checkpoint is the largest consistent one it has seen of its log. On a note it is a signature line whose signature is
 * the time (64-bit big-endian seconds since 1970) and the Ed25519 signature.
 */

/** Signature type byte of signed-note for timestamped Ed25519 cosignatures. */
const cosignatureType = 0x04;
const timestampLength = 8;
const signatureLength = 64;

/**
 * Key that verifies cosignatures. Not a `Verifier` of notes on purpose: what it verifies is not the note's text alone.
 */
export interface CosignatureVerifier {
  readonly name: string;
  /** First four bytes of SHA-256(name || "\n" || 0x04 || key), as hex. */
  readonly keyId: string;
  /** `name+keyId+base64(0x04 || key)`. */
  readonly text: string;
  readonly cosigningKey: KeyObject;
}

export interface Cosigner {
  readonly verifier: CosignatureVerifier;
  readonly privateKey: KeyObject;
}

export interface Cosignature {
  readonly name: string;
  readonly keyId: string;
  /** Seconds since 1970. */
  readonly time: number;
  /** The signature line, ending with a newline. */
  readonly line: string;
}

/** The 32 bytes of an Ed25519 public key. */
export function publicKeyBytes(key: KeyObject): Buffer {
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url');
}

/**
 * Verifier of cosignatures for a name and an Ed25519 public key.
 * @throws NoteError `bad_key` as for a note's verifier.
 */
export function cosignatureVerifierFor(name: string, publicKey: KeyObject): CosignatureVerifier {
  verifierFor(name, publicKey);
  const key = Buffer.concat([Buffer.of(cosignatureType), publicKeyBytes(publicKey)]);
  const keyId = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), key]), 'hex').slice(0, 8);
  return { name, keyId, text: `${name}+${keyId}+${key.toString('base64')}`, cosigningKey: publicKey };
}

/**
 * Cosigner for a name and an Ed25519 private key. What is signed does not name the cosigner, so a key MUST serve one
 * name only, and MUST NOT be a log's.
 */
export function cosignerFor(name: string, privateKey: KeyObject): Cosigner {
  return { verifier: cosignatureVerifierFor(name, createPublicKey(privateKey)), privateKey };
}

/**
 * Reads a verifier key `name+keyId+base64` of type 0x04.
 * @throws NoteError `bad_key` when malformed, of another type, or when the key id does not belong to the key.
 */
export function parseCosignatureKey(text: string): CosignatureVerifier {
  const [, name, keyId, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/u.exec(text.trim()) ?? [];
  if (name === undefined || keyId === undefined || encoded === undefined) {
    throw new NoteError('bad_key', 'a witness key reads name+8 hex digits+base64');
  }
  const key = Buffer.from(encoded, 'base64');
  if (key.toString('base64') !== encoded) throw new NoteError('bad_key', 'the base64 of the witness key is not exact');
  if (key[0] !== cosignatureType || key.length !== 33) {
    throw new NoteError(
      'bad_key',
      `an Ed25519 cosignature key (type 4, 33 bytes) is needed for the witness ${name}, got type ${key[0]}, ${key.length} bytes`,
    );
  }
  const x = key.subarray(1).toString('base64url');
  const verifier = cosignatureVerifierFor(
    name,
    createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }),
  );
  if (verifier.keyId !== keyId) {
    throw new NoteError('bad_key', `the key id ${keyId} does not belong to this key, whose id is ${verifier.keyId}`);
  }
  return verifier;
}

function message(body: string, time: bigint): Buffer {
  return Buffer.from(`cosignature/v1\ntime ${time}\n${body}`);
}

/** Cosignature line over a checkpoint's note text; `time` is in whole seconds since 1970. */
export function cosign(body: string, cosigner: Cosigner, time: number): string {
  const timestamp = Buffer.alloc(timestampLength);
  timestamp.writeBigUInt64BE(BigInt(time));
  const { name, keyId } = cosigner.verifier;
  const signature = sign(null, message(body, BigInt(time)), cosigner.privateKey);
  return formatSignatureLine({ name, keyId, signature: Buffer.concat([timestamp, signature]) });
}

/** A note's signature line, ending with a newline. */
export function formatSignatureLine({ name, keyId, signature }: NoteSignature): string {
  return `\u2014 ${name} ${Buffer.concat([Buffer.from(keyId, 'hex'), signature]).toString('base64')}\n`;
}

/**
 * Cosignatures of known witnesses on a note, one of each key; signatures of others are skipped.
 * @throws NoteError `malformed`; `bad_signature` when one by a known witness does not fit the text.
 */
export function readCosignatures(note: string, verifiers: readonly CosignatureVerifier[]): Cosignature[] {
  const { body, signatures } = parseNote(note);
  const found = new Map<CosignatureVerifier, Cosignature>();
  for (const signature of signatures) {
    const verifier = verifiers.find((known) => known.name === signature.name && known.keyId === signature.keyId);
    if (verifier !== undefined && !found.has(verifier)) found.set(verifier, readOne(body, signature, verifier));
  }
  return [...found.values()];
}

function readOne(body: string, given: NoteSignature, verifier: CosignatureVerifier): Cosignature {
  const { name, keyId, signature } = given;
  if (signature.length === timestampLength + signatureLength) {
    const time = signature.readBigUInt64BE(0);
    // The specification ends times at 2^63 - 1; none is meant that a number cannot hold.
    const fits = time <= BigInt(Number.MAX_SAFE_INTEGER);
    if (fits && verify(null, message(body, time), verifier.cosigningKey, signature.subarray(timestampLength))) {
      return { name, keyId, time: Number(time), line: formatSignatureLine(given) };
    }
  }
  throw new NoteError('bad_signature', `the cosignature by ${name}+${keyId} does not fit the checkpoint`);
}

/** The note with further signature lines. */
export function withSignatureLines(note: string, lines: readonly string[]): string {
  return note + lines.join('');
}

import { createPrivateKey, createPublicKey, hash, sign, verify, type KeyObject } from 'node:crypto';

/**
 * C2SP signed-note (c2sp.org/signed-note): a text, an empty line, and signature lines
 * `— name base64(keyId || signature)`. Ed25519 (type byte 0x01) only; other types and unknown keys are skipped
 * as the specification asks.
 */

/** The note is malformed, or carries no valid signature of a known key. */
export class NoteError extends Error {
  override readonly name = 'NoteError';
  readonly code: 'malformed' | 'unknown_key' | 'bad_signature' | 'bad_key';
  constructor(code: NoteError['code'], message: string) {
    super(message);
    this.code = code;
  }
}

const ed25519 = 0x01;
/** The specification asks for a limit, of 16 at least. */
const mostSignatures = 100;
// DER prefixes of RFC 8410 that wrap raw Ed25519 keys.
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');

export interface Verifier {
  readonly name: string;
  /** First four bytes of SHA-256(name || "\n" || type || key), as hex. */
  readonly keyId: string;
  /** `name+keyId+base64(type || key)`. */
  readonly text: string;
  readonly publicKey: KeyObject;
}

export interface Signer {
  readonly verifier: Verifier;
  readonly privateKey: KeyObject;
}

export interface NoteSignature {
  readonly name: string;
  readonly keyId: string;
  readonly signature: Buffer;
}

function isKeyName(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- control characters are what the specification forbids
  return name.length > 0 && !/[\p{White_Space}+\u0000-\u001f]/u.test(name);
}

function rawPublicKey(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' }).subarray(spkiPrefix.length);
}

/**
 * Verifier for a name and an Ed25519 public key.
 * @throws NoteError `bad_key` when the name is empty or holds white space or `+`, or the key is of another type.
 */
export function verifierFor(name: string, publicKey: KeyObject): Verifier {
  if (!isKeyName(name)) throw new NoteError('bad_key', `a key name has no white space and no "+", got "${name}"`);
  if (publicKey.asymmetricKeyType !== 'ed25519') {
    throw new NoteError('bad_key', `an Ed25519 key is needed, got ${publicKey.asymmetricKeyType ?? 'a secret key'}`);
  }
  const key = Buffer.concat([Buffer.from([ed25519]), rawPublicKey(publicKey)]);
  const keyId = hash('sha256', Buffer.concat([Buffer.from(`${name}\n`), key]), 'hex').slice(0, 8);
  return { name, keyId, text: `${name}+${keyId}+${key.toString('base64')}`, publicKey };
}

/** Signer for a name and a 32-byte Ed25519 seed. */
export function signerFromSeed(name: string, seed: Buffer): Signer {
  if (seed.length !== 32) throw new NoteError('bad_key', `an Ed25519 seed is 32 bytes, got ${seed.length}`);
  const privateKey = createPrivateKey({ key: Buffer.concat([pkcs8Prefix, seed]), format: 'der', type: 'pkcs8' });
  return { verifier: verifierFor(name, createPublicKey(privateKey)), privateKey };
}

/** Signer for a name and an Ed25519 private key. */
export function signerFor(name: string, privateKey: KeyObject): Signer {
  return { verifier: verifierFor(name, createPublicKey(privateKey)), privateKey };
}

/**
 * Reads a verifier key `name+keyId+base64`.
 * @throws NoteError `bad_key` when malformed, of an unknown type, or when the key id does not belong to the key.
 */
export function parseVerifierKey(text: string): Verifier {
  const parts = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+=*)$/u.exec(text.trim());
  const [, name, keyId, encoded] = parts ?? [];
  if (name === undefined || keyId === undefined || encoded === undefined) {
    throw new NoteError('bad_key', 'a verifier key reads name+8 hex digits+base64');
  }
  const key = Buffer.from(encoded, 'base64');
  if (key.toString('base64') !== encoded) throw new NoteError('bad_key', 'the base64 of the verifier key is not exact');
  if (key[0] !== ed25519 || key.length !== 33) {
    throw new NoteError(
      'bad_key',
      `an Ed25519 verifier key (type 1, 33 bytes) is needed, got type ${key[0]}, ${key.length} bytes`,
    );
  }
  const publicKey = createPublicKey({
    key: Buffer.concat([spkiPrefix, key.subarray(1)]),
    format: 'der',
    type: 'spki',
  });
  const verifier = verifierFor(name, publicKey);
  if (verifier.keyId !== keyId) {
    throw new NoteError('bad_key', `the key id ${keyId} does not belong to this key, whose id is ${verifier.keyId}`);
  }
  return verifier;
}

/**
 * Signs a text; it MUST end with a newline and hold no other ASCII control character.
 * @throws NoteError `malformed` otherwise.
 */
export function signNote(body: string, ...signers: readonly Signer[]): string {
  assertBody(body);
  const lines = signers.map(({ verifier, privateKey }) => {
    const signature = sign(null, Buffer.from(body), privateKey);
    return signatureLine({ name: verifier.name, keyId: verifier.keyId, signature });
  });
  return `${body}\n${lines.join('')}`;
}

function signatureLine(signature: NoteSignature): string {
  const bytes = Buffer.concat([Buffer.from(signature.keyId, 'hex'), signature.signature]);
  return `\u2014 ${signature.name} ${bytes.toString('base64')}\n`;
}

function assertBody(body: string): void {
  // eslint-disable-next-line no-control-regex -- control characters are what the specification forbids
  if (!body.endsWith('\n') || /[\u0000-\u0009\u000b-\u001f]/u.test(body)) {
    throw new NoteError('malformed', 'a note text ends with a newline and holds no other control character');
  }
}

/**
 * Splits a note without verifying it.
 * @throws NoteError `malformed`
 */
export function parseNote(text: string): { body: string; signatures: NoteSignature[] } {
  const split = text.lastIndexOf('\n\n');
  if (split < 0 || !text.endsWith('\n')) {
    throw new NoteError(
      'malformed',
      'a signed note is a text, an empty line and signature lines, each ending with a newline',
    );
  }
  const body = text.slice(0, split + 1);
  assertBody(body);
  const lines = text.slice(split + 2, -1).split('\n');
  if (lines.length > mostSignatures) {
    throw new NoteError('malformed', `a note of at most ${mostSignatures} signatures is read, got ${lines.length}`);
  }
  const signatures = lines.map((line) => {
    const [, name, encoded] = /^\u2014 ([^ ]+) ([A-Za-z0-9+/]+={0,2})$/u.exec(line) ?? [];
    const bytes = Buffer.from(encoded ?? '', 'base64');
    // Re-encoding refuses base64 whose unused bits are set: one signature, one spelling.
    if (name === undefined || !isKeyName(name) || bytes.length < 5 || bytes.toString('base64') !== encoded) {
      throw new NoteError('malformed', `not a signature line: ${JSON.stringify(line.slice(0, 80))}`);
    }
    return { name, keyId: bytes.toString('hex', 0, 4), signature: bytes.subarray(4) };
  });
  return { body, signatures };
}

/**
 * Opens a note: returns its text and the signatures of known keys, all of which must be valid.
 * @throws NoteError `malformed`; `unknown_key` when no signature is by a given verifier; `bad_signature`.
 */
export function openNote(
  text: string,
  verifiers: readonly Verifier[],
): { body: string; signatures: readonly NoteSignature[] } {
  const { body, signatures } = parseNote(text);
  const known: NoteSignature[] = [];
  for (const signature of signatures) {
    const verifier = verifiers.find((v) => v.name === signature.name && v.keyId === signature.keyId);
    if (verifier === undefined) continue;
    if (!verify(null, Buffer.from(body), verifier.publicKey, signature.signature)) {
      throw new NoteError('bad_signature', `the signature by ${verifier.name}+${verifier.keyId} does not fit the text`);
    }
    known.push(signature);
  }
  if (known.length === 0) {
    const by = signatures.map((s) => `${s.name}+${s.keyId}`).join(', ');
    throw new NoteError(
      'unknown_key',
      `signed by ${by}, which is none of the keys given (${verifiers.map((v) => `${v.name}+${v.keyId}`).join(', ')})`,
    );
  }
  return { body, signatures: known };
}

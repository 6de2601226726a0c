import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, extname } from 'node:path';
import { signerFor, type Signer } from './core/note.js';

/** The signing key cannot be used. */
export class SigningKeyError extends Error {
  override readonly name = 'SigningKeyError';
}

/**
 * Reads the log's Ed25519 key from a PEM file, or makes it there (mode 0600) when the file is absent
 * and `make` is set. Never overwrites: two processes that start at once end up with the same key.
 * @throws SigningKeyError when the file is absent, readable by others, or holds no Ed25519 key.
 */
export function loadSigningKey(file: string, origin: string, make: boolean): Signer {
  if (!existsSync(file)) {
    if (!make)
      throw new SigningKeyError(
        `no signing key at ${file}; give the Ed25519 key (PEM, PKCS#8) the log was started with`,
      );
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    makeKey(file);
  }
  const mode = statSync(file).mode & 0o777;
  if ((mode & 0o007) !== 0) {
    throw new SigningKeyError(
      `the signing key ${file} can be read by everybody (mode ${mode.toString(8)}); make it 600`,
    );
  }
  try {
    return signerFor(origin, createPrivateKey(readFileSync(file)));
  } catch (cause) {
    throw new SigningKeyError(`${file} holds no Ed25519 private key in PEM form`, { cause });
  }
}

/** The file is there as a whole or not at all, and survives a power cut: what it signs must stay verifiable with a key that is known. */
function makeKey(file: string): void {
  const { privateKey } = generateKeyPairSync('ed25519');
  const draft = `${file}.${randomBytes(4).toString('hex')}.draft`;
  const written = openSync(draft, 'wx', 0o600);
  try {
    writeFileSync(written, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    fsyncSync(written);
  } finally {
    closeSync(written);
  }
  try {
    // Unlike a renaming, a link never takes the place of what another process made meanwhile.
    linkSync(draft, file);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    unlinkSync(draft);
  }
  const folder = openSync(dirname(file), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** Where the key that is to replace the one in `file` waits: a rotation that was broken off goes on with it. */
export function successorFile(file: string): string {
  return withInfix(file, 'next');
}

/**
 * Puts the successor in the place of the key in `file`, which is kept under another name; returns that. Processes that
 * read the file find the one or the other.
 */
export function replaceSigningKey(file: string, keyId: string): string {
  const retired = withInfix(file, `retired-${keyId}`);
  writeFileSync(retired, readFileSync(file), { mode: 0o600 });
  renameSync(successorFile(file), file);
  return retired;
}

function withInfix(file: string, infix: string): string {
  const extension = extname(file);
  return `${file.slice(0, file.length - extension.length)}.${infix}${extension}`;
}

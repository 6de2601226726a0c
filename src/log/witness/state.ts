import { hash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { parseCheckpoint } from '../core/checkpoint.js';
import { readCosignatures, type CosignatureVerifier } from '../core/cosignature.js';
import { parseNote } from '../core/note.js';
import type { Cosigned } from './witness.js';

/** The witness's folder is not its own, or is damaged; it must not sign. */
export class WitnessStateError extends Error {
  override readonly name = 'WitnessStateError';
}

const suffix = '.checkpoint';
/** Holds the key of the witness whose state the folder is; empty while its first start is under way. */
const ownerFile = 'witness.vkey';

/** Name of a log in files and URLs of a witness: lower-case hex of SHA-256 of its origin. */
export function logHash(origin: string): string {
  return hash('sha256', origin, 'hex');
}

/**
 * Begins a folder for a witness that has never signed: called before its key is made, so that a start broken off
 * anywhere can be repeated.
 */
export function beginWitnessState(directory: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  if (!existsSync(join(directory, ownerFile))) writeDurably(directory, ownerFile, '');
}

/**
 * What a witness cosigned last of each log: a file for each, the checkpoint with the witness's own cosignature on it.
 * One process at a time may hold a folder open.
 */
export class WitnessState {
  private readonly kept = new Map<string, Cosigned & { readonly note: string }>();
  private readonly directory: string;

  private constructor(directory: string) {
    this.directory = directory;
  }

  /**
   * Opens a folder that was begun, and makes it this witness's when it is nobody's yet.
   * @throws WitnessStateError when it was not begun, is another witness's, or holds a checkpoint that this witness did not cosign.
   */
  static open(directory: string, witness: CosignatureVerifier): WitnessState {
    const ownerPath = join(directory, ownerFile);
    if (!existsSync(ownerPath)) {
      throw new WitnessStateError(
        `${directory} is not the state of a witness, but its key exists and may have signed. Give the folder it signed with; a witness that has lost it must be given up. For a key that has never signed, start once with --new-state.`,
      );
    }
    const owner = readFileSync(ownerPath, 'utf8').trim();
    if (owner !== '' && owner !== witness.text) {
      throw new WitnessStateError(`${directory} is the state of the witness ${owner}, this is ${witness.text}`);
    }
    const state = new WitnessState(directory);
    for (const file of readdirSync(directory)) {
      if (file.endsWith(suffix)) state.load(file, witness);
    }
    if (owner === '') writeDurably(directory, ownerFile, `${witness.text}\n`);
    return state;
  }

  private load(file: string, witness: CosignatureVerifier): void {
    const path = join(this.directory, file);
    try {
      const note = readFileSync(path, 'utf8');
      const { origin, size, root } = parseCheckpoint(parseNote(note).body);
      if (readCosignatures(note, [witness]).length === 0)
        throw new Error('it does not carry the cosignature of this witness');
      if (file !== `${logHash(origin)}${suffix}`)
        throw new Error(`it is of the log ${origin}, for which the name is wrong`);
      this.kept.set(origin, { size, root, note });
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new WitnessStateError(`${path} is damaged: ${reason}. Restore it as it was last; never an older copy.`, {
        cause,
      });
    }
  }

  latest(origin: string): Cosigned | null {
    return this.kept.get(origin) ?? null;
  }

  /** Checkpoint with cosignature, by {@link logHash}. */
  noteOf(log: string): string | null {
    for (const [origin, { note }] of this.kept) if (logHash(origin) === log) return note;
    return null;
  }

  /** Remembers for good: when this returns, a crash or power cut leaves the new state; when it throws, nothing may be answered. */
  remember({
    origin,
    cosigned,
    note,
  }: {
    readonly origin: string;
    readonly cosigned: Cosigned;
    readonly note: string;
  }): void {
    writeDurably(this.directory, `${logHash(origin)}${suffix}`, note);
    this.kept.set(origin, { ...cosigned, note });
  }
}

/** Replaces a file so that it is there in full after a crash, or as it was before. */
function writeDurably(directory: string, name: string, text: string): void {
  const path = join(directory, name);
  const draft = `${path}.draft`;
  const file = openSync(draft, 'w', 0o644);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(draft, path);
  const folder = openSync(directory, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

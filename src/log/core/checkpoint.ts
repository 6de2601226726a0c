import { hashLength } from './tree.js';
import { openNote, signNote, type Signer, type Verifier } from './note.js';

/** C2SP tlog-checkpoint (c2sp.org/tlog-checkpoint): origin, size and root hash of a log, one a line. */
export interface Checkpoint {
  /** Name of the log, the same in all its checkpoints. */
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

/** The text is not a checkpoint. */
export class CheckpointError extends Error {
  override readonly name = 'CheckpointError';
}

/** Note text of a checkpoint. */
export function formatCheckpoint(checkpoint: Checkpoint): string {
  return `${checkpoint.origin}\n${checkpoint.size}\n${checkpoint.root.toString('base64')}\n`;
}

/**
 * Reads a checkpoint's note text; extension lines after the root are skipped.
 * @throws CheckpointError also for sizes of 2^53 and above, which a number cannot hold exactly.
 */
export function parseCheckpoint(body: string): Checkpoint {
  const [origin = '', size = '', encodedRoot = '', ...rest] = body.split('\n');
  const end = rest.pop();
  const root = Buffer.from(encodedRoot, 'base64');
  if (
    origin === '' ||
    !/^(0|[1-9][0-9]{0,15})$/u.test(size) ||
    !Number.isSafeInteger(Number(size)) ||
    root.length !== hashLength ||
    root.toString('base64') !== encodedRoot ||
    end !== '' ||
    rest.includes('')
  ) {
    throw new CheckpointError(
      'a checkpoint has the origin, the size in decimal and the base64 root hash on its first three lines, and no empty line',
    );
  }
  return { origin, size: Number(size), root };
}

/** Signed checkpoint, ready to publish. */
export function signCheckpoint(checkpoint: Checkpoint, signer: Signer): string {
  return signNote(formatCheckpoint(checkpoint), signer);
}

/**
 * Opens a signed checkpoint.
 * @throws NoteError, CheckpointError
 */
export function openCheckpoint(note: string, verifiers: readonly Verifier[]): Checkpoint {
  return parseCheckpoint(openNote(note, verifiers).body);
}

import { parseCheckpoint, type Checkpoint } from '../core/checkpoint.js';
import { hashLength } from '../core/tree.js';

/** The `add-checkpoint` request of C2SP tlog-witness (c2sp.org/tlog-witness), as both sides of it see it. */

export interface AddCheckpoint {
  /** Size of the checkpoint that the witness is thought to have cosigned last; 0 for none. */
  readonly oldSize: number;
  /** Consistency proof from `oldSize` to the checkpoint; empty when `oldSize` is 0. */
  readonly proof: readonly Buffer[];
  /** Signed checkpoint. */
  readonly note: string;
}

/** The request is malformed. */
export class AddCheckpointError extends Error {
  override readonly name = 'AddCheckpointError';
}

/** Content type of a 409 answer whose body is the size that the witness has. */
export const sizeContentType = 'text/x.tlog.size';

/** The most proof lines that the specification lets a client send. */
const mostProofLines = 63;

export function formatAddCheckpoint({ oldSize, proof, note }: AddCheckpoint): string {
  return `old ${oldSize}\n${proof.map((hash) => `${hash.toString('base64')}\n`).join('')}\n${note}`;
}

/**
 * Reads a request and the checkpoint in it, without verifying anything.
 * @throws AddCheckpointError; CheckpointError for what stands as the checkpoint.
 */
export function parseAddCheckpoint(
  text: string,
): AddCheckpoint & { readonly checkpoint: Checkpoint; readonly body: string } {
  const end = text.indexOf('\n\n');
  if (end < 0) throw new AddCheckpointError('expected old size, proof lines, an empty line and a checkpoint');
  const [first = '', ...lines] = text.slice(0, end).split('\n');
  const [, size] = /^old (0|[1-9][0-9]{0,15})$/u.exec(first) ?? [];
  if (size === undefined || !Number.isSafeInteger(Number(size))) {
    throw new AddCheckpointError('the first line reads "old", a space and the size in decimal');
  }
  if (lines.length > mostProofLines) {
    throw new AddCheckpointError(`at most ${mostProofLines} proof lines are read, got ${lines.length}`);
  }
  const proof = lines.map((line) => {
    const hash = Buffer.from(line, 'base64');
    if (hash.length !== hashLength || hash.toString('base64') !== line) {
      throw new AddCheckpointError('a proof line is one SHA-256 hash in base64');
    }
    return hash;
  });
  const note = text.slice(end + 2);
  // What stands in the signature lines is no matter of form: it is judged with the log's keys.
  const body = note.slice(0, note.lastIndexOf('\n\n') + 1);
  if (body === '') throw new AddCheckpointError('the checkpoint has no empty line before its signatures');
  return { oldSize: Number(size), proof, note, body, checkpoint: parseCheckpoint(body) };
}

import { cosign, formatSignatureLine, type Cosigner } from '../core/cosignature.js';
import { CheckpointError } from '../core/checkpoint.js';
import { NoteError, openNote, type NoteSignature, type Verifier } from '../core/note.js';
import { ProofError, verifyConsistency } from '../core/proof.js';
import { emptyRoot } from '../core/tree.js';
import { AddCheckpointError, parseAddCheckpoint, sizeContentType } from './add-checkpoint.js';

/** What a witness remembers of a log: the tree it cosigned last. */
export interface Cosigned {
  readonly size: number;
  readonly root: Buffer;
}

/** The witness's answer, as C2SP tlog-witness v1.0.0 has it. */
export interface WitnessAnswer {
  readonly status: 200 | 400 | 403 | 404 | 409 | 422;
  readonly contentType: string;
  readonly body: string;
}

/** A request judged: an answer to give, and what MUST be remembered for good before it is given. */
export interface Judgement {
  readonly answer: WitnessAnswer;
  readonly remember: { readonly origin: string; readonly cosigned: Cosigned; readonly note: string } | null;
}

export interface WitnessView {
  readonly cosigner: Cosigner;
  /** Keys of the logs that are witnessed; a key's name is its log's origin. */
  readonly logs: readonly Verifier[];
  /** What was cosigned last of the log of this origin. */
  readonly latest: (origin: string) => Cosigned | null;
}

function refusal(status: Exclude<WitnessAnswer['status'], 200>, reason: string): Judgement {
  return { answer: { status, contentType: 'text/plain; charset=utf-8', body: `${reason}\n` }, remember: null };
}

/**
 * Judges an `add-checkpoint` request in the order of the specification. Judging and remembering MUST be one step:
 * no other request of the same log may be judged in between.
 * @param time present time in seconds since 1970.
 */
export function judge(request: string, view: WitnessView, time: number): Judgement {
  let parsed: ReturnType<typeof parseAddCheckpoint>;
  try {
    parsed = parseAddCheckpoint(request);
  } catch (error) {
    if (!isMalformed(error)) throw error;
    return refusal(400, error.message);
  }
  const { oldSize, proof, note, body, checkpoint } = parsed;
  const keys = view.logs.filter((log) => log.name === checkpoint.origin);
  if (keys.length === 0) return refusal(404, 'this witness does not know the log');
  let signatures: readonly NoteSignature[];
  try {
    ({ signatures } = openNote(note, keys));
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return refusal(403, 'no valid signature by a key that this witness knows of the log');
  }
  if (oldSize > checkpoint.size) return refusal(400, 'the old size is above that of the checkpoint');
  const latest = view.latest(checkpoint.origin);
  const latestSize = latest?.size ?? 0;
  if (oldSize !== latestSize) {
    return { answer: { status: 409, contentType: sizeContentType, body: `${latestSize}\n` }, remember: null };
  }
  if (latest !== null && latest.size === checkpoint.size && !latest.root.equals(checkpoint.root)) {
    return refusal(409, 'another root was cosigned for this size');
  }
  try {
    const firstRoot = latest?.root ?? emptyRoot;
    verifyConsistency({ first: oldSize, second: checkpoint.size, firstRoot, secondRoot: checkpoint.root, proof });
  } catch (error) {
    if (!(error instanceof ProofError)) throw error;
    return refusal(422, error.message);
  }
  const line = cosign(body, view.cosigner, time);
  return {
    answer: { status: 200, contentType: 'text/plain; charset=utf-8', body: line },
    remember: {
      origin: checkpoint.origin,
      cosigned: { size: checkpoint.size, root: checkpoint.root },
      // Only what was verified, so that nobody can make the record long or unreadable.
      note: `${body}\n${[...new Set(signatures.map(formatSignatureLine))].join('')}${line}`,
    },
  };
}

function isMalformed(error: unknown): error is Error {
  return error instanceof AddCheckpointError || error instanceof CheckpointError;
}

import { openCheckpoint, parseCheckpoint, type Checkpoint } from './checkpoint.js';
import { parseNote, type Verifier } from './note.js';
import { verifyInclusion } from './proof.js';
import { hashLeaf, hashLength } from './tree.js';
import { isQuorum, witnessesOf, type WitnessPolicy } from './witness-policy.js';

/**
 * C2SP tlog-proof (c2sp.org/tlog-proof@v1): one text that shows offline that an entry is in a log: its index, the
 * inclusion proof and the (co)signed checkpoint. Ours carry the leaf data as the `extra` line, which nobody has to
 * trust: its hash must lead to the signed root.
 */

export interface TlogProof {
  readonly index: number;
  /** From the leaf's sibling upwards (RFC 6962 section 2.1.1). */
  readonly hashes: readonly Buffer[];
  /** Signed checkpoint, verbatim. */
  readonly checkpoint: string;
  /** Not authenticated by itself. */
  readonly extra: Buffer | null;
}

/** The text is no tlog-proof, or does not show what it should. */
export class TlogProofError extends Error {
  override readonly name = 'TlogProofError';
}

const header = 'c2sp.org/tlog-proof@v1';
/** A tree of 2^53 leaves has no longer path. */
const mostHashes = 63;

export function formatTlogProof(proof: TlogProof): string {
  const extra = proof.extra === null ? '' : `extra ${proof.extra.toString('base64')}\n`;
  const hashes = proof.hashes.map((hash) => `${hash.toString('base64')}\n`).join('');
  return `${header}\n${extra}index ${proof.index}\n${hashes}\n${proof.checkpoint}`;
}

/**
 * Reads a proof without verifying it.
 * @throws TlogProofError; NoteError or CheckpointError when what stands as the checkpoint is none.
 */
export function parseTlogProof(text: string): TlogProof {
  const end = text.indexOf('\n\n');
  if (end < 0) throw new TlogProofError('a tlog-proof has an empty line between its hashes and the checkpoint');
  const [first, ...lines] = text.slice(0, end).split('\n');
  if (first !== header) throw new TlogProofError(`a tlog-proof begins with the line "${header}"`);
  const extra =
    lines[0]?.startsWith('extra ') === true ? strictBase64(lines.shift()?.slice(6) ?? '', 'extra data') : null;
  const [, index] = /^index (0|[1-9][0-9]{0,15})$/u.exec(lines.shift() ?? '') ?? [];
  if (index === undefined || !Number.isSafeInteger(Number(index))) {
    throw new TlogProofError('a tlog-proof has a line "index " with the index in decimal');
  }
  if (lines.length > mostHashes) throw new TlogProofError(`at most ${mostHashes} hashes are read, got ${lines.length}`);
  const hashes = lines.map((line) => strictBase64(line, 'a hash'));
  if (hashes.some((hash) => hash.length !== hashLength)) throw new TlogProofError('hashes have 32 bytes');
  const checkpoint = text.slice(end + 2);
  parseCheckpoint(parseNote(checkpoint).body);
  return { index: Number(index), hashes, checkpoint, extra };
}

function strictBase64(encoded: string, what: string): Buffer {
  const bytes = Buffer.from(encoded, 'base64');
  if (bytes.toString('base64') !== encoded)
    throw new TlogProofError(`${what} is not in base64: ${encoded.slice(0, 80)}`);
  return bytes;
}

export interface TlogProofTrust {
  /** Keys of the log, received by another way than the proof. */
  readonly logs: readonly Verifier[];
  /** Given, its quorum must have cosigned the checkpoint. */
  readonly policy: WitnessPolicy | null;
}

export interface VerifiedTlogProof {
  readonly index: number;
  readonly checkpoint: Checkpoint;
  /** Leaf data that is shown to be entry `index`. */
  readonly leaf: Buffer;
  /** Witnesses of the policy that cosigned, by their names there. */
  readonly witnesses: readonly string[];
}

/**
 * Verifies a proof offline, for the given leaf data or, without it, for that in the extra line.
 * @throws TlogProofError, NoteError, CheckpointError, ProofError
 */
export function verifyTlogProof(text: string, leaf: Buffer | null, trust: TlogProofTrust): VerifiedTlogProof {
  const proof = parseTlogProof(text);
  const { origin } = parseCheckpoint(parseNote(proof.checkpoint).body);
  // A key speaks for the log whose name it bears, so the key of one log cannot sign for another.
  const keys = trust.logs.filter((log) => log.name === origin);
  if (keys.length === 0) {
    throw new TlogProofError(
      `cannot verify: the checkpoint is of the log ${origin}, none of the keys given is that log's`,
    );
  }
  const checkpoint = openCheckpoint(proof.checkpoint, keys);
  const witnesses = trust.policy === null ? new Set<string>() : witnessesOf(trust.policy, proof.checkpoint);
  if (trust.policy !== null && !isQuorum(trust.policy, witnesses)) {
    throw new TlogProofError(
      `the checkpoint lacks the policy's quorum; it is cosigned by ${[...witnesses].join(', ') || 'none of its witnesses'}`,
    );
  }
  const data = leaf ?? proof.extra;
  if (data === null)
    throw new TlogProofError('the proof carries no leaf data; give that of the entry it is to be about');
  verifyInclusion({
    index: proof.index,
    size: checkpoint.size,
    leafHash: hashLeaf(data),
    proof: proof.hashes,
    root: checkpoint.root,
  });
  return { index: proof.index, checkpoint, leaf: data, witnesses: [...witnesses] };
}

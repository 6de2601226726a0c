import { readCosignatures, type Cosignature } from '../core/cosignature.js';
import { NoteError } from '../core/note.js';
import type { PolicyWitness } from '../core/witness-policy.js';
import { formatAddCheckpoint, sizeContentType, type AddCheckpoint } from './add-checkpoint.js';

/**
 * What came of asking a witness. `conflict`: it has cosigned another size than the old one given. `inconsistent`: it
 * has seen a tree that the checkpoint does not continue. `unknown_log`, `refused`: it is not set up for the log, or not
 * for its present key. `malformed`: it did not understand. `unreachable`: no usable answer; ask again later.
 */
export type WitnessReply =
  | { readonly outcome: 'cosigned'; readonly cosignature: Cosignature }
  | { readonly outcome: 'conflict'; readonly size: number }
  | {
      readonly outcome: 'inconsistent' | 'unknown_log' | 'refused' | 'malformed' | 'unreachable';
      readonly detail: string;
    };

/** A witness of the policy that can be asked. */
export interface ReachableWitness extends PolicyWitness {
  readonly url: string;
}

const longestAnswer = 64 * 1024;

/**
 * Asks a witness to cosign (`add-checkpoint` of C2SP tlog-witness). Never throws for what a witness does. Redirects are
 * not followed: the operator named this witness, not another place.
 */
export async function askWitness(
  witness: ReachableWitness,
  request: AddCheckpoint,
  signal: AbortSignal,
): Promise<WitnessReply> {
  try {
    const response = await fetch(`${witness.url.replace(/\/+$/u, '')}/add-checkpoint`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain; charset=utf-8' },
      body: formatAddCheckpoint(request),
      redirect: 'manual',
      signal,
    });
    return replyOf(response.status, response.headers.get('content-type'), await readAnswer(response), witness, request);
  } catch (error) {
    return { outcome: 'unreachable', detail: reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

async function readAnswer(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > longestAnswer) throw new Error(`the answer is longer than ${longestAnswer} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function replyOf(
  status: number,
  contentType: string | null,
  body: string,
  witness: ReachableWitness,
  request: AddCheckpoint,
): WitnessReply {
  const detail = `${status} ${body.slice(0, 200).trim()}`;
  switch (status) {
    case 200:
      return cosignedBy(witness, request.note, body);
    case 400:
      return { outcome: 'malformed', detail };
    case 403:
      return { outcome: 'refused', detail };
    case 404:
      return { outcome: 'unknown_log', detail };
    case 409: {
      if (contentType !== sizeContentType) return { outcome: 'inconsistent', detail };
      const size = /^(0|[1-9][0-9]{0,15})\n$/u.test(body) ? Number(body) : Number.NaN;
      return Number.isSafeInteger(size) ? { outcome: 'conflict', size } : { outcome: 'unreachable', detail };
    }
    case 422:
      return { outcome: 'inconsistent', detail };
    default:
      return { outcome: 'unreachable', detail };
  }
}

function cosignedBy(witness: ReachableWitness, note: string, lines: string): WitnessReply {
  try {
    // Behind the checkpoint's text alone, so that signatures already on it cannot pass for the answer.
    const text = note.slice(0, note.lastIndexOf('\n\n') + 2);
    const [cosignature] = readCosignatures(text + lines, [witness.verifier]);
    if (cosignature !== undefined && cosignature.time > 0) return { outcome: 'cosigned', cosignature };
    return { outcome: 'unreachable', detail: `no cosignature by ${witness.verifier.name} in the answer` };
  } catch (error) {
    if (!(error instanceof NoteError)) throw error;
    return { outcome: 'unreachable', detail: error.message };
  }
}

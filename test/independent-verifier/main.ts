import { text } from 'node:stream/consumers';
import {
  checkConsistency,
  checkInclusion,
  checkPayload,
  leafHash,
  readCheckpoint,
  readPublicKey,
  Refused,
} from './verifier.js';

/*
 * The independent verifier as a program: takes a bundle as JSON on standard input, needs neither network nor files, and
 * ends with 0 when everything in it holds, with 1 and a line that says why when something does not.
 */

interface Bundle {
  readonly key: string;
  readonly checkpoint: string;
  readonly entries: readonly {
    readonly index: number;
    readonly leaf: string;
    /** Base64. */
    readonly salt: string;
    readonly payload: string;
    readonly path: readonly string[];
  }[];
  readonly older: readonly { readonly checkpoint: string; readonly proof: readonly string[] }[];
}

const bundle = JSON.parse(await text(process.stdin)) as Bundle; // a bundle of another shape is refused below
const decode = (hash: string): Buffer => Buffer.from(hash, 'base64');
try {
  const key = readPublicKey(bundle.key);
  const head = readCheckpoint(Buffer.from(bundle.checkpoint), key);
  for (const { index, leaf, salt, payload, path } of bundle.entries) {
    checkInclusion(head, BigInt(index), leafHash(Buffer.from(leaf)), path.map(decode));
    checkPayload(Buffer.from(leaf), decode(salt), decode(payload));
  }
  for (const { checkpoint, proof } of bundle.older) {
    checkConsistency(readCheckpoint(Buffer.from(checkpoint), key), head, proof.map(decode));
  }
  console.log(`holds: ${bundle.entries.length} entries and ${bundle.older.length} older checkpoints of ${head.origin}`);
} catch (error) {
  console.log(error instanceof Refused ? `refused: ${error.message}` : String(error));
  process.exitCode = 1;
}

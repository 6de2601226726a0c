import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { CheckpointError } from '../log/core/checkpoint.js';
import { NoteError } from '../log/core/note.js';
import { ProofError } from '../log/core/proof.js';
import { TlogProofError, verifyTlogProof, type TlogProofTrust } from '../log/core/tlog-proof.js';
import { parseWitnessPolicy } from '../log/core/witness-policy.js';
import { exitCodes } from './exit-codes.js';
import { readVerifierKey } from './verifier-key.js';

interface VerifyFlags {
  readonly key: readonly string[];
  readonly leaf?: string;
  readonly policy?: string;
  readonly json?: boolean;
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

/** `segproof proof verify`: judges a tlog-proof file offline. */
export function proofCommand(): Command {
  const verify = new Command('verify')
    .description('Verify a proof file (C2SP tlog-proof) offline.')
    .argument('<file>', 'the proof, e.g. 42.tlog-proof')
    .option(
      '--key <key or file>',
      "the log's verifier key (name+id+base64), received by another way (repeatable)",
      collect,
      [],
    )
    .option('--leaf <file>', 'leaf data that the proof must be about; without it, that in the proof')
    .option(
      '--policy <file>',
      'witness policy (C2SP tlog-policy): its logs are trusted, and its quorum must have cosigned',
    )
    .option('--json', 'print the result as one JSON object')
    .exitOverride()
    .action((file: string, flags: VerifyFlags) => {
      const policy = flags.policy === undefined ? null : parseWitnessPolicy(readFileSync(flags.policy));
      const logs = [...flags.key.map(readVerifierKey), ...(policy?.logs ?? []).map((log) => log.verifier)];
      if (logs.length === 0) verify.error('give --key, or --policy with a file that names the log');
      const leaf = flags.leaf === undefined ? null : readFileSync(flags.leaf);
      const result = judge(readFileSync(file, 'utf8'), leaf, { logs, policy });
      if (flags.json === true) console.log(JSON.stringify(result));
      else print(result);
      process.exitCode = result.ok ? exitCodes.good : exitCodes.bad;
    });
  return new Command('proof').description('Proof files of single entries.').addCommand(verify);
}

type Judged =
  | { readonly ok: false; readonly problem: string }
  | {
      readonly ok: true;
      readonly origin: string;
      readonly size: number;
      readonly index: number;
      readonly leaf: string;
      readonly witnesses: readonly string[];
    };

function judge(text: string, leafData: Buffer | null, trust: TlogProofTrust): Judged {
  try {
    const { index, checkpoint, leaf, witnesses } = verifyTlogProof(text, leafData, trust);
    return { ok: true, origin: checkpoint.origin, size: checkpoint.size, index, leaf: leaf.toString(), witnesses };
  } catch (error) {
    const known = [TlogProofError, NoteError, CheckpointError, ProofError].some((type) => error instanceof type);
    if (!known || !(error instanceof Error)) throw error;
    const unknownKey = error instanceof NoteError && error.code === 'unknown_key';
    return { ok: false, problem: unknownKey ? `cannot verify: ${error.message}` : error.message };
  }
}

function print(result: Judged): void {
  if (!result.ok) console.log(result.problem);
  else {
    console.log(`log: ${result.origin}`);
    console.log(`entry: ${result.index} of ${result.size}`);
    console.log(`leaf: ${result.leaf}`);
    if (result.witnesses.length > 0) console.log(`witnesses: ${result.witnesses.join(', ')}`);
  }
  console.log(`verified: ${result.ok ? 'yes' : 'no'}`);
}

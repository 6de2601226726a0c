import { Command } from 'commander';
import { existsSync, readFileSync } from 'node:fs';
import { readConfig, type Config } from '../config.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { joinDatabase, signingKeyFile, signingStateFolder } from '../ground.js';
import { parseVerifierKey, type Verifier } from '../log/core/note.js';
import { fsck, type FsckResult } from '../log/fsck.js';
import { knownVerifiers, listKeys } from '../log/keys.js';
import { outsideCheckpoints, type OutsideCheckpoints } from '../log/outside-checkpoints.js';
import { loadSigningKey } from '../log/signing-key.js';
import { SigningState } from '../log/signing-state.js';
import { exitCodes } from './exit-codes.js';
import { progressLine, say } from './progress.js';

interface FsckFlags {
  readonly checkpoint: readonly string[];
  readonly key: readonly string[];
  readonly outside: boolean;
  readonly json?: boolean;
}

function collect(value: string, earlier: string[]): string[] {
  return [...earlier, value];
}

export function fsckCommand(): Command {
  return new Command('fsck')
    .description('Verify the whole log: every payload, leaf, tile, the head and the checkpoints.')
    .option(
      '--checkpoint <file>',
      'judge the log against this older signed checkpoint as well (repeatable)',
      collect,
      [],
    )
    .option(
      '--key <key or file>',
      'verifier key (name+id+base64), besides the key in use and those it vouches for (repeatable)',
      collect,
      [],
    )
    .option('--no-outside', 'leave out what the signer remembers beside its key, and ANCHOR_DIR')
    .option('--json', 'print the result as one JSON object')
    .action(async (flags: FsckFlags) => {
      const config = readConfig(process.env);
      const access = await joinDatabase(config, say);
      const database = await Database.connect(access.serviceUrl, { poolSize: 2, applicationName: 'segproof-fsck' });
      try {
        const origin = await originOf(database, config);
        const verifiers = await verifiersFor(database, config, origin, flags.key.map(readKey));
        const outside: OutsideCheckpoints = flags.outside
          ? await outsideCheckpoints(origin, { state: signingStateFolder(config), anchors: config.ANCHOR_DIR })
          : { notes: [], givenUp: 0 };
        const given = flags.checkpoint.map((file) => readFileSync(file, 'utf8'));
        const result = await fsck(database, {
          verifiers,
          checkpoints: [...given, ...outside.notes],
          onProgress: progressLine('entries verified'),
        });
        const verdict = verdictOf(result);
        if (flags.json === true) {
          const { problems, more, ...figures } = result;
          console.log(
            JSON.stringify({
              ok: verdict === 'yes',
              intact: verdict,
              ...figures,
              root: result.root.toString('hex'),
              outside: outside.notes.length,
              givenUp: outside.givenUp,
              problems,
              more,
            }),
          );
        } else print(result, outside, verdict);
        process.exitCode = { yes: exitCodes.good, no: exitCodes.bad, 'cannot verify': exitCodes.failed }[verdict];
      } finally {
        await database.close();
        await access.stop();
      }
    });
}

type Verdict = 'yes' | 'no' | 'cannot verify';

/** Neither a missing key nor a damaged file from outside is a sign that the log was tampered with. */
function verdictOf({ problems, more }: FsckResult): Verdict {
  if (problems.length === 0) return 'yes';
  const saysNothing = problems.every(
    (problem) =>
      problem.class === 'unknown_key' ||
      (problem.class === 'checkpoint_damaged' && problem.position.startsWith('given ')),
  );
  return more === 0 && saysNothing ? 'cannot verify' : 'no';
}

function print(result: FsckResult, outside: OutsideCheckpoints, verdict: Verdict): void {
  for (const problem of result.problems) console.log(`${problem.class} at ${problem.position}: ${problem.message}`);
  if (result.more > 0) console.log(`and ${result.more} more`);
  console.log(`entries: ${result.entries}`);
  console.log(`checkpoints: ${result.checkpoints}, ${outside.notes.length} of them kept outside the database`);
  if (outside.givenUp > 0) console.log(`left out: ${outside.givenUp} that an operator decided to give up`);
  console.log(`root: ${result.root.toString('base64')}`);
  console.log(`intact: ${verdict}`);
}

/** A verifier key given as text, or in a file. */
export function readKey(given: string): Verifier {
  return parseVerifierKey(given.includes('+') && given.split('+').length >= 3 ? given : readFileSync(given, 'utf8'));
}

/**
 * The log's name: by the keys that signed it, for the head may be damaged, or by what is remembered beside the key, for all may be gone.
 * @throws Problem `conflict` when there is nothing to go by.
 */
async function originOf(database: Database, config: Config): Promise<string> {
  const [first] = await listKeys(database, []);
  const [head] = await database.query<{ origin: string }>('SELECT origin FROM log_head');
  const [remembered] = new SigningState(signingStateFolder(config)).origins();
  const origin = first?.verifier.name ?? head?.origin ?? config.LOG_ORIGIN ?? remembered;
  if (origin === undefined) {
    throw new Problem(
      'conflict',
      'There is no log in this database, and none is remembered beside the signing key. Check DATABASE_URL and DATA_DIR, or set LOG_ORIGIN.',
    );
  }
  return origin;
}

/** The keys given, the one in use, and those they vouch for; without any, those the database names. */
async function verifiersFor(
  database: Database,
  config: Config,
  origin: string,
  given: readonly Verifier[],
): Promise<Verifier[]> {
  const file = signingKeyFile(config);
  const own = existsSync(file) ? [loadSigningKey(file, origin, false).verifier] : [];
  const trusted = [...given, ...own.filter(({ text }) => !given.some((verifier) => verifier.text === text))];
  if (trusted.length > 0) return await knownVerifiers(database, trusted);
  const named = await listKeys(database, []);
  say('no key file and no --key: checkpoints are believed by the keys that the database itself names');
  return named.map((key) => key.verifier);
}

import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readConfig } from '../config.js';
import { Database } from '../database/database.js';
import { joinDatabase } from '../ground.js';
import { parseVerifierKey, type Verifier } from '../log/core/note.js';
import { fsck } from '../log/fsck.js';
import { loadSigningKey } from '../log/signing-key.js';
import { exitCodes } from './exit-codes.js';
import { progressLine, say } from './progress.js';

interface FsckFlags {
  readonly checkpoint: readonly string[];
  readonly key: readonly string[];
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
      'verifier key (name+id+base64); without it the key under DATA_DIR or SIGNING_KEY_FILE (repeatable)',
      collect,
      [],
    )
    .option('--json', 'print the result as one JSON object')
    .action(async (flags: FsckFlags) => {
      const config = readConfig(process.env);
      const access = await joinDatabase(config, say);
      const database = await Database.connect(access.serviceUrl, { poolSize: 2, applicationName: 'segproof-fsck' });
      try {
        const verifiers = flags.key.length > 0 ? flags.key.map(readKey) : await ownKey(database, config);
        const checkpoints = flags.checkpoint.map((file) => readFileSync(file, 'utf8'));
        const result = await fsck(database, { verifiers, checkpoints, onProgress: progressLine('entries verified') });
        const good = result.problems.length === 0;
        if (flags.json === true) {
          console.log(JSON.stringify({ ok: good, ...result, root: result.root.toString('hex') }));
        } else {
          for (const problem of result.problems)
            console.log(`${problem.class} at ${problem.position}: ${problem.message}`);
          if (result.more > 0) console.log(`and ${result.more} more`);
          console.log(`entries: ${result.entries}`);
          console.log(`checkpoints: ${result.checkpoints}`);
          console.log(`root: ${result.root.toString('base64')}`);
          console.log(`intact: ${good ? 'yes' : 'no'}`);
        }
        process.exitCode = good ? exitCodes.good : exitCodes.bad;
      } finally {
        await database.close();
        await access.stop();
      }
    });
}

/** A verifier key given as text, or in a file. */
export function readKey(given: string): Verifier {
  return parseVerifierKey(given.includes('+') && given.split('+').length >= 3 ? given : readFileSync(given, 'utf8'));
}

async function ownKey(database: Database, config: ReturnType<typeof readConfig>): Promise<Verifier[]> {
  const [head] = await database.query<{ origin: string }>('SELECT origin FROM log_head');
  const file = config.SIGNING_KEY_FILE ?? join(config.DATA_DIR, 'keys', 'log-signing-key.pem');
  return [loadSigningKey(file, head?.origin ?? '', false).verifier];
}

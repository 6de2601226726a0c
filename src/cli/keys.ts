import { Command } from 'commander';
import { existsSync } from 'node:fs';
import { readConfig, type Config } from '../config.js';
import { openGround, signingKeyFile, type Ground } from '../ground.js';
import { parseVerifierKey } from '../log/core/note.js';
import { listKeys, rotateKey, type LogKey } from '../log/keys.js';
import { loadSigningKey, replaceSigningKey, SigningKeyError, successorFile } from '../log/signing-key.js';
import { makeLogger } from '../logger.js';
import { operator } from './operator.js';
import { say } from './progress.js';

export function keysCommand(): Command {
  return new Command('keys')
    .description('Show the keys that sign the log, or bring a new one into use.')
    .addCommand(listCommand())
    .addCommand(rotateCommand());
}

function listCommand(): Command {
  return new Command('list')
    .description('Print the verifier keys of the log, with the sizes for which each one signs.')
    .option('--json', 'print one JSON object')
    .action(async (flags: { readonly json?: boolean }) => {
      await onGround(async (ground) => {
        const keys = await listKeys(ground.database, [parseVerifierKey(ground.log.verifierKey)]);
        const current = ground.log.verifierKey;
        if (flags.json === true) {
          console.log(
            JSON.stringify({
              keys: keys.map(({ verifier, ...key }) => ({
                verifierKey: verifier.text,
                current: verifier.text === current,
                ...key,
              })),
            }),
          );
          return;
        }
        for (const key of keys) console.log(describe(key, current));
      });
    });
}

function describe(key: LogKey, current: string): string {
  const until = key.untilSize === null ? 'on' : `to ${key.untilSize - 1}`;
  const entry = key.entryIndex === null ? 'the log was started with it' : `recorded by entry ${key.entryIndex}`;
  const doubt = key.vouchedFor ? '' : '; no key that is known vouches for it';
  const use = key.verifier.text === current ? 'in use' : 'no longer in use';
  return `${key.verifier.text}\n  ${use}; sizes from ${key.fromSize} ${until}; ${entry}${doubt}`;
}

interface RotateFlags {
  readonly to?: string;
  readonly reason: string;
  readonly by?: string;
}

function rotateCommand(): Command {
  return new Command('rotate')
    .description(
      'Bring a new key into use: an entry records it, signed by both keys. What the old key signed verifies on.',
    )
    .option('--to <file>', 'private key (PEM) to use from now on; made when the file is not there')
    .option('--reason <text>', 'why, for the log', '')
    .option('--by <name>', 'who decided, for the log; the user of the operating system when not given')
    .action(async (flags: RotateFlags) => {
      const config = readConfig(process.env);
      const file = signingKeyFile(config);
      const target = targetOf(config, flags.to);
      await onGround(async ({ log, database }) => {
        const old = loadSigningKey(file, log.origin, false);
        const next = loadSigningKey(target, log.origin, true);
        const index = await rotateKey(log, database, { old, next }, operator(flags.by), flags.reason);
        console.log(`entry: ${index}`);
        console.log(`verifier key: ${next.verifier.text}`);
        if (flags.to === undefined) {
          const retired = replaceSigningKey(file, old.verifier.keyId);
          console.log(`old private key: ${retired}`);
          say('running processes that use this key file take the new key up within a second');
        } else {
          say(`set SIGNING_KEY_FILE=${target} and restart every process; until then they go on with the old key`);
        }
      });
    });
}

/** File of the new key: beside the one in use, which it replaces in the end, or where the operator keeps keys. */
function targetOf(config: Config, to: string | undefined): string {
  if (to !== undefined) return to;
  if (config.SIGNING_KEY_FILE !== undefined) {
    throw new SigningKeyError(
      'SIGNING_KEY_FILE names the key in use, which is yours to keep; give the file of the new one with --to',
    );
  }
  return successorFile(signingKeyFile(config));
}

async function onGround(work: (ground: Ground) => Promise<void>): Promise<void> {
  const config = readConfig(process.env);
  const file = signingKeyFile(config);
  if (!existsSync(file))
    throw new SigningKeyError(`there is no signing key at ${file}; start the service once, or set SIGNING_KEY_FILE`);
  const ground = await openGround(config, makeLogger(config), { progress: say, beside: true });
  try {
    await work(ground);
  } finally {
    await ground.close();
  }
}

import { Command } from 'commander';
import { readFileSync } from 'node:fs';
import { verifyPackage } from '../evidence/verify.js';
import { exitCodes } from './exit-codes.js';

export function verifyCommand(): Command {
  return new Command('verify')
    .description("Verify an evidence package offline, with nothing but the log's verifier key.")
    .argument('<package>', 'the package (zip)')
    .requiredOption(
      '--key <key or file>',
      'verifier key of the log (name+id+base64), received by another way than the package',
    )
    .option('--json', 'print the result as one JSON object')
    .action((file: string, flags: { readonly key: string; readonly json?: boolean }) => {
      const key = flags.key.split('+').length >= 3 ? flags.key : readFileSync(flags.key, 'utf8').trim();
      const result = verifyPackage(readFileSync(file), key);
      const good = result.verdict === 'verified';
      if (flags.json === true) console.log(JSON.stringify({ ok: good, ...result }));
      else {
        for (const { title, outcome } of result.steps) console.log(`${outcome.padEnd(8)}${title}`);
        for (const problem of result.problems) {
          console.log(
            `${problem.file}${problem.index === undefined ? '' : `, record ${problem.index}`}: ${problem.message}`,
          );
        }
        console.log(
          result.verdict === 'other_key' ? 'cannot verify: signed by another key' : `verified: ${good ? 'yes' : 'no'}`,
        );
      }
      process.exitCode = good ? exitCodes.good : exitCodes.bad;
    });
}

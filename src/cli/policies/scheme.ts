import { Command } from 'commander';
import { dirname, join } from 'node:path';
import { answerScheme } from '../../policies/hygiene/scheme.js';
import { exitCodes } from '../exit-codes.js';
import { manifestFiles, ManifestError } from './manifest-files.js';
import { LineWriter } from './output.js';

export function schemeCommand(): Command {
  return new Command('scheme')
    .description(
      'Answer the queries of a network-config-analyzer scheme file (redundancy, equivalence, containment, ...).',
    )
    .argument('<file>', 'the scheme; the paths in it are relative to it')
    .option('--json', 'print a JSON array instead')
    .addHelpText('after', '\nExits with 1 when an answer is not the expected one, or there is no answer.')
    .action(async (file: string, flags: { readonly json?: boolean }) => {
      const [scheme] = manifestFiles([file]);
      if (scheme === undefined) throw new ManifestError(`expected a scheme file, got the folder ${file}`);
      const answers = answerScheme(scheme, (path) => manifestFiles([join(dirname(file), path.replace(/\/\*\*$/, ''))]));
      const out = new LineWriter();
      if (flags.json === true) await out.line(JSON.stringify(answers));
      else
        for (const { name, query, sets, result, expected, agrees, message } of answers) {
          const verdict = agrees === null ? '' : agrees ? ', as expected' : `, expected ${expected ?? ''}`;
          await out.line(
            `${name} : ${query ?? ''} of ${sets.join(', ')} : ${result === null ? `no answer, ${message}` : `${result}${verdict}`}`,
          );
        }
      await out.flush();
      process.exitCode = answers.every(({ agrees, result }) => agrees !== false && result !== null)
        ? exitCodes.good
        : exitCodes.bad;
    });
}

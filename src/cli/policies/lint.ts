import { Command } from 'commander';
import { lintPolicies } from '../../policies/hygiene/lint.js';
import { readCluster } from '../../policies/manifests/cluster.js';
import { exitCodes } from '../exit-codes.js';
import { manifestFiles, noteText, sayWhatIsLeftOut, simulated } from './manifest-files.js';
import { LineWriter } from './output.js';

interface LintFlags {
  readonly json?: boolean;
  readonly ipblockMatchesPods?: boolean;
  readonly hostNetworkExempt?: boolean;
}

export function lintCommand(): Command {
  return new Command('lint')
    .description('Find policies and rules without effect, already covered, broader than they look, or misspelt.')
    .argument('<path...>', 'manifest files, or folders of them (YAML or JSON, also packed with gzip)')
    .option('--json', 'print one JSON object with all findings')
    .option('--ipblock-matches-pods', 'take ipBlock peers to cover the addresses of pods too')
    .option('--host-network-exempt', 'do not apply policies to workloads that use the network of their node')
    .addHelpText('after', '\nExits with 1 when there are warnings or manifests that are not valid, with 0 otherwise.')
    .action(async (paths: string[], flags: LintFlags) => {
      const cluster = readCluster(manifestFiles(paths));
      sayWhatIsLeftOut(cluster);
      const findings = lintPolicies(simulated(cluster, flags.hostNetworkExempt === true), cluster.policies, {
        ipBlockMatchesPods: flags.ipblockMatchesPods === true,
      });
      const problems = cluster.problems.filter(
        ({ message }) => !findings.some((finding) => finding.message === message),
      );
      const warnings = problems.length + findings.filter(({ severity }) => severity === 'warning').length;
      const out = new LineWriter();
      if (flags.json === true)
        await out.line(JSON.stringify({ ok: warnings === 0, warnings, problems: problems.map(noteText), findings }));
      else {
        for (const problem of problems) await out.line(`warning invalid ${noteText(problem)}`);
        for (const { severity, check, policies, place, message } of findings)
          await out.line(
            [severity, check, [policies.join(', '), place].filter((part) => part !== '').join(' '), message]
              .filter((part) => part !== '')
              .join(' : '),
          );
        await out.line(`warnings: ${warnings}, notes: ${findings.length - warnings + problems.length}`);
      }
      await out.flush();
      process.exitCode = warnings === 0 ? exitCodes.good : exitCodes.bad;
    });
}

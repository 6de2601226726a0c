import { Command } from 'commander';
import { changeLine, connectionsText, endText, isIpv6, speaksIpv6 } from '../../policies/connection-list.js';
import { diffEngines } from '../../policies/diff.js';
import { readCluster } from '../../policies/manifests/cluster.js';
import { compile } from '../../policies/simulation/evaluate.js';
import { exitCodes } from '../exit-codes.js';
import { manifestFiles, refuseProblems, sayWhatIsLeftOut, simulated } from './manifest-files.js';
import { LineWriter } from './output.js';

interface DiffFlags {
  readonly json?: boolean;
  readonly ipblockMatchesPods?: boolean;
  readonly hostNetworkExempt?: boolean;
}

const groups = { changed: 0, opened: 1, closed: 2 } as const;

export function diffCommand(): Command {
  return new Command('diff')
    .description('List the connections that the second manifests add, remove or change against the first.')
    .argument('<old>', 'manifest file or folder as it was')
    .argument('<new>', 'manifest file or folder as it is')
    .option('--json', 'print a JSON array instead')
    .option('--ipblock-matches-pods', 'take ipBlock peers to cover the addresses of pods too')
    .option('--host-network-exempt', 'do not apply policies to workloads that use the network of their node')
    .addHelpText('after', '\nExits with 0 when nothing differs, with 1 when something does.')
    .action(async (old: string, current: string, flags: DiffFlags) => {
      const clusters = [old, current].map((path) => {
        const cluster = readCluster(manifestFiles([path]));
        refuseProblems(cluster);
        sayWhatIsLeftOut(cluster);
        return cluster;
      });
      const [before, after] = clusters.map((cluster) =>
        compile(simulated(cluster, flags.hostNetworkExempt === true), cluster.policies, {
          ipBlockMatchesPods: flags.ipblockMatchesPods === true,
        }),
      );
      if (before === undefined || after === undefined) throw new TypeError('expected two engines');
      const withIpv6 = clusters.some(speaksIpv6);
      const inOld = new Set(before.topology.pods.map(({ key }) => key));
      const inNew = new Set(after.topology.pods.map(({ key }) => key));
      const known = (pod: string) => inOld.has(pod) && inNew.has(pod);
      const changes = diffEngines(before, after)
        .filter(({ source, destination }) => withIpv6 || !(isIpv6(source) || isIpv6(destination)))
        .map((change) => ({ change, line: changeLine(change, known) }))
        .sort((a, b) => groups[a.change.change] - groups[b.change.change] || (a.line < b.line ? -1 : 1));
      const out = new LineWriter();
      if (flags.json === true) {
        const rows = changes.map(({ change: { change, source, destination, ...ports } }) => ({
          diffType: { opened: 'added', closed: 'removed', changed: 'changed' }[change],
          source: endText(source),
          destination: endText(destination),
          ref1: connectionsText(ports.before),
          ref2: connectionsText(ports.after),
          ...ports,
          workloads: [source, destination].flatMap((end) => ('pod' in end && !known(end.pod) ? [end.pod] : [])),
        }));
        await out.line(JSON.stringify(rows));
      } else if (changes.length > 0) {
        await out.line('Connectivity diff:');
        for (const { line } of changes) await out.line(line);
      }
      await out.flush();
      process.exitCode = changes.length === 0 ? exitCodes.good : exitCodes.bad;
    });
}

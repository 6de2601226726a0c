import { Command } from 'commander';
import { connectionsText, endText, isIpv6, joinedPorts, pathLine, speaksIpv6 } from '../../policies/connection-list.js';
import { explainPairs } from '../../policies/explain-pairs.js';
import { readCluster } from '../../policies/manifests/cluster.js';
import { Connectivity, type Path } from '../../policies/simulation/connectivity.js';
import { compile } from '../../policies/simulation/evaluate.js';
import { exitCodes } from '../exit-codes.js';
import { manifestFiles, refuseProblems, sayWhatIsLeftOut, simulated } from './manifest-files.js';
import { LineWriter } from './output.js';

interface ConnectionsFlags {
  readonly json?: boolean;
  readonly explain?: boolean;
  readonly ipblockMatchesPods?: boolean;
  readonly hostNetworkExempt?: boolean;
}

export function connectionsCommand(): Command {
  return new Command('connections')
    .description(
      'List every connection that the policies in manifests allow, one `source => destination : ports` a line.',
    )
    .argument('<path...>', 'manifest files, or folders of them (YAML or JSON, also packed with gzip)')
    .option('--json', 'print a JSON array instead')
    .option('--explain', 'print, for every pair, what is allowed and denied, and by which policies and rules')
    .option('--ipblock-matches-pods', 'take ipBlock peers to cover the addresses of pods too')
    .option('--host-network-exempt', 'do not apply policies to workloads that use the network of their node')
    .action(async (paths: string[], flags: ConnectionsFlags) => {
      const cluster = readCluster(manifestFiles(paths));
      refuseProblems(cluster);
      sayWhatIsLeftOut(cluster);
      const topology = simulated(cluster, flags.hostNetworkExempt === true);
      const engine = compile(topology, cluster.policies, { ipBlockMatchesPods: flags.ipblockMatchesPods === true });
      const withIpv6 = speaksIpv6(cluster);
      const out = new LineWriter();
      const shown = ({ source, destination }: Pick<Path, 'source' | 'destination'>) =>
        withIpv6 || !(isIpv6(source) || isIpv6(destination));
      if (flags.explain === true) {
        for (const pair of explainPairs(engine)) {
          if (!shown(pair)) continue;
          const ends = { source: endText(pair.source), destination: endText(pair.destination) };
          if (flags.json === true) {
            const parts = pair.parts.map((part) => ({ connections: connectionsText(part.ports), ...part }));
            await out.line(JSON.stringify({ ...ends, parts }));
            continue;
          }
          const allowed = pair.parts.filter(({ verdict }) => verdict === 'allow').flatMap(({ ports }) => ports);
          await out.line(`${ends.source} => ${ends.destination} : ${connectionsText(joinedPorts(allowed))}`);
          for (const { verdict, ports, egress, ingress } of pair.parts) {
            await out.line(`  ${verdict === 'allow' ? 'allowed' : 'denied'} : ${connectionsText(ports)}`);
            for (const side of [egress, ingress]) await out.line(`    ${side.side} ${side.verdict}: ${side.text}`);
          }
        }
      } else {
        const allowed = [...new Connectivity(engine).paths()].filter(shown);
        if (flags.json === true) {
          const rows = allowed.map(({ source, destination, ports }) => ({
            source: endText(source),
            destination: endText(destination),
            connections: connectionsText(ports),
            ports,
          }));
          await out.line(JSON.stringify(rows));
        } else for (const line of allowed.map(pathLine).sort()) await out.line(line);
      }
      await out.flush();
      process.exitCode = exitCodes.good;
    });
}

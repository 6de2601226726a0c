import { Command } from 'commander';
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { FlowLines } from '../../policies/flow-lines.js';
import { answerFlow, answerJson, FlowResolver, type FlowGround } from '../../policies/flow-questions.js';
import { readCluster } from '../../policies/manifests/cluster.js';
import { compile } from '../../policies/simulation/evaluate.js';
import { exitCodes } from '../exit-codes.js';
import { ManifestError, manifestFiles, refuseProblems, sayWhatIsLeftOut, simulated } from './manifest-files.js';
import { LineWriter } from './output.js';

interface EvalFlags {
  readonly objects: readonly string[];
  readonly flows: string;
  readonly ipblockMatchesPods?: boolean;
  readonly hostNetworkExempt?: boolean;
}

function lines(file: string): AsyncIterable<string> {
  const stream = file === '-' ? process.stdin : createReadStream(file);
  if (!file.endsWith('.gz')) return createInterface({ input: stream, crlfDelay: Infinity });
  const unpacked = createGunzip();
  pipeline(stream, unpacked, () => {
    // What fails on the way ends the loop over the lines with the same error.
  });
  return createInterface({ input: unpacked, crlfDelay: Infinity });
}

function isUnpacking(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('Z_');
}

async function* linesOf(file: string): AsyncGenerator<string> {
  try {
    yield* lines(file);
  } catch (error) {
    if (isUnpacking(error)) throw new ManifestError(`${file} cannot be unpacked as gzip`, { cause: error });
    throw error;
  }
}

function groundOf(flags: EvalFlags): FlowGround {
  const cluster = readCluster(manifestFiles(flags.objects));
  refuseProblems(cluster);
  sayWhatIsLeftOut(cluster);
  const topology = simulated(cluster, flags.hostNetworkExempt === true);
  const ipBlockMatchesPods = flags.ipblockMatchesPods === true;
  const engine = compile(topology, cluster.policies, { ipBlockMatchesPods });
  const rules = cluster.policies.flatMap(({ ingress, egress }) => [...(ingress ?? []), ...(egress ?? [])]);
  const matters =
    rules.some(({ peers }) => peers?.some(({ kind }) => kind === 'ipBlock') === true) &&
    topology.pods.some(({ ips }) => ips.length > 0);
  const other = matters
    ? {
        engine: compile(topology, cluster.policies, { ipBlockMatchesPods: !ipBlockMatchesPods }),
        option: 'ipblock-matches-pods',
      }
    : null;
  return { engine, resolver: new FlowResolver(cluster.topology, engine), other };
}

export function evalCommand(): Command {
  return new Command('eval')
    .description('Judge flows by the policies in manifests; one JSON object a flow, with what decides on each side.')
    .requiredOption('--objects <path...>', 'manifest files, or folders of them (YAML or JSON, also packed with gzip)')
    .requiredOption('--flows <file>', 'flows as NDJSON or CSV (src,dst,protocol,port; also .gz), - for standard input')
    .option('--ipblock-matches-pods', 'take ipBlock peers to cover the addresses of pods too')
    .option('--host-network-exempt', 'do not apply policies to workloads that use the network of their node')
    .action(async (flags: EvalFlags) => {
      const ground = groundOf(flags);
      const reader = new FlowLines();
      const out = new LineWriter();
      const counts = { allow: 0, deny: 0, unknown: 0 };
      for await (const line of linesOf(flags.flows)) {
        const question = reader.read(line);
        if (question === null) continue;
        if (typeof question === 'string') {
          counts.unknown++;
          await out.line(JSON.stringify({ verdict: 'unknown', reason: 'unreadable', message: question, line }));
          continue;
        }
        const answer = answerFlow(ground, question);
        counts[answer.verdict]++;
        await out.line(answerJson(answer));
      }
      await out.flush();
      console.error(`flows: ${counts.allow} allowed, ${counts.deny} denied, ${counts.unknown} unknown`);
      process.exitCode = exitCodes.good;
    });
}

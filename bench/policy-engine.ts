import { Connectivity } from '../src/policies/simulation/connectivity.js';
import { compile, type Engine } from '../src/policies/simulation/evaluate.js';
import { adjacencyOf, blastRadius } from '../src/policies/simulation/reach.js';
import type { Policy } from '../src/policies/model.js';
import { importPolicy } from '../src/policies/kubernetes/import.js';
import { median, type Bench, type Figure } from './figure.js';
import { cluster, randomNumbers } from './policy-cluster.js';

const options = { ipBlockMatchesPods: false };
const ports = [53, 8443, 6379, 9400, 9450, 22];

function seconds(work: () => void): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}

/** Flows spread over workloads and addresses, as numbers: source, destination, protocol, port. */
function flowsFor(engine: Engine, count: number): Int32Array {
  const random = randomNumbers(7);
  const flows = new Int32Array(count * 4);
  for (let at = 0; at < flows.length; at += 4) {
    flows[at] = random(engine.podCount);
    flows[at + 1] = random(10) === 0 ? engine.podCount + random(engine.intervals.count) : random(engine.podCount);
    flows[at + 2] = random(3) === 0 ? 1 : 0;
    flows[at + 3] = ports[random(ports.length)] ?? 0;
  }
  return flows;
}

function judge(engine: Engine, flows: Int32Array): number {
  let allowed = 0;
  for (let at = 0; at < flows.length; at += 4) {
    const [source = 0, destination = 0, protocol = 0, port = 0] = [
      flows[at],
      flows[at + 1],
      flows[at + 2],
      flows[at + 3],
    ];
    if (engine.verdictOf(source, destination, protocol, port).allowed) allowed++;
  }
  return allowed;
}

function policyEval(scale: number): Figure {
  const { topology, policies } = cluster(Math.max(100, Math.round(1000 * scale)));
  const engine = compile(topology, policies, options);
  const flows = flowsFor(engine, 1_000_000);
  let allowed = 0;
  judge(engine, flows.subarray(0, 400_000));
  const rates = [1, 2, 3].map(() => flows.length / 4 / seconds(() => (allowed = judge(engine, flows))));
  const value = median(rates);
  return {
    name: 'policy-eval',
    value,
    unit: 'explained verdicts/s',
    baseline: 1_000_000,
    ratio: value / 1_000_000,
    conditions: `${topology.pods.length} workloads, ${policies.length} policies, ${flows.length / 4} flows in memory (${allowed} allowed), each with the policies, rules, peers and ports of both sides; median of 3, one thread`,
  };
}

function policyMap(scale: number): Figure {
  const { topology, policies } = cluster(Math.max(100, Math.round(1000 * scale)));
  let lines = 0;
  const value = median(
    [1, 2, 3].map(() =>
      seconds(() => {
        const map = new Connectivity(compile(topology, policies, options));
        lines = 0;
        for (const path of map.paths()) lines += path.ports.length > 0 ? 1 : 0;
      }),
    ),
  );
  return {
    name: 'policy-map',
    value,
    unit: 's',
    baseline: 3,
    ratio: value / 3,
    conditions: `every path between ${topology.pods.length} workloads and external addresses under ${policies.length} policies, ${lines} lines, policies compiled anew each time; median of 3`,
  };
}

/** The policy with one rule more, for addresses no policy has named when `further` says so. */
function grown(policy: Policy, at: number, further: boolean): Policy {
  const read = importPolicy({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: policy.id.name, namespace: policy.id.namespace },
    spec: {
      podSelector: {},
      ingress: [
        {
          from: [
            further
              ? { ipBlock: { cidr: `198.18.${at % 256}.0/24` } }
              : { podSelector: { matchLabels: { ring: `ring-${at % 7}` } } },
          ],
          ports: [{ port: 1000 + at }],
        },
      ],
    },
  });
  if (!read.ok) throw new Error(JSON.stringify(read.problems));
  return { ...policy, ingress: [...(policy.ingress ?? []), ...(read.policy.ingress ?? [])] };
}

function policyIncremental(scale: number): Figure {
  const { topology, policies } = cluster(Math.max(100, Math.round(1000 * scale)));
  const random = randomNumbers(11);
  let current: readonly Policy[] = policies;
  let engine = compile(topology, current, options);
  let map = new Connectivity(engine);
  const times: number[] = [];
  const further: number[] = [];
  for (let edit = 0; edit < 100; edit++) {
    const place = random(current.length);
    const isFurther = edit % 10 === 9;
    current = current.map((policy, at) => (at === place ? grown(policy, edit, isFurther) : policy));
    const spent = seconds(() => {
      engine = engine.revised(current);
      map = map.revised(engine);
    });
    (isFurther ? further : times).push(spent * 1000);
  }
  const fresh = new Connectivity(compile(topology, current, options));
  for (let source = 0; source < engine.podCount; source++)
    for (let end = 0; end < engine.podCount; end++)
      if (map.sets.ranges(map.between(source, end)).length !== fresh.sets.ranges(fresh.between(source, end)).length)
        throw new Error('the revised map is not the one made anew');
  const p95 = [...times].sort((a, b) => a - b)[Math.ceil(times.length * 0.95) - 1] ?? Number.NaN;
  return {
    name: 'policy-incremental',
    value: median(times),
    unit: 'ms p50',
    baseline: 200,
    ratio: median(times) / 200,
    conditions: `one policy of ${policies.length} changed, map of ${topology.pods.length} workloads revised: p95 ${p95.toFixed(1)} ms; ${further.length} changes that name new addresses, which rebuilds the map: p50 ${median(further).toFixed(0)} ms; the last map equals one made anew`,
  };
}

function blast(scale: number): Figure {
  const { topology, policies } = cluster(Math.max(200, Math.round(10_000 * scale)));
  const map = new Connectivity(compile(topology, policies, options));
  let text = '';
  const value = seconds(() => {
    const { directSpread: direct, transitiveSpread: transitive } = blastRadius(adjacencyOf(map));
    const spread = ({ mean, p95, max }: typeof direct) => `mean ${mean.toFixed(1)}, p95 ${p95}, max ${max}`;
    text = `direct ${spread(direct)}; transitive ${spread(transitive)}`;
  });
  return {
    name: 'blast-radius',
    value,
    unit: 's',
    baseline: 30,
    ratio: value / 30,
    conditions: `edges, strong components and closure of ${topology.pods.length} workloads under ${policies.length} policies: ${text}`,
  };
}

/** The policy engine in memory; no database, one thread. */
export const policyEngine: readonly Bench[] = (
  [
    ['policy-eval', policyEval],
    ['policy-map', policyMap],
    ['policy-incremental', policyIncremental],
    ['blast-radius', blast],
  ] as const
).map(([name, measure]) => ({ names: [name], run: async ({ scale }) => await Promise.resolve([measure(scale)]) }));

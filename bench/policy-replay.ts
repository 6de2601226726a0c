import { importPolicy } from '../src/policies/kubernetes/import.js';
import type { Policy } from '../src/policies/model.js';
import { Replay, type RecordedEdge } from '../src/policies/replay/replay.js';
import { ReplayTally } from '../src/policies/replay/tally.js';
import type { Bench } from './figure.js';

const namespaces = 50;
const workloadsEach = 20;
const policyCount = 1000;
const limitSeconds = 10;

const apps = Array.from({ length: workloadsEach }, (_, at) => `app${at}`);
const workloads = Array.from({ length: namespaces }, (_, at) => `ns${at}`).flatMap((namespace) =>
  apps.map((app) => ({
    key: `${namespace}/${app}`,
    namespace,
    name: app,
    labels: { app, half: app < 'app2' ? 'a' : 'b' },
  })),
);

/** One policy a workload; `shift` moves which application may call it, so that a draft of another shift changes verdicts. */
function policies(shift: (at: number) => number): Policy[] {
  return workloads.slice(0, policyCount).map(({ namespace, name }, at) => {
    const caller = apps[(at + shift(at)) % apps.length];
    const result = importPolicy({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace },
      spec: {
        podSelector: { matchLabels: { app: name } },
        ingress: [
          { from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: caller } } }], ports: [{ port: 8443 }] },
          {
            from:
              at % 20 === 0
                ? [{ ipBlock: { cidr: `10.${at % 250}.0.0/16` } }]
                : [{ podSelector: { matchLabels: { half: 'a' } } }],
          },
        ],
      },
    });
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    return result.policy;
  });
}

/** Edges from a linear congruential generator (Numerical Recipes), the same on every machine. */
function* edges(count: number): Generator<RecordedEdge> {
  let state = 1;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state >>> 8) % below;
  };
  for (let at = 0; at < count; at++) {
    const outside = next(10) === 0;
    const source = outside
      ? `ip:10.${next(256)}.${next(256)}.${next(256)}`
      : (workloads[next(workloads.length)]?.key ?? '');
    const destination = workloads[next(workloads.length)]?.key ?? '';
    yield { source, destination, protocol: 'tcp', port: next(2) === 0 ? 8443 : 5432, flows: 1 + next(100) };
  }
}

export const policyReplay: Bench = {
  names: ['policy-replay'],
  run: async ({ scale, say }) => {
    const count = Math.round(1_000_000 * scale);
    const started = process.hrtime.bigint();
    const set = {
      inForce: policies(() => 0),
      draft: policies((at) => (at % 10 === 0 ? 1 : 0)),
      namespaces: [],
      workloads,
    };
    const replay = new Replay(set);
    const tally = new ReplayTally();
    let peak = 0;
    let at = 0;
    for (const edge of edges(count)) {
      tally.add(edge, replay.judge(edge));
      if (at++ % 50_000 === 0) peak = Math.max(peak, process.memoryUsage.rss());
    }
    const figures = tally.finish();
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    say(`replay: ${JSON.stringify(figures.classes)}`);
    const conditions = `${count} edges in memory, ${workloads.length} workloads, ${policyCount} policies before and after, judged, explained, summed and digested; limit ${limitSeconds} s for 1,000,000; peak resident ${Math.round(peak / 2 ** 20)} MiB`;
    const limit = limitSeconds * scale;
    return [{ name: 'policy-replay', value: seconds, unit: 's', baseline: limit, ratio: seconds / limit, conditions }];
  },
};

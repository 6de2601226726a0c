import { hash } from 'node:crypto';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import pg from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { Clock } from '../src/context.js';
import { Database } from '../src/database/database.js';
import { PolicyEstates } from '../src/policies/estate.js';
import type { RecordedEdge } from '../src/policies/replay/replay.js';
import type { DraftItem } from '../src/simulations/draft.js';
import type { SimulationOrder } from '../src/simulations/inputs.js';
import { SimulationRun } from '../src/simulations/run.js';
import type { Bench } from './figure.js';

const namespaces = 50;
const workloadsEach = 20;
const policyCount = 1000;
const days = 30;
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
function policies(shift: number): object[] {
  return workloads.slice(0, policyCount).map(({ namespace, name }, at) => {
    const caller = apps[(at + shift) % apps.length];
    return {
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
    };
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

const dayText = (at: number): string => new Date(Date.UTC(2026, 0, 1 + at)).toISOString().slice(0, 10);

/** Rows of `flow_edge`, spread over the days; the port of a second edge of a day between the same ends tells them apart. */
function* edgeRows(count: number): Generator<string> {
  const seen = new Map<string, number>();
  let at = 0;
  for (const { source, destination, protocol, port, flows } of edges(count)) {
    const day = dayText(at % days);
    const key = `${day} ${source} ${destination} ${port}`;
    const again = seen.get(key) ?? 0;
    seen.set(key, again + 1);
    const index = at++;
    yield `${[day, source, destination, protocol, port + again, 'ingress', 'allow', flows, index, index, `${day} 09:00Z`, `${day} 17:00Z`].join('\t')}\n`;
  }
}

const simulationId = '019b0000-0000-7000-8000-000000000001';
const userId = '019b0000-0000-7000-8000-000000000002';

/** What followers would have made of the records, and a simulation that waits. */
async function fill(ownerUrl: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: ownerUrl });
  await client.connect();
  try {
    await pipeline(
      Readable.from(edgeRows(count)),
      client.query(
        copyFrom(
          'COPY flow_edge (day, source_workload, destination_workload, protocol, port, direction, verdict, flows, first_index, last_index, first_time, last_time) FROM STDIN',
        ),
      ),
    );
    const rows = workloads.map((workload) => ({ ...workload, digest: hash('md5', JSON.stringify(workload.labels)) }));
    await client.query(
      `INSERT INTO workload (key, namespace, name, labels, first_index, last_index, first_seen, last_seen)
       SELECT key, namespace, name, labels, 0, 0, '2026-01-01', '2026-01-01'
       FROM json_to_recordset($1) AS w (key text, namespace text, name text, labels json)`,
      [JSON.stringify(rows)],
    );
    await client.query(
      `INSERT INTO workload_labels (key, day, digest, labels, first_time, last_time, first_index, last_index)
       SELECT key, '2026-01-01'::date + d, digest, labels, '2026-01-01'::date + d, '2026-01-01'::date + d, 0, 0
       FROM json_to_recordset($1) AS w (key text, digest text, labels json), generate_series(0, ${days - 1}) d`,
      [JSON.stringify(rows)],
    );
    await client.query(
      `INSERT INTO policy_version (index, position, system, kind, namespace, name, version, action, author, source, event_time,
         event_time_text, object)
       SELECT 0, row_number() OVER (), 'kubernetes', 'NetworkPolicy', object->'metadata'->>'namespace', object->'metadata'->>'name',
         1, 'create', 'bench', 'bench', '2026-01-01', '2026-01-01T00:00:00.000000000Z', object
       FROM json_array_elements($1) object`,
      [JSON.stringify(policies(0))],
    );
    await client.query(
      `INSERT INTO users (id, name, display_name, roles, password_hash, created_at) VALUES ($1, 'bench', 'bench', '{admin}', 'none', now())`,
      [userId],
    );
    await client.query(
      `INSERT INTO simulation (id, title, items, items_digest, first_day, last_day, labels, requested_by, requested_at, requested_index, state)
       VALUES ($1, 'bench', '[]', '', $2, $3, 'flow_time', $4, now(), 0, 'running')`,
      [simulationId, dayText(0), dayText(days - 1), userId],
    );
    await client.query('ANALYZE');
  } finally {
    await client.end();
  }
}

const order: SimulationOrder = {
  id: simulationId,
  items: policies(1)
    .filter((_, at) => at % 10 === 0)
    .map((object, at): DraftItem => {
      const { namespace = null, name = '' } = workloads[at * 10] ?? {};
      return { system: 'kubernetes', kind: 'NetworkPolicy', namespace, name, action: 'update', digest: null, object };
    }),
  from: dayText(0),
  to: dayText(days - 1),
  labels: 'flow_time',
  ipBlockMatchesPods: null,
  requestedAt: '2026-06-01T00:00:00.000Z',
};

/** From the request to the pages and the result: policies, labels and edges read from PostgreSQL, outcomes written there. */
export const policyReplay: Bench = {
  names: ['policy-replay'],
  run: async ({ ownerUrl, serviceUrl, scale, say }) => {
    const count = Math.round(1_000_000 * scale);
    await fill(ownerUrl, count);
    const database = await Database.connect(serviceUrl, { poolSize: 4, applicationName: 'bench' });
    try {
      const runs = new SimulationRun(database, new PolicyEstates(database, new Clock()));
      let peak = 0;
      const watch = setInterval(() => (peak = Math.max(peak, process.memoryUsage.rss())), 50);
      const started = process.hrtime.bigint();
      const began = process.cpuUsage();
      let judged = 0;
      const { result } = await runs.execute(order, async (done) => {
        judged = Number(process.hrtime.bigint() - started) / 1e9;
        if (done === 0) say(`edges are counted and policies compiled after ${judged.toFixed(2)} s`);
      });
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      clearInterval(watch);
      const { user, system } = process.cpuUsage(began);
      const processor = (user + system) / 1e6;
      say(
        `replay: ${JSON.stringify(result.classes)}; judged after ${judged.toFixed(2)} s; outcomes ${result.digests.outcomes}`,
      );
      const [pages] = await database.query<{ bytes: string }>(
        'SELECT sum(length(content)) AS bytes FROM simulation_page',
      );
      const conditions = `${count} stored edges of ${days} days read from PostgreSQL, ${workloads.length} workloads with label history, ${policyCount} policies before and after, judged, explained, summed, digested, every edge kept by class (${Math.round(Number(pages?.bytes ?? 0) / 2 ** 20)} MiB), paths and blast radius compared; limit ${limitSeconds} s for 1,000,000; peak resident ${Math.round(peak / 2 ** 20)} MiB with the measuring process, processor time ${processor.toFixed(1)} s besides PostgreSQL's`;
      const limit = limitSeconds * scale;
      return [
        { name: 'policy-replay', value: seconds, unit: 's', baseline: limit, ratio: seconds / limit, conditions },
      ];
    } finally {
      await database.close();
    }
  },
};

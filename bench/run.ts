import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { migrate } from '../src/database/migrate.js';
import { provisionServiceRole } from '../src/database/roles.js';
import { startEmbeddedPostgres } from '../src/postgres/embedded.js';
import type { Bench, Figure } from './figure.js';
import { ingestHec } from './ingest-hec.js';
import { ingestHttp } from './ingest-http.js';
import { ingestMemory } from './ingest-memory.js';
import { logAppend } from './log-append.js';
import { logScale } from './log-scale.js';
import { logSingle } from './log-single.js';
import { policyEngine } from './policy-engine.js';
import { policyReplay } from './policy-replay.js';

/*
 * npm run bench -- [--only NAME] [--json FILE] [--scale 0.1]
 * Each figure beside its limit or its peer, measured in one run on one server. Never fails on time.
 */

const benches: readonly Bench[] = [
  ingestHttp,
  ingestHec,
  ingestMemory,
  logAppend,
  logSingle,
  logScale,
  ...policyEngine,
  policyReplay,
];

const { values: flags } = parseArgs({
  options: { only: { type: 'string' }, json: { type: 'string' }, scale: { type: 'string', default: '1' } },
});
const chosen = benches.filter((bench) => flags.only === undefined || bench.names.includes(flags.only));
if (chosen.length === 0) {
  console.error(`there is no figure ${flags.only}; there are ${benches.flatMap((bench) => bench.names).join(', ')}`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'segproof-bench-'));
const say = (line: string): void => console.error(line);
const server =
  process.env['DATABASE_URL'] === undefined
    ? await startEmbeddedPostgres({ directory: join(folder, 'postgres'), log: say })
    : null;
const serverUrl = process.env['DATABASE_URL'] ?? server?.ownerUrl ?? '';
const figures: Figure[] = [];
let databases = 0;
try {
  for (const bench of chosen) {
    const made: string[] = [];
    const another = async (): Promise<{ ownerUrl: string; serviceUrl: string }> => {
      const name = `segproof_bench_${process.pid}_${databases++}`;
      made.push(name);
      const ownerUrl = await freshDatabase(name);
      return { ownerUrl, serviceUrl: await provisionServiceRole(ownerUrl) };
    };
    say(`measuring ${bench.names.join(', ')}`);
    const all = await bench.run({ ...(await another()), another, scale: Number(flags.scale), only: flags.only, say });
    figures.push(...all.filter((figure) => flags.only === undefined || figure.name === flags.only));
    for (const name of made) await onServer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
  }
} finally {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}

console.table(
  Object.fromEntries(
    figures.map((figure) => [
      figure.name,
      {
        value: `${round(figure.value)} ${figure.unit}`,
        baseline: figure.baseline === null ? '' : round(figure.baseline),
        ratio: figure.ratio === null ? '' : figure.ratio.toFixed(2),
      },
    ]),
  ),
);
for (const figure of figures) console.log(`${figure.name}: ${figure.conditions}`);
if (flags.json !== undefined) writeFileSync(flags.json, `${JSON.stringify(figures, null, 2)}\n`);

async function onServer(sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: serverUrl });
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
}

async function freshDatabase(name: string): Promise<string> {
  await onServer(`CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  await migrate(url.href);
  return url.href;
}

function round(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString('en') : value.toPrecision(3);
}

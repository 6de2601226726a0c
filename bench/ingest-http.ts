import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { generateEstate } from '../src/demo/estate.js';
import { BinaryCopyRows } from '../src/log/binary-copy.js';
import { runCopyStatements } from '../src/log/copy-statements.js';
import { packageRoot } from '../src/package-root.js';
import { ratioFigure, type Bench, type BenchContext, type Figure } from './figure.js';
import { durability, walSyncs } from './honesty.js';

const rounds = 5;
const batchesPerRound = 24;
const linesPerBatch = 1000;
const inFlight = 4;

/** NDJSON batches over HTTP to durable receipt, held against plain COPY of the same bytes. */
export const ingestHttp: Bench = {
  names: ['ingest-http-ndjson', 'ingest-http-ndjson-following'],
  run: async (context) => [await measure(context, 'api'), await measure(context, 'all')],
};

/** `api`: the process that takes records, as in production; `all`: it follows the log and runs jobs meanwhile. */
async function measure(context: BenchContext, role: 'api' | 'all'): Promise<Figure> {
  const batches = Math.max(4, Math.round(batchesPerRound * context.scale));
  const bodies = flowBodies((rounds + 1) * batches);
  const service = await startOwnService(context, role);
  const client = new pg.Client({ connectionString: context.ownerUrl });
  await client.connect();
  try {
    await client.query('DROP TABLE IF EXISTS plain');
    await client.query('CREATE TABLE plain (index bigint PRIMARY KEY, line bytea NOT NULL)');
    const before = await durability(client);
    const runs: { value: number; baseline: number }[] = [];
    let next = 0;
    const take = (): Buffer[] => bodies.slice(next, (next += batches));
    await sendAll(service, take());
    let index = 0;
    for (let round = 0; round < rounds; round++) {
      const part = take();
      const lines = part.length * linesPerBatch;
      const value = lines / (await seconds(async () => await sendAll(service, part)));
      if (role === 'all') await service.settled();
      const copied = await seconds(async () => {
        for (const body of part) {
          await copyPlain(client, body, index);
          index += linesPerBatch;
        }
      });
      runs.push({ value, baseline: lines / copied });
      context.say(
        `  round ${round + 1}: ${Math.round(value)} records/s over HTTP, ${Math.round(lines / copied)} by COPY`,
      );
    }
    const syncs = (await walSyncs(client)) - before.walSyncs;
    return ratioFigure(
      role === 'api' ? 'ingest-http-ndjson' : 'ingest-http-ndjson-following',
      'records/s',
      runs,
      `${rounds} rounds of ${batches} NDJSON batches of ${linesPerBatch} Hubble flows (${Math.round((bodies[0]?.length ?? 0) / linesPerBatch)} bytes each) over HTTP, ${inFlight} in flight, receipts with indices (receipt=index) and a signed checkpoint, normal form and deduplication on, ${role === 'api' ? 'by an API process (ROLE=api); followers run in a worker, none here' : 'followers and jobs running in the same process'}, against binary COPY of the same lines into a table with only its primary key; ${before.settings}; WAL syncs counted: ${syncs}`,
    );
  } finally {
    await client.end();
    await service.stop();
  }
}

const logins = new Map<string, readonly string[]>();

async function seconds(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
}

function flowBodies(count: number): Buffer[] {
  const estate = generateEstate({
    seed: 7,
    end: new Date('2026-11-01T00:00:00Z'),
    flows: count * linesPerBatch + 20_000,
  });
  const bodies: Buffer[] = [];
  let lines: string[] = [];
  for (const step of estate.steps) {
    if (step.kind !== 'ingest' || step.contents.policyChanges > 0 || step.contents.resent) continue;
    for (const line of step.body.split('\n')) {
      if (!line.startsWith('{"flow"') || !line.endsWith('}')) continue;
      lines.push(line);
      if (lines.length < linesPerBatch) continue;
      bodies.push(Buffer.from(`${lines.join('\n')}\n`));
      lines = [];
      if (bodies.length === count) return bodies;
    }
  }
  throw new Error(`the estate gave ${bodies.length} batches, ${count} are needed`);
}

async function copyPlain(client: pg.Client, body: Buffer, firstIndex: number): Promise<void> {
  const rows = new BinaryCopyRows(body.length + linesPerBatch * 32);
  let start = 0;
  for (let i = 0; i < linesPerBatch; i++) {
    const end = body.indexOf(0x0a, start);
    rows.row(2);
    rows.int64(firstIndex + i);
    rows.bytes(body.subarray(start, end));
    start = end + 1;
  }
  await runCopyStatements(client, 'COPY plain FROM STDIN (FORMAT binary)', [rows.finish()]);
}

interface RunningService {
  readonly url: string;
  readonly source: string;
  readonly token: string;
  settled(): Promise<void>;
  stop(): Promise<void>;
}

async function sendAll(service: RunningService, bodies: readonly Buffer[]): Promise<void> {
  const queue = bodies.values();
  const worker = async (): Promise<void> => {
    for (const body of queue) {
      const response = await fetch(`${service.url}/ingest/v1/${service.source}?receipt=index`, {
        method: 'POST',
        headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/x-ndjson' },
        body: new Uint8Array(body),
      });
      const answer = (await response.json()) as { appended?: number }; // checked on the next line
      if (response.status !== 200 || answer.appended !== linesPerBatch) {
        throw new Error(`a batch was answered ${response.status}: ${JSON.stringify(answer).slice(0, 300)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

/** The service as it is started in production, in a process of its own. */
async function startOwnService(context: BenchContext, role: 'api' | 'all'): Promise<RunningService> {
  const folder = mkdtempSync(join(tmpdir(), 'segproof-bench-service-'));
  const child = spawn(process.execPath, [join(packageRoot, 'bin', 'segproof.mjs'), 'start'], {
    env: {
      ...process.env,
      DATABASE_URL: context.ownerUrl,
      DATABASE_SERVICE_URL: context.serviceUrl,
      REDIS_URL: '',
      ROLE: role,
      DATA_DIR: folder,
      PORT: '0',
      LOG_LEVEL: 'error',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (/^ready$/mu.test(text)) resolve(text);
    });
    child.on('exit', () => reject(new Error(`the service ended before it was ready: ${text}`)));
  });
  const url = /^portal: (.*)$/mu.exec(lines)?.[1] ?? '';
  // The first service of the database prints the login; the second finds it made.
  const [, name = '', password = ''] = /name (\S+), password (\S+)/u.exec(lines) ?? logins.get(context.ownerUrl) ?? [];
  logins.set(context.ownerUrl, ['', name, password]);
  const post = async (path: string, token: string | null, body: object): Promise<Record<string, unknown>> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Record<string, unknown>; // fields are read as text below
  };
  const session = String((await post('/api/v1/sessions', null, { name, password }))['token']);
  const token = String((await post('/api/v1/sources', session, { name: `bench-${role}`, format: 'hubble' }))['token']);
  const client = new pg.Client({ connectionString: context.ownerUrl });
  await client.connect();
  return {
    url,
    source: `bench-${role}`,
    token,
    settled: async () => {
      for (;;) {
        const { rows } = await client.query<{ behind: boolean }>(
          'SELECT bool_or(f.next_index < h.size) AS behind FROM follower f, log_head h',
        );
        if (rows[0]?.behind !== true) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    stop: async () => {
      await client.end();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

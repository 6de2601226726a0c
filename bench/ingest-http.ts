import { Agent, request } from 'node:http';
import pg from 'pg';
import { BinaryCopyRows } from '../src/log/binary-copy.js';
import { runCopyStatements } from '../src/log/copy-statements.js';
import { ratioFigure, type Bench, type BenchContext, type Figure } from './figure.js';
import { flowBodies } from './flow-bodies.js';
import { durability, walSyncs } from './honesty.js';
import { startOwnService, type RunningService } from './own-service.js';

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
  const bodies = flowBodies((rounds + 1) * batches, linesPerBatch);
  const service = await startOwnService(context, { role, source: `bench-${role}` });
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
      `${rounds} rounds of ${batches} NDJSON batches of ${linesPerBatch} Hubble flows (${Math.round((bodies[0]?.length ?? 0) / linesPerBatch)} bytes each) over HTTP, ${inFlight} in flight, receipts with indices (receipt=index) and a signed checkpoint, each record parsed, recognised, identified and deduplicated, ${role === 'api' ? 'by an API process (ROLE=api); followers, which make the normal forms, run in a worker, none here' : 'followers, which make the normal forms, and jobs running in the same process'}, against binary COPY of the same lines into a table with only its primary key; ${before.settings}; WAL syncs counted: ${syncs}`,
    );
  } finally {
    await client.end();
    await service.stop();
  }
}

async function seconds(work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return (performance.now() - started) / 1000;
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

async function sendAll(service: RunningService, bodies: readonly Buffer[]): Promise<void> {
  const queue = bodies.values();
  const worker = async (): Promise<void> => {
    for (const body of queue) {
      const response = await post(`${service.url}/ingest/v1/${service.source}?receipt=index`, service.token, body);
      const answer = JSON.parse(response.text) as { appended?: number }; // checked on the next line
      if (response.status !== 200 || answer.appended !== linesPerBatch) {
        throw new Error(`a batch was answered ${response.status}: ${JSON.stringify(answer).slice(0, 300)}`);
      }
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
}

const agent = new Agent({ keepAlive: true });

/** The sender shares the processors with what is measured, so it does no more than send. */
async function post(url: string, token: string, body: Buffer): Promise<{ status: number; text: string }> {
  return await new Promise((resolve, reject) => {
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/x-ndjson',
      'content-length': body.length,
    };
    const sent = request(url, { agent, method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

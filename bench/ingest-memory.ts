import { readFileSync } from 'node:fs';
import pg from 'pg';
import type { Bench, BenchContext, Figure } from './figure.js';
import { flowBodies } from './flow-bodies.js';
import { startOwnService, type RunningService } from './own-service.js';

const records = 2_000_000;
const linesPerBatch = 1000;
const inFlight = 4;
/** Bodies of this many bytes may be in the service at once, so that the burst is too much for it. */
const mostInFlightBytes = 12_000_000;
const burst = 10;
const burstRounds = 5;

/** Whether the memory of the process that takes records stays flat, and what a burst beyond its limits does. */
export const ingestMemory: Bench = { names: ['ingest-memory'], run: async (context) => [await measure(context)] };

async function measure(context: BenchContext): Promise<Figure> {
  const batches = Math.max(100, Math.round((records / linesPerBatch) * context.scale));
  const templates = flowBodies(100, linesPerBatch);
  const env = { INGEST_MAX_IN_FLIGHT_BYTES: String(mostInFlightBytes) };
  const service = await startOwnService(context, { role: 'api', source: 'bench-memory', env });
  try {
    const queue = Array.from({ length: batches }, (_, at) => at).values();
    const seen: number[] = [];
    const sender = async (): Promise<void> => {
      for (const at of queue) {
        const status = await send(service, bodyAt(templates, at));
        if (status !== 200) throw new Error(`a batch was answered ${status}`);
        seen.push(residentMegabytes(service.pid));
      }
    };
    await Promise.all(Array.from({ length: inFlight }, sender));
    const quarter = Math.floor(seen.length / 4);
    const [early, late] = [highest(seen.slice(quarter, 2 * quarter)), highest(seen.slice(3 * quarter))];
    context.say(`  resident: ${early} MB at most in the second quarter, ${late} MB in the last`);
    const { refused, peak } = await sendBurst(service, templates, batches);
    const stored = await storedRecords(context);
    const sent = (batches + burst * inFlight * burstRounds) * linesPerBatch;
    if (stored !== sent) throw new Error(`${sent} records were acknowledged, ${stored} are stored`);
    return {
      name: 'ingest-memory',
      value: late,
      unit: 'MB',
      baseline: early,
      ratio: late / early,
      conditions: `highest resident memory in the last quarter of ${batches * linesPerBatch} records in NDJSON batches of ${linesPerBatch}, ${inFlight} in flight, against the second quarter; then bursts of ${burst * inFlight} batches at once with room for ${mostInFlightBytes / 1e6} MB: ${refused} answers were 503 and sent again, ${peak} MB at most, ${stored} of ${sent} records stored, none twice`,
    };
  } finally {
    await service.stop();
  }
}

/** The flows of a template with ids of their own, so that none is a repetition. */
function bodyAt(templates: readonly Buffer[], at: number): string {
  const text = (templates[at % templates.length] ?? Buffer.alloc(0)).toString('utf8');
  const mark = Math.floor(at / templates.length)
    .toString(16)
    .padStart(8, '0');
  return text.replaceAll(/"uuid":"[0-9a-f]{8}/g, `"uuid":"${mark}`);
}

async function sendBurst(
  service: RunningService,
  templates: readonly Buffer[],
  first: number,
): Promise<{ refused: number; peak: number }> {
  let refused = 0;
  let peak = 0;
  const deliver = async (body: string): Promise<void> => {
    for (;;) {
      const status = await send(service, body);
      peak = Math.max(peak, residentMegabytes(service.pid));
      if (status === 200) return;
      if (status !== 503) throw new Error(`a batch was answered ${status}`);
      refused++;
      await new Promise((resolve) => setTimeout(resolve, 500 + Math.random() * 500));
    }
  };
  for (let round = 0; round < burstRounds; round++) {
    const from = first + round * burst * inFlight;
    await Promise.all(Array.from({ length: burst * inFlight }, (_, at) => deliver(bodyAt(templates, from + at))));
  }
  return { refused, peak };
}

async function send(service: RunningService, body: string): Promise<number> {
  const response = await fetch(`${service.url}/ingest/v1/${service.source}?receipt=index`, {
    method: 'POST',
    headers: { authorization: `Bearer ${service.token}`, 'content-type': 'application/x-ndjson' },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}

async function storedRecords(context: BenchContext): Promise<number> {
  const client = new pg.Client({ connectionString: context.ownerUrl });
  await client.connect();
  const { rows } = await client.query<{ stored: string }>(
    `SELECT count(*) AS stored FROM log_entry WHERE source = 'bench-memory'`,
  );
  await client.end();
  return Number(rows[0]?.stored ?? 0);
}

function highest(values: readonly number[]): number {
  return values.reduce((most, value) => Math.max(most, value), 0);
}

/** What the kernel says the process has in memory; 0 where it does not say so this way. */
function residentMegabytes(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Math.round(Number(/^VmRSS:\s+(\d+) kB$/mu.exec(text)?.[1] ?? 0) / 1024);
  } catch {
    return 0;
  }
}

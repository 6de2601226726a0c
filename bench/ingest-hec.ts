import { gzipSync } from 'node:zlib';
import { median, type Bench, type BenchContext, type Figure } from './figure.js';
import { flowBodies } from './flow-bodies.js';
import { startOwnService, type RunningService } from './own-service.js';

/** About 1 MB of events before compression. */
const eventsPerBatch = 800;
const rounds = 5;
const batchesPerRound = 25;
const inFlight = 4;
const pacedPerSecond = 5000;
const pacedBatches = 200;

/** Splunk HEC, gzip: how much goes through, and how long a batch takes when 5,000 events come in each second. */
export const ingestHec: Bench = {
  names: ['ingest-hec', 'ingest-hec-p99'],
  run: measure,
};

async function measure(context: BenchContext): Promise<Figure[]> {
  const perRound = Math.max(4, Math.round(batchesPerRound * context.scale));
  const paced = Math.max(20, Math.round(pacedBatches * context.scale));
  const bodies = flowBodies(rounds * perRound + paced, eventsPerBatch).map(eventsOf);
  const service = await startOwnService(context, { role: 'api', source: 'bench-hec' });
  try {
    let next = 0;
    const take = (count: number): Batch[] => bodies.slice(next, (next += count));
    const rates: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const part = take(perRound).values();
      const started = performance.now();
      const sender = async (): Promise<void> => {
        for (const batch of part) await send(service, batch);
      };
      await Promise.all(Array.from({ length: inFlight }, sender));
      rates.push((perRound * eventsPerBatch * 1000) / (performance.now() - started));
      context.say(`  round ${round + 1}: ${Math.round(rates.at(-1) ?? 0)} events/s`);
    }
    const times = await sendPaced(service, take(paced));
    const [p50, p99] = [quantile(times, 0.5), quantile(times, 0.99)];
    const size = Math.round((bodies[0]?.bytes ?? 0) / 1000);
    const what = `batches of ${eventsPerBatch} Hubble flows as HEC events (${size} kB, gzip), each record recognised, identified and deduplicated, one API process`;
    return [
      {
        name: 'ingest-hec',
        value: median(rates),
        unit: 'events/s',
        baseline: 5000,
        ratio: median(rates) / 5000,
        conditions: `${rounds} rounds of ${perRound} ${what}, ${inFlight} in flight; held against the 5,000/s asked for`,
      },
      {
        name: 'ingest-hec-p99',
        value: p99,
        unit: 'ms',
        baseline: 250,
        ratio: p99 / 250,
        conditions: `${paced} ${what}, sent at ${pacedPerSecond} events/s whatever the answers take; median ${Math.round(p50)} ms; held against the 250 ms asked for (lower is better)`,
      },
    ];
  } finally {
    await service.stop();
  }
}

interface Batch {
  readonly gzip: Buffer<ArrayBuffer>;
  readonly bytes: number;
}

function eventsOf(ndjson: Buffer): Batch {
  const lines = ndjson.toString('utf8').trimEnd().split('\n');
  const body = lines.map((line) => `{"sourcetype":"cilium:hubble","event":${line}}`).join('');
  return { gzip: Buffer.from(gzipSync(body, { level: 1 })), bytes: body.length };
}

async function send(service: RunningService, { gzip }: Batch): Promise<void> {
  const response = await fetch(`${service.url}/services/collector/event`, {
    method: 'POST',
    headers: { authorization: `Splunk ${service.token}`, 'content-encoding': 'gzip' },
    body: gzip,
  });
  const answer = await response.text();
  if (response.status !== 200) throw new Error(`a batch was answered ${response.status}: ${answer.slice(0, 300)}`);
}

/** Milliseconds from when each batch was due to its answer: a late answer does not make the next batch wait. */
async function sendPaced(service: RunningService, batches: readonly Batch[]): Promise<number[]> {
  const interval = (eventsPerBatch * 1000) / pacedPerSecond;
  const started = performance.now();
  return await Promise.all(
    batches.map(async (batch, at) => {
      const due = started + at * interval;
      await new Promise((resolve) => setTimeout(resolve, due - performance.now()));
      await send(service, batch);
      return performance.now() - due;
    }),
  );
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Database } from '../src/database/database.js';
import { signerFromSeed } from '../src/log/core/note.js';
import { fsck } from '../src/log/fsck.js';
import { prepareEntry } from '../src/log/entry.js';
import { initialiseLog, Log } from '../src/log/log.js';
import { median, ratioFigure, type Bench, type Figure } from './figure.js';
import { durability, walSyncs } from './honesty.js';
import { copyAll, createPlain, newEntry, rate } from './log-append.js';

const seconds = 5;
const rounds = 7;
const copyBatch = 1000;

/** Single entries by many producers at once, each answered after its commit with a signed checkpoint. */
export const logSingle: Bench = {
  names: ['log-append-single-256', 'log-append-single-16', 'log-append-single-1'],
  run: async ({ ownerUrl, serviceUrl, scale, only }) => {
    const database = await Database.connect(serviceUrl, { poolSize: 4, applicationName: 'segproof-bench' });
    const owner = new pg.Client({ connectionString: ownerUrl });
    await owner.connect();
    try {
      const origin = await initialiseLog(database, undefined);
      const signer = signerFromSeed(origin, randomBytes(32));
      const log = new Log(database, signer, () => new Date());
      await owner.query('SELECT log_entry_month(current_date)');
      const before = await durability(owner);
      await createPlain(owner);
      const figures: Figure[] = [];
      const wanted = (name: string): boolean => only === undefined || only === name;
      if (wanted('log-append-single-256')) {
        figures.push(
          await manyProducers(log, database, { duration: (seconds * scale) / rounds, settings: before.settings }),
        );
      }
      for (const { producers, name, limit } of fewProducers.filter((each) => wanted(each.name))) {
        await produce(log, producers, 0.5);
        const { rate: perSecond, latencies } = await produce(log, producers, seconds * scale);
        const p50 = median(latencies);
        const value = producers === 1 ? p50 : perSecond;
        figures.push({
          name,
          value,
          unit: producers === 1 ? 'ms p50' : 'entries/s',
          baseline: limit,
          ratio: value / limit,
          conditions: `${producers} producers of single entries for ${seconds * scale} s: ${Math.round(perSecond)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99(latencies).toFixed(2)} ms; ${before.settings}`,
        });
      }
      const syncs = (await walSyncs(owner)) - before.walSyncs;
      if (syncs === 0) throw new Error('the server synced no WAL; the figures are worth nothing');
      const result = await fsck(database, { verifiers: [signer.verifier] });
      if (result.problems.length > 0)
        throw new Error(`the log does not verify after the run: ${JSON.stringify(result.problems[0])}`);
      return figures.map((figure) => ({
        ...figure,
        conditions: `${figure.conditions}; WAL syncs counted: ${syncs}; verified after the run`,
      }));
    } finally {
      await owner.end();
      await database.close();
    }
  },
};

const fewProducers = [
  { producers: 16, name: 'log-append-single-16', limit: 6000 },
  { producers: 1, name: 'log-append-single-1', limit: 2.5 },
];

/** Many producers of single entries, held against plain COPY of a thousand rows a transaction, by turns. */
async function manyProducers(
  log: Log,
  database: Database,
  { duration, settings }: { readonly duration: number; readonly settings: string },
): Promise<Figure> {
  const producers = 256;
  const prepared = Array.from({ length: copyBatch }, () => prepareEntry(newEntry(), new Date()));
  const batches = Array.from({ length: Math.max(4, Math.round(30 * duration)) }, () => prepared);
  const runs: { value: number; baseline: number }[] = [];
  const all: number[] = [];
  let index = 0;
  for (let round = -1; round < rounds; round++) {
    const { rate: value, latencies } = await produce(log, producers, duration);
    const baseline = await rate(batches.length * copyBatch, async () => {
      index = await copyAll(database, batches, index);
    });
    if (round < 0) continue;
    runs.push({ value, baseline });
    all.push(...latencies);
  }
  return ratioFigure(
    'log-append-single-256',
    'entries/s',
    runs,
    `${producers} producers of single entries in ${rounds} rounds of ${duration.toFixed(2)} s, p50 ${median(all).toFixed(2)} ms, p99 ${p99(all).toFixed(2)} ms, each answered after its commit with a signed checkpoint; against plain COPY in batches of ${copyBatch}, by turns; ${settings}`,
  );
}

function p99(latencies: readonly number[]): number {
  return latencies.toSorted((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
}

async function produce(log: Log, producers: number, duration: number): Promise<{ rate: number; latencies: number[] }> {
  const latencies: number[] = [];
  const started = performance.now();
  const end = started + duration * 1000;
  await Promise.all(
    Array.from({ length: producers }, async () => {
      while (performance.now() < end) {
        const sent = performance.now();
        await log.append([newEntry()]);
        latencies.push(performance.now() - sent);
      }
    }),
  );
  return { rate: latencies.length / ((performance.now() - started) / 1000), latencies };
}

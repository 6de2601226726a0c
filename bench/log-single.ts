import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Database } from '../src/database/database.js';
import { signerFromSeed } from '../src/log/core/note.js';
import { fsck } from '../src/log/fsck.js';
import { initialiseLog, Log } from '../src/log/log.js';
import { median, type Bench, type Figure } from './figure.js';
import { durability, walSyncs } from './honesty.js';
import { newEntry } from './log-append.js';

const seconds = 5;

/** Single entries by many producers at once, each answered after its commit with a signed checkpoint. */
export const logSingle: Bench = {
  names: ['log-append-single-256', 'log-append-single-16', 'log-append-single-1'],
  run: async ({ ownerUrl, serviceUrl, scale }) => {
    const database = await Database.connect(serviceUrl, { poolSize: 4, applicationName: 'segproof-bench' });
    const owner = new pg.Client({ connectionString: ownerUrl });
    await owner.connect();
    try {
      const origin = await initialiseLog(database, undefined);
      const signer = signerFromSeed(origin, randomBytes(32));
      const log = new Log(database, signer, () => new Date());
      await owner.query('SELECT log_entry_month(current_date)');
      const before = await durability(owner);
      const figures: Figure[] = [];
      for (const producers of [256, 16, 1]) {
        await produce(log, producers, 0.5);
        const { rate, latencies } = await produce(log, producers, seconds * scale);
        const p50 = median(latencies);
        const p99 = [...latencies].sort((a, b) => a - b)[Math.floor(latencies.length * 0.99)] ?? Number.NaN;
        const conditions = `${producers} producers of single entries for ${seconds * scale} s: ${Math.round(rate)}/s, p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms; ${before.settings}`;
        figures.push(
          producers === 1
            ? { name: 'log-append-single-1', value: p50, unit: 'ms p50', baseline: 2.5, ratio: p50 / 2.5, conditions }
            : {
                name: `log-append-single-${producers}`,
                value: rate,
                unit: 'entries/s',
                baseline: producers === 256 ? 25_000 : 6000,
                ratio: rate / (producers === 256 ? 25_000 : 6000),
                conditions,
              },
        );
      }
      const syncs = (await walSyncs(owner)) - before.walSyncs;
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

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Database } from '../src/database/database.js';
import { appendEntries } from '../src/log/append.js';
import { signerFromSeed } from '../src/log/core/note.js';
import { prepareEntry, type NewEntry } from '../src/log/entry.js';
import { fsck } from '../src/log/fsck.js';
import { initialiseLog } from '../src/log/log.js';
import { LogReader } from '../src/log/read.js';
import { median, type Bench, type Figure } from './figure.js';
import { durability } from './honesty.js';
import { newEntry } from './log-append.js';

const fullSize = 10_000_000;
const batch = 5000;
/** Entries whose appends are timed for one rate. */
const window = 100_000;

/** A large log: slope of the append rate, proofs, verification, and what it takes on disk. */
export const logScale: Bench = {
  names: ['log-slope', 'log-proof', 'log-verify', 'log-storage'],
  run: async ({ ownerUrl, serviceUrl, scale, say }) => {
    // Ten million entries take long; a tenth of it unless asked for more with --scale above 1.
    const size = Math.max(2 * window, Math.round((fullSize * scale) / 10 / batch) * batch);
    const database = await Database.connect(serviceUrl, { poolSize: 4, applicationName: 'segproof-bench' });
    const owner = new pg.Client({ connectionString: ownerUrl });
    await owner.connect();
    try {
      const origin = await initialiseLog(database, undefined);
      const signer = signerFromSeed(origin, randomBytes(32));
      await owner.query('SELECT log_entry_month(current_date)');
      const { settings } = await durability(owner);
      const rates: number[] = [];
      for (let at = 0; at < size; at += window) {
        rates.push(await appendRate(database, Math.min(window, size - at)));
        if (rates.length % 10 === 0) say(`  ${at + window} of ${size} entries, ${Math.round(rates.at(-1) ?? 0)}/s`);
      }
      // Medians of three windows at both ends: one slow fsync must not decide.
      const early = median(rates.slice(0, 3));
      const late = median(rates.slice(-3));
      const figures: Figure[] = [
        {
          name: 'log-slope',
          value: late,
          unit: 'entries/s',
          baseline: early,
          ratio: late / early,
          conditions: `append rate at ${size} entries against that at the first ${3 * window}, batches of ${batch}; ${settings}`,
        },
        await proofFigure(database, size),
        await storageFigure(owner, size),
      ];
      const started = performance.now();
      const result = await fsck(database, { verifiers: [signer.verifier] });
      const rate = result.entries / ((performance.now() - started) / 1000);
      if (result.problems.length > 0) throw new Error(`the log does not verify: ${JSON.stringify(result.problems[0])}`);
      figures.push({
        name: 'log-verify',
        value: rate,
        unit: 'entries/s',
        baseline: 60_000,
        ratio: rate / 60_000,
        conditions: `full fsck of ${result.entries} entries in one thread, payloads re-hashed, tiles and head compared`,
      });
      return figures;
    } finally {
      await owner.end();
      await database.close();
    }
  },
};

async function appendRate(database: Database, count: number): Promise<number> {
  return await database.withClient(async (client) => {
    const started = performance.now();
    let running: Promise<unknown> = Promise.resolve();
    for (let done = 0; done < count; done += batch) {
      const entries: NewEntry[] = Array.from({ length: Math.min(batch, count - done) }, newEntry);
      const prepared = entries.map((entry) => prepareEntry(entry, new Date()));
      await running;
      running = appendEntries(client, prepared, { own: true });
    }
    await running;
    return count / ((performance.now() - started) / 1000);
  });
}

async function proofFigure(database: Database, size: number): Promise<Figure> {
  const reader = new LogReader(database);
  const times: number[] = [];
  for (let i = 0; i < 500; i++) {
    const index = Math.floor(Math.random() * size);
    const started = performance.now();
    await reader.inclusionProofs([index], size);
    times.push(performance.now() - started);
  }
  const p99 = [...times].sort((a, b) => a - b)[Math.floor(times.length * 0.99)] ?? Number.NaN;
  const value = median(times);
  return {
    name: 'log-proof',
    value,
    unit: 'ms median',
    baseline: 5,
    ratio: value / 5,
    conditions: `inclusion proofs of random entries at size ${size}, from the database; p99 ${p99.toFixed(2)} ms`,
  };
}

async function storageFigure(owner: pg.Client, size: number): Promise<Figure> {
  await owner.query('VACUUM ANALYZE');
  const bytes = async (like: string): Promise<number> => {
    const { rows } = await owner.query<{ bytes: string }>(
      `SELECT coalesce(sum(pg_total_relation_size(c.oid)), 0) AS bytes FROM pg_class c
       WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND c.relname LIKE $1`,
      [like],
    );
    return Number(rows[0]?.bytes ?? 0);
  };
  const sealed = await bytes('log\\_%');
  await owner.query(`CREATE TABLE raw (index bigint PRIMARY KEY, id uuid NOT NULL, kind text NOT NULL, source text NOT NULL,
    occurred_at_ns bigint NOT NULL, received_at timestamptz NOT NULL, payload bytea NOT NULL)`);
  await owner.query(`INSERT INTO raw SELECT index, id, kind, source, occurred_at_ns, received_at, payload
    FROM log_entry ORDER BY index`);
  const raw = await bytes('raw');
  return {
    name: 'log-storage',
    value: sealed / size,
    unit: 'bytes/entry',
    baseline: raw / size,
    ratio: sealed / raw,
    conditions: `all tables and indexes of the log (entries, payloads, salts, digests, tiles, head, checkpoints) against one table of the same records without salt, digest and tree, with only its primary key; ${size} entries with payloads of about 500 bytes`,
  };
}

import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { Database } from '../src/database/database.js';
import { signerFromSeed, type Verifier } from '../src/log/core/note.js';
import { fsck } from '../src/log/fsck.js';
import { initialiseLog, Log } from '../src/log/log.js';
import { LogReader } from '../src/log/read.js';
import { median, ratioFigure, type Bench, type Figure } from './figure.js';
import { durability } from './honesty.js';
import { newEntry, rate, sealAll } from './log-append.js';

const fullSize = 10_000_000;
const batch = 5000;
/** Entries whose appends are timed for one rate. */
const window = 50_000;
const windows = 7;
/** A log that is small still. */
const smallSize = 100_000;

/** A large log, of ten million entries at full scale: slope of the append rate, proofs, verification, and what it takes on disk. */
export const logScale: Bench = {
  names: ['log-slope', 'log-proof', 'log-verify', 'log-storage'],
  run: async ({ ownerUrl, serviceUrl, another, scale, only, say }) => {
    const size = Math.max(2 * smallSize, Math.round((fullSize * scale) / batch) * batch);
    const wanted = (name: string): boolean => only === undefined || only === name;
    const large = await openScaled(ownerUrl, serviceUrl);
    try {
      const { settings } = await durability(large.owner);
      const figures: Figure[] = [];
      let at = await grow(large.log, 0, Math.round(size / 2 / batch) * batch, say);
      if (wanted('log-slope')) {
        const { ownerUrl: smallOwner, serviceUrl: smallService } = await another();
        const small = await openScaled(smallOwner, smallService);
        try {
          await grow(small.log, 0, smallSize, say);
          figures.push(await slopeFigure(small.log, large.log, { at, settings }));
          at += (windows + 1) * window;
        } finally {
          await small.close();
        }
      }
      at = await grow(large.log, at, size, say);
      if (wanted('log-proof')) figures.push(await proofFigure(large.database, at));
      if (wanted('log-storage')) figures.push(await storageFigure(large.owner, at));
      const started = performance.now();
      const result = await fsck(large.database, { verifiers: [large.verifier] });
      const perSecond = result.entries / ((performance.now() - started) / 1000);
      if (result.problems.length > 0) throw new Error(`the log does not verify: ${JSON.stringify(result.problems[0])}`);
      figures.push({
        name: 'log-verify',
        value: perSecond,
        unit: 'entries/s',
        baseline: 60_000,
        ratio: perSecond / 60_000,
        conditions: `full fsck of ${result.entries} entries in one thread, payloads re-hashed, tiles and head compared`,
      });
      return figures;
    } finally {
      await large.close();
    }
  },
};

interface ScaledLog {
  readonly database: Database;
  readonly owner: pg.Client;
  readonly log: Log;
  readonly verifier: Verifier;
  readonly close: () => Promise<void>;
}

async function openScaled(ownerUrl: string, serviceUrl: string): Promise<ScaledLog> {
  const database = await Database.connect(serviceUrl, { poolSize: 4, applicationName: 'segproof-bench' });
  const owner = new pg.Client({ connectionString: ownerUrl });
  await owner.connect();
  const signer = signerFromSeed(await initialiseLog(database, undefined), randomBytes(32));
  await owner.query('SELECT log_entry_month(current_date)');
  const close = async (): Promise<void> => {
    await owner.end();
    await database.close();
  };
  return { database, owner, log: new Log(database, signer, () => new Date()), verifier: signer.verifier, close };
}

/** Appends until the log has `size` entries. */
async function grow(log: Log, from: number, size: number, say: (line: string) => void): Promise<number> {
  const step = 10 * smallSize;
  let at = from;
  while (at < size) {
    const until = Math.min(size, at + step);
    const perSecond = await appendRate(log, until - at);
    at = until;
    say(`  ${at} entries, ${Math.round(perSecond)}/s`);
  }
  return at;
}

/** The rates of a small and a large log, by turns: what else the machine does burdens both. */
async function slopeFigure(
  small: Log,
  large: Log,
  { at, settings }: { readonly at: number; readonly settings: string },
): Promise<Figure> {
  const runs: { value: number; baseline: number }[] = [];
  for (let round = -1; round < windows; round++) {
    const run = { value: await appendRate(large, window), baseline: await appendRate(small, window) };
    if (round >= 0) runs.push(run);
  }
  return ratioFigure(
    'log-slope',
    'entries/s',
    runs,
    `append rate from ${at} entries on against that of a log of ${smallSize}, by turns in ${windows} windows of ${window} each, batches of ${batch}; ${settings}`,
  );
}

async function appendRate(log: Log, count: number): Promise<number> {
  return await rate(count, async () => {
    const batches = Array.from({ length: Math.ceil(count / batch) }, (_, at) =>
      Array.from({ length: Math.min(batch, count - at * batch) }, newEntry),
    );
    await sealAll(batches, async (each) => await log.append(each));
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

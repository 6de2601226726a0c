import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { BinaryCopyRows } from '../src/log/binary-copy.js';
import { signerFromSeed } from '../src/log/core/note.js';
import { runCopyStatements } from '../src/log/copy-statements.js';
import { prepareEntry, type NewEntry, type PreparedEntry } from '../src/log/entry.js';
import { fsck } from '../src/log/fsck.js';
import { initialiseLog, Log, type Receipts } from '../src/log/log.js';
import { Database } from '../src/database/database.js';
import { ratioFigure, type Bench, type Figure } from './figure.js';
import { durability, walSyncs } from './honesty.js';

const rounds = 9;
const payloadBytes = 500;
const batchSizes = [1000, 5000, 100];
/** Batches of a round: enough that filling and emptying the pipeline at its ends does not decide. */
const batchesPerRound = (size: number): number => Math.max(8, Math.round(20_000 / size));

/** Sealed appends, held against plain COPY of the same columns by the same client. */
export const logAppend: Bench = {
  names: batchSizes.flatMap((size) => [`log-append-${size}`, `log-append-${size}-hashed`]),
  run: async ({ ownerUrl, serviceUrl, scale, only, say }) => {
    const database = await Database.connect(serviceUrl, { poolSize: 4, applicationName: 'segproof-bench' });
    const owner = new pg.Client({ connectionString: ownerUrl });
    await owner.connect();
    try {
      const origin = await initialiseLog(database, undefined);
      const signer = signerFromSeed(origin, randomBytes(32));
      const log = new Log(database, signer, () => new Date());
      await owner.query('SELECT log_entry_month(current_date)');
      await createPlain(owner);
      const before = await durability(owner);
      const figures: Figure[] = [];
      let index = 0;
      for (const size of batchSizes.filter(
        (each) => only === undefined || only === `log-append-${each}` || only === `log-append-${each}-hashed`,
      )) {
        const runs: { value: number; baseline: number }[] = [];
        const hashedRuns: { value: number; baseline: number }[] = [];
        const batches = Math.max(2, Math.round(batchesPerRound(size) * scale));
        const batch = Array.from({ length: size }, newEntry);
        const prepared = batch.map((entry) => prepareEntry(entry, new Date()));
        for (let round = -1; round < rounds; round++) {
          const sealed = async (): Promise<number> => {
            const ready = Array.from({ length: batches }, () => batch.map((entry) => prepareEntry(entry, new Date())));
            return await rate(batches * size, async () => await sealAll(ready, async (each) => await log.appendPrepared(each)));
          };
          const hashed = async (): Promise<number> => {
            const plainBatches = Array.from({ length: batches }, () => batch);
            return await rate(batches * size, async () => await sealAll(plainBatches, async (each) => await log.append(each)));
          };
          const plain = async (): Promise<number> =>
            await rate(batches * size, async () => {
              index = await copyAll(
                database,
                Array.from({ length: batches }, () => prepared),
                index,
              );
            });
          // Each side goes first in turn, so that what a round leaves behind burdens both.
          const pair = { value: 0, baseline: 0 };
          if (round % 2 === 0) pair.value = await sealed();
          pair.baseline = await plain();
          if (round % 2 !== 0) pair.value = await sealed();
          if (round < 0) continue;
          runs.push(pair);
          hashedRuns.push({ value: await hashed(), baseline: pair.baseline });
        }
        const condition = (from: string): string =>
          `${rounds} rounds of ${batches} batches of ${size} entries with payloads of ${payloadBytes} bytes, ${from}: in the tree, committed, root computed a second time and a checkpoint signed per batch, against binary COPY of the same columns into one table with only its primary key; same client, interleaved, the next batch made ready meanwhile on both sides; ${before.settings}`;
        for (const figure of [
          ratioFigure(
            `log-append-${size}`,
            'entries/s',
            runs,
            condition('prepared (hashed before, as reader threads do)'),
          ),
          ratioFigure(
            `log-append-${size}-hashed`,
            'entries/s',
            hashedRuns,
            condition('payload and leaf hashed within'),
          ),
        ]) {
          say(`  ${figure.name}: ${Math.round(figure.value)}/s, ratio ${figure.ratio?.toFixed(2)}`);
          figures.push(figure);
        }
      }
      const result = await fsck(database, { verifiers: [signer.verifier] });
      const syncs = (await walSyncs(owner)) - before.walSyncs;
      if (syncs === 0) throw new Error('the server synced no WAL; the figures are worth nothing');
      if (result.problems.length > 0)
        throw new Error(`the log does not verify after the run: ${JSON.stringify(result.problems[0])}`);
      return figures.map((figure) => ({
        ...figure,
        conditions: `${figure.conditions}; WAL syncs counted: ${syncs}; whole log verified after the run: ${result.entries} entries`,
      }));
    } finally {
      await owner.end();
      await database.close();
    }
  },
};

/** JSON payloads of about 500 bytes that do not compress away; made beforehand, so that making them is not measured. */
const payloads = Array.from({ length: 2000 }, () =>
  Buffer.from(JSON.stringify({ id: randomBytes(16).toString('hex'), text: randomBytes(216).toString('hex') })),
);
let made = 0;

export function newEntry(): NewEntry {
  return {
    kind: 'flow',
    source: 'bench',
    occurredAt: null,
    payload: payloads[made++ % payloads.length] ?? Buffer.alloc(0),
  };
}

export async function rate(count: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return count / ((performance.now() - started) / 1000);
}

/** One batch is committed while the next one is made ready, and never two together. */
export async function sealAll<T>(
  batches: readonly (readonly T[])[],
  append: (batch: readonly T[]) => Promise<Receipts>,
): Promise<void> {
  let beforeLast: Promise<unknown> = Promise.resolve();
  let last: Promise<unknown> = Promise.resolve();
  for (const batch of batches) {
    await beforeLast;
    beforeLast = last;
    last = append(batch).then(({ checkpoint, signing }) => {
      if (checkpoint === null) throw new Error(`nothing was signed: ${signing}`);
    });
  }
  await Promise.all([beforeLast, last]);
}

/** The table that plain COPY writes: the same columns, and only a primary key. */
export async function createPlain(owner: pg.Client): Promise<void> {
  await owner.query(`CREATE TABLE plain (index bigint PRIMARY KEY, id uuid NOT NULL, kind text NOT NULL, source text NOT NULL,
    occurred_at_ns bigint NOT NULL, received_at timestamptz NOT NULL, payload_hash bytea NOT NULL, salt bytea NOT NULL, payload bytea NOT NULL)`);
  await owner.query('GRANT INSERT ON plain TO segproof_service');
}

/** Copies the batches from index `first` on, each in a transaction of its own; returns the next index. */
export async function copyAll(
  database: Database,
  batches: readonly (readonly PreparedEntry[])[],
  first: number,
): Promise<number> {
  let index = first;
  await database.withClient(async (client) => {
    let running: Promise<void> = Promise.resolve();
    for (const batch of batches) {
      const rows = new BinaryCopyRows(batch.length * 800);
      for (const entry of batch) {
        rows.row(9);
        rows.int64(index++);
        rows.bytes(entry.id);
        rows.text(entry.kind);
        rows.text(entry.source);
        rows.bigint64(entry.occurredAtNs);
        rows.timestamp(entry.receivedAtMs);
        rows.hex(entry.payloadHash);
        rows.bytes(entry.salt);
        rows.bytes(entry.payload);
      }
      const data = rows.finish();
      await running;
      running = runCopyStatements(client, 'COPY plain FROM STDIN (FORMAT binary)', [data]);
    }
    await running;
  });
  return index;
}

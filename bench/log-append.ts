import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { appendEntries, type ExpectedHead } from '../src/log/append.js';
import { BinaryCopyRows } from '../src/log/binary-copy.js';
import { signCheckpoint } from '../src/log/core/checkpoint.js';
import { signerFromSeed, type Signer } from '../src/log/core/note.js';
import { runCopyStatements } from '../src/log/copy-statements.js';
import { prepareEntry, type NewEntry, type PreparedEntry } from '../src/log/entry.js';
import { fsck } from '../src/log/fsck.js';
import { initialiseLog } from '../src/log/log.js';
import { Database } from '../src/database/database.js';
import { ratioFigure, type Bench, type Figure } from './figure.js';
import { durability, walSyncs } from './honesty.js';

const rounds = 7;
const entriesPerRound = 20_000;
const payloadBytes = 500;
const batchSizes = [1000, 5000, 100];

/** Sealed appends, held against plain COPY of the same columns by the same client. */
export const logAppend: Bench = {
  names: batchSizes.map((size) => `log-append-${size}`),
  run: async ({ ownerUrl, serviceUrl, scale, say }) => {
    const database = await Database.connect(serviceUrl, { poolSize: 4, applicationName: 'segproof-bench' });
    const owner = new pg.Client({ connectionString: ownerUrl });
    await owner.connect();
    try {
      const origin = await initialiseLog(database, undefined);
      const signer = signerFromSeed(origin, randomBytes(32));
      await owner.query('SELECT log_entry_month(current_date)');
      await owner.query(`CREATE TABLE plain (index bigint PRIMARY KEY, id uuid NOT NULL, kind text NOT NULL, source text NOT NULL,
        occurred_at_ns bigint NOT NULL, received_at timestamptz NOT NULL, payload_hash bytea NOT NULL, salt bytea NOT NULL, payload bytea NOT NULL)`);
      await owner.query('GRANT INSERT ON plain TO segproof_service');
      const before = await durability(owner);
      const figures: Figure[] = [];
      let index = 0;
      for (const size of batchSizes) {
        const runs: { value: number; baseline: number }[] = [];
        const count = Math.max(size, Math.round((entriesPerRound * scale) / size) * size);
        for (let round = -1; round < rounds; round++) {
          const batches = Array.from({ length: count / size }, () => Array.from({ length: size }, newEntry));
          const sealed = await rate(count, async () => await sealAll(database, signer, batches));
          const raw = batches.map((batch) => batch.map((entry) => prepareEntry(entry, new Date())));
          const plain = await rate(count, async () => {
            index = await copyAll(database, raw, index);
          });
          if (round >= 0) runs.push({ value: sealed, baseline: plain });
        }
        const figure = ratioFigure(
          `log-append-${size}`,
          'entries/s',
          runs,
          `${rounds} rounds of ${count} entries with payloads of ${payloadBytes} bytes in batches of ${size}: hashed, in the tree, committed and a checkpoint signed per batch, against binary COPY of the same columns into one table with only its primary key; same client, interleaved; ${before.settings}`,
        );
        say(`  ${figure.name}: ${Math.round(figure.value)}/s, ratio ${figure.ratio?.toFixed(2)}`);
        figures.push(figure);
      }
      const result = await fsck(database, { verifiers: [signer.verifier] });
      const syncs = (await walSyncs(owner)) - before.walSyncs;
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

export function newEntry(): NewEntry {
  return { kind: 'flow', source: 'bench', occurredAt: null, payload: jsonPayload() };
}

/** A JSON payload of about 500 bytes that does not compress away. */
function jsonPayload(): Buffer {
  return Buffer.from(JSON.stringify({ id: randomBytes(16).toString('hex'), text: randomBytes(216).toString('hex') }));
}

async function rate(count: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return count / ((performance.now() - started) / 1000);
}

/** As the service does: the next batch is hashed while PostgreSQL works on the one before. */
async function sealAll(database: Database, signer: Signer, batches: readonly (readonly NewEntry[])[]): Promise<void> {
  await database.withClient(async (client) => {
    let running: Promise<void> = Promise.resolve();
    let expected: ExpectedHead | undefined;
    for (const batch of batches) {
      const prepared: PreparedEntry[] = [];
      for (const entry of batch) {
        prepared.push(prepareEntry(entry, new Date()));
        // As Log.append does: the commit under way gets its turn.
        if (prepared.length % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      await running;
      // As Log.commit does: while nobody else appends, the head is where the last commit left it.
      const options = expected === undefined ? { own: true } : { own: true, expectNew: true, expected };
      running = appendEntries(client, prepared, options).then(({ head, state }) => {
        signCheckpoint(head, signer);
        expected = { origin: head.origin, root: head.root, state };
      });
    }
    await running;
  });
}

async function copyAll(
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

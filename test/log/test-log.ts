import { randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { Database } from '../../src/database/database.js';
import { openCheckpoint, type Checkpoint } from '../../src/log/core/checkpoint.js';
import { signerFromSeed, type Signer } from '../../src/log/core/note.js';
import { fsck, type FsckResult } from '../../src/log/fsck.js';
import { initialiseLog, Log } from '../../src/log/log.js';
import { LogReader } from '../../src/log/read.js';
import { freshDatabase, type FreshDatabase } from '../support/database.js';
import { testOrigin } from './sample-entries.js';

/** A log on a database of its own, without the rest of the service. */
export interface TestLog {
  readonly fresh: FreshDatabase;
  readonly database: Database;
  readonly log: Log;
  readonly reader: LogReader;
  readonly signer: Signer;
  /** Opens a checkpoint of this log. */
  open(note: string | null): Checkpoint;
  /** The same log as another process has it: with its own memory, and the same key. */
  beside(): { readonly log: Log };
  /** A connection beside the log's, closed when the test ends. */
  connect(url: string | undefined): Promise<Client>;
  /** Rebuilds the whole log from its stored bytes. */
  fsck(...checkpoints: (string | null)[]): Promise<FsckResult>;
}

interface Ending {
  after(work: () => Promise<void>): void;
}

export interface TestLogOptions {
  readonly now?: () => Date;
  readonly poolSize?: number;
  /** Of the signing key, for other processes to sign with the same. */
  readonly seed?: Buffer;
}

/** Opens a log that goes when the test ends. */
export async function openTestLog(t: Ending, options: TestLogOptions = {}): Promise<TestLog> {
  const fresh = await freshDatabase();
  const opened: (() => Promise<void>)[] = [fresh.drop];
  t.after(async () => {
    for (const close of opened.toReversed()) await close();
  });
  const database = await Database.connect(fresh.serviceUrl, {
    poolSize: options.poolSize ?? 4,
    applicationName: 'segproof-test',
  });
  opened.push(() => database.close());
  await initialiseLog(database, testOrigin);
  const signer = signerFromSeed(testOrigin, options.seed ?? randomBytes(32));
  return {
    fresh,
    database,
    signer,
    log: new Log(database, signer, options.now ?? (() => new Date())),
    reader: new LogReader(database),
    open: (note) => openCheckpoint(note ?? '', [signer.verifier]),
    beside: () => ({ log: new Log(database, signer, options.now ?? (() => new Date())) }),
    connect: async (url) => {
      const client = new Client({ connectionString: url });
      await client.connect();
      opened.push(() => client.end());
      return client;
    },
    fsck: async (...checkpoints) =>
      await fsck(database, { verifiers: [signer.verifier], checkpoints: checkpoints.map((note) => note ?? '') }),
  };
}

/** Resolves once a connection to this database waits for a lock. */
export async function untilSomebodyWaits(client: Client): Promise<void> {
  const waiting = `SELECT 1 FROM pg_locks JOIN pg_stat_activity USING (pid) WHERE NOT granted AND datname = current_database()`;
  const deadline = Date.now() + 10_000;
  while ((await client.query(waiting)).rows.length === 0) {
    if (Date.now() > deadline) throw new Error('expected a connection to wait for a lock within 10 s, but none does');
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

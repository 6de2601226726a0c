import { randomBytes } from 'node:crypto';
import type { Client } from 'pg';
import { Clock } from '../../src/context.js';
import { Database } from '../../src/database/database.js';
import { Checkpoints } from '../../src/log/checkpoints.js';
import { signCheckpoint } from '../../src/log/core/checkpoint.js';
import { leafHashOf } from '../../src/log/core/leaf.js';
import { signerFromSeed, type Signer } from '../../src/log/core/note.js';
import { appendLeaves, emptyTree, encodePartial, rootOf } from '../../src/log/core/tiles.js';
import { leafOf, LogReader } from '../../src/log/read.js';
import { sampleEntries } from './sample-records.js';
import { openTestLog, type TestLog } from './test-log.js';

/** Sizes at which the log had a checkpoint kept, and which the outside has got too. */
export const checkpointSizes = [100, 300, 600, 700] as const;
/** Entries in the log: two full tiles of 256 and an unfinished one. */
export const logSize = 700;

const tables = ['log_head', 'log_entry', 'log_tile', 'log_checkpoint', 'ingest_key', 'log_verification'];

/** A log in the hands of a superuser for whom triggers do not run, and who can set it back to what it was. */
export interface TamperedLog {
  readonly log: TestLog;
  readonly superuser: Client;
  /** Checkpoints that were given out before the tampering, by size. */
  readonly outside: ReadonlyMap<number, string>;
  /** The log's own key, as if stolen. */
  readonly stolen: Signer;
  /** A key of the tamperer's own with the log's name. */
  readonly foreign: Signer;
  restore(): Promise<void>;
  /** Makes tiles and head fit the entries as they are now, as a careful forger would; returns root by checkpoint size. */
  reseal(): Promise<void>;
  /** Replaces the kept checkpoints by ones of the log as it is now, signed by this key. */
  resign(signer: Signer): Promise<void>;
}

interface Ending {
  after(work: () => Promise<void>): void;
}

/** Makes the log that all cases start from; null where there is no superuser to tamper with it. */
export async function openTamperedLog(t: Ending): Promise<TamperedLog | null> {
  const log = await openTestLog(t);
  const { superuserUrl } = log.fresh;
  if (superuserUrl === undefined) return null;
  const outside = await fill(log);
  const superuser = await log.connect(superuserUrl);
  await superuser.query('SET session_replication_role = replica; CREATE SCHEMA saved');
  for (const table of tables) await superuser.query(`CREATE TABLE saved.${table} AS TABLE ${table}`);
  const { fresh } = log;
  return {
    log,
    superuser,
    outside,
    stolen: log.signer,
    foreign: signerFromSeed(log.signer.verifier.name, randomBytes(32)),
    restore: async () => {
      for (const table of tables) {
        await superuser.query(`TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM saved.${table}`);
      }
    },
    reseal: async () => await reseal(superuser, fresh.serviceUrl),
    resign: async (signer) => await resign(superuser, fresh.serviceUrl, signer),
  };
}

async function fill({ log, database }: TestLog): Promise<Map<number, string>> {
  const kept = new Checkpoints(database, log, new Clock());
  const outside = new Map<number, string>();
  let size = 0;
  for (const next of checkpointSizes) {
    const entries = sampleEntries(size, next).map((entry, at) => {
      const key = Buffer.alloc(16);
      key.writeUInt32BE(size + at, 0);
      return { ...entry, dedupe: { key, content: key } };
    });
    await log.append(entries);
    outside.set(next, (await kept.keep()).note);
    size = next;
  }
  return outside;
}

/** State of the tree after each size, computed from the stored entries. */
async function roots(serviceUrl: string): Promise<{ size: number; rootAt(size: number): Buffer; tiles: Tiles }> {
  const database = await Database.connect(serviceUrl, { poolSize: 1, applicationName: 'segproof-forger' });
  try {
    const entries = await new LogReader(database).entries(0, Number.MAX_SAFE_INTEGER);
    const hashes = entries.map((entry) => Buffer.from(leafHashOf(leafOf(entry)), 'hex'));
    const { state, full } = appendLeaves(emptyTree, Buffer.concat(hashes));
    const rootAt = (size: number): Buffer =>
      rootOf(appendLeaves(emptyTree, Buffer.concat(hashes.slice(0, size))).state);
    return { size: entries.length, rootAt, tiles: { full, partial: encodePartial(state.partial) } };
  } finally {
    await database.close();
  }
}

interface Tiles {
  readonly full: readonly { readonly level: number; readonly index: number; readonly hashes: Buffer }[];
  readonly partial: Buffer;
}

async function reseal(superuser: Client, serviceUrl: string): Promise<void> {
  const { size, rootAt, tiles } = await roots(serviceUrl);
  await superuser.query('TRUNCATE log_tile');
  for (const { level, index, hashes } of tiles.full) {
    await superuser.query('INSERT INTO log_tile (level, index, hashes) VALUES ($1, $2, $3)', [level, index, hashes]);
  }
  await superuser.query('UPDATE log_head SET size = $1, root = $2, partial = $3', [size, rootAt(size), tiles.partial]);
}

async function resign(superuser: Client, serviceUrl: string, signer: Signer): Promise<void> {
  const { size, rootAt } = await roots(serviceUrl);
  const origin = signer.verifier.name;
  await superuser.query('TRUNCATE log_checkpoint');
  for (const at of new Set([...checkpointSizes.filter((kept) => kept <= size), size])) {
    const root = rootAt(at);
    await superuser.query('INSERT INTO log_checkpoint (size, root, note, signed_at) VALUES ($1, $2, $3, now())', [
      at,
      root,
      signCheckpoint({ origin, size: at, root }, signer),
    ]);
  }
}

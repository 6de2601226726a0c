import { mkdir, open, readFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Database } from '../database/database.js';
import { anchoredNotes } from './anchored-notes.js';
import type { StoredCheckpoint } from './checkpoints.js';
import { parseCheckpoint, type Checkpoint } from './core/checkpoint.js';
import { parseNote } from './core/note.js';

/** Whether a signed state of the log counts no more, by an operator's recorded decision. */
export type GivenUp = (checkpoint: Checkpoint) => boolean;

/** A place outside the database where checkpoints go, and are never taken back from. */
export interface AnchorTarget {
  readonly name: 'directory' | 'webhook';
  /** Whether it takes every kept checkpoint, or the newest will do. */
  readonly takes: 'all' | 'newest';
  /** The last checkpoint it has, those aside that an operator has given up; null while it has none. */
  last(isGivenUp: GivenUp): Promise<Checkpoint | null>;
  /** Resolves when the checkpoint is there for good. */
  anchor(checkpoint: StoredCheckpoint, signal: AbortSignal): Promise<void>;
}

export function checkpointOf(note: string): Checkpoint {
  return parseCheckpoint(parseNote(note).body);
}

const suffix = '.checkpoint';
/** Digits of 2^53, so that names sort by size. */
const sizeDigits = 16;

/**
 * A folder with one file per checkpoint, `<day>/<size>.checkpoint`, each made once and never written again. May be
 * append-only storage: nothing is renamed or removed.
 */
export class AnchorDirectory implements AnchorTarget {
  readonly name = 'directory';
  readonly takes = 'all';
  private known: Checkpoint | null = null;
  private readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async last(isGivenUp: GivenUp): Promise<Checkpoint | null> {
    if (this.known === null || isGivenUp(this.known)) this.known = await this.readLast(isGivenUp);
    return this.known;
  }

  async anchor({ size, note, signedAt }: StoredCheckpoint): Promise<void> {
    const day = signedAt.toISOString().slice(0, 10);
    const path = join(this.directory, day, `${String(size).padStart(sizeDigits, '0')}${suffix}`);
    const made = await mkdir(dirname(path), { recursive: true });
    if (made !== undefined) await syncFolder(dirname(made));
    await writeOnce(path, Buffer.from(note));
    await syncFolder(dirname(path));
    this.known = checkpointOf(note);
  }

  private async readLast(isGivenUp: GivenUp): Promise<Checkpoint | null> {
    for await (const { note } of anchoredNotes(this.directory)) {
      const checkpoint = parsed(note);
      // One that a crash cut short is completed when its turn comes again.
      if (checkpoint !== null && !isGivenUp(checkpoint)) return checkpoint;
    }
    return null;
  }
}

function parsed(note: string): Checkpoint | null {
  try {
    return checkpointOf(note);
  } catch {
    return null;
  }
}

/** The file is there with other content than the checkpoint to be anchored. */
export class AnchorConflictError extends Error {
  override readonly name = 'AnchorConflictError';
}

/** Makes a file that does not exist, on disk when this resolves. One that has the same content, or was cut short while it was made, is completed. */
async function writeOnce(path: string, content: Buffer): Promise<void> {
  let file: FileHandle;
  let from = 0;
  try {
    file = await open(path, 'wx', 0o644);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
    const there = await readFile(path);
    if (!content.subarray(0, there.length).equals(there)) {
      throw new AnchorConflictError(`${path} holds another checkpoint than the one to be anchored; keep both`, {
        cause: error,
      });
    }
    file = await open(path, 'r+');
    from = there.length;
  }
  try {
    if (from < content.length) await file.write(content, from, content.length - from, from);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function syncFolder(folder: string): Promise<void> {
  const file = await open(folder, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

const postMilliseconds = 10_000;
/** Pauses before each further try, in milliseconds. */
const retryPauses = [500, 2000];

/** A URL of the operator's to which the newest checkpoint is posted; any answer of 200 to 299 counts as taken. */
export class AnchorWebhook implements AnchorTarget {
  readonly name = 'webhook';
  readonly takes = 'newest';
  private readonly database: Database;
  private readonly url: string;
  private readonly now: () => Date;

  constructor(database: Database, url: string, now: () => Date) {
    this.database = database;
    this.url = url;
    this.now = now;
  }

  async last(isGivenUp: GivenUp): Promise<Checkpoint | null> {
    const rows = await this.database.query<{ origin: string; size: string; root: Buffer }>(
      `SELECT (SELECT origin FROM log_head) AS origin, size, root FROM log_anchored
       WHERE target = $1 ORDER BY size DESC LIMIT 100`,
      [this.name],
    );
    const posted = rows.map(({ origin, size, root }) => ({ origin, size: Number(size), root }));
    return posted.find((checkpoint) => !isGivenUp(checkpoint)) ?? null;
  }

  async anchor({ note }: StoredCheckpoint, signal: AbortSignal): Promise<void> {
    for (const wait of [...retryPauses, null]) {
      const failure = await this.post(note, signal);
      if (failure === null) break;
      if (wait === null || signal.aborted) throw failure;
      await pause(wait, undefined, { signal });
    }
    const { size, root } = checkpointOf(note);
    await this.database.query(
      'INSERT INTO log_anchored (target, size, root, anchored_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING',
      [this.name, size, root, this.now()],
    );
  }

  private async post(note: string, signal: AbortSignal): Promise<Error | null> {
    try {
      const response = await fetch(this.url, {
        method: 'POST',
        headers: { 'content-type': 'text/plain; charset=utf-8' },
        body: note,
        // The operator named this place, not another one.
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(postMilliseconds)]),
      });
      await response.body?.cancel();
      return response.ok ? null : new Error(`the anchor webhook answered ${response.status}, expected 200 to 299`);
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

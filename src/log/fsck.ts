import type { PoolClient } from 'pg';
import type { Database } from '../database/database.js';
import { formatCheckpoint, openCheckpoint, type Checkpoint } from './core/checkpoint.js';
import { leafHashOf, payloadHashOf } from './core/leaf.js';
import { NoteError, type Verifier } from './core/note.js';
import { appendLeaves, emptyTree, encodePartial, rootOf, type Tile, type TreeState } from './core/tiles.js';
import { hashLength } from './core/tree.js';
import { leafOf, streamEntries, type StoredEntry } from './read.js';

/**
 * What can be wrong with a log, named by class.
 * `payload_edited`: payload bytes or salt do not fit the leaf's digest. `payload_missing`: a payload is gone.
 * `entry_edited`: an entry's fields do not hash to the leaf that was committed. `entry_missing`, `entry_inserted`:
 * an index is absent, or present twice or beyond the head. `tile_damaged`, `head_damaged`: stored tree state differs from what the
 * entries give. `checkpoint_damaged`: a stored checkpoint does not parse or its signature does not fit.
 * `rewritten`: the log does not have the root that a checkpoint signed. `cut`: the log is shorter than a
 * checkpoint says. `unknown_key`: cannot verify, the checkpoint is by another key.
 */
export type FsckClass =
  | 'payload_edited'
  | 'payload_missing'
  | 'entry_edited'
  | 'entry_missing'
  | 'entry_inserted'
  | 'tile_damaged'
  | 'head_damaged'
  | 'checkpoint_damaged'
  | 'rewritten'
  | 'cut'
  | 'unknown_key';

export interface FsckProblem {
  readonly class: FsckClass;
  /** Entry index, tile (`level/index`) or checkpoint size it is about. */
  readonly position: string;
  readonly message: string;
}

export interface FsckResult {
  readonly size: number;
  readonly root: Buffer;
  readonly entries: number;
  readonly checkpoints: number;
  readonly problems: readonly FsckProblem[];
  /** Problems beyond those listed. */
  readonly more: number;
}

const mostProblems = 100;

export interface FsckOptions {
  readonly verifiers: readonly Verifier[];
  /** Older signed checkpoints from outside the database, to judge the log against. */
  readonly checkpoints?: readonly string[];
  readonly onProgress?: (entries: number, size: number) => void;
}

/**
 * Rebuilds the whole log from its stored bytes, in one snapshot, and compares it with the head, the
 * tiles, the stored checkpoints and any older checkpoints given.
 */
export async function fsck(database: Database, options: FsckOptions): Promise<FsckResult> {
  return await database.withClient(async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    try {
      return await new Fsck(client, options).run();
    } finally {
      await client.query('ROLLBACK');
    }
  });
}

class Fsck {
  private readonly problems: FsckProblem[] = [];
  private more = 0;
  private state: TreeState = emptyTree;
  private entries = 0;
  /** Full tiles as the entries give them; compared at the end, since the stream of entries holds the connection. */
  private readonly rebuilt: Tile[] = [];
  /** Checkpoints to compare with, by size. */
  private readonly expected = new Map<number, Checkpoint[]>();
  private readonly client: PoolClient;
  private readonly options: FsckOptions;

  constructor(client: PoolClient, options: FsckOptions) {
    this.client = client;
    this.options = options;
  }

  async run(): Promise<FsckResult> {
    const { rows: heads } = await this.client.query<{ origin: string; size: string; root: Buffer; partial: Buffer }>(
      'SELECT origin, size, root, partial FROM log_head',
    );
    const head = heads[0];
    if (head === undefined) {
      this.report('head_damaged', 'head', 'the log has no head');
      return this.result(0);
    }
    const size = Number(head.size);
    const checkpoints = await this.readCheckpoints(head.origin);
    this.compareAt();
    // Read beyond the head as well: what lies there was inserted behind the service's back.
    for await (const group of streamEntries(this.client, 0, Number.MAX_SAFE_INTEGER)) {
      this.takeGroup(group, size);
      this.options.onProgress?.(this.state.size, size);
    }
    if (this.state.size < size) {
      this.report(
        'cut',
        String(this.state.size),
        `the head says ${size} entries, the log ends after ${this.state.size}`,
      );
    }
    const root = rootOf(this.state);
    if (this.state.size === size && !root.equals(head.root)) {
      this.report('head_damaged', 'head', `the head's root differs from the root the ${size} entries give`);
    }
    if (this.state.size === size && !encodePartial(this.state.partial).equals(head.partial)) {
      this.report('head_damaged', 'head', `the head's unfinished tiles differ from those the ${size} entries give`);
    }
    await this.compareTiles(size);
    for (const [at, list] of this.expected) {
      if (at > this.state.size) {
        this.report(
          'cut',
          String(at),
          `${list.length} checkpoint(s) signed ${at} entries, the log has ${this.state.size}`,
        );
      }
    }
    return { ...this.result(checkpoints), root };
  }

  private result(checkpoints: number): FsckResult {
    return {
      size: this.state.size,
      root: rootOf(this.state),
      entries: this.entries,
      checkpoints,
      problems: this.problems,
      more: this.more,
    };
  }

  private report(problem: FsckClass, position: string, message: string): void {
    if (this.problems.length < mostProblems) this.problems.push({ class: problem, position, message });
    else this.more++;
  }

  private async readCheckpoints(origin: string): Promise<number> {
    const { rows } = await this.client.query<{ size: string; root: Buffer; note: string }>(
      'SELECT size, root, note FROM log_checkpoint ORDER BY size',
    );
    for (const row of rows) {
      const checkpoint = this.open(row.note, origin, row.size);
      if (checkpoint === null) continue;
      if (String(checkpoint.size) !== row.size || !checkpoint.root.equals(row.root)) {
        this.report('checkpoint_damaged', row.size, 'the stored size or root differs from the signed note');
      }
    }
    this.options.checkpoints?.forEach((note, number) => this.open(note, origin, `given ${number + 1}`));
    return rows.length + (this.options.checkpoints?.length ?? 0);
  }

  private open(note: string, origin: string, position: string): Checkpoint | null {
    try {
      const checkpoint = openCheckpoint(note, this.options.verifiers);
      if (checkpoint.origin !== origin) {
        this.report(
          'unknown_key',
          position,
          `cannot verify: the checkpoint is of the log ${checkpoint.origin}, this is ${origin}`,
        );
        return null;
      }
      const same = this.expected.get(checkpoint.size) ?? [];
      same.push(checkpoint);
      this.expected.set(checkpoint.size, same);
      return checkpoint;
    } catch (error) {
      const unknown = error instanceof NoteError && error.code === 'unknown_key';
      const message = error instanceof Error ? error.message : String(error);
      this.report(
        unknown ? 'unknown_key' : 'checkpoint_damaged',
        position,
        unknown ? `cannot verify: ${message}` : message,
      );
      return null;
    }
  }

  /** Compares the tree as rebuilt so far with the checkpoints of its size. */
  private compareAt(): void {
    const list = this.expected.get(this.state.size);
    if (list === undefined) return;
    const root = rootOf(this.state);
    for (const checkpoint of list) {
      if (checkpoint.root.equals(root)) continue;
      this.report(
        'rewritten',
        String(checkpoint.size),
        `a checkpoint signed another root for ${checkpoint.size} entries:\n${formatCheckpoint(checkpoint)}`,
      );
    }
  }

  private takeGroup(group: readonly StoredEntry[], headSize: number): void {
    let leaves: Buffer[] = [];
    const flush = (): void => {
      const grown = appendLeaves(this.state, Buffer.concat(leaves));
      this.state = grown.state;
      this.rebuilt.push(...grown.full);
      leaves = [];
    };
    for (const entry of group) {
      const next = this.state.size + leaves.length;
      if (entry.index >= headSize) {
        this.report('entry_inserted', String(entry.index), `an entry stands beyond the head's ${headSize} entries`);
        continue;
      }
      if (entry.index < next) {
        this.report('entry_inserted', String(entry.index), 'an index, or the payload of an index, stands twice');
        continue;
      }
      if (entry.index > next) {
        this.report('entry_missing', String(next), `entries ${next} to ${entry.index - 1} are missing`);
        // The hashes of what is missing are still in the tiles or lost; either way the rest is checked in its place.
        for (let gap = next; gap < entry.index; gap++) leaves.push(Buffer.alloc(hashLength));
      }
      this.checkPayload(entry);
      leaves.push(Buffer.from(leafHashOf(leafOf(entry)), 'hex'));
      this.entries++;
      if (this.expected.has(this.state.size + leaves.length)) {
        flush();
        this.compareAt();
      }
    }
    flush();
  }

  private checkPayload(entry: StoredEntry): void {
    if (entry.payload === null || entry.salt === null) {
      this.report('payload_missing', String(entry.index), 'the payload is gone, and no entry says why');
    } else if (payloadHashOf(entry.salt, entry.payload) !== entry.payloadHash.toString('hex')) {
      this.report('payload_edited', String(entry.index), 'the payload does not fit the digest in its leaf');
    }
  }

  private async compareTiles(size: number): Promise<void> {
    const pageSize = 500;
    for (let at = 0; at < this.rebuilt.length; at += pageSize) {
      const page = this.rebuilt.slice(at, at + pageSize);
      const { rows } = await this.client.query<{ level: number; index: string; hashes: Buffer }>(
        `SELECT t.level, t.index, t.hashes FROM log_tile t
         JOIN unnest($1::smallint[], $2::bigint[]) AS wanted (level, index) ON t.level = wanted.level AND t.index = wanted.index`,
        [page.map((tile) => tile.level), page.map((tile) => tile.index)],
      );
      const stored = new Map(rows.map((row) => [`${row.level}/${row.index}`, row.hashes]));
      for (const tile of page) this.compareTile(tile, stored.get(`${tile.level}/${tile.index}`));
    }
    const { rows } = await this.client.query<{ count: string }>('SELECT count(*) AS count FROM log_tile');
    const count = Number(rows[0]?.count ?? 0);
    if (this.state.size === size && count > this.rebuilt.length) {
      this.report(
        'tile_damaged',
        'tiles',
        `${count} full tiles are stored, ${size} entries have ${this.rebuilt.length}`,
      );
    }
  }

  private compareTile(tile: Tile, stored: Buffer | undefined): void {
    const position = `${tile.level}/${tile.index}`;
    if (stored === undefined) {
      this.report('tile_damaged', position, 'the tile is missing');
    } else if (!stored.equals(tile.hashes)) {
      const at = firstDifference(stored, tile.hashes);
      const index = tile.index * 256 + at;
      if (tile.level === 0) {
        this.report(
          'entry_edited',
          String(index),
          `entry ${index} does not hash to the leaf in tile ${position}; the entry or the tile was edited`,
        );
      } else {
        this.report('tile_damaged', position, `hash ${at} of the tile differs from what the entries give`);
      }
    }
  }
}

function firstDifference(a: Buffer, b: Buffer): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += hashLength) {
    if (!a.subarray(at, at + hashLength).equals(b.subarray(at, at + hashLength))) return at / hashLength;
  }
  return 0;
}

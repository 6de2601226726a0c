import type { PoolClient } from 'pg';
import type { Database } from '../database/database.js';
import type { Verifier } from './core/note.js';
import { tileWidth } from './core/tiles.js';
import { emptyRoot } from './core/tree.js';
import { align, type Alignment, type HashSource } from './fsck/alignment.js';
import { displacementOf } from './fsck/displacement.js';
import { entryRows, type EntryRowsWanted } from './fsck/entry-rows.js';
import { CommittedLeaves, EntriesInOrder, noLeaves } from './fsck/hash-sources.js';
import { committedSize, Judgement, type Beyond } from './fsck/judgement.js';
import type { FsckClass, FsckProblem, Span } from './fsck/problem.js';
import { SignedCheckpoints } from './fsck/signed-checkpoints.js';
import { readingFromNothing, readingFromTiles } from './fsck/start.js';
import { readHead, StoredTree, type StoredHead } from './fsck/stored-tree.js';
import { loadPayloadRemovals } from './payload-removals.js';
import { Surveyor, type KnownRemovals, type Survey } from './fsck/survey.js';

export type { FsckClass, FsckProblem };

export interface FsckResult {
  /** Entries of the log as it was rebuilt, and its root. */
  readonly size: number;
  readonly root: Buffer;
  /** Entries read and hashed. */
  readonly entries: number;
  readonly checkpoints: number;
  readonly problems: readonly FsckProblem[];
  /** Problems beyond those listed. */
  readonly more: number;
}

export interface FsckOptions {
  /** Keys whose checkpoints are believed. */
  readonly verifiers: readonly Verifier[];
  /** Older signed checkpoints from outside the database, to judge the log against. */
  readonly checkpoints?: readonly string[];
  /**
   * Looks only at what came after this size, whose root is known from an earlier verification. A problem found so
   * says that something is wrong; verify the whole log to learn what.
   */
  readonly since?: { readonly size: number; readonly root: Buffer };
  readonly onProgress?: (entries: number, size: number) => void;
}

const mostProblems = 100;

/**
 * Rebuilds the log from its stored bytes, in one snapshot, and holds it against the head, the tiles, the checkpoints kept
 * and those given: entries and stored tree are compared, and where they differ, the signed checkpoints say which of them is
 * true. Memory does not grow with the log. Takes two connections of the pool.
 */
export async function fsck(database: Database, options: FsckOptions): Promise<FsckResult> {
  return await database.withClient(async (entries) => {
    await entries.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    try {
      const { rows } = await entries.query<{ name: string }>('SELECT pg_export_snapshot() AS name');
      return await database.withClient(async (tree) => {
        await tree.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
        try {
          await tree.query(`SET TRANSACTION SNAPSHOT '${rows[0]?.name ?? ''}'`);
          return await new Fsck(entries, tree, options).run();
        } finally {
          await tree.query('ROLLBACK');
        }
      });
    } finally {
      await entries.query('ROLLBACK');
    }
  });
}

class Fsck {
  /** Streams entries. */
  private readonly entries: PoolClient;
  /** Reads all else, while entries come. */
  private readonly other: PoolClient;
  private readonly options: FsckOptions;

  constructor(entries: PoolClient, other: PoolClient, options: FsckOptions) {
    this.entries = entries;
    this.other = other;
    this.options = options;
  }

  async run(): Promise<FsckResult> {
    const head = await readHead(this.other);
    const { rows } = await this.other.query<{ last: string | null }>('SELECT max(index) AS last FROM log_entry');
    const tree = await StoredTree.open(this.other, head, Number(rows[0]?.last ?? -1) + 1);
    const checkpoints = new SignedCheckpoints(this.other, {
      verifiers: this.options.verifiers,
      given: this.options.checkpoints ?? [],
      origin: head?.origin ?? null,
      since: this.options.since?.size ?? 0,
    });
    const removals = await loadRemovals(this.other, this.options.since?.size ?? 0);
    const survey = await this.survey(head, tree, checkpoints, removals);
    if (survey === null) return this.startDiffers();
    const beyond = await takeBeyond(checkpoints);
    const committed = committedSize(head, tree, survey, beyond);
    const displacement = displacementOf(await this.align(tree, survey, committed));
    const judgement = new Judgement({ head, tree, survey, beyond, displacement, committed });
    const problems = [...(await judgement.problems()), ...checkpoints.problems(), ...removals.problems()];
    return {
      size: survey.reached,
      root: survey.root,
      entries: survey.rows,
      checkpoints: checkpoints.count,
      problems: problems.slice(0, mostProblems),
      more: Math.max(0, problems.length - mostProblems),
    };
  }

  /** Null when the tree below the size to start from does not have the root it had. */
  private async survey(
    head: StoredHead | null,
    tree: StoredTree,
    checkpoints: SignedCheckpoints,
    removals: KnownRemovals,
  ): Promise<Survey | null> {
    const since = this.options.since ?? { size: 0, root: emptyRoot };
    const reading = since.size === 0 ? readingFromNothing() : await readingFromTiles(tree, since.size);
    if (reading === null || since.size > tree.length) return null;
    const surveyor = new Surveyor({ head, tree, checkpoints, removals, start: { size: since.size, reading } });
    const root = await surveyor.begin();
    if (!root.equals(since.root)) return null;
    for await (const rows of entryRows(this.entries, { from: since.size, below: null, payloads: true })) {
      await surveyor.take(rows);
      const last = rows.at(-1);
      if (last !== undefined) this.options.onProgress?.(last.index + 1, head?.size ?? last.index + 1);
    }
    return await surveyor.finish();
  }

  private startDiffers(): FsckResult {
    const { size, root } = this.options.since ?? { size: 0, root: emptyRoot };
    const message = `the stored tree does not have the root any more that was verified at ${size} entries; verify the whole log`;
    return {
      size,
      root,
      entries: 0,
      checkpoints: 0,
      problems: [{ class: 'rewritten', position: `0-${size}`, message }],
      more: 0,
    };
  }

  /** Lays the entries along the committed leaves wherever the survey found them apart. */
  private async align(tree: StoredTree, survey: Survey, committed: number): Promise<Alignment> {
    const end = Math.min(committed, survey.reached);
    const lost = [...survey.leavesDiffer];
    const parts: Alignment[] = [];
    let openEnded = false;
    for (const { first, last } of regionsOf(survey.entriesDiffer, end)) {
      openEnded = last >= end - 1;
      const rows = { from: first, below: openEnded ? null : last + 1 };
      const surplus = openEnded ? (await this.countFrom(first)) - (end - first) : 0;
      parts.push(await this.alignPart(new CommittedLeaves(tree, first, last + 1, lost), rows, surplus));
    }
    // What stands outside the log altogether has no leaf to be laid along, but may have come from inside.
    if (!openEnded && (survey.reached > end || survey.strays.some(({ last }) => last >= end))) {
      parts.push(await this.alignPart(noLeaves, { from: end, below: null }, 0));
    }
    if (survey.strays.some(({ first }) => first < 0)) {
      parts.push(await this.alignPart(noLeaves, { from: 0, below: 0 }, 0));
    }
    return {
      slots: parts.flatMap((part) => part.slots),
      replaced: parts.flatMap((part) => [...part.replaced, ...brokenOff(part, end)]),
      missing: parts.flatMap((part) => part.missing),
      extra: parts.flatMap((part) => part.extra),
      brokenOffAt: null,
    };
  }

  private async alignPart(
    committed: HashSource,
    wanted: Omit<EntryRowsWanted, 'payloads'>,
    surplus: number,
  ): Promise<Alignment> {
    const entries = new EntriesInOrder(this.entries, this.other, wanted);
    try {
      return await align(committed, entries, surplus);
    } finally {
      await entries.close();
    }
  }

  private async countFrom(index: number): Promise<number> {
    const { rows } = await this.other.query<{ count: string }>(
      'SELECT count(*) AS count FROM log_entry WHERE index >= $1',
      [index],
    );
    return Number(rows[0]?.count ?? 0);
  }
}

/** Tiles of leaves in which entries differ, near ones together, as far as leaves were committed. */
function regionsOf(spans: readonly Span[], end: number): Span[] {
  const nearTiles = 4;
  const regions: { first: number; last: number }[] = [];
  for (const span of spans.toSorted((a, b) => a.first - b.first)) {
    if (span.first >= end) continue;
    const first = Math.floor(span.first / tileWidth) * tileWidth;
    const last = Math.min(end, (Math.floor(span.last / tileWidth) + 1) * tileWidth) - 1;
    const open = regions.at(-1);
    if (open !== undefined && first <= open.last + nearTiles * tileWidth) open.last = Math.max(open.last, last);
    else regions.push({ first, last });
  }
  return regions;
}

/** Where so much differs that the comparison gave up, the rest counts as replaced. */
function brokenOff(part: Alignment, end: number): Span[] {
  return part.brokenOffAt === null ? [] : [{ first: part.brokenOffAt, last: Math.max(part.brokenOffAt, end - 1) }];
}

/** Takes the checkpoints that are left: they speak of more entries than there are. */
async function takeBeyond(checkpoints: SignedCheckpoints): Promise<Beyond> {
  const beyond: { -readonly [Key in keyof Beyond]: Beyond[Key] } = { database: null, outside: null };
  for (let size = await checkpoints.nextSize(); size !== null; size = await checkpoints.nextSize()) {
    for (const { from } of checkpoints.take(size)) {
      beyond[from] = { size, count: (beyond[from]?.count ?? 0) + 1 };
    }
  }
  return beyond;
}

interface Removals extends KnownRemovals {
  problems(): FsckProblem[];
}

/** Recorded removals of payloads; `from` is where the stream of entries begins. */
async function loadRemovals(client: PoolClient, from: number): Promise<Removals> {
  const removals = await loadPayloadRemovals(client, from);
  return {
    explains: (entry) => removals.explains(entry),
    confirm: (entry) => removals.confirm(entry),
    problems: () => removals.problems().map((problem) => ({ class: 'payload_missing', ...problem })),
  };
}

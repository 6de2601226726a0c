import { tileWidth } from '../core/tiles.js';
import type { Displacement } from './displacement.js';
import { fsckClasses, joinSpans, problemsAt, spansOf, spanText, type FsckProblem, type Span } from './problem.js';
import type { SignedState } from './signed-checkpoints.js';
import type { StoredHead, StoredTree } from './stored-tree.js';
import type { Mismatch, Survey } from './survey.js';

/** Checkpoints that speak of more entries than were found. */
export type Beyond = Readonly<Record<SignedState['from'], { readonly size: number; readonly count: number } | null>>;

/**
 * How many entries were committed at the least, by all that the database itself still tells: the head, tiles that continue
 * its tree, kept checkpoints.
 */
export function committedSize(head: StoredHead | null, tree: StoredTree, survey: Survey, beyond: Beyond): number {
  const others = Math.max(tree.tilesEnd, survey.lastDatabaseFit, beyond.database?.size ?? 0);
  if (head === null) return Math.max(others, survey.entriesEnd);
  return Math.max(others, saidByHead(head, survey));
}

function saidByHead(head: StoredHead, survey: Survey): number {
  // Root and unfinished tiles bear each other out: a size that differs from both is the odd one out.
  if (head.agrees) return head.partialSize ?? head.size;
  const rootFits = survey.atHead?.root.equals(head.root) === true;
  return !rootFits && head.partialSize === survey.entriesEnd ? head.partialSize : head.size;
}

/** Puts what was found into words: few problems, each with its class and place. */
export class Judgement {
  private readonly found: FsckProblem[] = [];
  private readonly head: StoredHead | null;
  private readonly tree: StoredTree;
  private readonly survey: Survey;
  private readonly beyond: Beyond;
  private readonly displacement: Displacement;
  private readonly committed: number;

  constructor(facts: {
    readonly head: StoredHead | null;
    readonly tree: StoredTree;
    readonly survey: Survey;
    readonly beyond: Beyond;
    readonly displacement: Displacement;
    readonly committed: number;
  }) {
    this.head = facts.head;
    this.tree = facts.tree;
    this.survey = facts.survey;
    this.beyond = facts.beyond;
    this.displacement = facts.displacement;
    this.committed = facts.committed;
  }

  async problems(): Promise<FsckProblem[]> {
    this.judgeRows();
    const cutFrom = this.judgeEntries();
    this.judgeHistory(cutFrom !== null);
    await this.judgeTiles();
    this.judgeHead(cutFrom);
    return inOrder(this.found);
  }

  private judgeRows(): void {
    const { touched } = this.displacement;
    this.found.push(
      ...problemsAt('payload_edited', without(this.survey.payloads.differ, touched), (_, count) =>
        count === 1
          ? 'the payload or its salt does not fit the digest in the leaf'
          : `${count} payloads or their salts do not fit the digests in the leaves`,
      ),
      ...problemsAt('payload_missing', without(this.survey.payloads.gone, touched), (_, count) =>
        count === 1
          ? 'the payload is gone, and no entry of the log says why'
          : `${count} payloads are gone, and no entry of the log says why`,
      ),
      ...problemsAt('leaf_edited', without(this.survey.misfiled, touched), (_, count) =>
        count === 1
          ? 'the entry is filed under another retention class than its kind has'
          : `${count} entries are filed under other retention classes than their kinds have`,
      ),
    );
  }

  /** Returns the first position of a tail that is gone, or null. */
  private judgeEntries(): number | null {
    const { edited, missing, inserted, reordered } = this.displacement;
    const end = Math.min(this.committed, this.survey.reached);
    const tail = missing.find(({ last }) => last === end - 1) ?? null;
    const inner = missing.filter((span) => span !== tail);
    this.found.push(
      ...problemsAt('leaf_edited', edited, (span, count) =>
        count === 1
          ? `entry ${span.first} is not the one that was committed: its id, kind, source, times or payload digest were changed`
          : `${count} entries are not the ones that were committed: ids, kinds, sources, times or payload digests were changed`,
      ),
      ...problemsAt('entry_missing', inner, (span, count) =>
        count === 1 ? `entry ${span.first} is gone` : `${count} entries are gone`,
      ),
      ...problemsAt('inserted', inserted, (_, count) =>
        count === 1
          ? 'an entry that was never committed stands here'
          : `${count} entries that were never committed stand here`,
      ),
      ...moves(reordered),
    );
    if (tail === null && this.committed <= this.survey.reached) return null;
    const first = tail?.first ?? this.survey.reached;
    const last = Math.max(this.committed, this.beyond.outside?.size ?? 0) - 1;
    this.found.push({
      class: 'cut_tail',
      position: spanText({ first, last }),
      message: `the log ends after ${first} entries, ${last + 1} were committed: the last ${last + 1 - first} are gone`,
    });
    return first;
  }

  private judgeHistory(cut: boolean): void {
    const rewritten = this.rewritten();
    if (rewritten !== null) {
      const { size, lastFit, count } = rewritten;
      const where =
        size === lastFit + 1
          ? `the first difference is entry ${lastFit}`
          : `the first difference lies between entry ${lastFit} and entry ${size - 1}`;
      this.found.push({
        class: 'rewritten',
        position: spanText({ first: lastFit, last: size }),
        message: `${count} checkpoint(s) signed another root, the smallest of them for ${size} entries; ${where}`,
      });
      return;
    }
    const { outside } = this.beyond;
    if (cut || outside === null || outside.size <= this.committed) return;
    this.found.push({
      class: 'rolled_back',
      position: String(this.committed),
      message: `a checkpoint from outside signed ${outside.size} entries, the log has ${this.committed} and is in order: an older copy was restored, or the tail was cut with every trace of it`,
    });
  }

  private rewritten(): Mismatch | null {
    const { database, outside } = this.survey.mismatch;
    if (outside === null) return database;
    // Kept checkpoints that fit a log which an outside one does not fit were signed anew: they bear nothing out.
    const lastDatabaseFit = database?.lastFit ?? this.survey.lastDatabaseFit;
    const lastFit = lastDatabaseFit < outside.size ? Math.max(outside.lastFit, lastDatabaseFit) : outside.lastFit;
    const count = outside.count + (database?.count ?? 0);
    return database === null || outside.size <= database.size
      ? { size: outside.size, lastFit, count }
      : { size: database.size, lastFit: Math.max(database.lastFit, outside.lastFit), count };
  }

  private async judgeTiles(): Promise<void> {
    const leaves = spansOf(
      this.survey.leavesDiffer.flatMap(({ first, last }) =>
        range(Math.floor(first / tileWidth), Math.floor(last / tileWidth)),
      ),
    ).flatMap((span) => range(span.first, span.last));
    const wrong = new Map<number, number[]>([[0, leaves.filter((tile) => this.isFull(0, tile))]]);
    for (const { level, position } of this.survey.wrongNodes) {
      const tile = Math.floor(position / tileWidth);
      if (this.isFull(level, tile)) wrong.set(level, [...(wrong.get(level) ?? []), tile]);
    }
    for (const [level, tiles] of wrong) {
      const [first] = tiles;
      const gone = level === 0 && first !== undefined && (await this.tree.leaves(first)) === null;
      this.tileProblems(
        level,
        tiles,
        gone ? 'missing' : 'not what the entries give, which fit the checkpoints or the tiles around them',
      );
    }
    this.tileProblems(0, this.tree.strays, 'not part of the tree: it stands beyond the last entry');
    for (const { level, index } of await this.tree.upperTilesBeyond(this.committed)) {
      this.tileProblems(level, [index], 'not part of the tree: it stands beyond the last entry');
    }
  }

  /** Whether a tile is full in a tree of what was committed; the others stand in the head. */
  private isFull(level: number, tile: number): boolean {
    return (tile + 1) * tileWidth ** (level + 1) <= this.committed;
  }

  private tileProblems(level: number, tiles: readonly number[], what: string): void {
    const problems = problemsAt('tile_damaged', spansOf(tiles), (_, count) =>
      count === 1 ? `the tile is ${what}` : `${count} tiles are ${what}`,
    );
    for (const problem of problems) this.found.push({ ...problem, position: `${level}/${problem.position}` });
  }

  private judgeHead(cutFrom: number | null): void {
    const report = (field: string, message: string): void => {
      this.found.push({ class: 'head_damaged', position: field, message });
    };
    const { head } = this;
    if (head === null) return report('head', 'the log has no head');
    if (head.size !== this.committed && head.size !== cutFrom) {
      report('head/size', `the head says ${head.size} entries, the log has ${this.committed}`);
    }
    const { atHead } = this.survey;
    if (atHead !== null && !atHead.root.equals(head.root)) {
      report('head/root', `the head's root is not the one of its ${atHead.size} entries`);
    }
    if (head.partial === null || (atHead !== null && !sameHashes(head.partial, atHead.partial))) {
      report('head/partial', "the head's unfinished tiles are not those of its entries");
    }
  }
}

function moves(reordered: readonly (readonly number[])[]): FsckProblem[] {
  if (reordered.length > mostGroups) {
    const places = reordered.flat();
    const span = { first: Math.min(...places), last: Math.max(...places) };
    const message = `${places.length} entries stand in another order than they were committed`;
    return [{ class: 'reordered', position: spanText(span), message }];
  }
  return reordered.map((places) => ({
    class: 'reordered',
    position:
      places.length <= mostNamed ? places.join(', ') : spanText({ first: places[0] ?? 0, last: places.at(-1) ?? 0 }),
    message:
      places.length === 2
        ? `the entries ${places.join(' and ')} do not stand where they were committed`
        : `${places.length} entries do not stand where they were committed`,
  }));
}

const mostGroups = 10;
const mostNamed = 4;

function sameHashes(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  const none = Buffer.alloc(0);
  return Array.from({ length: Math.max(a.length, b.length) }, (_, level) => level).every((level) =>
    (a[level] ?? none).equals(b[level] ?? none),
  );
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, at) => first + at);
}

/** Spans less what others cover. */
function without(spans: readonly Span[], covered: readonly Span[]): Span[] {
  const rest: Span[] = [];
  const holes = joinSpans(covered);
  let at = 0;
  for (const { first, last } of joinSpans(spans)) {
    while ((holes[at]?.last ?? Infinity) < first) at++;
    let from = first;
    for (let next = at; from <= last; next++) {
      const hole = holes[next];
      const to = Math.min(last, (hole?.first ?? Infinity) - 1);
      if (from <= to) rest.push({ first: from, last: to });
      from = hole === undefined || hole.first > last ? last + 1 : hole.last + 1;
    }
  }
  return rest;
}

function inOrder(problems: readonly FsckProblem[]): FsckProblem[] {
  return problems.toSorted((a, b) => fsckClasses.indexOf(a.class) - fsckClasses.indexOf(b.class));
}

import { actSource } from '../act.js';
import { foldComplete, tileWidth } from '../core/tiles.js';
import { hashLength } from '../core/tree.js';
import type { StoredEntry } from '../read.js';
import type { EntryRow } from './entry-rows.js';
import type { Span } from './problem.js';
import type { Reading, WrongNode } from './reading.js';
import type { SignedCheckpoints, SignedState } from './signed-checkpoints.js';
import type { StoredHead, StoredTree } from './stored-tree.js';

/** Where the tree stops being the one that was signed, by one kind of witness. */
export interface Mismatch {
  /** The smallest size whose checkpoint does not fit, and the largest below it whose does. */
  readonly size: number;
  readonly lastFit: number;
  /** How many checkpoints do not fit. */
  readonly count: number;
}

/** What a pass over entries, stored tree and checkpoints brings to light. */
export interface Survey {
  /** Entries read, whatever their index. */
  readonly rows: number;
  /** Positions looked at: as far as entries or stored hashes go. */
  readonly reached: number;
  /** One above the last position at which an entry stands. */
  readonly entriesEnd: number;
  /** Root over all positions looked at, by the belief that won. */
  readonly root: Buffer;
  /** Positions where the entries are not what was committed. */
  readonly entriesDiffer: readonly Span[];
  /** Positions where the stored leaf hashes are not what was committed. */
  readonly leavesDiffer: readonly Span[];
  readonly wrongNodes: readonly WrongNode[];
  /** Indices of entries that stand outside the positions looked at. */
  readonly strays: readonly Span[];
  readonly mismatch: { readonly database: Mismatch | null; readonly outside: Mismatch | null };
  /** Largest size that a kept checkpoint fits. */
  readonly lastDatabaseFit: number;
  /** Root and unfinished tiles at the size the head's tree state tells of; null when the log does not reach it. */
  readonly atHead: { readonly size: number; readonly root: Buffer; readonly partial: readonly Buffer[] } | null;
  /** Entries kept with another retention class than their kind has. */
  readonly misfiled: readonly Span[];
  readonly payloads: { readonly differ: readonly Span[]; readonly gone: readonly Span[] };
}

/** What the log itself says about payloads that are gone. */
export interface KnownRemovals {
  /** Whether a recorded removal covers the payload of this entry. */
  explains(entry: StoredEntry): boolean;
  /** Is shown every act of the log, to hold what it says about removals against what was done. */
  confirm(entry: StoredEntry): void;
}

interface PendingSpan extends Span {
  /** Whether the stored hash above the tile bears the stored leaves out. */
  readonly borneOut: boolean;
}

type Belief = 'agreed' | 'stored' | 'entries' | 'mixed';

interface Tally {
  lastFit: number;
  first: { size: number; lastFit: number } | null;
  count: number;
}

/**
 * Reads entries in order and compares them, tile by tile, with the stored tree. Where the two differ, both beliefs are
 * followed until a checkpoint tells which of them was signed. Memory does not grow with the log.
 */
export class Surveyor {
  private readonly tree: StoredTree;
  private readonly head: StoredHead | null;
  private readonly checkpoints: SignedCheckpoints;
  private readonly removals: KnownRemovals;
  private readings: ReadonlyMap<Belief, Reading>;
  private tile: number;
  private offset: number;
  private readonly entries = Buffer.alloc(tileWidth * hashLength);
  /** How many entries stand at each place of the tile under way. */
  private readonly standing = new Uint8Array(tileWidth);
  private stored: Buffer | null = null;
  private tileEnd: number;
  private over = false;
  private headPassed = false;
  private rows = 0;
  private reached: number;
  private entriesEnd: number;
  private atHead: Survey['atHead'] = null;
  private pending: PendingSpan[] = [];
  private readonly entriesDiffer: Span[] = [];
  private readonly leavesDiffer: Span[] = [];
  private readonly wrongNodes: WrongNode[] = [];
  private readonly strays: Span[] = [];
  private readonly misfiled: Span[] = [];
  private readonly payloadsDiffer: Span[] = [];
  private readonly payloadsGone: Span[] = [];
  private readonly tallies: Record<SignedState['from'], Tally>;

  /** `start` is a size up to which the log is known to be in order, with its tree up to the last whole tile. */
  constructor(options: {
    readonly tree: StoredTree;
    readonly head: StoredHead | null;
    readonly checkpoints: SignedCheckpoints;
    readonly removals: KnownRemovals;
    readonly start: { readonly size: number; readonly reading: Reading };
  }) {
    const { size, reading } = options.start;
    this.tree = options.tree;
    this.head = options.head;
    this.checkpoints = options.checkpoints;
    this.removals = options.removals;
    this.readings = new Map([['agreed', reading]]);
    this.tile = Math.floor(size / tileWidth);
    this.offset = size % tileWidth;
    this.tileEnd = (this.tile + 1) * tileWidth;
    this.reached = size;
    this.entriesEnd = size;
    this.tallies = {
      database: { lastFit: size, first: null, count: 0 },
      outside: { lastFit: size, first: null, count: 0 },
    };
  }

  /** To be called once before the first {@link take}; returns the root of what is known to be in order. */
  async begin(): Promise<Buffer> {
    await this.openTile();
    if (this.stored !== null) {
      this.stored.copy(this.entries, 0, 0, this.offset * hashLength);
      this.standing.fill(1, 0, this.offset);
      this.first().take(0, this.offset, this.entries);
    }
    const root = this.first().rootAt(this.offset);
    await this.judgeAt(this.reached, this.offset);
    return root;
  }

  /** Takes the next entries, in index order. */
  async take(rows: readonly EntryRow[]): Promise<void> {
    for (const row of rows) {
      this.rows++;
      this.examine(row);
      while (!this.over && row.index >= this.tileEnd) await this.finishTile();
      this.place(row);
    }
  }

  /** Ends after the last entry. */
  async finish(): Promise<Survey> {
    while (!this.over) await this.finishTile();
    const root = this.first().rootAt(this.reached % tileWidth);
    if (this.pending.length > 0) this.settle(this.readings.has('mixed') ? 'mixed' : 'agreed');
    else this.settle('agreed');
    return {
      rows: this.rows,
      reached: this.reached,
      entriesEnd: this.entriesEnd,
      root,
      entriesDiffer: this.entriesDiffer,
      leavesDiffer: this.leavesDiffer,
      wrongNodes: this.wrongNodes,
      strays: this.strays,
      mismatch: { database: mismatchOf(this.tallies.database), outside: mismatchOf(this.tallies.outside) },
      lastDatabaseFit: this.tallies.database.lastFit,
      atHead: this.atHead,
      misfiled: this.misfiled,
      payloads: { differ: this.payloadsDiffer, gone: this.payloadsGone },
    };
  }

  private examine(row: EntryRow): void {
    if (row.payload === 'differs') addTo(this.payloadsDiffer, row.index);
    else if (row.payload === 'gone' && !this.removals.explains(row.entry())) addTo(this.payloadsGone, row.index);
    if (!row.filed) addTo(this.misfiled, row.index);
    if (row.source === actSource) this.removals.confirm(row.entry());
  }

  private place(row: EntryRow): void {
    const offset = row.index - this.tile * tileWidth;
    if (this.over || offset < this.offset || offset >= tileWidth) {
      addTo(this.strays, row.index);
      return;
    }
    const times = this.standing[offset] ?? 0;
    this.standing[offset] = Math.min(times + 1, 2);
    const at = offset * hashLength;
    // Of two entries with one index the committed one is taken; the other is looked for later.
    const committed = this.stored?.subarray(at, at + hashLength);
    if (times > 0 && committed?.equals(this.entries.subarray(at, at + hashLength)) === true) return;
    this.entries.write(row.leafHash, at, hashLength, 'hex');
  }

  private async openTile(): Promise<void> {
    this.stored = await this.tree.leaves(this.tile);
    this.standing.fill(0);
    this.entries.fill(0);
  }

  private async finishTile(): Promise<void> {
    const begin = this.tile * tileWidth;
    const storedCount = Math.min(Math.max(this.tree.length - begin, 0), tileWidth);
    let end = storedCount;
    // Entries may go on where no hash is stored, as long as there is no gap.
    while (end < tileWidth && (this.standing[end] ?? 0) > 0) end++;
    for (let offset = end; offset < tileWidth; offset++) {
      if ((this.standing[offset] ?? 0) > 0) addTo(this.strays, begin + offset);
    }
    const last = this.standing.subarray(0, end).findLastIndex((times) => times > 0);
    if (last >= this.offset) this.entriesEnd = begin + last + 1;
    const believed = this.storedHashes(storedCount);
    let at = this.offset;
    while (at < end) {
      const cut = await this.nextCut(begin + at);
      const to = Math.min(end, cut === null ? end : cut - begin);
      await this.takeChunk(at, to, believed);
      this.reached = begin + to;
      if (cut === begin + to && to < tileWidth) await this.judgeAt(cut, to);
      at = to;
    }
    if (end === tileWidth) await this.completeTile();
    else this.over = true;
  }

  /** The tile as the stored tree has it: zeroes where a hash is missing, the entries where none is expected. */
  private storedHashes(count: number): Buffer {
    const hashes = Buffer.from(this.entries);
    hashes.fill(0, 0, count * hashLength);
    this.stored?.copy(hashes, 0, 0, count * hashLength);
    return hashes;
  }

  private async takeChunk(begin: number, end: number, believed: Buffer): Promise<void> {
    const whole = this.standing.subarray(begin, end).every((times) => times === 1);
    const same =
      believed.compare(this.entries, begin * hashLength, end * hashLength, begin * hashLength, end * hashLength) === 0;
    const borneOut = whole && same ? true : await this.isBorneOut();
    if (!whole || !same) {
      const first = this.tile * tileWidth;
      this.pending.push({ first: first + begin, last: first + end - 1, borneOut });
      if (!same) this.diverge();
    }
    for (const [belief, reading] of this.readings) {
      const fromEntries = belief === 'entries' || (belief === 'mixed' && !borneOut);
      reading.take(begin, end, fromEntries ? this.entries : believed);
    }
  }

  /** Whether the stored hash above the tile is that of its stored leaves; an unfinished tile has none above it. */
  private async isBorneOut(): Promise<boolean> {
    if (this.stored === null) return false;
    if (this.stored.length < tileWidth * hashLength) return true;
    const above = await this.tree.node(1, this.tile);
    return above !== null && above.equals(foldComplete(this.stored));
  }

  private diverge(): void {
    if (!this.readings.has('agreed')) return;
    const agreed = this.first();
    this.readings = new Map([
      ['mixed', agreed],
      ['stored', agreed.clone()],
      ['entries', agreed.clone()],
    ]);
  }

  private first(): Reading {
    const [reading] = this.readings.values();
    if (reading === undefined) throw new Error('there is always one reading');
    return reading;
  }

  private async completeTile(): Promise<void> {
    for (const reading of this.readings.values()) {
      for (const { level, position, hash } of reading.complete()) {
        const stored = await this.tree.node(level, position);
        if (stored === null || !stored.equals(hash)) reading.wrong.push({ level, position, stored: stored !== null });
      }
    }
    this.tile++;
    this.offset = 0;
    this.tileEnd += tileWidth;
    const size = this.tile * tileWidth;
    if ((await this.nextCut(size - 1)) === size) await this.judgeAt(size, 0);
    if (this.readings.has('agreed')) this.settle('agreed');
    await this.openTile();
  }

  /** The next size above `position` at which something is said about the root. */
  private async nextCut(position: number): Promise<number | null> {
    let signed = await this.checkpoints.nextSize();
    while (signed !== null && signed <= position) {
      this.checkpoints.take(signed);
      signed = await this.checkpoints.nextSize();
    }
    const head = this.headPassed || this.headSize() <= position ? null : this.headSize();
    return signed === null || head === null ? (signed ?? head) : Math.min(signed, head);
  }

  /** Size that the head's root and unfinished tiles tell of. */
  private headSize(): number {
    if (this.head === null) return -1;
    return this.head.agrees ? (this.head.partialSize ?? this.head.size) : this.head.size;
  }

  private async judgeAt(size: number, offset: number): Promise<void> {
    const signed = (await this.checkpoints.nextSize()) === size ? this.checkpoints.take(size) : [];
    const roots = [...this.readings].map(([belief, reading]) => ({ belief, root: reading.rootAt(offset) }));
    const bySigned = roots.find(({ root }) => signed.some((state) => state.root.equals(root)));
    const isHead = size === this.headSize();
    const byHead = isHead && signed.length === 0 ? roots.find(({ root }) => this.head?.root.equals(root)) : undefined;
    const chosen = bySigned ?? byHead;
    for (const state of signed) this.count(state, bySigned !== undefined && state.root.equals(bySigned.root));
    if (chosen !== undefined) this.settle(chosen.belief);
    if (isHead) {
      const reading = this.first();
      this.headPassed = true;
      this.atHead = { size, root: reading.rootAt(offset), partial: reading.partialAt(offset) };
    }
  }

  private count(state: SignedState, fits: boolean): void {
    const tally = this.tallies[state.from];
    if (fits) tally.lastFit = state.size;
    else {
      tally.first ??= { size: state.size, lastFit: tally.lastFit };
      tally.count++;
    }
  }

  /** What the winning belief says about the places where stored hashes and entries differ. */
  private settle(winner: Belief): void {
    const reading = this.readings.get(winner) ?? this.first();
    for (const span of this.pending) {
      const entriesRight = winner === 'entries' || (winner === 'mixed' && !span.borneOut);
      (entriesRight ? this.leavesDiffer : this.entriesDiffer).push({ first: span.first, last: span.last });
    }
    this.wrongNodes.push(...reading.wrong.splice(0));
    this.pending = [];
    this.readings = new Map([['agreed', reading]]);
  }
}

function mismatchOf({ first, count }: Tally): Mismatch | null {
  return first === null ? null : { ...first, count };
}

function addTo(spans: { first: number; last: number }[], number: number): void {
  const open = spans.at(-1);
  if (open !== undefined && number === open.last + 1) open.last = number;
  else if (open === undefined || number !== open.last) spans.push({ first: number, last: number });
}

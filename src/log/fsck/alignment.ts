import type { Span } from './problem.js';

/** A leaf hash and where it stands: its position in the tree, or the index its entry has. */
export interface PlacedHash {
  readonly at: number;
  /** Lower-case hex; null where the stored hash is lost: fits any entry of that index. */
  readonly hash: string | null;
}

/** Gives placed hashes in order, some at a time; none when there are no more. */
export interface HashSource {
  next(): Promise<readonly PlacedHash[]>;
  /** The hash at one place, out of order; null when there is none. */
  peek(at: number): Promise<string | null>;
}

/** A place where committed leaves and entries do not run along. */
export interface Slot {
  /** Committed leaves without an entry at this place. */
  readonly missing: readonly PlacedHash[];
  /** Entries without a committed leaf at this place. */
  readonly extra: readonly PlacedHash[];
}

export interface Alignment {
  readonly slots: readonly Slot[];
  /** Too long for slots: stretches in which every entry differs from its leaf. */
  readonly replaced: readonly Span[];
  /** Too long for slots: positions of leaves whose entries are gone. */
  readonly missing: readonly Span[];
  /** Too long for slots: indices of entries that have no leaf. */
  readonly extra: readonly Span[];
  /** Position from which on was not looked, because too much differs; null when all was. */
  readonly brokenOffAt: number | null;
}

/** How far ahead is looked for the place where both run along again, in entries: first near, then further. */
const windows = [32, 512, 8192, 65_536];
const longest = 65_536;
const mostSlots = 100_000;
/** Longer rests are told of as a whole: their single entries are not looked for elsewhere. */
const longestSlot = 8192;

/**
 * Lays entries along the committed leaves, both in order, and returns where they part: what a difference program does
 * with lines, with bounded memory. `surplus` is the number of entries less that of leaves as far as it is known; it finds a
 * single long gap or insertion that the windows cannot span.
 */
export async function align(committed: HashSource, entries: HashSource, surplus: number): Promise<Alignment> {
  return await new Aligner(new Lookahead(committed), new Lookahead(entries), surplus).run();
}

/** A source read ahead; the front is what comes next. */
class Lookahead {
  private buffer: PlacedHash[] = [];
  private begin = 0;
  private ended = false;
  readonly source: HashSource;

  constructor(source: HashSource) {
    this.source = source;
  }

  /** Reads until that many are ahead, or all; returns how many are. */
  async ensure(count: number): Promise<number> {
    while (!this.ended && this.length < count) {
      const more = await this.source.next();
      if (more.length === 0) this.ended = true;
      if (this.begin > longest) {
        this.buffer = this.buffer.slice(this.begin);
        this.begin = 0;
      }
      for (const item of more) this.buffer.push(item);
    }
    return this.length;
  }

  get length(): number {
    return this.buffer.length - this.begin;
  }

  at(offset: number): PlacedHash | undefined {
    return this.buffer[this.begin + offset];
  }

  take(count: number): PlacedHash[] {
    const taken = this.buffer.slice(this.begin, this.begin + count);
    this.begin += taken.length;
    return taken;
  }

  skip(count: number): void {
    this.begin += count;
  }
}

function same(committed: PlacedHash | undefined, entry: PlacedHash | undefined): boolean {
  if (committed === undefined || entry === undefined) return false;
  return committed.hash === null ? committed.at === entry.at : committed.hash === entry.hash;
}

class Aligner {
  private readonly slots: Slot[] = [];
  private readonly replaced: Span[] = [];
  private readonly missing: Span[] = [];
  private readonly extra: Span[] = [];
  private readonly committed: Lookahead;
  private readonly entries: Lookahead;
  private surplus: number;

  constructor(committed: Lookahead, entries: Lookahead, surplus: number) {
    this.committed = committed;
    this.entries = entries;
    this.surplus = surplus;
  }

  async run(): Promise<Alignment> {
    for (;;) {
      const left = await this.committed.ensure(1);
      const right = await this.entries.ensure(1);
      if (left === 0 && right === 0) return this.result(null);
      if (this.slots.length >= mostSlots) return this.result(this.committed.at(0)?.at ?? this.entries.at(0)?.at ?? 0);
      if (left === 0 || right === 0) await this.takeRest();
      else if (await this.isCopyBefore()) this.slots.push({ missing: [], extra: this.entries.take(1) });
      else if (same(this.committed.at(0), this.entries.at(0))) this.runAlong();
      else await this.resume();
    }
  }

  private result(brokenOffAt: number | null): Alignment {
    const { slots, replaced, missing, extra } = this;
    return { slots, replaced, missing, extra, brokenOffAt };
  }

  /** A copy of an entry, right before the entry that stands where it belongs. */
  private async isCopyBefore(): Promise<boolean> {
    const place = this.committed.at(0)?.at;
    const entry = this.entries.at(0);
    if (entry === undefined || entry.at === place || (await this.entries.ensure(2)) < 2) return false;
    const next = this.entries.at(1);
    return next?.hash === entry.hash && next.at === place;
  }

  private runAlong(): void {
    const most = Math.min(this.committed.length, this.entries.length);
    let count = 1;
    while (count < most && this.isPlain(count)) count++;
    this.committed.skip(count);
    this.entries.skip(count);
  }

  /** The next on both sides are the same, and no doubled index needs a closer look; whether one does shows only when its successor is read. */
  private isPlain(offset: number): boolean {
    const [committed, entry] = [this.committed.at(offset), this.entries.at(offset)];
    if (!same(committed, entry)) return false;
    if (committed?.at === entry?.at) return true;
    const next = this.entries.at(offset + 1);
    return next !== undefined && next.hash !== entry?.hash;
  }

  /** One side has ended: what is left on the other has no counterpart. */
  private async takeRest(): Promise<void> {
    if (this.committed.length > 0) {
      await this.committed.ensure(longest);
      this.takeMissing(this.committed.length);
    } else {
      await this.entries.ensure(longest);
      this.takeExtra(this.entries.length);
    }
  }

  /** Finds where both run along again, and takes what lies before that on either side. */
  private async resume(): Promise<void> {
    for (const window of windows) {
      await this.committed.ensure(window);
      await this.entries.ensure(window);
      const found = this.nearest(window);
      if (found !== null) {
        this.slots.push({ missing: this.committed.take(found.missing), extra: this.entries.take(found.extra) });
        return;
      }
    }
    if (!(await this.takeSurplus())) this.takeReplaced();
  }

  /** The nearest pair of places ahead at which both go on the same. */
  private nearest(window: number): { missing: number; extra: number } | null {
    const places = new Map<string, number>();
    const left = Math.min(window, this.committed.length);
    const right = Math.min(window, this.entries.length);
    for (let offset = left - 1; offset >= 0; offset--) {
      const { hash = null } = this.committed.at(offset) ?? {};
      if (hash !== null) places.set(hash, offset);
    }
    let best: { missing: number; extra: number; run: number } | null = null;
    for (let extra = 0; extra < right; extra++) {
      if (best !== null && extra > best.missing + best.extra) break;
      const missing = places.get(this.entries.at(extra)?.hash ?? '');
      if (missing === undefined) continue;
      const candidate = { missing, extra, run: this.runFrom(missing, extra) };
      if (best === null || isBetter(candidate, best)) best = candidate;
    }
    return best;
  }

  private runFrom(missing: number, extra: number): number {
    let run = 0;
    while (run < 16 && same(this.committed.at(missing + run), this.entries.at(extra + run))) run++;
    return run;
  }

  /** One side runs along with the other again after as many as it has more than the other. */
  private async takeSurplus(): Promise<boolean> {
    const count = Math.abs(this.surplus);
    const [longer, shorter] = this.surplus > 0 ? [this.entries, this.committed] : [this.committed, this.entries];
    const first = longer.at(0)?.at ?? 0;
    const wanted = shorter.at(0)?.hash ?? null;
    if (count === 0 || wanted === null || (await longer.source.peek(first + count)) !== wanted) return false;
    let last = first;
    for (let left = count; left > 0;) {
      const step = Math.min(left, await longer.ensure(Math.min(left, longest)));
      if (step === 0) break;
      last = longer.at(step - 1)?.at ?? last;
      longer.skip(step);
      left -= step;
    }
    (this.surplus > 0 ? this.extra : this.missing).push({ first, last });
    this.surplus = 0;
    return true;
  }

  /** Nothing near fits: the two stretches take each other's place. */
  private takeReplaced(): void {
    const count = Math.min(this.committed.length, this.entries.length);
    if (count <= longestSlot) {
      this.slots.push({ missing: this.committed.take(count), extra: this.entries.take(count) });
      return;
    }
    this.replaced.push({ first: this.committed.at(0)?.at ?? 0, last: this.committed.at(count - 1)?.at ?? 0 });
    this.committed.skip(count);
    this.entries.skip(count);
  }

  private takeMissing(count: number): void {
    const long = count > longestSlot;
    if (!long) this.slots.push({ missing: this.committed.take(count), extra: [] });
    else {
      this.missing.push({ first: this.committed.at(0)?.at ?? 0, last: this.committed.at(count - 1)?.at ?? 0 });
      this.committed.skip(count);
    }
  }

  private takeExtra(count: number): void {
    if (count <= longestSlot) this.slots.push({ missing: [], extra: this.entries.take(count) });
    else {
      this.extra.push({ first: this.entries.at(0)?.at ?? 0, last: this.entries.at(count - 1)?.at ?? 0 });
      this.entries.skip(count);
    }
  }
}

function isBetter(
  a: { missing: number; extra: number; run: number },
  b: { missing: number; extra: number; run: number },
): boolean {
  const [costA, costB] = [a.missing + a.extra, b.missing + b.extra];
  if (costA !== costB) return costA < costB;
  if (a.run !== b.run) return a.run > b.run;
  return Math.abs(a.missing - a.extra) < Math.abs(b.missing - b.extra);
}

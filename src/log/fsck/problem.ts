/**
 * What can be wrong with a log, named by class.
 *
 * `payload_edited`: payload bytes or salt do not fit the digest in the leaf. `payload_missing`: a payload is gone, and no
 * entry says why. `leaf_edited`: the fields of an entry do not hash to the leaf that was committed. `entry_missing`: an
 * entry is gone, others follow it. `cut_tail`: the last entries are gone. `reordered`: entries stand at each other's
 * index. `inserted`: an entry that was never committed. `rewritten`: consistent in itself, but not the log that a checkpoint signed. `rolled_back`:
 * an outside checkpoint is larger than the whole log, as after restoring an older copy. `tile_damaged`, `head_damaged`,
 * `checkpoint_damaged`: stored tree state or a checkpoint that the entries do not bear out. `unknown_key`: cannot
 * verify, the key is not known; says nothing about tampering.
 */
export const fsckClasses = [
  'payload_edited',
  'payload_missing',
  'leaf_edited',
  'entry_missing',
  'cut_tail',
  'reordered',
  'inserted',
  'rewritten',
  'rolled_back',
  'tile_damaged',
  'head_damaged',
  'checkpoint_damaged',
  'unknown_key',
] as const;
export type FsckClass = (typeof fsckClasses)[number];

export interface FsckProblem {
  readonly class: FsckClass;
  /**
   * What it is about: an entry index or a range of them (`7`, `7-12`), several (`7, 12`), a tile (`0/3`: level and index), a
   * field of the head (`head/root`), the size of a checkpoint, or the two sizes between which the first difference lies
   * (`256-300`).
   */
  readonly position: string;
  readonly message: string;
}

/** Whole numbers, first and last included. */
export interface Span {
  readonly first: number;
  readonly last: number;
}

export function spanText({ first, last }: Span): string {
  return first === last ? String(first) : `${first}-${last}`;
}

/** Sorted numbers as few spans. */
export function spansOf(numbers: readonly number[]): Span[] {
  const spans: { first: number; last: number }[] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const open = spans.at(-1);
    if (open !== undefined && number <= open.last + 1) open.last = Math.max(open.last, number);
    else spans.push({ first: number, last: number });
  }
  return spans;
}

/** Spans in order, those that touch joined. */
export function joinSpans(spans: readonly Span[]): Span[] {
  const joined: { first: number; last: number }[] = [];
  for (const { first, last } of spans.toSorted((a, b) => a.first - b.first)) {
    const open = joined.at(-1);
    if (open !== undefined && first <= open.last + 1) open.last = Math.max(open.last, last);
    else joined.push({ first, last });
  }
  return joined;
}

/** Above this many places, one problem tells of them all: they have one cause. */
const mostPlaces = 10;

/** One problem for each span, or a single one when there are many. */
export function problemsAt(
  kind: FsckClass,
  spans: readonly Span[],
  message: (span: Span, count: number) => string,
): FsckProblem[] {
  const joined = joinSpans(spans);
  const [first] = joined;
  const last = joined.at(-1);
  if (first === undefined || last === undefined) return [];
  if (joined.length <= mostPlaces) {
    return joined.map((span) => ({
      class: kind,
      position: spanText(span),
      message: message(span, span.last - span.first + 1),
    }));
  }
  const whole = { first: first.first, last: last.last };
  const count = joined.reduce((sum, span) => sum + span.last - span.first + 1, 0);
  const places = joined.slice(0, mostPlaces).map(spanText).join(', ');
  return [{ class: kind, position: spanText(whole), message: `${message(whole, count)}; at ${places} and on` }];
}

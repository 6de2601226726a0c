import type { Alignment, PlacedHash } from './alignment.js';
import { joinSpans, spansOf, type Span } from './problem.js';

/** What was done to the entries, read from where they part from the committed leaves. */
export interface Displacement {
  /** Positions whose entry has other fields than were committed. */
  readonly edited: readonly Span[];
  /** Positions whose entry is gone. */
  readonly missing: readonly Span[];
  /** Indices of entries that were never committed. */
  readonly inserted: readonly Span[];
  /** Entries that stand elsewhere than committed: groups of positions that took each other's place. */
  readonly reordered: readonly (readonly number[])[];
  /** Indices of entries that take part in any of these: their payloads are judged with them. */
  readonly touched: readonly Span[];
}

interface Move {
  readonly from: number;
  readonly to: number;
}

/** Tells edits, deletions, insertions and moves apart. */
export function displacementOf(alignment: Alignment): Displacement {
  const homes = new Map<string, number>();
  for (const { missing } of alignment.slots) {
    for (const { at, hash } of missing) if (hash !== null) homes.set(hash, at);
  }
  const moves: Move[] = [];
  const moved = new Set<PlacedHash>();
  const vacated = new Set<number>();
  for (const { extra } of alignment.slots) {
    for (const item of extra) {
      const home = homes.get(item.hash ?? '');
      if (home === undefined || vacated.has(home)) continue;
      vacated.add(home);
      moved.add(item);
      moves.push({ from: home, to: item.at });
    }
  }
  const edited: number[] = [];
  const missing: number[] = [];
  const inserted: number[] = [];
  for (const slot of alignment.slots) {
    const gone = slot.missing.filter(({ at }) => !vacated.has(at)).map(({ at }) => at);
    const strange = slot.extra.filter((item) => !moved.has(item)).map(({ at }) => at);
    // An entry with the index of a leaf that has none took its place; what is left pairs up in order.
    const here = new Set(strange);
    const same = gone.filter((at) => here.delete(at));
    const restGone = gone.filter((at) => !same.includes(at));
    const restStrange = [...here];
    const pairs = Math.min(restGone.length, restStrange.length);
    edited.push(...same, ...restGone.slice(0, pairs));
    missing.push(...restGone.slice(pairs));
    inserted.push(...restStrange.slice(pairs));
  }
  const touched = alignment.slots.flatMap((slot) => slot.extra.map(({ at }) => at));
  return {
    edited: joinSpans([...spansOf(edited), ...alignment.replaced]),
    missing: joinSpans([...spansOf(missing), ...alignment.missing]),
    inserted: joinSpans([...spansOf(inserted), ...alignment.extra]),
    reordered: groupsOf(moves),
    touched: joinSpans([...spansOf(touched), ...alignment.replaced, ...alignment.extra]),
  };
}

/** Moves that share a place belong together: a swap, or a longer round. */
function groupsOf(moves: readonly Move[]): number[][] {
  const groupOf = new Map<number, Set<number>>();
  for (const { from, to } of moves) {
    const joined = new Set([...(groupOf.get(from) ?? [from]), ...(groupOf.get(to) ?? [to])]);
    for (const place of joined) groupOf.set(place, joined);
  }
  return [...new Set(groupOf.values())]
    .map((group) => [...group].toSorted((a, b) => a - b))
    .toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** A record that carries a number of its sender's counter, in the order of the log. */
export interface NumberedRecord {
  /** Index of the entry in the log. */
  readonly index: number;
  readonly sequence: bigint;
}

/** Numbers from `first` through `last`, both inclusive. */
export interface NumberRange {
  readonly first: bigint;
  readonly last: bigint;
}

/** Numbers that were missing when a later one arrived. */
export interface SequenceGap extends NumberRange {
  /** What has still not arrived, ascending; empty once the gap is closed. */
  readonly missing: readonly NumberRange[];
  /** Indices of the entries on either side of the gap. */
  readonly evidence: readonly [before: number, after: number];
}

/** What is known of one counter: one stream of one source. */
export interface CounterState {
  readonly lowest: bigint;
  readonly highest: bigint;
  /** Index of the entry that carried `highest`. */
  readonly highestIndex: number;
  /** Open gaps of this run of the counter, ascending, none overlapping. */
  readonly open: readonly SequenceGap[];
}

/**
 * What a record said of its counter. After `restarted` the open gaps of the run before are no longer watched: their
 * numbers will be used again, so that nothing that arrives can be known to fill them.
 */
export type CounterEvent =
  | { readonly kind: 'started' | 'next' | 'early' | 'filled' | 'restarted' }
  | { readonly kind: 'gap_found' | 'gap_closed'; readonly gap: SequenceGap };

/** How far before the first number of a young run a number may arrive and still belong to it. */
const reorderWindow = 64n;

/** At most the digits of 2^64 - 1. */
const unsigned = /^[0-9]{1,20}$/;

/** The number in `attributes.sequence`; null where there is none or it is not an unsigned integer of 64 bits. */
export function sequenceOf(attribute: unknown): bigint | null {
  if (typeof attribute === 'number')
    return Number.isSafeInteger(attribute) && attribute >= 0 ? BigInt(attribute) : null;
  if (typeof attribute !== 'string' || !unsigned.test(attribute)) return null;
  const sequence = BigInt(attribute);
  return sequence < 1n << 64n ? sequence : null;
}

/**
 * Takes one record into account. Records of one counter are given once each and in the order of the log; the same
 * records then always give the same gaps, in whichever process.
 *
 * A number inside an open gap fills it. A number of the run that has arrived already, or one far below the run, means
 * that the counter started again, as RFC 5424 section 7.3.1 has it do when the sender starts and after 2147483647; what
 * was lost across a restart cannot be known from numbers and is no gap here.
 */
export function countRecord(
  state: CounterState | null,
  { index, sequence }: NumberedRecord,
): { readonly state: CounterState; readonly event: CounterEvent } {
  const restarted: CounterState = { lowest: sequence, highest: sequence, highestIndex: index, open: [] };
  if (state === null) return { state: restarted, event: { kind: 'started' } };

  if (sequence > state.highest) {
    const ahead = { ...state, highest: sequence, highestIndex: index };
    const first = state.highest + 1n;
    if (sequence === first) return { state: ahead, event: { kind: 'next' } };
    const gap = gapBetween(first, sequence - 1n, state.highestIndex, index);
    return { state: { ...ahead, open: [...state.open, gap] }, event: { kind: 'gap_found', gap } };
  }

  if (sequence < state.lowest) {
    if (state.highest - sequence > reorderWindow) return { state: restarted, event: { kind: 'restarted' } };
    const below = { ...state, lowest: sequence };
    if (sequence + 1n === state.lowest) return { state: below, event: { kind: 'early' } };
    const gap = gapBetween(sequence + 1n, state.lowest - 1n, index, index);
    return { state: { ...below, open: [gap, ...state.open] }, event: { kind: 'gap_found', gap } };
  }

  const place = state.open.findIndex(({ missing }) => missing.some((range) => holds(range, sequence)));
  const gap = state.open[place];
  if (gap === undefined) return { state: restarted, event: { kind: 'restarted' } };
  const filled = { ...gap, missing: gap.missing.flatMap((range) => without(range, sequence)) };
  if (filled.missing.length > 0)
    return { state: { ...state, open: state.open.with(place, filled) }, event: { kind: 'filled' } };
  return { state: { ...state, open: state.open.toSpliced(place, 1) }, event: { kind: 'gap_closed', gap: filled } };
}

function gapBetween(first: bigint, last: bigint, before: number, after: number): SequenceGap {
  return { first, last, missing: [{ first, last }], evidence: [before, after] };
}

function holds({ first, last }: NumberRange, sequence: bigint): boolean {
  return first <= sequence && sequence <= last;
}

function without(range: NumberRange, sequence: bigint): NumberRange[] {
  if (!holds(range, sequence)) return [range];
  return [
    { first: range.first, last: sequence - 1n },
    { first: sequence + 1n, last: range.last },
  ].filter(({ first, last }) => first <= last);
}

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

/** The numbers of a counter since it last started. */
export interface CounterRun {
  readonly lowest: bigint;
  readonly highest: bigint;
  /** Index of the entry that carried `highest`. */
  readonly highestIndex: number;
  /** Open gaps that are watched, ascending, none overlapping; at most {@link mostWatched}. */
  readonly open: readonly SequenceGap[];
}

/** What is known of one counter: one stream of one source. Its size is bounded whatever arrives. */
export interface CounterState extends CounterRun {
  /** The run before, while its last records may still be on their way. */
  readonly previous: { readonly run: CounterRun; readonly left: number; readonly streak: number } | null;
  /** Records counted and gaps among them that did not close, both halved now and then. */
  readonly counted: number;
  readonly skips: number;
}

/**
 * What a record said of its counter. After `restarted` the open gaps of the run before are soon no longer watched: their
 * numbers will be used again, so that nothing that arrives can be known to fill them. `repeated` says nothing.
 */
export type CounterEvent =
  | { readonly kind: 'started' | 'next' | 'early' | 'repeated' | 'restarted' }
  | { readonly kind: 'gap_found' | 'filled' | 'gap_closed'; readonly gap: SequenceGap };

/** How far behind the highest number a number may arrive late or once more and still belong to its run. */
const reorderWindow = 64n;
/** Records after a restart for which the run before may go on. */
const previousRecords = 64;
/** Records of the run before, none of the new one between, that show that there was no restart. */
const resumedAfter = 8;
/** Gaps that are watched of one counter, and stretches of one gap; what is beyond stays open for ever. */
const mostWatched = 256;

const believedAfter = 8;
const judgedAfter = 16;
const mostCounted = 1024;

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

/** The counter skips so often that it counts what is not sent here, and its gaps mean nothing. */
export function isSparse({ counted, skips }: Pick<CounterState, 'counted' | 'skips'>): boolean {
  return counted >= judgedAfter && skips * 4 > counted;
}

/** Enough numbers followed each other for the others to be missed. */
export function isBelieved(state: Pick<CounterState, 'counted' | 'skips'>): boolean {
  return state.counted >= believedAfter && !isSparse(state);
}

/**
 * Takes one record into account. Records of one counter are given once each and in the order of the log; the same
 * records then always give the same gaps, in whichever process.
 *
 * A number inside an open gap fills it. One that has arrived already is a repetition while it is near the highest; one far
 * behind, and a first number that comes once more, mean that the counter started again, as RFC 5424 section 7.3.1 has it do
 * when the sender starts and after 2147483647. What was lost across a restart cannot be known from numbers and is no gap here.
 */
export function countRecord(
  state: CounterState | null,
  record: NumberedRecord,
): { readonly state: CounterState; readonly event: CounterEvent } {
  if (state === null) {
    return {
      state: { ...runFrom(record), previous: null, counted: 1, skips: 0 },
      event: { kind: 'started' },
    };
  }
  const { previous } = state;
  if (previous !== null && belongsTo(previous.run, state, record.sequence)) {
    const { run, event } = countInRun(previous.run, record);
    const streak = previous.streak + 1;
    const after =
      streak >= resumedAfter
        ? { ...state, ...run, previous: null }
        : { ...state, previous: { run, left: previous.left, streak } };
    return { state: tallied(after, event), event };
  }
  const { run, event } = countInRun(state, record);
  const before =
    event.kind === 'restarted'
      ? { run: runOf(state), left: previousRecords, streak: 0 }
      : previous === null || previous.left <= 1
        ? null
        : { ...previous, left: previous.left - 1, streak: 0 };
  return { state: tallied({ ...state, ...run, previous: before }, event), event };
}

function tallied(state: CounterState, { kind }: CounterEvent): CounterState {
  const skips = state.skips + (kind === 'gap_found' ? 1 : kind === 'gap_closed' ? -1 : 0);
  const next = { ...state, counted: state.counted + 1, skips: Math.max(0, skips) };
  if (next.counted < mostCounted) return next;
  return { ...next, counted: next.counted / 2, skips: Math.floor(next.skips / 2) };
}

function runFrom({ index, sequence }: NumberedRecord): CounterRun {
  return { lowest: sequence, highest: sequence, highestIndex: index, open: [] };
}

function runOf({ lowest, highest, highestIndex, open }: CounterRun): CounterRun {
  return { lowest, highest, highestIndex, open };
}

/** Near the end of the run before, and nearer than to that of the new one. */
function belongsTo(before: CounterRun, run: CounterRun, sequence: bigint): boolean {
  const distance = distanceTo(before, sequence);
  return distance <= reorderWindow && distance < distanceTo(run, sequence);
}

function distanceTo({ highest }: CounterRun, sequence: bigint): bigint {
  return sequence > highest ? sequence - highest : highest - sequence;
}

function countInRun(
  run: CounterRun,
  record: NumberedRecord,
): { readonly run: CounterRun; readonly event: CounterEvent } {
  const { index, sequence } = record;
  if (sequence > run.highest) {
    const ahead = { ...runOf(run), highest: sequence, highestIndex: index };
    const first = run.highest + 1n;
    if (sequence === first) return { run: ahead, event: { kind: 'next' } };
    const gap = gapBetween(first, sequence - 1n, run.highestIndex, index);
    return { run: { ...ahead, open: [...run.open, gap].slice(-mostWatched) }, event: { kind: 'gap_found', gap } };
  }

  if (sequence < run.lowest) {
    if (run.highest - sequence > reorderWindow) return { run: runFrom(record), event: { kind: 'restarted' } };
    const below = { ...runOf(run), lowest: sequence };
    if (sequence + 1n === run.lowest) return { run: below, event: { kind: 'early' } };
    const gap = gapBetween(sequence + 1n, run.lowest - 1n, index, index);
    return { run: { ...below, open: [gap, ...run.open].slice(-mostWatched) }, event: { kind: 'gap_found', gap } };
  }

  const place = run.open.findIndex(({ missing }) => missing.some((range) => holds(range, sequence)));
  const gap = run.open[place];
  if (gap === undefined) {
    const isRepetition = sequence > 1n && run.highest - sequence <= reorderWindow;
    if (isRepetition || sequence === run.highest) return { run: runOf(run), event: { kind: 'repeated' } };
    return { run: runFrom(record), event: { kind: 'restarted' } };
  }
  const filled = { ...gap, missing: gap.missing.flatMap((range) => without(range, sequence)) };
  const rest = runOf(run);
  if (filled.missing.length === 0)
    return { run: { ...rest, open: run.open.toSpliced(place, 1) }, event: { kind: 'gap_closed', gap: filled } };
  const open = filled.missing.length > mostWatched ? run.open.toSpliced(place, 1) : run.open.with(place, filled);
  return { run: { ...rest, open }, event: { kind: 'filled', gap: filled } };
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

/** How many numbers the ranges hold. */
export function sizeOf(ranges: readonly NumberRange[]): bigint {
  return ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n);
}

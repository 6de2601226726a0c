import type { CounterRun, CounterState, NumberRange, SequenceGap } from './sequence-gaps.js';

/** The state of a counter as JSON, and back: numbers of 64 bits are text in it. */
export function counterText(state: CounterState): string {
  return JSON.stringify(state, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value));
}

interface RangeText {
  readonly first: string;
  readonly last: string;
}

interface RunText {
  readonly lowest: string;
  readonly highest: string;
  readonly highestIndex: number;
  readonly open: readonly (RangeText & {
    readonly missing: readonly RangeText[];
    readonly evidence: readonly [number, number];
  })[];
}

interface StateText extends RunText {
  readonly previous: { readonly run: RunText; readonly left: number; readonly streak: number } | null;
  readonly counted: number;
  readonly skips: number;
}

/** Precondition: the text was made by {@link counterText}. */
export function counterFrom(text: string): CounterState {
  const state = JSON.parse(text) as StateText; // written by the function above alone
  const { previous } = state;
  return {
    ...runFrom(state),
    previous: previous === null ? null : { ...previous, run: runFrom(previous.run) },
    counted: state.counted,
    skips: state.skips,
  };
}

function runFrom({ lowest, highest, highestIndex, open }: RunText): CounterRun {
  return {
    lowest: BigInt(lowest),
    highest: BigInt(highest),
    highestIndex,
    open: open.map((gap): SequenceGap => ({
      ...rangeFrom(gap),
      missing: gap.missing.map(rangeFrom),
      evidence: gap.evidence,
    })),
  };
}

function rangeFrom({ first, last }: RangeText): NumberRange {
  return { first: BigInt(first), last: BigInt(last) };
}

/** One measured figure, as `npm run bench -- --json FILE` writes it. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What it is held against, in the same unit; null where nothing of the kind exists. */
  readonly baseline: number | null;
  /** value / baseline; null without baseline. */
  readonly ratio: number | null;
  /** What was measured, on what, and which settings were read back. */
  readonly conditions: string;
}

export interface Bench {
  /** Names of the figures it gives. */
  readonly names: readonly string[];
  readonly run: (context: BenchContext) => Promise<readonly Figure[]>;
}

export interface BenchContext {
  /** Owner's URL of a fresh, migrated database on a durable server. */
  readonly ownerUrl: string;
  readonly serviceUrl: string;
  /** Another such database beside it; dropped with it. */
  readonly another: () => Promise<Pick<BenchContext, 'ownerUrl' | 'serviceUrl'>>;
  /** Share of the full size to run at, 0 to 1. */
  readonly scale: number;
  /** The one figure that is wanted; undefined for all. A bench may give others too. */
  readonly only: string | undefined;
  readonly say: (line: string) => void;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Figure from interleaved runs: medians of both, and of the ratio of each pair. */
export function ratioFigure(
  name: string,
  unit: string,
  runs: readonly { readonly value: number; readonly baseline: number }[],
  conditions: string,
): Figure {
  return {
    name,
    value: median(runs.map((run) => run.value)),
    unit,
    baseline: median(runs.map((run) => run.baseline)),
    ratio: median(runs.map((run) => run.value / run.baseline)),
    conditions,
  };
}

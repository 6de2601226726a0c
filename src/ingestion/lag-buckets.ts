/** Buckets to a doubling of the lag: a quantile is off by less than a fifth. */
const perDoubling = 4;

/** The bucket of a lag in milliseconds; 0 holds what is below one, also what lies ahead of the service's clock. */
export function lagBucket(lagMs: number): number {
  return lagMs < 1 ? 0 : 1 + Math.floor(Math.log2(lagMs) * perDoubling);
}

export interface LagCount {
  readonly bucket: number;
  readonly records: number;
}

/**
 * The lag, in milliseconds, that a share `quantile` (0 to 1) of the records does not exceed, as the middle of its bucket;
 * null without records.
 */
export function lagQuantile(counts: readonly LagCount[], quantile: number): number | null {
  const total = counts.reduce((sum, { records }) => sum + records, 0);
  if (total === 0) return null;
  let seen = 0;
  for (const { bucket, records } of counts.toSorted((a, b) => a.bucket - b.bucket)) {
    seen += records;
    if (seen >= quantile * total) return bucket === 0 ? 0 : Math.round(2 ** ((bucket - 0.5) / perDoubling));
  }
  return null;
}

import type { NormalForm } from '../../ingestion/normal-form.js';
import { sequenceOf } from './sequence-gaps.js';

/** Records that the sender itself says were lost. */
export interface LossNotice {
  /** At least 1; null where the notice does not say. */
  readonly lost: bigint | null;
  /** When they were lost, as event times; null where the notice does not say. */
  readonly start: string | null;
  readonly end: string | null;
  /** Index of the entry that is the notice. */
  readonly evidence: readonly [number];
}

/** What adapters flag a notice with that says that records were lost, and not how many. */
const lostFlag = 'records_lost';

/**
 * The loss that a record gives notice of, as Hubble's `lost_events` and SKIPDATA of AWS do; null for any other record, and for
 * a notice of no loss. A loss that a sender has noticed never closes: what was lost does not come again under a number.
 */
export function lossNoticeOf(
  index: number,
  {
    kind,
    lostCount,
    interval,
    eventTime,
    flags,
  }: Pick<NormalForm, 'kind' | 'lostCount' | 'interval' | 'eventTime' | 'flags'>,
): LossNotice | null {
  if (kind !== 'signal') return null;
  const lost = sequenceOf(lostCount);
  if (lost === 0n || (lost === null && !flags.includes(lostFlag))) return null;
  return { lost, start: interval?.start ?? null, end: interval?.end ?? eventTime, evidence: [index] };
}

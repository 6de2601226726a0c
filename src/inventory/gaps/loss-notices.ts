import type { NormalForm } from '../../ingestion/normal-form.js';
import { sequenceOf } from './sequence-gaps.js';

/** Records that the sender itself says were lost. */
export interface LossNotice {
  /** At least 1. */
  readonly lost: bigint;
  /** When they were lost, as event times; null where the notice does not say. */
  readonly start: string | null;
  readonly end: string | null;
  /** Index of the entry that is the notice. */
  readonly evidence: readonly [number];
}

/**
 * The loss that a record gives notice of, as Hubble's `lost_events` do; null for any other record, and for a notice of no
 * loss. A loss that a sender has noticed never closes: what was lost does not come again under a number.
 */
export function lossNoticeOf(
  index: number,
  { kind, lostCount, interval, eventTime }: Pick<NormalForm, 'kind' | 'lostCount' | 'interval' | 'eventTime'>,
): LossNotice | null {
  const lost = kind === 'signal' ? sequenceOf(lostCount) : null;
  if (lost === null || lost === 0n) return null;
  return { lost, start: interval?.start ?? null, end: interval?.end ?? eventTime, evidence: [index] };
}

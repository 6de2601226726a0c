import { z } from 'zod';

/** What findings are about. Each kind is found by exactly one finder. */
export const findingKinds = [
  /** Records of a source are missing: numbers skipped, loss reported. */
  'gap',
  /** A source sent nothing for longer than is normal for it. */
  'silence',
  /** Two different records came under one native id. */
  'conflicting_record',
  /** The policy an enforcement point has is not the one that was intended. */
  'drift',
  /** A flow was allowed that no policy allows, or denied flows press on a segment. */
  'violation',
  /** Enforcement was switched to audit or log only. */
  'enforcement_off',
  /** A policy or rule without effect, without owner, too broad, or past its review. */
  'hygiene',
] as const;
export const FindingKind = z.enum(findingKinds);
export type FindingKind = z.infer<typeof FindingKind>;

export const severities = ['critical', 'high', 'medium', 'low', 'info'] as const;
export const Severity = z.enum(severities);
export type Severity = z.infer<typeof Severity>;

/** Particulars that a kind of finding carries, each named by its kind's finder: paths, counts, indices of entries. */
export const FindingFacts = z.record(z.string(), z.json());
export type FindingFacts = z.infer<typeof FindingFacts>;

/**
 * Something that needs a person, as its finder sees it now. `cause` tells it from all others of its kind and stays the
 * same as long as it is the same thing; `occurredAt` (RFC 3339) is when the cause began.
 */
export const Cause = z.object({
  kind: FindingKind,
  cause: z.string().min(1).max(1000),
  /** Name of the segment it concerns, null where it is of the whole estate. */
  segment: z.string().nullable(),
  severity: Severity,
  title: z.string().min(1),
  detail: z.string(),
  facts: FindingFacts,
  occurredAt: z.iso.datetime({ offset: true }),
});
export type Cause = z.infer<typeof Cause>;

export const FindingView = Cause.extend({
  id: z.uuid(),
  openedAt: z.string(),
  /** Entry of the log that says so. */
  openedIndex: z.number().int(),
  closedAt: z.string().nullable(),
  closedIndex: z.number().int().nullable(),
  /** From the beginning of the cause to its finding. */
  secondsToDetect: z.number(),
  /** From its finding to the end of the cause; null while it is open. */
  secondsToRemediate: z.number().nullable(),
});
export type FindingView = z.infer<typeof FindingView>;

import { z } from 'zod';
import { Citation, ControlResult, RequirementResult } from '../controls/model.js';

/**
 * The one read model of an evidence report. Screen, JSON, PDF and package are all drawn from it,
 * so they cannot disagree. It is built once, stored with the report, and never recomputed.
 */

/** A cited record with what is needed to find and prove it. Digests and hashes are lower-case hex. */
export const CitedRecord = z.object({
  index: z.number().int().nonnegative(),
  id: z.string(),
  kind: z.string(),
  source: z.string(),
  eventTime: z.string(),
  receivedAt: z.string(),
  leafHash: z.string(),
  payloadHash: z.string(),
  summary: z.string(),
});
export type CitedRecord = z.infer<typeof CitedRecord>;

export const ReportedControl = ControlResult.extend({
  title: z.string(),
  question: z.string(),
  method: z.string(),
});
export type ReportedControl = z.infer<typeof ReportedControl>;

export const ReportedChange = z.object({
  id: z.string(),
  title: z.string(),
  state: z.string(),
  requester: z.string(),
  approver: z.string().nullable(),
  proposedAt: z.string(),
  approvedAt: z.string().nullable(),
  windowFrom: z.string(),
  windowTo: z.string(),
  /** Entries that record its proposal and its review. */
  recorded: z.array(Citation),
  /** Audit records that carried it out. */
  carriedOut: z.array(Citation),
});

export type ReportedChange = z.infer<typeof ReportedChange>;

/** A policy change for which no approved change was found; listed first, never hidden. */
export const UnauthorisedChange = z.object({
  index: z.number().int().nonnegative(),
  eventTime: z.string(),
  author: z.string(),
  action: z.string(),
  policy: z.string(),
  explanation: z.string(),
});

export type UnauthorisedChange = z.infer<typeof UnauthorisedChange>;

export const ReportModel = z.object({
  reportId: z.string(),
  title: z.string(),
  /** When the report was asked for; printed, and the only time of making in the files. */
  requestedAt: z.string(),
  requestedBy: z.string(),
  period: z.object({ from: z.string(), to: z.string() }),
  scope: z.object({
    estate: z.boolean(),
    segments: z.array(
      z.object({
        name: z.string(),
        owner: z.string(),
        criticality: z.string(),
        phase: z.string(),
        workloads: z.number().int(),
      }),
    ),
  }),
  framework: z.object({ id: z.string(), title: z.string(), version: z.string(), publisher: z.string() }),
  mappingVersion: z.string(),
  log: z.object({
    origin: z.string(),
    size: z.number().int().nonnegative(),
    rootHash: z.string(),
    /** Signed checkpoint, C2SP tlog-checkpoint in a signed-note. */
    checkpoint: z.string(),
    /** C2SP verifier key, `name+hash+base64`. */
    verifierKey: z.string(),
    verified: z.boolean(),
    verifiedAt: z.string(),
    problems: z.array(z.string()),
  }),
  totals: z.object({
    requirements: z.number().int(),
    satisfied: z.number().int(),
    notSatisfied: z.number().int(),
    notApplicable: z.number().int(),
    notAssessed: z.number().int(),
    controls: z.number().int(),
    recordsInPeriod: z.number().int(),
    recordsByKind: z.record(z.string(), z.number().int()),
    recordsIncluded: z.number().int(),
    flowsInScope: z.number().int(),
    rejectedInPeriod: z.number().int(),
  }),
  requirements: z.array(RequirementResult),
  controls: z.array(ReportedControl),
  unauthorisedChanges: z.array(UnauthorisedChange),
  changes: z.array(ReportedChange),
  sources: z.array(
    z.object({
      name: z.string(),
      received: z.number().int(),
      rejected: z.number().int(),
      lastEventTime: z.string().nullable(),
      longestGapSeconds: z.number().nullable(),
      silent: z.boolean(),
    }),
  ),
  /** Every record cited anywhere above, in index order; the package carries its bytes and proof. */
  records: z.array(CitedRecord),
});
export type ReportModel = z.infer<typeof ReportModel>;

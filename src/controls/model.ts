import { z } from 'zod';

/**
 * Words and shapes of the controls feature, shared by checks, assessments and reports.
 * Pure data: no database, no clock.
 */

/** The four result words; nothing else is ever shown for a control or requirement. */
export const resultWords = ['satisfied', 'not_satisfied', 'not_applicable', 'not_assessed'] as const;
export const ResultWord = z.enum(resultWords);
export type ResultWord = z.infer<typeof ResultWord>;

/** A line of a framework: an Annex A control, a tenet, a duty. Ids in OSCAL style (`a.8.22`, `zt-6`). */
export const Requirement = z.object({
  id: z.string(),
  /** As the framework writes it: `A.8.22`, `ZT-6`. */
  displayId: z.string(),
  title: z.string(),
  group: z.string(),
});
export type Requirement = z.infer<typeof Requirement>;

export const Framework = z.object({
  /** `nist-sp-800-207`, `iso-27001-2022`. */
  id: z.string(),
  title: z.string(),
  version: z.string(),
  publisher: z.string(),
  requirements: z.array(Requirement),
});
export type Framework = z.infer<typeof Framework>;

/** OSCAL 1.2 mapping relationships, read as: the control's evidence is ... the requirement. */
export const Relationship = z.enum([
  'equal-to',
  'equivalent-to',
  'subset-of',
  'superset-of',
  'intersects-with',
  'no-relationship',
]);
export type Relationship = z.infer<typeof Relationship>;

/**
 * A row from one of our controls to a requirement. A result travels to the requirement only when
 * strength is `direct` and the relationship says the control covers the requirement for the scope
 * of segmentation (`equal-to`, `equivalent-to`, `superset-of`); over `intersects-with` and `subset-of` the
 * requirement "has evidence" but stays not assessed.
 */
export const Mapping = z.object({
  controlId: z.string(),
  frameworkId: z.string(),
  requirementId: z.string(),
  relationship: Relationship,
  strength: z.enum(['direct', 'supporting']),
  rationale: z.string(),
  /** Who says so: a published document, or `own` with the document it is derived from. */
  source: z.string(),
  version: z.string(),
});
export type Mapping = z.infer<typeof Mapping>;

/** A mapping as the table of one framework writes it. */
export type MappingRow = Omit<Mapping, 'frameworkId' | 'version'>;

/** A pointer from a result to a record in the log; resolved to digest and proof by the evidence feature. */
export const Citation = z.object({
  index: z.number().int().nonnegative(),
  eventTime: z.string(),
  summary: z.string(),
});
export type Citation = z.infer<typeof Citation>;

/** One thing a check found wrong (or worth naming), with the records that show it. */
export const Observation = z.object({
  severity: z.enum(['critical', 'high', 'medium', 'low', 'info']),
  /** What it is about: a segment, policy, source or change. */
  subject: z.string(),
  statement: z.string(),
  citations: z.array(Citation),
});
export type Observation = z.infer<typeof Observation>;

export const ControlResult = z.object({
  controlId: z.string(),
  result: ResultWord,
  /** One or two sentences with the counts that led to the result. */
  reason: z.string(),
  /** Things examined, and how many passed; equal sums are checked by the report. */
  examined: z.number().int().nonnegative(),
  passed: z.number().int().nonnegative(),
  observations: z.array(Observation),
  /** Records that support the result; at most `citationLimit` are listed. */
  citations: z.array(Citation),
  /** How many records support it in all. */
  citedTotal: z.number().int().nonnegative(),
});
export type ControlResult = z.infer<typeof ControlResult>;

export const citationLimit = 50;

/** A requirement with its result and every mapped control behind it, none left out. */
export const RequirementResult = Requirement.extend({
  result: ResultWord,
  reason: z.string(),
  controls: z.array(
    Mapping.pick({ controlId: true, relationship: true, strength: true, rationale: true, source: true }).extend({
      result: ResultWord,
    }),
  ),
});
export type RequirementResult = z.infer<typeof RequirementResult>;

// ---- what the checks look at -------------------------------------------------------------------

export interface SegmentView {
  readonly name: string;
  readonly owner: string;
  readonly criticality: 'low' | 'medium' | 'high' | 'critical';
  readonly phase: 'discovery' | 'modelling' | 'testing' | 'monitoring' | 'enforcing';
  /** When the segment entered its phase; left out where unknown, and then the phase is taken to hold for the whole period. */
  readonly phaseSince?: string;
  readonly namespace: string;
  readonly matchLabels: Readonly<Record<string, string>>;
  /** Workloads observed in the segment, with the labels last seen. */
  readonly workloads: readonly WorkloadView[];
}

export interface WorkloadView {
  readonly key: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A version of a policy object as an audit record showed it. */
export interface PolicyVersionView {
  readonly index: number;
  /** The source whose record showed it, as in `SourceView.name`: its silence makes policy evidence stale. */
  readonly source: string;
  readonly system: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly action: 'create' | 'update' | 'delete';
  readonly author: string;
  readonly eventTime: string;
  /** Canonical digest (hex) of the object; null for a delete or where the audit level left the object out. */
  readonly digest: string | null;
  /** The object; null for a delete or where the audit level left it out. */
  readonly object: unknown;
}

export interface ChangeView {
  readonly id: string;
  readonly title: string;
  readonly state: 'proposed' | 'approved' | 'rejected';
  readonly requester: string;
  readonly approver: string | null;
  readonly proposedAt: string;
  readonly approvedAt: string | null;
  readonly windowFrom: string;
  readonly windowTo: string;
  /** Entries of the log: the proposal and the review. */
  readonly proposedIndex: number;
  readonly reviewedIndex: number | null;
  /** What may change: policy object, action and (except for deletes) canonical digest of the approved object. */
  readonly items: readonly {
    readonly system: string;
    readonly kind: string;
    readonly namespace: string | null;
    readonly name: string;
    readonly action: 'create' | 'update' | 'delete';
    readonly digest: string | null;
  }[];
}

/** Flow records of one day summed up by source, destination, protocol, port, direction and verdict; `flows` counts the records. */
export interface EdgeView {
  readonly day: string;
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number | null;
  readonly direction: 'ingress' | 'egress' | 'unknown';
  readonly verdict: 'allow' | 'deny' | 'would_deny' | 'error' | 'none' | 'unknown';
  readonly flows: number;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly firstTime: string;
  readonly lastTime: string;
}

export interface SourceView {
  readonly name: string;
  readonly createdAt: string;
  /** Longest silence (seconds) that is still normal for this source; null: not watched. */
  readonly silenceAfterSeconds: number | null;
  /** Records of the period that were read. */
  readonly received: number;
  /** Records of the period that were kept, but could not be read. */
  readonly rejected: number;
  /** When a record last came before the end of the period, by the clock of the service: silence is judged by it. */
  readonly lastReceivedAt: string | null;
  readonly lastEventTime: string | null;
  readonly lastIndex: number | null;
  /** Longest time between the receipts of consecutive records within the period, in seconds, with its bounds. */
  readonly longestGap: { readonly seconds: number; readonly from: string; readonly to: string } | null;
}

export interface IntegrityView {
  readonly size: number;
  readonly rootHash: string;
  /** The whole log was verified for this assessment and found intact. */
  readonly verified: boolean;
  readonly verifiedAt: string;
  /** What verification found wrong; empty also where the log has not been verified. */
  readonly problems: readonly string[];
}

/** Everything a check may look at, taken from the log up to `integrity.size`. */
export interface EvidenceSnapshot {
  readonly period: { readonly from: string; readonly to: string };
  /** Assessment time: the end of the period or earlier when the period is still running. */
  readonly asOf: string;
  readonly segments: readonly SegmentView[];
  /** All workloads known, also outside the segments in scope (the other end of a flow). */
  readonly workloads: readonly WorkloadView[];
  /** All versions up to the end of the period (also from before its start), in log order. */
  readonly policyVersions: readonly PolicyVersionView[];
  readonly changes: readonly ChangeView[];
  /** Edges of the period that touch a segment in scope. */
  readonly edges: readonly EdgeView[];
  readonly sources: readonly SourceView[];
  readonly integrity: IntegrityView;
}

/** A control of ours: the question, and the pure function that answers it from records. */
export interface Check {
  readonly controlId: string;
  readonly title: string;
  readonly question: string;
  /** How it is judged, in a sentence an auditor can follow. */
  readonly method: string;
  readonly run: (snapshot: EvidenceSnapshot) => ControlResult;
}

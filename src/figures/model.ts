/**
 * The figures of success: what they are computed from, and what they are. Definitions are in docs/figures/README.md; each
 * figure stands beside the coverage that says how much of what it needs was known.
 */

import { z } from 'zod';
import type { Policy } from '../policies/model.js';

/** Part of every computed figure: another version may count otherwise. */
export const figuresVersion = 1;

/** Days of flows, findings and changes that figures look back over, the last day included. */
export const windowDays = 30;

export const criticalities = ['low', 'medium', 'high', 'critical'] as const;
export type Criticality = (typeof criticalities)[number];

/** What a workload counts in figures weighted by criticality; in no segment it counts as `low`. A convention of ours. */
export const criticalityWeights: Readonly<Record<Criticality, number>> = { low: 1, medium: 2, high: 4, critical: 8 };

/** A workload that lies in a namespace, so that policies may select it. `segment` is the first by name that claims it. */
export interface FigureWorkload {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  /** Null where no record showed any. */
  readonly labels: Readonly<Record<string, string>> | null;
  readonly segment: string | null;
}

export interface FigureSegment {
  readonly name: string;
  readonly criticality: Criticality;
  readonly namespace: string;
}

/** Flows of the window by their ends (workload keys, or `ip:` and an address), port and verdict; `port` is -1 where none was recorded. */
export interface FigureEdge {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly verdict: string;
  readonly flows: number;
  readonly lastTime: string;
  /** Entry of the last flow. */
  readonly lastIndex: number;
}

export interface FigureFinding {
  readonly id: string;
  readonly kind: string;
  readonly cause: string;
  readonly segment: string | null;
  readonly occurredAt: string;
  readonly openedAt: string;
  readonly closedAt: string | null;
}

/** A policy version of the window, held against the approved changes. */
export interface FigureVersion {
  readonly index: number;
  readonly namespace: string | null;
  readonly eventTime: string;
  readonly authorised: boolean;
  readonly contentKnown: boolean;
}

/** What the structure of the estate follows from: who may reach whom. */
export interface EstateInputs {
  readonly workloads: readonly FigureWorkload[];
  readonly segments: readonly FigureSegment[];
  readonly policies: readonly Policy[];
  /** Policy objects in force, and how many of them the model holds wholly. */
  readonly objectsInForce: number;
  readonly objectsModelled: number;
}

/** What happened in the window. */
export interface WindowInputs {
  /** RFC 3339: flows, findings and versions from `from` (inclusive) to `asOf` (exclusive). */
  readonly from: string;
  readonly asOf: string;
  readonly edges: readonly FigureEdge[];
  /** All that were opened before `asOf` and not closed before `from`. */
  readonly findings: readonly FigureFinding[];
  /** Causes (kind and cause) that had been closed before and came back are told by this: causes closed before `from`. */
  readonly closedBefore: readonly string[];
  readonly versions: readonly FigureVersion[];
  readonly records: {
    /** By receipt. Those that could not be read are among the received. */
    readonly received: number;
    readonly rejected: number;
    /** Records that counters skipped or sources reported as lost, found missing in the window and not come since. */
    readonly missing: number;
    readonly gaps: number;
  };
}

export const Coverage = z.object({
  /** What is counted: `policies in force that the model holds`. */
  of: z.string(),
  known: z.number(),
  whole: z.number(),
  /** `known / whole`; null where there is nothing to know. */
  share: z.number().nullable(),
});
export type Coverage = z.infer<typeof Coverage>;

const Spread = z.object({ mean: z.number(), p95: z.number(), max: z.number() });
export type Spread = z.infer<typeof Spread>;

export const PathCounts = z.object({
  /** (source, destination, protocol, port range) tuples that policy allows, between workloads, self left out. */
  paths: z.number().int(),
  /** Ordered pairs of workloads with at least one of them. */
  pairs: z.number().int(),
  /** Paths over which a flow of the window went. */
  used: z.number().int(),
});
export type PathCounts = z.infer<typeof PathCounts>;

export const FindingCounts = z.object({
  kind: z.string(),
  /** Opened in the window. */
  detected: z.number().int(),
  /** Closed in the window. */
  remediated: z.number().int(),
  /** Open at its end. */
  open: z.number().int(),
  /** Of the detected ones, those whose cause had been closed before. */
  reopened: z.number().int(),
  /** Mean seconds from the beginning of the cause to its finding, over the detected ones; null without any. */
  meanSecondsToDetect: z.number().nullable(),
  /** Mean seconds from finding to end of the cause, over the remediated ones; null without any. */
  meanSecondsToRemediate: z.number().nullable(),
  /** Age of the oldest open one at the end of the window. */
  oldestOpenSeconds: z.number().nullable(),
});
export type FindingCounts = z.infer<typeof FindingCounts>;

/** The figures of the estate or of one segment. */
export const ScopeFigures = z.object({
  workloads: z.number().int(),
  openPaths: PathCounts.extend({
    /** The tightening backlog: `paths - used`. */
    unused: z.number().int(),
    inside: PathCounts,
    into: PathCounts,
    outOf: PathCounts,
    coverage: Coverage,
    /** How much of the traffic could be laid on paths. */
    usageCoverage: Coverage,
  }),
  segmentedness: z.object({
    /** `1 - pairs / possiblePairs`; null without pairs. */
    value: z.number().nullable(),
    pairs: z.number().int(),
    possiblePairs: z.number().int(),
    coverage: Coverage,
  }),
  blastRadius: z.object({
    direct: Spread,
    transitive: Spread,
    /** Sum of the criticality weights of what is reached, in place of the count. */
    weightedDirect: Spread,
    weightedTransitive: Spread,
    coverage: Coverage,
  }),
  crownJewels: z.object({
    /** Workloads of critical segments in the whole estate. */
    critical: z.number().int(),
    /** Workloads of the scope, not critical themselves, from which a critical one can be reached in so many hops. */
    within1: z.number().int(),
    within2: z.number().int(),
    within3: z.number().int(),
    any: z.number().int(),
    /** Workloads of the scope that are not critical. */
    of: z.number().int(),
    coverage: Coverage,
  }),
  coverage: z.object({
    ingress: z.number().int(),
    egress: z.number().int(),
    both: z.number().int(),
    of: z.number().int(),
    flowsByRule: z.number().int(),
    flowsByDefault: z.number().int(),
    /** Flows whose ends, protocol or port leave no verdict. */
    flowsUnjudged: z.number().int(),
    coverage: Coverage,
  }),
  violations: FindingCounts.extend({ coverage: Coverage }),
  findings: z.array(FindingCounts),
  unauthorisedChanges: z.object({
    versions: z.number().int(),
    unauthorised: z.number().int(),
    rate: z.number().nullable(),
    coverage: Coverage,
  }),
  auditCompleteness: z.object({
    /** `(received - rejected) / (received + missing)`; of the whole estate, as sources speak for many segments. */
    value: z.number().nullable(),
    received: z.number().int(),
    rejected: z.number().int(),
    missing: z.number().int(),
    gaps: z.number().int(),
    silences: z.number().int(),
    coverage: Coverage,
  }),
});
export type ScopeFigures = z.infer<typeof ScopeFigures>;

/** Paths between two segments; `null` stands for what is in no segment. */
export const SegmentPair = z.object({
  from: z.string().nullable(),
  to: z.string().nullable(),
  pairs: z.number().int(),
  paths: z.number().int(),
  used: z.number().int(),
  /** Flows that were allowed, and that were denied or would have been. */
  allowedFlows: z.number().int(),
  deniedFlows: z.number().int(),
});
export type SegmentPair = z.infer<typeof SegmentPair>;

/** All figures at one instant. */
export interface FigureSet {
  readonly estate: ScopeFigures;
  /** By name of the segment, in its order. */
  readonly segments: Readonly<Record<string, ScopeFigures>>;
  /** What the segments' figures add up from; pairs without paths or flows are left out. */
  readonly matrix: readonly SegmentPair[];
}

export function coverageOf(of: string, known: number, whole: number): Coverage {
  return { of, known, whole, share: whole === 0 ? null : known / whole };
}

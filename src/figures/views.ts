/** Requests and answers of the figures' API. */

import { z } from 'zod';
import { SegmentName } from '../inventory/segments.js';
import { criticalities, ScopeFigures, SegmentPair } from './model.js';
import { noSegment, type PathFilter } from './paths-list.js';
import type { WorkloadFilter } from './workload-reach.js';

const Day = z.iso.date({ error: 'a UTC day such as 2026-11-22 is needed' });
const SegmentOrNone = z.union([SegmentName, z.literal(noSegment)]);
const Criticality = z.enum(criticalities);
const WorkloadKey = z.string().min(1).max(1000);

const paging = {
  offset: z.coerce.number().int().min(0).max(100_000_000).default(0),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
};

/** Addresses of the lists that the figures count. */
const Links = z.object({
  openPaths: z.string(),
  unusedPaths: z.string(),
  blastRadius: z.string(),
  crownJewels: z.string(),
  ungoverned: z.string(),
  findings: z.string(),
  history: z.string(),
});
export type Links = z.infer<typeof Links>;

export const FiguresView = z.object({
  version: z.number().int(),
  from: z.string(),
  asOf: z.string(),
  /** Of what the figures were computed from: `export` gives the same while these are the same. */
  estateDigest: z.string(),
  windowDigest: z.string(),
  estate: ScopeFigures.extend({ links: Links }),
  segments: z.array(ScopeFigures.extend({ name: z.string(), criticality: Criticality, links: Links })),
  matrix: z.array(SegmentPair),
});
export type FiguresView = z.infer<typeof FiguresView>;

export const HistoryQuery = z.object({
  from: Day.optional(),
  to: Day.optional(),
  /** Without it, the whole estate. */
  segment: SegmentName.optional(),
});
export type HistoryQuery = z.infer<typeof HistoryQuery>;

export const HistoryView = z.object({
  from: z.string(),
  to: z.string(),
  segment: z.string().nullable(),
  days: z.array(
    z.object({
      day: z.string(),
      asOf: z.string(),
      estateDigest: z.string(),
      windowDigest: z.string(),
      computedAt: z.string(),
      figures: ScopeFigures,
    }),
  ),
});
export type HistoryView = z.infer<typeof HistoryView>;

export const PathQuery = z.object({
  from: SegmentOrNone.optional(),
  to: SegmentOrNone.optional(),
  segment: SegmentOrNone.optional(),
  source: WorkloadKey.optional(),
  destination: WorkloadKey.optional(),
  used: z.stringbool().optional(),
  ...paging,
});
export type PathQuery = z.infer<typeof PathQuery>;

export function pathFilterOf(query: Partial<PathQuery>): PathFilter {
  const { from = null, to = null, segment = null, source = null, destination = null, used = null } = query;
  return { from, to, segment, source, destination, used };
}

const PortRange = z.object({ protocol: z.string(), first: z.number().int(), last: z.number().int() });
const PathSide = z.object({ reason: z.string(), policies: z.array(z.string()) });

const OpenPath = z.object({
  source: z.string(),
  destination: z.string(),
  sourceSegment: z.string().nullable(),
  destinationSegment: z.string().nullable(),
  ports: PortRange,
  /** Flows of the window over it; null for an unused path. */
  used: z.object({ flows: z.number().int(), lastTime: z.string(), lastIndex: z.number().int() }).nullable(),
  egress: PathSide,
  ingress: PathSide,
});

export const PathPageView = z.object({ matching: z.number().int(), paths: z.array(OpenPath) });
export type PathPageView = z.infer<typeof PathPageView>;

export const WorkloadQuery = z.object({
  segment: SegmentName.optional(),
  exposedWithin: z.coerce.number().int().min(1).max(1_000_000).optional(),
  ungoverned: z.enum(['ingress', 'egress', 'any']).optional(),
  ...paging,
});
export type WorkloadQuery = z.infer<typeof WorkloadQuery>;

export function workloadFilterOf(query: Partial<WorkloadQuery>): WorkloadFilter {
  const { segment = null, exposedWithin = null, ungoverned = null } = query;
  return { segment, exposedWithin, ungoverned };
}

export const WorkloadPageView = z.object({
  matching: z.number().int(),
  workloads: z.array(
    z.object({
      workload: z.string(),
      segment: z.string().nullable(),
      criticality: Criticality.nullable(),
      labelled: z.boolean(),
      ingress: z.boolean(),
      egress: z.boolean(),
      direct: z.number().int(),
      transitive: z.number().int(),
      weightedDirect: z.number().int(),
      weightedTransitive: z.number().int(),
      hopsToCritical: z.number().int(),
    }),
  ),
});
export type WorkloadPageView = z.infer<typeof WorkloadPageView>;

export const NewIncident = z.object({
  /** The workload that is taken, by its key: `k8s:payments/api`. */
  workload: WorkloadKey,
  draft: z
    .object({
      /** Policy objects as JSON, laid over those in force. */
      objects: z.array(z.record(z.string(), z.json())).max(1000).default([]),
      delete: z
        .array(
          z.object({
            kind: z.string().min(1),
            namespace: z.string().nullable().default(null),
            name: z.string().min(1),
          }),
        )
        .max(1000)
        .default([]),
    })
    .optional(),
});
export type NewIncident = z.infer<typeof NewIncident>;

const Step = z.object({
  hop: z.number().int(),
  via: z.string(),
  ways: z.number().int(),
  ports: z.array(PortRange),
  egress: PathSide,
  ingress: PathSide,
});

const ReachSummary = z.object({
  reached: z.number().int(),
  direct: z.number().int(),
  hops: z.number().int(),
  weight: z.number().int(),
  critical: z.number().int(),
  hopsToCritical: z.number().int().nullable(),
  perHop: z.array(z.number().int()),
});

export const IncidentView = z.object({
  workload: z.string(),
  segment: z.string().nullable(),
  workloads: z.number().int(),
  before: ReachSummary,
  after: ReachSummary.nullable(),
  reached: z.array(
    z.object({
      workload: z.string(),
      segment: z.string().nullable(),
      criticality: Criticality.nullable(),
      weight: z.number().int(),
      before: Step.nullable(),
      after: Step.nullable(),
    }),
  ),
});
export type IncidentView = z.infer<typeof IncidentView>;

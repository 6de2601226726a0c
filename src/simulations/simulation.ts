/** What a simulation is asked with, and what it answers: one schema for request, stored result and answer each. */

import { z } from 'zod';
import { ChangeItem, NewChangeItem } from '../changes/changes.js';
import { edgeClasses, uncertainReasons } from '../policies/replay/replay.js';

const Day = z.iso.date({ error: 'a day such as 2026-11-01 is needed' });
const mostDays = 400;

export const LabelsAsOf = z.enum(['flow_time', 'now']);
export const SimulationState = z.enum(['waiting', 'running', 'finished', 'failed', 'cancelled']);
export type SimulationState = z.infer<typeof SimulationState>;
export const EdgeClass = z.enum(edgeClasses);
export const UncertainReason = z.enum(uncertainReasons);

export const NewSimulation = z
  .object({
    title: z.string().trim().min(1).max(200).optional(),
    /** The draft: policy objects as in a change. */
    items: z.array(NewChangeItem).min(1).max(100).optional(),
    /** Or a change, whose items are the draft. */
    changeId: z.uuid().optional(),
    /** First and last day (UTC) of the recorded edges; both belong to the period. */
    from: Day,
    to: Day,
    /** Labels of workloads as of the time of each edge, or as of now. */
    labels: LabelsAsOf.default('flow_time'),
    /** Whether the network plugin applies `ipBlock` to addresses of pods; null where that is not known. */
    ipBlockMatchesPods: z.boolean().nullable().default(null),
  })
  .refine(({ items, changeId }) => (items === undefined) !== (changeId === undefined), {
    path: ['items'],
    error: 'give either the items of a draft or the id of a change',
  })
  .refine(({ from, to }) => from <= to, { path: ['to'], error: 'the last day comes before the first' })
  .refine(({ from, to }) => Date.parse(to) - Date.parse(from) < mostDays * 86_400_000, {
    path: ['to'],
    error: `at most ${mostDays} days are simulated at once`,
  });
export type NewSimulation = z.infer<typeof NewSimulation>;

const Count = z.object({ edges: z.number().int(), flows: z.number().int() });
const Spread = z.object({ mean: z.number(), p95: z.number(), max: z.number() });
const Reach = z.object({ direct: Spread, transitive: Spread });
const Classes = z.record(EdgeClass, Count);
const Pairs = z.object({
  pairs: z.number().int(),
  most: z.array(Count.extend({ source: z.string(), destination: z.string() })),
});

export const SimulationDigests = z.object({
  /** Of the imported policies before and after. */
  inForce: z.string(),
  draft: z.string(),
  /** Of workloads with their labels, and of the segments. */
  workloads: z.string(),
  edges: z.string(),
  /** Of every edge with what became of it and why. */
  outcomes: z.string(),
});

export const SimulationResult = z.object({
  version: z.number().int(),
  total: Count,
  classes: Classes,
  reasons: z.record(UncertainReason, Count),
  /** Policies in force or in the draft that could not be read, are not modelled in part, or whose content no record shows. */
  policies: z.object({
    inForce: z.number().int(),
    draft: z.number().int(),
    problems: z.array(z.object({ object: z.string(), path: z.string(), message: z.string() })),
    contentUnknown: z.array(z.string()),
  }),
  newlyBlocked: Pairs,
  newlyAllowed: Pairs,
  segments: z.array(
    z.object({
      name: z.string(),
      workloads: z.number().int(),
      /** Days of the period, as far as it has passed, and those of them with recorded edges. */
      daysExpected: z.number().int(),
      daysWithEdges: z.number().int(),
      classes: Classes,
      /** Null where the estate is too large for a map. */
      reach: z.object({ touched: z.boolean(), before: Reach, after: Reach }).nullable(),
    }),
  ),
  coverage: z.object({
    from: z.string(),
    /** Exclusive: the end of the period, or when the simulation was asked for. */
    to: z.string(),
    daysExpected: z.number().int(),
    daysWithEdges: z.number().int(),
    expectedMinutes: z.number().int(),
    coveredMinutes: z.number().int(),
    sources: z.array(
      z.object({
        source: z.string(),
        silenceAfterSeconds: z.number(),
        limitAssumed: z.boolean(),
        expectedMinutes: z.number().int(),
        coveredMinutes: z.number().int(),
        minutesWithRecords: z.number().int(),
        gaps: z.array(z.object({ from: z.string(), to: z.string(), minutes: z.number().int() })),
      }),
    ),
  }),
  paths: z
    .object({
      opened: z.number().int(),
      closed: z.number().int(),
      changed: z.number().int(),
      before: Reach,
      after: Reach,
    })
    .nullable(),
  digests: SimulationDigests,
});
export type SimulationResult = z.infer<typeof SimulationResult>;

export const SimulationView = z.object({
  id: z.string(),
  title: z.string(),
  changeId: z.string().nullable(),
  items: z.array(ChangeItem),
  itemsDigest: z.string(),
  from: z.string(),
  to: z.string(),
  labels: LabelsAsOf,
  ipBlockMatchesPods: z.boolean().nullable(),
  requestedBy: z.string(),
  requestedAt: z.string(),
  requestedIndex: z.number().int(),
  state: SimulationState,
  /** Edges judged so far, and all there are; null until they are counted. */
  edgesDone: z.number().int(),
  edgesTotal: z.number().int().nullable(),
  failure: z.string().nullable(),
  finishedAt: z.string().nullable(),
  finishedIndex: z.number().int().nullable(),
  /** SHA-256 (hex) of the result as canonical JSON (RFC 8785). */
  resultDigest: z.string().nullable(),
  result: SimulationResult.nullable(),
});
export type SimulationView = z.infer<typeof SimulationView>;

/** In lists, without the result: its figures only. */
export const SimulationSummary = SimulationView.omit({ result: true, items: true }).extend({
  policies: z.array(z.string()),
  classes: Classes.nullable(),
});
export type SimulationSummary = z.infer<typeof SimulationSummary>;

export const EdgeQuery = z.object({
  class: EdgeClass,
  /** Of uncertain edges. */
  reason: UncertainReason.optional(),
  /** Key of a workload at either end, or `outside` for addresses that are no workload's. */
  workload: z.string().max(300).optional(),
  /** Key of the other end. */
  peer: z.string().max(300).optional(),
  segment: z.string().max(63).optional(),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(100).optional(),
});
export type EdgeQuery = z.infer<typeof EdgeQuery>;

const Side = z.object({
  side: z.enum(['ingress', 'egress']),
  verdict: z.enum(['allow', 'deny']),
  reason: z.string(),
  policies: z.array(z.string()),
  text: z.string(),
});
const ExplainedVerdict = z.object({ verdict: z.enum(['allow', 'deny']), egress: Side, ingress: Side });

export const EdgePage = z.object({
  edges: z.array(
    z.object({
      day: z.string(),
      source: z.string(),
      destination: z.string(),
      protocol: z.string(),
      port: z.number().int().nullable(),
      direction: z.string(),
      /** What the records say became of the flows. */
      recordedVerdict: z.string(),
      flows: z.number().int(),
      firstIndex: z.number().int(),
      lastIndex: z.number().int(),
      firstTime: z.string(),
      lastTime: z.string(),
      class: EdgeClass,
      reason: UncertainReason.nullable(),
      /** What decides before and after; null where an end or the port cannot be placed. */
      before: ExplainedVerdict.nullable(),
      after: ExplainedVerdict.nullable(),
      /** Finds the records in `/api/v1/records`. */
      recordQuery: z.record(z.string(), z.string()),
    }),
  ),
  next: z.string().nullable(),
});
export type EdgePage = z.infer<typeof EdgePage>;

export const PathQuery = z.object({
  change: z.enum(['opened', 'closed', 'changed']),
  limit: z.coerce.number().int().min(1).max(500).default(50),
  cursor: z.string().max(100).optional(),
});
export type PathQuery = z.infer<typeof PathQuery>;

const PathEnd = z.union([z.object({ pod: z.string() }), z.object({ first: z.string(), last: z.string() })]);
const Ports = z.array(z.object({ protocol: z.string(), first: z.number().int(), last: z.number().int() }));

export const StoredPath = z.object({
  source: PathEnd,
  destination: PathEnd,
  before: Ports,
  after: Ports,
  gained: Ports,
  lost: Ports,
});
export type StoredPath = z.infer<typeof StoredPath>;
export const PathPage = z.object({ paths: z.array(StoredPath), next: z.string().nullable() });
export type PathPage = z.infer<typeof PathPage>;

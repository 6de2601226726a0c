import { z } from 'zod';

/** What findings of each kind carry, as far as pages show it; what a kind does not have is empty. */

const Path = z.object({ source: z.string(), destination: z.string(), ports: z.string() });
const Paths = z.object({ pairs: z.number(), betweenWorkloads: z.number(), listed: z.array(Path) });
const Spread = z.object({ mean: z.number(), p95: z.number(), max: z.number() });

const DriftPolicy = z.object({
  system: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
  since: z.string(),
  intended: z.string(),
  observed: z.string(),
  entry: z.number().nullable(),
});
export type DriftPolicy = z.infer<typeof DriftPolicy>;

const DriftFacts = z.object({
  cause: z.enum(['edit', 'not_carried_out']),
  change: z.object({ id: z.string(), number: z.string() }).nullable(),
  enforcementPoints: z.array(z.string()),
  policies: z.array(DriftPolicy),
  policiesInAll: z.number(),
  gained: Paths.nullable(),
  lost: Paths.nullable(),
  blastRadius: z.object({ before: Spread, after: Spread }).nullable(),
  workloads: z.array(z.object({ workload: z.string(), before: z.number(), after: z.number() })),
  workloadsTouched: z.number().nullable(),
  effectUnknown: z.string().nullable(),
});
export type DriftFacts = z.infer<typeof DriftFacts>;

const Edge = z.object({
  source: z.string(),
  destination: z.string(),
  protocol: z.string(),
  port: z.number().nullable(),
  flows: z.number(),
  firstIndex: z.number(),
  lastIndex: z.number(),
  lastTime: z.string(),
});
export type FindingEdge = z.infer<typeof Edge>;

const EdgeFacts = z.object({
  edges: z.array(Edge),
  flows: z.number(),
  flowsAtLeast: z.boolean().optional(),
  firstTime: z.string(),
  lastTime: z.string(),
  deniedBy: z.array(z.string()).default([]),
});
export type EdgeFacts = z.infer<typeof EdgeFacts>;

const IsolationFacts = z.object({
  workloads: z.number(),
  ingressOpen: z.array(z.string()),
  ingressOpenInAll: z.number(),
  egressOpen: z.array(z.string()),
  egressOpenInAll: z.number(),
  openedBy: z.array(z.string()),
  staged: z.array(z.string()),
});
export type IsolationFacts = z.infer<typeof IsolationFacts>;

const PolicyName = z.object({
  system: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
});

const HygieneFacts = z.object({
  check: z.string(),
  explanation: z.string(),
  toDo: z.string(),
  policies: z.array(PolicyName),
  places: z.array(z.object({ place: z.string(), message: z.string(), others: z.array(z.string()) })),
  placesInAll: z.number(),
});
export type HygieneFacts = z.infer<typeof HygieneFacts>;

export interface ReadFacts {
  readonly drift: DriftFacts | null;
  readonly edges: EdgeFacts | null;
  readonly isolation: IsolationFacts | null;
  readonly hygiene: HygieneFacts | null;
  readonly entries: readonly number[];
  /** The source that a silence or gap is of. */
  readonly source: string | null;
}

const Source = z.object({ source: z.string() });
const Entries = z.object({ entries: z.array(z.number().int()) });

/** The facts of a finding, by what they look like: a finding of an earlier version may lack some. */
export function readFacts(facts: unknown): ReadFacts {
  return {
    drift: DriftFacts.safeParse(facts).data ?? null,
    edges: EdgeFacts.safeParse(facts).data ?? null,
    isolation: IsolationFacts.safeParse(facts).data ?? null,
    hygiene: HygieneFacts.safeParse(facts).data ?? null,
    entries: Entries.safeParse(facts).data?.entries ?? [],
    source: Source.safeParse(facts).data?.source ?? null,
  };
}

import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Clock } from '../context.js';
import { Problem } from '../errors.js';
import { belongsTo, Segments, type SegmentView } from '../inventory/segments.js';
import { PolicyEstates, type Estate } from './estate.js';
import { importPolicies } from './import.js';
import { readIntent } from './intent/read.js';
import { renderIntent, yamlDocuments } from './intent/render.js';
import { isDnsLabel } from './kubernetes/syntax.js';
import type { Policy } from './model.js';
import {
  ExclusionReason,
  exclusionReasons,
  flowsOf,
  Thresholds,
  type ObservedEdge,
} from './recommendation/observed.js';
import { recommend, type Recommendation } from './recommendation/recommend.js';
import { edgeClasses, Replay } from './replay/replay.js';
import { ReplayTally } from './replay/tally.js';
import { daysIn, lastDays, SegmentTraffic, type DayRange } from './segment-traffic.js';
import { policiesOnlyOf } from './segment-policies.js';

const Day = z.iso.date({ error: 'a day such as 2026-11-22 is needed' });
const mostDays = 366;
const usualDays = 30;

export const RecommendationRequest = z
  .object({
    /** First and last day (UTC) of the flows to learn from; without them, the last 30 days. */
    from: Day.optional(),
    to: Day.optional(),
    thresholds: Thresholds.prefault({}),
  })
  .refine(({ from, to }) => (from === undefined) === (to === undefined), {
    path: ['to'],
    error: 'give both days, or neither',
  })
  .refine(({ from, to }) => from === undefined || to === undefined || from <= to, {
    path: ['to'],
    error: 'the last day must not lie before the first',
  })
  .refine(({ from, to }) => from === undefined || to === undefined || daysIn({ from, to }) <= mostDays, {
    path: ['from'],
    error: `at most ${mostDays} days are looked at`,
  });
export type RecommendationRequest = z.infer<typeof RecommendationRequest>;

const Count = z.object({ edges: z.number().int(), flows: z.number().int() });

const EdgeView = z.object({
  source: z.string(),
  destination: z.string(),
  protocol: z.string(),
  /** -1 where none was recorded. */
  port: z.number().int(),
  passed: z.number().int(),
  denied: z.number().int(),
  failed: z.number().int(),
  days: z.number().int(),
  firstSeen: z.string(),
  lastSeen: z.string(),
  /** Entries of the log that show it. */
  entries: z.array(z.number().int()),
});

export const RecommendationView = z.object({
  segment: z.string(),
  from: z.string(),
  to: z.string(),
  thresholds: Thresholds,
  /** Days of the range on which flows were recorded, and all of its days. */
  coveredDays: z.number().int(),
  days: z.number().int(),
  observed: Count,
  kept: Count,
  rules: z.array(
    z.object({
      name: z.string(),
      from: z.array(z.string()),
      to: z.array(z.string()),
      ports: z.array(z.string()),
      reason: z.string(),
      owner: z.string(),
      review: z.string(),
      expires: z.string().nullable(),
      /** Connections (two ends and a port) that were seen, and that the rule allows between the workloads known. */
      observed: z.number().int(),
      allowed: z.number().int(),
      flows: z.number().int(),
      firstSeen: z.string(),
      lastSeen: z.string(),
      /** The busiest of the edges behind the rule. */
      basis: z.array(EdgeView),
      taken: z.array(z.string()),
    }),
  ),
  tiers: z.array(z.object({ name: z.string(), selects: z.json(), workloads: z.number().int() })),
  excluded: z.object({
    total: Count,
    reasons: z.partialRecord(ExclusionReason, Count),
    /** The busiest of them. */
    edges: z.array(EdgeView.extend({ reason: ExclusionReason, text: z.string(), allowedBy: z.string().nullable() })),
  }),
  /** The Intent object. */
  intent: z.json(),
  /** Its Kubernetes NetworkPolicies, as the documents of one YAML file. */
  manifests: z.string(),
  /** What the recommendation does to the same edges in the place of the policies in force named in `replaces`. */
  replay: z.object({
    classes: z.record(z.enum(edgeClasses), Count),
    /** Kept edges that would be blocked; always 0 unless policies of others stand in the way. */
    keptBlocked: z.number().int(),
    /** Edges left out that would be blocked. */
    excludedBlocked: z.number().int(),
  }),
  replaces: z.array(
    z.object({ system: z.string(), kind: z.string(), namespace: z.string().nullable(), name: z.string() }),
  ),
});
export type RecommendationView = z.infer<typeof RecommendationView>;

const mostBasis = 50;
const mostExcluded = 1000;

/** Proposes what a segment needs from what it was seen to do. Nothing is stored: the same flows give the same answer. */
@Injectable()
export class Recommendations {
  constructor(
    @Inject(Segments) private readonly segments: Segments,
    @Inject(SegmentTraffic) private readonly traffic: SegmentTraffic,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @throws Problem `not_found`, `invalid_input` when the segment lies in no Kubernetes namespace */
  async of(name: string, request: RecommendationRequest): Promise<RecommendationView> {
    const segment = await this.segments.one(name);
    if (!isDnsLabel(segment.namespace))
      throw new Problem(
        'invalid_input',
        `Segment ${name} lies in ${segment.namespace}; NetworkPolicies can be recommended for a Kubernetes namespace only.`,
      );
    const { from = null, to = null, thresholds } = request;
    const range = from === null || to === null ? lastDays(this.clock.now(), usualDays) : { from, to };
    const [workloads, estate, covered] = await Promise.all([
      this.traffic.workloads(),
      this.estates.at(null),
      this.traffic.coveredDays(range),
    ]);
    const members = workloads.filter(({ namespace, labels }) =>
      belongsTo(segment, { namespace, labels: labels ?? {} }),
    );
    const keys = members.map(({ key }) => key);
    const edges = await this.traffic.edges(keys, range);
    const behind = new Date(Date.parse(range.to) + 86_400_000).toISOString();
    const recommendation = recommend(
      { segment, edges, workloads, from: `${range.from}T00:00:00.000Z`, to: behind },
      thresholds,
    );
    return viewOf(segment, range, thresholds, covered.length, recommendation, estate, new Set(keys));
  }
}

function viewOf(
  segment: SegmentView,
  range: DayRange,
  thresholds: Thresholds,
  coveredDays: number,
  recommendation: Recommendation,
  estate: Estate,
  members: ReadonlySet<string>,
): RecommendationView {
  const { kept, excluded, rules, tiers, intent } = recommendation;
  const objects = rendered(intent);
  const replaces = policiesOnlyOf(estate, members);
  const left = excluded.map(({ edge }) => edge);
  return {
    segment: segment.name,
    ...range,
    thresholds,
    coveredDays,
    days: daysIn(range),
    observed: countOf([...kept, ...left]),
    kept: countOf(kept),
    rules: rules.map(({ basis, taken, from, to, ports, ...rule }) => ({
      ...rule,
      from: [...from],
      to: [...to],
      ports: [...ports],
      observed: basis.length,
      flows: countOf(basis).flows,
      firstSeen: basis.map(({ firstSeen }) => firstSeen).reduce((a, b) => (a < b ? a : b)),
      lastSeen: basis.map(({ lastSeen }) => lastSeen).reduce((a, b) => (a > b ? a : b)),
      basis: basis
        .toSorted((a, b) => flowsOf(b) - flowsOf(a))
        .slice(0, mostBasis)
        .map(edgeView),
      taken: [...taken],
    })),
    tiers: tiers.map(({ name, spec, ends }) => ({ name, selects: z.json().parse(spec), workloads: ends.size })),
    excluded: {
      total: countOf(left),
      reasons: Object.fromEntries(
        exclusionReasons.flatMap((reason) => {
          const count = countOf(excluded.filter((one) => one.reason === reason).map(({ edge }) => edge));
          return count.edges === 0 ? [] : [[reason, count]];
        }),
      ),
      edges: excluded
        .toSorted((a, b) => flowsOf(b.edge) - flowsOf(a.edge))
        .slice(0, mostExcluded)
        .map(({ edge, reason, text, allowedBy }) => ({ ...edgeView(edge), reason, text, allowedBy })),
    },
    intent: z.json().parse(intent),
    manifests: yamlDocuments(objects),
    replay: replayed(estate, replaces, objects, recommendation),
    replaces: replaces.map(({ id: { system, kind, namespace, name } }) => ({ system, kind, namespace, name })),
  };
}

function rendered(intent: Recommendation['intent']): readonly object[] {
  const read = readIntent(intent);
  const result = read.ok ? renderIntent(read.value) : read;
  if (!result.ok || !('objects' in result))
    throw new TypeError(`expected a recommendation to be a valid intent, got ${JSON.stringify(result)}`);
  return result.objects;
}

function replayed(
  estate: Estate,
  replaces: readonly Policy[],
  objects: readonly object[],
  { kept, excluded }: Recommendation,
): RecommendationView['replay'] {
  const gone = new Set(replaces);
  // Policies of one name are one object: what is recommended takes the place of what is there.
  const { policies } = importPolicies(objects.map((object) => structuredClone(object)));
  const replay = new Replay({
    inForce: estate.policies,
    draft: [...estate.policies.filter((policy) => !gone.has(policy)), ...policies],
    workloads: estate.workloads,
    namespaces: estate.topology.namespaces,
  });
  const tally = new ReplayTally();
  const blocked = (edges: readonly ObservedEdge[]): number =>
    edges.filter((edge) => {
      const recorded = { ...edge, flows: flowsOf(edge) };
      const outcome = replay.judge(recorded);
      tally.add(recorded, outcome);
      return outcome.class === 'newly_blocked';
    }).length;
  const [keptBlocked, excludedBlocked] = [blocked(kept), blocked(excluded.map(({ edge }) => edge))];
  const { classes } = tally.finish();
  return { classes, keptBlocked, excludedBlocked };
}

function countOf(edges: readonly ObservedEdge[]): { edges: number; flows: number } {
  return { edges: edges.length, flows: edges.reduce((sum, edge) => sum + flowsOf(edge), 0) };
}

function edgeView(edge: ObservedEdge): z.infer<typeof EdgeView> {
  const { passedDays: _, days, entries, ...rest } = edge;
  return { ...rest, days: days.length, entries: [...entries] };
}

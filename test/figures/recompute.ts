import { z } from 'zod';

/**
 * Figures computed again from an export and nothing else, the plain way, sharing no code with the product: what somebody
 * would write who does not take its word.
 */

const Criticality = z.enum(['low', 'medium', 'high', 'critical']);
const Head = z.object({
  type: z.literal('figures'),
  asOf: z.string(),
  from: z.string(),
  criticalityWeights: z.record(Criticality, z.number()),
  objectsInForce: z.number(),
  objectsModelled: z.number(),
  records: z.object({ received: z.number(), rejected: z.number(), missing: z.number() }),
  closedBefore: z.array(z.string()),
});
const Segment = z.object({
  type: z.literal('segment'),
  name: z.string(),
  criticality: Criticality,
  namespace: z.string(),
});
const Workload = z.object({
  type: z.literal('workload'),
  key: z.string(),
  segment: z.string().nullable(),
  governed: z.object({ ingress: z.boolean(), egress: z.boolean() }),
});
const Path = z.object({
  type: z.literal('path'),
  source: z.string(),
  destination: z.string(),
  ports: z.object({ protocol: z.string(), first: z.number(), last: z.number() }),
});
const Edge = z.object({
  type: z.literal('edge'),
  source: z.string(),
  destination: z.string(),
  protocol: z.string(),
  port: z.number(),
  verdict: z.string(),
  flows: z.number(),
  decision: z.enum(['rule', 'default', 'unjudged']),
});
const Finding = z.object({
  type: z.literal('finding'),
  kind: z.string(),
  segment: z.string().nullable(),
  occurredAt: z.string(),
  openedAt: z.string(),
  closedAt: z.string().nullable(),
});
const Version = z.object({ type: z.literal('version'), namespace: z.string().nullable(), authorised: z.boolean() });
const Policy = z.object({ type: z.literal('policy'), kind: z.string(), name: z.string(), object: z.json() });
const Line = z.discriminatedUnion('type', [Head, Segment, Workload, Path, Edge, Finding, Version, Policy]);
type Line = z.infer<typeof Line>;

function linesOf<Type extends Line['type']>(lines: readonly Line[], type: Type): Extract<Line, { type: Type }>[] {
  return lines.filter((line): line is Extract<Line, { type: Type }> => line.type === type);
}

function spread(values: number[]): { mean: number; p95: number; max: number } {
  values.sort((a, b) => a - b);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.length === 0
    ? { mean: 0, p95: 0, max: 0 }
    : { mean, p95: values[Math.ceil(values.length * 0.95) - 1] ?? 0, max: values.at(-1) ?? 0 };
}

function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** `scope` is the name of a segment, or null for the estate. */
export function recompute(text: string, scope: string | null) {
  const lines = text
    .trimEnd()
    .split('\n')
    .map((line) => Line.parse(JSON.parse(line)));
  const [head] = linesOf(lines, 'figures');
  if (head === undefined) throw new Error('the export has no head');
  const segments = new Map(linesOf(lines, 'segment').map((segment) => [segment.name, segment]));
  const workloads = linesOf(lines, 'workload');
  const segmentOf = new Map(workloads.map(({ key, segment }) => [key, segment]));
  const criticalityOf = (key: string) => segments.get(segmentOf.get(key) ?? '')?.criticality ?? null;
  const members = workloads.filter(({ segment }) => scope === null || segment === scope);
  const mine = new Set(members.map(({ key }) => key));
  const allPaths = linesOf(lines, 'path');
  const paths = allPaths.filter(({ source, destination }) => mine.has(source) || mine.has(destination));
  const allEdges = linesOf(lines, 'edge');
  const edges =
    scope === null ? allEdges : allEdges.filter((edge) => mine.has(edge.source) || mine.has(edge.destination));
  const used = paths.filter(({ source, destination, ports }) =>
    allEdges.some(
      (edge) =>
        ['allow', 'would_deny'].includes(edge.verdict) &&
        edge.source === source &&
        edge.destination === destination &&
        edge.protocol.toUpperCase() === ports.protocol &&
        edge.port >= ports.first &&
        edge.port <= ports.last,
    ),
  );
  const pairs = new Set(paths.map(({ source, destination }) => `${source} ${destination}`)).size;
  const [count, whole] = [members.length, workloads.length];
  const possible = count * (count - 1) + (scope === null ? 0 : 2 * count * (whole - count));

  const next = new Map<string, Set<string>>();
  for (const { source, destination } of allPaths) next.set(source, (next.get(source) ?? new Set()).add(destination));
  const hopsFrom = (start: string): Map<string, number> => {
    const hops = new Map([[start, 0]]);
    for (const key of hops.keys())
      for (const to of next.get(key) ?? []) if (!hops.has(to)) hops.set(to, (hops.get(key) ?? 0) + 1);
    return hops;
  };
  const reached = members.map(({ key }) => ({ key, hops: [...hopsFrom(key)].filter(([to]) => to !== key) }));
  const weight = (key: string) => head.criticalityWeights[criticalityOf(key) ?? 'low'];
  const exposed = reached
    .filter(({ key }) => criticalityOf(key) !== 'critical')
    .map(({ hops }) => hops.filter(([to]) => criticalityOf(to) === 'critical').map(([, hop]) => hop));
  const within = (most: number) => exposed.filter((hops) => hops.some((hop) => hop <= most)).length;

  const findings = linesOf(lines, 'finding');
  const violations = findings.filter(
    (finding) => finding.kind === 'violation' && (scope === null || finding.segment === scope),
  );
  const seconds = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 1000;
  const detected = violations.filter(({ openedAt }) => openedAt >= head.from && openedAt < head.asOf);
  const remediated = violations.filter(({ closedAt }) => closedAt !== null && closedAt >= head.from);
  const versions = linesOf(lines, 'version').filter(
    ({ namespace }) => scope === null || namespace === segments.get(scope)?.namespace,
  );
  const flows = (decision: string) =>
    edges.reduce((sum, edge) => sum + (edge.decision === decision ? edge.flows : 0), 0);
  return {
    workloads: count,
    paths: paths.length,
    pairs,
    used: used.length,
    segmentedness: possible === 0 ? null : 1 - pairs / possible,
    direct: spread(members.map(({ key }) => next.get(key)?.size ?? 0)),
    transitive: spread(reached.map(({ hops }) => hops.length)),
    weightedTransitive: spread(reached.map(({ hops }) => hops.reduce((sum, [to]) => sum + weight(to), 0))),
    exposed: [within(1), within(2), within(3), within(Infinity)],
    governed: [
      members.filter(({ governed }) => governed.ingress).length,
      members.filter(({ governed }) => governed.egress).length,
      members.filter(({ governed }) => governed.ingress && governed.egress).length,
    ],
    decided: [flows('rule'), flows('default'), flows('unjudged')],
    violations: {
      detected: detected.length,
      remediated: remediated.length,
      meanSecondsToDetect: meanOf(detected.map(({ occurredAt, openedAt }) => seconds(occurredAt, openedAt))),
      meanSecondsToRemediate: meanOf(
        remediated.map(({ openedAt, closedAt }) => seconds(openedAt, closedAt ?? openedAt)),
      ),
    },
    changes: [versions.length, versions.filter(({ authorised }) => !authorised).length],
    completeness: (head.records.received - head.records.rejected) / (head.records.received + head.records.missing),
    policies: [head.objectsModelled, head.objectsInForce],
  };
}

/** All figures of the estate and of each segment, from its map and what happened in the window. */

import type { EstateMap, Reach } from './estate-map.js';
import {
  coverageOf,
  type FigureSet,
  type PathCounts,
  type ScopeFigures,
  type SegmentPair,
  type Spread,
  type WindowInputs,
} from './model.js';
import { completeness, countFindings, countVersions, recordCoverage } from './rates.js';
import { decisionOf, isPassed, isRefused, usageOf, type Usage } from './usage.js';

interface Cell {
  pairs: number;
  paths: number;
  used: number;
  allowedFlows: number;
  deniedFlows: number;
}

/** Cells by segment of source and destination; the last row and column are what is in no segment. */
type Matrix = readonly (readonly Cell[])[];

/** Kinds of findings that stand beside violations. */
const kindsBeside = ['drift', 'enforcement_off', 'gap', 'silence', 'conflicting_record', 'hygiene'] as const;

function matrixOf(map: EstateMap, window: WindowInputs, usage: Usage): Matrix {
  const scopes = map.inputs.segments.length + 1;
  const cells = Array.from({ length: scopes }, () =>
    Array.from({ length: scopes }, (): Cell => ({ pairs: 0, paths: 0, used: 0, allowedFlows: 0, deniedFlows: 0 })),
  );
  const { connectivity, segmentOf, size } = map;
  const lengths = new Map<number, number>();
  const lengthOf = (ports: number): number => {
    let length = lengths.get(ports);
    if (length === undefined) lengths.set(ports, (length = connectivity.sets.ranges(ports).length));
    return length;
  };
  for (let source = 0; source < size; source++) {
    const row = cells[segmentOf[source] ?? -1];
    for (let destination = 0; destination < size; destination++) {
      const ports = source === destination ? 0 : connectivity.between(source, destination);
      const cell = row?.[segmentOf[destination] ?? -1];
      if (ports === 0 || cell === undefined) continue;
      cell.pairs++;
      cell.paths += lengthOf(ports);
    }
  }
  for (const key of usage.used.keys()) {
    const [source = -1, destination = -1] = key.split(' ').map(Number);
    const cell = cells[segmentOf[source] ?? -1]?.[segmentOf[destination] ?? -1];
    if (cell !== undefined) cell.used++;
  }
  for (const edge of window.edges) {
    const [source, destination] = [map.number(edge.source), map.number(edge.destination)];
    if (source === destination && source !== -1) continue;
    const place = (number: number): number => (number === -1 ? scopes - 1 : (segmentOf[number] ?? scopes - 1));
    const cell = cells[place(source)]?.[place(destination)];
    if (cell === undefined) continue;
    if (isRefused(edge)) cell.deniedFlows += edge.flows;
    else if (isPassed(edge)) cell.allowedFlows += edge.flows;
  }
  return cells;
}

const nothing: PathCounts = { paths: 0, pairs: 0, used: 0 };

function sum(cells: readonly (PathCounts | undefined)[]): PathCounts {
  return cells.reduce<PathCounts>(
    (total, cell) =>
      cell === undefined
        ? total
        : { paths: total.paths + cell.paths, pairs: total.pairs + cell.pairs, used: total.used + cell.used },
    nothing,
  );
}

/** Mean, 95th percentile by nearest rank, and maximum; zeros for nothing. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    mean: sorted.length === 0 ? 0 : sorted.reduce((total, value) => total + value, 0) / sorted.length,
    p95: sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0,
    max: sorted.at(-1) ?? 0,
  };
}

/** What the figures of one scope need beside the whole. */
interface Scope {
  readonly members: readonly number[];
  readonly inside: PathCounts;
  readonly into: PathCounts;
  readonly outOf: PathCounts;
  readonly possiblePairs: number;
  /** Takes findings, versions and edges of the scope. */
  readonly window: WindowInputs;
}

class Computation {
  private readonly usage: Usage;
  private readonly matrix: Matrix;
  private readonly policyCoverage;
  private readonly reach: readonly Reach[];
  private readonly critical: number;

  constructor(
    private readonly map: EstateMap,
    private readonly window: WindowInputs,
  ) {
    const { objectsModelled, objectsInForce } = map.inputs;
    this.usage = usageOf(map, window.edges);
    this.matrix = matrixOf(map, window, this.usage);
    this.policyCoverage = coverageOf('policies in force that the model holds wholly', objectsModelled, objectsInForce);
    this.reach = map.reach();
    this.critical = this.all().filter((workload) => map.isCritical(workload)).length;
  }

  figures(): FigureSet {
    const { segments } = this.map.inputs;
    return {
      estate: this.scopeFigures(this.estate()),
      segments: Object.fromEntries(
        segments.map(({ name }, place) => [name, this.scopeFigures(this.segment(name, place))]),
      ),
      matrix: this.pairs(),
    };
  }

  private all(): number[] {
    return Array.from({ length: this.map.size }, (_, workload) => workload);
  }

  private estate(): Scope {
    const count = this.map.size;
    const into = sum(this.matrix.flatMap((row, from) => row.filter((_, to) => to !== from)));
    return {
      members: this.all(),
      inside: sum(this.matrix.map((row, place) => row[place])),
      into,
      outOf: into,
      possiblePairs: count * (count - 1),
      window: this.window,
    };
  }

  private segment(name: string, place: number): Scope {
    const members = this.all().filter((workload) => this.map.segmentOf[workload] === place);
    const own = new Set(members.map((workload) => this.map.inputs.workloads[workload]?.key ?? ''));
    const namespace = this.map.inputs.segments[place]?.namespace ?? null;
    const others = this.matrix.map((_, at) => at).filter((at) => at !== place);
    return {
      members,
      inside: sum([this.matrix[place]?.[place]]),
      into: sum(others.map((from) => this.matrix[from]?.[place])),
      outOf: sum(others.map((to) => this.matrix[place]?.[to])),
      possiblePairs: members.length * (members.length - 1) + 2 * members.length * (this.map.size - members.length),
      window: {
        ...this.window,
        edges: this.window.edges.filter(({ source, destination }) => own.has(source) || own.has(destination)),
        findings: this.window.findings.filter(({ segment }) => segment === name),
        versions: this.window.versions.filter((version) => version.namespace === namespace),
      },
    };
  }

  /** The estate's `into` and `outOf` are the same paths, those between segments: they count once. */
  private scopeFigures(scope: Scope): ScopeFigures {
    const { members, inside, into, outOf, possiblePairs, window } = scope;
    const touching = into === outOf ? [inside, into] : [inside, into, outOf];
    const counts = sum(touching);
    const [passed, placed] = this.placed(window);
    return {
      workloads: members.length,
      openPaths: {
        ...counts,
        unused: counts.paths - counts.used,
        inside,
        into: plain(into),
        outOf: plain(outOf),
        coverage: this.policyCoverage,
        usageCoverage: coverageOf('allowed flows between workloads that lie on an open path', placed, passed),
      },
      segmentedness: {
        value: possiblePairs === 0 ? null : 1 - counts.pairs / possiblePairs,
        pairs: counts.pairs,
        possiblePairs,
        coverage: this.policyCoverage,
      },
      blastRadius: {
        direct: this.spread(members, ({ direct }) => direct),
        transitive: this.spread(members, ({ transitive }) => transitive),
        weightedDirect: this.spread(members, ({ weightedDirect }) => weightedDirect),
        weightedTransitive: this.spread(members, ({ weightedTransitive }) => weightedTransitive),
        coverage: this.policyCoverage,
      },
      crownJewels: this.exposure(members),
      coverage: this.selected(members, window),
      violations: {
        ...countFindings('violation', window.findings, window),
        coverage: recordCoverage(this.window.records),
      },
      findings: kindsBeside.map((kind) => countFindings(kind, window.findings, window)),
      unauthorisedChanges: countVersions(window.versions),
      auditCompleteness: completeness(this.window),
    };
  }

  private placed(window: WindowInputs): [passed: number, placed: number] {
    const usage = window === this.window ? this.usage : usageOf(this.map, window.edges);
    return [usage.passedFlows, usage.placedFlows];
  }

  private spread(members: readonly number[], value: (reach: Reach) => number): Spread {
    return spreadOf(members.flatMap((workload) => this.reach[workload] ?? []).map(value));
  }

  private exposure(members: readonly number[]): ScopeFigures['crownJewels'] {
    const others = members.filter((workload) => !this.map.isCritical(workload));
    const hops = others.map((workload) => this.reach[workload]?.hopsToCritical ?? -1);
    const within = (most: number) => hops.filter((hop) => hop !== -1 && hop <= most).length;
    return {
      critical: this.critical,
      within1: within(1),
      within2: within(2),
      within3: within(3),
      any: within(Infinity),
      of: others.length,
      coverage: this.policyCoverage,
    };
  }

  private selected(members: readonly number[], { edges }: WindowInputs): ScopeFigures['coverage'] {
    const { engine } = this.map.connectivity;
    const guarded = members.map((workload) => ({
      ingress: engine.guard('ingress', workload) !== null,
      egress: engine.guard('egress', workload) !== null,
    }));
    const flows = { rule: 0, default: 0, unjudged: 0 };
    for (const edge of edges) flows[decisionOf(this.map, edge)] += edge.flows;
    const labelled = members.filter((workload) => this.map.inputs.workloads[workload]?.labels !== null).length;
    return {
      ingress: guarded.filter(({ ingress }) => ingress).length,
      egress: guarded.filter(({ egress }) => egress).length,
      both: guarded.filter(({ ingress, egress }) => ingress && egress).length,
      of: members.length,
      flowsByRule: flows.rule,
      flowsByDefault: flows.default,
      flowsUnjudged: flows.unjudged,
      coverage: coverageOf('workloads whose labels are known', labelled, members.length),
    };
  }

  private pairs(): SegmentPair[] {
    const names = [...this.map.inputs.segments.map(({ name }): string | null => name), null];
    return this.matrix.flatMap((row, from) =>
      row.flatMap((cell, to): SegmentPair[] => {
        const empty = cell.pairs + cell.allowedFlows + cell.deniedFlows === 0;
        return empty ? [] : [{ from: names[from] ?? null, to: names[to] ?? null, ...cell }];
      }),
    );
  }
}

function plain({ paths, pairs, used }: PathCounts): PathCounts {
  return { paths, pairs, used };
}

/**
 * The figures, each defined in docs/figures/README.md. A path between two segments counts in the figures of both, and once in
 * the estate's, so that the estate's paths are the sum over all segments, and over what is in none, of `inside` and `into`.
 */
export function computeFigures(map: EstateMap, window: WindowInputs): FigureSet {
  return new Computation(map, window).figures();
}

/** What a replay did to segments and to pairs of workloads, summed up edge by edge. */

import { edgeClasses, type EdgeClass } from '../policies/replay/replay.js';
import type { Count } from '../policies/replay/tally.js';
import type { JudgedEdge } from './stored-edge.js';

/** A segment with the keys of its workloads. */
export interface SegmentMembers {
  readonly name: string;
  readonly workloads: readonly string[];
}

/** Edges with an end in the segment; one with both ends there counts once. `days` are those on which there were any. */
export interface SegmentFigures {
  readonly name: string;
  readonly workloads: number;
  readonly days: number;
  readonly classes: Readonly<Record<EdgeClass, Count>>;
}

/** Two workloads between which edges changed; addresses that are no workload's are one end, `outside`. */
export interface PairFigures extends Count {
  readonly source: string;
  readonly destination: string;
}

/** The pairs with the most flows first, and how many there are. */
export interface ChangedPairs {
  readonly pairs: number;
  readonly most: readonly PairFigures[];
}

export const outside = 'outside';
const changedClasses = ['newly_blocked', 'newly_allowed'] as const;
export type ChangedClass = (typeof changedClasses)[number];

interface OpenCount {
  edges: number;
  flows: number;
}

interface OpenSegment {
  readonly name: string;
  readonly workloads: number;
  readonly days: Set<string>;
  readonly classes: Record<EdgeClass, OpenCount>;
}

/** Holds no edge: memory grows with segments, and with pairs of workloads whose edges changed. */
export class Summary {
  private readonly segments: readonly OpenSegment[];
  private readonly segmentsOf = new Map<string, readonly OpenSegment[]>();
  private readonly pairs: Readonly<Record<ChangedClass, Map<string, OpenCount>>> = {
    newly_blocked: new Map(),
    newly_allowed: new Map(),
  };

  constructor(segments: readonly SegmentMembers[]) {
    this.segments = segments.map(({ name, workloads }) => {
      const segment = { name, workloads: workloads.length, days: new Set<string>(), classes: noEdges() };
      for (const key of workloads) this.segmentsOf.set(key, [...(this.segmentsOf.get(key) ?? []), segment]);
      return segment;
    });
  }

  add(edge: JudgedEdge, of: EdgeClass): void {
    const from = this.segmentsOf.get(edge.source);
    const to = this.segmentsOf.get(edge.destination);
    if (from !== undefined) for (const segment of from) count(segment, edge, of);
    if (to !== undefined) for (const segment of to) if (from?.includes(segment) !== true) count(segment, edge, of);
    if (of !== 'newly_blocked' && of !== 'newly_allowed') return;
    const pair = JSON.stringify([endOf(edge.source), endOf(edge.destination)]);
    const known = this.pairs[of].get(pair);
    if (known === undefined) this.pairs[of].set(pair, { edges: 1, flows: edge.flows });
    else raise(known, edge.flows);
  }

  segmentFigures(): SegmentFigures[] {
    return this.segments.map(({ days, ...segment }) => ({ ...segment, days: days.size }));
  }

  changedPairs(of: ChangedClass, most: number): ChangedPairs {
    const all = [...this.pairs[of]].sort(([a, one], [b, other]) => other.flows - one.flows || (a < b ? -1 : 1));
    return {
      pairs: all.length,
      most: all.slice(0, most).map(([pair, { edges, flows }]) => {
        const [source, destination] = JSON.parse(pair) as [string, string]; // as `add` writes it
        return { source, destination, edges, flows };
      }),
    };
  }
}

function endOf(key: string): string {
  return key.startsWith('ip:') ? outside : key;
}

function count(segment: OpenSegment, { day, flows }: JudgedEdge, of: EdgeClass): void {
  segment.days.add(day);
  raise(segment.classes[of], flows);
}

function raise(open: OpenCount, flows: number): void {
  open.edges++;
  open.flows += flows;
}

function noEdges(): Record<EdgeClass, OpenCount> {
  const entries = edgeClasses.map((name): [EdgeClass, OpenCount] => [name, { edges: 0, flows: 0 }]);
  return Object.fromEntries(entries) as Record<EdgeClass, OpenCount>; // Made of every class.
}

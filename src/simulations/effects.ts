/** What a draft opens and closes on paper, whether anybody talks there or not: paths, and how far an intruder would get. */

import { diffConnectivity, type PathChange } from '../policies/diff.js';
import type { Policy } from '../policies/model.js';
import { sharing } from '../policies/replay/replay.js';
import { Connectivity } from '../policies/simulation/connectivity.js';
import { compile, type Topology } from '../policies/simulation/evaluate.js';
import { adjacencyOf, blastRadius, spread, type BlastRadius, type Spread } from '../policies/simulation/reach.js';
import type { SegmentMembers } from './summary.js';

/** Workloads reached from one: over one connection, and over any number of them. */
export interface Reach {
  readonly direct: Spread;
  readonly transitive: Spread;
}

export interface SegmentReach {
  readonly name: string;
  /** Whether a path that changed has an end in it. */
  readonly touched: boolean;
  readonly before: Reach;
  readonly after: Reach;
}

export interface Effects {
  readonly paths: readonly PathChange[];
  readonly before: Reach;
  readonly after: Reach;
  readonly segments: readonly SegmentReach[];
}

/** Maps grow with the square of the workloads: beyond this many they are left out, and the result says so. */
export const mostWorkloadsInMap = 4000;

/** On a topology of at most `mostWorkloadsInMap` pods; `segments` name pods by key. */
export function effectsOf(
  topology: Topology,
  inForce: readonly Policy[],
  drafted: readonly Policy[],
  segments: readonly SegmentMembers[],
): Effects {
  const draft = sharing(inForce, drafted);
  // One engine that knows the addresses of both, so that the two maps share all that is the same.
  const all = compile(topology, [...new Set([...inForce, ...draft])], { ipBlockMatchesPods: false });
  const before = new Connectivity(all.revised(inForce));
  const after = before.revised(before.engine.revised(draft));
  const paths = diffConnectivity(before, after);
  const [was, becomes] = [blastRadius(adjacencyOf(before)), blastRadius(adjacencyOf(after))];
  const numbers = new Map(topology.pods.map(({ key }, at) => [key, at]));
  const ends = new Set(
    paths.flatMap(({ source, destination }) => [source, destination].flatMap((end) => ('pod' in end ? end.pod : []))),
  );
  return {
    paths,
    before: { direct: was.directSpread, transitive: was.transitiveSpread },
    after: { direct: becomes.directSpread, transitive: becomes.transitiveSpread },
    segments: segments.map(({ name, workloads }) => {
      const members = workloads.flatMap((key) => numbers.get(key) ?? []);
      return {
        name,
        touched: workloads.some((key) => ends.has(key)),
        before: reachOf(was, members),
        after: reachOf(becomes, members),
      };
    }),
  };
}

function reachOf({ direct, transitive }: BlastRadius, members: readonly number[]): Reach {
  const of = (reached: readonly number[]): Spread => spread(members.map((at) => reached[at] ?? 0));
  return { direct: of(direct), transitive: of(transitive) };
}

/** A simulated incident: a workload is taken; where can the intruder go, connection by connection? */

import { emptyBits, hasBit, members, setBit, subtract, unite } from '../policies/simulation/bitset.js';
import type { PortRange } from '../policies/simulation/ports.js';
import type { EstateMap } from './estate-map.js';
import type { Criticality } from './model.js';
import { sidesOf, type PathSide } from './paths-list.js';

/** How a workload is reached: over which connection, from which workload taken a hop before, and what allows it. */
export interface Step {
  /** 1 for a workload that the taken one may connect to itself. */
  readonly hop: number;
  /** The first workload by key order, of those taken a hop before, that may connect to it. */
  readonly via: string;
  /** How many of those may. */
  readonly ways: number;
  readonly ports: readonly PortRange[];
  readonly egress: PathSide;
  readonly ingress: PathSide;
}

export interface ReachedWorkload {
  readonly workload: string;
  readonly segment: string | null;
  readonly criticality: Criticality | null;
  readonly weight: number;
  /** Null where it cannot be reached under the policies in force, or with the draft. */
  readonly before: Step | null;
  readonly after: Step | null;
}

export interface ReachSummary {
  readonly reached: number;
  readonly direct: number;
  readonly hops: number;
  /** Sum of the criticality weights of what is reached. */
  readonly weight: number;
  /** Workloads of critical segments that are reached, and the fewest hops to one; null for none. */
  readonly critical: number;
  readonly hopsToCritical: number | null;
  /** Newly reached per hop: place 0 is hop 1. */
  readonly perHop: readonly number[];
}

export interface Incident {
  readonly workload: string;
  readonly segment: string | null;
  readonly workloads: number;
  readonly before: ReachSummary;
  /** Null without a draft. */
  readonly after: ReachSummary | null;
  /** Everything reached before or after; nearest first, then by key. */
  readonly reached: readonly ReachedWorkload[];
}

function stepsFrom(map: EstateMap, start: number): ReadonlyMap<number, Step> {
  const steps = new Map<number, Step>();
  const taken = emptyBits(map.size);
  setBit(taken, start);
  let front = [start];
  for (let hop = 1; front.length > 0; hop++) {
    const next = emptyBits(map.size);
    for (const from of front) unite(next, map.graph[from] ?? emptyBits(0));
    subtract(next, taken);
    const found = members(next);
    for (const workload of found) {
      const ways = front.filter((from) => hasBit(map.graph[from] ?? emptyBits(0), workload));
      const [via = start] = ways;
      const ports = map.ranges(via, workload);
      const [first] = ports;
      if (first === undefined) continue;
      const sides = sidesOf(map, via, workload, first);
      steps.set(workload, { hop, via: map.inputs.workloads[via]?.key ?? '', ways: ways.length, ports, ...sides });
    }
    unite(taken, next);
    front = found;
  }
  return steps;
}

function summaryOf(map: EstateMap, steps: ReadonlyMap<number, Step>): ReachSummary {
  const perHop: number[] = [];
  let [weight, critical, direct] = [0, 0, 0];
  let hopsToCritical: number | null = null;
  for (const [workload, { hop }] of steps) {
    perHop[hop - 1] = (perHop[hop - 1] ?? 0) + 1;
    weight += map.weights[workload] ?? 0;
    if (hop === 1) direct++;
    if (!map.isCritical(workload)) continue;
    critical++;
    hopsToCritical = Math.min(hopsToCritical ?? hop, hop);
  }
  return { reached: steps.size, direct, hops: perHop.length, weight, critical, hopsToCritical, perHop };
}

/** `after` is a map of the same workloads with the draft's policies; null without one. Undefined when the workload is unknown to the map. */
export function simulateIncident(before: EstateMap, after: EstateMap | null, workload: string): Incident | undefined {
  const start = before.number(workload);
  if (start === -1) return undefined;
  const [earlier, later] = [stepsFrom(before, start), after === null ? null : stepsFrom(after, start)];
  const hopOf = (number: number): number =>
    Math.min(earlier.get(number)?.hop ?? Infinity, later?.get(number)?.hop ?? Infinity);
  const numbers = [...new Set([...earlier.keys(), ...(later?.keys() ?? [])])];
  const segment = (number: number) => before.inputs.segments[before.segmentOf[number] ?? -1]?.name ?? null;
  return {
    workload,
    segment: segment(start),
    workloads: before.size,
    before: summaryOf(before, earlier),
    after: later === null ? null : summaryOf(before, later),
    reached: numbers
      .sort((a, b) => hopOf(a) - hopOf(b) || a - b)
      .map((number) => ({
        workload: before.inputs.workloads[number]?.key ?? '',
        segment: segment(number),
        criticality: before.criticality(number),
        weight: before.weights[number] ?? 0,
        before: earlier.get(number) ?? null,
        after: later?.get(number) ?? null,
      })),
  };
}

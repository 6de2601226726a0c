/** Who may reach whom, computed once for a set of policies, workloads and segments; figures, lists and incidents read it. */

import { emptyBits, hasBit, setBit, type Bits } from '../policies/simulation/bitset.js';
import { Connectivity } from '../policies/simulation/connectivity.js';
import { compile, type Topology } from '../policies/simulation/evaluate.js';
import type { PortRange } from '../policies/simulation/ports.js';
import { adjacencyOf, closureOf, type Adjacency } from '../policies/simulation/reach.js';
import { criticalities, criticalityWeights, type EstateInputs } from './model.js';

/** How far an intruder gets from a workload. Hops are to the nearest critical workload: 0 for one itself, -1 for never. */
export interface Reach {
  readonly direct: number;
  readonly transitive: number;
  readonly weightedDirect: number;
  readonly weightedTransitive: number;
  readonly hopsToCritical: number;
}

export class EstateMap {
  readonly connectivity: Connectivity;
  readonly graph: Adjacency;
  /** Number of each workload's segment in `inputs.segments`; their count for workloads in none. */
  readonly segmentOf: Int32Array;
  readonly weights: readonly number[];
  private readonly numbers: ReadonlyMap<string, number>;
  private reaches: readonly Reach[] | null = null;

  /** `previous` is a map of the same workloads; what the policies have in common is taken over from it. */
  constructor(
    readonly inputs: EstateInputs,
    previous: EstateMap | null = null,
  ) {
    const { workloads, segments, policies } = inputs;
    this.connectivity =
      previous === null
        ? new Connectivity(compile(topologyOf(inputs), policies, { ipBlockMatchesPods: false }))
        : previous.connectivity.revised(previous.connectivity.engine.revised(policies));
    this.graph = adjacencyOf(this.connectivity);
    this.numbers = new Map(workloads.map(({ key }, number) => [key, number]));
    const places = new Map(segments.map(({ name }, place) => [name, place]));
    this.segmentOf = Int32Array.from(
      workloads,
      ({ segment }) => (segment === null ? undefined : places.get(segment)) ?? segments.length,
    );
    this.weights = workloads.map((_, number) => criticalityWeights[this.criticality(number) ?? 'low']);
  }

  get size(): number {
    return this.inputs.workloads.length;
  }

  /** Number of a workload by its key; -1 for one that policies cannot select. */
  number(key: string): number {
    return this.numbers.get(key) ?? -1;
  }

  /** Null in no segment. */
  criticality(workload: number): (typeof criticalities)[number] | null {
    return this.inputs.segments[this.segmentOf[workload] ?? -1]?.criticality ?? null;
  }

  isCritical(workload: number): boolean {
    return this.criticality(workload) === 'critical';
  }

  /** Allowed port ranges between two workloads; none from a workload to itself. */
  ranges(source: number, destination: number): readonly PortRange[] {
    if (source === destination) return [];
    const ports = this.connectivity.between(source, destination);
    return this.connectivity.sets.ranges(ports);
  }

  /** The reach of every workload, computed at the first call. */
  reach(): readonly Reach[] {
    return (this.reaches ??= this.computeReach());
  }

  private computeReach(): readonly Reach[] {
    const classes = criticalities.map((name) => {
      const members = emptyBits(this.size);
      for (let workload = 0; workload < this.size; workload++)
        if ((this.criticality(workload) ?? 'low') === name) setBit(members, workload);
      return { members, weight: criticalityWeights[name] };
    });
    const measure = (bits: Bits) => {
      let [count, weight] = [0, 0];
      for (const group of classes) {
        const common = countCommon(bits, group.members);
        count += common;
        weight += common * group.weight;
      }
      return { count, weight };
    };
    const known = new Map<Bits, ReturnType<typeof measure>>();
    const hops = this.hopsToCritical();
    return closureOf(this.graph).map((bits, workload): Reach => {
      let all = known.get(bits);
      if (all === undefined) known.set(bits, (all = measure(bits)));
      const itself = hasBit(bits, workload);
      const direct = measure(this.graph[workload] ?? emptyBits(0));
      return {
        direct: direct.count,
        transitive: all.count - (itself ? 1 : 0),
        weightedDirect: direct.weight,
        weightedTransitive: all.weight - (itself ? (this.weights[workload] ?? 0) : 0),
        hopsToCritical: hops[workload] ?? -1,
      };
    });
  }

  /** Fewest connections from each workload to a critical one. */
  private hopsToCritical(): Int32Array {
    const hops = new Int32Array(this.size).fill(-1);
    const reached = emptyBits(this.size);
    let left: number[] = [];
    for (let workload = 0; workload < this.size; workload++)
      if (this.isCritical(workload)) {
        hops[workload] = 0;
        setBit(reached, workload);
      } else left.push(workload);
    for (let hop = 1; left.length > 0; hop++) {
      const found = left.filter((workload) => meets(this.graph[workload] ?? emptyBits(0), reached));
      if (found.length === 0) break;
      for (const workload of found) {
        hops[workload] = hop;
        setBit(reached, workload);
      }
      left = left.filter((workload) => hops[workload] === -1);
    }
    return hops;
  }
}

/** Workloads stand for their pods, without addresses or ports: records do not show those. */
function topologyOf({ workloads }: EstateInputs): Topology {
  return {
    namespaces: [],
    pods: workloads.map(({ key, namespace, name, labels }) => ({
      key,
      namespace,
      name,
      labels: labels ?? {},
      ips: [],
      namedPorts: [],
      hostNetwork: false,
    })),
  };
}

function meets(a: Bits, b: Bits): boolean {
  return a.some((word, at) => (word & (b[at] ?? 0)) !== 0);
}

function countCommon(a: Bits, b: Bits): number {
  let count = 0;
  for (let at = 0; at < a.length; at++) {
    let word = (a[at] ?? 0) & (b[at] ?? 0);
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += (((word + (word >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }
  return count;
}

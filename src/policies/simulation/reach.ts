/** Who reaches whom in how many steps: direct reach, and the transitive closure over allowed connections. */

import { emptyBits, setBit, unite, type Bits } from './bitset.js';
import type { Connectivity } from './connectivity.js';

/** Directed graph over numbers from 0, one set of successors each; no node is its own successor. */
export type Adjacency = readonly Bits[];

/** Spread of the reach of all workloads, as the nearest-rank percentile. */
export interface Spread {
  readonly mean: number;
  readonly p95: number;
  readonly max: number;
}

/** Workloads each workload reaches: over one connection, and over any number of them; itself never counted. */
export interface BlastRadius {
  readonly direct: readonly number[];
  readonly transitive: readonly number[];
  readonly directSpread: Spread;
  readonly transitiveSpread: Spread;
}

/** The pods that every pod may open some connection to. */
export function adjacencyOf(connectivity: Connectivity): Adjacency {
  const { engine, sets } = connectivity;
  const count = engine.podCount;
  const meets: boolean[][] = [];
  const intersects = (a: number, b: number) => {
    const known = (meets[a] ??= []);
    return (known[b] ??= sets.intersection(a, b) !== sets.none);
  };
  const graph = Array.from({ length: count }, () => emptyBits(count));
  // Most of what a target admits is nothing, and that is read in the order it lies in memory.
  for (let target = 0; target < count; target++) {
    const into = connectivity.sideRow('ingress', target);
    for (let source = 0; source < count; source++) {
      const admitted = into[source] ?? sets.none;
      if (admitted === sets.none || source === target) continue;
      const successors = graph[source];
      if (successors !== undefined && intersects(connectivity.sideRow('egress', source)[target] ?? sets.none, admitted))
        setBit(successors, target);
    }
  }
  return graph;
}

/**
 * Strongly connected components, numbered so that every edge between two leads from the higher to the lower number
 * (Tarjan 1972, without recursion).
 */
export function componentsOf(graph: Adjacency): { readonly of: Int32Array; readonly count: number } {
  const size = graph.length;
  const of = new Int32Array(size).fill(-1);
  const order = new Int32Array(size).fill(-1);
  const low = new Int32Array(size);
  const word = new Int32Array(size);
  const rest = new Int32Array(size);
  const path: number[] = [];
  const stack: number[] = [];
  let visited = 0;
  let count = 0;
  const enter = (node: number) => {
    order[node] = low[node] = visited++;
    word[node] = 0;
    rest[node] = graph[node]?.[0] ?? 0;
    path.push(node);
    stack.push(node);
  };
  const next = (node: number): number => {
    const bits = graph[node] ?? emptyBits(0);
    while ((rest[node] ?? 0) === 0) {
      const at = (word[node] ?? 0) + 1;
      if (at >= bits.length) return -1;
      word[node] = at;
      rest[node] = bits[at] ?? 0;
    }
    const left = rest[node] ?? 0;
    const lowest = left & -left;
    rest[node] = left ^ lowest;
    return (word[node] ?? 0) * 32 + 31 - Math.clz32(lowest);
  };
  for (let root = 0; root < size; root++) {
    if (order[root] !== -1) continue;
    enter(root);
    for (let node = path.at(-1); node !== undefined; node = path.at(-1)) {
      const target = next(node);
      if (target === -1) {
        path.pop();
        const parent = path.at(-1);
        if (parent !== undefined) low[parent] = Math.min(low[parent] ?? 0, low[node] ?? 0);
        if (low[node] !== order[node]) continue;
        for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
          of[member] = count;
          if (member === node) break;
        }
        count++;
      } else if (order[target] === -1) enter(target);
      else if (of[target] === -1) low[node] = Math.min(low[node] ?? 0, order[target] ?? 0);
    }
  }
  return { of, count };
}

function countBits(bits: Bits): number {
  let count = 0;
  for (let word of bits) {
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += (((word + (word >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
  }
  return count;
}

/**
 * Everything each node reaches over one edge or more. Nodes of one component share one set, in which they are
 * themselves when the component has several.
 */
export function closureOf(graph: Adjacency): readonly Bits[] {
  const { of, count } = componentsOf(graph);
  const membersOf: number[][] = Array.from({ length: count }, () => []);
  for (const [node, component] of of.entries()) membersOf[component]?.push(node);
  const reached: Bits[] = [];
  for (const nodes of membersOf) {
    const bits = emptyBits(graph.length);
    for (const node of nodes) unite(bits, graph[node] ?? emptyBits(0));
    const direct = bits.slice();
    const through = new Set<number>();
    for (const [at, value] of direct.entries())
      for (let left = value; left !== 0; left &= left - 1)
        through.add(of[at * 32 + 31 - Math.clz32(left & -left)] ?? -1);
    for (const component of through) {
      const further = reached[component];
      if (further !== undefined) unite(bits, further);
    }
    if (nodes.length > 1) for (const node of nodes) setBit(bits, node);
    reached.push(bits);
  }
  return Array.from(of, (component) => reached[component] ?? emptyBits(graph.length));
}

export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const sum = sorted.reduce((total, value) => total + value, 0);
  return {
    mean: sorted.length === 0 ? 0 : sum / sorted.length,
    p95: sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0,
    max: sorted.at(-1) ?? 0,
  };
}

/** How far an intruder in each workload gets: directly, and over workloads taken on the way. */
export function blastRadius(graph: Adjacency): BlastRadius {
  const direct = graph.map(countBits);
  const counts = new Map<Bits, number>();
  const transitive = closureOf(graph).map((bits, node) => {
    let count = counts.get(bits);
    if (count === undefined) counts.set(bits, (count = countBits(bits)));
    const itself = ((bits[node >>> 5] ?? 0) & (1 << (node & 31))) === 0 ? 0 : 1;
    return count - itself;
  });
  return { direct, transitive, directSpread: spread(direct), transitiveSpread: spread(transitive) };
}

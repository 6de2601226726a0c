/** Semantic difference of two policy sets: not which text changed, but which paths opened, closed or changed. */

import type { Direction, Policy } from './model.js';
import { addressEnd, Connectivity, type ExternalPorts, type PathEnd } from './simulation/connectivity.js';
import { compile, type Engine, type SimulationOptions, type Topology } from './simulation/evaluate.js';
import { PortSets, type PortRange } from './simulation/ports.js';

/**
 * One pair of ends whose allowed ports differ. `opened` had none before, `closed` has none after; `gained` and `lost`
 * are the difference either way.
 */
export interface PathChange {
  readonly change: 'opened' | 'closed' | 'changed';
  readonly source: PathEnd;
  readonly destination: PathEnd;
  readonly before: readonly PortRange[];
  readonly after: readonly PortRange[];
  readonly gained: readonly PortRange[];
  readonly lost: readonly PortRange[];
}

interface ExternalChange {
  readonly family: 4 | 6;
  readonly first: bigint;
  last: bigint;
  readonly before: number;
  readonly after: number;
}

/** Both lists cover the whole address space in order, so walking them together meets every boundary of either. */
function alongside(before: readonly ExternalPorts[], after: readonly ExternalPorts[]): ExternalChange[] {
  const changes: ExternalChange[] = [];
  let i = 0;
  let j = 0;
  for (;;) {
    const [a, b] = [before[i], after[j]];
    if (a === undefined || b === undefined) return changes;
    const first = a.first > b.first ? a.first : b.first;
    const last = a.last < b.last ? a.last : b.last;
    const neighbour = changes.at(-1);
    const joins = neighbour?.family === a.family && neighbour.before === a.ports && neighbour.after === b.ports;
    if (joins) neighbour.last = last;
    else changes.push({ family: a.family, first, last, before: a.ports, after: b.ports });
    if (a.last === last) i++;
    if (b.last === last) j++;
  }
}

const nowhere: readonly ExternalPorts[] = [
  { family: 4, first: 0n, last: (1n << 32n) - 1n, ports: 0 },
  { family: 6, first: 0n, last: (1n << 128n) - 1n, ports: 0 },
];

/**
 * Compares what two engines allow. Pods are matched by key; a pod that only one of them knows has no paths in the
 * other. Pod-to-pod changes come first in the order of `after`, then those with external addresses.
 */
export function diffEngines(before: Engine, after: Engine): PathChange[] {
  const sets = new PortSets();
  const changes: PathChange[] = [];
  const old = new Connectivity(before, sets);
  // A map of an engine revised from the other takes over what is the same.
  diffMaps(old, old.revised(after), (change) => changes.push(change));
  return changes;
}

/** The same for two maps, which MUST share their port sets. */
export function diffConnectivity(old: Connectivity, current: Connectivity): PathChange[] {
  const changes: PathChange[] = [];
  diffMaps(old, current, (change) => changes.push(change));
  return changes;
}

/** The same one change at a time: there may be millions. */
export function diffMaps(old: Connectivity, current: Connectivity, take: (change: PathChange) => void): void {
  const { engine: before, sets } = old;
  const after = current.engine;
  const keys = [...new Set([...after.topology.pods, ...before.topology.pods].map((pod) => pod.key))];
  const oldNumber = keys.map((pod) => before.endpointNumber({ pod }));
  const newNumber = keys.map((pod) => after.endpointNumber({ pod }));
  const add = (source: PathEnd, destination: PathEnd, was: number, is: number) => {
    take({
      change: was === sets.none ? 'opened' : is === sets.none ? 'closed' : 'changed',
      source,
      destination,
      before: sets.ranges(was),
      after: sets.ranges(is),
      gained: sets.ranges(sets.difference(is, was)),
      lost: sets.ranges(sets.difference(was, is)),
    });
  };
  const at = (map: Connectivity, source = -1, destination = -1) =>
    source === -1 || destination === -1 ? sets.none : map.between(source, destination);
  for (const [i, source] of keys.entries())
    for (const [j, destination] of keys.entries()) {
      if (i === j) continue;
      const was = at(old, oldNumber[i], oldNumber[j]);
      const is = at(current, newNumber[i], newNumber[j]);
      if (was !== is) add({ pod: source }, { pod: destination }, was, is);
    }
  const external = (map: Connectivity, direction: Direction, pod = -1) =>
    pod === -1 ? nowhere : map.external(direction, pod);
  for (const [i, pod] of keys.entries())
    for (const direction of ['egress', 'ingress'] as const) {
      const ranges = alongside(external(old, direction, oldNumber[i]), external(current, direction, newNumber[i]));
      for (const range of ranges) {
        if (range.before === range.after) continue;
        const [source, destination] =
          direction === 'egress' ? [{ pod }, addressEnd(range)] : [addressEnd(range), { pod }];
        add(source, destination, range.before, range.after);
      }
    }
}

/** The paths that replacing the policies `before` by `after` opens, closes or changes on one topology. */
export function diffPolicies(
  topology: Topology,
  before: readonly Policy[],
  after: readonly Policy[],
  options: SimulationOptions,
): PathChange[] {
  return diffEngines(compile(topology, before, options), compile(topology, after, options));
}

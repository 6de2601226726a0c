/** What a difference of policies does on the estate: paths gained and lost, and how far an intruder gets. Pure. */

import { diffMaps, type PathChange } from '../policies/diff.js';
import { policyIdText, type Policy } from '../policies/model.js';
import { members } from '../policies/simulation/bitset.js';
import { Connectivity, type PathEnd } from '../policies/simulation/connectivity.js';
import { compile, type Topology } from '../policies/simulation/evaluate.js';
import { PortSets, type PortRange } from '../policies/simulation/ports.js';
import { adjacencyOf, blastRadius, type BlastRadius, type Spread } from '../policies/simulation/reach.js';

/** A path as findings name it: `k8s:shop/web`, `10.0.0.0-10.0.0.255`; ports as `TCP 8443`, `UDP 1-65535`. */
export interface NamedPath {
  readonly source: string;
  readonly destination: string;
  readonly ports: string;
}

/** `pairs` and `listed` are of two ends each; the list is cut, the counts are not. */
export interface PathList {
  readonly pairs: number;
  readonly betweenWorkloads: number;
  readonly listed: readonly NamedPath[];
}

export interface WorkloadReach {
  readonly workload: string;
  readonly before: number;
  readonly after: number;
}

/** `before` is with the intended policies, `after` with those observed. Reach counts other workloads, over any number of steps. */
export interface Effect {
  readonly gained: PathList;
  readonly lost: PathList;
  readonly blastRadius: { readonly before: Spread; readonly after: Spread };
  /** Workloads that the differing policies select, those whose reach changed most first. */
  readonly workloads: readonly WorkloadReach[];
  readonly workloadsTouched: number;
}

/** Two policy sets on one topology. Policies that are the same object in both cost next to nothing. */
export interface EffectQuestion {
  readonly topology: Topology;
  readonly intended: readonly Policy[];
  readonly observed: readonly Policy[];
}

/** Paths and workloads written out; the rest is counted. */
export const pathsListed = 50;
const workloadsListed = 20;

function endText(end: PathEnd): string {
  if ('pod' in end) return end.pod;
  return end.first === end.last ? end.first : `${end.first}-${end.last}`;
}

function portsText(ports: readonly PortRange[]): string {
  return ports
    .map(({ protocol, first, last }) => `${protocol} ${first === last ? `${first}` : `${first}-${last}`}`)
    .join(', ');
}

class Paths {
  private pairs = 0;
  private betweenWorkloads = 0;
  private readonly listed: NamedPath[] = [];

  constructor(private readonly most: number) {}

  add({ source, destination }: PathChange, ports: readonly PortRange[]): void {
    if (ports.length === 0) return;
    this.pairs++;
    if ('pod' in source && 'pod' in destination) this.betweenWorkloads++;
    if (this.listed.length < this.most)
      this.listed.push({ source: endText(source), destination: endText(destination), ports: portsText(ports) });
  }

  list(): PathList {
    return { pairs: this.pairs, betweenWorkloads: this.betweenWorkloads, listed: this.listed };
  }
}

function reachOf(map: Connectivity): BlastRadius {
  return blastRadius(adjacencyOf(map));
}

/** Exact; as costly as two maps of the estate. Of the paths, `listed` are written out. */
export function effectOf({ topology, intended, observed }: EffectQuestion, listed = pathsListed): Effect {
  const options = { ipBlockMatchesPods: false };
  const sets = new PortSets();
  const everything = compile(topology, [...new Set([...intended, ...observed])], options);
  const asIntended = everything.revised(intended);
  const before = new Connectivity(asIntended, sets);
  const after = before.revised(asIntended.revised(observed));
  const [gained, lost] = [new Paths(listed), new Paths(listed)];
  diffMaps(before, after, (change) => {
    gained.add(change, change.gained);
    lost.add(change, change.lost);
  });
  const [was, is] = [reachOf(before), reachOf(after)];
  const [inIntended, inObserved] = [new Set(intended), new Set(observed)];
  const differing = [
    ...intended.filter((policy) => !inObserved.has(policy)),
    ...observed.filter((policy) => !inIntended.has(policy)),
  ];
  const touched = [...new Set(differing.flatMap((policy) => members(everything.compiled(policy).subject)))];
  const workloads = touched
    .map((pod): WorkloadReach => ({
      workload: topology.pods[pod]?.key ?? '',
      before: was.transitive[pod] ?? 0,
      after: is.transitive[pod] ?? 0,
    }))
    .sort((a, b) => Math.abs(b.after - b.before) - Math.abs(a.after - a.before) || (a.workload < b.workload ? -1 : 1));
  return {
    gained: gained.list(),
    lost: lost.list(),
    blastRadius: { before: was.transitiveSpread, after: is.transitiveSpread },
    workloads: workloads.slice(0, workloadsListed),
    workloadsTouched: touched.length,
  };
}

/**
 * The policies of `after` with those that say the same in `before` taken from there, so that both lists share objects
 * and only real differences are computed.
 */
export function sharing(before: readonly Policy[], after: readonly Policy[]): Policy[] {
  const known = new Map(before.map((policy) => [`${policyIdText(policy.id)} ${JSON.stringify(policy)}`, policy]));
  return after.map((policy) => known.get(`${policyIdText(policy.id)} ${JSON.stringify(policy)}`) ?? policy);
}

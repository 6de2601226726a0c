/** Sets of policies on one topology, laid beside each other: what each allows, denies and says explicitly. */

import type { Direction, Policy } from '../model.js';
import { formatAddress } from '../simulation/address.js';
import { members } from '../simulation/bitset.js';
import { Connectivity } from '../simulation/connectivity.js';
import { compile, type Engine, type SimulationOptions, type Topology } from '../simulation/evaluate.js';
import { PortSets } from '../simulation/ports.js';

/**
 * One set of policies. Sets made `beside` each other tell apart the same ends and number port sets alike, so that they
 * can be compared end by end.
 */
export class PolicySet {
  private map: Connectivity | null = null;

  private constructor(
    readonly engine: Engine,
    readonly policies: readonly Policy[],
    private readonly sets: PortSets,
    private readonly neighbour: PolicySet | null,
  ) {}

  /** Several sets that can be compared with each other. */
  static beside(
    topology: Topology,
    lists: readonly (readonly Policy[])[],
    options: SimulationOptions,
  ): readonly PolicySet[] {
    const everything = new PolicySet(compile(topology, lists.flat(), options), lists.flat(), new PortSets(), null);
    return lists.map((policies) => everything.revised(policies));
  }

  /** The set with other policies, comparable with this one as long as they name no further addresses. */
  revised(policies: readonly Policy[]): PolicySet {
    return new PolicySet(this.engine.revised(policies), policies, this.sets, this);
  }

  without(policy: Policy): PolicySet {
    return this.revised(this.policies.filter((other) => other !== policy));
  }

  /** The set with one policy in place of another. */
  replacing(policy: Policy, by: Policy): PolicySet {
    return this.revised(this.policies.map((other) => (other === policy ? by : other)));
  }

  private get connectivity(): Connectivity {
    const base = this.neighbour?.map ?? null;
    this.map ??= base === null ? new Connectivity(this.engine, this.sets) : base.revised(this.engine);
    return this.map;
  }

  get podCount(): number {
    return this.engine.podCount;
  }

  /** Pods, then address intervals. */
  get endCount(): number {
    return this.podCount + this.engine.intervals.count;
  }

  get none(): number {
    return this.sets.none;
  }

  /** A name for an end in messages. */
  endText(end: number): string {
    const pod = this.engine.topology.pods[end];
    if (pod !== undefined) return pod.key;
    const { family, first, last } = this.engine.intervals.range(end - this.podCount);
    return `${formatAddress({ family, value: first })}-${formatAddress({ family, value: last })}`;
  }

  /** Port set that is allowed from one end to another. */
  allowed(source: number, destination: number): number {
    return this.connectivity.between(source, destination);
  }

  /** True when some policy governs the pod in this direction. */
  governs(direction: Direction, end: number): boolean {
    return end < this.podCount && this.engine.guard(direction, end) !== null;
  }

  /** True when some policy governs an end of the connection in the direction that matters for it. */
  captures(source: number, destination: number): boolean {
    return this.governs('egress', source) || this.governs('ingress', destination);
  }

  private half(direction: Direction, near: number, far: number): number {
    return near < this.podCount ? this.connectivity.side(direction, near, far) : this.sets.all;
  }

  /** What policies allow explicitly: on at least one side by a rule, on the other by a rule or by default. */
  explicitlyAllowed(source: number, destination: number): number {
    const out = this.half('egress', source, destination);
    const into = this.half('ingress', destination, source);
    const both = this.sets.intersection(out, into);
    return this.captures(source, destination) ? both : this.sets.none;
  }

  /** True when `a` holds no port that `b` does not. */
  within(a: number, b: number): boolean {
    return this.sets.difference(a, b) === this.sets.none;
  }

  meets(a: number, b: number): boolean {
    return this.sets.intersection(a, b) !== this.sets.none;
  }

  minus(a: number, b: number): number {
    return this.sets.difference(a, b);
  }

  /** True when this set allows on one side of a pod nothing that the other does not. */
  sideWithin(direction: Direction, pod: number, other: PolicySet): boolean {
    const [mine, theirs] = [this.connectivity.sideRow(direction, pod), other.connectivity.sideRow(direction, pod)];
    return mine.every((ports, end) => ports === theirs[end] || this.within(ports, theirs[end] ?? this.sets.none));
  }

  /** True when both sets allow some same connection on one side of a pod. */
  sideMeets(direction: Direction, pod: number, other: PolicySet): boolean {
    const [mine, theirs] = [this.connectivity.sideRow(direction, pod), other.connectivity.sideRow(direction, pod)];
    return mine.some((ports, end) => ports !== this.sets.none && this.meets(ports, theirs[end] ?? this.sets.none));
  }

  /** Pods whose row in this direction is another in the other set. */
  changedPods(other: PolicySet, direction: Direction): number[] {
    const [mine, theirs] = [this.connectivity, other.connectivity];
    return Array.from({ length: this.podCount }, (_, pod) => pod).filter(
      (pod) => mine.sideRow(direction, pod) !== theirs.sideRow(direction, pod),
    );
  }

  /** Pods a policy selects, by number. */
  selected(policy: Policy): number[] {
    return members(this.engine.compiled(policy).subject);
  }
}

/** A connection of two ends, by number, on which sets differ. */
export interface Difference {
  readonly source: number;
  readonly destination: number;
}

/** Every ordered pair of different ends of which at least one is a pod. */
export function* pairs(set: PolicySet): Generator<Difference> {
  for (let source = 0; source < set.endCount; source++)
    for (let destination = 0; destination < (source < set.podCount ? set.endCount : set.podCount); destination++)
      if (source !== destination) yield { source, destination };
}

/**
 * The first connection on which two sets differ, `null` when they are equivalent. Only what changed on a side is looked
 * at, which makes comparing neighbours cheap.
 */
export function firstDifference(a: PolicySet, b: PolicySet): Difference | null {
  for (const source of a.changedPods(b, 'egress'))
    for (let destination = 0; destination < a.endCount; destination++)
      if (source !== destination && a.allowed(source, destination) !== b.allowed(source, destination))
        return { source, destination };
  for (const destination of a.changedPods(b, 'ingress'))
    for (let source = 0; source < a.endCount; source++)
      if (source !== destination && a.allowed(source, destination) !== b.allowed(source, destination))
        return { source, destination };
  return null;
}

/** True when both sets allow the same connections. */
export function equivalent(a: PolicySet, b: PolicySet): boolean {
  return firstDifference(a, b) === null;
}

function every(set: PolicySet, holds: (source: number, destination: number) => boolean): boolean {
  for (const { source, destination } of pairs(set)) if (!holds(source, destination)) return false;
  return true;
}

/** True when `inner` allows nothing that `outer` does not. */
export function contained(inner: PolicySet, outer: PolicySet): boolean {
  return every(inner, (from, to) => inner.within(inner.allowed(from, to), outer.allowed(from, to)));
}

/** True when `set` allows whatever `wanted` allows explicitly. */
export function permits(set: PolicySet, wanted: PolicySet): boolean {
  return every(set, (from, to) => set.within(wanted.explicitlyAllowed(from, to), set.allowed(from, to)));
}

/** True when `set` allows nothing of what `unwanted` allows explicitly. */
export function forbids(set: PolicySet, unwanted: PolicySet): boolean {
  return every(set, (from, to) => !set.meets(unwanted.explicitlyAllowed(from, to), set.allowed(from, to)));
}

/** True when `other` allows explicitly, between ends both govern, more than `set` does. */
export function interferes(other: PolicySet, set: PolicySet): boolean {
  return !every(
    set,
    (from, to) =>
      !set.captures(from, to) ||
      !other.captures(from, to) ||
      set.within(other.explicitlyAllowed(from, to), set.explicitlyAllowed(from, to)),
  );
}

/** True when the set leaves everything as it is without policies. */
export function isVacuous(set: PolicySet): boolean {
  return equivalent(set, set.revised([]));
}

/** The connectivity map: which ports of TCP, UDP and SCTP every workload may reach on every other, and on which external addresses. */

import { protocols, type Direction } from '../model.js';
import { formatAddress } from './address.js';
import { members } from './bitset.js';
import type { Engine } from './evaluate.js';
import type { Guard, Step } from './guards.js';
import { PortSets, type PortRange } from './ports.js';
import type { CompiledPort, CompiledRule } from './rules.js';

/** One end of a path: a pod by key, or an inclusive range of addresses that belong to no pod. */
export type PathEnd = { readonly pod: string } | { readonly first: string; readonly last: string };

/** Allowed connections from `source` to `destination`; `ports` is never empty. */
export interface Path {
  readonly source: PathEnd;
  readonly destination: PathEnd;
  readonly ports: readonly PortRange[];
}

/** Address intervals next to each other that a pod treats alike. */
export interface ExternalPorts {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  readonly ports: number;
}

/** Counts over workloads, self left out: ordered pairs, and (pair, protocol, port range) tuples. */
export interface EastWest {
  readonly pairs: number;
  readonly paths: number;
  readonly possiblePairs: number;
}

/** The end of a path that is a range of addresses, in canonical text. */
export function addressEnd({ family, first, last }: Omit<ExternalPorts, 'ports'>): PathEnd {
  return { first: formatAddress({ family, value: first }), last: formatAddress({ family, value: last }) };
}

/** Ports a rule opens, per destination pod where it has named ports. */
interface RulePorts {
  readonly everywhere: number;
  readonly byPod: ReadonlyMap<number, number>;
}

/** Numbers for compiled rules, so that equal rows can be found by text. */
class RuleNumbers {
  private readonly numbers = new WeakMap<CompiledRule, number>();
  private next = 0;

  private of(rule: CompiledRule): number {
    let number = this.numbers.get(rule);
    if (number === undefined) this.numbers.set(rule, (number = this.next++));
    return number;
  }

  /** Guards of one signature allow the same, whichever policies they come from. */
  signature(guard: Guard): string {
    const numbers = (rules: readonly CompiledRule[]) => rules.map((rule) => this.of(rule));
    const sorted = (rules: readonly CompiledRule[]) => numbers(rules).sort((a, b) => a - b);
    return JSON.stringify(
      guard.map(({ steps, isolatedBy }) => [
        isolatedBy === null,
        steps.map((step) =>
          step.precedence === 'ordered'
            ? numbers(step.rules)
            : [sorted(step.denying.flat()), sorted(step.allowing.flat())],
        ),
      ]),
    );
  }
}

/** What maps of one chain of revisions share. Rows are kept by what they are computed from, up to a bound. */
class RowMemory {
  readonly rulePorts = new Map<CompiledRule, RulePorts>();
  readonly signatures = new WeakMap<Guard, string>();
  readonly externals = new WeakMap<Int32Array, readonly ExternalPorts[]>();
  private readonly ruleNumbers = new RuleNumbers();
  private rows = new Map<string, Int32Array>();

  constructor(
    readonly size: number,
    readonly open: Int32Array,
  ) {}

  signature(guard: Guard): string {
    let text = this.signatures.get(guard);
    if (text === undefined) this.signatures.set(guard, (text = this.ruleNumbers.signature(guard)));
    return text;
  }

  row(key: string, compute: () => Int32Array): Int32Array {
    let row = this.rows.get(key);
    if (row === undefined) {
      if (this.rows.size * this.size > mostRowEntries) {
        this.rows = new Map();
        this.rulePorts.clear();
      }
      this.rows.set(key, (row = compute()));
    }
    return row;
  }
}

/** About 100 MB; a map of its own may need more, and keeps it. */
const mostRowEntries = 25_000_000;

export class Connectivity {
  private readonly size: number;
  private readonly memory: RowMemory;
  private readonly egress: readonly Int32Array[];
  private readonly ingress: readonly Int32Array[];

  /** Maps that share `sets` can be compared by number. What `previous` has is taken over from it. */
  constructor(
    readonly engine: Engine,
    readonly sets: PortSets = new PortSets(),
    previous: Connectivity | null = null,
  ) {
    this.size = engine.podCount + engine.intervals.count;
    this.memory = previous?.memory ?? new RowMemory(this.size, new Int32Array(this.size).fill(sets.all));
    const { open } = this.memory;
    const rowsOf = (direction: Direction) =>
      engine.topology.pods.map((_, pod) => {
        const guard = engine.guard(direction, pod);
        if (guard === null) return open;
        if (previous !== null && previous.engine.guard(direction, pod) === guard)
          return previous.sideRow(direction, pod);
        return this.row(guard, direction, pod);
      });
    this.egress = rowsOf('egress');
    this.ingress = rowsOf('ingress');
  }

  /** The map of `engine`, which is this map's engine revised; what did not change is not computed again. */
  revised(engine: Engine): Connectivity {
    const comparable = engine.intervals === this.engine.intervals;
    return new Connectivity(engine, this.sets, comparable ? this : null);
  }

  private listed(entries: readonly CompiledPort[]): { everywhere: number; byPod: Map<number, number> } {
    const { sets } = this;
    let everywhere = sets.none;
    const byPod = new Map<number, number>();
    for (const entry of entries)
      if (entry.protocol >= protocols.length) continue;
      else if (entry.declared === null)
        everywhere = sets.union(everywhere, sets.range(entry.protocol, entry.first, entry.last));
      else
        for (const [pod, declared] of entry.declared)
          for (const port of declared) {
            const set = sets.range(port >> 16, port & 0xffff, port & 0xffff);
            byPod.set(pod, sets.union(byPod.get(pod) ?? sets.none, set));
          }
    for (const [pod, set] of byPod) byPod.set(pod, sets.union(set, everywhere));
    return { everywhere, byPod };
  }

  private portsOf(rule: CompiledRule): RulePorts {
    let ports = this.memory.rulePorts.get(rule);
    if (ports !== undefined) return ports;
    const { sets } = this;
    const { everywhere, byPod } =
      rule.ports === null ? { everywhere: sets.all, byPod: new Map<number, number>() } : this.listed(rule.ports);
    ports = { everywhere, byPod };
    if (rule.notPorts.length > 0) {
      const not = this.listed(rule.notPorts);
      const left = (pod: number) => sets.difference(byPod.get(pod) ?? everywhere, not.byPod.get(pod) ?? not.everywhere);
      const pods = new Set([...byPod.keys(), ...not.byPod.keys()]);
      ports = {
        everywhere: sets.difference(everywhere, not.everywhere),
        byPod: new Map([...pods].map((pod) => [pod, left(pod)])),
      };
    }
    this.memory.rulePorts.set(rule, ports);
    return ports;
  }

  /** Named ports resolve on the destination, so an ingress row depends on what its pod declares. */
  private row(guard: Guard, direction: Direction, pod: number): Int32Array {
    const declared = direction === 'ingress' ? JSON.stringify(this.engine.topology.pods[pod]?.namedPorts) : '';
    const key = `${direction} ${this.memory.signature(guard)} ${declared}`;
    return this.memory.row(key, () => this.computeRow(guard, direction, pod));
  }

  private apply(
    row: Int32Array,
    rule: CompiledRule,
    subject: number | null,
    change: (before: number, ports: number, endpoint: number) => number,
  ): void {
    const { everywhere, byPod } = this.portsOf(rule);
    const one = (endpoint: number) => {
      const ports = byPod.get(subject ?? endpoint) ?? everywhere;
      row[endpoint] = change(row[endpoint] ?? 0, ports, endpoint);
    };
    if (rule.anyPeer === null) for (let endpoint = 0; endpoint < row.length; endpoint++) one(endpoint);
    else for (const endpoint of members(rule.anyPeer)) one(endpoint);
  }

  /**
   * What one pod's side allows per far endpoint. Tiers and rules are laid over each other from the last to the first,
   * so that the first matching rule is the one that stays.
   */
  private computeRow(guard: Guard, direction: Direction, pod: number): Int32Array {
    const { sets } = this;
    const subject = direction === 'ingress' ? pod : null;
    let row = new Int32Array(this.size).fill(sets.all);
    for (const { steps, isolatedBy } of guard.toReversed()) {
      const next = row;
      row = isolatedBy === null ? next.slice() : new Int32Array(this.size).fill(sets.none);
      for (const step of steps.toReversed()) this.applyStep(row, step, subject, next);
    }
    return row;
  }

  /** `next` is what the following tiers allow, where a passing rule leads. */
  private applyStep(row: Int32Array, step: Step, subject: number | null, next: Int32Array): void {
    const { sets } = this;
    const rules = step.precedence === 'ordered' ? step.rules.toReversed() : [...step.allowing, ...step.denying].flat();
    for (const rule of rules)
      this.apply(row, rule, subject, (before, ports, endpoint) => {
        if (rule.action === 'Accept') return sets.union(before, ports);
        const rest = sets.difference(before, ports);
        return rule.action === 'Deny' ? rest : sets.union(rest, sets.intersection(next[endpoint] ?? 0, ports));
      });
  }

  /** The set of ports from one endpoint to another, by endpoint number; self and external to external are all ports. */
  between(source: number, destination: number): number {
    const { podCount } = this.engine;
    if (source === destination) return this.sets.all;
    const out = source < podCount ? (this.egress[source]?.[destination] ?? 0) : this.sets.all;
    if (out === this.sets.none || destination >= podCount) return out;
    return this.sets.intersection(out, this.ingress[destination]?.[source] ?? 0);
  }

  /**
   * The ports one side allows, by endpoint numbers: of `near`, which must be a pod, towards or from `far`. Two maps with
   * the same row object allow the same on that side.
   */
  side(direction: Direction, near: number, far: number): number {
    return this[direction][near]?.[far] ?? this.sets.none;
  }

  /** What one side allows per endpoint; the array is shared and must not be changed. */
  sideRow(direction: Direction, pod: number): Int32Array {
    return this[direction][pod] ?? this.memory.open;
  }

  /** What a pod may send to (egress) or receive from (ingress) external addresses, neighbours alike merged. */
  external(direction: Direction, pod: number): readonly ExternalPorts[] {
    const row = this.sideRow(direction, pod);
    let merged = this.memory.externals.get(row);
    if (merged === undefined) this.memory.externals.set(row, (merged = this.mergedExternals(row)));
    return merged;
  }

  private mergedExternals(row: Int32Array): readonly ExternalPorts[] {
    const { podCount, intervals } = this.engine;
    const merged: { family: 4 | 6; first: bigint; last: bigint; ports: number }[] = [];
    for (let interval = 0; interval < intervals.count; interval++) {
      const ports = row[podCount + interval] ?? 0;
      const range = intervals.range(interval);
      const before = merged.at(-1);
      if (before?.family === range.family && before.ports === ports) before.last = range.last;
      else merged.push({ ...range, ports });
    }
    return merged;
  }

  /** Every allowed path: pods in the topology's order, then external addresses; a pod to itself is left out. */
  *paths(): Generator<Path> {
    const { pods } = this.engine.topology;
    for (const [source, from] of pods.entries()) {
      for (const [destination, to] of pods.entries()) {
        const ports = source === destination ? 0 : this.between(source, destination);
        if (ports !== 0)
          yield { source: { pod: from.key }, destination: { pod: to.key }, ports: this.sets.ranges(ports) };
      }
      for (const range of this.external('egress', source))
        if (range.ports !== 0)
          yield { source: { pod: from.key }, destination: addressEnd(range), ports: this.sets.ranges(range.ports) };
      for (const range of this.external('ingress', source))
        if (range.ports !== 0)
          yield { source: addressEnd(range), destination: { pod: from.key }, ports: this.sets.ranges(range.ports) };
    }
  }

  /** Open east-west paths and the pairs they join; segmentedness is `1 - pairs / possiblePairs`. */
  eastWest(): EastWest {
    const count = this.engine.podCount;
    const lengths = new Map<number, number>();
    let pairs = 0;
    let paths = 0;
    for (let source = 0; source < count; source++)
      for (let destination = 0; destination < count; destination++) {
        const ports = source === destination ? 0 : this.between(source, destination);
        if (ports === 0) continue;
        let length = lengths.get(ports);
        if (length === undefined) lengths.set(ports, (length = this.sets.ranges(ports).length));
        pairs++;
        paths += length;
      }
    return { pairs, paths, possiblePairs: count * (count - 1) };
  }
}

/** A draft policy set held against recorded flow edges: what it would have done to each. Pure; edges are streamed. */

import { flowProtocols, type Policy } from '../model.js';
import type { Pod, Topology, Verdict } from '../simulation/evaluate.js';
import { baseOf, Side } from './side.js';

/** Of the engine and of these rules together: part of a result, since another version may judge otherwise. */
export const replayVersion = 2;

/**
 * An edge as the inventory keeps it: `source` and `destination` are workload keys, or `ip:` and an address; `port` is -1
 * where none was recorded; `flows` is how many flows were summed up. `firstTime` and `time`, in
 * seconds since 1970, are those of the first and the last of them: labels are taken as of then where workloads have a history.
 */
export interface RecordedEdge {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly flows: number;
  readonly firstTime?: number;
  readonly time?: number;
}

/** Labels a workload was first seen with at `since`, in seconds since 1970. */
export interface LabelsSince {
  readonly since: number;
  readonly labels: Readonly<Record<string, string>>;
}

/**
 * A workload. `labels` are those it has now, null where no record showed any; `history`, oldest first, says which it had
 * when, and then alone decides.
 */
export interface ReplayWorkload {
  readonly key: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>> | null;
  readonly history?: readonly LabelsSince[];
}

export const edgeClasses = ['newly_blocked', 'newly_allowed', 'uncertain', 'stays_allowed', 'stays_denied'] as const;
export type EdgeClass = (typeof edgeClasses)[number];

/**
 * Why an edge cannot be judged.
 *
 * - `unknown_workload`: an end is no workload the inventory knows, lies in no namespace, or is no address.
 * - `labels_unknown`: no record showed labels of an end, or none until then; or they changed between the flows of
 *   the edge, and what becomes of it changes with them.
 * - `not_modelled`: the protocol or port was not recorded or cannot be simulated, or a policy that may decide says
 *   something beyond the model or asks for what is not recorded of workloads (addresses, named ports, labels of
 *   namespaces).
 * - `option_dependent`: whether an `ipBlock` covers addresses of pods, which differs between network plugins, decides.
 */
export const uncertainReasons = ['unknown_workload', 'labels_unknown', 'not_modelled', 'option_dependent'] as const;
export type UncertainReason = (typeof uncertainReasons)[number];

/** Of one edge. A changed edge carries the verdicts before and after, with the rules behind each. */
export type EdgeOutcome =
  | { readonly class: 'stays_allowed' | 'stays_denied' }
  | { readonly class: 'newly_blocked' | 'newly_allowed'; readonly before: Verdict; readonly after: Verdict }
  | { readonly class: 'uncertain'; readonly reason: UncertainReason };

export interface ReplaySet {
  readonly inForce: readonly Policy[];
  readonly draft: readonly Policy[];
  readonly workloads: readonly ReplayWorkload[];
  /** Empty where labels of namespaces are not known. */
  readonly namespaces: Topology['namespaces'];
  /**
   * False where the network plugin is known to apply no `ipBlock` to addresses of pods. Where it does, or nobody said,
   * an `ipBlock` may cover any workload, as their addresses are not recorded.
   */
  readonly ipBlockMatchesPods?: boolean | null;
}

const staysAllowed: EdgeOutcome = { class: 'stays_allowed' };
const staysDenied: EdgeOutcome = { class: 'stays_denied' };
const uncertain = Object.fromEntries(
  uncertainReasons.map((reason): [UncertainReason, EdgeOutcome] => [reason, { class: 'uncertain', reason }]),
) as Readonly<Record<UncertainReason, EdgeOutcome>>; // Made of every reason.

const protocolNumbers: ReadonlyMap<string, number> = new Map(
  flowProtocols.map((name, number) => [name.toUpperCase(), number]),
);

/** An end of an edge: its number under both sets, or why it cannot be judged. */
type End = number | EdgeOutcome;

/** A workload whose labels changed: its end since each of the times, ascending. */
interface Timeline {
  readonly since: readonly number[];
  readonly ends: readonly End[];
}

const none: readonly number[] = [];

/** So that a flood of addresses does not take memory without bound. */
const rememberedAddresses = 100_000;

/** Draft policies that say the same as one in force become that one, so that engines see what did not change. */
export function sharing(inForce: readonly Policy[], draft: readonly Policy[]): readonly Policy[] {
  const known = new Map(inForce.map((policy) => [JSON.stringify(policy), policy]));
  return draft.map((policy) => known.get(JSON.stringify(policy)) ?? policy);
}

/** Judges edges one by one under the policies in force and under the draft; holds nothing of the edges. */
export class Replay {
  private readonly before: Side;
  private readonly after: Side;
  private readonly workloads: ReadonlyMap<string, End | Timeline>;
  private readonly addresses = new Map<string, End>();
  private readonly flagsOption: boolean;

  /** @throws TypeError when two workloads share a key */
  constructor({ inForce, draft, workloads, namespaces, ipBlockMatchesPods = null }: ReplaySet) {
    const pods: Pod[] = [];
    const keys = new Map<string, End | Timeline>();
    for (const workload of workloads) {
      if (workload.namespace === null) continue;
      if (keys.has(workload.key)) throw new TypeError(`expected every workload once, got ${workload.key} again`);
      const place = ({ labels }: Pick<ReplayWorkload, 'labels'>): End =>
        labels === null ? uncertain.labels_unknown : pods.push(podOf(workload, labels, pods.length)) - 1;
      const { history } = workload;
      keys.set(
        workload.key,
        history === undefined
          ? place(workload)
          : { since: history.map(({ since }) => since), ends: history.map(place) },
      );
    }
    this.workloads = keys;
    const shared = sharing(inForce, draft);
    const topology = { namespaces, pods };
    const base = baseOf(topology, [...new Set([...inForce, ...shared])]);
    this.flagsOption = ipBlockMatchesPods !== false;
    this.before = new Side(base, inForce, !this.flagsOption);
    this.after = new Side(this.before.base, shared, !this.flagsOption);
  }

  private end(end: string, time: number | undefined): End {
    if (!end.startsWith('ip:')) {
      const known = this.workloads.get(end) ?? uncertain.unknown_workload;
      return typeof known === 'object' && 'since' in known ? endAt(known, time) : known;
    }
    let known = this.addresses.get(end);
    if (known === undefined) {
      const number = this.before.engine.endpointNumber({ ip: end.slice(3) });
      known = number === -1 ? uncertain.unknown_workload : number;
      if (this.addresses.size >= rememberedAddresses) this.addresses.clear();
      this.addresses.set(end, known);
    }
    return known;
  }

  /** The explained verdict of the policies in force alone; the outcome `uncertain` where it cannot be told. */
  verdictInForce(edge: RecordedEdge): Verdict | EdgeOutcome {
    const placed = this.place(edge, edge.time);
    if ('class' in placed) return placed;
    const { source, destination, protocol, port } = placed;
    const verdict = this.before.verdict(source, destination, protocol, port);
    if (this.before.beyondModel(verdict, source, destination)) return uncertain.not_modelled;
    if (this.before.dependsOnOption(verdict, source, destination, protocol, port)) return uncertain.option_dependent;
    return verdict;
  }

  judge(edge: RecordedEdge): EdgeOutcome {
    const outcome = this.judgeAt(edge, edge.time);
    if (outcome.class === 'uncertain') return outcome;
    for (const time of this.changesWithin(edge)) {
      const earlier = this.judgeAt(edge, time);
      if (earlier.class !== outcome.class && earlier !== uncertain.labels_unknown) return uncertain.labels_unknown;
    }
    return outcome;
  }

  /** Times at which the ends had other labels than at the last flow: that of the first flow, and when they changed until the last. */
  private changesWithin({ source, destination, firstTime, time }: RecordedEdge): readonly number[] {
    if (firstTime === undefined || time === undefined || firstTime === time) return none;
    const times = new Set<number>();
    for (const key of [source, destination]) {
      const known = this.workloads.get(key);
      if (typeof known !== 'object' || !('since' in known)) continue;
      const [first, last] = [placeAt(known, firstTime), placeAt(known, time)];
      if (first === last) continue;
      times.add(firstTime);
      for (const since of known.since.slice(first, last)) times.add(since);
    }
    return times.size === 0 ? none : [...times];
  }

  private judgeAt(edge: RecordedEdge, time: number | undefined): EdgeOutcome {
    const placed = this.place(edge, time);
    if ('class' in placed) return placed;
    const { before, after } = this;
    const { source, destination, protocol, port } = placed;
    const was = before.verdict(source, destination, protocol, port);
    const same =
      before.engine.guard('egress', source) === after.engine.guard('egress', source) &&
      before.engine.guard('ingress', destination) === after.engine.guard('ingress', destination);
    const becomes = same ? was : after.verdict(source, destination, protocol, port);
    if (before.beyondModel(was, source, destination) || (!same && after.beyondModel(becomes, source, destination)))
      return uncertain.not_modelled;
    if (
      this.flagsOption &&
      (before.dependsOnOption(was, source, destination, protocol, port) ||
        (!same && after.dependsOnOption(becomes, source, destination, protocol, port)))
    )
      return uncertain.option_dependent;
    if (was.allowed === becomes.allowed) return was.allowed ? staysAllowed : staysDenied;
    return { class: becomes.allowed ? 'newly_allowed' : 'newly_blocked', before: was, after: becomes };
  }

  /** What decides before and after, whichever class the edge has; null where an end or the port cannot be placed. */
  explain(edge: RecordedEdge): { readonly before: Verdict; readonly after: Verdict } | null {
    const placed = this.place(edge, edge.time);
    if ('class' in placed) return null;
    const { source, destination, protocol, port } = placed;
    return {
      before: this.before.verdict(source, destination, protocol, port),
      after: this.after.verdict(source, destination, protocol, port),
    };
  }

  private place(edge: RecordedEdge, time: number | undefined): Placed | EdgeOutcome {
    const source = this.end(edge.source, time);
    if (typeof source === 'object') return source;
    const destination = this.end(edge.destination, time);
    if (typeof destination === 'object') return destination;
    const protocol = protocolNumbers.get(edge.protocol) ?? protocolNumbers.get(edge.protocol.toUpperCase());
    const { port } = edge;
    if (protocol === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return uncertain.not_modelled;
    return { source, destination, protocol, port };
  }
}

interface Placed {
  readonly source: number;
  readonly destination: number;
  readonly protocol: number;
  readonly port: number;
}

function podOf({ key, namespace, name }: ReplayWorkload, labels: Pod['labels'], at: number): Pod {
  // A workload of several label sets stands there once for each; nobody asks for a pod by its key.
  return { key: `${at} ${key}`, namespace: namespace ?? '', name, labels, ips: [], namedPorts: [], hostNetwork: false };
}

/** How many of the times are not after `time`. */
function placeAt({ since }: Timeline, time: number): number {
  let [low, high] = [0, since.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((since[middle] ?? 0) <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function endAt(timeline: Timeline, time = Number.POSITIVE_INFINITY): End {
  return timeline.ends[placeAt(timeline, time) - 1] ?? uncertain.labels_unknown;
}

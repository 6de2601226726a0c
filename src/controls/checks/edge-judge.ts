/** Whether the policies in force allowed an observed edge, from the pure simulator and the history of policies. */

import { policyIdText, protocols, type Direction, type Policy } from '../../policies/model.js';
import { compile, type Engine, type Pod, type SideVerdict, type Topology } from '../../policies/simulation/evaluate.js';
import type { EdgeView, EvidenceSnapshot, WorkloadView } from '../model.js';
import { bounded, isExact } from './policy-bounds.js';
import { PolicyHistory } from './policy-history.js';

/** Why an edge cannot be judged. */
export type Uncertainty =
  | 'unknown_end'
  | 'unknown_address'
  | 'protocol_or_port'
  | 'policy_not_read'
  | 'labels_or_named_port'
  | 'destination_not_heard';

/**
 * The judgement of an edge with verdict `allow`.
 *
 * - `covered`: a rule of a policy in force allows it
 * - `denied`: the policies in force isolate `subject` and none allows it
 * - `default`: no policy selects `subject`, so it was allowed by default
 * - `exempt`: not for policies to decide (a node to its own pods), or denied at the destination afterwards
 */
export type EdgeJudgement =
  | { readonly outcome: 'covered' | 'exempt' }
  | { readonly outcome: 'denied'; readonly subject: string; readonly by: readonly string[] }
  | { readonly outcome: 'default'; readonly subject: string; readonly direction: Direction }
  | { readonly outcome: 'uncertain'; readonly why: Uncertainty };

type Side =
  | { readonly kind: 'allowed' | 'open' | 'external' }
  | { readonly kind: 'denied'; readonly by: readonly string[] }
  | { readonly kind: 'uncertain'; readonly why: Uncertainty };

/** An end of an edge: a workload, an address, any address that is no workload's, the workload's own node, or unknown. */
type Place =
  | { readonly kind: 'pod'; readonly key: string; readonly namespace: string }
  | { readonly kind: 'address'; readonly ip: string }
  | { readonly kind: 'outside' | 'own_node' | 'unknown' };

/** What edges of all days, directions and verdicts between two ends have in common, with the sides judged so far. */
interface Connection {
  readonly from: Place;
  readonly to: Place;
  /** Position in `protocols`; -1 for one that policies do not speak of. */
  readonly protocol: number;
  readonly port: number | null;
  /** By position in the states of the guarded workload's namespace. */
  readonly sides: Readonly<Record<Direction, Map<number, Side>>>;
}

interface Bounds {
  readonly lower: Engine;
  readonly upper: Engine;
  /** Content unknown but of a kind that only adds permissions; or of a kind that may do anything. */
  readonly unread: 'none' | 'additive' | 'any';
}

const outsideNames = new Set(['world', 'world-ipv4', 'world-ipv6', 'remote-node', 'kube-apiserver', 'ingress']);
const ownNodeNames = new Set(['host', 'health']);
const namespaceLabelPrefix = 'io.cilium.k8s.namespace.labels.';
const external: Side = { kind: 'external' };
/** What allowed at any time of the edge beats what denied at another: the flows may be of that time. */
const preference: readonly Side['kind'][] = ['allowed', 'uncertain', 'open', 'denied', 'external'];

function namespacesOf(workloads: readonly WorkloadView[]): Topology['namespaces'] {
  const namespaces = new Map<string, Record<string, string>>();
  for (const { namespace, labels } of workloads) {
    if (namespace === null) continue;
    for (const [key, value] of Object.entries(labels)) {
      if (!key.startsWith(namespaceLabelPrefix)) continue;
      const known = namespaces.get(namespace) ?? {};
      known[key.slice(namespaceLabelPrefix.length)] = value;
      namespaces.set(namespace, known);
    }
  }
  return [...namespaces].map(([name, labels]) => ({ name, labels }));
}

/** The namespace policies select the workload in; null for what is no pod, whatever namespace its record names. */
function podNamespace(workload: WorkloadView | undefined): string | null {
  return workload?.key.startsWith('k8s:') ? workload.namespace : null;
}

/** A second pod of a workload that talks to itself: between two pods of one workload policies do decide. */
const twinOf = (key: string) => `${key} (another pod)`;

function podOf({ key, name, labels }: WorkloadView, namespace: string): Pod {
  return { key, namespace, name, labels, ips: [], namedPorts: [], hostNetwork: false };
}

function sideOf({ by, allowed }: SideVerdict): Side {
  if (by === 'external') return external;
  if (typeof by === 'string') return { kind: 'open' };
  if ('isolatedBy' in by) return { kind: 'denied', by: by.isolatedBy.map(policyIdText) };
  return allowed ? { kind: 'allowed' } : { kind: 'denied', by: by.policies.map(({ policy }) => policyIdText(policy)) };
}

const edgeKey = ({ day, source, destination, protocol, port }: EdgeView) =>
  `${day}|${source}|${destination}|${protocol}|${port}`;

/**
 * Judges edges of one snapshot. Workload labels are those last seen; `ipBlock` peers are taken not to cover workload
 * addresses, which the records do not hold.
 */
export class EdgeJudge {
  private readonly history: PolicyHistory;
  private readonly workloads: ReadonlyMap<string, WorkloadView>;
  private readonly topology: Topology;
  private readonly labelsKnown: boolean;
  private readonly heardAtDestination: ReadonlySet<string>;
  private readonly bounds = new Map<string, Bounds>();
  private readonly connections = new Map<string, Connection>();

  constructor({ workloads, segments, policyVersions, edges }: EvidenceSnapshot) {
    const all = [...workloads, ...segments.flatMap((segment) => segment.workloads)];
    this.workloads = new Map(all.map((workload) => [workload.key, workload]));
    const talksToItself = new Set(edges.filter((edge) => edge.source === edge.destination).map(({ source }) => source));
    const pods = [...this.workloads.values()].flatMap((workload) => {
      const namespace = podNamespace(workload);
      if (namespace === null) return [];
      const pod = podOf(workload, namespace);
      return talksToItself.has(pod.key) ? [pod, { ...pod, key: twinOf(pod.key) }] : [pod];
    });
    this.topology = { namespaces: namespacesOf(all), pods };
    const labelled = new Set(this.topology.namespaces.map(({ name }) => name));
    this.labelsKnown = pods.every(({ namespace }) => labelled.has(namespace));
    this.history = new PolicyHistory(policyVersions);
    this.heardAtDestination = new Set(edges.filter(({ direction }) => direction === 'ingress').map(edgeKey));
  }

  private place(key: string): Place {
    const namespace = podNamespace(this.workloads.get(key));
    if (namespace !== null) return { kind: 'pod', key, namespace };
    const [prefix, rest = ''] = key.split(/:(.*)/s);
    if (prefix === 'ip') return { kind: 'address', ip: rest };
    if (prefix === 'reserved' && outsideNames.has(rest)) return { kind: 'outside' };
    return { kind: prefix === 'reserved' && ownNodeNames.has(rest) ? 'own_node' : 'unknown' };
  }

  private boundsAt(namespace: string, position: number): Bounds {
    const key = `${namespace}|${position}`;
    let bounds = this.bounds.get(key);
    if (bounds === undefined) this.bounds.set(key, (bounds = this.compileBounds(namespace, position)));
    return bounds;
  }

  private compileBounds(namespace: string, position: number): Bounds {
    const readable: Policy[] = [];
    let unread: Bounds['unread'] = 'none';
    for (const { version, policy } of this.history.statesOf(namespace)[position]?.policies ?? []) {
      if (policy !== null && (policy.tier === 'NetworkPolicy' || isExact(policy, this.labelsKnown)))
        readable.push(policy);
      else unread = unread !== 'any' && version.kind === 'NetworkPolicy' ? 'additive' : 'any';
    }
    const options = { ipBlockMatchesPods: false };
    if (readable.every((policy) => isExact(policy, this.labelsKnown))) {
      const exact = compile(this.topology, readable, options);
      return { lower: exact, upper: exact, unread };
    }
    const engine = (bound: 'lower' | 'upper') =>
      compile(
        this.topology,
        readable.map((policy) =>
          isExact(policy, this.labelsKnown) ? policy : bounded(policy, bound, this.labelsKnown),
        ),
        options,
      );
    return { lower: engine('lower'), upper: engine('upper'), unread };
  }

  /** Endpoint numbers a place may have; several for an address that is not known. */
  private numbers(engine: Engine, place: Place): number[] {
    if (place.kind === 'pod') return [engine.endpointNumber({ pod: place.key })];
    if (place.kind === 'address') return [engine.endpointNumber({ ip: place.ip })];
    return Array.from({ length: engine.intervals.count }, (_, interval) => engine.podCount + interval);
  }

  private sideIn(engine: Engine, direction: Direction, { from, to, protocol, port }: Connection): Side {
    const [sources, destinations] = [this.numbers(engine, from), this.numbers(engine, to)];
    let first: Side | null = null;
    for (const source of sources)
      for (const destination of destinations) {
        if (source === -1 || destination === -1 || port === null) return { kind: 'uncertain', why: 'unknown_end' };
        const side = sideOf(engine.verdictOf(source, destination, protocol, port)[direction]);
        if (first !== null && first.kind !== side.kind) return { kind: 'uncertain', why: 'unknown_address' };
        first ??= side;
      }
    return first ?? { kind: 'uncertain', why: 'unknown_end' };
  }

  private sideAt(direction: Direction, namespace: string, position: number, connection: Connection): Side {
    const known = connection.sides[direction].get(position);
    if (known !== undefined) return known;
    const { lower, upper, unread } = this.boundsAt(namespace, position);
    const most = this.sideIn(upper, direction, connection);
    const least = lower === upper ? most : this.sideIn(lower, direction, connection);
    let side: Side = least;
    if (least.kind !== most.kind) side = { kind: 'uncertain', why: 'labels_or_named_port' };
    if (unread === 'any' || (unread === 'additive' && least.kind !== 'allowed'))
      side = { kind: 'uncertain', why: 'policy_not_read' };
    connection.sides[direction].set(position, side);
    return side;
  }

  /** One side over the time of the edge: the states at its first and last time, and all between. */
  private side(direction: Direction, edge: EdgeView, connection: Connection): Side {
    const subject = connection[direction === 'egress' ? 'from' : 'to'];
    if (subject.kind !== 'pod') return external;
    const { namespace } = subject;
    let best: Side | null = null;
    for (const at of this.history.positionsWithin(namespace, edge.firstTime, edge.lastTime)) {
      const side = this.sideAt(direction, namespace, at, connection);
      if (side.kind === 'allowed') return side;
      if (best === null || preference.indexOf(side.kind) < preference.indexOf(best.kind)) best = side;
    }
    return best ?? external;
  }

  private connectionOf({ source, destination, protocol, port }: EdgeView): Connection {
    const key = `${source}|${destination}|${protocol}|${port}`;
    let connection = this.connections.get(key);
    if (connection === undefined) {
      const [from, to] = [this.place(source), this.place(destination)];
      connection = {
        from,
        to: from.kind === 'pod' && source === destination ? { ...from, key: twinOf(source) } : to,
        protocol: protocols.findIndex((known) => known === protocol.toUpperCase()),
        port,
        sides: { egress: new Map<number, Side>(), ingress: new Map<number, Side>() },
      };
      this.connections.set(key, connection);
    }
    return connection;
  }

  /** Judges an edge whose verdict is `allow`; other verdicts are not asked about here. */
  judge(edge: EdgeView): EdgeJudgement {
    const connection = this.connectionOf(edge);
    const ends = [connection.from.kind, connection.to.kind];
    if (ends.includes('own_node')) return { outcome: 'exempt' };
    if (ends.includes('unknown') || !ends.includes('pod')) return { outcome: 'uncertain', why: 'unknown_end' };
    if (connection.protocol === -1 || connection.port === null)
      return { outcome: 'uncertain', why: 'protocol_or_port' };
    const egress = this.side('egress', edge, connection);
    const ingress = this.side('ingress', edge, connection);
    return edge.direction === 'egress' ? this.judgeEgress(edge, egress, ingress) : judgeArrived(edge, egress, ingress);
  }

  /** Reported where it left: whether it arrived is for the destination to say. */
  private judgeEgress(edge: EdgeView, egress: Side, ingress: Side): EdgeJudgement {
    const { source, destination } = edge;
    if (egress.kind === 'denied') return { outcome: 'denied', subject: source, by: egress.by };
    if (egress.kind === 'uncertain') return { outcome: 'uncertain', why: egress.why };
    if (egress.kind === 'allowed' || ingress.kind === 'allowed') return { outcome: 'covered' };
    if (ingress.kind === 'uncertain') return { outcome: 'uncertain', why: ingress.why };
    if (ingress.kind === 'denied')
      return this.heardAtDestination.has(edgeKey(edge))
        ? { outcome: 'exempt' }
        : { outcome: 'uncertain', why: 'destination_not_heard' };
    return egress.kind === 'open'
      ? { outcome: 'default', subject: source, direction: 'egress' }
      : { outcome: 'default', subject: destination, direction: 'ingress' };
  }
}

/** Reported where it arrived, or by neither end: both sides must have let it through. */
function judgeArrived({ source, destination, direction }: EdgeView, egress: Side, ingress: Side): EdgeJudgement {
  if (ingress.kind === 'denied') return { outcome: 'denied', subject: destination, by: ingress.by };
  if (egress.kind === 'denied') return { outcome: 'denied', subject: source, by: egress.by };
  if (ingress.kind === 'open') return { outcome: 'default', subject: destination, direction: 'ingress' };
  if (ingress.kind === 'uncertain') return { outcome: 'uncertain', why: ingress.why };
  if (ingress.kind === 'allowed') return { outcome: 'covered' };
  if (egress.kind === 'uncertain') return { outcome: 'uncertain', why: egress.why };
  if (egress.kind === 'allowed' && direction === 'unknown') return { outcome: 'covered' };
  return { outcome: 'default', subject: source, direction: 'egress' };
}

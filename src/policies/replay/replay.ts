/** A draft policy set held against recorded flow edges: what it would have done to each. Pure; edges are streamed. */

import { flowProtocols, type Direction, type Peer, type Policy, type Rule } from '../model.js';
import {
  compile,
  type Endpoint,
  type Engine,
  type Guard,
  type Pod,
  type Topology,
  type Verdict,
} from '../simulation/evaluate.js';

/** Of the engine and of these rules together: part of a result, since another version may judge otherwise. */
export const replayVersion = 1;

/**
 * An edge as the inventory keeps it: `source` and `destination` are workload keys, or `ip:` and an address; `port` is -1
 * where none was recorded; `flows` is how many flows were summed up.
 */
export interface RecordedEdge {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly flows: number;
}

/** A workload as known at the time the labels are taken of; `labels` is null where no record showed any. */
export interface ReplayWorkload {
  readonly key: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>> | null;
}

export const edgeClasses = ['newly_blocked', 'newly_allowed', 'uncertain', 'stays_allowed', 'stays_denied'] as const;
export type EdgeClass = (typeof edgeClasses)[number];

/**
 * Why an edge cannot be judged.
 *
 * - `unknown_workload`: an end is no workload the inventory knows, lies in no namespace, or is no address.
 * - `labels_unknown`: no record showed labels of an end.
 * - `not_modelled`: the protocol or port was not recorded or cannot be simulated, or a policy that may decide says
 *   something beyond the model or asks for what is not recorded of workloads (addresses, named ports).
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
  readonly namespaces: Topology['namespaces'];
}

const staysAllowed: EdgeOutcome = { class: 'stays_allowed' };
const staysDenied: EdgeOutcome = { class: 'stays_denied' };
const uncertain = Object.fromEntries(
  uncertainReasons.map((reason): [UncertainReason, EdgeOutcome] => [reason, { class: 'uncertain', reason }]),
) as Readonly<Record<UncertainReason, EdgeOutcome>>; // Made of every reason.

const protocolNumbers: ReadonlyMap<string, number> = new Map(
  flowProtocols.map((name, number) => [name.toUpperCase(), number]),
);

const unmodelledPeers: ReadonlySet<string> = new Set(['nodes', 'domainNames', 'unknown', 'unmodelled']);

/** Whether members of a peer cannot be told from keys and labels: addresses and accounts of workloads are not recorded. */
function hiddenPeer(peer: Peer): boolean {
  switch (peer.kind) {
    case 'networks':
      return !peer.cidrs.includes('0.0.0.0/0');
    case 'addressList':
      return peer.coversPods;
    case 'entity':
      return peer.nets !== null || peer.notNets.length + peer.sets.length + peer.notSets.length > 0;
    case 'hosts':
      return true;
    default:
      return unmodelledPeers.has(peer.kind);
  }
}

function rulesOf(policy: Policy): readonly Rule[] {
  return [...(policy.ingress ?? []), ...(policy.egress ?? [])];
}

function beyondModel(policy: Policy): boolean {
  return (
    policy.unmodelled !== undefined ||
    rulesOf(policy).some(
      ({ unmodelled, peers, near, ports, notPorts }) =>
        unmodelled !== undefined ||
        peers?.some(hiddenPeer) === true ||
        (near !== undefined && hiddenPeer(near)) ||
        [...(ports ?? []), ...(notPorts ?? [])].some(({ kind }) => kind === 'named'),
    )
  );
}

/** Rules that only allow show up in the reason when they match, and their policy in `isolatedBy` when they do not; others may decide unseen. */
function maySayMoreUnseen(policy: Policy): boolean {
  return policy.precedence === 'ordered' || rulesOf(policy).some(({ action }) => action !== 'Accept');
}

function hasIpBlock(policy: Policy): boolean {
  return rulesOf(policy).some(({ peers }) => peers?.some(({ kind }) => kind === 'ipBlock') === true);
}

const anyPod: Peer = { kind: 'pods', namespaces: [], pods: [] };

/** Addresses of recorded workloads are not known, so every `ipBlock` may cover them where the plugin lets it cover any. */
function covering(policy: Policy): Policy {
  const widened = (rules: readonly Rule[] | null): readonly Rule[] | null =>
    rules?.map((rule) => ({
      ...rule,
      peers: rule.peers?.map((peer) => (peer.kind === 'ipBlock' ? anyPod : peer)) ?? null,
    })) ?? null;
  return { ...policy, ingress: widened(policy.ingress), egress: widened(policy.egress) };
}

/** One policy set on the topology, under both readings of `ipBlock` where the set has any. */
class Side {
  readonly engine: Engine;
  private readonly other: Engine | null;
  private readonly beyond: ReadonlySet<string>;
  private readonly unseen: ReadonlySet<string>;
  private readonly guardsUnseen = new Map<Guard, boolean>();
  private readonly numbers = new Map<string, number>();

  constructor(topology: Topology, policies: readonly Policy[]) {
    this.engine = compile(topology, policies, { ipBlockMatchesPods: false });
    this.other = policies.some(hasIpBlock)
      ? compile(topology, policies.map(covering), { ipBlockMatchesPods: false })
      : null;
    const beyond = policies.filter(beyondModel);
    this.beyond = new Set(beyond.map(({ id }) => JSON.stringify(id)));
    this.unseen = new Set(beyond.filter(maySayMoreUnseen).map(({ id }) => JSON.stringify(id)));
  }

  /** Number of an end of an edge, -1 when it is none. */
  endpoint(end: string): number {
    let number = this.numbers.get(end);
    if (number === undefined) {
      const endpoint: Endpoint = end.startsWith('ip:') ? { ip: end.slice(3) } : { pod: end };
      number = this.engine.endpointNumber(endpoint);
      if (this.numbers.size >= rememberedEnds) this.numbers.clear();
      this.numbers.set(end, number);
    }
    return number;
  }

  verdict(source: number, destination: number, protocol: number, port: number): Verdict {
    return this.engine.verdictOf(source, destination, protocol, port);
  }

  /** Of edges between workloads; both readings number those alike. */
  dependsOnOption(verdict: Verdict, source: number, destination: number, protocol: number, port: number): boolean {
    const { podCount } = this.engine;
    if (this.other === null || source >= podCount || destination >= podCount) return false;
    return this.other.verdictOf(source, destination, protocol, port).allowed !== verdict.allowed;
  }

  /** Whether what a policy says beyond the model, or beyond what is recorded of workloads, may decide. */
  beyondModel({ egress, ingress }: Verdict, source: number, destination: number): boolean {
    if (this.beyond.size === 0) return false;
    if (this.guardsUnseenly('egress', source) || this.guardsUnseenly('ingress', destination)) return true;
    return [egress, ingress].some(({ by, passedBy }) => {
      const deciding =
        typeof by === 'string' ? [] : 'isolatedBy' in by ? by.isolatedBy : by.policies.map(({ policy }) => policy);
      return [...deciding, ...passedBy.map(({ policy }) => policy)].some((id) => this.beyond.has(JSON.stringify(id)));
    });
  }

  private guardsUnseenly(direction: Direction, endpoint: number): boolean {
    const guard = this.unseen.size === 0 ? null : this.engine.guard(direction, endpoint);
    if (guard === null) return false;
    let unseen = this.guardsUnseen.get(guard);
    if (unseen === undefined) {
      unseen = guard.some(({ steps }) =>
        steps.some((step) => {
          const lists = step.precedence === 'ordered' ? [step.rules] : [...step.denying, ...step.allowing];
          return lists.some((rules) => rules.some(({ policy }) => this.unseen.has(JSON.stringify(policy))));
        }),
      );
      this.guardsUnseen.set(guard, unseen);
    }
    return unseen;
  }
}

/** So that a flood of addresses does not take memory without bound. */
const rememberedEnds = 100_000;

/** Judges edges one by one under the policies in force and under the draft; holds nothing of the edges. */
export class Replay {
  private readonly before: Side;
  private readonly after: Side;
  private readonly labelled: ReadonlySet<string>;
  private readonly workloads: ReadonlySet<string>;

  /** @throws TypeError when two workloads share a key */
  constructor({ inForce, draft, workloads, namespaces }: ReplaySet) {
    const placed = workloads.filter(({ namespace }) => namespace !== null);
    this.workloads = new Set(placed.map(({ key }) => key));
    this.labelled = new Set(placed.filter(({ labels }) => labels !== null).map(({ key }) => key));
    const pods = placed.map(({ key, namespace, name, labels }): Pod => ({
      key,
      namespace: namespace ?? '',
      name,
      labels: labels ?? {},
      ips: [],
      namedPorts: [],
      hostNetwork: false,
    }));
    const topology = { namespaces, pods };
    this.before = new Side(topology, inForce);
    this.after = new Side(topology, draft);
  }

  judge(edge: RecordedEdge): EdgeOutcome {
    const { before, after } = this;
    for (const end of [edge.source, edge.destination])
      if (end.startsWith('ip:') ? before.endpoint(end) === -1 : !this.workloads.has(end))
        return uncertain.unknown_workload;
    for (const end of [edge.source, edge.destination])
      if (!end.startsWith('ip:') && !this.labelled.has(end)) return uncertain.labels_unknown;
    const protocol = protocolNumbers.get(edge.protocol.toUpperCase());
    const { port } = edge;
    if (protocol === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return uncertain.not_modelled;
    const fromBefore = before.endpoint(edge.source);
    const toBefore = before.endpoint(edge.destination);
    const fromAfter = after.endpoint(edge.source);
    const toAfter = after.endpoint(edge.destination);
    const was = before.verdict(fromBefore, toBefore, protocol, port);
    const becomes = after.verdict(fromAfter, toAfter, protocol, port);
    if (before.beyondModel(was, fromBefore, toBefore) || after.beyondModel(becomes, fromAfter, toAfter))
      return uncertain.not_modelled;
    if (
      before.dependsOnOption(was, fromBefore, toBefore, protocol, port) ||
      after.dependsOnOption(becomes, fromAfter, toAfter, protocol, port)
    )
      return uncertain.option_dependent;
    if (was.allowed === becomes.allowed) return was.allowed ? staysAllowed : staysDenied;
    return { class: becomes.allowed ? 'newly_allowed' : 'newly_blocked', before: was, after: becomes };
  }
}

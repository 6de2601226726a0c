/** A draft policy set held against recorded flow edges: what it would have done to each. Pure; edges are streamed. */

import { flowProtocols, type Direction, type Peer, type Policy, type Rule } from '../model.js';
import { compile, type Engine, type Guard, type Pod, type Topology, type Verdict } from '../simulation/evaluate.js';

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
  private readonly optional: ReadonlySet<string>;
  private readonly guardsOptional = new Map<Guard, boolean>();

  constructor(topology: Topology, policies: readonly Policy[]) {
    this.engine = compile(topology, policies, { ipBlockMatchesPods: false });
    this.other = policies.some(hasIpBlock)
      ? compile(topology, policies.map(covering), { ipBlockMatchesPods: false })
      : null;
    this.optional = new Set(policies.filter(hasIpBlock).map(({ id }) => JSON.stringify(id)));
    const beyond = policies.filter(beyondModel);
    this.beyond = new Set(beyond.map(({ id }) => JSON.stringify(id)));
    this.unseen = new Set(beyond.filter(maySayMoreUnseen).map(({ id }) => JSON.stringify(id)));
  }

  verdict(source: number, destination: number, protocol: number, port: number): Verdict {
    return this.engine.verdictOf(source, destination, protocol, port);
  }

  /** Of edges between workloads; both readings number those alike. */
  dependsOnOption(verdict: Verdict, source: number, destination: number, protocol: number, port: number): boolean {
    const { podCount } = this.engine;
    if (this.other === null || source >= podCount || destination >= podCount) return false;
    const { optional, guardsOptional } = this;
    if (
      !this.guards('egress', source, optional, guardsOptional) &&
      !this.guards('ingress', destination, optional, guardsOptional)
    )
      return false;
    return this.other.verdictOf(source, destination, protocol, port).allowed !== verdict.allowed;
  }

  /** Whether what a policy says beyond the model, or beyond what is recorded of workloads, may decide. */
  beyondModel({ egress, ingress }: Verdict, source: number, destination: number): boolean {
    if (this.beyond.size === 0) return false;
    const { unseen, guardsUnseen } = this;
    if (
      this.guards('egress', source, unseen, guardsUnseen) ||
      this.guards('ingress', destination, unseen, guardsUnseen)
    )
      return true;
    return [egress, ingress].some(({ by, passedBy }) => {
      const deciding =
        typeof by === 'string' ? [] : 'isolatedBy' in by ? by.isolatedBy : by.policies.map(({ policy }) => policy);
      return [...deciding, ...passedBy.map(({ policy }) => policy)].some((id) => this.beyond.has(JSON.stringify(id)));
    });
  }

  /** Whether rules of any of these policies guard the endpoint; `known` remembers it for each guard. */
  private guards(
    direction: Direction,
    endpoint: number,
    policies: ReadonlySet<string>,
    known: Map<Guard, boolean>,
  ): boolean {
    const guard = policies.size === 0 ? null : this.engine.guard(direction, endpoint);
    if (guard === null) return false;
    let found = known.get(guard);
    if (found === undefined) {
      found = guard.some(({ steps }) =>
        steps.some((step) => {
          const lists = step.precedence === 'ordered' ? [step.rules] : [...step.denying, ...step.allowing];
          return lists.some((rules) => rules.some(({ policy }) => policies.has(JSON.stringify(policy))));
        }),
      );
      known.set(guard, found);
    }
    return found;
  }
}

/** An end of an edge under both sets: its numbers there, or why it cannot be judged. */
type Numbers = { readonly before: number; readonly after: number };
type End = Numbers | EdgeOutcome;

type Placed = Readonly<Record<'source' | 'destination', Numbers> & Record<'protocol' | 'port', number>>;

/** So that a flood of addresses does not take memory without bound. */
const rememberedAddresses = 100_000;

/** Judges edges one by one under the policies in force and under the draft; holds nothing of the edges. */
export class Replay {
  private readonly before: Side;
  private readonly after: Side;
  private readonly workloads: ReadonlyMap<string, End>;
  private readonly addresses = new Map<string, End>();

  /** @throws TypeError when two workloads share a key */
  constructor({ inForce, draft, workloads, namespaces }: ReplaySet) {
    const placed = workloads.filter(({ namespace }) => namespace !== null);
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
    this.workloads = new Map(
      placed.map(({ key, labels }, at) => [
        key,
        labels === null ? uncertain.labels_unknown : { before: at, after: at },
      ]),
    );
  }

  private end(end: string): End {
    if (!end.startsWith('ip:')) return this.workloads.get(end) ?? uncertain.unknown_workload;
    let known = this.addresses.get(end);
    if (known === undefined) {
      const endpoint = { ip: end.slice(3) };
      const number = this.before.engine.endpointNumber(endpoint);
      known =
        number === -1
          ? uncertain.unknown_workload
          : { before: number, after: this.after.engine.endpointNumber(endpoint) };
      if (this.addresses.size >= rememberedAddresses) this.addresses.clear();
      this.addresses.set(end, known);
    }
    return known;
  }

  /** The ends, protocol and port of an edge as numbers, or why it cannot be judged. */
  private placed(edge: RecordedEdge): EdgeOutcome | Placed {
    const source = this.end(edge.source);
    if ('class' in source) return source;
    const destination = this.end(edge.destination);
    if ('class' in destination) return destination;
    const protocol = protocolNumbers.get(edge.protocol) ?? protocolNumbers.get(edge.protocol.toUpperCase());
    const { port } = edge;
    if (protocol === undefined || !Number.isInteger(port) || port < 0 || port > 65_535) return uncertain.not_modelled;
    return { source, destination, protocol, port };
  }

  /** The explained verdict of the policies in force alone; the outcome `uncertain` where it cannot be told. */
  verdictInForce(edge: RecordedEdge): Verdict | EdgeOutcome {
    const placed = this.placed(edge);
    if ('class' in placed) return placed;
    const { protocol, port } = placed;
    const [from, to] = [placed.source.before, placed.destination.before];
    const verdict = this.before.verdict(from, to, protocol, port);
    if (this.before.beyondModel(verdict, from, to)) return uncertain.not_modelled;
    if (this.before.dependsOnOption(verdict, from, to, protocol, port)) return uncertain.option_dependent;
    return verdict;
  }

  judge(edge: RecordedEdge): EdgeOutcome {
    const { before, after } = this;
    const placed = this.placed(edge);
    if ('class' in placed) return placed;
    const { source, destination, protocol, port } = placed;
    const { before: fromBefore, after: fromAfter } = source;
    const { before: toBefore, after: toAfter } = destination;
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

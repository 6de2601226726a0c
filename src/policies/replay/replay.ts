/** A draft policy set held against recorded flow edges: what it would have done to each. Pure; edges are streamed. */

import { flowProtocols, type Policy, type Rule } from '../model.js';
import { compile, type Endpoint, type Engine, type Pod, type Topology, type Verdict } from '../simulation/evaluate.js';

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
 * - `not_modelled`: the protocol or port was not recorded or cannot be simulated, or a policy that decides says something beyond the model.
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

function beyondModel(policy: Policy): boolean {
  const rules: readonly Rule[] = [...(policy.ingress ?? []), ...(policy.egress ?? [])];
  return (
    policy.unmodelled !== undefined ||
    rules.some(
      (rule) =>
        rule.unmodelled !== undefined ||
        rule.peers?.some(({ kind }) => unmodelledPeers.has(kind)) === true ||
        (rule.near !== undefined && unmodelledPeers.has(rule.near.kind)),
    )
  );
}

function hasIpBlock(policy: Policy): boolean {
  return [...(policy.ingress ?? []), ...(policy.egress ?? [])].some(
    ({ peers }) => peers?.some(({ kind }) => kind === 'ipBlock') === true,
  );
}

/** Addresses of recorded workloads are not known, so every `ipBlock` may cover them where the plugin lets it cover any. */
function covering(policy: Policy): Policy {
  const widened = (rules: readonly Rule[] | null): readonly Rule[] | null =>
    rules?.map((rule) => ({
      ...rule,
      peers: rule.peers?.map((peer) => (peer.kind === 'ipBlock' ? { ...peer, cidr: '0.0.0.0/0', except: [] } : peer)) ?? null,
    })) ?? null;
  return { ...policy, ingress: widened(policy.ingress), egress: widened(policy.egress) };
}

/** One policy set on the topology, under both readings of `ipBlock` where the set has any. */
class Side {
  readonly engine: Engine;
  private readonly other: Engine | null;
  private readonly beyond: ReadonlySet<string>;
  private readonly numbers = new Map<string, number>();

  constructor(topology: Topology, policies: readonly Policy[]) {
    this.engine = compile(topology, policies, { ipBlockMatchesPods: false });
    this.other = policies.some(hasIpBlock)
      ? compile(topology, policies.map(covering), { ipBlockMatchesPods: true })
      : null;
    this.beyond = new Set(policies.filter(beyondModel).map(({ id }) => JSON.stringify(id)));
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

  /** Whether a policy that decides says something beyond the model. */
  beyondModel({ egress, ingress }: Verdict): boolean {
    if (this.beyond.size === 0) return false;
    return [egress, ingress].some(({ by, passedBy }) => {
      const deciding =
        typeof by === 'string' ? [] : 'isolatedBy' in by ? by.isolatedBy : by.policies.map(({ policy }) => policy);
      return [...deciding, ...passedBy.map(({ policy }) => policy)].some((id) => this.beyond.has(JSON.stringify(id)));
    });
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
    const pods = placed.map(
      ({ key, namespace, name, labels }): Pod => ({
        key,
        namespace: namespace ?? '',
        name,
        labels: labels ?? {},
        ips: [],
        namedPorts: [],
        hostNetwork: false,
      }),
    );
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
    if (before.beyondModel(was) || after.beyondModel(becomes)) return uncertain.not_modelled;
    if (
      before.dependsOnOption(was, fromBefore, toBefore, protocol, port) ||
      after.dependsOnOption(becomes, fromAfter, toAfter, protocol, port)
    )
      return uncertain.option_dependent;
    if (was.allowed === becomes.allowed) return was.allowed ? staysAllowed : staysDenied;
    return { class: becomes.allowed ? 'newly_allowed' : 'newly_blocked', before: was, after: becomes };
  }
}

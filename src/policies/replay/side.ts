/** One of the two policy sets of a replay on the topology, and what cannot be told of its verdicts. */

import type { Direction, Expression, Peer, PodSet, Policy, Rule } from '../model.js';
import { compile, type Engine, type Guard, type Topology, type Verdict } from '../simulation/evaluate.js';

const unmodelledPeers: ReadonlySet<string> = new Set(['nodes', 'domainNames', 'unknown', 'unmodelled']);

const nameOfNamespace = 'kubernetes.io/metadata.name';

function asksNamespaceLabels(expression: Expression): boolean {
  switch (expression.operator) {
    case 'And':
    case 'Or':
      return expression.of.some(asksNamespaceLabels);
    case 'Not':
      return asksNamespaceLabels(expression.of);
    default:
      return expression.label.startsWith('pcns.') && expression.label !== `pcns.${nameOfNamespace}`;
  }
}

/** Records name the namespace of a workload, and do not say which labels it has. */
function hiddenSet({ namespaces, where }: PodSet): boolean {
  return (
    (namespaces !== 'own' && namespaces.some(({ key }) => key !== nameOfNamespace)) ||
    (where !== undefined && asksNamespaceLabels(where))
  );
}

/** Whether members of a peer cannot be told from keys and labels: addresses and accounts of workloads are not recorded. */
function hiddenPeer(peer: Peer, namespacesKnown: boolean): boolean {
  switch (peer.kind) {
    case 'pods':
      return !namespacesKnown && hiddenSet(peer);
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

function beyondModel(policy: Policy, namespacesKnown: boolean): boolean {
  const hidden = (peer: Peer): boolean => hiddenPeer(peer, namespacesKnown);
  return (
    policy.unmodelled !== undefined ||
    rulesOf(policy).some(
      ({ unmodelled, peers, near, ports, notPorts }) =>
        unmodelled !== undefined ||
        peers?.some(hidden) === true ||
        (near !== undefined && hidden(near)) ||
        [...(ports ?? []), ...(notPorts ?? [])].some(({ kind }) => kind === 'named'),
    )
  );
}

/** Rules that only allow show up in the reason when they match, and their policy in `isolatedBy` when they do not; others may decide unseen. */
function maySayMoreUnseen(policy: Policy): boolean {
  return policy.precedence === 'ordered' || rulesOf(policy).some(({ action }) => action !== 'Accept');
}

/** Which pods such a policy selects cannot be told, so it may decide for any. */
function selectsUnseen(policy: Policy, namespacesKnown: boolean): boolean {
  return !namespacesKnown && hiddenSet(policy.subject);
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

/** Engines of one chain share what their policy sets have in common; see `Engine.revised`. */
export interface Base {
  readonly plain: Engine;
  readonly covering: Engine;
}

/** Knows every address that any of the sets names, so that all engines made of it number endpoints alike. */
export function baseOf(topology: Topology, policies: readonly Policy[]): Base {
  const plain = compile(topology, policies, { ipBlockMatchesPods: false });
  return { plain, covering: plain };
}

const coverings = new WeakMap<Policy, Policy>();

/** The same policy gives the same object, by which engines know it again. */
function coveringOf(policy: Policy): Policy {
  if (!hasIpBlock(policy)) return policy;
  let wide = coverings.get(policy);
  if (wide === undefined) coverings.set(policy, (wide = covering(policy)));
  return wide;
}

/** One policy set on the topology, under both readings of `ipBlock` where the set has any. */
export class Side {
  readonly engine: Engine;
  readonly base: Base;
  private readonly other: Engine | null;
  private readonly beyond: ReadonlySet<string>;
  private readonly unseen: ReadonlySet<string>;
  private readonly selectsUnseen: boolean;
  private readonly guardsUnseen = new Map<Guard, boolean>();
  private readonly optional: ReadonlySet<string>;
  private readonly guardsOptional = new Map<Guard, boolean>();

  /** `ipBlocksMissPods`: it is declared that no `ipBlock` covers addresses of pods, so one reading is left. */
  constructor(base: Base, policies: readonly Policy[], ipBlocksMissPods: boolean) {
    this.engine = base.plain.revised(policies);
    const readTwice = !ipBlocksMissPods && policies.some(hasIpBlock);
    this.other = readTwice ? base.covering.revised(policies.map(coveringOf)) : null;
    this.base = { plain: this.engine, covering: this.other ?? base.covering };
    this.optional = new Set(policies.filter(hasIpBlock).map(({ id }) => JSON.stringify(id)));
    const namespacesKnown = this.engine.topology.namespaces.length > 0;
    const beyond = policies.filter((policy) => beyondModel(policy, namespacesKnown));
    this.beyond = new Set(beyond.map(({ id }) => JSON.stringify(id)));
    this.unseen = new Set(beyond.filter(maySayMoreUnseen).map(({ id }) => JSON.stringify(id)));
    this.selectsUnseen = policies.some((policy) => policy.staged === null && selectsUnseen(policy, namespacesKnown));
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
    if (this.selectsUnseen) return true;
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

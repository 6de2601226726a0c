/** Verdicts of policies on single flows, with the reason of each as data. */

import {
  flowProtocols,
  type Direction,
  type Policy,
  type PolicyId,
  type FlowProtocol,
  type RuleAction,
  type Tier,
} from '../model.js';
import { parseAddress, parseIpv4 } from './address.js';
import { AddressIntervals } from './addresses.js';
import { emptyBits, unite, type Bits } from './bitset.js';
import { guardsOf, type Guard, type Stage, type Step } from './guards.js';
import {
  matchPort,
  matchesPeer,
  peerPosition,
  RuleCompiler,
  type CompiledPolicy,
  type CompiledRule,
  type RuleMatch,
} from './rules.js';
import { PodIndex, type Topology } from './topology.js';

export type { Guard } from './guards.js';
export type { RuleMatch } from './rules.js';
export type { Pod, Topology } from './topology.js';

/** One end of a flow. An address that belongs to a pod of the topology (host-network pods aside) means that pod. */
export type Endpoint = { readonly pod: string } | { readonly ip: string };

/** A connection attempt; `port` is the destination's, 0 to 65535, and for ICMP its type and code (`icmpPort`). */
export interface Flow {
  readonly source: Endpoint;
  readonly destination: Endpoint;
  readonly protocol: FlowProtocol;
  readonly port: number;
}

/**
 * Why a side allows or denies.
 *
 * - `external`: the end is no pod, no policy guards it. `host_network`: policies do not select such pods.
 * - `self`: a pod always reaches itself.
 * - `no_policy_selects`: no policy governs the pod in this direction, which leaves it open.
 * - `no_rule_matches`: only policies that do not isolate select the pod, and none of their rules matches, which leaves
 *   it open.
 * - `policies`: the rules that decide, at most one a policy, in the order of the policy list.
 * - `isolatedBy`: the policies that isolate the pod, none of which allows the flow; `tier` is there when it is another
 *   than NetworkPolicy.
 */
export type SideReason =
  | 'external'
  | 'host_network'
  | 'self'
  | 'no_policy_selects'
  | 'no_rule_matches'
  | { readonly tier: Tier; readonly policies: readonly RuleMatch[] }
  | { readonly isolatedBy: readonly PolicyId[]; readonly tier?: Tier };

/** The decision of one side; `passedBy` are the rules that handed it on to the next tier, in the order of the tiers. */
export interface SideVerdict {
  readonly allowed: boolean;
  readonly by: SideReason;
  readonly passedBy: readonly RuleMatch[];
}

/** A flow is allowed when the source's egress side and the destination's ingress side both allow it. */
export interface Verdict {
  readonly allowed: boolean;
  readonly egress: SideVerdict;
  readonly ingress: SideVerdict;
}

/** Whether an `ipBlock` covers pod addresses differs between network plugins, so it has to be said. */
export interface SimulationOptions {
  readonly ipBlockMatchesPods: boolean;
}

/** Thrown when a flow names an end that the engine cannot place. */
export class UnknownEndpointError extends Error {
  override readonly name = 'UnknownEndpointError';
}

const none: readonly RuleMatch[] = [];
const external: SideVerdict = { allowed: true, by: 'external', passedBy: none };
const hostNetwork: SideVerdict = { allowed: true, by: 'host_network', passedBy: none };
const self: SideVerdict = { allowed: true, by: 'self', passedBy: none };
const unselected: SideVerdict = { allowed: true, by: 'no_policy_selects', passedBy: none };
const unmatched: SideVerdict = { allowed: true, by: 'no_rule_matches', passedBy: none };
const selfVerdict: Verdict = { allowed: true, egress: self, ingress: self };

function matchOf(rule: CompiledRule, peer: number, port: number): RuleMatch {
  return { policy: rule.policy, rule: rule.number, peer: peerPosition(rule, peer), port: port === -1 ? null : port };
}

/** The first rule of each list that matches; `null` when none does, which is the common answer. */
function matchesOf(
  lists: readonly (readonly CompiledRule[])[],
  peer: number,
  destination: number,
  protocol: number,
  port: number,
): RuleMatch[] | null {
  let matches: RuleMatch[] | null = null;
  for (const rules of lists)
    for (const rule of rules) {
      if (!matchesPeer(rule, peer)) continue;
      const entry = matchPort(rule, destination, protocol, port);
      if (entry === -2) continue;
      const match = matchOf(rule, peer, entry);
      if (matches === null) matches = [match];
      else matches.push(match);
      break;
    }
  return matches;
}

interface Decision {
  readonly action: RuleAction;
  readonly matches: readonly RuleMatch[];
}

/** The rules of a step that decide the flow; an ordered step has at most one, and it alone may pass. */
function decide(step: Step, peer: number, destination: number, protocol: number, port: number): Decision | null {
  if (step.precedence === 'ordered') {
    for (const rule of step.rules) {
      if (!matchesPeer(rule, peer)) continue;
      const entry = matchPort(rule, destination, protocol, port);
      if (entry !== -2) return { action: rule.action, matches: [matchOf(rule, peer, entry)] };
    }
    return null;
  }
  const denying = matchesOf(step.denying, peer, destination, protocol, port);
  if (denying !== null) return { action: 'Deny', matches: denying };
  const allowing = matchesOf(step.allowing, peer, destination, protocol, port);
  return allowing === null ? null : { action: 'Accept', matches: allowing };
}

const denials = new WeakMap<Stage, SideVerdict>();

/** The verdict on what no rule of an isolating stage matches; one object a stage, as most flows end in one. */
function denial(stage: Stage, isolatedBy: readonly PolicyId[], passedBy: readonly RuleMatch[]): SideVerdict {
  let verdict = denials.get(stage);
  if (verdict === undefined) {
    const by = stage.tier === 'NetworkPolicy' ? { isolatedBy } : { isolatedBy, tier: stage.tier };
    denials.set(stage, (verdict = { allowed: false, by, passedBy: none }));
  }
  return passedBy.length === 0 ? verdict : { ...verdict, passedBy };
}

/** Numbers of pods by what names them. */
class PodPlaces {
  readonly byKey: ReadonlyMap<string, number>;
  readonly byIpv4 = new Map<number, number>();
  readonly byIpv6 = new Map<bigint, number>();

  constructor({ pods }: Topology) {
    this.byKey = new Map(pods.map((pod, at) => [pod.key, at]));
    if (this.byKey.size < pods.length) throw new TypeError('expected every pod key to be unique in the topology');
    for (const [at, pod] of pods.entries())
      for (const address of pod.hostNetwork ? [] : pod.ips.map(parseAddress)) {
        if (address?.family === 4) this.byIpv4.set(Number(address.value), at);
        else if (address !== null && address !== undefined) this.byIpv6.set(address.value, at);
      }
  }
}

/** Policies compiled against a topology; immutable, so one engine may serve any number of questions. */
export class Engine {
  readonly topology: Topology;
  readonly intervals: AddressIntervals;
  /** Endpoint numbers are 0 to `podCount - 1` for pods, then `podCount +` the address interval. */
  readonly podCount: number;
  private readonly egress: readonly (Guard | null)[];
  private readonly ingress: readonly (Guard | null)[];
  private readonly options: SimulationOptions;
  private readonly enforced: readonly Policy[];
  private readonly compiler: RuleCompiler;
  private readonly places: PodPlaces;

  /** An engine that differs in policies only may be given as `base`; what did not change is taken over from it. */
  constructor(topology: Topology, policies: readonly Policy[], options: SimulationOptions, base?: Engine) {
    this.topology = topology;
    this.options = options;
    this.podCount = topology.pods.length;
    const enforced = policies.filter(({ staged }) => staged === null);
    const known = base?.intervals.covers(enforced) === true ? base : undefined;
    this.intervals = known?.intervals ?? new AddressIntervals(enforced);
    const size = this.podCount + this.intervals.count;
    this.compiler =
      known?.compiler ??
      new RuleCompiler({
        topology,
        podIndex: new PodIndex(topology, size),
        intervals: this.intervals,
        size,
        ...options,
      });
    const compiled = enforced.map((policy, number) => this.compiler.compile(policy, number));
    const affected = known === undefined ? null : known.affectedBy(enforced);
    const earlier = (guards: readonly (Guard | null)[] | undefined) =>
      affected === null || guards === undefined ? null : { guards, affected };
    this.enforced = enforced;
    this.egress = guardsOf(this.podCount, compiled, 'egress', earlier(known?.egress));
    this.ingress = guardsOf(this.podCount, compiled, 'ingress', earlier(known?.ingress));
    this.places = base?.places ?? new PodPlaces(topology);
  }

  /** Pods that policies select which are in one list only; `null` when the others stand in another order. */
  private affectedBy(policies: readonly Policy[]): Bits | null {
    const [now, before] = [new Set(policies), new Set(this.enforced)];
    const kept = this.enforced.filter((policy) => now.has(policy));
    const same = policies.filter((policy) => before.has(policy));
    if (kept.length !== same.length || kept.some((policy, at) => policy !== same[at])) return null;
    const affected = emptyBits(this.podCount + this.intervals.count);
    for (const policy of this.enforced) if (!now.has(policy)) unite(affected, this.compiled(policy).subject);
    for (const policy of policies) if (!before.has(policy)) unite(affected, this.compiled(policy).subject);
    return affected;
  }

  /**
   * An engine on the same topology with other policies. Policies that are the same objects as before cost next to
   * nothing.
   */
  revised(policies: readonly Policy[]): Engine {
    return new Engine(this.topology, policies, this.options, this);
  }

  /** A policy resolved on this topology, whether it is one of the engine's or not, if it names no further addresses. */
  compiled(policy: Policy): CompiledPolicy {
    return this.compiler.compile(policy, -1);
  }

  /** Number of the endpoint, or -1 when the pod is unknown or the address is none. */
  endpointNumber(endpoint: Endpoint): number {
    if ('pod' in endpoint) return this.places.byKey.get(endpoint.pod) ?? -1;
    const ipv4 = parseIpv4(endpoint.ip);
    if (ipv4 !== -1) return this.places.byIpv4.get(ipv4) ?? this.podCount + this.intervals.ofIpv4(ipv4);
    const address = parseAddress(endpoint.ip);
    if (address === null) return -1;
    const pod =
      address.family === 4 ? this.places.byIpv4.get(Number(address.value)) : this.places.byIpv6.get(address.value);
    return pod ?? this.podCount + this.intervals.of(address);
  }

  /** The policies that guard a pod, by its number; `null` when none does or the endpoint is no pod. */
  guard(direction: Direction, endpoint: number): Guard | null {
    return this[direction][endpoint] ?? null;
  }

  private side(
    direction: Direction,
    subject: number,
    peer: number,
    destination: number,
    protocol: number,
    port: number,
  ): SideVerdict {
    if (subject >= this.podCount) return external;
    const guard = this[direction][subject];
    if (guard === null || guard === undefined)
      return this.topology.pods[subject]?.hostNetwork === true ? hostNetwork : unselected;
    let passedBy = none;
    for (const stage of guard) {
      const { tier, steps, isolatedBy } = stage;
      let passed = false;
      for (const step of steps) {
        const decision = decide(step, peer, destination, protocol, port);
        if (decision === null) continue;
        const { action, matches } = decision;
        if (action !== 'Pass') return { allowed: action === 'Accept', by: { tier, policies: matches }, passedBy };
        passedBy = passedBy === none ? matches : passedBy.concat(matches);
        passed = true;
        break;
      }
      if (!passed && isolatedBy !== null) return denial(stage, isolatedBy, passedBy);
    }
    return passedBy.length === 0 ? unmatched : { ...unmatched, passedBy };
  }

  /** The explained verdict between two endpoint numbers; `protocol` is the position in `flowProtocols`. */
  verdictOf(source: number, destination: number, protocol: number, port: number): Verdict {
    if (source === destination && source < this.podCount) return selfVerdict;
    const egress = this.side('egress', source, destination, destination, protocol, port);
    const ingress = this.side('ingress', destination, source, destination, protocol, port);
    return { allowed: egress.allowed && ingress.allowed, egress, ingress };
  }

  /**
   * The explained verdict on a flow.
   *
   * @throws UnknownEndpointError when a pod key is not in the topology or an address is malformed
   */
  verdict(flow: Flow): Verdict {
    const source = this.endpointNumber(flow.source);
    const destination = this.endpointNumber(flow.destination);
    if (source === -1 || destination === -1)
      throw new UnknownEndpointError(
        `expected a pod key of the topology or an IP address, got ${JSON.stringify(source === -1 ? flow.source : flow.destination)}`,
      );
    return this.verdictOf(source, destination, flowProtocols.indexOf(flow.protocol), flow.port);
  }
}

/**
 * Prepares an engine. Each selector is resolved once, so the cost is about the number of distinct selectors times the
 * number of pods.
 *
 * @throws TypeError when two pods share a key
 */
export function compile(topology: Topology, policies: readonly Policy[], options: SimulationOptions): Engine {
  return new Engine(topology, policies, options);
}

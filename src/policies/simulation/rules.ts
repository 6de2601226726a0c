/** Policies resolved on a topology: selectors and CIDRs as bit sets, named ports as the ports pods declare. */

import {
  flowProtocols,
  protocols,
  type Direction,
  type Entity,
  type Expression,
  type Peer,
  type Policy,
  type PolicyId,
  type PortMatch,
  type Rule,
  type RuleAction,
  type Tier,
} from '../model.js';
import { containsCidr, parseAddress, type Address, type Cidr } from './address.js';
import { modelCidr, type AddressIntervals } from './addresses.js';
import { emptyBits, fullBits, hasBit, intersect, setBit, subtract, unite, type Bits } from './bitset.js';
import type { PodIndex, Topology } from './topology.js';

/** The rule, peer and port that matched: positions in the policy's lists, from 0; `null` where the rule says "any". */
export interface RuleMatch {
  readonly policy: PolicyId;
  readonly rule: number;
  readonly peer: number | null;
  readonly port: number | null;
}

/** Ports of one entry; `protocol` is a position in `flowProtocols`; `declared` holds, per pod, what its named port means there, as `protocol << 16 | port`. */
export interface CompiledPort {
  readonly protocol: number;
  readonly first: number;
  readonly last: number;
  readonly declared: ReadonlyMap<number, readonly number[]> | null;
}

/**
 * `anyPeer` is all peers together: `null` when the rule is for any peer. `peers` and `ports` keep the written order.
 * `near` are the pods of the policy the rule is for, `null` when for all of them.
 */
export interface CompiledRule {
  readonly action: RuleAction;
  readonly anyPeer: Bits | null;
  readonly peers: readonly Bits[];
  readonly ports: readonly CompiledPort[] | null;
  readonly notPorts: readonly CompiledPort[];
  readonly policy: PolicyId;
  readonly number: number;
  readonly near: Bits | null;
}

/** `order` is the place inside the tier, see `Policy.priority`. */
export interface CompiledPolicy {
  readonly number: number;
  readonly id: PolicyId;
  readonly tier: Tier;
  readonly tierOrder: number;
  readonly precedence: Policy['precedence'];
  readonly order: number;
  readonly isolates: Policy['isolates'];
  readonly subject: Bits;
  readonly ingress: readonly CompiledRule[] | null;
  readonly egress: readonly CompiledRule[] | null;
}

/** What rules are resolved on. Endpoint numbers are those of pods, then `pods.length +` address interval. */
export interface Ground {
  readonly topology: Topology;
  readonly podIndex: PodIndex;
  readonly intervals: AddressIntervals;
  readonly size: number;
  readonly ipBlockMatchesPods: boolean;
}

/** Where Calico puts Kubernetes NetworkPolicies among its own policies. */
const additiveOrder = 1000;

function podAddresses(topology: Topology): readonly (readonly Address[])[] {
  return topology.pods.map((pod) => pod.ips.map(parseAddress).filter((address) => address !== null));
}

function covers(cidr: Cidr, { family, value }: Address): boolean {
  return cidr.family === family && cidr.first <= value && value <= cidr.last;
}

/** Resolves the policies of one engine; results are shared between equal peers. */
export class RuleCompiler {
  private readonly known = new Map<string, Bits>();
  private readonly compiled = new WeakMap<Policy, Omit<CompiledPolicy, 'number'>>();
  private readonly declaredPorts = new Map<string, ReadonlyMap<number, readonly number[]>>();
  private readonly addresses: readonly (readonly Address[])[];
  private readonly none: Bits;

  constructor(private readonly ground: Ground) {
    this.addresses = podAddresses(ground.topology);
    this.none = emptyBits(ground.size);
  }

  private externalBits(cidr: Cidr, except: readonly Cidr[]): Bits {
    const { intervals, topology, size } = this.ground;
    const bits = emptyBits(size);
    const pods = topology.pods.length;
    for (const interval of intervals.inside(cidr)) {
      const range = intervals.range(interval);
      if (!except.some((hole) => containsCidr(hole, { ...range, prefix: 0 }))) setBit(bits, pods + interval);
    }
    return bits;
  }

  /** Host-network pods speak from their node's address, so CIDRs always reach them. */
  private cidrBits(cidr: Cidr, except: readonly Cidr[], reachesPods: boolean): Bits {
    const { topology } = this.ground;
    const bits = this.externalBits(cidr, except);
    for (const [at, pod] of topology.pods.entries())
      if (reachesPods || pod.hostNetwork)
        if (this.addresses[at]?.some((ip) => covers(cidr, ip) && !except.some((hole) => covers(hole, ip))))
          setBit(bits, at);
    return bits;
  }

  /** Addresses of pods count, and a pod whose address nobody knows lies in the networks that hold every address. */
  private netBits(nets: readonly string[]): Bits {
    const bits = emptyBits(this.ground.size);
    for (const net of nets) {
      const cidr = modelCidr(net);
      unite(bits, this.cidrBits(cidr, [], true));
      if (cidr.prefix === 0)
        for (const [at, addresses] of this.addresses.entries()) if (addresses.length === 0) setBit(bits, at);
    }
    return bits;
  }

  private labelled(where: Expression, sets: readonly string[]): Bits {
    const bits = this.netBits(sets);
    unite(bits, this.ground.podIndex.select({ namespaces: [], pods: [], where }, null));
    return bits;
  }

  private entityBits({ where, not, nets, notNets, sets, notSets }: Entity): Bits {
    const bits = where === null ? fullBits(this.ground.size) : this.labelled(where, sets);
    if (not !== null) subtract(bits, this.labelled(not, notSets));
    if (nets !== null) intersect(bits, this.netBits(nets));
    subtract(bits, this.netBits(notNets));
    return bits;
  }

  private hostBits(): Bits {
    const bits = emptyBits(this.ground.size);
    for (const [at, pod] of this.ground.topology.pods.entries()) if (pod.hostNetwork) setBit(bits, at);
    return bits;
  }

  private peerBits(peer: Peer, own: string | null): Bits {
    switch (peer.kind) {
      case 'pods':
        return this.ground.podIndex.select(peer, own);
      case 'ipBlock':
        return this.cidrBits(modelCidr(peer.cidr), peer.except.map(modelCidr), this.ground.ipBlockMatchesPods);
      case 'networks':
        return this.netBits(peer.cidrs);
      case 'external':
        return this.externalBits(modelCidr(peer.cidr), peer.except.map(modelCidr));
      case 'addressList': {
        const bits = peer.coversPods ? this.netBits(peer.cidrs) : emptyBits(this.ground.size);
        const except = peer.except.map(modelCidr);
        if (!peer.coversPods) for (const cidr of peer.cidrs) unite(bits, this.externalBits(modelCidr(cidr), except));
        return bits;
      }
      case 'entity':
        return this.entityBits(peer);
      case 'hosts':
        return this.hostBits();
      case 'nodes':
      case 'domainNames':
      case 'unknown':
      case 'unmodelled':
        return this.none;
    }
  }

  private peer(peer: Peer, own: string | null): Bits {
    if (peer.kind === 'pods') return this.peerBits(peer, own);
    const key = JSON.stringify(peer);
    let bits = this.known.get(key);
    if (bits === undefined) this.known.set(key, (bits = this.peerBits(peer, own)));
    return bits;
  }

  private declared(name: string, protocol: string | null): ReadonlyMap<number, readonly number[]> {
    const key = `${protocol ?? ''} ${name}`;
    let ports = this.declaredPorts.get(key);
    if (ports === undefined) this.declaredPorts.set(key, (ports = this.declaredIn(name, protocol)));
    return ports;
  }

  private declaredIn(name: string, protocol: string | null): ReadonlyMap<number, readonly number[]> {
    const byPod = new Map<number, number[]>();
    for (const [at, pod] of this.ground.topology.pods.entries())
      for (const port of pod.namedPorts) {
        const number = protocols.findIndex((known) => known === port.protocol);
        if (port.name !== name || number === -1 || (protocol !== null && port.protocol !== protocol)) continue;
        byPod.set(at, [...(byPod.get(at) ?? []), (number << 16) | port.port]);
      }
    return byPod;
  }

  private port(port: PortMatch): CompiledPort {
    const protocol = port.protocol === null ? -1 : flowProtocols.indexOf(port.protocol);
    if (port.kind === 'range' || port.kind === 'icmp')
      return { protocol, first: port.first, last: port.last, declared: null };
    if (port.kind === 'all') return { protocol, first: 0, last: 65535, declared: null };
    if (port.kind === 'other') return { protocol, first: 1, last: 0, declared: null };
    return { protocol, first: 1, last: 0, declared: this.declared(port.name, port.protocol) };
  }

  /**
   * A rule with a peer of an unknown kind fails closed, as the cluster-wide kinds demand: an Accept rule then matches
   * nothing, any other rule denies everything.
   */
  private rule(policy: Policy, rule: Rule, number: number): CompiledRule {
    const near = rule.near === undefined ? null : this.peer(rule.near, policy.id.namespace);
    const notPorts = (rule.notPorts ?? []).map((port) => this.port(port));
    const base = { policy: policy.id, number, near, notPorts };
    if (rule.peers?.some((peer) => peer.kind === 'unknown'))
      return rule.action === 'Accept'
        ? { ...base, action: 'Accept', anyPeer: this.none, peers: [], ports: null }
        : { ...base, action: 'Deny', anyPeer: null, peers: [], ports: null };
    const peers = (rule.peers ?? []).map((peer) => this.peer(peer, policy.id.namespace));
    const anyPeer = rule.peers === null ? null : emptyBits(this.ground.size);
    if (anyPeer !== null) for (const bits of peers) unite(anyPeer, bits);
    return { ...base, action: rule.action, anyPeer, peers, ports: rule.ports?.map((port) => this.port(port)) ?? null };
  }

  private parts(policy: Policy): Omit<CompiledPolicy, 'number'> {
    const rules = (direction: Direction) =>
      policy[direction]
        ?.map((rule, position) => this.rule(policy, rule, position))
        .filter(({ action }) => action !== 'Log') ?? null;
    return {
      id: policy.id,
      tier: policy.tier,
      tierOrder: policy.tierOrder ?? Infinity,
      precedence: policy.precedence,
      order: policy.priority ?? (policy.precedence === 'additive' ? additiveOrder : Infinity),
      isolates: policy.isolates,
      subject: this.ground.podIndex.select(policy.subject, policy.id.namespace),
      ingress: rules('ingress'),
      egress: rules('egress'),
    };
  }

  /**
   * `number` is the policy's position in the engine's list. The same policy object gives the same compiled rules, by
   * which those who compare engines know what did not change.
   */
  compile(policy: Policy, number: number): CompiledPolicy {
    let parts = this.compiled.get(policy);
    if (parts === undefined) this.compiled.set(policy, (parts = this.parts(policy)));
    return { ...parts, number };
  }
}

/** Position of the first port entry that covers the flow, or -2 when none does. */
function positionIn(ports: readonly CompiledPort[], destination: number, protocol: number, port: number): number {
  for (let at = 0; at < ports.length; at++) {
    const entry = ports[at];
    if (entry === undefined) break;
    if (entry.declared !== null) {
      if (entry.declared.get(destination)?.includes((protocol << 16) | port)) return at;
    } else if (entry.protocol === protocol && entry.first <= port && port <= entry.last) return at;
  }
  return -2;
}

/** Position of the first port entry that covers the flow, -1 for "any", or -2 when none does. */
export function matchPort(rule: CompiledRule, destination: number, protocol: number, port: number): number {
  const { ports, notPorts } = rule;
  if (notPorts.length > 0 && positionIn(notPorts, destination, protocol, port) !== -2) return -2;
  return ports === null ? -1 : positionIn(ports, destination, protocol, port);
}

/** True when the rule speaks of this far endpoint. */
export function matchesPeer(rule: CompiledRule, peer: number): boolean {
  return rule.anyPeer === null || hasBit(rule.anyPeer, peer);
}

/** Position of the first peer entry that covers the endpoint, or `null` for a rule for any peer. */
export function peerPosition(rule: CompiledRule, peer: number): number | null {
  if (rule.anyPeer === null) return null;
  return rule.peers.findIndex((bits) => hasBit(bits, peer));
}

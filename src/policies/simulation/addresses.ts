/** Every address that is no pod's, sorted into the intervals that the policies' CIDRs cannot tell apart. */

import type { Peer, Policy } from '../model.js';
import { parseCidr, type Address, type Cidr } from './address.js';

const end = { 4: 1n << 32n, 6: 1n << 128n } as const;

/** An inclusive range of addresses of one family. */
export interface AddressRange {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
}

/** Parses a CIDR of the model, which importers have already checked. */
export function modelCidr(text: string): Cidr {
  const cidr = parseCidr(text);
  if (cidr === null) throw new TypeError(`expected a CIDR that the importer has checked, got "${text}"`);
  return cidr;
}

function cidrsOfPeer(peer: Peer): readonly string[] {
  switch (peer.kind) {
    case 'ipBlock':
    case 'external':
      return [peer.cidr, ...peer.except];
    case 'addressList':
      return [...peer.cidrs, ...peer.except];
    case 'networks':
      return peer.cidrs;
    case 'entity':
      return [...(peer.nets ?? []), ...peer.notNets, ...peer.sets, ...peer.notSets];
    default:
      return [];
  }
}

function cidrsOf(policy: Policy): string[] {
  const rules = [...(policy.ingress ?? []), ...(policy.egress ?? [])];
  return rules.flatMap(({ peers, near }) =>
    [...(peers ?? []), ...(near === undefined ? [] : [near])].flatMap(cidrsOfPeer),
  );
}

/** Intervals of IPv4 then IPv6 space, numbered from 0, cut at the ends of every CIDR any policy names. */
export class AddressIntervals {
  private readonly ipv4: Float64Array;
  private readonly ipv6: readonly bigint[];

  constructor(policies: readonly Policy[]) {
    const cidrs = [...new Set(policies.flatMap(cidrsOf))].map(modelCidr);
    const starts = (family: 4 | 6) => {
      const cuts = new Set([0n]);
      for (const cidr of cidrs)
        if (cidr.family === family) {
          cuts.add(cidr.first);
          if (cidr.last + 1n < end[family]) cuts.add(cidr.last + 1n);
        }
      return [...cuts].sort((a, b) => (a < b ? -1 : 1));
    };
    this.ipv4 = Float64Array.from(starts(4), Number);
    this.ipv6 = starts(6);
  }

  /** True when these intervals tell apart all addresses that the policies tell apart. */
  covers(policies: readonly Policy[]): boolean {
    return policies.flatMap(cidrsOf).every((text) => {
      const cidr = modelCidr(text);
      const [first, last] = [
        this.range(this.of({ ...cidr, value: cidr.first })),
        this.range(this.of({ ...cidr, value: cidr.last })),
      ];
      return first.first === cidr.first && last.last === cidr.last;
    });
  }

  get count(): number {
    return this.ipv4.length + this.ipv6.length;
  }

  /** The interval of an IPv4 address given as its 32 bits. */
  ofIpv4(value: number): number {
    let low = 0;
    let high = this.ipv4.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.ipv4[middle] ?? Infinity) <= value) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The interval an address lies in. */
  of(address: Address): number {
    if (address.family === 4) return this.ofIpv4(Number(address.value));
    let low = 0;
    let high = this.ipv6.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.ipv6[middle] ?? end[6]) <= address.value) low = middle;
      else high = middle - 1;
    }
    return this.ipv4.length + low;
  }

  /** The addresses of an interval. */
  range(interval: number): AddressRange {
    if (interval < this.ipv4.length) {
      const next = this.ipv4[interval + 1];
      const last = next === undefined ? end[4] - 1n : BigInt(next) - 1n;
      return { family: 4, first: BigInt(this.ipv4[interval] ?? 0), last };
    }
    const at = interval - this.ipv4.length;
    return { family: 6, first: this.ipv6[at] ?? 0n, last: (this.ipv6[at + 1] ?? end[6]) - 1n };
  }

  /** Numbers of the intervals inside a CIDR that some policy names. */
  inside(cidr: Cidr): number[] {
    const first = this.of({ family: cidr.family, value: cidr.first });
    const last = this.of({ family: cidr.family, value: cidr.last });
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  }
}

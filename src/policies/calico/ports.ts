/** Protocols and ports of Calico rules into port matches. */

import { protocols, type PortMatch, type Protocol } from '../model.js';
import { shown, type Node } from '../kubernetes/reading.js';

const protocolNumbers: Readonly<Record<string, number>> = {
  ICMP: 1,
  TCP: 6,
  UDP: 17,
  ICMPV6: 58,
  SCTP: 132,
  UDPLITE: 136,
};
const portName = /^[A-Za-z0-9_.-]{1,128}$/;
const portRange = /^(\d{1,5}):(\d{1,5})$/;

/** The number of a protocol given by name (any case) or number; `null` when absent or refused. */
export function readProtocolNumber(node: Node): number | null {
  if (!node.present) return null;
  if (typeof node.value === 'number' || (typeof node.value === 'string' && /^\d{1,3}$/.test(node.value))) {
    const number = Number(node.value);
    if (Number.isInteger(number) && number >= 1 && number <= 255) return number;
  }
  const number = typeof node.value === 'string' ? protocolNumbers[node.value.toUpperCase()] : undefined;
  if (number === undefined)
    node.refuse(`expected TCP, UDP, SCTP, ICMP, ICMPv6, UDPLite or a number from 1 to 255, got ${shown(node.value)}`);
  return number ?? null;
}

/** The protocol with ports that a number stands for. */
export function withPorts(number: number | null): Protocol | null {
  return protocols.find((name) => protocolNumbers[name] === number) ?? null;
}

/** A port, range or name as written; numbers may be in quotes. */
export type WrittenPort = { readonly first: number; readonly last: number } | { readonly name: string };

/** Reads a list of ports: numbers, `"80:90"`, names. */
export function readPorts(node: Node): WrittenPort[] {
  return node.items().flatMap((item): WrittenPort[] => {
    const { value } = item;
    if (typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= 65535)
      return [{ first: value, last: value }];
    if (typeof value === 'string') {
      const range = portRange.exec(value);
      const [first, last] = range === null ? [Number(value), Number(value)] : [Number(range[1]), Number(range[2])];
      if (range !== null || /^\d{1,5}$/.test(value)) {
        if (first <= last && last <= 65535) return [{ first, last }];
      } else if (portName.test(value)) return [{ name: value }];
    }
    item.refuse(`expected a port from 0 to 65535, a range such as "80:90" or a port name, got ${shown(value)}`);
    return [];
  });
}

/** Ports of a protocol: all of them, or those listed. */
export function portMatches(protocol: Protocol, listed: readonly WrittenPort[]): PortMatch[] {
  if (listed.length === 0) return [{ kind: 'all', protocol }];
  return listed.map((port) =>
    'name' in port ? { kind: 'named', protocol, name: port.name } : { kind: 'range', protocol, ...port },
  );
}

/** The numbers of `listed`, or all from 0 to 65535 when none is, without those of `excluded`. */
export function portsWithout(
  listed: readonly { readonly first: number; readonly last: number }[],
  excluded: readonly { readonly first: number; readonly last: number }[],
): { readonly first: number; readonly last: number }[] {
  let left = listed.length === 0 ? [{ first: 0, last: 65535 }] : [...listed];
  for (const hole of excluded)
    left = left.flatMap(({ first, last }) =>
      [
        { first, last: Math.min(last, hole.first - 1) },
        { first: Math.max(first, hole.last + 1), last },
      ].filter((part) => part.first <= part.last),
    );
  return left;
}

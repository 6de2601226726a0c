/** A transport protocol: IANA number where there is one, and its lower-case name. */
export interface IpProtocol {
  readonly number: number | null;
  readonly name: string;
}

/** IANA protocol numbers that flow records meet. */
const names: ReadonlyMap<number, string> = new Map([
  [0, 'hopopt'],
  [1, 'icmp'],
  [2, 'igmp'],
  [4, 'ipip'],
  [6, 'tcp'],
  [8, 'egp'],
  [17, 'udp'],
  [27, 'rdp'],
  [41, 'ipv6'],
  [46, 'rsvp'],
  [47, 'gre'],
  [50, 'esp'],
  [51, 'ah'],
  [58, 'icmpv6'],
  [88, 'eigrp'],
  [89, 'ospf'],
  [94, 'ipip'],
  [97, 'etherip'],
  [103, 'pim'],
  [108, 'ipcomp'],
  [112, 'vrrp'],
  [115, 'l2tp'],
  [132, 'sctp'],
  [136, 'udplite'],
  [137, 'mpls-in-ip'],
]);

const numbers: ReadonlyMap<string, number> = new Map([
  ...[...names].filter(([number]) => number !== 94).map(([number, name]) => [name, number] as const),
  ['icmp6', 58],
  ['ipv6-icmp', 58],
  ['icmpv4', 1],
  ['icmp4', 1],
  ['udp-lite', 136],
  ['t', 6],
  ['u', 17],
]);

/** A protocol by its number, its decimal text, or its name in any case; null for an empty or missing value. */
export function protocolOf(value: unknown): IpProtocol | null {
  if (typeof value === 'number' || (typeof value === 'string' && /^\d{1,3}$/.test(value))) {
    const number = Number(value);
    if (!Number.isInteger(number) || number < 0 || number > 255) return null;
    return { number, name: names.get(number) ?? String(number) };
  }
  if (typeof value !== 'string' || value === '' || value === '-') return null;
  const name = value.toLowerCase().slice(0, 40);
  const number = numbers.get(name) ?? null;
  return { number, name: number === null ? name : (names.get(number) ?? name) };
}

/** Protocols that have ports: TCP, UDP, DCCP, SCTP, UDP-Lite. */
const withPorts: ReadonlySet<number> = new Set([6, 17, 33, 132, 136]);

/** Do ports mean anything in this protocol? Formats write 0 for those of ICMP; of an unknown protocol they are believed. */
export function hasPorts(protocol: IpProtocol | null): boolean {
  return protocol?.number == null || withPorts.has(protocol.number);
}

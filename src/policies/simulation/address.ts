/** IP addresses and CIDRs as numbers: parsing, canonical text (RFC 5952 for IPv6), containment. */

/** An address: its family and its bits as an unsigned number. IPv4-mapped IPv6 addresses are IPv4. */
export interface Address {
  readonly family: 4 | 6;
  readonly value: bigint;
}

/** A CIDR as the inclusive range of addresses it covers; bits behind the prefix are cleared. */
export interface Cidr {
  readonly family: 4 | 6;
  readonly first: bigint;
  readonly last: bigint;
  readonly prefix: number;
}

const mappedPrefix = 0xffffn << 32n;

/** IPv4 text to its 32 bits, or -1. Leading zeros are decimal, as the API server reads them. */
export function parseIpv4(text: string): number {
  let value = 0;
  let octet = -1;
  let dots = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 48 && code <= 57) {
      octet = octet === -1 ? code - 48 : octet * 10 + code - 48;
      if (octet > 255) return -1;
    } else if (code === 46 && octet !== -1 && dots < 3) {
      value = value * 256 + octet;
      octet = -1;
      dots++;
    } else return -1;
  }
  return dots === 3 && octet !== -1 ? value * 256 + octet : -1;
}

function parseGroups(text: string): number[] | null {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [at, part] of parts.entries()) {
    if (/^[0-9a-f]{1,4}$/i.test(part)) groups.push(Number.parseInt(part, 16));
    else {
      const embedded = at === parts.length - 1 ? parseIpv4(part) : -1;
      if (embedded === -1) return null;
      groups.push(Math.floor(embedded / 65536), embedded % 65536);
    }
  }
  return groups;
}

function parseIpv6(text: string): bigint | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0] ?? '');
  const tail = halves.length === 2 ? parseGroups(halves[1] ?? '') : [];
  if (head === null || tail === null) return null;
  const missing = 8 - head.length - tail.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return null;
  if (halves.length === 2 && (halves[0] ?? '').includes('.')) return null;
  return [...head, ...Array<number>(missing).fill(0), ...tail].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

/** Reads an IPv4 or IPv6 address; `null` when the text is neither. Zones (`%eth0`) are refused. */
export function parseAddress(text: string): Address | null {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== -1) return { family: 4, value: BigInt(ipv4) };
  if (!text.includes(':')) return null;
  const value = parseIpv6(text);
  if (value === null) return null;
  return value >> 32n === mappedPrefix >> 32n ? { family: 4, value: value - mappedPrefix } : { family: 6, value };
}

/** Reads `address/prefix`; `null` when it is not a CIDR. Host bits are allowed and cleared, as the API server does. */
export function parseCidr(text: string): Cidr | null {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = match?.[1] === undefined ? null : parseAddress(match[1]);
  if (address === null || match === null) return null;
  const written = Number(match[2]);
  const mapped = address.family === 4 && text.includes(':');
  const prefix = mapped ? written - 96 : written;
  const width = address.family === 4 ? 32 : 128;
  if (prefix < 0 || prefix > width) return null;
  const span = 1n << BigInt(width - prefix);
  const first = (address.value / span) * span;
  return { family: address.family, first, last: first + span - 1n, prefix };
}

/** True when every address of `inner` is an address of `outer`. */
export function containsCidr(outer: Cidr, inner: Cidr): boolean {
  return outer.family === inner.family && outer.first <= inner.first && inner.last <= outer.last;
}

function formatIpv6(value: bigint): string {
  const groups = Array.from({ length: 8 }, (_, at) => Number((value >> BigInt(112 - 16 * at)) & 0xffffn));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const text = (part: number[]) => part.map((group) => group.toString(16)).join(':');
  if (best.start === -1) return text(groups);
  return `${text(groups.slice(0, best.start))}::${text(groups.slice(best.start + best.length))}`;
}

/** Canonical text of an address: dotted decimal, or RFC 5952. */
export function formatAddress(address: Address): string {
  if (address.family === 6) return formatIpv6(address.value);
  const value = Number(address.value);
  return [value / 16777216, (value / 65536) % 256, (value / 256) % 256, value % 256].map(Math.floor).join('.');
}

/** Canonical text of a CIDR: canonical first address, then the prefix length. */
export function formatCidr(cidr: Cidr): string {
  return `${formatAddress({ family: cidr.family, value: cidr.first })}/${cidr.prefix}`;
}

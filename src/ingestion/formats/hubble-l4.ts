import type { NormalForm } from '../normal-form.js';
import { addFlag } from './wire.js';
import { integerOf, isObject, type JsonValue, objectOf } from './json-value.js';

/** Keys of the `l4` choice, with the IANA protocol number. */
const protocols = [
  ['TCP', { number: 6, name: 'tcp' }],
  ['UDP', { number: 17, name: 'udp' }],
  ['ICMPv4', { number: 1, name: 'icmp' }],
  ['ICMPv6', { number: 58, name: 'icmpv6' }],
  ['SCTP', { number: 132, name: 'sctp' }],
  ['IGMP', { number: 2, name: 'igmp' }],
  ['VRRP', { number: 112, name: 'vrrp' }],
] as const;

export interface Layer4 {
  readonly protocol: NormalForm['protocol'];
  readonly sourcePort: number | null;
  readonly destinationPort: number | null;
  readonly attributes: Record<string, JsonValue>;
}

/** Reads `flow.l4`, of which one member is set; ICMP has no ports. */
export function readLayer4(value: unknown, flags: string[]): Layer4 {
  const attributes: Record<string, JsonValue> = {};
  const layer4 = objectOf(value) ?? {};
  for (const [key, protocol] of protocols) {
    const header = layer4[key];
    if (!isObject(header)) continue;
    if (key === 'ICMPv4' || key === 'ICMPv6') {
      attributes.icmpType = integerOf(header.type) ?? 0;
      attributes.icmpCode = integerOf(header.code) ?? 0;
    }
    if (isObject(header.flags)) {
      const tcpFlags: string[] = [];
      for (const flag of Object.keys(header.flags)) if (header.flags[flag] === true) tcpFlags.push(flag);
      if (tcpFlags.length > 0) attributes.tcpFlags = tcpFlags;
    }
    const sourcePort = readPort(header.source_port, flags);
    const destinationPort = readPort(header.destination_port, flags);
    return { protocol, sourcePort, destinationPort, attributes };
  }
  return { protocol: null, sourcePort: null, destinationPort: null, attributes };
}

function readPort(value: unknown, flags: string[]): number | null {
  if (value === undefined || value === null) return null;
  const port = integerOf(value);
  if (port !== null && port >= 0 && port <= 65535) return port;
  addFlag(flags, 'bad_port');
  return null;
}

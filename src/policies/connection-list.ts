/**
 * Connectivity as lines of text, in the form of netpol-analyzer (np-guard) and of `roxctl netpol connectivity`, so that
 * lists of either can be compared: `source => destination : connections`.
 */

import { protocols, type Policy } from './model.js';
import type { PathChange } from './diff.js';
import type { Path, PathEnd } from './simulation/connectivity.js';
import type { PortRange } from './simulation/ports.js';
import type { Topology } from './simulation/topology.js';

const alphabetical = [...protocols].sort();

/** `All Connections`, `No Connections`, or `SCTP 9003,TCP 1-79,81-65535,UDP 53`. */
export function connectionsText(ports: readonly PortRange[]): string {
  if (ports.length === 0) return 'No Connections';
  const full = ({ first, last }: PortRange) => first === 1 && last === 65535;
  if (ports.length === protocols.length && ports.every(full)) return 'All Connections';
  return alphabetical
    .flatMap((protocol) => {
      const own = ports.filter((range) => range.protocol === protocol);
      if (own.length === 0) return [];
      const ranges = own.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
      return [`${protocol} ${ranges.join(',')}`];
    })
    .join(',');
}

/** Ranges in any order as the fewest ranges that hold the same ports. */
export function joinedPorts(ranges: readonly PortRange[]): PortRange[] {
  return protocols.flatMap((protocol) => {
    const joined: PortRange[] = [];
    const own = ranges.filter((range) => range.protocol === protocol).toSorted((a, b) => a.first - b.first);
    for (const { first, last } of own) {
      const before = joined.at(-1);
      if (before !== undefined && first <= before.last + 1)
        joined.splice(-1, 1, { ...before, last: Math.max(before.last, last) });
      else joined.push({ protocol, first, last });
    }
    return joined;
  });
}

/** `namespace/name[Kind]`, or `first-last[External]` for addresses that are no workload's. */
export function endText(end: PathEnd): string {
  return 'pod' in end ? end.pod : `${end.first}-${end.last}[External]`;
}

/** True for ends of the IPv6 Internet. */
export function isIpv6(end: PathEnd): boolean {
  return 'first' in end && end.first.includes(':');
}

/** IPv6 counts where something in them speaks of it; else every workload would have one more line. */
export function speaksIpv6({
  policies,
  topology,
}: {
  readonly policies: readonly Policy[];
  readonly topology: Topology;
}): boolean {
  const rules = policies.flatMap(({ ingress, egress }) => [...(ingress ?? []), ...(egress ?? [])]);
  const inPolicies = rules.some(
    ({ peers }) => peers !== null && /"[0-9a-f]*:[0-9a-f:.]*\/\d+"/.test(JSON.stringify(peers)),
  );
  return inPolicies || topology.pods.some(({ ips }) => ips.some((ip) => ip.includes(':')));
}

/** One line of the list. */
export function pathLine({ source, destination, ports }: Path): string {
  return `${endText(source)} => ${endText(destination)} : ${connectionsText(ports)}`;
}

const words = { opened: 'added', closed: 'removed', changed: 'changed' } as const;

/**
 * One line of the difference, with a note when an end is in one of the two only. `known` says whether a workload is in
 * both.
 */
export function changeLine(change: PathChange, known: (pod: string) => boolean): string {
  const { source, destination, before, after } = change;
  const ends = [source, destination].filter((end) => 'pod' in end && !known(end.pod)).map(endText);
  const note = ends.length === 0 ? '' : `, workloads-diff-info: workload ${ends.join(' and ')} ${words[change.change]}`;
  return (
    `diff-type: ${words[change.change]}, source: ${endText(source)}, destination: ${endText(destination)}, ` +
    `ref1: ${connectionsText(before)}, ref2: ${connectionsText(after)}${note}`
  );
}

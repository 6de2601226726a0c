/** The words in which netpol-analyzer prints connectivity. */

import { protocols } from '../../src/policies/model.js';
import { formatAddress, parseAddress } from '../../src/policies/simulation/address.js';
import { Connectivity, type PathEnd } from '../../src/policies/simulation/connectivity.js';
import type { Engine } from '../../src/policies/simulation/evaluate.js';
import type { PortRange } from '../../src/policies/simulation/ports.js';

export function portsText(ports: readonly PortRange[]): string {
  if (ports.length === 0) return 'No Connections';
  if (ports.length === protocols.length && ports.every(({ first, last }) => first === 1 && last === 65535))
    return 'All Connections';
  const texts = [...protocols].sort().map((protocol) => {
    const own = ports.filter((range) => range.protocol === protocol);
    const ranges = own.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
    return ranges.length === 0 ? [] : [`${protocol} ${ranges.join(',')}`];
  });
  return texts.flat().join(',');
}

export function endText(end: PathEnd): string {
  return 'pod' in end ? end.pod : `${end.first}-${end.last}[External]`;
}

/** That tool knows no IPv6. */
export function isIpv4OrPod(end: PathEnd): boolean {
  return 'pod' in end || !end.first.includes(':');
}

/** The whole connectivity map, sorted. */
export function connectionLines(engine: Engine): string[] {
  return [...new Connectivity(engine).paths()]
    .filter(({ source, destination }) => isIpv4OrPod(source) && isIpv4OrPod(destination))
    .map(({ source, destination, ports }) => `${endText(source)} => ${endText(destination)} : ${portsText(ports)}`)
    .sort();
}

const range = /(\d+\.\d+\.\d+\.\d+)-(\d+\.\d+\.\d+\.\d+)\[External\]/;

function numberOf(address: string): bigint {
  return parseAddress(address)?.value ?? -1n;
}

/** Some of that tool's lists keep address ranges apart that the same connections reach; this joins them, and sorts. */
export function joinRanges(lines: readonly string[]): string[] {
  const joined = new Map<string, { first: bigint; last: bigint }[]>();
  const withRange = lines.flatMap((line) => {
    const [, first, last] = range.exec(line) ?? [];
    return first === undefined || last === undefined ? [] : [{ line, first: numberOf(first), last: numberOf(last) }];
  });
  withRange.sort((a, b) => (a.first < b.first ? -1 : 1));
  for (const { line, first, last } of withRange) {
    const rest = line.replace(range, 'RANGE');
    const ranges = joined.get(rest) ?? [];
    const before = ranges.at(-1);
    if (before?.last === first - 1n) before.last = last;
    else ranges.push({ first, last });
    joined.set(rest, ranges);
  }
  const text = (value: bigint) => formatAddress({ family: 4, value });
  const merged = [...joined].flatMap(([rest, ranges]) =>
    ranges.map(({ first, last }) => rest.replace('RANGE', `${text(first)}-${text(last)}[External]`)),
  );
  return [...merged, ...lines.filter((line) => !range.test(line))].sort();
}

/** Lists of connections beside those that netpol-analyzer prints. */

import { isIpv6, pathLine } from '../../src/policies/connection-list.js';
import { formatAddress, parseAddress } from '../../src/policies/simulation/address.js';
import { Connectivity } from '../../src/policies/simulation/connectivity.js';
import type { Engine } from '../../src/policies/simulation/evaluate.js';

/** The whole connectivity map, sorted, without IPv6, which that tool does not know. */
export function connectionLines(engine: Engine): string[] {
  return [...new Connectivity(engine).paths()]
    .filter(({ source, destination }) => !isIpv6(source) && !isIpv6(destination))
    .map(pathLine)
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

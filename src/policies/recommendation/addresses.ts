import { formatCidr, parseAddress, type Cidr } from '../simulation/address.js';

/** The fewest CIDRs that cover exactly these addresses, in order; texts that are no address are left out. */
export function exactCidrs(addresses: readonly string[]): readonly string[] {
  const single = addresses.flatMap((text): Cidr[] => {
    const address = parseAddress(text);
    if (address === null) return [];
    const { family, value } = address;
    return [{ family, first: value, last: value, prefix: family === 4 ? 32 : 128 }];
  });
  const merged: Cidr[] = [];
  for (const cidr of single.sort(inOrder)) {
    if (merged.at(-1)?.family === cidr.family && merged.at(-1)?.last === cidr.last) continue;
    merged.push(cidr);
    for (;;) {
      const [low, high] = merged.slice(-2);
      const both = low === undefined || high === undefined ? null : together(low, high);
      if (both === null) break;
      merged.splice(-2, 2, both);
    }
  }
  return merged.map(formatCidr);
}

/** Two halves of one CIDR as that CIDR. */
function together(low: Cidr, high: Cidr): Cidr | null {
  if (low.family !== high.family || low.prefix !== high.prefix || low.last + 1n !== high.first) return null;
  const span = high.last - low.first + 1n;
  return low.first % span === 0n ? { ...low, last: high.last, prefix: low.prefix - 1 } : null;
}

function inOrder(a: Cidr, b: Cidr): number {
  return a.family - b.family || (a.first < b.first ? -1 : a.first > b.first ? 1 : 0);
}

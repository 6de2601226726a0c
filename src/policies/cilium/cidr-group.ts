/** CiliumCIDRGroup: addresses that policies name as one (cilium.io/v2, v2alpha1). */

import { readName } from '../kubernetes/import.js';
import { shown, type Node } from '../kubernetes/reading.js';
import { formatCidr, parseCidr } from '../simulation/address.js';

/** A group by name and labels; CIDRs are in canonical text. */
export interface CidrGroup {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly cidrs: readonly string[];
}

/** Reads a group. */
export function readCidrGroup(root: Node): CidrGroup {
  const [metadata, spec] = [root.field('metadata'), root.field('spec')];
  spec.only(['externalCIDRs']);
  const labels = metadata.field('labels');
  const texts = labels.keys().flatMap((key): [string, string][] => {
    const { value } = labels.field(key);
    if (typeof value === 'string') return [[key, value]];
    labels.field(key).refuse(`expected text, got ${shown(value)}`);
    return [];
  });
  const cidrs = spec
    .field('externalCIDRs')
    .items()
    .map((item) => {
      const text = item.text();
      const cidr = text === null ? null : parseCidr(text);
      if (text !== null && cidr === null) item.refuse(`expected a CIDR, got ${shown(text)}`);
      return cidr === null ? null : formatCidr(cidr);
    })
    .filter((cidr) => cidr !== null);
  return { name: readName(metadata), labels: Object.fromEntries(texts), cidrs };
}

/** The groups of ends that rules are made of, and which group an end is in. */

import type { IntentTier } from '../intent/schema.js';
import { isDnsLabel } from '../kubernetes/syntax.js';
import { exactCidrs } from './addresses.js';
import { compare, isAddress, type ObservedEdge, type ObservedWorkload } from './observed.js';
import type { Role } from './roles.js';

/** What a segment takes in. */
export interface SegmentScope {
  readonly name: string;
  readonly owner: string;
  readonly namespace: string;
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** A tier of the intent with what it stands for among the ends that are known. */
export interface Tier {
  readonly name: string;
  readonly spec: IntentTier;
  /** Of the segment, so that its policies isolate it; others are only the far side. */
  readonly inside: boolean;
  /** Keys of workloads that its labels take in, or its addresses as ends. */
  readonly ends: ReadonlySet<string>;
  /** Those that were not meant, but that no label tells apart. */
  readonly taken: readonly string[];
}

export function isMember(scope: SegmentScope, { namespace, labels }: ObservedWorkload): boolean {
  return (
    namespace === scope.namespace &&
    Object.entries(scope.matchLabels).every(([key, value]) => labels !== null && labels[key] === value)
  );
}

/** The tier that isolates whatever is in the segment. */
export const everything = 'everything';

/** Names of tiers, each a DNS label and given once. */
class TierNames {
  private readonly given = new Set<string>([everything]);

  next(word: string): string {
    const plain = word
      .toLowerCase()
      .replace(/[^a-z0-9]+/gu, '-')
      .slice(0, 50)
      .replace(/^-+|-+$/gu, '');
    const base = isDnsLabel(plain) ? plain : 'tier';
    let name = base;
    for (let number = 2; this.given.has(name); number++) name = `${base}-${number}`;
    this.given.add(name);
    return name;
  }
}

/** Tiers of the roles that edges lead to or from. Workloads of one role may lie on both sides of the segment's border. */
export function roleTiers(
  scope: SegmentScope,
  roles: readonly Role[],
  edges: readonly ObservedEdge[],
): readonly Tier[] {
  const used = new Set(edges.flatMap(({ source, destination }) => [source, destination]));
  const names = new TierNames();
  const ordered = [...roles].sort(
    (a, b) =>
      Number(b.namespace === scope.namespace) - Number(a.namespace === scope.namespace) ||
      compare(a.namespace, b.namespace) ||
      compare(JSON.stringify(a.labels), JSON.stringify(b.labels)),
  );
  return ordered.flatMap((role) =>
    [true, false].flatMap((inside): Tier[] => {
      const here = (one: ObservedWorkload): boolean => isMember(scope, one) === inside;
      const meant = role.members.filter(here);
      if (!meant.some(({ key }) => used.has(key))) return [];
      const taken = role.taken.filter(here).map(({ key }) => key);
      const labels = inside ? { ...scope.matchLabels, ...role.labels } : role.labels;
      return [
        {
          name: names.next(inside ? role.word : `${role.namespace}-${role.word}`),
          spec: inside
            ? { namespaces: [role.namespace], labels }
            : { namespaceLabels: { 'kubernetes.io/metadata.name': role.namespace }, labels },
          inside,
          ends: new Set([...meant.map(({ key }) => key), ...taken]),
          taken,
        },
      ];
    }),
  );
}

/** Addresses with exactly the same connections are one tier. */
export function addressTiers(edges: readonly ObservedEdge[], tierOf: (end: string) => string | null): readonly Tier[] {
  const uses = new Map<string, Set<string>>();
  for (const { source, destination, protocol, port } of edges)
    for (const [end, far, direction] of [
      [source, destination, 'to'],
      [destination, source, 'from'],
    ] as const) {
      if (!isAddress(end)) continue;
      const use = JSON.stringify([direction, tierOf(far), protocol, port]);
      uses.set(end, (uses.get(end) ?? new Set()).add(use));
    }
  const groups = new Map<string, string[]>();
  for (const [end, use] of [...uses].sort(([a], [b]) => compare(a, b))) {
    const key = [...use].sort(compare).join('\n');
    groups.set(key, [...(groups.get(key) ?? []), end]);
  }
  return [...groups.values()].map((ends, at) => ({
    name: `addresses-${at + 1}`,
    spec: { cidrs: [...exactCidrs(ends.map((end) => end.slice(3)))] },
    inside: false,
    ends: new Set(ends),
    taken: [],
  }));
}

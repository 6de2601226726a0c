/** Workloads put together by the part they play, and the labels that tell such a group from its neighbours. */

import { isDnsLabel, isLabelKey, isLabelValue } from '../kubernetes/syntax.js';
import { compare, type ObservedWorkload } from './observed.js';

type Labels = Readonly<Record<string, string>>;

/** Workloads of one namespace that play the same part. */
export interface Role {
  readonly namespace: string;
  readonly labels: Labels;
  readonly members: readonly ObservedWorkload[];
  /** Workloads of the namespace that the labels take in besides, since nothing tells them apart. */
  readonly taken: readonly ObservedWorkload[];
  /** What the group is called: the value of its foremost label. */
  readonly word: string;
}

/** Labels by which people say what a workload is, in the order they are preferred. */
const naming = [
  'app.kubernetes.io/name',
  'app',
  'k8s-app',
  'app.kubernetes.io/component',
  'component',
  'tier',
  'role',
  'name',
];

/** Labels that change with a release, a replica or a tool, and so say nothing of the part a workload plays. */
const passing =
  /hash|revision|generation|version|uid|chart|heritage|managed-by|created-by|pod-name|pod-index|job-name|release-name|commit|build|(^|[/.])(date|timestamp)$|^io\.(cilium|kubernetes)|^topology\.|^(batch|controller|statefulset|apps|topology|failure-domain\.beta)\.kubernetes\.io\//u;

function usable(labels: Labels | null): Labels {
  return Object.fromEntries(
    Object.entries(labels ?? {})
      .filter(([key, value]) => isLabelKey(key) && isLabelValue(value) && value !== '' && !passing.test(key))
      .sort(([a], [b]) => rank(a) - rank(b) || compare(a, b)),
  );
}

function rank(key: string): number {
  const at = naming.indexOf(key);
  return at === -1 ? naming.length : at;
}

function matches(labels: Labels, workload: ObservedWorkload): boolean {
  return Object.entries(labels).every(([key, value]) => workload.labels?.[key] === value);
}

/** All ways to take `size` of the items, those of the first items first. */
function* choices<T>(items: readonly T[], size: number, from = 0): Generator<readonly T[]> {
  if (size === 0) yield [];
  else
    for (let at = from; at <= items.length - size; at++)
      for (const rest of choices(items, size - 1, at + 1)) yield [items[at] as T, ...rest]; // at is below the length
}

/** Keys tried together: with more, the tries would multiply. */
const mostKeys = 8;

/** The fewest of the shared labels that take in the group and no neighbour; all of them where none do. */
function tellingApart(shared: Labels, neighbours: readonly ObservedWorkload[]): Labels {
  const entries = Object.entries(shared).slice(0, mostKeys);
  for (let size = 1; size <= entries.length; size++)
    for (const chosen of choices(entries, size)) {
      const labels = Object.fromEntries(chosen);
      if (!neighbours.some((one) => matches(labels, one))) return labels;
    }
  return shared;
}

function sharedBy(members: readonly ObservedWorkload[]): Labels {
  const [first, ...others] = members.map(({ labels }) => usable(labels));
  return Object.fromEntries(
    Object.entries(first ?? {}).filter(([key, value]) => others.every((labels) => labels[key] === value)),
  );
}

/** Workloads of a group share what names them, or everything usable where nothing names them. */
function groupKey(workload: ObservedWorkload): string | null {
  const all = usable(workload.labels);
  const names = Object.entries(all).filter(([key]) => naming.includes(key));
  const telling = names.length > 0 ? names : Object.entries(all);
  return telling.length === 0 ? null : JSON.stringify([workload.namespace, ...telling]);
}

/** Puts workloads into roles; those in no namespace or without a label to go by are in none. */
export function rolesOf(workloads: readonly ObservedWorkload[]): readonly Role[] {
  const ordered = [...workloads].sort((a, b) => compare(a.key, b.key));
  const groups = new Map<string, ObservedWorkload[]>();
  const inNamespace = new Map<string, ObservedWorkload[]>();
  for (const workload of ordered) {
    if (workload.namespace === null || !isDnsLabel(workload.namespace)) continue;
    push(inNamespace, workload.namespace, workload);
    const key = groupKey(workload);
    if (key !== null) push(groups, key, workload);
  }
  return [...groups.values()].map((members): Role => {
    const namespace = members[0]?.namespace ?? '';
    const inside = new Set(members);
    const neighbours = (inNamespace.get(namespace) ?? []).filter((one) => !inside.has(one));
    const labels = tellingApart(sharedBy(members), neighbours);
    const [word = namespace] = Object.values(labels);
    return { namespace, labels, members, taken: neighbours.filter((one) => matches(labels, one)), word };
  });
}

function push<Key, Value>(map: Map<Key, Value[]>, key: Key, value: Value): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

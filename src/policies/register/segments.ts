/** Which segments a policy lies in. */

import type { PodSet } from '../model.js';

interface SegmentPlace {
  readonly name: string;
  readonly owner: string;
  readonly namespace: string;
  readonly matchLabels: Readonly<Record<string, string>>;
}

/** Whether a policy for these pods can be for workloads with the labels of the segment. */
function speaksOf({ pods }: PodSet, { matchLabels }: SegmentPlace): boolean {
  return pods.every(({ key, operator, values }) => {
    const value = Object.hasOwn(matchLabels, key) ? matchLabels[key] : undefined;
    if (value === undefined) return true;
    if (operator === 'In') return values.includes(value);
    if (operator === 'NotIn') return !values.includes(value);
    return operator === 'Exists';
  });
}

/**
 * Segments of the policy's namespace whose labels do not contradict what the policy selects. A policy of the whole
 * cluster lies in none. Without subjects (a kind that is not modelled) all of the namespace are meant.
 */
export function segmentsOf<Segment extends SegmentPlace>(
  namespace: string | null,
  subjects: readonly PodSet[],
  segments: readonly Segment[],
): Segment[] {
  if (namespace === null) return [];
  return segments.filter(
    (segment) =>
      segment.namespace === namespace &&
      (subjects.length === 0 || subjects.some((subject) => speaksOf(subject, segment))),
  );
}

/** The owner the segments give: theirs where they have one and the same, else none. */
export function ownerOf(segments: readonly Pick<SegmentPlace, 'owner'>[]): string | null {
  const owners = new Set(segments.map(({ owner }) => owner));
  return owners.size === 1 ? ([...owners][0] ?? null) : null;
}

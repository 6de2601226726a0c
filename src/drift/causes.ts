/** Departures grouped by what caused them: one person's edits in one short time, or one change not carried out. Pure. */

import { instantKey } from '../changes/instants.js';
import type { Departure } from './departure.js';

/** One cause of drift. `id` stays the same while the cause lasts, whichever of its policies are put right first. */
export interface DriftCause {
  readonly id: string;
  readonly kind: 'edit' | 'not_carried_out';
  /** When it began, with the policies that have been put right since. */
  readonly since: string;
  /** Who edited, or the change that was not carried out. */
  readonly by: string;
  /** What is not as intended now. */
  readonly open: readonly Departure[];
}

/** Edits of one author on one system that follow each other within this time have one cause. */
export const burstSeconds = 600;

function edits(all: readonly Departure[]): DriftCause[] {
  const byAuthor = new Map<string, { readonly departure: Departure; readonly at: string }[]>();
  for (const departure of all) {
    if (departure.by.kind !== 'edit') continue;
    const key = JSON.stringify([departure.policy.system, departure.by.version.author]);
    const list = byAuthor.get(key) ?? [];
    list.push({ departure, at: instantKey(departure.since) });
    byAuthor.set(key, list);
  }
  return [...byAuthor.values()].flatMap((list) => {
    const ordered = list.sort((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0));
    const bursts: Departure[][] = [];
    let last = Number.NEGATIVE_INFINITY;
    for (const { departure } of ordered) {
      const at = Date.parse(departure.since);
      const burst = bursts.at(-1);
      if (burst !== undefined && at - last <= burstSeconds * 1000) burst.push(departure);
      else bursts.push([departure]);
      last = at;
    }
    return bursts.flatMap((burst): DriftCause[] => {
      const [first] = burst;
      const open = burst.filter(({ until }) => until === null);
      if (first?.by.kind !== 'edit' || open.length === 0) return [];
      const { index, position, author } = first.by.version;
      return [{ id: `edit/${index}/${position}`, kind: 'edit', since: first.since, by: author, open }];
    });
  });
}

function notCarriedOut(all: readonly Departure[]): DriftCause[] {
  const byChange = new Map<string, Departure[]>();
  for (const departure of all) {
    if (departure.by.kind !== 'not_carried_out' || departure.until !== null) continue;
    const { changeId } = departure.by.item;
    byChange.set(changeId, [...(byChange.get(changeId) ?? []), departure]);
  }
  return [...byChange].flatMap(([id, open]): DriftCause[] => {
    const [first] = open;
    if (first?.by.kind !== 'not_carried_out') return [];
    return [{ id: `change/${id}`, kind: 'not_carried_out', since: first.since, by: first.by.item.change, open }];
  });
}

/** The causes with something open, from all departures there ever were. */
export function driftCauses(all: readonly Departure[]): DriftCause[] {
  return [...edits(all), ...notCarriedOut(all)];
}

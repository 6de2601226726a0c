/** The usual course of a change. */

import type { Calendar } from './calendar.js';
import { argocd } from './people.js';
import type { Effect, PlannedChange } from './story.js';

/** A change as it should go. */
export interface Approved {
  readonly key: string;
  readonly title: string;
  readonly reason: string;
  readonly by: string;
  readonly approver: string;
  readonly comment?: string;
  readonly effect: Effect;
  /** Workday and time of proposal and review; the window and its carrying out are on `day`. */
  readonly proposed: readonly [workday: number, time: string];
  readonly reviewed: readonly [workday: number, time: string];
  readonly day: number;
  readonly window: readonly [from: string, to: string];
  readonly carriedOut: string;
}

/** Proposed by one, approved by another, carried out by Argo CD inside the window. */
export function approved(calendar: Calendar, plan: Approved): PlannedChange {
  const { key, title, reason, by, effect, proposed, reviewed, day, window } = plan;
  return {
    key,
    title,
    reason,
    by,
    effect,
    proposedAt: calendar.on(...proposed),
    window: [calendar.on(day, window[0]), calendar.on(day, window[1])],
    review: {
      at: calendar.on(...reviewed),
      by: plan.approver,
      decision: 'approve',
      comment: plan.comment ?? 'Matches the design of the segment. Approved for the window.',
    },
    carriedOut: { at: calendar.on(day, plan.carriedOut), by: argocd },
    outcome: 'authorised',
  };
}

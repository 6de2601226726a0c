import { z } from 'zod';
import { Problem } from '../errors.js';

/** States of a change request, and what leads from one to the next: the table is the workflow. */
export const ChangeState = z.enum(['proposed', 'approved', 'rejected']);
export type ChangeState = z.infer<typeof ChangeState>;

export type ReviewDecision = 'approve' | 'reject';

export const transitions: Readonly<Record<ChangeState, Readonly<Partial<Record<ReviewDecision, ChangeState>>>>> = {
  proposed: { approve: 'approved', reject: 'rejected' },
  approved: {},
  rejected: {},
};

/**
 * The state that a decision leads to.
 * @throws Problem `conflict` when the table has no such step.
 */
export function assertTransition(state: ChangeState, decision: ReviewDecision): ChangeState {
  const next = transitions[state][decision];
  if (next === undefined)
    throw new Problem('conflict', `The change is ${state} already; only a proposed change can be reviewed.`);
  return next;
}

/** The hygiene checks of the service: their words, and what to do about each. Pure. */

import type { Severity } from '../findings/finding.js';
import type { HygieneCheck } from '../policies/hygiene/findings.js';

/** Checks on policies alone, and those that need records or the register. */
export type ServiceCheck = HygieneCheck | 'unused' | 'no-owner' | 'review-overdue' | 'expired' | 'rule-overdue';

export interface CheckWords {
  /** Name of the check in lists. */
  readonly word: string;
  readonly severity: Severity;
  readonly explanation: string;
  readonly toDo: string;
}

export const hygieneChecks: Readonly<Record<ServiceCheck, CheckWords>> = {
  conflict: {
    word: 'Conflict',
    severity: 'medium',
    explanation: 'Policies contradict each other in a way whose outcome the system does not define.',
    toDo: 'Give them different priorities, or say one thing in one policy.',
  },
  'selects-nothing': {
    word: 'Selects nothing',
    severity: 'low',
    explanation: 'No workload that was ever seen has the labels the policy selects.',
    toDo: 'Correct the selector, or delete the policy when its workload is gone.',
  },
  'rule-selects-nothing': {
    word: 'Rule without peers',
    severity: 'low',
    explanation: 'The peers of a rule are nobody: no workload and no address.',
    toDo: 'Correct the selector of the peer, or delete the rule.',
  },
  vacuous: {
    word: 'Vacuous',
    severity: 'low',
    explanation: 'Alone the policy changes nothing: it allows all that is allowed without it.',
    toDo: 'Narrow it to what is needed, or delete it.',
  },
  'redundant-policy': {
    word: 'Redundant policy',
    severity: 'low',
    explanation: 'Without it every connection would be decided as it is now.',
    toDo: 'Delete it, unless it documents something that is to stay when the others go.',
  },
  'redundant-rule': {
    word: 'Redundant rule',
    severity: 'low',
    explanation: 'Without the rule every connection would be decided as it is now.',
    toDo: 'Delete the rule, or find out why the other side denies what it allows.',
  },
  'duplicate-policy': {
    word: 'Duplicate',
    severity: 'low',
    explanation: 'Several policies say the same.',
    toDo: 'Keep one of them.',
  },
  overlapping: {
    word: 'Overlapping',
    severity: 'info',
    explanation: 'Some connections are allowed by several policies, so removing one does not close them.',
    toDo: 'Nothing, unless a path was meant to be allowed in one place only.',
  },
  'orphan-label': {
    word: 'Orphan label',
    severity: 'low',
    explanation: 'A selector reads a label, or a value of one, that nothing has.',
    toDo: 'Correct the label in the policy or on the workload.',
  },
  'named-port-nowhere': {
    word: 'Named port nowhere',
    severity: 'low',
    explanation: 'No destination of the rule has a port of that name.',
    toDo: 'Correct the name, or write the number.',
  },
  'any-peer': {
    word: 'Any peer',
    severity: 'low',
    explanation: 'A rule allows every workload, or every address as well.',
    toDo: 'Name the peers that the recorded flows show.',
  },
  'all-ports': {
    word: 'All ports',
    severity: 'low',
    explanation: 'A rule allows all ports of all protocols.',
    toDo: 'Name the ports that the recorded flows show.',
  },
  'inconsistent-labels': {
    word: 'Inconsistent labels',
    severity: 'low',
    explanation:
      'Workloads write a label in several ways, or a few lack one that the others have, so selectors miss some.',
    toDo: 'Agree on one spelling, and give the label to all.',
  },
  'not-selected': {
    word: 'Not selected',
    severity: 'low',
    explanation: 'No policy governs these workloads in this direction: all traffic passes by default.',
    toDo: 'Add a default deny policy to their namespace.',
  },
  unused: {
    word: 'Unused',
    severity: 'low',
    explanation: 'No recorded flow was allowed by the rule for a long time.',
    toDo: 'Ask its owner; when nobody needs it, remove it through a change.',
  },
  'no-owner': {
    word: 'No owner',
    severity: 'low',
    explanation: 'Neither the policy nor a segment of its namespace names an owner.',
    toDo: 'Set one on its page or annotate it with segproof.dev/owner, or define a segment for its namespace.',
  },
  'review-overdue': {
    word: 'Review overdue',
    severity: 'medium',
    explanation: 'The date by which the policy was to be reviewed has passed.',
    toDo: 'Review it, and set the next date.',
  },
  expired: {
    word: 'Expired',
    severity: 'medium',
    explanation: 'The policy was meant for a time that is over, and it is still in force.',
    toDo: 'Remove it through a change, or set a new end with a reason.',
  },
  'rule-overdue': {
    word: 'Rule overdue',
    severity: 'medium',
    explanation: 'Rules of the policy are past their review or the time they were meant for.',
    toDo: 'Look at the rules on the page of the policy; review them, or remove them through a change.',
  },
};

/** All checks, in the order lists show them. */
export const serviceChecks = Object.keys(hygieneChecks) as readonly ServiceCheck[]; // The keys of the table above.

import type { FindingKind } from '../findings/finding.js';

/** How pages call each kind of finding in the register, and what they advise. */
export const findingKindWords: Readonly<Record<FindingKind, { readonly word: string; readonly toDo: string }>> = {
  gap: {
    word: 'Gap',
    toDo: 'Find out on the way from the system to here where the records were lost, and send them again if they are kept.',
  },
  silence: { word: 'Silence', toDo: 'Look at the system and its shipper: until it speaks, nothing is known of it.' },
  conflicting_record: {
    word: 'Conflicting record',
    toDo: 'Ask why two different records came under one id: a mistake of the sender, or somebody who changes the past.',
  },
  drift: {
    word: 'Drift',
    toDo: 'Put back what was intended, or have a change approved that covers what is in force. Either closes this finding by itself.',
  },
  violation: {
    word: 'Violation',
    toDo: 'Find out why the flow passed: a policy that has not reached its enforcement point, or a point that does not enforce. It closes when no such flow was seen for seven days, or a policy allows it.',
  },
  enforcement_off: {
    word: 'Enforcement off',
    toDo: 'Switch enforcement on again, or put the segment back into an earlier phase with a reason.',
  },
  hygiene: { word: 'Hygiene', toDo: 'Put the policy in order through a change.' },
};

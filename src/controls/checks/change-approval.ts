import { isWithin } from '../../changes/instants.js';
import { matchPolicyChanges, type Mismatch, type PolicyChangeMatch } from '../../changes/matching.js';
import type {
  ChangeView,
  Check,
  Citation,
  ControlResult,
  EvidenceSnapshot,
  Observation,
  PolicyVersionView,
} from '../model.js';
import { incompleteText, policyEvidenceProblems } from './freshness.js';
import { cited, citeVersion, counted, listed, policyText } from './wording.js';

const severities: Readonly<Record<Mismatch, Observation['severity']>> = {
  no_change: 'high',
  different_action: 'high',
  different_content: 'high',
  content_unknown: 'medium',
  rejected: 'critical',
  not_approved: 'high',
  approved_after: 'medium',
  outside_window: 'medium',
};

const mismatchWords: Readonly<Record<Mismatch, string>> = {
  no_change: 'without any change',
  different_action: 'with another action than approved',
  different_content: 'with other content than approved',
  content_unknown: 'of unknown content',
  rejected: 'although rejected',
  not_approved: 'not approved',
  approved_after: 'approved after the fact',
  outside_window: 'outside the window',
};

type Match = PolicyChangeMatch<PolicyVersionView, ChangeView>;
type Unauthorised = Extract<Match, { authorised: false }>;

/** The versions that came into force inside the period, each with the change that covers it or the reason why none does. */
export function matchesInPeriod(snapshot: EvidenceSnapshot): Match[] {
  const { from, to } = snapshot.period;
  const versions = snapshot.policyVersions.filter(({ eventTime }) => isWithin(eventTime, from, to));
  return matchPolicyChanges(versions, snapshot.changes);
}

/** The entries of the log that hold the proposal and the review of a change. */
export function citeChange({ id, title, state, proposedAt, proposedIndex, ...review }: ChangeView): Citation[] {
  const proposal = { index: proposedIndex, eventTime: proposedAt, summary: `Change ${id} proposed: ${title}` };
  if (review.reviewedIndex === null) return [proposal];
  const eventTime = review.approvedAt ?? proposedAt;
  return [proposal, { index: review.reviewedIndex, eventTime, summary: `Change ${id} ${state}` }];
}

function observe({ version, change, mismatch, explanation }: Unauthorised): Observation {
  return {
    severity: severities[mismatch],
    subject: policyText(version),
    statement: `${version.action} of ${policyText(version)} by ${version.author} at ${version.eventTime}: ${explanation}`,
    citations: [citeVersion(version), ...(change === null ? [] : citeChange(change))],
  };
}

function classes(unauthorised: readonly Unauthorised[]): string {
  const counts = new Map<Mismatch, number>();
  for (const { mismatch } of unauthorised) counts.set(mismatch, (counts.get(mismatch) ?? 0) + 1);
  return listed(
    [...counts].map(([mismatch, count]) => `${count} ${mismatchWords[mismatch]}`),
    counts.size,
  );
}

function run(snapshot: EvidenceSnapshot): ControlResult {
  const matches = matchesInPeriod(snapshot);
  const unauthorised = matches.filter((match) => !match.authorised);
  const authorised = matches.filter((match) => match.authorised);
  const undetermined = unauthorised.filter(({ mismatch }) => mismatch === 'content_unknown');
  const problems = policyEvidenceProblems(snapshot);
  const changes = counted(matches.length, 'policy change');
  const judge = (): Pick<ControlResult, 'result' | 'reason'> => {
    if (unauthorised.length > undetermined.length)
      return {
        result: 'not_satisfied',
        reason: `${unauthorised.length} of ${changes} in the period had no approved change: ${classes(unauthorised)}.`,
      };
    if (matches.length === 0)
      return {
        result: 'not_assessed',
        reason: 'No policy change was recorded in the period, so none could be judged.',
      };
    if (undetermined.length > 0)
      return {
        result: 'not_assessed',
        reason: `${undetermined.length} of ${changes} could not be compared with what was approved, because the audit record lacks the object.`,
      };
    const passed = `${authorised.length} of ${changes} in the period had a change approved beforehand and kept to its window`;
    return problems.length > 0
      ? { result: 'not_assessed', reason: `${passed}, ${incompleteText(problems)}.` }
      : { result: 'satisfied', reason: `${passed}.` };
  };
  return {
    controlId: 'change-approval',
    ...judge(),
    examined: matches.length,
    passed: authorised.length,
    observations: unauthorised.map(observe),
    ...cited([
      ...unauthorised.map(({ version }) => citeVersion(version)),
      ...authorised.flatMap(({ version, change }) => [citeVersion(version), ...citeChange(change)]),
    ]),
  };
}

/** Policy changes that nobody had approved. */
export const changeApproval: Check = {
  controlId: 'change-approval',
  title: 'Policy changes were approved',
  question: 'Had every policy change of the period been approved before it was carried out?',
  method:
    'Each policy change in the audit records is held against the registered changes: same policy, same action, same content (canonical digest), approved before the event, carried out inside the approved window. Ticket numbers and comments count for nothing.',
  run,
};

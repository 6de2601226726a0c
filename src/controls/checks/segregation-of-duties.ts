import { isWithin } from '../../changes/instants.js';
import type { ChangeView, Check, ControlResult, EvidenceSnapshot, Observation, PolicyVersionView } from '../model.js';
import { citeChange, matchesInPeriod } from './change-approval.js';
import { incompleteText, policyEvidenceProblems } from './freshness.js';
import { cited, citeVersion, counted, policyText } from './wording.js';

/** A person's name as systems spell it: prefix of an identity provider off, case ignored, mail domain apart. */
function person(name: string): { local: string; domain: string | null } | null {
  const folded = name.trim().toLowerCase();
  if (folded === '' || folded.startsWith('system:')) return null;
  const [local = '', domain = null] = folded
    .slice(Math.max(folded.lastIndexOf(':'), folded.lastIndexOf('#')) + 1)
    .split('@');
  return local === '' ? null : { local, domain };
}

/**
 * Whether two names mean the same person: equal without case and identity-provider prefix, the mail domain counting only
 * when both have one. `null` when a name is empty or a machine account of the cluster (`system:...`), which no
 * approver can be.
 */
export function samePerson(a: string, b: string): boolean | null {
  const [one, other] = [person(a), person(b)];
  if (one === null || other === null) return null;
  return one.local === other.local && (one.domain === null || other.domain === null || one.domain === other.domain);
}

interface Duty {
  readonly change: ChangeView;
  readonly carriedOut: PolicyVersionView[];
}

/** Changes approved in the period, or carried out in it, with the records of the carrying out. */
function dutiesInPeriod(snapshot: EvidenceSnapshot): Duty[] {
  const { from, to } = snapshot.period;
  const duties = new Map<string, Duty>();
  for (const change of snapshot.changes)
    if (change.state === 'approved' && change.approvedAt !== null && isWithin(change.approvedAt, from, to))
      duties.set(change.id, { change, carriedOut: [] });
  for (const match of matchesInPeriod(snapshot)) {
    if (!match.authorised) continue;
    const duty = duties.get(match.change.id) ?? { change: match.change, carriedOut: [] };
    duty.carriedOut.push(match.version);
    duties.set(match.change.id, duty);
  }
  return [...duties.values()];
}

function violations({ change, carriedOut }: Duty): Observation[] {
  const { id, requester, approver } = change;
  const subject = `Change ${id}`;
  if (approver === null)
    return [
      {
        severity: 'high',
        subject,
        statement: `${subject} is approved, but by nobody named.`,
        citations: citeChange(change),
      },
    ];
  const found: Observation[] = [];
  if (samePerson(requester, approver) === true)
    found.push({
      severity: 'critical',
      subject,
      statement: `${requester} requested change ${id} and approved it as ${approver}.`,
      citations: citeChange(change),
    });
  for (const version of carriedOut)
    if (samePerson(version.author, approver) === true)
      found.push({
        severity: 'high',
        subject,
        statement: `${version.author} carried out change ${id} (${version.action} of ${policyText(version)} at ${version.eventTime}) and is its only approver.`,
        citations: [citeVersion(version), ...citeChange(change)],
      });
  return found;
}

const citeDuty = ({ change, carriedOut }: Duty) => [...citeChange(change), ...carriedOut.map(citeVersion)];

function run(snapshot: EvidenceSnapshot): ControlResult {
  const judged = dutiesInPeriod(snapshot).map((duty) => ({ duty, found: violations(duty) }));
  const broken = judged.filter(({ found }) => found.length > 0);
  const machine = judged.flatMap(({ duty }) => duty.carriedOut).filter(({ author }) => person(author) === null).length;
  const problems = policyEvidenceProblems(snapshot);
  const changes = counted(judged.length, 'approved change');
  const judge = (): Pick<ControlResult, 'result' | 'reason'> => {
    if (broken.length > 0)
      return { result: 'not_satisfied', reason: `In ${broken.length} of ${changes} one person held two duties.` };
    if (judged.length === 0)
      return { result: 'not_assessed', reason: 'No change was approved or carried out in the period.' };
    const note = machine > 0 ? `; ${counted(machine, 'step')} carried out by machine accounts name no person` : '';
    const passed = `In ${judged.length} of ${changes} requester and approver, and approver and the one who carried it out, are different people${note}`;
    return problems.length > 0
      ? { result: 'not_assessed', reason: `${passed}, ${incompleteText(problems)}.` }
      : { result: 'satisfied', reason: `${passed}.` };
  };
  return {
    controlId: 'segregation-of-duties',
    ...judge(),
    examined: judged.length,
    passed: judged.length - broken.length,
    observations: broken.flatMap(({ found }) => found),
    ...cited([...broken, ...judged].flatMap(({ duty }) => citeDuty(duty))),
  };
}

/** One person in two of the duties request, approve, carry out. */
export const segregationOfDuties: Check = {
  controlId: 'segregation-of-duties',
  title: 'Duties are segregated',
  question: 'Were policy changes requested, approved and carried out by different people?',
  method:
    'For each change approved or carried out in the period, the requester must not be the approver, and the author in the audit record must not be the only approver. Names are compared without case, identity-provider prefix and, where only one has it, mail domain; machine accounts are not compared.',
  run,
};

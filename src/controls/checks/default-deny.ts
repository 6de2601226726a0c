import { compareInstants } from '../../changes/instants.js';
import { policyIdText, type Direction } from '../../policies/model.js';
import { matchesSelector } from '../../policies/simulation/topology.js';
import type {
  Check,
  ControlResult,
  EvidenceSnapshot,
  Observation,
  PolicyVersionView,
  SegmentView,
  WorkloadView,
} from '../model.js';
import { incompleteText, policyEvidenceProblems } from './freshness.js';
import { PolicyHistory, type PolicyInForce, type PolicyState } from './policy-history.js';
import { cited, citeVersion, counted, listed, policyText } from './wording.js';

interface Isolation {
  readonly isolated: boolean;
  /** A rule for any peer and any port, which takes back what isolation gives. */
  readonly openedBy: PolicyInForce | null;
  readonly versions: readonly PolicyVersionView[];
}

interface Coverage {
  readonly complete: boolean;
  /** Policies whose content is unknown; one of them might isolate, or open, any workload of the namespace. */
  readonly unread: readonly PolicyVersionView[];
  readonly uncovered: readonly string[];
  readonly ingressOnly: readonly string[];
  readonly egressOnly: readonly string[];
  readonly opened: readonly { readonly workload: string; readonly direction: Direction; readonly by: string }[];
  readonly versions: readonly PolicyVersionView[];
}

type Outcome = 'pass' | 'fail' | 'unknown';

interface SegmentResult {
  readonly outcome: Outcome;
  readonly observations: readonly Observation[];
  readonly versions: readonly PolicyVersionView[];
}

function isolation(workload: WorkloadView, policies: readonly PolicyInForce[], direction: Direction): Isolation {
  const selecting = policies.filter(
    ({ policy }) =>
      policy?.tier === 'NetworkPolicy' &&
      policy[direction] !== null &&
      matchesSelector(policy.subject.pods, workload.labels),
  );
  const opens = ({ policy }: PolicyInForce) =>
    policy?.[direction]?.some(({ peers, ports }) => peers === null && ports === null) ?? false;
  return {
    isolated: selecting.length > 0,
    openedBy: selecting.find(opens) ?? null,
    versions: selecting.map(({ version }) => version),
  };
}

function coverage({ workloads }: SegmentView, { policies }: PolicyState): Coverage {
  const uncovered: string[] = [];
  const ingressOnly: string[] = [];
  const egressOnly: string[] = [];
  const opened: Coverage['opened'][number][] = [];
  const versions = new Set<PolicyVersionView>();
  for (const workload of workloads) {
    const sides = {
      ingress: isolation(workload, policies, 'ingress'),
      egress: isolation(workload, policies, 'egress'),
    };
    if (!sides.ingress.isolated && !sides.egress.isolated) uncovered.push(workload.name);
    else if (!sides.egress.isolated) ingressOnly.push(workload.name);
    else if (!sides.ingress.isolated) egressOnly.push(workload.name);
    for (const direction of ['ingress', 'egress'] as const) {
      const { openedBy } = sides[direction];
      if (openedBy?.policy) opened.push({ workload: workload.name, direction, by: policyIdText(openedBy.policy.id) });
      for (const version of sides[direction].versions) versions.add(version);
    }
  }
  const gaps = uncovered.length + ingressOnly.length + egressOnly.length + opened.length;
  const unread = policies.filter(({ policy }) => policy === null).map(({ version }) => version);
  return {
    complete: gaps === 0 && workloads.length > 0,
    unread,
    uncovered,
    ingressOnly,
    egressOnly,
    opened,
    versions: [...versions],
  };
}

function gapStatements({ name, workloads }: SegmentView, found: Coverage): string[] {
  const of = `of ${counted(workloads.length, 'observed workload')} of segment ${name}`;
  const statements: string[] = [];
  if (found.uncovered.length > 0)
    statements.push(
      `${found.uncovered.length} ${of} without isolation in either direction: ${listed(found.uncovered)}.`,
    );
  if (found.ingressOnly.length > 0)
    statements.push(
      `Partial: ${found.ingressOnly.length} ${of} with isolation for ingress only: ${listed(found.ingressOnly)}.`,
    );
  if (found.egressOnly.length > 0)
    statements.push(
      `Partial: ${found.egressOnly.length} ${of} with isolation for egress only: ${listed(found.egressOnly)}.`,
    );
  const policies = [...new Set(found.opened.map(({ by, direction }) => `${by} (${direction})`))];
  if (policies.length > 0)
    statements.push(
      `Isolation of ${new Set(found.opened.map(({ workload }) => workload)).size} ${of} is undone by a rule that allows everything: ${listed(policies)}.`,
    );
  return statements;
}

/** The state at the end of the period, since when it is complete, and the holes that reach into the period. */
function lookBack(segment: SegmentView, states: readonly PolicyState[], snapshot: EvidenceSnapshot) {
  const { period, asOf } = snapshot;
  const last = states.findLastIndex(
    ({ since }) => since === null || (compareInstants(since, period.to) < 0 && compareInstants(since, asOf) <= 0),
  );
  const complete = states.slice(0, last + 1).map((state) => coverage(segment, state).complete);
  const first = complete.lastIndexOf(false) + 1;
  const firstEver = complete.indexOf(true);
  const lifted: { from: string; to: string }[] = [];
  // The last state is judged as it stands; only holes that were closed again are looked for here.
  for (let at = firstEver === -1 ? last : firstEver + 1; at < last; at++) {
    const [from, to] = [states[at]?.since ?? null, states[at + 1]?.since ?? null];
    if (complete[at] === true || from === null || to === null) continue;
    const before = lifted.at(-1);
    if (before !== undefined && before.to === from) before.to = to;
    else lifted.push({ from, to });
  }
  return {
    state: states[last] ?? { since: null, policies: [] },
    since: states[first]?.since ?? null,
    lifted: lifted.filter(({ to }) => compareInstants(period.from, to) < 0),
  };
}

function judgeSegment(segment: SegmentView, history: PolicyHistory, snapshot: EvidenceSnapshot): SegmentResult {
  const { name, phase, criticality, workloads, namespace } = segment;
  const say = (severity: Observation['severity'], statement: string, versions: readonly PolicyVersionView[] = []) => ({
    severity,
    subject: name,
    statement,
    citations: versions.slice(0, 10).map(citeVersion),
  });
  const { state, since, lifted } = lookBack(segment, history.statesOf(namespace), snapshot);
  const found = coverage(segment, state);
  const observations: Observation[] = [];
  if (phase !== 'enforcing')
    observations.push(say(criticality, `Segment ${name} is in phase ${phase}: default deny is not enforced there.`));
  if (workloads.length === 0) {
    observations.push(say('low', `No workload of segment ${name} was observed, so nothing shows its default deny.`));
    return { outcome: phase === 'enforcing' ? 'unknown' : 'fail', observations, versions: [] };
  }
  observations.push(...gapStatements(segment, found).map((statement) => say(criticality, statement, found.versions)));
  for (const { from, to } of lifted)
    observations.push(say('high', `Default deny of segment ${name} was lifted from ${from} to ${to}.`));
  if (found.unread.length > 0)
    observations.push(
      say(
        'medium',
        `The content of ${listed(found.unread.map(policyText))} in segment ${name} is not known, so its effect is not either.`,
        found.unread,
      ),
    );
  if (found.complete && since !== null) {
    const within = compareInstants(snapshot.period.from, since) < 0;
    observations.push(
      say(
        'info',
        `Default deny in both directions holds for ${counted(workloads.length, 'observed workload')} of segment ${name} since ${since}${within ? ', within the period' : ''}.`,
        found.versions,
      ),
    );
  }
  const outcome: Outcome =
    phase !== 'enforcing' || lifted.length > 0
      ? 'fail'
      : found.unread.length > 0
        ? 'unknown'
        : found.complete
          ? 'pass'
          : 'fail';
  return { outcome, observations, versions: found.versions };
}

function run(snapshot: EvidenceSnapshot): ControlResult {
  const history = new PolicyHistory(snapshot.policyVersions);
  const judged = snapshot.segments.map((segment) => ({ segment, ...judgeSegment(segment, history, snapshot) }));
  const names = (outcome: Outcome) =>
    judged.filter((one) => one.outcome === outcome).map(({ segment }) => segment.name);
  const [passed, failed, unknown] = [names('pass'), names('fail'), names('unknown')];
  const problems = policyEvidenceProblems(snapshot);
  const segments = counted(judged.length, 'segment');
  const judge = (): Pick<ControlResult, 'result' | 'reason'> => {
    if (judged.length === 0) return { result: 'not_assessed', reason: 'No segment is in scope.' };
    if (snapshot.policyVersions.length === 0)
      return {
        result: 'not_assessed',
        reason: 'No record of any policy has been received, so nothing is known of what is in force.',
      };
    if (failed.length > 0)
      return {
        result: 'not_satisfied',
        reason: `${failed.length} of ${segments} had no complete, enforced default deny at the end of the period: ${listed(failed)}.`,
      };
    if (unknown.length > 0)
      return {
        result: 'not_assessed',
        reason: `For ${unknown.length} of ${segments} the evidence is missing: ${listed(unknown)}.`,
      };
    const statement = `Default deny in both directions holds for every observed workload in ${passed.length} of ${segments}`;
    return problems.length > 0
      ? { result: 'not_assessed', reason: `${statement}, ${incompleteText(problems)}.` }
      : { result: 'satisfied', reason: `${statement}.` };
  };
  return {
    controlId: 'default-deny',
    ...judge(),
    examined: judged.length,
    passed: passed.length,
    observations: judged.flatMap(({ observations }) => observations),
    ...cited(judged.flatMap(({ versions }) => versions).map(citeVersion)),
  };
}

/** Default deny of each segment, from the policies in force. */
export const defaultDeny: Check = {
  controlId: 'default-deny',
  title: 'Segments deny by default',
  question: 'Is every observed workload of every segment isolated in both directions by a policy in force?',
  method:
    'The policy versions in force at the end of the period are held against the workloads observed in each segment: each must be selected by a policy for ingress and by one for egress, and no rule may allow everything. The segment must be in phase enforcing, and default deny must not have been lifted within the period. When it came into force is stated.',
  run,
};

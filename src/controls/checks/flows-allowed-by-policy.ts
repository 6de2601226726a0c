import type { Check, ControlResult, EdgeView, EvidenceSnapshot, Observation } from '../model.js';
import { EdgeJudge, type EdgeJudgement, type Uncertainty } from './edge-judge.js';
import { flowEvidenceProblems, incompleteText, policyEvidenceProblems } from './freshness.js';
import { citeEdge, citedEdges, counted, edgeText, listed } from './wording.js';

/** At most so many observations of one class are written out; the rest is summed up in one. */
export const observationLimit = 100;

const uncertainties: Readonly<Record<Uncertainty, string>> = {
  unknown_end: 'one end is not a known workload or address',
  unknown_address: 'the decision depends on an address that the record does not give',
  protocol_or_port: 'the record gives no protocol and port that policies speak of',
  policy_not_read: 'the content of a policy in force is not known',
  labels_or_named_port: 'the decision depends on namespace labels or named ports that the records do not give',
  destination_not_heard: 'the destination, whose policies deny it, has not reported it',
};

interface Group {
  readonly edges: EdgeView[];
  readonly judgement: EdgeJudgement;
}

const flowsOf = (edges: readonly EdgeView[]) => edges.reduce((sum, { flows }) => sum + flows, 0);

/** Edges of all days that are wrong in one way belong in one observation. */
function groupKey(edge: EdgeView, judgement: EdgeJudgement): string {
  const { outcome } = judgement;
  if (outcome === 'default') return `${outcome}|${judgement.subject}|${judgement.direction}`;
  if (outcome === 'uncertain') return `${outcome}|${judgement.why}`;
  return `${outcome}|${edgeText(edge)}|${outcome === 'denied' ? judgement.subject : ''}`;
}

function statement({ edges, judgement }: Group): string {
  const flows = counted(flowsOf(edges), 'flow');
  const [first] = edges;
  switch (judgement.outcome) {
    case 'denied':
      return `${first === undefined ? '' : edgeText(first)}: ${flows} allowed, although ${listed(judgement.by)} isolated ${judgement.subject} and no policy in force allowed ${edges.length === 1 ? 'it' : 'them'}.`;
    case 'default':
      return `${flows} of ${counted(edges.length, 'edge')} allowed by default, because no policy in force selected ${judgement.subject} for ${judgement.direction}; such as ${first === undefined ? '' : edgeText(first)}.`;
    case 'uncertain':
      return `${flows} of ${counted(edges.length, 'edge')} could not be judged: ${uncertainties[judgement.why]}; such as ${first === undefined ? '' : edgeText(first)}.`;
    case 'covered':
    case 'exempt':
      return '';
  }
}

function observe(groups: readonly Group[], severity: Observation['severity']): Observation[] {
  const ordered = [...groups].sort((a, b) => flowsOf(b.edges) - flowsOf(a.edges));
  const rest = ordered.slice(observationLimit);
  const observations = ordered.slice(0, observationLimit).map((group): Observation => {
    const { judgement, edges } = group;
    const subject = 'subject' in judgement ? judgement.subject : 'flows';
    return { severity, subject, statement: statement(group), citations: edges.slice(0, 10).map(citeEdge) };
  });
  if (rest.length === 0) return observations;
  const restEdges = rest.flatMap(({ edges }) => edges);
  return [
    ...observations,
    {
      severity,
      subject: 'flows',
      statement: `${counted(rest.length, 'more finding')} of this kind, with ${counted(flowsOf(restEdges), 'flow')} of ${counted(restEdges.length, 'edge')}, are counted and not written out.`,
      citations: [],
    },
  ];
}

function run(snapshot: EvidenceSnapshot): ControlResult {
  const judge = new EdgeJudge(snapshot);
  const edges: Record<EdgeJudgement['outcome'], EdgeView[]> = {
    denied: [],
    default: [],
    uncertain: [],
    covered: [],
    exempt: [],
  };
  const groups = new Map<string, Group>();
  for (const edge of snapshot.edges) {
    if (edge.verdict !== 'allow') continue;
    const judgement = judge.judge(edge);
    edges[judgement.outcome].push(edge);
    if (judgement.outcome === 'covered' || judgement.outcome === 'exempt') continue;
    const key = groupKey(edge, judgement);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { edges: [edge], judgement });
    else group.edges.push(edge);
  }
  const withOutcome = (outcome: EdgeJudgement['outcome']) =>
    [...groups.values()].filter(({ judgement }) => judgement.outcome === outcome);
  const { denied, default: open, uncertain, covered, exempt } = edges;
  const examined = denied.length + open.length + uncertain.length + covered.length;
  const amount = (list: readonly EdgeView[]) => `${counted(flowsOf(list), 'flow')} on ${counted(list.length, 'edge')}`;
  const problems = [...new Set([...flowEvidenceProblems(snapshot), ...policyEvidenceProblems(snapshot)])];
  const decide = (): Pick<ControlResult, 'result' | 'reason'> => {
    if (examined === 0)
      return { result: 'not_assessed', reason: 'No allowed flow was recorded in the period that a policy decides on.' };
    if (snapshot.policyVersions.length === 0)
      return {
        result: 'not_assessed',
        reason: `${amount(open)} were allowed, but no record of any policy has been received.`,
      };
    const doubt = uncertain.length > 0 ? ` ${amount(uncertain)} could not be judged.` : '';
    if (denied.length + open.length > 0)
      return {
        result: 'not_satisfied',
        reason: `${amount(denied)} were allowed against the policies in force, and ${amount(open)} by default, of ${counted(examined, 'edge')} examined.${doubt}`,
      };
    const passed = `${counted(flowsOf(covered), 'flow')} on ${covered.length} of ${counted(examined, 'edge')} examined were allowed by a policy in force`;
    if (uncertain.length > 0) return { result: 'not_assessed', reason: `${passed}.${doubt}` };
    return problems.length > 0
      ? { result: 'not_assessed', reason: `${passed}, ${incompleteText(problems)}.` }
      : { result: 'satisfied', reason: `${passed}.` };
  };
  const aside: Observation[] =
    exempt.length === 0
      ? []
      : [
          {
            severity: 'info',
            subject: 'flows',
            statement: `${amount(exempt)} were left out: between a workload and its own node, or decided by the destination's own record.`,
            citations: [],
          },
        ];
  return {
    controlId: 'flows-allowed-by-policy',
    ...decide(),
    examined,
    passed: covered.length,
    observations: [
      ...observe(withOutcome('denied'), 'high'),
      ...observe(withOutcome('default'), 'medium'),
      ...observe(withOutcome('uncertain'), 'low'),
      ...aside,
    ],
    ...citedEdges([...denied, ...open, ...uncertain, ...covered]),
  };
}

/** Traffic that passed although no policy allows it. */
export const flowsAllowedByPolicy: Check = {
  controlId: 'flows-allowed-by-policy',
  title: 'Allowed flows are allowed by a policy',
  question: 'Did a policy in force at the time allow every flow that was let through?',
  method:
    'Each edge of allowed flows is put to the policies in force at its first and last time and between. An edge that none of them allowed is a violation, and so is one that passed by default because no policy selected the workload. Edges that cannot be judged are counted and never passed. A flow reported at its source is judged by the egress policies there, and else by those of the destination.',
  run,
};

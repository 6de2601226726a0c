import { compareInstants } from '../../changes/instants.js';
import type { Check, ControlResult, EdgeView, EvidenceSnapshot, Observation, SegmentView } from '../model.js';
import { flowEvidenceProblems, incompleteText } from './freshness.js';
import { citeEdge, citedEdges, counted, edgeText, listed } from './wording.js';

const decided: ReadonlySet<EdgeView['verdict']> = new Set(['allow', 'deny', 'would_deny', 'error']);

/** The ends at which an edge was decided: destination for ingress, source for egress, either when it does not say. */
function enforcers({ direction, source, destination }: EdgeView): string[] {
  if (direction === 'ingress') return [destination];
  return direction === 'egress' ? [source] : [...new Set([source, destination])];
}

function decisionsByWorkload(edges: readonly EdgeView[]): ReadonlyMap<string, EdgeView[]> {
  const byWorkload = new Map<string, EdgeView[]>();
  for (const edge of edges) {
    if (!decided.has(edge.verdict)) continue;
    for (const key of enforcers(edge)) {
      const list = byWorkload.get(key);
      if (list === undefined) byWorkload.set(key, [edge]);
      else list.push(edge);
    }
  }
  return byWorkload;
}

interface Judged {
  readonly segment: SegmentView;
  readonly decisions: readonly EdgeView[];
  readonly audited: readonly EdgeView[];
}

function observe({ segment, audited }: Judged): Observation[] {
  if (audited.length === 0) return [];
  const flows = audited.reduce((sum, edge) => sum + edge.flows, 0);
  return [
    {
      severity: 'high',
      subject: segment.name,
      statement: `Segment ${segment.name} is in phase enforcing, but ${counted(flows, 'flow')} over ${counted(audited.length, 'edge')} only got an audit verdict, such as ${audited[0] === undefined ? '' : edgeText(audited[0])}.`,
      citations: audited.slice(0, 10).map(citeEdge),
    },
  ];
}

function run(snapshot: EvidenceSnapshot): ControlResult {
  const byWorkload = decisionsByWorkload(snapshot.edges);
  const enforcing = snapshot.segments.filter(({ phase }) => phase === 'enforcing');
  const judged = enforcing.map((segment): Judged => {
    const edges = segment.workloads.flatMap(({ key }) => byWorkload.get(key) ?? []);
    const { phaseSince } = segment;
    const decisions = [...new Set(edges)].filter(
      ({ lastTime }) => phaseSince === undefined || compareInstants(phaseSince, lastTime) <= 0,
    );
    // An edge that began before enforcement may owe its audit verdicts to the time before.
    const audited = decisions.filter(
      ({ verdict, firstTime }) =>
        verdict === 'would_deny' && (phaseSince === undefined || compareInstants(phaseSince, firstTime) <= 0),
    );
    return { segment, decisions, audited };
  });
  const failed = judged.filter(({ audited }) => audited.length > 0);
  const unseen = judged.filter(({ decisions }) => decisions.length === 0);
  const problems = flowEvidenceProblems(snapshot);
  const segments = counted(judged.length, 'enforcing segment');
  const names = (list: readonly Judged[]) => listed(list.map(({ segment }) => segment.name));
  const judge = (): Pick<ControlResult, 'result' | 'reason'> => {
    if (failed.length > 0)
      return {
        result: 'not_satisfied',
        reason: `In ${failed.length} of ${segments} traffic only got audit verdicts: ${names(failed)}.`,
      };
    if (judged.length === 0) return { result: 'not_assessed', reason: 'No segment in scope is in phase enforcing.' };
    if (unseen.length > 0)
      return {
        result: 'not_assessed',
        reason: `No decision was recorded in ${unseen.length} of ${segments}: ${names(unseen)}.`,
      };
    const passed = `In ${judged.length} of ${segments} every recorded decision was enforced`;
    return problems.length > 0
      ? { result: 'not_assessed', reason: `${passed}, ${incompleteText(problems)}.` }
      : { result: 'satisfied', reason: `${passed}.` };
  };
  return {
    controlId: 'enforcement-mode',
    ...judge(),
    examined: judged.length,
    passed: judged.length - failed.length - unseen.length,
    observations: [
      ...failed.flatMap(observe),
      ...unseen.map(({ segment }): Observation => ({
        severity: 'low',
        subject: segment.name,
        statement: `No enforcement decision of segment ${segment.name} was recorded in the period.`,
        citations: [],
      })),
      ...snapshot.segments
        .filter(({ phase }) => phase !== 'enforcing')
        .map(({ name, phase }): Observation => ({
          severity: 'info',
          subject: name,
          statement: `Segment ${name} is in phase ${phase}, so audit verdicts are expected there.`,
          citations: [],
        })),
    ],
    ...citedEdges([
      ...new Set([...judged.flatMap(({ audited }) => audited), ...judged.flatMap(({ decisions }) => decisions)]),
    ]),
  };
}

/** Segments that are said to enforce while their enforcement points only report. */
export const enforcementMode: Check = {
  controlId: 'enforcement-mode',
  title: 'Enforcing segments enforce',
  question: 'Were decisions in the segments said to be enforcing carried out, and not only reported?',
  method:
    'In segments in phase enforcing, no flow may carry an audit verdict (would be denied, but passed) from the enforcement point of one of their workloads after the segment entered that phase. Other segments are named and not judged.',
  run,
};

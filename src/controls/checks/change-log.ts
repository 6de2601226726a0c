import { isWithin } from '../../changes/instants.js';
import type { Check, ControlResult, EvidenceSnapshot, PolicyVersionView } from '../model.js';
import { incompleteText, policyEvidenceProblems, policySources, silences, silenceText } from './freshness.js';
import { cited, citeVersion, counted, duration, policyText } from './wording.js';

function missing({ author, action, digest }: PolicyVersionView): string[] {
  const content = action !== 'delete' && digest === null ? ['the content put in force'] : [];
  return author.trim() === '' ? ['who made it', ...content] : content;
}

/** Silences of sources whose own limit says that they are due to send. */
function holes(snapshot: EvidenceSnapshot): { source: string; statement: string }[] {
  const names = policySources(snapshot);
  return snapshot.sources
    .filter(({ name }) => names.has(name))
    .flatMap((source) => {
      const limit = source.silenceAfterSeconds;
      if (limit === null) return [];
      return silences(source, snapshot, limit).map((silence) => ({
        source: source.name,
        statement: `Source ${source.name}, which reports policy changes, ${silenceText(silence)}; its limit is ${duration(limit)}. Changes made meanwhile may be missing.`,
      }));
    });
}

function run(snapshot: EvidenceSnapshot): ControlResult {
  const { from, to } = snapshot.period;
  const versions = snapshot.policyVersions.filter(({ eventTime }) => isWithin(eventTime, from, to));
  const incomplete = versions.filter((version) => missing(version).length > 0);
  const silent = holes(snapshot);
  const problems = policyEvidenceProblems(snapshot);
  const records = counted(versions.length, 'record');
  const judge = (): Pick<ControlResult, 'result' | 'reason'> => {
    if (incomplete.length > 0 || silent.length > 0)
      return {
        result: 'not_satisfied',
        reason: `${incomplete.length} of ${records} of policy changes lack author or content, and the reporting sources fell silent ${counted(silent.length, 'time')}.`,
      };
    if (versions.length === 0)
      return {
        result: 'not_assessed',
        reason: 'No policy change was recorded in the period, so its logging cannot be judged.',
      };
    const passed = `${records} of policy changes in the period name author, time and content`;
    return problems.length > 0
      ? { result: 'not_assessed', reason: `${passed}, ${incompleteText(problems)}.` }
      : { result: 'satisfied', reason: `${passed}, and the reporting sources did not fall silent.` };
  };
  return {
    controlId: 'change-log',
    ...judge(),
    examined: versions.length,
    passed: versions.length - incomplete.length,
    observations: [
      ...silent.map(({ source, statement }) => ({
        severity: 'high' as const,
        subject: source,
        statement,
        citations: [],
      })),
      ...incomplete.map((version) => ({
        severity: 'medium' as const,
        subject: policyText(version),
        statement: `The record of the ${version.action} of ${policyText(version)} at ${version.eventTime} lacks ${missing(version).join(' and ')}.`,
        citations: [citeVersion(version)],
      })),
    ],
    ...cited([...incomplete, ...versions].map(citeVersion)),
  };
}

/** The record of policy changes itself: who, when and what, without holes. */
export const changeLog: Check = {
  controlId: 'change-log',
  title: 'Policy changes are logged in full',
  question: 'Does every policy change in the log say who made it, when and what it put in force, without holes?',
  method:
    'Each record of a policy change in the period must hold its author and the object after the change. The sources that report policy changes must not have been silent for longer than their limits; a source without a limit is not vouched for after seven days.',
  run,
};

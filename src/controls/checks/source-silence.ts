import { compareInstants } from '../../changes/instants.js';
import type { Check, Citation, ControlResult, EvidenceSnapshot, Observation, SourceView } from '../model.js';
import { silences, silenceText } from './freshness.js';
import { cited, counted, duration, listed } from './wording.js';

function citationsOf({ name, lastIndex, lastReceivedAt, lastEventTime }: SourceView): Citation[] {
  if (lastIndex === null || lastReceivedAt === null) return [];
  return [{ index: lastIndex, eventTime: lastEventTime ?? lastReceivedAt, summary: `Last record of source ${name}` }];
}

function unwatched(sources: readonly SourceView[]): Observation[] {
  return sources.map(({ name }) => ({
    severity: 'low',
    subject: name,
    statement: `Source ${name} has no silence limit, so its silence would go unnoticed.`,
    citations: [],
  }));
}

/** A source that was registered a moment ago and is not yet due is neither heard nor silent. */
function isDue(source: SourceView, asOf: string, limit: number): boolean {
  if (compareInstants(source.createdAt, asOf) >= 0) return false;
  return source.lastReceivedAt !== null || silences(source, { asOf }, limit).length > 0;
}

function run(snapshot: EvidenceSnapshot): ControlResult {
  const observations: Observation[] = [];
  const silent: SourceView[] = [];
  const heard: SourceView[] = [];
  for (const source of snapshot.sources) {
    const limit = source.silenceAfterSeconds;
    if (limit === null || !isDue(source, snapshot.asOf, limit)) continue;
    const found = silences(source, snapshot, limit);
    (found.length > 0 ? silent : heard).push(source);
    for (const silence of found)
      observations.push({
        severity: 'high',
        subject: source.name,
        statement: `Source ${source.name} ${silenceText(silence)}; its limit is ${duration(limit)}.`,
        citations: citationsOf(source),
      });
  }
  const examined = silent.length + heard.length;
  const names = listed(silent.map(({ name }) => name));
  return {
    controlId: 'source-silence',
    result: silent.length > 0 ? 'not_satisfied' : examined > 0 ? 'satisfied' : 'not_assessed',
    reason:
      examined === 0
        ? 'No source with a silence limit was due to send records.'
        : silent.length > 0
          ? `${silent.length} of ${counted(examined, 'watched source')} fell silent for longer than its limit: ${names}.`
          : `${counted(examined, 'watched source')} sent records without a silence longer than its limit.`,
    examined,
    passed: heard.length,
    observations: [
      ...observations,
      ...unwatched(snapshot.sources.filter((source) => source.silenceAfterSeconds === null)),
    ],
    ...cited([...silent, ...heard].flatMap(citationsOf)),
  };
}

/** Sources that stopped sending: what was not recorded cannot be judged. */
export const sourceSilence: Check = {
  controlId: 'source-silence',
  title: 'No source fell silent',
  question: 'Did every source that is watched go on sending records through the period?',
  method:
    'Each source has a longest silence that is normal for it. The longest time between the receipts of its records in the period, and the time from its last receipt to the time of assessment, must not exceed it; the clock of the source has no part in it. A source that was never heard of counts from its registration.',
  run,
};

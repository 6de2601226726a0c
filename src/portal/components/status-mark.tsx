import type { JSX } from 'preact';
import type { ResultWord } from '../../controls/model.js';
import type { Verdict } from '../../ingestion/normal-form.js';
import type { SegmentPhase } from '../../inventory/segment-phase.js';
import type { EdgeClass } from '../../policies/replay/replay.js';
import type { SimulationState } from '../../simulations/simulation.js';
import type { ChangeOutcome, ChangeState, ReportState, Severity, SourceHealthMark } from '../views.js';

/** Four tones; each has its own colour, its own shape and always a word beside it. */
export type Tone = 'good' | 'warn' | 'bad' | 'quiet';

const shapes: Readonly<Record<Tone, { readonly outline: string; readonly sign: string }>> = {
  good: { outline: 'M7 .5a6.5 6.5 0 1 1 0 13 6.5 6.5 0 0 1 0-13z', sign: 'M4 7.2 6.2 9.4 10.2 4.9' },
  warn: { outline: 'M7 .8 13.6 12.8H.4z', sign: 'M7 5v3.6M7 10.7v.1' },
  bad: { outline: 'M4.2.5h5.6L13.5 4.2v5.6L9.8 13.5H4.2L.5 9.8V4.2z', sign: 'M4.7 4.7l4.6 4.6M9.3 4.7 4.7 9.3' },
  quiet: { outline: 'M.5 1.5h13v11h-13z', sign: 'M4.2 7h5.6' },
};

interface StatusMarkProps {
  readonly tone: Tone;
  readonly word: string;
}

export function StatusMark({ tone, word }: StatusMarkProps): JSX.Element {
  const shape = shapes[tone];
  return (
    <span class={`mark mark-${tone}`}>
      <svg class="mark-shape" viewBox="0 0 14 14" width="14" height="14" aria-hidden="true" focusable="false">
        <path class="mark-outline" d={shape.outline} />
        <path class="mark-sign" d={shape.sign} />
      </svg>
      {word}
    </span>
  );
}

type Words<Key extends string> = Readonly<Record<Key, StatusMarkProps>>;

export const resultMarks: Words<ResultWord> = {
  satisfied: { tone: 'good', word: 'Satisfied' },
  not_satisfied: { tone: 'bad', word: 'Not satisfied' },
  not_applicable: { tone: 'quiet', word: 'Not applicable' },
  not_assessed: { tone: 'quiet', word: 'Not assessed' },
};

export const verdictMarks: Words<Verdict> = {
  allow: { tone: 'good', word: 'Allow' },
  deny: { tone: 'bad', word: 'Deny' },
  would_deny: { tone: 'warn', word: 'Would deny' },
  error: { tone: 'warn', word: 'Error' },
  none: { tone: 'quiet', word: 'No verdict' },
  unknown: { tone: 'quiet', word: 'Unknown' },
};

export const severityMarks: Words<Severity> = {
  critical: { tone: 'bad', word: 'Critical' },
  high: { tone: 'bad', word: 'High' },
  medium: { tone: 'warn', word: 'Medium' },
  low: { tone: 'quiet', word: 'Low' },
  info: { tone: 'quiet', word: 'Info' },
};

export const changeStateMarks: Words<ChangeState> = {
  proposed: { tone: 'warn', word: 'Proposed' },
  approved: { tone: 'good', word: 'Approved' },
  rejected: { tone: 'bad', word: 'Rejected' },
};

export const changeOutcomeMarks: Words<ChangeOutcome> = {
  waiting: { tone: 'quiet', word: 'Waiting' },
  carried_out: { tone: 'good', word: 'Carried out' },
  partly: { tone: 'warn', word: 'Partly carried out' },
  not_carried_out: { tone: 'warn', word: 'Not carried out' },
  not_applicable: { tone: 'quiet', word: 'Nothing expected' },
};

export const sourceHealthMarks: Words<SourceHealthMark> = {
  reporting: { tone: 'good', word: 'Reporting' },
  silent: { tone: 'bad', word: 'Silent' },
  never_reported: { tone: 'warn', word: 'Never reported' },
  not_watched: { tone: 'quiet', word: 'Not watched' },
};

export const phaseMarks: Words<SegmentPhase> = {
  discovery: { tone: 'quiet', word: 'Discovery' },
  modelling: { tone: 'quiet', word: 'Modelling' },
  testing: { tone: 'quiet', word: 'Testing' },
  monitoring: { tone: 'warn', word: 'Monitoring' },
  enforcing: { tone: 'good', word: 'Enforcing' },
};

export const reportStateMarks: Words<ReportState> = {
  queued: { tone: 'quiet', word: 'Queued' },
  building: { tone: 'warn', word: 'Being built' },
  ready: { tone: 'good', word: 'Ready' },
  failed: { tone: 'bad', word: 'Failed' },
};

export const simulationStateMarks: Words<SimulationState> = {
  waiting: { tone: 'quiet', word: 'Waiting' },
  running: { tone: 'warn', word: 'Running' },
  finished: { tone: 'good', word: 'Finished' },
  failed: { tone: 'bad', word: 'Failed' },
  cancelled: { tone: 'quiet', word: 'Cancelled' },
};

export const edgeClassMarks: Words<EdgeClass> = {
  newly_blocked: { tone: 'bad', word: 'Newly blocked' },
  newly_allowed: { tone: 'warn', word: 'Newly allowed' },
  uncertain: { tone: 'quiet', word: 'Uncertain' },
  stays_allowed: { tone: 'good', word: 'Stays allowed' },
  stays_denied: { tone: 'good', word: 'Stays denied' },
};

export const authorisedMark: StatusMarkProps = { tone: 'good', word: 'Authorised' };
export const unauthorisedMark: StatusMarkProps = { tone: 'bad', word: 'No approved change' };

/** `policy_change` as `Policy change`: for words without a tone. */
export function plainWord(word: string): string {
  const spaced = word.replaceAll('_', ' ');
  return spaced.charAt(0).toUpperCase() + spaced.slice(1);
}

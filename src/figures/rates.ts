/** Figures that are counted from what happened, not from what policy allows: findings, changes, completeness of the log. */

import {
  coverageOf,
  type Coverage,
  type FigureFinding,
  type FigureVersion,
  type FindingCounts,
  type ScopeFigures,
  type WindowInputs,
} from './model.js';

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function seconds(from: string, to: string): number {
  return Math.max(0, (Date.parse(to) - Date.parse(from)) / 1000);
}

export function causeKey({ kind, cause }: Pick<FigureFinding, 'kind' | 'cause'>): string {
  return `${kind} ${cause}`;
}

/** Counts of the findings of one kind. `all` are those of every kind, of which it takes its own. */
export function countFindings(kind: string, all: readonly FigureFinding[], window: WindowInputs): FindingCounts {
  const { from, asOf } = window;
  const own = all.filter((finding) => finding.kind === kind);
  const since = Date.parse(from);
  const until = Date.parse(asOf);
  const within = (time: string | null) => time !== null && Date.parse(time) >= since && Date.parse(time) < until;
  const detected = own.filter(({ openedAt }) => within(openedAt));
  const remediated = own.filter(({ closedAt }) => within(closedAt));
  const open = own.filter(({ closedAt }) => closedAt === null || Date.parse(closedAt) >= until);
  const closedEarlier = (finding: FigureFinding): boolean =>
    window.closedBefore.includes(causeKey(finding)) ||
    own.some(
      ({ id, cause, closedAt }) =>
        id !== finding.id && cause === finding.cause && closedAt !== null && closedAt <= finding.openedAt,
    );
  return {
    kind,
    detected: detected.length,
    remediated: remediated.length,
    open: open.length,
    reopened: detected.filter(closedEarlier).length,
    meanSecondsToDetect: mean(detected.map(({ occurredAt, openedAt }) => seconds(occurredAt, openedAt))),
    meanSecondsToRemediate: mean(remediated.map(({ openedAt, closedAt }) => seconds(openedAt, closedAt ?? openedAt))),
    oldestOpenSeconds: open.length === 0 ? null : Math.max(...open.map(({ openedAt }) => seconds(openedAt, asOf))),
  };
}

/** Policy versions that no approved change covers, among all. */
export function countVersions(versions: readonly FigureVersion[]): ScopeFigures['unauthorisedChanges'] {
  const unauthorised = versions.filter(({ authorised }) => !authorised).length;
  return {
    versions: versions.length,
    unauthorised,
    rate: versions.length === 0 ? null : unauthorised / versions.length,
    coverage: coverageOf(
      'policy versions whose content the records show',
      versions.filter(({ contentKnown }) => contentKnown).length,
      versions.length,
    ),
  };
}

/** How much of what reached the log, or should have, was read. */
export function completeness({ records, findings }: WindowInputs): ScopeFigures['auditCompleteness'] {
  const { received, rejected, missing, gaps } = records;
  const whole = received + missing;
  return {
    value: whole === 0 ? null : (received - rejected) / whole,
    received,
    rejected,
    missing,
    gaps,
    silences: findings.filter(({ kind }) => kind === 'silence').length,
    coverage: recordCoverage(records),
  };
}

/** Records that were read, of those that came or are known to be missing. */
export function recordCoverage({ received, rejected, missing }: WindowInputs['records']): Coverage {
  return coverageOf('records read, of those received or known to be missing', received - rejected, received + missing);
}

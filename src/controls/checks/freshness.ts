/** When evidence is too old, or has holes, for a check to vouch for it. */

import { secondsBetween } from '../../changes/instants.js';
import type { EvidenceSnapshot, SourceView } from '../model.js';
import { counted, duration } from './wording.js';

/** How old the last record of a source without a silence limit of its own may be, in seconds. */
export const unwatchedLimitSeconds = 7 * 86_400;

/** A stretch without records that is longer than the source's limit. */
export interface Silence {
  /** `gap`: records before and after; `until_now`: nothing since; `never_heard`: no record at all. */
  readonly kind: 'gap' | 'until_now' | 'never_heard';
  readonly from: string;
  readonly to: string;
  readonly seconds: number;
}

/**
 * The silences of a source over `limitSeconds`, inside the period and up to the as-of time. A stretch of exactly the
 * limit is no silence.
 */
export function silences(
  source: SourceView,
  { asOf }: Pick<EvidenceSnapshot, 'asOf'>,
  limitSeconds: number,
): readonly Silence[] {
  const { longestGap: gap, lastReceivedAt } = source;
  const found: Silence[] = [];
  if (gap !== null && gap.seconds > limitSeconds) found.push({ kind: 'gap', ...gap });
  const since = lastReceivedAt ?? source.createdAt;
  const seconds = secondsBetween(since, asOf);
  if (seconds > limitSeconds)
    found.push({ kind: lastReceivedAt === null ? 'never_heard' : 'until_now', from: since, to: asOf, seconds });
  return found;
}

/** A silence as a clause: `was silent for 3 days (from ... to ...)`. */
export function silenceText({ kind, from, to, seconds }: Silence): string {
  if (kind === 'never_heard') return `has sent nothing since it was registered at ${from}`;
  const stretch = `${duration(seconds)} (${from} to ${to})`;
  return kind === 'gap' ? `was silent for ${stretch}` : `has been silent for ${stretch}`;
}

function sourceProblem(source: SourceView, snapshot: EvidenceSnapshot): string | null {
  const limit = source.silenceAfterSeconds ?? unwatchedLimitSeconds;
  const [first] = silences(source, snapshot, limit);
  return first === undefined ? null : `source ${source.name} ${silenceText(first)}`;
}

/** Names of the sources whose records showed policy versions. */
export function policySources(snapshot: EvidenceSnapshot): ReadonlySet<string> {
  return new Set(snapshot.policyVersions.map(({ source }) => source));
}

/**
 * Why the policy evidence cannot be vouched for, one clause a source; empty when it is fresh and without holes.
 * Only sources that have shown policy versions are asked: a silent flow source says nothing about policy.
 */
export function policyEvidenceProblems(snapshot: EvidenceSnapshot): string[] {
  return [...policySources(snapshot)].flatMap((name) => {
    const source = snapshot.sources.find((known) => known.name === name);
    if (source === undefined) return [`the health of source ${name} is not known`];
    return sourceProblem(source, snapshot) ?? [];
  });
}

/**
 * The same for traffic. Sources that have shown policy versions are taken to report nothing else, unless there is no
 * other source.
 */
export function flowEvidenceProblems(snapshot: EvidenceSnapshot): string[] {
  if (snapshot.sources.length === 0) return ['no source is known'];
  const policy = policySources(snapshot);
  const others = snapshot.sources.filter(({ name }) => !policy.has(name));
  return (others.length > 0 ? others : snapshot.sources).flatMap((source) => sourceProblem(source, snapshot) ?? []);
}

/** `but the evidence is not complete: source a has been silent ...`. */
export function incompleteText(problems: readonly string[]): string {
  const rest = problems.length > 1 ? `; and ${counted(problems.length - 1, 'more source')}` : '';
  return `but the evidence is not complete: ${problems[0] ?? ''}${rest}`;
}

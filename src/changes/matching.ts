/**
 * Matching of what happened to what was approved: each version of a policy, as an audit record showed it, is held
 * against the registered changes. Content decides, not a ticket number in a comment.
 */

import { policyKeyText, type PolicyKey } from '../policies/policy-key.js';
import { compareInstants, isWithin } from './instants.js';

type Action = 'create' | 'update' | 'delete';

/** What matching reads of a policy version. `digest` is the canonical one; null when the content is not known. */
export interface PolicyVersionToMatch extends PolicyKey {
  readonly action: Action;
  readonly eventTime: string;
  readonly digest: string | null;
}

/** What matching reads of a change. The window is half-open: [windowFrom, windowTo). */
export interface ChangeToMatch {
  readonly id: string;
  readonly state: 'proposed' | 'approved' | 'rejected';
  readonly approvedAt: string | null;
  readonly windowFrom: string;
  readonly windowTo: string;
  readonly items: readonly (PolicyKey & { readonly action: Action; readonly digest: string | null })[];
}

/**
 * Why a policy version is covered by no approved change, in rising order of how far the closest change got.
 *
 * - `no_change`: no change speaks of this policy at that time
 * - `different_action`: a change whose window held the time names the policy, but for another action
 * - `different_content`: same policy and action, but other content than was proposed
 * - `content_unknown`: the record lacks the object, so it cannot be compared
 * - `rejected`, `not_approved`: the same content was proposed, and refused or not yet approved
 * - `approved_after`: approved, but not before the fact
 * - `outside_window`: approved before the fact, but carried out outside the window
 */
export const mismatches = [
  'no_change',
  'different_action',
  'different_content',
  'content_unknown',
  'rejected',
  'not_approved',
  'approved_after',
  'outside_window',
] as const;
export type Mismatch = (typeof mismatches)[number];

/** The outcome for one policy version. `explanation` is a sentence for people. */
export type PolicyChangeMatch<Version, Change> =
  | { readonly authorised: true; readonly version: Version; readonly change: Change; readonly explanation: string }
  | {
      readonly authorised: false;
      readonly version: Version;
      /** The change that came closest; null when none speaks of the policy. */
      readonly change: Change | null;
      readonly mismatch: Mismatch;
      readonly explanation: string;
    };

interface Candidate<Change> {
  readonly change: Change;
  readonly action: Action;
  readonly digest: string | null;
}

/** The first rule the candidate breaks; `null` when it authorises the version. */
function firstMismatch(version: PolicyVersionToMatch, candidate: Candidate<ChangeToMatch>): Mismatch | null {
  const { change, action, digest } = candidate;
  const inWindow = isWithin(version.eventTime, change.windowFrom, change.windowTo);
  // A change of last year that happens to name the same policy explains nothing about today's edit.
  if (action !== version.action) return inWindow ? 'different_action' : 'no_change';
  if (version.action !== 'delete') {
    if (version.digest === null || digest === null) return inWindow ? 'content_unknown' : 'no_change';
    if (version.digest !== digest) return inWindow ? 'different_content' : 'no_change';
  }
  if (change.state === 'rejected') return 'rejected';
  if (change.state !== 'approved' || change.approvedAt === null) return 'not_approved';
  if (compareInstants(change.approvedAt, version.eventTime) >= 0) return 'approved_after';
  return inWindow ? null : 'outside_window';
}

function explain(mismatch: Mismatch, version: PolicyVersionToMatch, change: ChangeToMatch | null): string {
  if (change === null) return `No registered change covers this ${version.action}.`;
  const window = `${change.windowFrom} to ${change.windowTo}`;
  switch (mismatch) {
    case 'no_change':
      return `No registered change covers this ${version.action}.`;
    case 'different_action':
      return `Change ${change.id} names this policy, but not to ${version.action} it.`;
    case 'different_content':
      return `Change ${change.id} covers another content of this policy than the one put in force.`;
    case 'content_unknown':
      return `Change ${change.id} may cover this ${version.action}, but the content cannot be compared: the audit record lacks the object. Raise the audit level of policy objects to RequestResponse.`;
    case 'rejected':
      return `Change ${change.id} proposed this ${version.action} and was rejected.`;
    case 'not_approved':
      return `Change ${change.id} proposes this ${version.action} and has not been approved.`;
    case 'approved_after':
      return `Change ${change.id} was approved at ${change.approvedAt ?? 'an unknown time'}, not before the ${version.action} at ${version.eventTime}.`;
    case 'outside_window':
      return `Change ${change.id} was approved for ${window}; the ${version.action} at ${version.eventTime} lies outside.`;
  }
}

function matchVersion<Version extends PolicyVersionToMatch, Change extends ChangeToMatch>(
  version: Version,
  candidates: readonly Candidate<Change>[],
): PolicyChangeMatch<Version, Change> {
  let closest: { readonly change: Change | null; readonly mismatch: Mismatch } = {
    change: null,
    mismatch: 'no_change',
  };
  for (const candidate of candidates) {
    const { change } = candidate;
    const mismatch = firstMismatch(version, candidate);
    if (mismatch === null)
      return {
        authorised: true,
        version,
        change,
        explanation: `Change ${change.id} approved this ${version.action} before it was carried out, inside its window.`,
      };
    if (mismatches.indexOf(mismatch) > mismatches.indexOf(closest.mismatch)) closest = { change, mismatch };
  }
  return { authorised: false, version, ...closest, explanation: explain(closest.mismatch, version, closest.change) };
}

/**
 * Holds every policy version against the registered changes. A version is authorised when a change names the same
 * policy, action and (but for a delete) canonical digest, was approved strictly before the event time, and the event
 * time lies inside its window. An item may authorise several versions: applying approved content again inside the
 * window is not another decision.
 *
 * Order of the answer is the order of `policyVersions`. Changes are tried in the order given, so with equal
 * candidates the first is named.
 *
 * @throws RangeError when a time is not RFC 3339
 */
export function matchPolicyChanges<Version extends PolicyVersionToMatch, Change extends ChangeToMatch>(
  policyVersions: readonly Version[],
  changes: readonly Change[],
): PolicyChangeMatch<Version, Change>[] {
  const candidates = new Map<string, Candidate<Change>[]>();
  for (const change of changes)
    for (const item of change.items) {
      const candidate = { change, action: item.action, digest: item.digest };
      const list = candidates.get(policyKeyText(item));
      if (list === undefined) candidates.set(policyKeyText(item), [candidate]);
      else list.push(candidate);
    }
  return policyVersions.map((version) => matchVersion(version, candidates.get(policyKeyText(version)) ?? []));
}

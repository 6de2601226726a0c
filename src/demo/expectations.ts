/** What a service that was fed the estate should find, for tests and for the walk through the demo. */

import type { Mismatch } from '../changes/matching.js';
import type { Unfolded } from './carry-out.js';
import { enforcedLater, neverEnforced } from './segments.js';
import type { Story } from './story.js';

/** A policy object that was changed, or was tried to be, without the authority of an approved change. */
export interface UnauthorisedChange {
  /** `refused`: the API server refused it, so nothing changed. Else the class that matching must give it. */
  readonly class: Mismatch | 'refused';
  readonly action: 'create' | 'update' | 'delete';
  readonly policy: { readonly kind: 'NetworkPolicy'; readonly namespace: string; readonly name: string };
  readonly at: Date;
  /** As the audit record names the user. */
  readonly author: string;
  /** Key of the change request that comes closest; null when none speaks of it. */
  readonly change: string | null;
}

export interface Expectations {
  /** Flow records, give or take a few. */
  readonly flows: number;
  /** Change requests by the state they end in. */
  readonly changes: { readonly proposed: number; readonly approved: number; readonly rejected: number };
  /** Policy objects put in force, changed or deleted, unauthorised ones included; refused requests and dry runs not. */
  readonly policyChanges: number;
  readonly dryRuns: number;
  /** In order of time. */
  readonly unauthorised: readonly UnauthorisedChange[];
  /** Sends nothing that happened at `from` or later. */
  readonly silentSource: { readonly name: string; readonly from: Date };
  readonly neverEnforcedSegment: string;
  /** Enters phase `enforcing` late; its verdicts are audit verdicts before. */
  readonly enforcedLater: { readonly segment: string; readonly at: Date };
  /** Records cut short on their way. */
  readonly unreadableRecords: number;
  readonly lossNotices: number;
  /** Batches sent a second time by a shipper that missed the answer. */
  readonly resentBatches: number;
}

/** Hours after the start at which a source cuts a record, loses events, or sends a batch again. */
export const mishaps = {
  unreadable: [53, 129, 222, 223, 381, 470, 588],
  lost: [37, 110, 211, 330, 442, 613],
  resent: [254],
} as const;

/** What the story comes to. */
export function expectationsOf(story: Story, { events, dryRuns }: Unfolded, flows: number): Expectations {
  const state = (wanted: 'approve' | 'reject') =>
    story.changes.filter(({ review }) => review?.decision === wanted).length;
  const applied = events.flatMap(({ outcome, action, manifest, at, by, change }): UnauthorisedChange[] => {
    if (outcome === 'authorised') return [];
    const { namespace, name } = manifest.metadata;
    const policy = { kind: 'NetworkPolicy' as const, namespace, name };
    return [{ class: outcome, action, policy, at: new Date(at), author: by.user.username, change }];
  });
  const refused = story.refusals.map(({ at, by, action, policy }): UnauthorisedChange => ({
    class: 'refused',
    action,
    policy: { kind: 'NetworkPolicy', ...policy },
    at: new Date(at),
    author: by.user.username,
    change: null,
  }));
  const enforced = story.phases.find(({ segment }) => segment === enforcedLater);
  return {
    flows,
    changes: {
      proposed: story.changes.filter(({ review }) => review === null).length,
      approved: state('approve'),
      rejected: state('reject'),
    },
    policyChanges: events.length,
    dryRuns: dryRuns.length,
    unauthorised: [...applied, ...refused].sort((a, b) => a.at.getTime() - b.at.getTime()),
    silentSource: { name: story.silence.source, from: new Date(story.silence.from) },
    neverEnforcedSegment: neverEnforced,
    enforcedLater: { segment: enforcedLater, at: new Date(enforced?.at ?? 0) },
    unreadableRecords: mishaps.unreadable.length,
    lossNotices: mishaps.lost.length,
    resentBatches: mishaps.resent.length,
  };
}

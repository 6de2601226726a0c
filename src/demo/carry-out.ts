/** The story unfolded: which policy object changed when, by whom and into what, and what each change request held. */

import { connections, type ConnectionId } from './connections.js';
import {
  manifestChanges,
  manifestsOf,
  type Intent,
  type Manifest,
  type ManifestChange,
  type NamespaceOf,
} from './manifests.js';
import type { ClusterActor } from './people.js';
import type { Random } from './random.js';
import type { CarryingOut, Effect, Outcome, PlannedChange, Story } from './story.js';

/** A policy object comes into force, in a new version, or goes. */
export interface PolicyEvent extends ManifestChange {
  /** From this millisecond on. */
  readonly at: number;
  readonly by: ClusterActor;
  readonly outcome: Outcome;
  /** Key of the change request that speaks of it; null for a hand edit. */
  readonly change: string | null;
}

/** A dry run that comes before a hand edit: it changes nothing. */
export interface DryRun {
  readonly at: number;
  readonly by: ClusterActor;
  readonly manifest: Manifest;
}

/** What the story comes to. */
export interface Unfolded {
  /** In order of time, no two at the same millisecond. */
  readonly events: readonly PolicyEvent[];
  readonly dryRuns: readonly DryRun[];
  /** The policy objects each change request names, by its key. */
  readonly items: ReadonlyMap<string, readonly ManifestChange[]>;
  /** The connections meant to be allowed from each event on, as they stand after it. */
  readonly intents: readonly { readonly at: number; readonly allowed: ReadonlySet<ConnectionId> }[];
}

function applied(intent: Intent, effect: Effect, also: readonly ConnectionId[] = []): Intent {
  const isolated = new Set(intent.isolated);
  if (effect.isolates !== undefined) isolated.add(effect.isolates);
  const withdrawn = new Set(effect.withdraws);
  const kept = [...intent.allowed].filter((id) => !withdrawn.has(id));
  return { isolated, allowed: new Set([...kept, ...(effect.allows ?? []), ...also]) };
}

/** Something that is put in force, or only proposed: then `at` is the time of the proposal. */
interface Act {
  readonly at: number;
  readonly effect: Effect;
  readonly change: PlannedChange | null;
  readonly carriedOut: CarryingOut | null;
}

function acts({ changes, handEdits }: Story): Act[] {
  const planned = changes.map((change): Act => {
    const { effect, carriedOut, proposedAt } = change;
    return { at: carriedOut?.at ?? proposedAt, effect, change, carriedOut };
  });
  const unplanned = handEdits.map((edit): Act => ({
    at: edit.at,
    effect: edit.effect,
    change: null,
    carriedOut: edit,
  }));
  return [...planned, ...unplanned].sort((a, b) => a.at - b.at);
}

/**
 * Unfolds the story. What a change request holds is the difference between the policies in force when it is carried
 * out (or proposed, if it never is) and those it asks for.
 */
export function unfold(story: Story, namespaceOf: NamespaceOf, random: Random): Unfolded {
  const events: PolicyEvent[] = [];
  const dryRuns: DryRun[] = [];
  const items = new Map<string, readonly ManifestChange[]>();
  const initially = connections.filter(({ meant }) => meant === 'initially').map(({ id }) => id);
  let intent: Intent = { isolated: new Set(), allowed: new Set(initially) };
  const intents = [{ at: Number.NEGATIVE_INFINITY, allowed: intent.allowed }];
  for (const { at, effect, change, carriedOut } of acts(story)) {
    const before = manifestsOf(intent, namespaceOf);
    const asked = manifestChanges(before, manifestsOf(applied(intent, effect), namespaceOf));
    if (change !== null) items.set(change.key, asked);
    if (carriedOut === null) continue;
    intent = applied(intent, effect, carriedOut.alsoAllows);
    const askedText = new Set(asked.map((item) => JSON.stringify(item)));
    let moment = at + random.integer(2_000, 40_000);
    for (const item of manifestChanges(before, manifestsOf(intent, namespaceOf))) {
      const asAsked = carriedOut.alsoAllows === undefined || askedText.has(JSON.stringify(item));
      const outcome =
        change === null
          ? 'no_change'
          : asAsked && change.outcome === 'different_content'
            ? 'authorised'
            : change.outcome;
      events.push({ ...item, at: moment, by: carriedOut.by, outcome, change: change?.key ?? null });
      if (carriedOut.dryRunAt !== undefined)
        dryRuns.push({
          at: carriedOut.dryRunAt + random.integer(0, 40_000),
          by: carriedOut.by,
          manifest: item.manifest,
        });
      moment += random.integer(180, 1_400);
    }
    intents.push({ at: moment, allowed: intent.allowed });
  }
  return { events, dryRuns, items, intents };
}

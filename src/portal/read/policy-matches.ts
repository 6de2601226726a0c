import { Inject, Injectable } from '@nestjs/common';
import { changeNumber } from '../../changes/change-number.js';
import { isWithin } from '../../changes/instants.js';
import { matchPolicyChanges, type ChangeToMatch, type PolicyVersionToMatch } from '../../changes/matching.js';
import { Database } from '../../database/database.js';
import { policyKeyText, type PolicyKey } from '../../policies/policy-key.js';
import type { ChangeAction, ChangeOutcome, ChangeReference, ChangeState, MatchedVersion } from '../views.js';

/** A policy version as an audit record showed it, without the object. */
export interface VersionSeen extends PolicyVersionToMatch {
  readonly index: number;
  readonly author: string;
}

/** A policy version and what the registered changes say about it. */
export interface JudgedVersion {
  readonly version: VersionSeen;
  readonly authorisedBy: ChangeReference | null;
  /** Why no approved change covers it; null when one does. */
  readonly unauthorised: string | null;
}

export interface VersionFilter {
  /** Versions that this entry showed. */
  readonly index?: number;
  readonly policy?: PolicyKey;
  /** Event time, inclusive. */
  readonly since?: string;
}

interface RegisteredChange extends ChangeToMatch {
  readonly reference: ChangeReference;
  readonly proposedAt: string;
}

/** How a change stands, and which records each of its items is held against. */
export interface ChangeProgress {
  readonly outcome: ChangeOutcome;
  readonly matched: readonly (readonly MatchedVersion[])[];
}

interface VersionRow extends PolicyKey {
  readonly index: string;
  readonly action: ChangeAction;
  readonly author: string;
  readonly event_time_text: string;
  readonly digest: string | null;
}

interface ChangeRow {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly state: ChangeState;
  readonly proposed_at: Date;
  readonly window_from: Date;
  readonly window_to: Date;
  readonly approved_at: Date | null;
  readonly items: ChangeToMatch['items'];
}

/** What happened to policies, held against what was approved: the same matching as the controls and the reports do. */
@Injectable()
export class PolicyMatches {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Policy versions in log order, each with the change that authorised it or the reason why none did. */
  async judged(filter: VersionFilter = {}): Promise<JudgedVersion[]> {
    const versions = await this.versions(filter);
    if (versions.length === 0) return [];
    return matchPolicyChanges(versions, await this.changes(null)).map((match) => ({
      version: match.version,
      authorisedBy: match.authorised ? match.change.reference : null,
      unauthorised: match.authorised ? null : withPlainTimes(match.explanation),
    }));
  }

  /** How the named changes stand at `now`, by their ids. */
  async progress(changeIds: readonly string[], now: string): Promise<ReadonlyMap<string, ChangeProgress>> {
    if (changeIds.length === 0) return new Map();
    const changes = await this.changes(changeIds);
    const versions = new Map<string, VersionSeen[]>();
    for (const version of await this.versionsNamedBy(changeIds)) {
      const key = policyKeyText(version);
      versions.set(key, [...(versions.get(key) ?? []), version]);
    }
    return new Map(
      changes.map((change) => [
        change.reference.id,
        progressOf(change, now, (item) => versions.get(policyKeyText(item)) ?? []),
      ]),
    );
  }

  private async versions({ index, policy, since }: VersionFilter): Promise<VersionSeen[]> {
    const rows = await this.database.query<VersionRow>(
      `SELECT index, system, kind, namespace, name, action, author, event_time_text, digest FROM policy_version
       WHERE ($1::bigint IS NULL OR index = $1)
         AND ($2::text IS NULL OR (kind = $2 AND namespace IS NOT DISTINCT FROM $3 AND name = $4 AND system = $5))
         AND ($6::timestamptz IS NULL OR event_time >= $6)
       ORDER BY index, position`,
      [
        index ?? null,
        policy?.kind ?? null,
        policy?.namespace ?? null,
        policy?.name ?? null,
        policy?.system ?? null,
        since ?? null,
      ],
    );
    return rows.map(seen);
  }

  private async versionsNamedBy(changeIds: readonly string[]): Promise<VersionSeen[]> {
    const rows = await this.database.query<VersionRow>(
      `SELECT v.index, v.system, v.kind, v.namespace, v.name, v.action, v.author, v.event_time_text, v.digest
       FROM (SELECT DISTINCT system, kind, namespace, name FROM change_item WHERE change_id = ANY ($1::uuid[])) named
       JOIN policy_version v ON v.system = named.system AND v.kind = named.kind AND v.name = named.name AND v.namespace IS NOT DISTINCT FROM named.namespace
       ORDER BY v.index, v.position`,
      [changeIds],
    );
    return rows.map(seen);
  }

  /** Oldest first, as the controls take them: of equal candidates the first one authorises. */
  private async changes(ids: readonly string[] | null): Promise<RegisteredChange[]> {
    const rows = await this.database.query<ChangeRow>(
      `SELECT c.id, c.number, c.title, c.state, c.proposed_at, c.window_from, c.window_to,
              (SELECT min(v.reviewed_at) FROM change_review v WHERE v.change_id = c.id AND v.decision = 'approve') AS approved_at,
              (SELECT json_agg(json_build_object('system', i.system, 'kind', i.kind, 'namespace', i.namespace, 'name', i.name, 'action', i.action,
                        'digest', i.digest) ORDER BY i.position)
               FROM change_item i WHERE i.change_id = c.id) AS items
       FROM change c WHERE $1::uuid[] IS NULL OR c.id = ANY ($1) ORDER BY c.number`,
      [ids],
    );
    return rows.map((row) => ({
      // Explanations name the change, and people know it by its number.
      id: changeNumber(row.number),
      reference: { id: row.id, number: changeNumber(row.number), title: row.title },
      state: row.state,
      proposedAt: row.proposed_at.toISOString(),
      approvedAt: row.approved_at?.toISOString() ?? null,
      windowFrom: row.window_from.toISOString(),
      windowTo: row.window_to.toISOString(),
      items: row.items,
    }));
  }
}

/** Times in a sentence as the pages write them: UTC to the second. */
function withPlainTimes(sentence: string): string {
  return sentence.replaceAll(/(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z/gu, '$1 $2');
}

function seen(row: VersionRow): VersionSeen {
  const { system, kind, namespace, name, action, author, digest } = row;
  return {
    index: Number(row.index),
    system,
    kind,
    namespace,
    name,
    action,
    author,
    eventTime: row.event_time_text,
    digest,
  };
}

type Item = RegisteredChange['items'][number];

function progressOf(
  change: RegisteredChange,
  now: string,
  versionsOf: (item: Item) => readonly VersionSeen[],
): ChangeProgress {
  const items = change.items.map((item) => itemProgress(change, item, versionsOf(item)));
  const carriedOut = items.filter(({ done }) => done).length;
  return { outcome: outcomeOf(change, now, carriedOut), matched: items.map(({ matched }) => matched) };
}

function outcomeOf({ state, windowTo, items }: RegisteredChange, now: string, carriedOut: number): ChangeOutcome {
  if (state === 'rejected') return 'not_applicable';
  if (state === 'approved' && carriedOut === items.length) return 'carried_out';
  if (state === 'approved' && carriedOut > 0) return 'partly';
  return state === 'approved' && windowTo <= now ? 'not_carried_out' : 'waiting';
}

/** One item against the versions of its policy: each version that it authorises, or that comes near it. */
function itemProgress(
  change: RegisteredChange,
  item: Item,
  versions: readonly VersionSeen[],
): { done: boolean; matched: MatchedVersion[] } {
  // What was in force before anybody asked for the change is no attempt at it.
  const since = change.proposedAt < change.windowFrom ? change.proposedAt : change.windowFrom;
  const later = versions.filter(({ eventTime }) => isWithin(eventTime, since, '9999-12-31T23:59:59Z'));
  const matches = matchPolicyChanges(later, [{ ...change, items: [item] }]);
  return {
    done: matches.some(({ authorised }) => authorised),
    matched: matches
      .filter((match) => match.authorised || match.mismatch !== 'no_change')
      .map(({ version }) => ({
        index: version.index,
        eventTime: version.eventTime,
        author: version.author,
        digest: version.digest,
        sameContent:
          version.action === item.action &&
          (item.action === 'delete' || (item.digest !== null && item.digest === version.digest)),
        insideWindow: isWithin(version.eventTime, change.windowFrom, change.windowTo),
      })),
  };
}

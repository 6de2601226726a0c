import { changeNumber } from '../changes/change-number.js';
import type { ChangeToMatch, PolicyVersionToMatch } from '../changes/matching.js';
import type { Database } from '../database/database.js';

/** A change as phases read it: what it is matched by, and the objects it brings. */
export interface RegisteredChange extends ChangeToMatch {
  readonly items: readonly (ChangeToMatch['items'][number] & { readonly object: unknown })[];
}

/** All changes, oldest first: of equal candidates the first one authorises. */
export async function registeredChanges(database: Database): Promise<RegisteredChange[]> {
  const rows = await database.query<{
    number: number;
    state: ChangeToMatch['state'];
    window_from: Date;
    window_to: Date;
    approved_at: Date | null;
    items: RegisteredChange['items'];
  }>(
    `SELECT c.number, c.state, c.window_from, c.window_to,
       (SELECT min(v.reviewed_at) FROM change_review v WHERE v.change_id = c.id AND v.decision = 'approve') AS approved_at,
       (SELECT json_agg(json_build_object('system', i.system, 'kind', i.kind, 'namespace', i.namespace, 'name', i.name, 'action', i.action,
                 'digest', i.digest, 'object', i.object) ORDER BY i.position)
        FROM change_item i WHERE i.change_id = c.id) AS items
     FROM change c ORDER BY c.number`,
  );
  return rows.map((row) => ({
    id: changeNumber(row.number),
    state: row.state,
    approvedAt: row.approved_at?.toISOString() ?? null,
    windowFrom: row.window_from.toISOString(),
    windowTo: row.window_to.toISOString(),
    items: row.items,
  }));
}

/** The version that put each policy of these entries in force. */
export async function versionsAt(
  database: Database,
  indices: readonly number[],
): Promise<(PolicyVersionToMatch & { readonly index: number })[]> {
  const rows = await database.query<{
    index: string;
    system: string;
    kind: string;
    namespace: string | null;
    name: string;
    action: PolicyVersionToMatch['action'];
    event_time_text: string;
    digest: string | null;
  }>(
    `SELECT index, system, kind, namespace, name, action, event_time_text, digest FROM policy_version
     WHERE index = ANY ($1::bigint[]) ORDER BY index, position`,
    [indices],
  );
  return rows.map(({ index, event_time_text, ...row }) => ({
    ...row,
    index: Number(index),
    eventTime: event_time_text,
  }));
}

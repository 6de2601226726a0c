import { Inject, Injectable } from '@nestjs/common';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { Database } from '../database/database.js';
import type { Actor } from '../context.js';
import { Problem, type InputProblem } from '../errors.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';
import { importObject } from '../policies/import.js';
import { importPolicy } from '../policies/kubernetes/import.js';
import { objectDigest } from '../policies/object-digest.js';
import { systemOf, type PolicyKey } from '../policies/policy-key.js';
import { assertTransition, ChangeState, type ReviewDecision } from './states.js';

const Instant = z.iso.datetime({ offset: true, error: 'an RFC 3339 time such as 2026-11-22T10:00:00Z is needed' });

export const NewChangeItem = z.object({
  action: z.enum(['create', 'update', 'delete']),
  /** The policy object (for a delete, its kind and metadata suffice), as JSON or as YAML text. */
  manifest: z.union([z.record(z.string(), z.json()), z.string().min(1).max(200_000)]),
});

export const NewChange = z
  .object({
    title: z.string().trim().min(3).max(200),
    reason: z.string().trim().min(3).max(5000),
    /** The change may be carried out from `windowFrom` (inclusive) to `windowTo` (exclusive). */
    windowFrom: Instant,
    windowTo: Instant,
    items: z.array(NewChangeItem).min(1).max(100),
  })
  .refine((change) => Date.parse(change.windowFrom) < Date.parse(change.windowTo), {
    path: ['windowTo'],
    error: 'the window must end after it begins',
  });
export type NewChange = z.infer<typeof NewChange>;

export const NewReview = z
  .object({
    decision: z.enum(['approve', 'reject']),
    comment: z.string().trim().max(5000).default(''),
  })
  .refine((review) => review.decision === 'approve' || review.comment !== '', {
    path: ['comment'],
    error: 'say why the change is rejected',
  });
export type NewReview = z.infer<typeof NewReview>;

/** What a change does to one policy object; `digest` and `object` are null for a delete. */
export const ChangeItem = z.object({
  system: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
  action: z.enum(['create', 'update', 'delete']),
  digest: z.string().nullable(),
  object: z.json().nullable(),
});

export const ChangeView = z.object({
  id: z.string(),
  number: z.number().int(),
  title: z.string(),
  reason: z.string(),
  state: ChangeState,
  requester: z.string(),
  requesterId: z.string(),
  windowFrom: z.string(),
  windowTo: z.string(),
  proposedAt: z.string(),
  proposedIndex: z.number().int(),
  items: z.array(ChangeItem),
  reviews: z.array(
    z.object({
      reviewer: z.string(),
      decision: z.enum(['approve', 'reject']),
      comment: z.string(),
      reviewedAt: z.string(),
      reviewedIndex: z.number().int(),
    }),
  ),
});
export type ChangeView = z.infer<typeof ChangeView>;

interface ChangeRow {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly reason: string;
  readonly state: string;
  readonly requester: string;
  readonly requester_id: string;
  readonly window_from: Date;
  readonly window_to: Date;
  readonly proposed_at: Date;
  readonly proposed_index: string;
  readonly items: unknown;
  readonly reviews: unknown;
}

const selectChanges = `
  SELECT c.id, c.number, c.title, c.reason, c.state, u.name AS requester, c.requester_id, c.window_from, c.window_to,
         c.proposed_at, c.proposed_index,
         (SELECT json_agg(json_build_object('system', i.system, 'kind', i.kind, 'namespace', i.namespace, 'name', i.name, 'action', i.action,
                   'digest', i.digest, 'object', i.object) ORDER BY i.position)
          FROM change_item i WHERE i.change_id = c.id) AS items,
         (SELECT coalesce(json_agg(json_build_object('reviewer', r.name, 'decision', v.decision, 'comment', v.comment,
                   'reviewedAt', to_char(v.reviewed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
                   'reviewedIndex', v.reviewed_index) ORDER BY v.reviewed_index), '[]'::json)
          FROM change_review v JOIN users r ON r.id = v.reviewer_id WHERE v.change_id = c.id) AS reviews
  FROM change c JOIN users u ON u.id = c.requester_id`;

/** Registers changes and their reviews. */
@Injectable()
export class Changes {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
  ) {}

  /** @throws Problem `invalid_input` naming each policy object that cannot be read and where. */
  async propose(actor: Actor, input: NewChange): Promise<ChangeView> {
    const requesterId = personId(actor);
    const items = readItems(input.items);
    const id = await this.log.transact(async ({ transaction, now, append }) => {
      const newId = uuidText(uuidv7Bytes(now.getTime()));
      const proposedIndex = await append(
        actEntry('change.proposed', actor, {
          change: {
            id: newId,
            title: input.title,
            reason: input.reason,
            windowFrom: input.windowFrom,
            windowTo: input.windowTo,
            items,
          },
        }),
      );
      await transaction.query(
        `INSERT INTO change (id, title, reason, state, requester_id, window_from, window_to, proposed_at, proposed_index)
         VALUES ($1, $2, $3, 'proposed', $4, $5, $6, $7, $8)`,
        [newId, input.title, input.reason, requesterId, input.windowFrom, input.windowTo, now, proposedIndex],
      );
      for (const [position, item] of items.entries()) {
        await transaction.query(
          `INSERT INTO change_item (change_id, position, system, kind, namespace, name, action, digest, object)
           VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
          [
            newId,
            position,
            item.system,
            item.kind,
            item.namespace,
            item.name,
            item.action,
            item.digest,
            item.object === null ? null : JSON.stringify(item.object),
          ],
        );
      }
      return newId;
    });
    return await this.get(id);
  }

  /**
   * Approves or rejects; nobody reviews their own change.
   * @throws Problem `own_change`, `conflict` when the change is no longer open, `not_found`.
   */
  async review(actor: Actor, id: string, input: NewReview): Promise<ChangeView> {
    const reviewerId = personId(actor);
    await this.log.transact(async ({ transaction, now, append }) => {
      const [change] = await transaction.query<{ state: string; requester_id: string }>(
        'SELECT state, requester_id FROM change WHERE id = $1 FOR UPDATE',
        [changeId(id)],
      );
      if (change === undefined) throw new Problem('not_found', `There is no change ${id}.`);
      if (change.requester_id === reviewerId) {
        throw new Problem('own_change', 'You proposed this change; somebody else has to review it.');
      }
      const next = assertTransition(ChangeState.parse(change.state), input.decision);
      const index = await append(
        actEntry('change.reviewed', actor, {
          change: id,
          decision: input.decision,
          comment: input.comment,
          before: change.state,
          after: next,
        }),
      );
      await transaction.query(
        `INSERT INTO change_review (change_id, reviewer_id, decision, comment, reviewed_at, reviewed_index)
         VALUES ($1, $2, $3, $4, $5, $6)`,
        [id, reviewerId, input.decision satisfies ReviewDecision, input.comment, now, index],
      );
      await transaction.query('UPDATE change SET state = $2 WHERE id = $1', [id, next]);
    });
    return await this.get(id);
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<ChangeView> {
    const [row] = await this.database.query<ChangeRow>(`${selectChanges} WHERE c.id = $1`, [changeId(id)]);
    if (row === undefined) throw new Problem('not_found', `There is no change ${id}.`);
    return viewOf(row);
  }

  /** Changes, newest first; `state` null for all. */
  async list(filter: {
    readonly state: ChangeState | null;
    readonly limit: number;
    readonly beforeNumber?: number | null;
  }): Promise<ChangeView[]> {
    const rows = await this.database.query<ChangeRow>(
      `${selectChanges} WHERE ($1::text IS NULL OR c.state = $1) AND ($2::int IS NULL OR c.number < $2) ORDER BY c.number DESC LIMIT $3`,
      [filter.state, filter.beforeNumber ?? null, filter.limit],
    );
    return rows.map(viewOf);
  }

  /** How many changes there are in each state. */
  async counts(): Promise<Record<ChangeState, number>> {
    const rows = await this.database.query<{ state: string; count: string }>(
      'SELECT state, count(*) AS count FROM change GROUP BY state',
    );
    const counts = new Map(rows.map((row) => [row.state, Number(row.count)]));
    return {
      proposed: counts.get('proposed') ?? 0,
      approved: counts.get('approved') ?? 0,
      rejected: counts.get('rejected') ?? 0,
    };
  }
}

function viewOf(row: ChangeRow): ChangeView {
  return ChangeView.parse({
    id: row.id,
    number: row.number,
    title: row.title,
    reason: row.reason,
    state: row.state,
    requester: row.requester,
    requesterId: row.requester_id,
    windowFrom: row.window_from.toISOString(),
    windowTo: row.window_to.toISOString(),
    proposedAt: row.proposed_at.toISOString(),
    proposedIndex: Number(row.proposed_index),
    items: row.items ?? [],
    reviews: row.reviews ?? [],
  });
}

function changeId(id: string): string {
  if (!z.uuid().safeParse(id).success) throw new Problem('not_found', `There is no change ${id}.`);
  return id;
}

function personId(actor: Actor): string {
  if (actor.id === null)
    throw new Problem('not_permitted', 'Changes are proposed and reviewed by people, not by the service.');
  return actor.id;
}

export interface ReadItem extends PolicyKey {
  readonly action: 'create' | 'update' | 'delete';
  readonly digest: string | null;
  readonly object: unknown;
}

const ObjectHead = z.object({
  apiVersion: z.string().optional(),
  kind: z.string().min(1),
  metadata: z.object({ name: z.string().min(1), namespace: z.string().min(1).optional() }),
});

/** @throws Problem `invalid_input` naming each policy object that cannot be read and where. */
export function readItems(items: NewChange['items']): ReadItem[] {
  const problems: InputProblem[] = [];
  const read = items.flatMap((item, at): ReadItem[] => {
    const pointer = `/items/${at}/manifest`;
    const object = typeof item.manifest === 'string' ? readYaml(item.manifest, pointer, problems) : item.manifest;
    if (object === undefined) return [];
    const head = ObjectHead.safeParse(object);
    if (!head.success) {
      for (const issue of head.error.issues)
        problems.push({ pointer: `${pointer}/${issue.path.join('/')}`, message: issue.message });
      return [];
    }
    const { apiVersion = null, kind, metadata } = head.data;
    const id = {
      system: systemOf(apiVersion, kind),
      kind,
      namespace: metadata.namespace ?? null,
      name: metadata.name,
      action: item.action,
    };
    if (item.action === 'delete') return [{ ...id, digest: null, object: null }];
    // Kinds that are not modelled are refused, with the kinds that are in the message.
    const imported = importObject(object) ?? importPolicy(object);
    if (!imported.ok) {
      for (const problem of imported.problems)
        problems.push({ pointer: `${pointer}${toPointer(problem.path)}`, message: problem.message });
      return [];
    }
    const policy = 'policy' in imported ? imported.policy : imported.policies[0];
    return [{ ...id, namespace: policy?.id.namespace ?? id.namespace, digest: objectDigest(object), object }];
  });
  if (problems.length > 0)
    throw new Problem('invalid_input', 'A policy object of the change cannot be read.', { errors: problems });
  return read;
}

function readYaml(text: string, pointer: string, problems: InputProblem[]): unknown {
  try {
    // maxAliasCount stops documents whose aliases multiply ("billion laughs").
    return parseYaml(text, { maxAliasCount: 50 }) as unknown;
  } catch (error) {
    problems.push({
      pointer,
      message: `not readable as one YAML document: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`,
    });
    return undefined;
  }
}

/** JSON pointer of a path like `spec.ingress[0].ports`. */
function toPointer(path: string): string {
  return path === '' ? '' : `/${path.replaceAll('[', '.').replaceAll(']', '').split('.').join('/')}`;
}

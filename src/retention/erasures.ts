import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import type { Actor } from '../context.js';
import { Database, type Transaction } from '../database/database.js';
import { Problem } from '../errors.js';
import { Jobs } from '../jobs/jobs.js';
import { actEntry } from '../log/act.js';
import { Followers } from '../log/follower.js';
import { Log } from '../log/log.js';
import { rangesOf, readPayloadRemovals, removalStatement } from '../log/payload-removals.js';
import { uuidText, uuidv7Bytes } from '../log/uuid.js';
import { ErasureSelection, previewErasure, selectErasure, type ErasurePreview } from './erasure-selection.js';
import { personId, refusalOf } from './refusals.js';
import { Reason } from './rules.js';
import { names, spellingsOf } from './spellings.js';

export const NewErasure = z.object({ reason: Reason, selection: ErasureSelection });
export type NewErasure = z.infer<typeof NewErasure>;

export const ErasureState = z.enum(['requested', 'rejected', 'executed']);

const Range = z.tuple([z.number().int(), z.number().int()]);

export const ErasureView = z.object({
  id: z.string(),
  state: ErasureState,
  reason: z.string(),
  selectedBy: z.enum(['indices', 'text']),
  /** Entries named, as ranges with both ends included. */
  entries: z.array(Range),
  count: z.number().int(),
  requestedBy: z.string(),
  requestedAt: z.string(),
  recordedIndex: z.number().int(),
  decision: z
    .object({ by: z.string(), at: z.string(), decision: z.enum(['approve', 'reject']), comment: z.string() })
    .nullable(),
  /** What was removed; null unless the erasure was executed. */
  removal: z
    .object({
      id: z.string(),
      count: z.number().int(),
      digest: z.string(),
      /** Tables whose files still hold old versions of rows, until they are written anew. */
      filesToRewrite: z.array(z.string()),
    })
    .nullable(),
});
export type ErasureView = z.infer<typeof ErasureView>;

interface ErasureRow {
  readonly id: string;
  readonly reason: string;
  readonly selected_by: string;
  readonly indices: string[];
  readonly requested_by: string;
  readonly requested_by_id: string;
  readonly requested_at: Date;
  readonly recorded_index: string;
  readonly decision: string | null;
  readonly comment: string | null;
  readonly decided_by: string | null;
  readonly decided_at: Date | null;
  readonly removal_id: string | null;
  readonly removed: string | null;
  readonly digest: Buffer | null;
  readonly pending: string[];
}

const selectErasures = `
  SELECT e.id, e.reason, e.selected_by, e.indices::text[] AS indices, q.name AS requested_by, e.requested_by AS requested_by_id,
         e.requested_at, e.recorded_index, d.decision, d.comment, p.name AS decided_by, d.decided_at, r.id AS removal_id,
         r.count AS removed, r.digest,
         ARRAY(SELECT w.relation FROM payload_rewrite w WHERE w.removal_id = r.id AND w.done_at IS NULL ORDER BY 1) AS pending
  FROM erasure e JOIN users q ON q.id = e.requested_by
  LEFT JOIN erasure_decision d ON d.erasure_id = e.id LEFT JOIN users p ON p.id = d.decided_by
  LEFT JOIN log_payload_removal r ON r.erasure_id = e.id`;

/** Erasure of payloads: asked for by one person with a reason, approved by another, and then carried out at once. */
@Injectable()
export class Erasures {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(Followers) private readonly followers: Followers,
    @Inject(Jobs) private readonly jobs: Jobs,
  ) {}

  /**
   * What an erasure would take, and what stops it. Keeps nothing.
   * @throws Problem `too_large`
   */
  async preview(selection: ErasureSelection): Promise<ErasurePreview> {
    return await this.database.transaction(async (transaction) => await previewErasure(transaction, selection));
  }

  /**
   * Registers an erasure of what the selection names now; what comes later is not part of it.
   * @throws Problem `invalid_input` when nothing can be erased or the reason says what is to be erased; `too_large`.
   */
  async request(actor: Actor, input: NewErasure): Promise<ErasureView> {
    const requestedBy = personId(actor);
    const { reason, selection } = input;
    if (selection.by === 'text' && names(Buffer.from(reason), spellingsOf(selection.text))) {
      throw new Problem(
        'invalid_input',
        'The reason repeats the text that is to be erased, and reasons stay in the log. Give it without the text, such as the number of a case.',
        { errors: [{ pointer: '/reason', message: 'repeats the text that is to be erased' }] },
      );
    }
    const { indices, reports } = await this.database.transaction(
      async (transaction) => await selectErasure(transaction, selection),
    );
    const id = await this.log.transact(async ({ transaction, now, append }) => {
      const erasureId = uuidText(uuidv7Bytes(now.getTime()));
      const index = await append(
        actEntry('erasure.requested', actor, {
          id: erasureId,
          reason,
          selectedBy: selection.by,
          entries: rangesOf(indices),
          count: indices.length,
        }),
      );
      await transaction.query(
        `INSERT INTO erasure (id, reason, selected_by, indices, reports, requested_by, requested_at, recorded_index)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
        [erasureId, reason, selection.by, indices, reports, requestedBy, now, index],
      );
      return erasureId;
    });
    return await this.get(id);
  }

  /**
   * Approves an erasure and carries it out: payloads, what was derived from them, and reports that hold them are gone
   * when this returns. Old versions of rows are then taken out of the files by a job.
   * @throws Problem `not_found`; `not_permitted` for the person who asked; `conflict` when it is decided, or a legal hold covers
   * an entry; `unavailable` while the records are being rebuilt.
   */
  async approve(actor: Actor, id: string, comment: string): Promise<ErasureView> {
    const approvedBy = personId(actor);
    try {
      await this.log.transact(async ({ transaction, now, append }) => {
        const erasure = await openErasure(transaction, id);
        if (erasure.requested_by_id === approvedBy) {
          throw new Problem('not_permitted', 'You asked for this erasure; somebody else has to approve it.');
        }
        await transaction.query(
          `INSERT INTO erasure_decision (id, erasure_id, decision, comment, decided_by, decided_at)
           VALUES ($1, $2, 'approve', $3, $4, $5)`,
          [uuidText(uuidv7Bytes(now.getTime())), id, comment, approvedBy, now],
        );
        const [done] = await transaction.query<{ removal_id: string; withdrawn_reports: string[] }>(
          'SELECT removal_id, withdrawn_reports FROM erasure_execute($1)',
          [id],
        );
        const [removal] = await readPayloadRemovals(transaction.client, 'r.id = $1', [done?.removal_id]);
        if (done === undefined || removal === undefined) throw new Error(`the erasure ${id} left no removal`);
        await this.followers.withdraw(transaction, indicesOf(removal.ranges ?? []));
        await append(
          actEntry('erasure.executed', actor, {
            erasure: { id, reason: erasure.reason, requester: erasure.requested_by, approver: actor.name, comment },
            removal: removalStatement(removal),
            reports: done.withdrawn_reports,
          }),
        );
      });
    } catch (error) {
      throw refusalOf(error);
    }
    await this.jobs.add('retention.rewrite', {});
    return await this.get(id);
  }

  /**
   * Turns an erasure down; the person who asked for it may withdraw it so.
   * @throws Problem `not_found`, `conflict` when it is decided.
   */
  async reject(actor: Actor, id: string, comment: string): Promise<ErasureView> {
    const rejectedBy = personId(actor);
    await this.log.transact(async ({ transaction, now, append }) => {
      const erasure = await openErasure(transaction, id);
      const decisionId = uuidText(uuidv7Bytes(now.getTime()));
      const index = await append(
        actEntry('erasure.rejected', actor, {
          id: decisionId,
          erasure: { id, reason: erasure.reason, requester: erasure.requested_by },
          comment,
        }),
      );
      await transaction.query(
        `INSERT INTO erasure_decision (id, erasure_id, decision, comment, decided_by, decided_at, recorded_index)
         VALUES ($1, $2, 'reject', $3, $4, $5, $6)`,
        [decisionId, id, comment, rejectedBy, now, index],
      );
    });
    return await this.get(id);
  }

  /** Newest first. */
  async list(limit: number): Promise<ErasureView[]> {
    const rows = await this.database.query<ErasureRow>(`${selectErasures} ORDER BY e.recorded_index DESC LIMIT $1`, [
      limit,
    ]);
    return rows.map(viewOf);
  }

  /** @throws Problem `not_found` */
  async get(id: string): Promise<ErasureView> {
    const [row] = await this.database.query<ErasureRow>(`${selectErasures} WHERE e.id = $1`, [erasureIdOf(id)]);
    if (row === undefined) throw new Problem('not_found', `There is no erasure ${id}.`);
    return viewOf(row);
  }
}

/** An erasure that waits for its decision; decisions about one erasure come one after another. */
async function openErasure(transaction: Transaction, id: string): Promise<ErasureRow> {
  await transaction.query(`SELECT pg_advisory_xact_lock(hashtext('segproof erasure ' || $1))`, [id]);
  const [erasure] = await transaction.query<ErasureRow>(`${selectErasures} WHERE e.id = $1`, [erasureIdOf(id)]);
  if (erasure === undefined) throw new Problem('not_found', `There is no erasure ${id}.`);
  if (erasure.decision !== null) {
    throw new Problem(
      'conflict',
      `The erasure was ${erasure.decision === 'approve' ? 'approved' : 'rejected'} by ${erasure.decided_by} before.`,
    );
  }
  return erasure;
}

function indicesOf(ranges: readonly (readonly [number, number])[]): number[] {
  return ranges.flatMap(([first, last]) => Array.from({ length: last - first + 1 }, (_, at) => first + at));
}

function viewOf(row: ErasureRow): ErasureView {
  return ErasureView.parse({
    id: row.id,
    state: row.removal_id !== null ? 'executed' : row.decision === null ? 'requested' : 'rejected',
    reason: row.reason,
    selectedBy: row.selected_by,
    entries: rangesOf(row.indices.map(Number)),
    count: row.indices.length,
    requestedBy: row.requested_by,
    requestedAt: row.requested_at.toISOString(),
    recordedIndex: Number(row.recorded_index),
    decision:
      row.decision === null
        ? null
        : { by: row.decided_by, at: row.decided_at?.toISOString(), decision: row.decision, comment: row.comment },
    removal:
      row.removal_id === null
        ? null
        : {
            id: row.removal_id,
            count: Number(row.removed),
            digest: row.digest?.toString('hex'),
            filesToRewrite: row.pending,
          },
  });
}

function erasureIdOf(id: string): string {
  if (!z.uuid().safeParse(id).success) throw new Problem('not_found', `There is no erasure ${id}.`);
  return id;
}

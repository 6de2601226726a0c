import { Inject, Injectable } from '@nestjs/common';
import type { ChangeState } from '../../changes/states.js';
import { Database } from '../../database/database.js';
import type { ChangeFilter } from '../views.js';
import { slice, wrongCursor, type Cursor, type Slice } from './cursor.js';

export interface ListedChange {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly state: ChangeState;
  readonly requester: string;
  /** Null unless approved. */
  readonly approver: string | null;
  readonly proposedAt: string;
  readonly windowFrom: string;
  readonly windowTo: string;
  readonly items: number;
}

interface Row {
  readonly id: string;
  readonly number: number;
  readonly title: string;
  readonly state: ChangeState;
  readonly requester: string;
  readonly approver: string | null;
  readonly proposed_at: Date;
  readonly window_from: Date;
  readonly window_to: Date;
  readonly items: number;
}

/** Changes as a list shows them: without the objects, and with those that wait for one reader told apart. */
@Injectable()
export class ChangeList {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** A page of changes, newest first. `reviewerId` is who reads: `for_review` leaves out what that person proposed. */
  async page(
    filter: ChangeFilter,
    reviewerId: string | null,
    size: number,
    cursor: Cursor | null,
  ): Promise<Slice<ListedChange>> {
    const place = cursor === null ? null : Number(cursor.place);
    if (place !== null && !Number.isSafeInteger(place)) throw wrongCursor();
    const newer = cursor?.way === 'newer';
    const rows = await this.database.query<Row>(
      `SELECT c.id, c.number, c.title, c.state, u.name AS requester, a.name AS approver, c.proposed_at, c.window_from, c.window_to,
              (SELECT count(*)::int FROM change_item i WHERE i.change_id = c.id) AS items
       FROM change c JOIN users u ON u.id = c.requester_id
       LEFT JOIN LATERAL (SELECT r.name FROM change_review v JOIN users r ON r.id = v.reviewer_id
                          WHERE v.change_id = c.id AND v.decision = 'approve' ORDER BY v.reviewed_index LIMIT 1) a ON true
       WHERE ($1::text IS NULL OR c.state = $1) AND ($2::uuid IS NULL OR c.requester_id <> $2)
         AND ($3::int IS NULL OR ${newer ? 'c.number > $3' : 'c.number < $3'})
       ORDER BY c.number ${newer ? 'ASC' : 'DESC'} LIMIT $4`,
      [
        filter === 'all' ? null : filter === 'for_review' ? 'proposed' : filter,
        filter === 'for_review' ? reviewerId : null,
        place,
        size + 1,
      ],
    );
    return slice(rows.map(listed), size, cursor, ({ number }) => String(number));
  }

  /** Proposed changes that this person did not propose. */
  async awaiting(reviewerId: string | null): Promise<number> {
    const [row] = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM change WHERE state = 'proposed' AND requester_id IS DISTINCT FROM $1::uuid`,
      [reviewerId],
    );
    return row?.count ?? 0;
  }
}

function listed(row: Row): ListedChange {
  const { id, number, title, state, requester, approver, items } = row;
  return {
    id,
    number,
    title,
    state,
    requester,
    approver,
    items,
    proposedAt: row.proposed_at.toISOString(),
    windowFrom: row.window_from.toISOString(),
    windowTo: row.window_to.toISOString(),
  };
}

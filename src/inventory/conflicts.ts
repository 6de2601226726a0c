import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';

/** Flag of records that came with the id of an earlier record and other bytes. */
export const conflictingIdFlag = 'conflicting_id';

/** Two records of one source with the same id and different bytes: a repetition, or one of them is not what happened. */
export interface Conflict {
  readonly index: number;
  /** The entry that had the id first. */
  readonly firstIndex: number;
  readonly source: string;
  readonly nativeId: string | null;
  readonly receivedAt: string;
}

/** Records whose id an earlier record of their source has; found by the append, which keeps both. */
@Injectable()
export class Conflicts {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The last ones, the newest first, as far as the search knows their records; and how many there are in all. */
  async latest(most: number): Promise<{ readonly conflicts: readonly Conflict[]; readonly total: number }> {
    const rows = await this.database.query<{
      index: string;
      first_index: string;
      source: string;
      native_id: string | null;
      received_at: Date;
    }>(
      `SELECT c.index, c.first_index, r.source, r.native_id, r.received_at
       FROM (SELECT index, first_index FROM ingest_conflict ORDER BY index DESC LIMIT $1) c
       JOIN record r ON r.index = c.index AND r.part = 0 ORDER BY c.index DESC`,
      [most],
    );
    const [count] = await this.database.query<{ total: string }>('SELECT count(*) AS total FROM ingest_conflict');
    return {
      conflicts: rows.map((row) => ({
        index: Number(row.index),
        firstIndex: Number(row.first_index),
        source: row.source,
        nativeId: row.native_id,
        receivedAt: row.received_at.toISOString(),
      })),
      total: Number(count?.total ?? 0),
    };
  }

  /** For one entry: which one had its id before, and which ones came with it later, at most 100 of them. */
  async of(index: number): Promise<{ readonly firstIndex: number | null; readonly later: readonly number[] }> {
    const rows = await this.database.query<{ index: string; first_index: string }>(
      `(SELECT index, first_index FROM ingest_conflict WHERE index = $1)
       UNION ALL (SELECT index, first_index FROM ingest_conflict WHERE first_index = $1 ORDER BY index LIMIT 100)`,
      [index],
    );
    const first = rows.find((row) => Number(row.index) === index);
    return {
      firstIndex: first === undefined ? null : Number(first.first_index),
      later: rows.flatMap((row) => (Number(row.first_index) === index ? [Number(row.index)] : [])),
    };
  }
}

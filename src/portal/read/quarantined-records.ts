import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { QuarantineReason } from '../../ingestion/normal-form.js';
import type { QuarantinedRow } from '../views.js';
import { slice, wrongCursor, type Cursor, type Slice } from './cursor.js';

export interface QuarantineFilters {
  readonly source: string | null;
  readonly reason: QuarantineReason | null;
}

/** Bytes of a record that a list shows. */
const excerptBytes = 160;

const matches = `reject_reason IS NOT NULL AND reprocessed_index IS NULL AND ($1::text IS NULL OR source = $1) AND ($2::text IS NULL OR reject_reason = $2)`;

/** The register of records that could not be read, with the beginning of each. */
@Injectable()
export class QuarantinedRecords {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** A page of the register, the last received first. */
  async page(filters: QuarantineFilters, size: number, cursor: Cursor | null): Promise<Slice<QuarantinedRow>> {
    const place = cursor === null ? null : Number(cursor.place);
    if (place !== null && !Number.isSafeInteger(place)) throw wrongCursor();
    const newer = cursor?.way === 'newer';
    const rows = await this.database.query<{
      index: string;
      source: string;
      received_at: Date;
      reject_reason: string;
      reject_detail: string | null;
      bytes: number | null;
      excerpt: Buffer | null;
    }>(
      `SELECT r.index, r.source, r.received_at, r.reject_reason, r.reject_detail, length(p.payload) AS bytes,
              substring(p.payload from 1 for ${excerptBytes}) AS excerpt
       FROM (SELECT index, source, received_at, reject_reason, reject_detail FROM record
             WHERE ${matches} AND ($3::bigint IS NULL OR ${newer ? 'index > $3' : 'index < $3'})
             ORDER BY index ${newer ? 'ASC' : 'DESC'} LIMIT $4) r
       LEFT JOIN log_entry p ON p.index = r.index AND p.retention_class = 'record'
       ORDER BY r.index ${newer ? 'ASC' : 'DESC'}`,
      [filters.source, filters.reason, place, size + 1],
    );
    const found = rows.map((row) => ({
      id: row.index,
      source: row.source,
      receivedAt: row.received_at.toISOString(),
      reason: QuarantineReason.parse(row.reject_reason),
      detail: row.reject_detail ?? '',
      bytes: row.bytes ?? 0,
      excerpt: row.excerpt?.toString('utf8') ?? '',
    }));
    return slice(found, size, cursor, ({ id }) => id);
  }

  /** How many match, counted up to 100,000. */
  async count(filters: QuarantineFilters): Promise<number> {
    // In the order of the index of rejected records, which are few among the others.
    const [row] = await this.database.query<{ count: number }>(
      `SELECT count(*)::int AS count FROM (SELECT index FROM record WHERE ${matches} ORDER BY index DESC LIMIT 100000) matching`,
      [filters.source, filters.reason],
    );
    return row?.count ?? 0;
  }
}

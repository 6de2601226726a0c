import type { Transaction } from '../database/database.js';
import { lagBucket } from '../ingestion/lag-buckets.js';
import { rejectedKind } from '../ingestion/read-records.js';
import { reprocessedFrom } from '../ingestion/stored-record.js';
import { retentionClassOf } from '../log/entry.js';
import type { Follower } from '../log/follower.js';
import { selectEntries, type StoredEntry } from '../log/read.js';

interface ReceiptRow {
  readonly source: string;
  readonly minute: string;
  appended: number;
  quarantined: number;
  first_received: string;
  last_received: string;
  last_event_time: string | null;
  last_index: number;
  least_lag: number | null;
  most_lag: number | null;
}

interface LagRow {
  readonly source: string;
  readonly hour: string;
  readonly bucket: number;
  records: number;
}

/** When each source was heard, by the service's clock, and how far its records lag behind what they tell of. */
export class SourceHealthFollower implements Follower {
  readonly name = 'source-health';

  async apply(transaction: Transaction, entries: readonly StoredEntry[]): Promise<void> {
    const receipts = new Map<string, ReceiptRow>();
    const lags = new Map<string, LagRow>();
    for (const entry of entries) {
      if (retentionClassOf(entry.kind) === 'act') continue;
      // It was received long before, and says nothing of how its source is now.
      if (reprocessedFrom(entry) !== null) continue;
      const row = receiptOf(receipts, entry);
      if (entry.kind === rejectedKind) row.quarantined++;
      else row.appended++;
      const lag = lagOf(entry);
      if (lag === null) continue;
      row.least_lag = Math.min(row.least_lag ?? lag, lag);
      row.most_lag = Math.max(row.most_lag ?? lag, lag);
      const eventTime = new Date(entry.receivedAt.getTime() - lag).toISOString();
      if (row.last_event_time === null || eventTime > row.last_event_time) row.last_event_time = eventTime;
      countLag(lags, entry, lag);
    }
    await write(transaction, [...receipts.values()], [...lags.values()]);
  }

  async reset(transaction: Transaction): Promise<void> {
    await transaction.query('DELETE FROM source_receipt');
    await transaction.query('DELETE FROM source_heard');
    await transaction.query('DELETE FROM source_lag');
  }

  /** What leaves say stays; without its payload, a record that was read once more is not known as such any longer. */
  async withdraw(transaction: Transaction, indices: readonly number[]): Promise<void> {
    const rows = await transaction.query<{ index: string }>(
      'SELECT reprocessed_index AS index FROM record WHERE reprocessed_index = ANY ($1::bigint[]) ORDER BY 1',
      [indices],
    );
    const again = rows.map(({ index }) => Number(index));
    if (again.length > 0) await this.apply(transaction, await selectEntries(transaction, again));
  }
}

function receiptOf(receipts: Map<string, ReceiptRow>, { source, receivedAt, index }: StoredEntry): ReceiptRow {
  const time = receivedAt.toISOString();
  const minute = `${time.slice(0, 16)}:00Z`;
  const key = `${source}\0${minute}`;
  let row = receipts.get(key);
  if (row === undefined) {
    row = {
      source,
      minute,
      appended: 0,
      quarantined: 0,
      first_received: time,
      last_received: time,
      last_event_time: null,
      last_index: index,
      least_lag: null,
      most_lag: null,
    };
    receipts.set(key, row);
  }
  if (time < row.first_received) row.first_received = time;
  if (time > row.last_received) row.last_received = time;
  row.last_index = index;
  return row;
}

/** Receipt less event time in milliseconds; null for a record without a time of its own, whose leaf has the time of receipt. */
function lagOf({ occurredAtNs, receivedAt }: StoredEntry): number | null {
  const nanoseconds = BigInt(receivedAt.getTime()) * 1_000_000n - occurredAtNs;
  return nanoseconds === 0n ? null : Number(nanoseconds / 1_000_000n);
}

function countLag(lags: Map<string, LagRow>, { source, receivedAt }: StoredEntry, lag: number): void {
  const hour = `${receivedAt.toISOString().slice(0, 13)}:00:00Z`;
  const bucket = lagBucket(lag);
  const key = `${source}\0${hour}\0${bucket}`;
  const row = lags.get(key);
  if (row === undefined) lags.set(key, { source, hour, bucket, records: 1 });
  else row.records++;
}

async function write(
  transaction: Transaction,
  receipts: readonly ReceiptRow[],
  lags: readonly LagRow[],
): Promise<void> {
  if (receipts.length === 0) return;
  await transaction.query(
    `INSERT INTO source_receipt AS old (source, minute, appended, quarantined, first_received, last_received,
       last_event_time, last_index, least_lag, most_lag)
     SELECT source, minute, appended, quarantined, first_received, last_received,
       last_event_time, last_index, least_lag, most_lag
     FROM json_to_recordset($1) AS new (source text, minute timestamptz, appended bigint, quarantined bigint,
       first_received timestamptz, last_received timestamptz, last_event_time timestamptz, last_index bigint, least_lag bigint,
       most_lag bigint)
     ON CONFLICT (source, minute) DO UPDATE SET
       appended = old.appended + excluded.appended,
       quarantined = old.quarantined + excluded.quarantined,
       first_received = least(old.first_received, excluded.first_received),
       last_received = greatest(old.last_received, excluded.last_received),
       last_event_time = greatest(old.last_event_time, excluded.last_event_time),
       last_index = excluded.last_index,
       least_lag = least(old.least_lag, excluded.least_lag),
       most_lag = greatest(old.most_lag, excluded.most_lag)`,
    [JSON.stringify(receipts)],
  );
  await transaction.query(
    `INSERT INTO source_heard AS old (source, appended, quarantined, last_received, last_event_time, last_index)
     SELECT source, sum(appended), sum(quarantined), max(last_received), max(last_event_time), max(last_index)
     FROM json_to_recordset($1) AS new (source text, appended bigint, quarantined bigint, last_received timestamptz,
       last_event_time timestamptz, last_index bigint)
     GROUP BY source
     ON CONFLICT (source) DO UPDATE SET
       appended = old.appended + excluded.appended,
       quarantined = old.quarantined + excluded.quarantined,
       last_received = greatest(old.last_received, excluded.last_received),
       last_event_time = greatest(old.last_event_time, excluded.last_event_time),
       last_index = greatest(old.last_index, excluded.last_index)`,
    [JSON.stringify(receipts)],
  );
  if (lags.length === 0) return;
  await transaction.query(
    `INSERT INTO source_lag AS old (source, hour, bucket, records)
     SELECT source, hour, bucket, records
     FROM json_to_recordset($1) AS new (source text, hour timestamptz, bucket integer, records bigint)
     ON CONFLICT (source, hour, bucket) DO UPDATE SET records = old.records + excluded.records`,
    [JSON.stringify(lags)],
  );
}

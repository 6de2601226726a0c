import { hash } from 'node:crypto';
import type { Transaction } from '../database/database.js';
import { normaliseStored, occurredAtOf } from '../ingestion/stored-record.js';
import type { Follower } from '../log/follower.js';
import type { StoredEntry } from '../log/read.js';
import { formatNanoseconds } from '../log/time.js';
import { assertRecordsReach, entriesInPages, textInDatabase } from './inventory-withdrawal.js';

interface LabelsRow {
  readonly key: string;
  readonly day: string;
  readonly digest: string;
  readonly labels: Readonly<Record<string, string>>;
  first_time: string;
  last_time: string;
  first_index: number;
  last_index: number;
}

/**
 * Which labels workloads were seen with, by day of the event. Rows are sums that do not depend on the order of the
 * records, so records that come late find their place. A record that shows no labels says nothing.
 */
export class WorkloadLabelsFollower implements Follower {
  readonly name = 'labels';

  async apply(transaction: Transaction, entries: readonly StoredEntry[]): Promise<void> {
    const batch = new LabelsBatch();
    for (const entry of entries) batch.add(entry, null);
    await batch.write(transaction);
  }

  async reset(transaction: Transaction): Promise<void> {
    await transaction.query('DELETE FROM workload_labels');
  }

  /** Derives the days of workloads again whose rows these records may be an end of; others they lie inside of. */
  async withdraw(transaction: Transaction, indices: readonly number[], next: number): Promise<void> {
    await assertRecordsReach(transaction, next);
    const days = await transaction.query<{ key: string; day: string }>(
      `WITH gone AS (
         SELECT source_workload AS key, index, event_time FROM record WHERE index = ANY ($1::bigint[])
         UNION
         SELECT destination_workload, index, event_time FROM record WHERE index = ANY ($1::bigint[])
       ), touched AS (
         SELECT DISTINCT w.key, w.day FROM workload_labels w JOIN gone g
           ON g.key = w.key
           AND (g.event_time IN (w.first_time, w.last_time) OR g.index IN (w.first_index, w.last_index))
       ), deleted AS (
         DELETE FROM workload_labels w USING touched t WHERE w.key = t.key AND w.day = t.day
       )
       SELECT key, to_char(day, 'YYYY-MM-DD') AS day FROM touched ORDER BY 1, 2`,
      [indices],
    );
    if (days.length === 0) return;
    const remaining = await transaction.query<{ index: string }>(
      `SELECT DISTINCT r.index FROM json_to_recordset($1) AS t (key text, day date)
       CROSS JOIN LATERAL (
         SELECT index FROM record WHERE source_workload = t.key AND event_time >= t.day::timestamptz
           AND event_time < (t.day + 1)::timestamptz AND index < $2 AND index <> ALL ($3::bigint[])
         UNION ALL
         SELECT index FROM record WHERE destination_workload = t.key AND event_time >= t.day::timestamptz
           AND event_time < (t.day + 1)::timestamptz AND index < $2 AND index <> ALL ($3::bigint[])) r
       ORDER BY r.index`,
      [JSON.stringify(days), next, indices],
    );
    const wanted = new Set(days.map(({ key, day }) => `${day} ${key}`));
    const batch = new LabelsBatch();
    const left = remaining.map(({ index }) => Number(index));
    for await (const entries of entriesInPages(transaction, left)) {
      for (const entry of entries) batch.add(entry, wanted);
    }
    await batch.write(transaction);
  }
}

class LabelsBatch {
  private readonly rows = new Map<string, LabelsRow>();
  /** Most records show labels that one before them showed. */
  private readonly digests = new Map<string, string>();

  /** Takes only what belongs to the days of workloads wanted, where some are named. */
  add(entry: StoredEntry, wanted: ReadonlySet<string> | null): void {
    const stored = normaliseStored(entry);
    if (stored?.ok !== true) return;
    for (const record of stored.records) {
      for (const end of [record.source, record.destination]) {
        const workload = end?.workload;
        if (workload === null || workload === undefined || Object.keys(workload.labels).length === 0) continue;
        const time = formatNanoseconds(occurredAtOf(entry, stored.records, record));
        this.see(textInDatabase(workload.key), workload.labels, time, entry.index, wanted);
      }
    }
  }

  private see(
    key: string,
    shown: Readonly<Record<string, string>>,
    time: string,
    index: number,
    wanted: ReadonlySet<string> | null,
  ): void {
    const day = time.slice(0, 10);
    if (wanted?.has(`${day} ${key}`) === false) return;
    const labels = Object.fromEntries(
      Object.entries(shown).map(([name, value]) => [textInDatabase(name), textInDatabase(value)]),
    );
    const digest = this.digestOf(labels);
    const place = `${day} ${digest} ${key}`;
    const row = this.rows.get(place);
    if (row === undefined) {
      const span = { first_time: time, last_time: time, first_index: index, last_index: index };
      this.rows.set(place, { key, day, digest, labels, ...span });
      return;
    }
    row.first_index = Math.min(row.first_index, index);
    row.last_index = Math.max(row.last_index, index);
    if (time < row.first_time) row.first_time = time;
    if (time > row.last_time) row.last_time = time;
  }

  private digestOf(labels: Readonly<Record<string, string>>): string {
    // Not canonical JSON, which refuses half a surrogate pair; records may hold one.
    const text = JSON.stringify(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
    let digest = this.digests.get(text);
    if (digest === undefined) this.digests.set(text, (digest = hash('sha256', text, 'hex').slice(0, 32)));
    return digest;
  }

  async write(transaction: Transaction): Promise<void> {
    if (this.rows.size === 0) return;
    await transaction.query(
      `INSERT INTO workload_labels AS old (key, day, digest, labels, first_time, last_time, first_index, last_index)
       SELECT key, day, digest, labels, first_time, last_time, first_index, last_index
       FROM json_to_recordset($1) AS new (key text, day date, digest text, labels json, first_time timestamptz,
         last_time timestamptz, first_index bigint, last_index bigint)
       ON CONFLICT (key, day, digest) DO UPDATE SET
         first_time = least(old.first_time, excluded.first_time),
         last_time = greatest(old.last_time, excluded.last_time),
         first_index = least(old.first_index, excluded.first_index),
         last_index = greatest(old.last_index, excluded.last_index)`,
      [JSON.stringify([...this.rows.values()])],
    );
  }
}

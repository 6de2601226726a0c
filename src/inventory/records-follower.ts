import type { Transaction } from '../database/database.js';
import { normaliseStored, occurredAtOf, reprocessedFrom } from '../ingestion/stored-record.js';
import { BinaryCopyRows } from '../log/binary-copy.js';
import { runCopyStatements } from '../log/copy-statements.js';
import { retentionClassOf } from '../log/entry.js';
import type { Follower } from '../log/follower.js';
import { selectEntries, type StoredEntry } from '../log/read.js';
import { formatNanoseconds } from '../log/time.js';
import { conflictingIdFlag } from './conflicts.js';
import { policyRefText } from './policy-ref-text.js';

/** What a record says once its payload is erased or its retention has ended; index, kind, source and times are the leaf's. */
const withoutPayload = { summary: 'The payload is no longer kept', flags: ['payload_gone'] } as const;

const entriesAtOnce = 2000;

/** The searchable face of each record: its normal form in columns, or why it could not be read. */
export class RecordsFollower implements Follower {
  readonly name = 'records';

  async apply(transaction: Transaction, entries: readonly StoredEntry[]): Promise<void> {
    const rows = new BinaryCopyRows(entries.length * 400);
    const goneIndices: number[] = [];
    const reprocessed: { of: number; index: number }[] = [];
    const conflicting = await conflictsAmong(transaction, entries);
    const days = new Map<string, { day: string; kind: string; verdict: string; records: number }>();
    for (const entry of entries) {
      if (retentionClassOf(entry.kind) === 'act') continue;
      const stored = normaliseStored(entry);
      if (entry.payload === null) goneIndices.push(entry.index);
      const origin = reprocessedFrom(entry);
      if (origin !== null) reprocessed.push({ of: origin, index: entry.index });
      const rejection = stored?.ok === false ? stored : null;
      const records = stored?.ok === true ? stored.records : [];
      const entryFlags = conflicting.has(entry.index) ? [conflictingIdFlag] : [];
      for (const [part, record] of (records.length === 0 ? [null] : records).entries()) {
        const eventTimeNs = record === null ? entry.occurredAtNs : occurredAtOf(entry, records, record);
        const eventTime = formatNanoseconds(eventTimeNs);
        const kind = record?.kind ?? entry.kind;
        countDay(days, eventTime.slice(0, 10), kind, record?.verdict ?? 'unknown');
        rows.row(24);
        rows.int64(entry.index);
        rows.int32OrNull(part);
        rows.text(entry.source);
        rows.text(kind);
        rows.textOrNull(record?.format ?? null);
        rows.int32OrNull(record?.parserVersion ?? null);
        rows.timestampNs(eventTimeNs);
        rows.text(eventTime);
        rows.timestamp(entry.receivedAt.getTime());
        rows.text(record?.timeSource ?? 'received');
        rows.textOrNull(record?.verdict ?? null);
        rows.textOrNull(record?.direction ?? null);
        rows.textOrNull(record?.source?.workload?.key ?? record?.source?.ip ?? null);
        rows.textOrNull(record?.destination?.workload?.key ?? record?.destination?.ip ?? null);
        rows.textOrNull(record?.protocol?.name ?? null);
        rows.int32OrNull(record?.destination?.port ?? null);
        rows.textOrNull(record === null ? null : policyRefText(record));
        rows.textOrNull(record?.actor?.name ?? null);
        rows.textOrNull(record?.nativeId ?? null);
        rows.textOrNull(
          record?.summary ?? (stored === null ? withoutPayload.summary : 'Record that could not be read'),
        );
        rows.textArray([...(record?.flags ?? (stored === null ? withoutPayload.flags : [])), ...entryFlags]);
        rows.textOrNull(rejection?.reason ?? null);
        rows.textOrNull(rejection?.detail ?? null);
        rows.textOrNull(record?.reason ?? null);
      }
    }
    if (days.size === 0) return;
    await runCopyStatements(
      transaction.client,
      `COPY record (index, part, source, kind, format, parser_version, event_time, event_time_text, received_at, time_source,
         verdict, direction, source_workload, destination_workload, protocol, port, policy, actor, native_id, summary,
         flags, reject_reason, reject_detail, reason) FROM STDIN (FORMAT binary)`,
      [rows.finish()],
    );
    if (goneIndices.length > 0) {
      // What was read from a payload by an earlier parser goes with it.
      await transaction.query('DELETE FROM record_earlier_form WHERE index = ANY ($1::bigint[])', [goneIndices]);
    }
    if (reprocessed.length > 0) {
      await transaction.query(
        `UPDATE record r SET reprocessed_index = new.index
         FROM json_to_recordset($1) AS new (of bigint, index bigint) WHERE r.index = new.of AND r.reject_reason IS NOT NULL`,
        [JSON.stringify(reprocessed)],
      );
    }
    await transaction.query(
      `INSERT INTO record_day AS old (day, kind, verdict, records)
       SELECT day, kind, verdict, records FROM json_to_recordset($1) AS new (day date, kind text, verdict text, records bigint)
       ON CONFLICT (day, kind, verdict) DO UPDATE SET records = old.records + excluded.records`,
      [JSON.stringify([...days.values()])],
    );
  }

  async reset(transaction: Transaction): Promise<void> {
    await transaction.query('DELETE FROM record');
    await transaction.query('DELETE FROM record_day');
  }

  async withdraw(transaction: Transaction, indices: readonly number[]): Promise<void> {
    await transaction.query(
      `WITH gone AS (
         DELETE FROM record WHERE index = ANY ($1::bigint[]) RETURNING event_time, kind, coalesce(verdict, 'unknown') AS verdict
       ), counted AS (
         SELECT (event_time AT TIME ZONE 'UTC')::date AS day, kind, verdict, count(*) AS records FROM gone GROUP BY 1, 2, 3
       )
       UPDATE record_day d SET records = d.records - c.records FROM counted c
       WHERE d.day = c.day AND d.kind = c.kind AND d.verdict = c.verdict`,
      [indices],
    );
    await transaction.query('UPDATE record SET reprocessed_index = NULL WHERE reprocessed_index = ANY ($1::bigint[])', [
      indices,
    ]);
    for (let at = 0; at < indices.length; at += entriesAtOnce) {
      await this.apply(transaction, await selectEntries(transaction, indices.slice(at, at + entriesAtOnce)));
    }
    await transaction.query('DELETE FROM record_day WHERE records = 0');
  }
}

/** Which of the entries came with the id of an earlier one; the append has written it down beside them. */
async function conflictsAmong(transaction: Transaction, entries: readonly StoredEntry[]): Promise<ReadonlySet<number>> {
  const first = entries[0];
  const last = entries.at(-1);
  if (first === undefined || last === undefined) return new Set();
  const rows = await transaction.query<{ index: string }>(
    'SELECT index FROM ingest_conflict WHERE index BETWEEN $1 AND $2',
    [first.index, last.index],
  );
  return new Set(rows.map(({ index }) => Number(index)));
}

function countDay(
  days: Map<string, { day: string; kind: string; verdict: string; records: number }>,
  day: string,
  kind: string,
  verdict: string,
): void {
  const key = `${day} ${kind} ${verdict}`;
  const row = days.get(key) ?? { day, kind, verdict, records: 0 };
  row.records++;
  days.set(key, row);
}

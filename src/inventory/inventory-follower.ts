import type { Transaction } from '../database/database.js';
import type { NormalForm, WorkloadRef } from '../ingestion/normal-form.js';
import { normaliseStored, occurredAtOf } from '../ingestion/stored-record.js';
import { retentionClassOf } from '../log/entry.js';
import type { Follower } from '../log/follower.js';
import type { StoredEntry } from '../log/read.js';
import { formatNanoseconds } from '../log/time.js';
import {
  assertRecordsReach,
  entriesInPages,
  takeEdges,
  textInDatabase,
  withdrawWorkloads,
} from './inventory-withdrawal.js';

interface Span {
  first_index: number;
  last_index: number;
  first_time: string;
  last_time: string;
}

interface WorkloadRow extends Span {
  key: string;
  kind: string | null;
  namespace: string | null;
  name: string;
  labels: Record<string, string>;
}

interface EdgeRow extends Span {
  day: string;
  source_workload: string;
  destination_workload: string;
  protocol: string;
  port: number;
  direction: string;
  verdict: string;
  flows: number;
}

/** Port of edges that have none (ICMP) or whose records do not say. */
export const noPort = -1;

/** Which workloads there are, and which flows run between them. */
export class InventoryFollower implements Follower {
  readonly name = 'inventory';

  async apply(transaction: Transaction, entries: readonly StoredEntry[]): Promise<void> {
    const batch = new InventoryBatch();
    for (const entry of entries) batch.add(entry);
    await batch.write(transaction);
  }

  async reset(transaction: Transaction): Promise<void> {
    await transaction.query('DELETE FROM workload');
    await transaction.query('DELETE FROM flow_edge');
  }

  async withdraw(transaction: Transaction, indices: readonly number[], next: number): Promise<void> {
    await assertRecordsReach(transaction, next);
    const { edges, remaining } = await takeEdges(transaction, indices, next, noPort);
    const batch = new InventoryBatch();
    const wanted = new Set(edges.map((edge) => Object.values(edge).join('\0')));
    for await (const entries of entriesInPages(transaction, remaining)) {
      for (const entry of entries) batch.addEdgeOf(entry, wanted);
    }
    await batch.write(transaction);
    await withdrawWorkloads(transaction, indices, next);
  }
}

class InventoryBatch {
  private readonly workloads = new Map<string, WorkloadRow>();
  private readonly edges = new Map<string, EdgeRow>();

  add(entry: StoredEntry): void {
    if (retentionClassOf(entry.kind) === 'act') return;
    const time = formatNanoseconds(entry.occurredAtNs);
    const stored = normaliseStored(entry);
    if (stored?.ok !== true) return;
    for (const record of stored.records) {
      const at = stored.records.length === 1 ? time : formatNanoseconds(occurredAtOf(entry, stored.records, record));
      for (const endpoint of [record.source, record.destination]) {
        if (endpoint?.workload) this.addWorkload(endpoint.workload, entry.index, at);
      }
      if (record.kind === 'flow') this.addEdge(record, entry.index, at);
    }
  }

  /** Takes nothing of an entry but its part in one of the edges wanted. */
  addEdgeOf(entry: StoredEntry, wanted: ReadonlySet<string>): void {
    const stored = normaliseStored(entry);
    if (stored?.ok !== true) return;
    for (const record of stored.records) {
      if (record.kind !== 'flow') continue;
      this.addEdge(record, entry.index, formatNanoseconds(occurredAtOf(entry, stored.records, record)), wanted);
    }
  }

  private addWorkload(workload: WorkloadRef, index: number, time: string): void {
    const row = this.workloads.get(workload.key);
    if (row === undefined) {
      const { key, kind, namespace, name, labels } = workload;
      this.workloads.set(key, { key, kind, namespace, name, labels, ...newSpan(index, time) });
      return;
    }
    widen(row, index, time);
    // A field mask may leave labels out; what is known is not forgotten for that.
    if (Object.keys(workload.labels).length > 0) row.labels = workload.labels;
    row.kind = workload.kind ?? row.kind;
  }

  private addEdge(record: NormalForm, index: number, time: string, wanted?: ReadonlySet<string>): void {
    const source = record.source?.workload?.key ?? addressKey(record.source?.ip);
    const destination = record.destination?.workload?.key ?? addressKey(record.destination?.ip);
    // Replies are no attempts to connect; a flow without both ends is no edge.
    if (source === null || destination === null || record.isReply === true) return;
    const edge = {
      day: time.slice(0, 10),
      source_workload: source,
      destination_workload: destination,
      protocol: record.protocol?.name ?? 'unknown',
      port: record.destination?.port ?? noPort,
      direction: record.direction,
      verdict: record.verdict,
    };
    const key = Object.values(edge).join('\0');
    if (wanted?.has(Object.values(edge).map(inDatabase).join('\0')) === false) return;
    const row = this.edges.get(key);
    if (row === undefined) {
      this.edges.set(key, { ...edge, flows: record.count ?? 1, ...newSpan(index, time) });
      return;
    }
    row.flows += record.count ?? 1;
    widen(row, index, time);
  }

  async write(transaction: Transaction): Promise<void> {
    if (this.workloads.size > 0) {
      await transaction.query(
        `INSERT INTO workload AS old (key, kind, namespace, name, labels, first_index, last_index, first_seen, last_seen)
         SELECT key, kind, namespace, name, labels, first_index, last_index, first_time, last_time
         FROM json_to_recordset($1) AS new (key text, kind text, namespace text, name text, labels json,
           first_index bigint, last_index bigint, first_time timestamptz, last_time timestamptz)
         ON CONFLICT (key) DO UPDATE SET
           kind = coalesce(excluded.kind, old.kind),
           labels = CASE WHEN excluded.labels::text = '{}' THEN old.labels ELSE excluded.labels END,
           last_index = excluded.last_index,
           first_seen = least(old.first_seen, excluded.first_seen),
           last_seen = greatest(old.last_seen, excluded.last_seen)`,
        [json(this.workloads)],
      );
    }
    if (this.edges.size > 0) {
      await transaction.query(
        `INSERT INTO flow_edge AS old (day, source_workload, destination_workload, protocol, port, direction, verdict, flows,
           first_index, last_index, first_time, last_time)
         SELECT day, source_workload, destination_workload, protocol, port, direction, verdict, flows,
           first_index, last_index, first_time, last_time
         FROM json_to_recordset($1) AS new (day date, source_workload text, destination_workload text, protocol text,
           port integer, direction text, verdict text, flows bigint, first_index bigint, last_index bigint,
           first_time timestamptz, last_time timestamptz)
         ON CONFLICT (day, source_workload, destination_workload, protocol, port, direction, verdict) DO UPDATE SET
           flows = old.flows + excluded.flows,
           last_index = excluded.last_index,
           first_time = least(old.first_time, excluded.first_time),
           last_time = greatest(old.last_time, excluded.last_time)`,
        [json(this.edges)],
      );
    }
  }
}

/** A value of an edge's key as the database has it. */
function inDatabase(value: string | number): string {
  return textInDatabase(String(value));
}

function addressKey(address: string | null | undefined): string | null {
  return address === null || address === undefined ? null : `ip:${address}`;
}

function newSpan(index: number, time: string): Span {
  return { first_index: index, last_index: index, first_time: time, last_time: time };
}

function widen(span: Span, index: number, time: string): void {
  span.last_index = index;
  if (time < span.first_time) span.first_time = time;
  if (time > span.last_time) span.last_time = time;
}

/** JSON text of the rows; U+0000, which PostgreSQL's text cannot hold, becomes U+FFFD. */
function json(rows: ReadonlyMap<string, object>): string {
  return JSON.stringify([...rows.values()]).replaceAll(String.raw`\u0000`, String.raw`\ufffd`);
}

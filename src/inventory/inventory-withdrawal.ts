import type { Transaction } from '../database/database.js';
import { Problem } from '../errors.js';
import type { WorkloadRef } from '../ingestion/normal-form.js';
import { normaliseStored } from '../ingestion/stored-record.js';
import { selectEntries, type StoredEntry } from '../log/read.js';

/** Takes payloads that are gone out of the inventory, so that it is what the remaining records give. */

/** An edge of a day, in the order of its key. */
export interface EdgeOfDay {
  readonly day: string;
  readonly source_workload: string;
  readonly destination_workload: string;
  readonly protocol: string;
  readonly port: number;
  readonly direction: string;
  readonly verdict: string;
}

const entriesAtOnce = 2000;

/** The named entries as they are now, some at a time. */
export async function* entriesInPages(
  transaction: Transaction,
  indices: readonly number[],
): AsyncGenerator<StoredEntry[]> {
  for (let at = 0; at < indices.length; at += entriesAtOnce) {
    yield await selectEntries(transaction, indices.slice(at, at + entriesAtOnce));
  }
}

/**
 * The inventory is corrected by what `record` says, which therefore has to be as far.
 * @throws Problem `unavailable`
 */
export async function assertRecordsReach(transaction: Transaction, next: number): Promise<void> {
  const [row] = await transaction.query<{ next_index: string }>(
    `SELECT next_index FROM follower WHERE name = 'records'`,
  );
  if (Number(row?.next_index ?? 0) >= next) return;
  throw new Problem(
    'unavailable',
    'The list of records is being rebuilt from the log; try again when it has caught up.',
    {
      retryAfter: 60,
    },
  );
}

/** Deletes the edges that these records have a part in; returns them with the other records below `next` that may have one. */
export async function takeEdges(
  transaction: Transaction,
  indices: readonly number[],
  next: number,
  noPort: number,
): Promise<{ edges: EdgeOfDay[]; remaining: number[] }> {
  // A record names a workload by its key or, where it has none, an address; an edge names an address as `ip:` and the address.
  const sameEdge = `r.day = e.day AND r.protocol = e.protocol AND r.port = e.port AND r.direction = e.direction AND r.verdict = e.verdict
    AND e.source_workload IN (r.source_workload, 'ip:' || r.source_workload)
    AND e.destination_workload IN (r.destination_workload, 'ip:' || r.destination_workload)`;
  const recordEdges = (where: string): string => `
    SELECT index, (event_time AT TIME ZONE 'UTC')::date AS day, coalesce(protocol, 'unknown') AS protocol,
           coalesce(port, ${noPort}) AS port, direction, verdict, source_workload, destination_workload
    FROM record WHERE ${where}`;
  const edges = await transaction.query<EdgeOfDay>(
    `DELETE FROM flow_edge e USING (${recordEdges('index = ANY ($1::bigint[])')}) r WHERE ${sameEdge}
     RETURNING to_char(e.day, 'YYYY-MM-DD') AS day, e.source_workload, e.destination_workload, e.protocol, e.port, e.direction, e.verdict`,
    [indices],
  );
  if (edges.length === 0) return { edges, remaining: [] };
  const days = edges.map(({ day }) => day).sort();
  const rows = await transaction.query<{ index: string }>(
    `SELECT DISTINCT r.index FROM (${recordEdges(
      `event_time >= $2::date AND event_time < $3::date + 1 AND index < $4 AND index <> ALL ($5::bigint[])`,
    )}) r
     JOIN json_to_recordset($1) AS e (day date, source_workload text, destination_workload text, protocol text, port integer,
       direction text, verdict text) ON ${sameEdge}
     ORDER BY r.index`,
    [JSON.stringify(edges), days[0], days.at(-1), next, indices],
  );
  return { edges, remaining: rows.map(({ index }) => Number(index)) };
}

interface NamedWorkload {
  readonly key: string;
  readonly kind: string | null;
  readonly labels: Record<string, string>;
  readonly first_index: string;
  readonly last_index: string;
}

/** Corrects the workloads that these records name, and deletes those that no other record below `next` names. */
export async function withdrawWorkloads(
  transaction: Transaction,
  indices: readonly number[],
  next: number,
): Promise<void> {
  const named = await transaction.query<{ key: string; touched: boolean }>(
    `WITH gone AS (
       SELECT key, min(index) AS first_index, max(index) AS last_index, min(time COLLATE "C")::timestamptz AS first_seen,
              max(time COLLATE "C")::timestamptz AS last_seen
       FROM (SELECT source_workload AS key, index, event_time_text AS time FROM record WHERE index = ANY ($1::bigint[])
             UNION ALL
             SELECT destination_workload, index, event_time_text FROM record WHERE index = ANY ($1::bigint[])) n
       GROUP BY key)
     SELECT w.key, (g.first_index <= w.first_index OR g.last_index >= w.last_index OR g.first_seen <= w.first_seen
                    OR g.last_seen >= w.last_seen) AS touched
     FROM gone g JOIN workload w ON w.key = g.key`,
    [indices],
  );
  const touched = named.filter((workload) => workload.touched).map(({ key }) => key);
  if (touched.length > 0) await correctSpans(transaction, touched, indices, next);
  const keysAtOnce = 500;
  for (let at = 0; at < named.length; at += keysAtOnce) {
    await correctFaces(
      transaction,
      named.slice(at, at + keysAtOnce).map(({ key }) => key),
      indices,
    );
  }
}

async function correctSpans(
  transaction: Transaction,
  keys: readonly string[],
  indices: readonly number[],
  next: number,
): Promise<void> {
  const others = `= ANY ($1::text[]) AND index < $3 AND index <> ALL ($2::bigint[])`;
  await transaction.query(
    `WITH span AS (
       SELECT key, min(index) AS first_index, max(index) AS last_index, min(time COLLATE "C")::timestamptz AS first_seen,
              max(time COLLATE "C")::timestamptz AS last_seen
       FROM (SELECT source_workload AS key, index, event_time_text AS time FROM record WHERE source_workload ${others}
             UNION ALL
             SELECT destination_workload, index, event_time_text FROM record WHERE destination_workload ${others}) n
       GROUP BY key
     ), gone AS (
       DELETE FROM workload w WHERE w.key = ANY ($1::text[]) AND NOT EXISTS (SELECT 1 FROM span s WHERE s.key = w.key)
     )
     UPDATE workload w SET first_index = s.first_index, last_index = s.last_index, first_seen = s.first_seen, last_seen = s.last_seen
     FROM span s WHERE s.key = w.key`,
    [keys, indices, next],
  );
}

/** Namespace and name are those of the first record, kind and labels those of the last record that says any. */
async function correctFaces(
  transaction: Transaction,
  keys: readonly string[],
  indices: readonly number[],
): Promise<void> {
  const workloads = await transaction.query<NamedWorkload>(
    'SELECT key, kind, labels, first_index, last_index FROM workload WHERE key = ANY ($1::text[]) ORDER BY key',
    [keys],
  );
  const ends = workloads.flatMap((workload) => [Number(workload.first_index), Number(workload.last_index)]);
  const entries = new Map<number, StoredEntry>();
  for await (const page of entriesInPages(transaction, [...new Set(ends)])) {
    for (const entry of page) entries.set(entry.index, entry);
  }
  for (const workload of workloads) {
    const first = entries.get(Number(workload.first_index));
    const last = entries.get(Number(workload.last_index));
    const [born] = first === undefined ? [] : namings(first, workload.key);
    if (born === undefined || last === undefined) {
      throw new Error(`the records that name the workload ${workload.key} are not in the log; rebuild the inventory`);
    }
    const { kind, labels } = await latestFace(transaction, workload, last, indices);
    await transaction.query('UPDATE workload SET kind = $2, namespace = $3, name = $4, labels = $5 WHERE key = $1', [
      workload.key,
      kind,
      born.namespace,
      born.name,
      storable(JSON.stringify(labels)),
    ]);
  }
}

async function latestFace(
  transaction: Transaction,
  workload: NamedWorkload,
  last: StoredEntry,
  indices: readonly number[],
): Promise<{ kind: string | null; labels: Record<string, string> }> {
  // What no record said before, none of the remaining ones says.
  const face = { kind: null as string | null, labels: {} as Record<string, string> };
  const isWhole = (): boolean =>
    (face.kind !== null || workload.kind === null) && (hasAny(face.labels) || !hasAny(workload.labels));
  for (let page = [last]; page.length > 0;) {
    for (const naming of page.flatMap((entry) => namings(entry, workload.key)).toReversed()) {
      face.kind ??= naming.kind;
      if (!hasAny(face.labels)) face.labels = naming.labels;
    }
    if (isWhole()) break;
    page = await olderNamings(transaction, page[0], workload.key, indices);
  }
  return face;
}

/** The entries before this one that name the workload, as many as are looked at together; in index order. */
async function olderNamings(
  transaction: Transaction,
  before: StoredEntry | undefined,
  key: string,
  indices: readonly number[],
): Promise<StoredEntry[]> {
  const rows = await transaction.query<{ index: string }>(
    `SELECT DISTINCT index FROM record WHERE (source_workload = $1 OR destination_workload = $1) AND index < $2 AND index <> ALL ($3::bigint[])
     ORDER BY index DESC LIMIT ${entriesAtOnce}`,
    [key, before?.index ?? 0, indices],
  );
  return await selectEntries(
    transaction,
    rows.map(({ index }) => Number(index)),
  );
}

/** How the ends of an entry's flows name a workload: source, then destination. */
function namings(entry: StoredEntry, key: string): WorkloadRef[] {
  const stored = normaliseStored(entry);
  if (stored?.ok !== true) return [];
  const ends = stored.records.flatMap(({ source, destination }) => [source?.workload, destination?.workload]);
  return ends.flatMap((workload) =>
    workload !== null && workload !== undefined && textInDatabase(workload.key) === key ? [workload] : [],
  );
}

function hasAny(labels: Record<string, string>): boolean {
  return Object.keys(labels).length > 0;
}

/** PostgreSQL's text cannot hold U+0000: it is stored as U+FFFD. */
export function textInDatabase(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

function storable(json: string): string {
  return json.replaceAll(String.raw`\u0000`, String.raw`\ufffd`);
}

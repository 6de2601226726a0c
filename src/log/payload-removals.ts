import { createHash, type Hash } from 'node:crypto';
import type { PoolClient } from 'pg';
import { canonicalJson } from './core/canonical-json.js';
import { leafHashOf } from './core/leaf.js';
import { retentionClassOf } from './entry.js';
import { leafOf, type StoredEntry } from './read.js';

/** Kinds of the entries that say which payloads are gone. */
const removalKinds: ReadonlySet<string> = new Set(['retention.payloads_removed', 'erasure.executed']);

/** Payloads of these kinds say why others are gone, or are needed to verify the log: no removal takes them. */
const keptKinds = /^(?:retention|erasure|log)\./u;

export function isKeptKind(kind: string): boolean {
  return keptKinds.test(kind);
}

/** A removal of payloads as it stands in its insert-only table. */
export interface PayloadRemoval {
  readonly id: string;
  /** The rule or the erasure that it carried out. */
  readonly by: { readonly rule: string } | { readonly erasure: string };
  /** Null for an erasure. */
  readonly retentionClass: string | null;
  /** Month of receipt in UTC, `YYYY-MM`; null for an erasure. */
  readonly month: string | null;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly count: number;
  /** SHA-256 over the leaf hashes of the entries in index order, lower-case hex. */
  readonly digest: string;
  /** Size of the log when the payloads went. */
  readonly logSize: number;
  /** The entries of an erasure, as ranges with both ends included; null for a rule, whose digest tells. */
  readonly ranges: readonly (readonly [number, number])[] | null;
}

/** What the entry of a removal says about it, under `removal`. */
export function removalStatement(removal: PayloadRemoval): Readonly<Record<string, unknown>> {
  const { id, by, retentionClass, month, firstIndex, lastIndex, count, digest, ranges } = removal;
  return { id, ...by, retentionClass, month, firstIndex, lastIndex, count, digest, ranges };
}

/** Ranges, both ends included, of whole numbers in ascending order. */
export function rangesOf(indices: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  for (const index of indices) {
    const open = ranges.at(-1);
    if (open !== undefined && index === open[1] + 1) open[1] = index;
    else ranges.push([index, index]);
  }
  return ranges;
}

interface RemovalRow {
  readonly id: string;
  readonly rule_id: string | null;
  readonly erasure_id: string | null;
  readonly retention_class: string | null;
  readonly month: string | null;
  readonly first_index: string;
  readonly last_index: string;
  readonly count: string;
  readonly digest: Buffer;
  readonly log_size: string;
  readonly indices: string[] | null;
}

/** Reads removals; `where` is a condition on `r`, a row of log_payload_removal. */
export async function readPayloadRemovals(
  client: PoolClient,
  where: string,
  parameters: readonly unknown[],
): Promise<PayloadRemoval[]> {
  const { rows } = await client.query<RemovalRow>(
    `SELECT r.id, r.rule_id, r.erasure_id, r.retention_class, to_char(r.month, 'YYYY-MM') AS month, r.first_index, r.last_index,
            r.count, r.digest, r.log_size,
            (SELECT array_agg(n.index::text ORDER BY n.index) FROM log_payload_removal_entry n WHERE n.removal_id = r.id) AS indices
     FROM log_payload_removal r WHERE ${where} ORDER BY r.log_size, r.first_index`,
    [...parameters],
  );
  return rows.map((row) => ({
    id: row.id,
    by: row.rule_id === null ? { erasure: row.erasure_id ?? '' } : { rule: row.rule_id },
    retentionClass: row.retention_class,
    month: row.month,
    firstIndex: Number(row.first_index),
    lastIndex: Number(row.last_index),
    count: Number(row.count),
    digest: row.digest.toString('hex'),
    logSize: Number(row.log_size),
    ranges: row.rule_id === null ? rangesOf((row.indices ?? []).map(Number)) : null,
  }));
}

export interface RemovalProblem {
  /** Entry index, or `first-last` of a removal. */
  readonly position: string;
  readonly message: string;
}

/** What has been seen of a removal while the log went by. */
interface Seen {
  readonly removal: PayloadRemoval;
  readonly digest: Hash;
  explained: number;
  /** Index of the entry that says the same. */
  entry: number | null;
}

/**
 * Holds the removals that are recorded against the log as it goes by in index order: {@link explains} for each entry
 * whose payload is gone, {@link confirm} for each act, {@link problems} after the last one.
 */
export class PayloadRemovals {
  private readonly byId: ReadonlyMap<string, Seen>;
  private readonly byErasedIndex = new Map<number, Seen>();
  private readonly byMonth = new Map<string, Seen[]>();
  private readonly from: number;
  private readonly unbacked: RemovalProblem[] = [];

  constructor(removals: readonly PayloadRemoval[], from: number) {
    this.from = from;
    this.byId = new Map(
      removals.map((removal) => [removal.id, { removal, digest: createHash('sha256'), explained: 0, entry: null }]),
    );
    for (const seen of this.byId.values()) {
      const { retentionClass, month, ranges } = seen.removal;
      for (const [first, last] of ranges ?? []) {
        for (let index = first; index <= last; index++) this.byErasedIndex.set(index, seen);
      }
      if (ranges !== null) continue;
      const key = `${retentionClass} ${month}`;
      this.byMonth.set(key, [...(this.byMonth.get(key) ?? []), seen]);
    }
  }

  /** Whether a recorded removal took this entry's payload; false as well when only salt or payload is gone. */
  explains(entry: StoredEntry): boolean {
    if (entry.payload !== null || entry.salt !== null || isKeptKind(entry.kind)) return false;
    const seen = this.byErasedIndex.get(entry.index) ?? this.ofMonth(entry);
    if (seen === undefined) return false;
    seen.explained++;
    seen.digest.update(Buffer.from(leafHashOf(leafOf(entry)), 'hex'));
    return true;
  }

  private ofMonth(entry: StoredEntry): Seen | undefined {
    const key = `${retentionClassOf(entry.kind)} ${entry.receivedAt.toISOString().slice(0, 7)}`;
    return this.byMonth
      .get(key)
      ?.find(({ removal }) => removal.firstIndex <= entry.index && entry.index <= removal.lastIndex);
  }

  /** Takes note of an entry that says what a removal took; others are passed over. */
  confirm(entry: StoredEntry): void {
    if (!removalKinds.has(entry.kind)) return;
    const said = readStatement(entry);
    if (said === null) {
      this.unbacked.push({
        position: String(entry.index),
        message: `the payload of this ${entry.kind} cannot be read, so what it says to be gone is not known`,
      });
      return;
    }
    const seen = this.byId.get(said.id);
    if (seen === undefined) {
      this.unbacked.push({
        position: String(entry.index),
        message: `the entry says that removal ${said.id} took payloads; the table of removals does not know it`,
      });
    } else if (canonicalJson(removalStatement(seen.removal)) !== said.text) {
      this.unbacked.push({
        position: String(entry.index),
        message: `the entry says something else about removal ${said.id} than the table of removals`,
      });
    } else if (seen.entry !== null) {
      this.unbacked.push({
        position: String(entry.index),
        message: `removal ${said.id} has an entry already, at ${seen.entry}`,
      });
    } else {
      seen.entry = entry.index;
    }
  }

  /** What does not fit: call after the whole log, or all of it from the first index asked for, has gone by. */
  problems(): RemovalProblem[] {
    const found = [...this.unbacked];
    for (const { removal, explained, digest, entry } of this.byId.values()) {
      const position =
        removal.firstIndex === removal.lastIndex
          ? String(removal.firstIndex)
          : `${removal.firstIndex}-${removal.lastIndex}`;
      if (entry === null && removal.logSize >= this.from) {
        found.push({ position, message: `removal ${removal.id} took payloads, and no entry says so` });
      }
      if (removal.firstIndex < this.from) continue;
      if (explained !== removal.count) {
        found.push({
          position,
          message: `removal ${removal.id} says that ${removal.count} payloads are gone; of its entries ${explained} have none`,
        });
      } else if (digest.copy().digest('hex') !== removal.digest) {
        found.push({ position, message: `removal ${removal.id} took payloads of other entries than it says` });
      }
    }
    return found;
  }
}

function readStatement(entry: StoredEntry): { id: string; text: string } | null {
  if (entry.payload === null) return null;
  try {
    const payload: unknown = JSON.parse(entry.payload.toString());
    if (typeof payload !== 'object' || payload === null || !('removal' in payload)) return null;
    const { removal } = payload;
    if (typeof removal !== 'object' || removal === null || !('id' in removal) || typeof removal.id !== 'string') {
      return null;
    }
    return { id: removal.id, text: canonicalJson(removal) };
  } catch {
    return null;
  }
}

/**
 * Loads the recorded removals, in the transaction that streams the log. Give `from` when the stream begins at a later
 * index than 0: what cannot be seen from there is then not judged.
 */
export async function loadPayloadRemovals(client: PoolClient, from = 0): Promise<PayloadRemovals> {
  return new PayloadRemovals(await readPayloadRemovals(client, 'true', []), from);
}

import { z } from 'zod';
import type { Transaction } from '../database/database.js';
import { Problem } from '../errors.js';
import { isKeptKind } from '../log/payload-removals.js';
import { formatNanoseconds } from '../log/time.js';
import { EntryIndex } from './holds.js';
import { findPayloads, findReports, mostIndices } from './payload-search.js';

const Instant = z.iso.datetime({ offset: true, error: 'an RFC 3339 time such as 2026-10-01T00:00:00Z is needed' });

/** Which payloads: of named entries, or those that name a text (a person, a workload, an address) as a whole word. */
export const ErasureSelection = z.discriminatedUnion('by', [
  z.object({ by: z.literal('indices'), indices: z.array(EntryIndex).min(1).max(mostIndices) }),
  z.object({
    by: z.literal('text'),
    /** Spelt as in the payloads, upper and lower case told apart. It is kept nowhere. */
    text: z.string().min(3).max(500),
    /** Time of receipt, inclusive. */
    from: Instant,
    /** Exclusive. */
    to: Instant,
    source: z.string().min(1).max(63).nullable().default(null),
  }),
]);
export type ErasureSelection = z.infer<typeof ErasureSelection>;

const PreviewEntry = z.object({
  index: z.number().int(),
  kind: z.string(),
  source: z.string(),
  occurredAt: z.string(),
  receivedAt: z.string(),
});

export const ErasurePreview = z.object({
  /** Payloads that would go. */
  count: z.number().int(),
  byKind: z.record(z.string(), z.number().int()),
  /** The first of them. */
  entries: z.array(PreviewEntry),
  /** Named entries whose payload is gone already. */
  gone: z.number().int(),
  /** Indices of entries that stay, because the log cannot be verified or explained without them. */
  kept: z.array(z.number().int()),
  /** Active legal holds that stop the erasure, with the first entry each covers. */
  holds: z.array(z.object({ id: z.string(), name: z.string(), index: z.number().int() })),
  /** Reports whose files would be removed. */
  reports: z.array(z.object({ id: z.string(), title: z.string() })),
});
export type ErasurePreview = z.infer<typeof ErasurePreview>;

interface Named {
  readonly index: number;
  readonly kind: string;
  readonly source: string;
  readonly occurredAtNs: bigint;
  readonly receivedAt: Date;
  readonly gone: boolean;
}

const mostListed = 100;

async function namedEntries(transaction: Transaction, selection: ErasureSelection): Promise<Named[]> {
  const indices = selection.by === 'text' ? await findPayloads(transaction, selection) : selection.indices;
  const rows = await transaction.query<{
    index: string;
    kind: string;
    source: string;
    occurred_at_ns: string;
    received_at: Date;
    gone: boolean;
  }>(
    `SELECT index, kind, source, occurred_at_ns, received_at, payload IS NULL AS gone FROM log_entry
     WHERE index = ANY ($1::bigint[]) ORDER BY index`,
    [indices],
  );
  return rows.map((row) => ({
    index: Number(row.index),
    kind: row.kind,
    source: row.source,
    occurredAtNs: BigInt(row.occurred_at_ns),
    receivedAt: row.received_at,
    gone: row.gone,
  }));
}

async function namedReports(transaction: Transaction, selection: ErasureSelection): Promise<string[]> {
  return selection.by === 'text' ? await findReports(transaction, selection.text) : [];
}

/**
 * Indices of the payloads that an erasure takes, and reports that name the text.
 * @throws Problem `invalid_input` when there is none, or an entry named by its index has to stay; `too_large`.
 */
export async function selectErasure(
  transaction: Transaction,
  selection: ErasureSelection,
): Promise<{ indices: number[]; reports: string[] }> {
  const named = await namedEntries(transaction, selection);
  const kept = named.find(({ kind }) => isKeptKind(kind));
  if (selection.by === 'indices' && kept !== undefined) {
    throw new Problem(
      'invalid_input',
      `Entry ${kept.index} (${kept.kind}) is needed to verify and explain the log; its payload stays.`,
    );
  }
  const indices = named.filter(({ kind, gone }) => !gone && !isKeptKind(kind)).map(({ index }) => index);
  if (indices.length === 0) {
    throw new Problem('invalid_input', 'The selection names no payload that is still there; preview it first.');
  }
  return { indices, reports: await namedReports(transaction, selection) };
}

/** What {@link selectErasure} would give, and what stands in the way; nothing of the payloads themselves. */
export async function previewErasure(transaction: Transaction, selection: ErasureSelection): Promise<ErasurePreview> {
  const named = await namedEntries(transaction, selection);
  const erased = named.filter(({ kind, gone }) => !gone && !isKeptKind(kind));
  const indices = erased.map(({ index }) => index);
  const byKind: Record<string, number> = {};
  for (const { kind } of erased) byKind[kind] = (byKind[kind] ?? 0) + 1;
  const holds = await transaction.query<{ id: string; name: string; index: string }>(
    `SELECT h.id, h.name, min(e.index) AS index FROM legal_hold h
     JOIN log_entry e ON e.index = ANY ($1::bigint[])
       AND legal_hold_covers(h, e.index, e.retention_class, e.source, e.occurred_at_ns, e.received_at)
     WHERE NOT EXISTS (SELECT 1 FROM legal_hold_release l WHERE l.hold_id = h.id)
     GROUP BY h.id, h.name, h.recorded_index ORDER BY h.recorded_index`,
    [indices],
  );
  const reports = await transaction.query<{ id: string; title: string }>(
    `SELECT r.id, r.title FROM report r WHERE r.model IS NOT NULL AND (r.id = ANY ($1::uuid[]) OR EXISTS (
       SELECT 1 FROM json_array_elements(r.model -> 'records') x WHERE (x ->> 'index')::bigint = ANY ($2::bigint[])))
     ORDER BY r.requested_at DESC, r.id`,
    [await namedReports(transaction, selection), indices],
  );
  return {
    count: erased.length,
    byKind,
    entries: erased.slice(0, mostListed).map(({ index, kind, source, occurredAtNs, receivedAt }) => ({
      index,
      kind,
      source,
      occurredAt: formatNanoseconds(occurredAtNs),
      receivedAt: receivedAt.toISOString(),
    })),
    gone: named.filter(({ gone }) => gone).length,
    kept: named.filter(({ kind }) => isKeptKind(kind)).map(({ index }) => index),
    holds: holds.map(({ id, name, index }) => ({ id, name, index: Number(index) })),
    reports,
  };
}

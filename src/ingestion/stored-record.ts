import { retentionClassOf } from '../log/entry.js';
import type { StoredEntry } from '../log/read.js';
import { normaliseRecord } from './formats/registry.js';
import { parseNanoseconds } from '../log/time.js';
import type { NormalForm, Normalised } from './normal-form.js';
import { rejectedKind } from './read-records.js';
import { openPayload } from './record-payload.js';

/**
 * The normal form of a stored record, made again from its bytes; null for acts of the service and
 * for records whose payload is gone.
 */
export function normaliseStored(entry: StoredEntry): Normalised | null {
  const known = made.get(entry);
  if (known !== undefined) return known;
  const normalised = normalise(entry);
  made.set(entry, normalised);
  return normalised;
}

/** Index of the entry in quarantine that this one was made of; null for what was read at once. */
export function reprocessedFrom({ kind, payload }: StoredEntry): number | null {
  if (payload === null || retentionClassOf(kind) === 'act') return null;
  return openPayload(payload).context.reprocessOf ?? null;
}

/** When a fact of an entry happened, in nanoseconds since 1970: the entry's own time where it is the only one. */
export function occurredAtOf(entry: StoredEntry, records: readonly NormalForm[], record: NormalForm): bigint {
  const own = records.length === 1 || record.eventTime === null ? null : parseNanoseconds(record.eventTime);
  return own ?? entry.occurredAtNs;
}

/** Followers that take the same entries share the work. */
const made = new WeakMap<StoredEntry, Normalised | null>();

function normalise(entry: StoredEntry): Normalised | null {
  if (entry.payload === null || retentionClassOf(entry.kind) === 'act') return null;
  const { raw, context } = openPayload(entry.payload);
  const normalised = normaliseRecord(raw, context, entry.receivedAt);
  // What was rejected stays so until it is re-processed: a newer parser must not change it silently.
  if (entry.kind === rejectedKind && normalised.ok) {
    return { ok: false, reason: 'unknown_format', detail: 'The record did not fit the format fixed for its source.' };
  }
  return normalised;
}

import { hash } from 'node:crypto';
import type { DedupeKey, EntryToAppend } from './entry.js';

export interface Appended {
  /** The entry's index; for a duplicate, that of the entry already there. */
  readonly index: number;
  /**
   * `appended`: new. `duplicate`: the same fact with the same bytes was there, nothing was added.
   * `conflict`: the same fact was there with other bytes; both are kept.
   */
  readonly outcome: 'appended' | 'duplicate' | 'conflict';
  /** With `conflict`: index of the entry that had the fact first. */
  readonly conflictsWith?: number;
}

/** A fact that the log knows; its name in hex is the key of the map that it is in. */
export interface KnownFact {
  readonly content: Buffer;
  readonly index: number;
}

export interface NewKey {
  readonly key: Buffer;
  readonly content: Buffer;
  readonly index: number;
}

/** What becomes of the entries of an append. */
export interface Placed {
  /** One for each entry, in order. */
  readonly results: readonly Appended[];
  /** Those that are added, in the order of their indices. */
  readonly added: readonly EntryToAppend[];
  readonly keys: readonly NewKey[];
  readonly conflicts: readonly { readonly index: number; readonly firstIndex: number }[];
}

/** A conflict is known by its name and bytes together, so that sending it again adds nothing. */
export function conflictKeyOf({ key, content }: DedupeKey): Buffer {
  return hash('sha256', Buffer.concat([key, content]), 'buffer').subarray(0, 16);
}

/** Gives each entry its index from `size` on, leaving out facts that are known; `known` learns those that are added. */
export function placeEntries(entries: readonly EntryToAppend[], known: Map<string, KnownFact>, size: number): Placed {
  const results: Appended[] = [];
  const added: EntryToAppend[] = [];
  const keys: NewKey[] = [];
  const conflicts: { index: number; firstIndex: number }[] = [];
  for (const entry of entries) {
    const index = size + added.length;
    if (entry.dedupe === undefined) {
      results.push({ index, outcome: 'appended' });
      added.push(entry);
      continue;
    }
    const { key, content } = entry.dedupe;
    const keyText = key.toString('hex');
    const earlier = known.get(keyText);
    if (earlier === undefined) {
      known.set(keyText, { content, index });
      keys.push({ key, content, index });
      results.push({ index, outcome: 'appended' });
      added.push(entry);
      continue;
    }
    if (earlier.content.equals(content)) {
      results.push({ index: earlier.index, outcome: 'duplicate' });
      continue;
    }
    const conflictKey = conflictKeyOf(entry.dedupe);
    const conflictText = conflictKey.toString('hex');
    const same = known.get(conflictText);
    if (same !== undefined) {
      results.push({ index: same.index, outcome: 'duplicate' });
      continue;
    }
    const firstIndex = earlier.index;
    known.set(conflictText, { content, index });
    keys.push({ key: conflictKey, content, index });
    conflicts.push({ index, firstIndex });
    results.push({ index, outcome: 'conflict', conflictsWith: firstIndex });
    added.push(entry);
  }
  return { results, added, keys, conflicts };
}

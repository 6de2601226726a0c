import { hash } from 'node:crypto';
import { BinaryCopyRows } from './binary-copy.js';
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

/** What becomes of the entries of an append. */
export interface Placed {
  /** One for each entry, in order. */
  readonly results: readonly Appended[];
  /** Those that are added, in the order of their indices. */
  readonly added: readonly EntryToAppend[];
  /** Rows of the new facts for ingest_key, as a finished binary COPY; null where there are none. */
  readonly keys: Buffer | null;
  readonly conflicts: readonly { readonly index: number; readonly firstIndex: number }[];
}

/** A conflict is known by its name and bytes together, so that sending it again adds nothing. */
export function conflictKeyOf({ key, content }: DedupeKey): Buffer {
  return hash('sha256', Buffer.concat([key, content]), 'buffer').subarray(0, 16);
}

/** Bytes of a fact in binary COPY form: key, content and index, with the lengths before them. */
const keyRowBytes = 2 + 20 + 20 + 12;

/** Gives each entry its index from `size` on, leaving out facts that are known. */
export function placeEntries(
  entries: readonly EntryToAppend[],
  known: ReadonlyMap<string, KnownFact>,
  size: number,
): Placed {
  const results: Appended[] = [];
  const added: EntryToAppend[] = [];
  const conflicts: { index: number; firstIndex: number }[] = [];
  // Of what is new, indices alone are remembered: thousands of entries wait for each commit, and what is alive then is costly to keep.
  const fresh = new Map<string, number>();
  const keys = new BinaryCopyRows(entries.length * keyRowBytes);
  const add = (entry: EntryToAppend, name: Buffer, keyText: string, content: Buffer): number => {
    const index = size + added.length;
    fresh.set(keyText, index);
    keys.row(3);
    keys.bytes(name);
    keys.bytes(content);
    keys.int64(index);
    added.push(entry);
    return index;
  };
  const indexOf = (keyText: string): number | undefined => known.get(keyText)?.index ?? fresh.get(keyText);
  for (const entry of entries) {
    const { dedupe } = entry;
    if (dedupe === undefined) {
      results.push({ index: size + added.length, outcome: 'appended' });
      added.push(entry);
      continue;
    }
    const { key, content } = dedupe;
    const keyText = key.toString('hex');
    const earlier = indexOf(keyText);
    if (earlier === undefined) {
      results.push({ index: add(entry, key, keyText, content), outcome: 'appended' });
      continue;
    }
    const earlierContent = known.get(keyText)?.content ?? added[earlier - size]?.dedupe?.content;
    if (earlierContent?.equals(content) === true) {
      results.push({ index: earlier, outcome: 'duplicate' });
      continue;
    }
    const conflictKey = conflictKeyOf(dedupe);
    const conflictText = conflictKey.toString('hex');
    const same = indexOf(conflictText);
    if (same !== undefined) {
      results.push({ index: same, outcome: 'duplicate' });
      continue;
    }
    const index = add(entry, conflictKey, conflictText, content);
    conflicts.push({ index, firstIndex: earlier });
    results.push({ index, outcome: 'conflict', conflictsWith: earlier });
  }
  return { results, added, keys: fresh.size === 0 ? null : keys.finish(), conflicts };
}

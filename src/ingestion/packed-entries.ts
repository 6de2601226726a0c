import type { EntryToAppend, PreparedEntry } from '../log/entry.js';
import type { Rejection } from './received-record.js';

/** Prepared entries in a few byte strings, which pass between threads without being copied. */
export interface PackedEntries {
  /** Rows one after another. */
  readonly rows: Uint8Array<ArrayBuffer>;
  /** Where each row ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** For each entry: id (16), deduplication key (16), content (16), leaf hash (32). */
  readonly fixed: Uint8Array<ArrayBuffer>;
  readonly rejections: readonly (readonly [number, Rejection])[];
}

const fixedLength = 80;

/** Precondition: every entry has a deduplication key. */
export function packEntries(entries: readonly PreparedEntry[], rejections: PackedEntries['rejections']): PackedEntries {
  const ends = new Uint32Array(entries.length);
  const rows = Buffer.from(new ArrayBuffer(entries.reduce((sum, entry) => sum + entry.row.length, 0)));
  const fixed = Buffer.from(new ArrayBuffer(entries.length * fixedLength));
  let end = 0;
  entries.forEach((entry, at) => {
    if (entry.dedupe === undefined) throw new Error('a record came without deduplication key');
    entry.row.copy(rows, end);
    end += entry.row.length;
    ends[at] = end;
    const from = at * fixedLength;
    entry.id.copy(fixed, from);
    entry.dedupe.key.copy(fixed, from + 16);
    entry.dedupe.content.copy(fixed, from + 32);
    fixed.write(entry.leafHash, from + 48, 32, 'hex');
  });
  return { rows: new Uint8Array(rows.buffer), ends, fixed: new Uint8Array(fixed.buffer), rejections };
}

/** The entries again; they share the packed bytes. */
export function packedEntries({ rows, ends, fixed }: PackedEntries): EntryToAppend[] {
  const rowBytes = Buffer.from(rows.buffer);
  const fixedBytes = Buffer.from(fixed.buffer);
  let begin = 0;
  return Array.from(ends, (end, at) => {
    const from = at * fixedLength;
    const row = rowBytes.subarray(begin, end);
    begin = end;
    return {
      id: fixedBytes.subarray(from, from + 16),
      dedupe: { key: fixedBytes.subarray(from + 16, from + 32), content: fixedBytes.subarray(from + 32, from + 48) },
      leafHash: fixedBytes.toString('hex', from + 48, from + fixedLength),
      row,
    };
  });
}

import type { EntryToAppend, PreparedEntry } from '../log/entry.js';
import type { Rejection } from './received-record.js';

/** Prepared entries in a few byte strings, which pass between threads without being copied. */
export interface PackedEntries {
  /** The slabs that the rows were cut from, one row behind another. */
  readonly slabs: readonly RowSlab[];
  /** For each entry: id (16), deduplication key (16), content (16), leaf hash (32). */
  readonly fixed: Uint8Array<ArrayBuffer>;
  readonly rejections: readonly (readonly [number, Rejection])[];
}

interface RowSlab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each of its rows ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

const fixedLength = 80;

/**
 * Precondition: every entry has a deduplication key, and their rows, and no others, were cut from slabs one after another,
 * which are given away with them.
 */
export function packEntries(entries: readonly PreparedEntry[], rejections: PackedEntries['rejections']): PackedEntries {
  const slabs: RowSlab[] = [];
  let buffer: ArrayBuffer | null = null;
  let ends: number[] = [];
  const add = (): void => {
    if (buffer !== null) slabs.push({ bytes: new Uint8Array(buffer), ends: Uint32Array.from(ends) });
  };
  const fixed = Buffer.from(new ArrayBuffer(entries.length * fixedLength));
  entries.forEach(({ row, id, dedupe, leafHash }, at) => {
    if (dedupe === undefined) throw new Error('a record came without deduplication key');
    if (row.buffer !== buffer) {
      if (!(row.buffer instanceof ArrayBuffer)) throw new Error('a row lies in memory that cannot be given away');
      add();
      buffer = row.buffer;
      ends = [];
    }
    if (row.byteOffset !== (ends.at(-1) ?? 0)) throw new Error('rows were not cut one behind another');
    ends.push(row.byteOffset + row.length);
    const from = at * fixedLength;
    fixed.set(id, from);
    fixed.set(dedupe.key, from + 16);
    fixed.set(dedupe.content, from + 32);
    fixed.write(leafHash, from + 48, 32, 'hex');
  });
  add();
  return { slabs, fixed: new Uint8Array(fixed.buffer), rejections };
}

/** What of packed entries is handed over to another thread. */
export function memoryOf({ slabs, fixed }: PackedEntries): ArrayBuffer[] {
  return [fixed.buffer, ...slabs.flatMap(({ bytes, ends }) => [bytes.buffer, ends.buffer])];
}

/** The entries again; they share the packed bytes. */
export function packedEntries({ slabs, fixed }: PackedEntries): EntryToAppend[] {
  const fixedBytes = Buffer.from(fixed.buffer);
  const entries: EntryToAppend[] = [];
  for (const { bytes, ends } of slabs) {
    const rows = Buffer.from(bytes.buffer);
    let begin = 0;
    for (const end of ends) {
      const from = entries.length * fixedLength;
      entries.push({
        id: fixedBytes.subarray(from, from + 16),
        dedupe: { key: fixedBytes.subarray(from + 16, from + 32), content: fixedBytes.subarray(from + 32, from + 48) },
        leafHash: fixedBytes.toString('hex', from + 48, from + fixedLength),
        row: rows.subarray(begin, end),
      });
      begin = end;
    }
  }
  return entries;
}

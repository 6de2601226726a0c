import type { RowSlabs } from '../log/binary-copy.js';
import { prepareEntry, type EntryToAppend, type NewEntry } from '../log/entry.js';
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
const leafHashOffset = 48;
const firstRoom = 256;

/**
 * Hashes entries and packs each at once: of a body of thousands nothing is left but bytes, so that the garbage collector has nothing to
 * carry about.
 */
export class EntryPacker {
  private readonly receivedAt: Date;
  private readonly rows: RowSlabs;
  private readonly slabs: RowSlab[] = [];
  private readonly rejections: [number, Rejection][] = [];
  private buffer: ArrayBuffer | null = null;
  private ends: number[] = [];
  private fixed = Buffer.from(new ArrayBuffer(firstRoom * fixedLength));
  private count = 0;

  /** `rows` cuts for this packer alone; its slabs are given away with the entries. */
  constructor(receivedAt: Date, rows: RowSlabs) {
    this.receivedAt = receivedAt;
    this.rows = rows;
  }

  /** Precondition: the entry has a deduplication key. */
  add(entry: NewEntry, rejected: Rejection | null): void {
    if (entry.dedupe === undefined) throw new Error('a record came without deduplication key');
    const { row, id, leafHash } = prepareEntry(entry, this.receivedAt, this.rows);
    if (row.buffer !== this.buffer) {
      if (!(row.buffer instanceof ArrayBuffer)) throw new Error('a row lies in memory that cannot be given away');
      this.endSlab();
      this.buffer = row.buffer;
    }
    if (row.byteOffset !== (this.ends.at(-1) ?? 0)) throw new Error('rows were not cut one behind another');
    this.ends.push(row.byteOffset + row.length);
    const from = this.count * fixedLength;
    if (from === this.fixed.length) {
      const larger = Buffer.from(new ArrayBuffer(this.fixed.length * 2));
      larger.set(this.fixed);
      this.fixed = larger;
    }
    this.fixed.set(id, from);
    this.fixed.set(entry.dedupe.key, from + 16);
    this.fixed.set(entry.dedupe.content, from + 32);
    this.fixed.write(leafHash, from + leafHashOffset, 32, 'hex');
    if (rejected !== null) this.rejections.push([this.count, rejected]);
    this.count++;
  }

  /** The entries in the order in which they were added; the packer is done. */
  packed(): PackedEntries {
    this.endSlab();
    return {
      slabs: this.slabs,
      fixed: new Uint8Array(this.fixed.buffer, 0, this.count * fixedLength),
      rejections: this.rejections,
    };
  }

  private endSlab(): void {
    if (this.buffer !== null) {
      this.slabs.push({ bytes: new Uint8Array(this.buffer), ends: Uint32Array.from(this.ends) });
    }
    this.ends = [];
  }
}

/** What of packed entries is handed over to another thread. */
export function memoryOf({ slabs, fixed }: PackedEntries): ArrayBuffer[] {
  return [fixed.buffer, ...slabs.flatMap(({ bytes, ends }) => [bytes.buffer, ends.buffer])];
}

/** The entries again; they share the packed bytes. */
export function packedEntries({ slabs, fixed }: PackedEntries): EntryToAppend[] {
  const shared = Buffer.from(fixed.buffer, fixed.byteOffset, fixed.byteLength);
  const entries: EntryToAppend[] = [];
  for (const { bytes, ends } of slabs) {
    const rows = Buffer.from(bytes.buffer);
    let begin = 0;
    for (const end of ends) {
      entries.push(new PackedEntry(shared, entries.length * fixedLength, rows.subarray(begin, end)));
      begin = end;
    }
  }
  return entries;
}

/** Takes from the packed bytes what is asked for: thousands of entries wait for each commit. */
class PackedEntry implements EntryToAppend {
  readonly row: Buffer;
  private readonly fixed: Buffer;
  private readonly from: number;

  constructor(fixed: Buffer, from: number, row: Buffer) {
    this.fixed = fixed;
    this.from = from;
    this.row = row;
  }

  get id(): Buffer {
    return this.fixed.subarray(this.from, this.from + 16);
  }

  get dedupe(): { readonly key: Buffer; readonly content: Buffer } {
    const { fixed, from } = this;
    return { key: fixed.subarray(from + 16, from + 32), content: fixed.subarray(from + 32, from + leafHashOffset) };
  }

  get leafHash(): string {
    return this.fixed.toString('hex', this.from + leafHashOffset, this.from + fixedLength);
  }
}

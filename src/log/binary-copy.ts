/**
 * Rows in PostgreSQL's binary COPY format (PostgreSQL manual, COPY, "Binary Format"): the cheapest
 * way in for bytea, and nothing to escape.
 */

const signature = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const textOid = 25;
const postgresEpochMilliseconds = Date.UTC(2000, 0, 1);

/** Memory that rows of their own are cut from, one after another, so that they need not be gathered before they are sent. */
export class RowSlabs {
  private readonly slabLength: number;
  private slab = Buffer.alloc(0);
  private used = 0;

  /** `slabLength` bytes are taken at once; a row that is longer gets memory of its own. */
  constructor(slabLength: number) {
    this.slabLength = slabLength;
  }

  cut(length: number): Buffer {
    if (this.used + length > this.slab.length) {
      // A long row ends the slab before it, too: each slab holds rows that follow one another.
      this.slab = Buffer.allocUnsafeSlow(Math.max(this.slabLength, length));
      this.used = 0;
    }
    this.used += length;
    return this.slab.subarray(this.used - length, this.used);
  }
}

/** For rows that come a few at a time. */
export const sharedSlabs = new RowSlabs(64 * 1024);

export class BinaryCopyRows {
  private buffer: Buffer;
  private used = 0;

  /** `expectedBytes` saves growing; rows, or parts of rows, that are cut from `slabs` are headless, for {@link copyOf}. */
  constructor(expectedBytes: number, slabs: RowSlabs | null = null) {
    this.buffer = slabs === null ? Buffer.allocUnsafe(Math.max(expectedBytes, 64)) : slabs.cut(expectedBytes);
    if (slabs === null) this.encoded(signature);
  }

  /** Room for that many bytes, and where it begins; may replace the buffer, so it is called before the buffer is touched. */
  private reserve(bytes: number): number {
    const at = this.used;
    if (at + bytes > this.buffer.length) {
      const larger = Buffer.allocUnsafe(Math.max(this.buffer.length * 2, at + bytes));
      this.buffer.copy(larger, 0, 0, at);
      this.buffer = larger;
    }
    this.used = at + bytes;
    return at;
  }

  /** What was written by another one: fields that many rows share. */
  encoded(bytes: Buffer): void {
    const at = this.reserve(bytes.length);
    this.buffer.set(bytes, at);
  }

  row(fields: number): void {
    const at = this.reserve(2);
    this.buffer.writeInt16BE(fields, at);
  }

  int16(value: number): void {
    const at = this.reserve(6);
    this.buffer.writeInt32BE(2, at);
    this.buffer.writeInt16BE(value, at + 4);
  }

  int32(value: number): void {
    const at = this.reserve(8);
    this.buffer.writeInt32BE(4, at);
    this.buffer.writeInt32BE(value, at + 4);
  }

  /** bigint from a safe integer, which may be negative. */
  int64(value: number): void {
    const at = this.reserve(12);
    this.buffer.writeInt32BE(8, at);
    this.buffer.writeInt32BE(Math.floor(value / 0x1_0000_0000), at + 4);
    this.buffer.writeUInt32BE(value - Math.floor(value / 0x1_0000_0000) * 0x1_0000_0000, at + 8);
  }

  bigint64(value: bigint): void {
    const at = this.reserve(12);
    this.buffer.writeInt32BE(8, at);
    this.buffer.writeBigInt64BE(value, at + 4);
  }

  /** timestamptz from milliseconds since 1970. */
  timestamp(milliseconds: number): void {
    this.int64((milliseconds - postgresEpochMilliseconds) * 1000);
  }

  /** timestamptz from nanoseconds since 1970; what is finer than a microsecond is cut. */
  timestampNs(nanoseconds: bigint): void {
    const microseconds = nanoseconds / 1000n - (nanoseconds % 1000n < 0n ? 1n : 0n);
    this.bigint64(microseconds - BigInt(postgresEpochMilliseconds) * 1000n);
  }

  /** bytea and uuid. */
  bytes(value: Buffer): void {
    const at = this.reserve(4 + value.length);
    this.buffer.writeInt32BE(value.length, at);
    this.buffer.set(value, at + 4);
  }

  null(): void {
    const at = this.reserve(4);
    this.buffer.writeInt32BE(-1, at);
  }

  int32OrNull(value: number | null): void {
    if (value === null) this.null();
    else this.int32(value);
  }

  /** PostgreSQL's text cannot hold U+0000, which JSON can: it becomes U+FFFD. */
  textOrNull(value: string | null): void {
    if (value === null) this.null();
    else this.text(value.replaceAll('\0', '\uFFFD'));
  }

  /** text[], without nulls. */
  textArray(values: readonly string[]): void {
    const items = values.map((value) => Buffer.from(value.replaceAll('\0', '\uFFFD')));
    const bytes = items.reduce((sum, item) => sum + 4 + item.length, values.length === 0 ? 12 : 20);
    let at = this.reserve(4 + bytes);
    const int = (value: number): void => {
      this.buffer.writeInt32BE(value, at);
      at += 4;
    };
    int(bytes);
    int(values.length === 0 ? 0 : 1); // dimensions
    int(0); // no nulls
    int(textOid);
    if (values.length === 0) return;
    int(values.length);
    int(1); // lower bound
    for (const item of items) {
      int(item.length);
      item.copy(this.buffer, at);
      at += item.length;
    }
  }

  /** bytea from lower-case hex. */
  hex(value: string): void {
    const length = value.length / 2;
    const at = this.reserve(4 + length);
    this.buffer.writeInt32BE(length, at);
    this.buffer.write(value, at + 4, length, 'hex');
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    const at = this.reserve(4 + length);
    this.buffer.writeInt32BE(length, at);
    this.buffer.write(value, at + 4, length, 'utf8');
  }

  /** The rows so far, without trailer. */
  rows(): Buffer {
    if (this.used === this.buffer.length) return this.buffer;
    return this.buffer.subarray(0, this.used);
  }

  /** The finished data, trailer included. */
  finish(): Buffer {
    const at = this.reserve(2);
    this.buffer.writeInt16BE(-1, at);
    return this.buffer.subarray(0, this.used);
  }
}

const trailer = Buffer.from('ffff', 'hex');

/** Pieces shorter than this on average cost more to send than to gather. */
const shortestPiece = 16 * 1024;

/** Data of a COPY from rows that were written headless, each on its own; those that lie side by side in memory are not copied. */
export function copyOf(rows: readonly Buffer[]): readonly Buffer[] {
  const pieces: Buffer[] = [];
  let from: Buffer | null = null;
  let length = 0;
  let total = 0;
  const add = (): void => {
    if (from !== null) pieces.push(Buffer.from(from.buffer, from.byteOffset, length));
  };
  for (const row of rows) {
    total += row.length;
    if (from !== null && row.buffer === from.buffer && row.byteOffset === from.byteOffset + length) {
      length += row.length;
      continue;
    }
    add();
    from = row;
    length = row.length;
  }
  add();
  const data = [signature, ...pieces, trailer];
  return pieces.length * shortestPiece > total ? [Buffer.concat(data)] : data;
}

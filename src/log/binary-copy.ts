/**
 * Rows in PostgreSQL's binary COPY format (PostgreSQL manual, COPY, "Binary Format"): the cheapest
 * way in for bytea, and nothing to escape.
 */

const signature = Buffer.from('5047434f50590aff0d0a000000000000000000', 'hex');
const textOid = 25;
const postgresEpochMilliseconds = Date.UTC(2000, 0, 1);

/** Rows of their own are cut from slabs of this size; larger ones get memory of their own. */
const slabLength = 64 * 1024;
const longestInSlab = slabLength / 8;
let slab = Buffer.alloc(0);
let slabUsed = 0;

function cutFromSlab(length: number): Buffer {
  if (length > longestInSlab) return Buffer.allocUnsafeSlow(length);
  if (slabUsed + length > slab.length) {
    slab = Buffer.allocUnsafeSlow(slabLength);
    slabUsed = 0;
  }
  slabUsed += length;
  return slab.subarray(slabUsed - length, slabUsed);
}

export class BinaryCopyRows {
  private buffer: Buffer;
  private used = 0;

  /** `expectedBytes` saves growing; `headless` rows, or parts of rows, are for {@link copyOf}. */
  constructor(expectedBytes: number, headless = false) {
    this.buffer = headless ? cutFromSlab(expectedBytes) : Buffer.allocUnsafe(Math.max(expectedBytes, 64));
    if (!headless) this.encoded(signature);
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

/** Data of a COPY from rows that were written headless, each on its own. */
export function copyOf(rows: readonly Buffer[]): Buffer {
  return Buffer.concat([signature, ...rows, trailer]);
}

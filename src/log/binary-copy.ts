/**
 * Rows in PostgreSQL's binary COPY format (PostgreSQL manual, COPY, "Binary Format"): the cheapest
 * way in for bytea, and nothing to escape.
 */

const signature = Buffer.from('5047434f50590aff0d0a00' + '00000000' + '00000000', 'hex');
const postgresEpochMilliseconds = Date.UTC(2000, 0, 1);

export class BinaryCopyRows {
  private buffer: Buffer;
  private used = 0;

  constructor(expectedBytes: number) {
    this.buffer = Buffer.allocUnsafe(Math.max(expectedBytes, 1024));
    this.used = signature.copy(this.buffer, 0);
  }

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

  row(fields: number): void {
    this.buffer.writeInt16BE(fields, this.reserve(2));
  }

  int16(value: number): void {
    const at = this.reserve(6);
    this.buffer.writeInt32BE(2, at);
    this.buffer.writeInt16BE(value, at + 4);
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

  /** bytea and uuid. */
  bytes(value: Buffer): void {
    const at = this.reserve(4 + value.length);
    this.buffer.writeInt32BE(value.length, at);
    value.copy(this.buffer, at + 4);
  }

  text(value: string): void {
    const length = Buffer.byteLength(value);
    const at = this.reserve(4 + length);
    this.buffer.writeInt32BE(length, at);
    this.buffer.write(value, at + 4, length, 'utf8');
  }

  /** The finished data, trailer included. */
  finish(): Buffer {
    this.buffer.writeInt16BE(-1, this.reserve(2));
    return this.buffer.subarray(0, this.used);
  }
}

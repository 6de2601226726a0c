import { randomFillSync } from 'node:crypto';

const poolLength = 16 * 1024;
let pool = Buffer.alloc(0);
let used = 0;

/** Random bytes, drawn from the system many at a time. The bytes are the caller's own: no two draws share any. */
export function randomBytesPooled(length: number): Buffer {
  if (used + length > pool.length) {
    pool = randomFillSync(Buffer.allocUnsafeSlow(poolLength));
    used = 0;
  }
  used += length;
  return pool.subarray(used - length, used);
}

/** UUID version 7 (RFC 9562 section 5.7) as its 16 bytes: millisecond time, then random bits. */
export function uuidv7Bytes(milliseconds: number): Buffer {
  const bytes = randomBytesPooled(16);
  bytes.writeUIntBE(milliseconds, 0, 6);
  bytes[6] = 0x70 | ((bytes[6] ?? 0) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] ?? 0) & 0x3f);
  return bytes;
}

/** Text form of a UUID's 16 bytes. */
export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

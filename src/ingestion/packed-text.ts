import { gunzipSync } from 'node:zlib';

/** What a base64 text may grow to when it holds gzip: one record, or the events of one delivery. */
const mostInflated = 16 * 1024 * 1024;

/** Bytes that were packed as base64 (RFC 4648), and inside it perhaps with gzip; null when they are neither. */
export function unpackBase64(text: string): Buffer | null {
  if (text.length === 0 || !/^[A-Za-z0-9+/_-]+={0,2}\s*$/.test(text)) return null;
  return unpackGzip(Buffer.from(text, 'base64'));
}

/** The bytes as they are, or what gzip packed in them; null for gzip that is broken or grows beyond measure. */
function unpackGzip(bytes: Buffer): Buffer | null {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: mostInflated });
  } catch {
    return null;
  }
}

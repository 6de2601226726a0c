import { Decompress } from 'fzstd';
import { Transform } from 'node:stream';

/** The data is no Zstandard frame (RFC 8878), or one that asks for more memory than is given. */
export class ZstdFormatError extends Error {
  override readonly name = 'ZstdFormatError';
}

/** RFC 8878 section 3.1.1.1.2 recommends that every decoder takes windows of 8 MiB; `zstd --long` asks for up to 128 MiB. */
const largestWindow = 32 * 1024 * 1024;
const magic = 0xfd2fb528;
const longestHeader = 18;

/**
 * Unpacks Zstandard as it arrives. The window that a frame asks for is read before anything is reserved for it.
 * Node 20 has no Zstandard of its own.
 */
export function zstdDecoder(): Transform {
  let head = Buffer.alloc(0);
  let started = false;
  let fed = false;
  let output: Transform | null = null;
  const decompress = new Decompress((data) => {
    if (data.length > 0) output?.push(Buffer.from(data));
  });
  const feed = (chunk: Buffer, last: boolean): void => {
    try {
      fed ||= chunk.length > 0;
      decompress.push(chunk, last);
    } catch (cause) {
      throw new ZstdFormatError('the data is no valid Zstandard frame', { cause });
    }
  };
  output = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        if (started) feed(chunk, false);
        else {
          head = Buffer.concat([head, chunk]);
          if (head.length >= longestHeader) {
            assertFits(head);
            started = true;
            feed(head, false);
          }
        }
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
    flush(done) {
      try {
        if (!started) {
          assertFits(head);
          feed(head, false);
        }
        if (!fed) throw new ZstdFormatError('there is no data');
        feed(Buffer.alloc(0), true);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  return output;
}

/** Frame header: RFC 8878 section 3.1.1.1. */
function assertFits(head: Buffer): void {
  if (head.length < 6) throw new ZstdFormatError('the frame is cut short');
  if (head.readUInt32LE(0) !== magic) throw new ZstdFormatError('the data does not begin with a Zstandard frame');
  const descriptor = head[4] ?? 0;
  const singleSegment = (descriptor & 0x20) !== 0;
  if (singleSegment) {
    const sizeBytes = [1, 2, 4, 8][descriptor >> 6] ?? 1;
    const at = 5 + ([0, 1, 2, 4][descriptor & 3] ?? 0);
    if (head.length < at + sizeBytes) throw new ZstdFormatError('the frame is cut short');
    const size = sizeBytes === 8 ? Number(head.readBigUInt64LE(at)) : head.readUIntLE(at, sizeBytes);
    // One segment: the whole content is the window, which the caller's limit on bodies bounds as well.
    if (size > 128 * 1024 * 1024) throw new ZstdFormatError(`the frame holds ${size} bytes in one segment`);
    return;
  }
  const window = head[5] ?? 0;
  const base = 2 ** (10 + (window >> 3));
  const size = base + (base / 8) * (window & 7);
  if (size > largestWindow)
    throw new ZstdFormatError(`the frame asks for a window of ${size} bytes, more than ${largestWindow}`);
}

import { Decompress } from 'fzstd';
import { Transform } from 'node:stream';
import { ZstdFormatError, ZstdFrames } from './zstd-frames.js';

/**
 * Unpacks Zstandard as it arrives. The window that a frame asks for is read before anything is reserved for it.
 * Node 20 has no Zstandard of its own. Fails with ZstdFormatError.
 */
export function zstdDecoder(): Transform {
  let output: Transform | null = null;
  let held = Buffer.alloc(0);
  const frames = new ZstdFrames();
  const decompress = new Decompress((data) => {
    if (data.length > 0) output?.push(Buffer.from(data));
  });
  const feed = (chunk: Buffer, last: boolean): void => {
    try {
      decompress.push(chunk, last);
    } catch (cause) {
      throw new ZstdFormatError('the data is no valid Zstandard frame', { cause });
    }
  };
  output = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        frames.push(chunk);
        // The decoder wants a whole header to begin with.
        held = Buffer.concat([held, chunk]);
        if (held.length >= longestHeader) {
          feed(held, false);
          held = Buffer.alloc(0);
        }
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
    flush(done) {
      try {
        frames.end();
        if (held.length > 0) feed(held, false);
        feed(Buffer.alloc(0), true);
        done();
      } catch (error) {
        done(error instanceof Error ? error : new Error(String(error)));
      }
    },
  });
  return output;
}

const longestHeader = 18;

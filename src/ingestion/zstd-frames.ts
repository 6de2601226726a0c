/** The data is no Zstandard frame (RFC 8878), or one that asks for more memory than is given. */
export class ZstdFormatError extends Error {
  override readonly name = 'ZstdFormatError';
}

/** RFC 8878 section 3.1.1.1.2 recommends that every decoder takes windows of 8 MiB; `zstd --long` asks for up to 128 MiB. */
const largestWindow = 32 * 1024 * 1024;
/** Windows of all frames together: tiny frames could each ask for a large one. */
const freeWindows = 64 * 1024 * 1024;
const windowsForEachByte = 16 * 1024;
const magic = 0xfd2fb528;

/**
 * Walks through frames as they arrive (RFC 8878 section 3.1.1) and reads the header of each, so that none is given memory that it
 * asks too much of. What follows a frame and is none is left to the decoder.
 */
export class ZstdFrames {
  private head = Buffer.alloc(0);
  /** Bytes of a block or checksum still to come. */
  private skip = 0;
  private next: 'header' | 'block' | 'nothing' = 'header';
  private hasChecksum = false;
  private frames = 0;
  private bytes = 0;
  private windows = 0;

  /** @throws ZstdFormatError */
  push(chunk: Buffer): void {
    this.bytes += chunk.length;
    let at = 0;
    while (at < chunk.length && this.next !== 'nothing') {
      if (this.skip > 0) {
        const passed = Math.min(this.skip, chunk.length - at);
        this.skip -= passed;
        at += passed;
        continue;
      }
      const wanted = this.next === 'block' ? 3 : headerLength(this.head);
      const more = chunk.subarray(at, at + wanted - this.head.length);
      at += more.length;
      this.head = Buffer.concat([this.head, more]);
      if (this.head.length < (this.next === 'block' ? 3 : headerLength(this.head))) continue;
      if (this.next === 'block') this.readBlock();
      else this.readHeader();
      this.head = Buffer.alloc(0);
    }
  }

  /** @throws ZstdFormatError where not even the first header was complete. */
  end(): void {
    if (this.frames === 0 && this.next === 'header') throw new ZstdFormatError('the frame is cut short');
  }

  private readHeader(): void {
    if (this.head.readUInt32LE(0) !== magic) {
      if (this.frames === 0) throw new ZstdFormatError('the data does not begin with a Zstandard frame');
      this.next = 'nothing';
      return;
    }
    const size = windowOf(this.head);
    this.windows += size;
    if (size > largestWindow)
      throw new ZstdFormatError(`the frame asks for a window of ${size} bytes, more than ${largestWindow}`);
    if (this.windows > freeWindows + this.bytes * windowsForEachByte)
      throw new ZstdFormatError(`the frames ask for windows of ${this.windows} bytes in all, for ${this.bytes} bytes`);
    this.frames++;
    this.hasChecksum = ((this.head[4] ?? 0) & 4) !== 0;
    this.next = 'block';
  }

  /** Block header: RFC 8878 section 3.1.1.2. */
  private readBlock(): void {
    const header = this.head.readUIntLE(0, 3);
    const isRepeatedByte = ((header >> 1) & 3) === 1;
    this.skip = isRepeatedByte ? 1 : header >> 3;
    if ((header & 1) === 0) return;
    if (this.hasChecksum) this.skip += 4;
    this.next = 'header';
  }
}

/** Bytes of a frame's header, as far as its beginning tells: RFC 8878 section 3.1.1.1. What is no frame has four. */
function headerLength(head: Buffer): number {
  const beginning = 5;
  if (head.length < 4) return beginning;
  if (head.readUInt32LE(0) !== magic) return 4;
  if (head.length < beginning) return beginning;
  const descriptor = head[4] ?? 0;
  return beginning + (isSingleSegment(descriptor) ? 0 : 1) + dictionaryBytes(descriptor) + sizeBytes(descriptor);
}

function isSingleSegment(descriptor: number): boolean {
  return (descriptor & 0x20) !== 0;
}

function dictionaryBytes(descriptor: number): number {
  return [0, 1, 2, 4][descriptor & 3] ?? 0;
}

function sizeBytes(descriptor: number): number {
  return [isSingleSegment(descriptor) ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
}

/** The memory a frame asks for: its window or, where it is one segment, all of its content. */
function windowOf(head: Buffer): number {
  const descriptor = head[4] ?? 0;
  if (isSingleSegment(descriptor)) {
    const at = 5 + dictionaryBytes(descriptor);
    const length = sizeBytes(descriptor);
    return length === 8 ? Number(head.readBigUInt64LE(at)) : head.readUIntLE(at, length) + (length === 2 ? 256 : 0);
  }
  const window = head[5] ?? 0;
  const base = 2 ** (10 + (window >> 3));
  return base + (base / 8) * (window & 7);
}

/** The data is no Snappy block. */
export class SnappyError extends Error {
  override readonly name = 'SnappyError';
}

/**
 * Unpacks a Snappy block (github.com/google/snappy, format_description.txt), as Grafana Loki's clients send it.
 * @param most bytes that may come out of it
 * @throws SnappyError
 */
export function snappyUncompress(data: Buffer, most: number): Buffer {
  let at = 0;
  let length = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = data[at++];
    if (byte === undefined || shift > 28) throw new SnappyError('the length is not valid');
    length += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) break;
  }
  if (length > most) throw new SnappyError(`the block holds ${length} bytes, more than ${most}`);
  const output = Buffer.alloc(length);
  let end = 0;
  while (at < data.length) {
    const tag = data[at++] ?? 0;
    if ((tag & 3) === 0) {
      let size = tag >> 2;
      if (size >= 60) {
        const bytes = size - 59;
        if (at + bytes > data.length) throw new SnappyError('a literal is cut short');
        size = data.readUIntLE(at, bytes);
        at += bytes;
      }
      size++;
      if (at + size > data.length || end + size > length) throw new SnappyError('a literal is cut short');
      data.copy(output, end, at, at + size);
      at += size;
      end += size;
      continue;
    }
    const bytes = (tag & 3) === 1 ? 1 : (tag & 3) === 2 ? 2 : 4;
    if (at + bytes > data.length) throw new SnappyError('a copy is cut short');
    const size = bytes === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const offset = bytes === 1 ? ((tag >> 5) << 8) | (data[at] ?? 0) : data.readUIntLE(at, bytes);
    at += bytes;
    if (offset === 0 || offset > end || end + size > length) throw new SnappyError('a copy reaches outside');
    // Source and target may overlap: what was just written is read again.
    for (let i = 0; i < size; i++) output[end + i] = output[end + i - offset] ?? 0;
    end += size;
  }
  if (end !== length) throw new SnappyError('the block is cut short');
  return output;
}

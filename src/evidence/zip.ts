import { crc32 } from 'node:zlib';

/**
 * ZIP archives in one canonical form: files stored without compression in the order given, dated
 * 1980-01-01, names in ASCII, nothing but local headers, data, central directory and end record.
 * The same files give the same bytes, ordinary tools open them, and since every header byte can be
 * computed from names, sizes and check sums, the reader notices any byte that differs.
 * Format: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.16.
 */

export interface ZipEntry {
  /** Letters, digits, `.`, `_` and `-`; no folders. */
  readonly name: string;
  readonly data: Buffer;
}

/** Something in the archive that is not as the canonical form has it. */
export interface ZipProblem {
  /** The file it belongs to, or {@link archiveDirectory}. */
  readonly file: string;
  readonly message: string;
}

/** What a problem is laid to when it concerns the list of files at the end of the archive. */
export const archiveDirectory = 'archive directory';

/** The files cannot be put into a canonical archive. */
export class ZipError extends Error {
  override readonly name = 'ZipError';
}

/** Archives without ZIP64 hold less than 4 GiB: offsets and sizes have 32 bits, all ones being reserved. */
export const largestArchive = 0xffff_fffe;
const mostEntries = 0xfffe;

const localSignature = 0x0403_4b50;
const centralSignature = 0x0201_4b50;
const endSignature = 0x0605_4b50;
const localLength = 30;
const centralLength = 46;
const endLength = 22;
const namePattern = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/u;

/** What the headers of a file say of it. */
interface Described {
  readonly name: string;
  readonly crc: number;
  readonly size: number;
}

/** The 26 bytes that local and central header share, from `version needed` to the extra field's length. */
function sharedFields(file: Described): Buffer {
  const fields = Buffer.alloc(26);
  fields.writeUInt16LE(20, 0);
  // General purpose bit 11: names are UTF-8. Method 0 (stored), time 0 stay zero.
  fields.writeUInt16LE(0x0800, 2);
  // MS-DOS date of 1980-01-01.
  fields.writeUInt16LE(0x0021, 8);
  fields.writeUInt32LE(file.crc, 10);
  fields.writeUInt32LE(file.size, 14);
  fields.writeUInt32LE(file.size, 18);
  fields.writeUInt16LE(file.name.length, 22);
  return fields;
}

function localHeader(file: Described): Buffer {
  const signature = Buffer.alloc(4);
  signature.writeUInt32LE(localSignature);
  return Buffer.concat([signature, sharedFields(file), Buffer.from(file.name, 'ascii')]);
}

function centralHeader(file: Described, offset: number): Buffer {
  const head = Buffer.alloc(6);
  head.writeUInt32LE(centralSignature);
  head.writeUInt16LE(20, 4);
  const tail = Buffer.alloc(14);
  tail.writeUInt32LE(offset, 10);
  return Buffer.concat([head, sharedFields(file), tail, Buffer.from(file.name, 'ascii')]);
}

/** Central directory and end record of files that lie one after the other from the start of the archive. */
function directory(files: readonly Described[]): Buffer {
  let offset = 0;
  const headers = files.map((file) => {
    const header = centralHeader(file, offset);
    offset += localLength + file.name.length + file.size;
    return header;
  });
  const central = Buffer.concat(headers);
  const end = Buffer.alloc(endLength);
  end.writeUInt32LE(endSignature);
  end.writeUInt16LE(files.length, 8);
  end.writeUInt16LE(files.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([central, end]);
}

/** Bytes an archive of these files has. */
function archiveSize(files: readonly { readonly name: string; readonly size: number }[]): number {
  return files.reduce((sum, { name, size }) => sum + localLength + centralLength + 2 * name.length + size, endLength);
}

/**
 * Checks that files fit a canonical archive, before anything is written.
 * @throws ZipError for a name that is not plain or comes twice, too many files, or 4 GiB and more.
 */
export function assertFits(files: readonly { readonly name: string; readonly size: number }[]): void {
  const names = new Set<string>();
  for (const { name } of files) {
    if (!namePattern.test(name)) {
      throw new ZipError(`a file's name has letters, digits, ".", "_" and "-" only, got ${JSON.stringify(name)}`);
    }
    if (names.has(name)) throw new ZipError(`the file ${name} is given twice; each name may come once`);
    names.add(name);
  }
  if (files.length > mostEntries)
    throw new ZipError(`an archive holds at most ${mostEntries} files, got ${files.length}`);
  const size = archiveSize(files);
  if (size > largestArchive) {
    throw new ZipError(
      `the archive would have ${size} bytes, and at most ${largestArchive} (4 GiB) can be written; narrow the scope or the period`,
    );
  }
}

/**
 * Writes files into an archive, in the order given.
 * @throws ZipError as {@link assertFits} does.
 */
export function writeZip(entries: readonly ZipEntry[]): Buffer {
  assertFits(entries.map(({ name, data }) => ({ name, size: data.length })));
  const files = entries.map(({ name, data }) => ({ name, crc: crc32(data), size: data.length }));
  const parts: Buffer[] = [];
  files.forEach((file, at) => {
    parts.push(localHeader(file));
    const data = entries[at]?.data;
    if (data !== undefined) parts.push(data);
  });
  return Buffer.concat([...parts, directory(files)]);
}

/** Files found in an archive, as far as they could be read, and everything that deviates from the canonical form. */
export interface ZipContents {
  readonly entries: readonly ZipEntry[];
  readonly problems: readonly ZipProblem[];
}

/**
 * Reads an archive that {@link writeZip} made. Never throws: bytes may come from an attacker.
 * Data are views of `bytes`, not copies. With any byte changed, added or missing there is at least
 * one problem.
 */
export function readZip(bytes: Buffer): ZipContents {
  const listed = readDirectory(bytes);
  if (listed === null) {
    const entries = scan(bytes);
    const message =
      entries.length === 0
        ? 'this is no archive that can be read; it may be cut off, or not be an evidence package'
        : 'the list of files at the end of the archive is damaged or cut off, or bytes were added';
    return { entries, problems: [{ file: archiveDirectory, message }] };
  }
  const entries: ZipEntry[] = [];
  const problems: ZipProblem[] = [];
  let offset = 0;
  for (const file of listed) {
    const header = bytes.subarray(offset, offset + localLength + file.name.length);
    const data = bytes.subarray(offset + header.length, offset + header.length + file.size);
    offset += header.length + data.length;
    entries.push({ name: file.name, data });
    const crc = crc32(data);
    if (header.equals(localHeader(file))) {
      if (crc !== file.crc)
        problems.push({ file: file.name, message: 'the content does not fit its check sum (CRC-32)' });
    } else if (header.equals(localHeader({ ...file, crc })) && crc !== file.crc) {
      problems.push({
        file: archiveDirectory,
        message: `the check sum listed for ${file.name} is not that of the file`,
      });
    } else {
      problems.push({
        file: file.name,
        message: 'the header of the file is not as the archive directory describes it',
      });
    }
  }
  return { entries, problems };
}

/** Files as the central directory lists them; null unless directory and end record are, byte for byte, those of such files. */
function readDirectory(bytes: Buffer): Described[] | null {
  const end = bytes.length - endLength;
  if (end < 0 || bytes.readUInt32LE(end) !== endSignature) return null;
  const start = bytes.readUInt32LE(end + 16);
  const files: Described[] = [];
  let at = start;
  while (at < end) {
    if (at + centralLength > end) return null;
    const nameLength = bytes.readUInt16LE(at + 28);
    const nameEnd = at + centralLength + nameLength;
    if (nameEnd > end) return null;
    const name = bytes.toString('latin1', at + centralLength, nameEnd);
    if (!namePattern.test(name) || files.some((file) => file.name === name)) return null;
    files.push({ name, crc: bytes.readUInt32LE(at + 16), size: bytes.readUInt32LE(at + 20) });
    at = nameEnd;
  }
  if (archiveSize(files) !== bytes.length) return null;
  return bytes.subarray(start).equals(directory(files)) ? files : null;
}

/** Files found by going from local header to local header, for archives whose directory is of no use. */
function scan(bytes: Buffer): ZipEntry[] {
  const entries: ZipEntry[] = [];
  let at = 0;
  while (at + localLength <= bytes.length && bytes.readUInt32LE(at) === localSignature) {
    const size = bytes.readUInt32LE(at + 18);
    const nameEnd = at + localLength + bytes.readUInt16LE(at + 26);
    const name = bytes.toString('latin1', at + localLength, nameEnd);
    if (nameEnd + size > bytes.length || !namePattern.test(name) || entries.some((entry) => entry.name === name)) break;
    entries.push({ name, data: bytes.subarray(nameEnd, nameEnd + size) });
    at = nameEnd + size;
  }
  return entries;
}

import { zlibSync } from 'fflate';

/**
 * Rewrites a PDF as pdfkit writes it (no compression, one cross-reference table) with compressed
 * streams, object streams and a cross-reference stream (ISO 32000-1, 7.5.7 and 7.5.8; permitted
 * from PDF/A-2 on). A tagged report becomes several times smaller. The compressor is plain
 * ECMAScript: the system's zlib gives other bytes from one version and processor to the next,
 * and evidence must be the same everywhere.
 */
export function compactPdf(pdf: Buffer): Buffer {
  const { objects, trailer } = readObjects(pdf);
  const out = new Output(pdf.subarray(0, pdf.indexOf('1 0 obj')));
  const places: Place[] = [];
  const plain: PdfObject[] = [];
  for (const object of objects) {
    if (object.stream === null) {
      plain.push(object);
      continue;
    }
    places[object.id] = { type: 1, first: out.length, second: 0 };
    out.push(streamObject(object.id, object.dictionary, object.stream));
  }
  let nextId = objects.length + 1;
  for (let from = 0; from < plain.length; from += objectsPerStream) {
    const id = nextId++;
    const packed = plain.slice(from, from + objectsPerStream);
    packed.forEach((object, at) => (places[object.id] = { type: 2, first: id, second: at }));
    places[id] = { type: 1, first: out.length, second: 0 };
    out.push(objectStream(id, packed));
  }
  const id = nextId;
  const start = out.length;
  places[0] = { type: 0, first: 0, second: 65_535 };
  places[id] = { type: 1, first: start, second: 0 };
  out.push(crossReferenceStream(id, places, trailer));
  out.push(Buffer.from(`startxref\n${start}\n%%EOF\n`, 'latin1'));
  return out.bytes();
}

const objectsPerStream = 200;

interface PdfObject {
  readonly id: number;
  /** Text of the object, or of the dictionary of its stream, as Latin-1. */
  readonly dictionary: string;
  readonly stream: Buffer | null;
}

/** An entry of the cross-reference stream: 0 free, 1 byte offset, 2 object stream and place in it. */
interface Place {
  readonly type: 0 | 1 | 2;
  readonly first: number;
  readonly second: number;
}

class Output {
  readonly #chunks: Buffer[];
  length: number;

  constructor(header: Buffer) {
    this.#chunks = [header];
    this.length = header.length;
  }

  push(chunk: Buffer): void {
    this.#chunks.push(chunk);
    this.length += chunk.length;
  }

  bytes(): Buffer {
    return Buffer.concat(this.#chunks, this.length);
  }
}

function readObjects(pdf: Buffer): { objects: PdfObject[]; trailer: string } {
  const tail = /startxref\n(\d+)\n%%EOF\n$/u.exec(pdf.toString('latin1', pdf.length - 40));
  const tableAt = Number(tail?.[1]);
  const table = pdf.toString('latin1', tableAt);
  const head = /^xref\n0 (\d+)\n0000000000 65535 f \n/u.exec(table);
  if (head === null) throw new Error('the PDF to compact has no cross-reference table at its end');
  const entries = table.slice(head[0].length).matchAll(/(\d{10}) 00000 n \n/gu);
  const offsets = [...entries].map((entry) => Number(entry[1]));
  const trailer = /trailer\n([\s\S]*?)\nstartxref\n/u.exec(table)?.[1];
  if (offsets.length !== Number(head[1]) - 1 || trailer === undefined) {
    throw new Error(`the PDF to compact announces ${head[1]} cross-reference entries and has ${offsets.length + 1}`);
  }
  // Objects lie in any order; each ends where the next begins.
  const ends = new Map<number, number>();
  const sorted = [...offsets].sort((a, b) => a - b);
  sorted.forEach((offset, at) => ends.set(offset, sorted[at + 1] ?? tableAt));
  const objects = offsets.map((offset, at) => readObject(pdf.subarray(offset, ends.get(offset)), at + 1));
  return { objects, trailer };
}

const streamKeyword = Buffer.from('\nstream\n');

function readObject(bytes: Buffer, id: number): PdfObject {
  const head = `${id} 0 obj\n`;
  const tail = '\nendobj\n';
  if (
    bytes.toString('latin1', 0, head.length) !== head ||
    bytes.toString('latin1', bytes.length - tail.length) !== tail
  ) {
    throw new Error(`object ${id} of the PDF to compact is not where the cross-reference table says`);
  }
  const body = bytes.subarray(head.length, bytes.length - tail.length);
  // Line feeds inside strings are escaped, so the first keyword on a line of its own is the real one.
  const at = body.indexOf(streamKeyword);
  if (at < 0) return { id, dictionary: body.toString('latin1'), stream: null };
  const dictionary = body.toString('latin1', 0, at);
  const length = Number(lengthKey.exec(dictionary)?.[1]);
  const from = at + streamKeyword.length;
  if (body.toString('latin1', from + length) !== '\nendstream') {
    throw new Error(`stream ${id} of the PDF to compact does not end after its ${length} bytes`);
  }
  return { id, dictionary, stream: body.subarray(from, from + length) };
}

const lengthKey = /\n\/Length (\d+)/u;

/** A stream with its own dictionary; metadata stays readable, as archives want it. */
function streamObject(id: number, dictionary: string, data: Buffer): Buffer {
  const keepsForm = /\n\/(?:Filter \/|Type \/Metadata)/u.test(dictionary);
  const stored = keepsForm ? data : Buffer.from(zlibSync(data, { level: 6 }));
  const filter = keepsForm ? '' : '\n/Filter /FlateDecode';
  const text = dictionary.replace(lengthKey, `\n/Length ${stored.length}${filter}`);
  return Buffer.concat([
    Buffer.from(`${id} 0 obj\n${text}\nstream\n`, 'latin1'),
    stored,
    Buffer.from('\nendstream\nendobj\n'),
  ]);
}

function objectStream(id: number, objects: readonly PdfObject[]): Buffer {
  let offset = 0;
  const index: string[] = [];
  for (const object of objects) {
    index.push(`${object.id} ${offset}`);
    offset += object.dictionary.length + 1;
  }
  const first = `${index.join(' ')}\n`;
  const data = Buffer.from(`${first}${objects.map((object) => object.dictionary).join('\n')}\n`, 'latin1');
  return streamObject(id, `<<\n/Type /ObjStm\n/N ${objects.length}\n/First ${first.length}\n/Length 0\n>>`, data);
}

function crossReferenceStream(id: number, places: readonly Place[], trailer: string): Buffer {
  const width = 7;
  const data = Buffer.alloc(places.length * width);
  for (let at = 0; at < places.length; at++) {
    const place = places[at];
    if (place === undefined) throw new Error(`object ${at} has no place in the compacted PDF`);
    data.writeUInt8(place.type, at * width);
    data.writeUInt32BE(place.first, at * width + 1);
    data.writeUInt16BE(place.second, at * width + 5);
  }
  const kept = trailer
    .replace(/^<<\n/u, '')
    .replace(/\n>>$/u, '')
    .replace(/\/Size \d+/u, `/Size ${places.length}`);
  return streamObject(id, `<<\n/Type /XRef\n/W [1 4 2]\n${kept}\n/Length 0\n>>`, data);
}

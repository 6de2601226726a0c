/** Numbers that look random and are the same for the same seed (xorshift32). */
export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = (Math.imul(seed, 0x9e37_79b1) ^ 0x5bd1_e995) | 1;
  }

  /** A whole number below `end`. */
  below(end: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % end;
  }

  of<T>(values: readonly T[]): T {
    const value = values[this.below(values.length)];
    if (value === undefined) throw new Error('there is nothing to choose from');
    return value;
  }
}

/** Pieces that parsers stumble over. */
const pieces = [
  '\0',
  '"',
  '\\',
  '\\"',
  '\\u0000',
  '\\ud800',
  '\\udc00\\ud800',
  '\u2028',
  '\ufeff',
  '\r\n',
  '\n',
  '\t',
  ' ',
  '=',
  '|',
  '\\=',
  '\\|',
  ';',
  ',',
  ':',
  '%',
  '%zz',
  '[',
  ']',
  '{',
  '}',
  '<999>',
  '[]',
  '{}',
  'null',
  'true',
  '-',
  '-0',
  '1e308',
  '1e999',
  '-1',
  '9007199254740993',
  '18446744073709551616',
  '999999999999999999999999999999',
  '0.00000000000000000001',
  'NaN',
  '0000-00-00T00:00:00Z',
  '9999-12-31T23:59:60.999999999+23:59',
  '10000-01-01T00:00:00Z',
  '1970-01-01',
  '256.256.256.256',
  '::ffff:1.2.3.4',
  'fe80::1%eth0',
  ':::::::',
  '65536',
  '__proto__',
  'constructor',
  'prototype',
  'toString',
  'hasOwnProperty',
  '"__proto__":{"polluted":1},',
  '"constructor":{"prototype":{"polluted":1}},',
  'CEF:0|',
  'LEEF:2.0|',
  '{"a":'.repeat(70),
  '['.repeat(200),
  'é'.repeat(3),
].map((piece) => Buffer.from(piece));
const rawPieces = [
  Buffer.from([0xff]),
  Buffer.from([0xc0, 0x80]),
  Buffer.from([0xed, 0xa0, 0x80]),
  Buffer.from([0xf5, 0x80, 0x80, 0x80]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
  Buffer.from([0x00, 0x00, 0x00, 0x00]),
];
const all = [...pieces, ...rawPieces];

/** A seed changed in one to eight places, or noise made of the same pieces. */
export function mutation(seeds: readonly Buffer[], chance: Chance): Buffer {
  if (chance.below(20) === 0) return noise(chance);
  let bytes = chance.of(seeds);
  const changes = 1 + chance.below(chance.below(3) === 0 ? 8 : 2);
  for (let i = 0; i < changes; i++) bytes = changed(bytes, seeds, chance);
  return bytes;
}

function noise(chance: Chance): Buffer {
  return Buffer.concat(Array.from({ length: chance.below(40) }, () => chance.of(all)));
}

function changed(bytes: Buffer, seeds: readonly Buffer[], chance: Chance): Buffer {
  const at = chance.below(bytes.length + 1);
  const end = Math.min(bytes.length, at + chance.below(1 + Math.min(64, bytes.length)));
  const around = (middle: Buffer, from = end): Buffer =>
    Buffer.concat([bytes.subarray(0, at), middle, bytes.subarray(from)]);
  switch (chance.below(9)) {
    case 0: {
      const copy = Buffer.from(bytes);
      if (copy.length > 0) copy[at % copy.length] = (copy[at % copy.length] ?? 0) ^ (1 << chance.below(8));
      return copy;
    }
    case 1:
      return bytes.subarray(0, at);
    case 2:
      return bytes.subarray(at);
    case 3:
      return around(Buffer.alloc(0));
    case 4:
      return around(Buffer.concat([bytes.subarray(at, end), bytes.subarray(at, end)]));
    case 5:
      return around(chance.of(all), at);
    case 6:
      return around(chance.of(all));
    case 7: {
      const other = chance.of(seeds);
      const from = chance.below(other.length + 1);
      return around(other.subarray(from, from + chance.below(80)));
    }
    default:
      return replacedToken(bytes, chance);
  }
}

/** One number or word replaced by a piece, so that the grammar around it stays. */
function replacedToken(bytes: Buffer, chance: Chance): Buffer {
  const text = bytes.toString('latin1');
  const tokens = [...text.slice(0, 20_000).matchAll(/[\w.+-]+/g)];
  if (tokens.length === 0) return bytes;
  const { index, 0: token } = chance.of(tokens);
  return Buffer.concat([bytes.subarray(0, index), chance.of(all), bytes.subarray(index + token.length)]);
}

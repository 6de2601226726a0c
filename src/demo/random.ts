/** Seeded chance: the same seed gives the same sequence on every machine. Never for anything secret. */

const hexPairs = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** 32-bit FNV-1a of a text, from a given start. */
function hashText(text: string, start: number): number {
  let hash = start;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** A sequence of pseudo-random numbers (xorshift with 128 bits of state) named by a text. */
export class Random {
  private a: number;
  private b: number;
  private c: number;
  private d: number;

  constructor(private readonly name: string) {
    this.a = hashText(name, 0x811c9dc5);
    this.b = hashText(name, this.a ^ 0x9e3779b9);
    this.c = hashText(name, this.b ^ 0x85ebca6b);
    // The state must not be all zero; one odd word is enough.
    this.d = hashText(name, this.c ^ 0xc2b2ae35) | 1;
    for (let round = 0; round < 16; round++) this.word();
  }

  /** Another sequence, which this one's use does not disturb. */
  fork(name: string): Random {
    return new Random(`${this.name}/${name}`);
  }

  /** The next 32 bits. */
  word(): number {
    let mixed = this.a ^ (this.a << 11);
    mixed ^= mixed >>> 8;
    this.a = this.b;
    this.b = this.c;
    this.c = this.d;
    this.d = (this.d ^ (this.d >>> 19) ^ mixed) >>> 0;
    return this.d;
  }

  /** At least 0, less than 1. */
  fraction(): number {
    return this.word() / 2 ** 32;
  }

  /** A whole number from `least` to `most`, both included. */
  integer(least: number, most: number): number {
    return least + Math.floor(this.fraction() * (most - least + 1));
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** @throws RangeError when the list is empty */
  pick<Item>(list: readonly Item[]): Item {
    const item = list[this.integer(0, list.length - 1)];
    if (item === undefined)
      throw new RangeError('expected a list with at least one item to pick from, got an empty one');
    return item;
  }

  /** Characters of an alphabet. */
  text(alphabet: string, length: number): string {
    let text = '';
    while (text.length < length) text += alphabet.charAt(this.integer(0, alphabet.length - 1));
    return text;
  }

  private pair(): string {
    return hexPairs[this.word() >>> 24] ?? '00';
  }

  /** Bytes in hex with a separator between them. */
  hex(bytes: number, separator = ''): string {
    let text = this.pair();
    for (let at = 1; at < bytes; at++) text += separator + this.pair();
    return text;
  }

  /** A UUID in the form of version 4. */
  uuid(): string {
    const variant = '89ab'.charAt(this.word() >>> 30);
    return `${this.hex(4)}-${this.hex(2)}-4${this.hex(2).slice(1)}-${variant}${this.hex(2).slice(1)}-${this.hex(6)}`;
  }
}

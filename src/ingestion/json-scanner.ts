/**
 * A validating scanner of JSON (RFC 8259) over bytes: it finds where a value ends without building
 * it, and remembers enough at a fault for the splitter to go on behind it.
 */

/** Deepest nesting of objects and arrays a record may have. */
export const maxDepth = 64;

export const QUOTE = 0x22;
export const COMMA = 0x2c;
export const OPEN_ARRAY = 0x5b;
export const BACKSLASH = 0x5c;
export const CLOSE_ARRAY = 0x5d;
export const OPEN_OBJECT = 0x7b;
export const CLOSE_OBJECT = 0x7d;
export const LF = 0x0a;
const COLON = 0x3a;
const SPACE = 0x20;

const eventList = Buffer.from('"EventList"');
const kindKey = Buffer.from('"kind"');
const itemsKey = Buffer.from('"items"');
/**
 * Members under which vendors put the records of one delivery: CloudTrail, Azure diagnostics and Firehose, CloudWatch Logs;
 * answers to queries of CloudTrail (`Events`), CloudWatch Logs (`events`), Azure's REST API, Cloud Logging and Splunk (`results`);
 * Elastic's test files.
 */
const listKeys = [
  '"Records"',
  '"records"',
  '"logEvents"',
  '"Events"',
  '"events"',
  '"value"',
  '"entries"',
  '"results"',
  '"expected"',
].map((key) => Buffer.from(key));

/** What the grammar allows next. */
const enum Next {
  Value,
  ValueOrClose,
  Key,
  KeyOrClose,
  Colon,
  CommaOrClose,
}

/** The state of one scan; made once for a body and used again for each value in it. */
export interface Scan {
  readonly bytes: Buffer;
  /** The open brackets, outermost first; `depth` of them count. */
  readonly stack: Uint8Array;
  depth: number;
  /** After a good value: the offset behind it. After a fault: where the grammar broke. */
  at: number;
  /** At a fault: what the grammar wanted. */
  expected: string;
  /** At a fault: it lies inside a string. */
  inString: boolean;
  /** The value is an object with `"kind":"EventList"`. */
  isEventList: boolean;
  /** Offset of the array under the value's `items`, or -1. */
  itemsAt: number;
  /** Offset of the array of objects under one of the members that hold a delivery's records, or -1. */
  recordsAt: number;
}

export function newScan(bytes: Buffer): Scan {
  const stack = new Uint8Array(maxDepth);
  return {
    bytes,
    stack,
    depth: 0,
    at: 0,
    expected: '',
    inString: false,
    isEventList: false,
    itemsAt: -1,
    recordsAt: -1,
  };
}

/** Reads one value at `start`, which must not be white space; false on a fault. */
export function scanValue(scan: Scan, start: number): boolean {
  scan.isEventList = false;
  scan.itemsAt = -1;
  scan.recordsAt = -1;
  return scanFrom(scan, start, 0, Next.Value);
}

/** Reads on in an object of which a member has just ended, up to its closing brace; false on a fault. */
export function scanRestOfObject(scan: Scan, from: number): boolean {
  scan.stack[0] = OPEN_OBJECT;
  return scanFrom(scan, from, 1, Next.CommaOrClose);
}

/** `byte 17: expected a colon`, counted from `start`; the same words whatever the engine. */
export function describeFault(scan: Scan, start: number): string {
  const found = scan.at >= scan.bytes.length ? ', found the end of the data' : '';
  return `byte ${scan.at - start}: expected ${scan.expected}${found}`;
}

function scanFrom(scan: Scan, from: number, openBrackets: number, first: Next): boolean {
  const { bytes, stack } = scan;
  const size = bytes.length;
  let i = from;
  let depth = openBrackets;
  let next = first;
  let member: Member | null = null;

  while (i < size) {
    const c = bytes[i] ?? 0;
    if (c <= SPACE && isSpace(c)) {
      i++;
      continue;
    }

    if (next === Next.CommaOrClose) {
      const inObject = stack[depth - 1] === OPEN_OBJECT;
      if (c === COMMA) {
        next = inObject ? Next.Key : Next.Value;
        i++;
      } else if (c === (inObject ? CLOSE_OBJECT : CLOSE_ARRAY)) {
        i++;
        if (--depth === 0) return finish(scan, i);
      } else {
        return fault(scan, i, depth, inObject ? 'a comma or }' : 'a comma or ]');
      }
    } else if (next === Next.Key || next === Next.KeyOrClose) {
      if (c === QUOTE) {
        const end = scanString(bytes, i);
        if (end < 0) return fault(scan, ~end, depth, 'the rest of a key', true);
        if (depth === 1) member = memberNamed(bytes, i, end);
        next = Next.Colon;
        i = end;
      } else if (c === CLOSE_OBJECT && next === Next.KeyOrClose) {
        i++;
        if (--depth === 0) return finish(scan, i);
        next = Next.CommaOrClose;
      } else {
        return fault(scan, i, depth, next === Next.Key ? 'a key' : 'a key or }');
      }
    } else if (next === Next.Colon) {
      if (c !== COLON) return fault(scan, i, depth, 'a colon');
      next = Next.Value;
      i++;
    } else if (c === CLOSE_ARRAY && next === Next.ValueOrClose) {
      i++;
      if (--depth === 0) return finish(scan, i);
      next = Next.CommaOrClose;
    } else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      if (depth === maxDepth) return fault(scan, i, depth, `at most ${maxDepth} levels of nesting`);
      if (member !== null && depth === 1) noteMember(scan, member, i, i);
      member = null;
      stack[depth++] = c;
      next = c === OPEN_OBJECT ? Next.KeyOrClose : Next.ValueOrClose;
      i++;
    } else {
      const end = c === QUOTE ? scanString(bytes, i) : scanBare(bytes, i, c);
      if (end < 0) return fault(scan, ~end, depth, c === QUOTE ? 'the rest of a string' : 'a value', c === QUOTE);
      if (member !== null && depth === 1) noteMember(scan, member, i, end);
      member = null;
      i = end;
      if (depth === 0) return finish(scan, i);
      next = Next.CommaOrClose;
    }
  }
  return fault(scan, size, depth, depth === 0 ? 'a value' : expectedAtEnd(next));
}

function finish(scan: Scan, end: number): boolean {
  scan.at = end;
  return true;
}

function fault(scan: Scan, at: number, depth: number, expected: string, inString = false): boolean {
  scan.at = at;
  scan.depth = depth;
  scan.expected = expected;
  scan.inString = inString;
  return false;
}

function expectedAtEnd(next: Next): string {
  if (next === Next.CommaOrClose) return 'a comma or a closing bracket';
  if (next === Next.Colon) return 'a colon';
  return next === Next.Key || next === Next.KeyOrClose ? 'a key' : 'a value';
}

/** A member that tells a list of records from a record. */
type Member = 'kind' | 'items' | 'records';

function memberNamed(bytes: Buffer, start: number, end: number): Member | null {
  if (end - start === kindKey.length && startsWith(bytes, start, end, kindKey)) return 'kind';
  if (end - start === itemsKey.length && startsWith(bytes, start, end, itemsKey)) return 'items';
  for (const key of listKeys) if (end - start === key.length && startsWith(bytes, start, end, key)) return 'records';
  return null;
}

/** Of members with the same name the last one counts, as for `JSON.parse`. */
function noteMember(scan: Scan, member: Member, start: number, end: number): void {
  if (member === 'records') scan.recordsAt = opensObjects(scan.bytes, start) ? start : -1;
  else if (member === 'items') scan.itemsAt = scan.bytes[start] === OPEN_ARRAY ? start : -1;
  else scan.isEventList = end - start === eventList.length && startsWith(scan.bytes, start, end, eventList);
}

function opensObjects(bytes: Buffer, start: number): boolean {
  if (bytes[start] !== OPEN_ARRAY) return false;
  let i = start + 1;
  while (isSpace(bytes[i] ?? 0)) i++;
  return bytes[i] === OPEN_OBJECT;
}

/** Offset behind the string that opens at `open`, or the complement (`~`) of where it breaks. */
function scanString(bytes: Buffer, open: number): number {
  const size = bytes.length;
  for (let i = open + 1; i < size; i++) {
    const c = bytes[i] ?? 0;
    if (c === QUOTE) return i + 1;
    if (c === BACKSLASH) {
      const escaped = bytes[i + 1] ?? 0;
      if (escaped === 0x75 /* u */) {
        for (let digit = i + 2; digit < i + 6; digit++) {
          if (!isHexDigit(bytes[digit] ?? 0)) return ~Math.min(digit, size);
        }
        i += 5;
      } else if (isSimpleEscape(escaped)) {
        i++;
      } else {
        return ~i;
      }
    } else if (c < SPACE) {
      return ~i;
    }
  }
  return ~size;
}

/** Offset behind the number, `true`, `false` or `null` at `start`, or the complement of where it breaks. */
function scanBare(bytes: Buffer, start: number, first: number): number {
  let end: number;
  if (first === 0x74) end = scanWord(bytes, start, 'true');
  else if (first === 0x66) end = scanWord(bytes, start, 'false');
  else if (first === 0x6e) end = scanWord(bytes, start, 'null');
  else end = scanNumber(bytes, start);
  if (end < 0 || end === bytes.length || endsBareValue(bytes[end] ?? 0)) return end;
  return ~end;
}

function scanWord(bytes: Buffer, start: number, word: string): number {
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word.charCodeAt(i)) return ~start;
  return start + word.length;
}

function scanNumber(bytes: Buffer, start: number): number {
  let i = bytes[start] === 0x2d /* - */ ? start + 1 : start;
  if (bytes[i] === 0x30 /* 0 */) i++;
  else if ((i = skipDigits(bytes, i)) < 0) return i;
  if (bytes[i] === 0x2e /* . */ && (i = skipDigits(bytes, i + 1)) < 0) return i;
  if (((bytes[i] ?? 0) | 0x20) === 0x65 /* e */) {
    const sign = bytes[i + 1];
    i = skipDigits(bytes, sign === 0x2b || sign === 0x2d ? i + 2 : i + 1);
  }
  return i;
}

/** Offset behind the digits at `start`; the complement of `start` when there is none. */
function skipDigits(bytes: Buffer, start: number): number {
  let i = start;
  while (isDigit(bytes[i] ?? 0)) i++;
  return i === start ? ~Math.min(start, bytes.length) : i;
}

function endsBareValue(c: number): boolean {
  const isBracket = c === CLOSE_ARRAY || c === CLOSE_OBJECT || c === OPEN_OBJECT || c === OPEN_ARRAY;
  return isSpace(c) || c === COMMA || c === QUOTE || isBracket;
}

export function isSpace(c: number): boolean {
  return c === SPACE || c === LF || c === 0x0d || c === 0x09;
}

function isDigit(c: number): boolean {
  return c >= 0x30 && c <= 0x39;
}

function isHexDigit(c: number): boolean {
  const lower = c | 0x20;
  return isDigit(c) || (lower >= 0x61 && lower <= 0x66);
}

function isSimpleEscape(c: number): boolean {
  return (
    c === QUOTE || c === BACKSLASH || c === 0x2f || c === 0x62 || c === 0x66 || c === 0x6e || c === 0x72 || c === 0x74
  );
}

/** Does `bytes` hold `prefix` at `start`, before `end`? */
export function startsWith(bytes: Buffer, start: number, end: number, prefix: Buffer): boolean {
  if (end - start < prefix.length) return false;
  for (let i = 0; i < prefix.length; i++) if (bytes[start + i] !== prefix[i]) return false;
  return true;
}

/** Is the first member of the JSON object in `bytes` one of these? Names come with their quotes; at most 64 spaces are passed over. */
export function beginsWithMember(bytes: Buffer, quotedNames: readonly Buffer[]): boolean {
  const open = afterSpaces(bytes, 0);
  if (bytes[open] !== OPEN_OBJECT) return false;
  const name = afterSpaces(bytes, open + 1);
  return quotedNames.some((quoted) => startsWith(bytes, name, bytes.length, quoted));
}

function afterSpaces(bytes: Buffer, from: number): number {
  let i = from;
  while (i < from + 64 && isSpace(bytes[i] ?? 0)) i++;
  return i;
}

import { isUtf8 } from 'node:buffer';

import {
  BACKSLASH,
  CLOSE_ARRAY,
  CLOSE_OBJECT,
  COMMA,
  describeFault,
  isSpace,
  LF,
  maxDepth,
  newScan,
  OPEN_ARRAY,
  OPEN_OBJECT,
  QUOTE,
  type Scan,
  scanRestOfObject,
  scanValue,
  startsWith,
} from './json-scanner.js';
import type { QuarantineReason } from './normal-form.js';

/**
 * One record inside a request body: the bytes `start` (inclusive) to `end` (exclusive), never
 * empty, without surrounding white space. A span with a `problem` holds bytes that are no readable
 * JSON value; they are handed on so that they can be kept.
 */
export interface Span {
  readonly start: number;
  readonly end: number;
  readonly problem?: QuarantineReason;
  readonly detail?: string;
}

interface Splitting extends Scan {
  readonly spans: Span[];
}

/** How the lines begin that hold a list of records. */
const listLines = [
  '{"kind":"EventList"',
  '{"Records"',
  '{"records"',
  '{"messageType"',
  '{"Events"',
  '{"events"',
  '{"value"',
  '{"entries"',
  '{"results"',
  '{"expected"',
].map((text) => Buffer.from(text));

/**
 * Splits a body of JSON into the exact bytes of its records: one value; an array, whose elements
 * are the records; values one after another with or without white space between them; a Kubernetes
 * `EventList`, whose items are the records, and the `Records`, `records` or `logEvents` of a cloud
 * provider's delivery and the lists of its answers (also inside an array). Numbers, strings and the like
 * are spans as well; whoever reads them says that they are no objects.
 *
 * A broken value becomes one span with the problem `invalid_json` (`not_utf8` where the bytes are
 * not UTF-8), and splitting goes on behind it: where its brackets balance, at the next comma of
 * the array, or at a line that starts with `{`; if none comes, the span runs to the end. Between
 * spans lie only white space, commas and array brackets, or the fields around a list. Every span
 * without a problem is a value that `JSON.parse` accepts, at most 64 levels deep. Never throws.
 */
export function splitJson(body: Buffer): Span[] {
  const scan: Splitting = { ...newScan(body), spans: [] };
  splitSequence(scan, afterByteOrderMark(body), false, true);
  return isUtf8(body) ? scan.spans : scan.spans.map((span) => checkUtf8(body, span));
}

/**
 * Splits a body whatever its sender calls it: JSON where it begins as JSON, else lines of text. With
 * `lines` the sender said that it is line by line, so that each line is a record or a broken one.
 * A line of text may begin with a bracket too (`[2026-01-31T10:00:00Z] "GET /…`).
 */
export function splitBody(body: Buffer, lines: boolean): Span[] {
  const start = skipSpace(body, afterByteOrderMark(body), body.length);
  const first = body[start];
  const inside = body[skipSpace(body, start + 1, body.length)];
  const isJson =
    (first === OPEN_OBJECT && (inside === QUOTE || inside === CLOSE_OBJECT)) ||
    (first === OPEN_ARRAY && (inside === OPEN_OBJECT || inside === OPEN_ARRAY || inside === CLOSE_ARRAY));
  return isJson && !lines ? splitJson(body) : splitLines(body);
}

/**
 * Splits lines of JSON or text: a span for each line that is not blank, LF or CRLF, the last line
 * with or without its line end. Only the bytes are checked (UTF-8); whether a line is JSON is for
 * whoever reads it, so one broken line costs that line alone. A line that is a whole list of
 * records, and a body whose first line is a lone bracket (JSON printed over many lines under
 * the wrong media type), are split as `splitJson` does. Never throws.
 */
export function splitLines(body: Buffer): Span[] {
  const spans: Span[] = [];
  const valid = isUtf8(body);
  let lineStart = afterByteOrderMark(body);
  while (lineStart < body.length) {
    const lf = body.indexOf(LF, lineStart);
    const lineEnd = lf === -1 ? body.length : lf;
    const start = skipSpace(body, lineStart, lineEnd);
    const end = trimEnd(body, start, lineEnd);
    lineStart = lineEnd + 1;
    if (start === end) continue;
    const first = body[start];
    if (spans.length === 0 && end - start === 1 && (first === OPEN_OBJECT || first === OPEN_ARRAY)) {
      return splitJson(body);
    }
    if (listLines.some((opening) => startsWith(body, start, end, opening))) {
      for (const span of splitJson(body.subarray(start, end))) {
        spans.push({ ...span, start: span.start + start, end: span.end + start });
      }
    } else {
      spans.push(valid ? { start, end } : checkUtf8(body, { start, end }));
    }
  }
  return spans;
}

/**
 * Says where `record` stops being one JSON value of at most 64 levels, for a person who has to
 * repair the sender; null when it is one. The words depend on the bytes alone, not on the engine.
 */
export function findSyntaxError(record: Buffer): string | null {
  const scan = newScan(record);
  const start = skipSpace(record, afterByteOrderMark(record), record.length);
  if (!scanValue(scan, start)) return describeFault(scan, start);
  const rest = skipSpace(record, scan.at, record.length);
  return rest === record.length ? null : `byte ${rest - start}: expected the end of the record`;
}

/** Splits what stands at top level or, with `inArray`, in an array; returns the offset behind it. */
function splitSequence(scan: Splitting, from: number, inArray: boolean, mayBeList: boolean): number {
  const { bytes } = scan;
  const firstElement = scan.spans.length;
  let i = from;
  for (;;) {
    i = skipSeparators(bytes, i);
    if (i >= bytes.length) break;
    const c = bytes[i];
    if (inArray && c === CLOSE_ARRAY) return i + 1;
    if (!inArray && c === OPEN_ARRAY) i = splitSequence(scan, i + 1, true, true);
    else i = splitRecord(scan, i, inArray, mayBeList);
  }
  if (inArray) {
    const detail = `the array opened at byte ${from - 1} is never closed: the body may be cut short`;
    scan.spans.splice(firstElement, 0, { start: from - 1, end: from, problem: 'invalid_json', detail });
  }
  return i;
}

function splitRecord(scan: Splitting, start: number, inArray: boolean, mayBeList: boolean): number {
  const good = scanValue(scan, start);
  const end = scan.at;
  const listAt = scan.isEventList ? scan.itemsAt : scan.recordsAt;
  if (mayBeList && listAt !== -1) {
    const behindItems = splitSequence(scan, listAt + 1, true, false);
    return good ? end : finishEventList(scan, behindItems, inArray);
  }
  if (good) {
    scan.spans.push({ start, end });
    return end;
  }
  return rejectBroken(scan, start, start, inArray);
}

/** Reads the rest of a list of records that is broken somewhere; its items have been split. */
function finishEventList(scan: Splitting, behindItems: number, inArray: boolean): number {
  if (behindItems >= scan.bytes.length) return behindItems;
  if (scanRestOfObject(scan, behindItems)) return scan.at;
  return rejectBroken(scan, skipSpace(scan.bytes, behindItems, scan.bytes.length), behindItems, inArray);
}

function rejectBroken(scan: Splitting, start: number, scannedFrom: number, inArray: boolean): number {
  const detail = describeFault(scan, scannedFrom);
  const stop = resynchronise(scan, start, inArray);
  reject(scan, start, trimEnd(scan.bytes, start, stop), detail);
  return stop;
}

function reject(scan: Splitting, start: number, end: number, detail: string): void {
  if (start < end) scan.spans.push({ start, end, problem: 'invalid_json', detail });
}

/**
 * Where reading can go on after the fault at `scan.at` in the value that began at `start`: behind
 * the bracket that closes the value, at the array's next comma or closing bracket, at an object
 * that begins a line, or at the end. Only ever moves forward, so splitting stays linear.
 */
function resynchronise(scan: Scan, start: number, inArray: boolean): number {
  const { bytes, stack } = scan;
  let depth = scan.depth;
  let tooDeep = 0;
  let inString = scan.inString;
  for (let i = scan.at; i < bytes.length; i++) {
    const c = bytes[i];
    if (c === LF) {
      inString = false;
    } else if (inString) {
      if (c === QUOTE) inString = false;
      else if (c === BACKSLASH && bytes[i + 1] !== LF) i++;
    } else if (c === QUOTE) {
      inString = true;
    } else if (c === OPEN_OBJECT || c === OPEN_ARRAY) {
      const beginsLine = bytes[i - 1] === LF && (c === OPEN_OBJECT || !inArray);
      if (i > start && (beginsLine || (depth === 0 && !inArray && beginsRecord(bytes, i)))) return i;
      if (depth < maxDepth) stack[depth++] = c;
      else tooDeep++;
    } else if (c === CLOSE_OBJECT || c === CLOSE_ARRAY) {
      if (tooDeep > 0) {
        tooDeep--;
        continue;
      }
      const opener = stack.subarray(0, depth).lastIndexOf(c === CLOSE_OBJECT ? OPEN_OBJECT : OPEN_ARRAY);
      if (opener === -1) {
        if (inArray && c === CLOSE_ARRAY) return i;
        continue;
      }
      depth = opener;
      if (depth === 0 && scan.depth > 0) return i + 1;
    } else if (c === COMMA && depth === 0 && inArray) {
      return i;
    }
  }
  return bytes.length;
}

/** Tells `{"` and `[{`, which begin records, from the brackets of running text. */
function beginsRecord(bytes: Buffer, open: number): boolean {
  const inside = bytes[skipSpace(bytes, open + 1, bytes.length)];
  return bytes[open] === OPEN_OBJECT ? inside === QUOTE || inside === CLOSE_OBJECT : inside === OPEN_OBJECT;
}

function skipSpace(bytes: Buffer, from: number, end: number): number {
  let i = from;
  while (i < end && isSpace(bytes[i] ?? 0)) i++;
  return i;
}

/** Commas out of place lose nothing, so they are passed over like white space. */
function skipSeparators(bytes: Buffer, from: number): number {
  let i = from;
  while (i < bytes.length && (isSpace(bytes[i] ?? 0) || bytes[i] === COMMA)) i++;
  return i;
}

function trimEnd(bytes: Buffer, start: number, end: number): number {
  let i = end;
  while (i > start && isSpace(bytes[i - 1] ?? 0)) i--;
  return i;
}

/** RFC 8259 lets a reader ignore a byte order mark at the start; some Windows tools write one. */
function afterByteOrderMark(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

function checkUtf8(body: Buffer, span: Span): Span {
  if (isUtf8(body.subarray(span.start, span.end))) return span;
  return { start: span.start, end: span.end, problem: 'not_utf8', detail: 'the record is not valid UTF-8' };
}

/**
 * Where the value of a member stands in the text of a JSON object, which `splitJson` has found good; of a repeated
 * member the last, as `JSON.parse` takes it. Null when there is none, or its name is written with escapes.
 */
export function memberSpan(object: Buffer, name: string): Span | null {
  const wanted = Buffer.from(JSON.stringify(name));
  const scan = newScan(object);
  let found: Span | null = null;
  let i = skipSpace(object, afterByteOrderMark(object), object.length) + 1;
  for (;;) {
    i = skipSeparators(object, i);
    if (object[i] !== QUOTE || !scanValue(scan, i)) return found;
    const isWanted = object.subarray(i, scan.at).equals(wanted);
    const colon = skipSpace(object, scan.at, object.length);
    const start = skipSpace(object, colon + 1, object.length);
    if (!scanValue(scan, start)) return found;
    if (isWanted) found = { start, end: scan.at };
    i = scan.at;
  }
}

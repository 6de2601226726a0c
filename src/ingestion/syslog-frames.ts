import type { ReceivedRecord } from './received-record.js';

const LF = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const NINE = 0x39;

type Frame = Pick<ReceivedRecord, 'raw' | 'problem'>;

/**
 * Cuts the messages out of a connection of syslog over TCP (RFC 6587): counted in octets where it begins with a count, else one a
 * line. How a connection begins decides for all of it. Never throws, and holds no more than one message.
 */
export class SyslogFrames {
  /** What is being cut, while a chunk is taken. */
  private held: Buffer = Buffer.alloc(0);
  /** What is kept for later, as it came: it is put together only once it can hold a message. */
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private wantedBytes = 0;
  private counted: boolean | null = null;
  /** Behind a message that is too long: the rest of it is passed over. */
  private skipping = false;
  private readonly most: number;

  constructor(mostBytes: number) {
    this.most = mostBytes;
  }

  /** Messages that this chunk completes. */
  push(chunk: Buffer): Frame[] {
    this.waiting.push(chunk);
    this.waitingBytes += chunk.length;
    if (this.waitingBytes < this.wantedBytes && !(this.counted === false && chunk.includes(LF))) return [];
    this.held = this.waiting.length === 1 ? chunk : Buffer.concat(this.waiting);
    this.wantedBytes = 0;
    const frames: Frame[] = [];
    this.counted ??= beginsCounted(this.held);
    while (this.counted !== null && this.held.length > 0) {
      if (!(this.counted ? this.takeCounted(frames) : this.takeLine(frames))) break;
    }
    this.waiting = this.held.length === 0 ? [] : [this.held];
    this.waitingBytes = this.held.length;
    return frames;
  }

  /** What stands at the end of a connection without an end of its own. */
  end(): Frame[] {
    const raw = trimmed(Buffer.concat(this.waiting));
    this.waiting = [];
    this.waitingBytes = 0;
    if (raw.length === 0 || this.skipping) return [];
    return this.counted === true
      ? [{ raw, problem: { reason: 'invalid_field', detail: 'the connection ended inside the message' } }]
      : [{ raw }];
  }

  /** False when more has to come. */
  private takeCounted(frames: Frame[]): boolean {
    let at = 0;
    // Some senders put a line end behind each message, although it was counted.
    while (this.held[at] === LF || this.held[at] === 0x0d) at++;
    this.held = this.held.subarray(at);
    at = 0;
    while (isDigit(this.held[at]) && at < 10) at++;
    if (at === this.held.length) return false;
    const length = Number(this.held.toString('latin1', 0, at));
    if (at === 0 || this.held[at] !== SPACE || length > this.most) {
      // No count, or one that cannot be right: from here on each line is a message, so that nothing is lost.
      this.counted = false;
      return true;
    }
    const start = at + 1;
    if (this.held.length < start + length) {
      this.wantedBytes = start + length;
      return false;
    }
    add(frames, this.held.subarray(start, start + length));
    this.held = this.held.subarray(start + length);
    return true;
  }

  private takeLine(frames: Frame[]): boolean {
    const end = this.held.indexOf(LF);
    if (end === -1) {
      if (this.held.length <= this.most) {
        this.wantedBytes = this.most + 1;
        return false;
      }
      if (!this.skipping) {
        const detail = `a message of at most ${this.most} bytes is taken; its rest is lost`;
        frames.push({ raw: Buffer.from(this.held.subarray(0, this.most)), problem: { reason: 'too_large', detail } });
      }
      this.skipping = true;
      this.held = Buffer.alloc(0);
      return false;
    }
    if (!this.skipping) add(frames, this.held.subarray(0, end));
    this.skipping = false;
    this.held = this.held.subarray(end + 1);
    return true;
  }
}

function add(frames: Frame[], bytes: Buffer): void {
  const raw = trimmed(bytes);
  // The chunk belongs to the socket.
  if (raw.length > 0) frames.push({ raw: Buffer.from(raw) });
}

/** Without the line ends and zero bytes that some senders put at the end. */
export function trimmed(bytes: Buffer): Buffer {
  let end = bytes.length;
  while (end > 0 && [LF, 0x0d, 0].includes(bytes[end - 1] ?? -1)) end--;
  return bytes.subarray(0, end);
}

/** Digits and a space stand before a message that is counted; null while that cannot be told. */
function beginsCounted(bytes: Buffer): boolean | null {
  let at = 0;
  while (isDigit(bytes[at]) && at < 10) at++;
  if (at === bytes.length) return null;
  return at > 0 && bytes[0] !== ZERO && bytes[at] === SPACE;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= NINE;
}

import type { QuarantineReason } from './normal-form.js';

/** A value cut out of a stream, or the bytes of what is none. */
export interface StreamedItem {
  readonly raw: Buffer;
  readonly problem?: { readonly reason: QuarantineReason; readonly detail: string };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const COMMA = 0x2c;

/** What may stand before the items of a list: `{"kind":"EventList","apiVersion":"audit.k8s.io/v1","metadata":{},"items":[`. */
const longestHead = 64 * 1024;

/**
 * Cuts the items out of a Kubernetes list (`{"kind":"EventList",…,"items":[…]}`) while it arrives, so that no more than one
 * item is held at a time. A body that is no list is handed back whole at the end. Never throws.
 */
export class StreamedItems {
  private state: 'head' | 'items' | 'tail' | 'whole' = 'head';
  /** Bytes of the head, of the item under way, or of a body that is no list. */
  private held: Buffer[] = [];
  private heldBytes = 0;
  private readonly head = new ListHead();
  private depth = 0;
  private inString = false;
  private escaped = false;
  private begun = false;

  /** Bytes held back until more comes. */
  get waiting(): number {
    return this.heldBytes;
  }

  /** Items that this chunk completes. */
  push(chunk: Buffer): StreamedItem[] {
    if (this.state === 'tail') return [];
    if (this.state === 'head' || this.state === 'whole') {
      this.hold(chunk);
      if (this.state === 'whole') return [];
      const at = this.head.itemsAt(chunk);
      if (at === null) {
        if (this.heldBytes > longestHead) this.state = 'whole';
        return [];
      }
      this.drop();
      this.state = 'items';
      return this.scan(chunk.subarray(at));
    }
    return this.scan(chunk);
  }

  /** What is left when the body has ended: the whole of it where it was no list, an item that was cut short. */
  end(): { readonly whole: Buffer | null; readonly cut: StreamedItem | null } {
    const rest = Buffer.concat(this.held);
    if (this.state === 'head' || this.state === 'whole') return { whole: rest, cut: null };
    if (this.state === 'items' && this.begun) {
      return { whole: null, cut: { raw: rest, problem: { reason: 'invalid_json', detail: 'the item is cut short' } } };
    }
    return { whole: null, cut: null };
  }

  private scan(chunk: Buffer): StreamedItem[] {
    const items: StreamedItem[] = [];
    let from = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (byte === BACKSLASH) this.escaped = true;
        else if (byte === QUOTE) this.inString = false;
        continue;
      }
      if (!this.begun) {
        if (byte === CLOSE_ARRAY) {
          this.state = 'tail';
          return items;
        }
        if (byte <= 0x20 || byte === COMMA) continue;
        this.begun = true;
        from = at;
      }
      if (byte === QUOTE) this.inString = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        // A number or word at the end of the list ends with it.
        if (this.depth === 0) {
          items.push(this.finish(chunk.subarray(from, at)));
          this.state = 'tail';
          return items;
        }
        if (--this.depth === 0) items.push(this.finish(chunk.subarray(from, at + 1)));
      } else if (byte === COMMA && this.depth === 0) {
        items.push(this.finish(chunk.subarray(from, at)));
      }
    }
    if (this.begun) this.hold(chunk.subarray(from));
    return items;
  }

  private finish(last: Buffer): StreamedItem {
    // The chunk belongs to the stream; what is kept must not hold all of it in memory.
    const raw = Buffer.concat([...this.held, last]);
    this.drop();
    this.begun = false;
    return { raw };
  }

  private hold(bytes: Buffer): void {
    this.held.push(bytes);
    this.heldBytes += bytes.length;
  }

  private drop(): void {
    this.held = [];
    this.heldBytes = 0;
  }
}

/** Looks for `"items":[` at the first level of an object, chunk by chunk. */
class ListHead {
  private depth = 0;
  private inString = false;
  private escaped = false;
  /** The last string at the first level, as far as it matters. */
  private key = '';

  /** Where in the chunk the first item may begin; null when that has not come yet. */
  itemsAt(chunk: Buffer): number | null {
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] ?? 0;
      if (this.inString) {
        if (this.escaped) this.escaped = false;
        else if (byte === BACKSLASH) this.escaped = true;
        else if (byte === QUOTE) this.inString = false;
        if (this.inString && this.depth === 1 && this.key.length <= 'items'.length)
          this.key += String.fromCharCode(byte);
      } else if (byte === QUOTE) {
        this.inString = true;
        this.key = '';
      } else if (byte === OPEN_OBJECT) this.depth++;
      else if (byte === OPEN_ARRAY) {
        if (this.depth === 1 && this.key === 'items') return at + 1;
        this.depth++;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) this.depth--;
      else if (byte === COMMA) this.key = '';
    }
    return null;
  }
}

import type { JsonValue } from './formats/json-value.js';
import type { QuarantineReason, RecordContext } from './normal-form.js';

/** What a protocol says of a record beside its time and id. */
export type Attributes = Record<string, JsonValue>;

/** Why a record could not be read; it is kept all the same. */
export interface Rejection {
  readonly reason: QuarantineReason;
  readonly detail: string;
}

/** One record as a protocol hands it over. */
export interface ReceivedRecord {
  /** Its exact bytes. */
  readonly raw: Buffer;
  /** What the protocol said of it beside its bytes: times, id, attributes. */
  readonly context: RecordContext;
  /** Set where the protocol could not take it out whole; the bytes are what there is of it. */
  readonly problem?: Rejection | undefined;
}

/** Bytes of JSON that may be said of many records at once: it is kept with each of them, so a small body must not become a large log. */
const mostSaidOfMany = 8192;

/** What is said of many records at once, cut where it is too much to be kept with each; then `cut` says so. */
export function saidOfMany(attributes: Attributes): Attributes {
  let length = 0;
  const kept: Attributes = {};
  for (const [name, value] of Object.entries(attributes)) {
    length += name.length + JSON.stringify(value).length + 4;
    if (length > mostSaidOfMany) return { ...kept, cut: true };
    kept[name] = value;
  }
  return attributes;
}

import type { QuarantineReason, RecordContext } from './normal-form.js';

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
  readonly problem?: Rejection;
}

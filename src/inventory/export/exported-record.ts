import type { NormalForm } from '../../ingestion/normal-form.js';

/** A record on its way out: where it stands in the log, and what was made of it. */
export interface ExportedRecord {
  readonly index: number;
  readonly part: number;
  readonly source: string;
  /** Kind of the entry: a kind of record, or `rejected` for what is in quarantine. */
  readonly kind: string;
  /** RFC 3339, UTC, with as many digits as the record gave. */
  readonly eventTime: string;
  readonly receivedAt: string;
  /** Null where the record could not be read or its payload is no longer kept. */
  readonly normalForm: NormalForm | null;
  /** As received; null where the payload is no longer kept. */
  readonly raw: Buffer | null;
}

import type { ReceivedRecord } from './received-record.js';

/** Records in one byte string, which passes between threads without being copied. */
export interface PackedRecords {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly records: readonly (Omit<ReceivedRecord, 'raw'> & { readonly end: number })[];
}

export function packRecords(records: readonly ReceivedRecord[]): PackedRecords {
  const bytes = new Uint8Array(new ArrayBuffer(records.reduce((sum, { raw }) => sum + raw.length, 0)));
  let end = 0;
  const packed = records.map(({ raw, context, problem }) => {
    bytes.set(raw, end);
    end += raw.length;
    return { end, context, problem };
  });
  return { bytes, records: packed };
}

/** The records again; they share the packed bytes. */
export function packedRecords({ bytes, records }: PackedRecords): ReceivedRecord[] {
  const all = Buffer.from(bytes.buffer);
  let start = 0;
  return records.map(({ end, context, problem }) => {
    const raw = all.subarray(start, end);
    start = end;
    return { raw, context, problem };
  });
}

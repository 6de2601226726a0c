import { RecordContext } from './normal-form.js';

/*
 * What the log keeps of a record: its raw bytes. Where more is needed to read it (what its source was
 * set to, what the protocol said), a first line holds that as JSON, so that the digest in the leaf
 * covers it and whoever has the payload can read the record without anything else.
 */

const opening = Buffer.from('segproof-record/1 ');
const lineEnd = 0x0a;

/** The payload of a record; its raw bytes alone where nothing has to be said about them. */
export function closePayload(raw: Buffer, context: RecordContext): Buffer {
  if (Object.keys(context).length === 0 && !raw.subarray(0, opening.length).equals(opening)) return raw;
  return Buffer.concat([opening, Buffer.from(`${JSON.stringify(context)}\n`), raw]);
}

/** The raw bytes of a record and what is known beside them. */
export function openPayload(payload: Buffer): { readonly raw: Buffer; readonly context: RecordContext } {
  if (!payload.subarray(0, opening.length).equals(opening)) return { raw: payload, context: {} };
  const end = payload.indexOf(lineEnd);
  const context = end === -1 ? null : contextOf(payload.toString('utf8', opening.length, end));
  return context === null ? { raw: payload, context: {} } : { raw: payload.subarray(end + 1), context };
}

function contextOf(json: string): RecordContext | null {
  try {
    return RecordContext.parse(JSON.parse(json));
  } catch {
    return null;
  }
}

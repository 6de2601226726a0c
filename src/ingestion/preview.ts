import { z } from 'zod';
import { FormatName, NormalForm, QuarantineReason, type RecordContext } from './normal-form.js';
import { normaliseRead, type ReadRecord, readRecords } from './read-records.js';
import { openPayload } from './record-payload.js';

/** One fact that Segproof makes of a record, or why it cannot read it. */
export const Preview = z.object({
  /** Counts the records from 0 on. */
  record: z.number().int(),
  /** Counts the facts of one record from 0 on. */
  part: z.number().int(),
  format: FormatName.nullable(),
  /** What is not as the record says it in so many words. */
  guesses: z.array(z.string()),
  normalForm: NormalForm.nullable(),
  quarantined: z.object({ reason: QuarantineReason, detail: z.string() }).nullable(),
  /** The record as it came; only of one that cannot be read. */
  raw: z.string().nullable(),
});
export type Preview = z.infer<typeof Preview>;

/** A sample longer than this is no sample. */
const mostRecordBytes = 64 * 1024 * 1024;

/**
 * What the service would make of a body, without keeping any of it: the same code that reads what sources send.
 * `lines` as with `application/x-ndjson`.
 */
export function* previewRecords(
  body: Buffer,
  context: RecordContext,
  lines: boolean,
  receivedAt: Date,
): Generator<Preview> {
  let record = 0;
  for (const read of readRecords(
    { body, split: lines ? 'lines' : 'auto' },
    { source: 'preview', context, receivedAt, mostRecordBytes, redaction: null },
  )) {
    yield* previewsOf(read, record++, receivedAt);
  }
}

/** The most facts of a sample that are answered. */
const mostPreviews = 500;

export const PreviewList = z.object({
  previews: z.array(Preview),
  /** There are more than are answered. */
  more: z.boolean(),
});

/** As {@link previewRecords}, for a sample that a person pastes. */
export function previewsOfSample(
  sample: string,
  context: RecordContext,
  lines: boolean,
  receivedAt: Date,
): z.infer<typeof PreviewList> {
  const previews: Preview[] = [];
  for (const preview of previewRecords(Buffer.from(sample), context, lines, receivedAt)) {
    if (previews.length === mostPreviews) return { previews, more: true };
    previews.push(preview);
  }
  return { previews, more: false };
}

function previewsOf(read: ReadRecord, record: number, receivedAt: Date): Preview[] {
  const normalised = normaliseRead(read, receivedAt);
  if (normalised.ok) {
    return normalised.records.map((normalForm, part) => ({
      record,
      part,
      format: normalForm.format,
      guesses: guessesOf(normalForm),
      normalForm,
      quarantined: null,
      raw: null,
    }));
  }
  const { reason, detail } = normalised;
  const raw = openPayload(read.entry.payload).raw.toString('utf8');
  return [{ record, part: 0, format: null, guesses: [], normalForm: null, quarantined: { reason, detail }, raw }];
}

function guessesOf({ flags, timeSource }: NormalForm): string[] {
  return timeSource === 'record' ? flags : [...flags, `time_from_${timeSource}`];
}

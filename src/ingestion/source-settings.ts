import { z } from 'zod';
import { isTimeZone } from './formats/time-zone.js';
import { type FormatName, type RecordContext, Verdict } from './normal-form.js';

/** `+02:00`, `-0330`. */
const offset = /^[+-](?:0\d|1[0-4]):?[0-5]\d$/u;

/** What is taken out of records before they are hashed; see `redaction.ts`. */
export const RedactionProfile = z.strictObject({
  /** The usual names of secrets: `authorization`, `cookie`, `password`, `token` and their like. */
  secrets: z.boolean().default(false),
  /** Further names of members, keys, headers and URL parameters, in any case. */
  fields: z.array(z.string().trim().min(1).max(100)).max(100).default([]),
});
export type RedactionProfile = z.infer<typeof RedactionProfile>;

/** How the records of a source are read; everything that a format leaves to whoever set it up. */
export const SourceSettings = z.strictObject({
  /** Zone of times that name none; null takes UTC and flags it. */
  zone: z
    .string()
    .max(64)
    .refine(
      (name) => offset.test(name) || isTimeZone(name),
      'an IANA time zone such as Europe/Oslo, or an offset such as +02:00',
    )
    .nullable()
    .default(null),
  /** Verdicts of words that administrators choose, such as prefixes of iptables; the first that fits decides. */
  verdicts: z
    .array(z.strictObject({ prefix: z.string().min(1).max(200), verdict: Verdict }))
    .max(100)
    .default([]),
  /** Format string of an AWS flow log; null takes the default fields, or the header of a file. */
  columns: z.string().trim().min(1).max(4000).nullable().default(null),
  redaction: RedactionProfile.prefault({}),
});
export type SourceSettings = z.infer<typeof SourceSettings>;

/** What readers are told of a source; nothing is said that is as always. */
export function contextOf(format: FormatName | null, settings: SourceSettings): RecordContext {
  const { zone, verdicts, columns } = settings;
  return {
    ...(format === null ? {} : { format }),
    ...(zone === null ? {} : { zone }),
    ...(verdicts.length === 0 ? {} : { verdicts }),
    ...(columns === null ? {} : { columns }),
  };
}

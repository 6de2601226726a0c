import { z } from 'zod';
import { packageFormat } from './package-files.js';

/**
 * Wire forms inside an evidence package, for the writer and the verifier alike. JSON is canonical
 * (RFC 8785), bytes are base64 with padding, hashes are lower-case hex unless said otherwise.
 */

const Sha256Hex = z.string().regex(/^[0-9a-f]{64}$/u, 'expected 64 lower-case hex digits');

/** One spelling per value: base64 whose unused bits are zero. */
const Base64 = z
  .string()
  .refine((text) => Buffer.from(text, 'base64').toString('base64') === text, 'expected canonical base64')
  .transform((text) => Buffer.from(text, 'base64'));

export const Manifest = z.strictObject({
  format: z.literal(packageFormat),
  reportId: z.string().regex(/^[^\s\p{C}]+$/u, 'expected an id without white space'),
  files: z.array(z.strictObject({ name: z.string(), size: z.number().int().nonnegative(), sha256: Sha256Hex })),
});
export type Manifest = z.infer<typeof Manifest>;

const LeafFields = z.strictObject({
  v: z.literal(1),
  id: z.string(),
  kind: z.string(),
  source: z.string(),
  occurredAt: z.string(),
  receivedAt: z.string(),
  payloadHash: Sha256Hex,
});

/** A line of records.ndjson. Salt and payload are there together, or erased together with the reason given. */
export const RecordLine = z.union([
  z.strictObject({
    index: z.number().int().nonnegative(),
    leaf: LeafFields,
    salt: Base64,
    payload: Base64,
    erased: z.null(),
  }),
  z.strictObject({
    index: z.number().int().nonnegative(),
    leaf: LeafFields,
    salt: z.null(),
    payload: z.null(),
    erased: z.string().min(1),
  }),
]);
export type RecordLine = z.infer<typeof RecordLine>;

/** A line of proofs.ndjson: the audit path of RFC 6962 section 2.1.1, from the leaf's sibling upwards. */
export const ProofLine = z.strictObject({
  index: z.number().int().nonnegative(),
  /** SHA-256 of the record's line in records.ndjson, without the line feed: it covers what the leaf does not, such as the reason of an erasure. */
  line: Sha256Hex,
  leafHash: Sha256Hex,
  proof: z.array(Base64.refine((hash) => hash.length === 32, 'expected hashes of 32 bytes')),
});
export type ProofLine = z.infer<typeof ProofLine>;

/** Text that manifest.sig signs; the digest is the SHA-256 of manifest.json. */
export function manifestNoteBody(reportId: string, manifestDigest: Buffer): string {
  return `${packageFormat}\n${reportId}\n${manifestDigest.toString('base64')}\n`;
}

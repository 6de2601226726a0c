import { hash } from 'node:crypto';
import { canonicalString } from './canonical-json.js';

/**
 * The leaf of the log for one record or act. It holds a salted digest of the payload, not the
 * payload, so payloads can be erased while every proof of the leaf goes on verifying.
 */
export interface Leaf {
  readonly v: 1;
  /** UUIDv7. */
  readonly id: string;
  readonly kind: string;
  /** Name of the source, or `segproof` for acts of the service and its users. */
  readonly source: string;
  /** RFC 3339 in UTC with nine fraction digits: when it happened. */
  readonly occurredAt: string;
  /** RFC 3339 in UTC with three fraction digits: when the service took it. */
  readonly receivedAt: string;
  /** Lower-case hex of {@link hashPayload}. */
  readonly payloadHash: string;
}

export const saltLength = 16;

/** Leaf data: RFC 8785 canonical JSON. */
export function encodeLeaf(leaf: Leaf): Buffer {
  // Keys are written in canonical order; id, times and digest hold no character that needs escaping.
  return Buffer.from(
    `{"id":"${leaf.id}","kind":${canonicalString(leaf.kind)},"occurredAt":"${leaf.occurredAt}","payloadHash":"${leaf.payloadHash}","receivedAt":"${leaf.receivedAt}","source":${canonicalString(leaf.source)},"v":1}`,
  );
}

/** SHA-256(salt || payload); the salt is 16 random bytes kept with the payload, so that short payloads cannot be guessed from their digest. */
export function hashPayload(salt: Uint8Array, payload: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(salt.length + payload.length);
  input.set(salt, 0);
  input.set(payload, salt.length);
  return hash('sha256', input, 'buffer');
}

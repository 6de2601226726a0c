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
  return Buffer.from(leafText(leaf));
}

/** RFC 6962 hash of a leaf in hex: the same as of `hashLeaf(encodeLeaf(leaf))`, without the copies. */
export function leafHashOf(leaf: Leaf): string {
  // U+0000 is the one byte 0x00 in UTF-8, which is the leaf prefix of RFC 6962 section 2.1.
  return hash('sha256', `\0${leafText(leaf)}`, 'hex');
}

function leafText(leaf: Leaf): string {
  // Keys are written in canonical order; id, times and digest hold no character that needs escaping.
  return `{"id":"${leaf.id}","kind":${literal(leaf.kind)},"occurredAt":"${leaf.occurredAt}","payloadHash":"${leaf.payloadHash}","receivedAt":"${leaf.receivedAt}","source":${literal(leaf.source)},"v":1}`;
}

const literals = new Map<string, string>();
const mostLiterals = 1000;

/** Canonical string of a kind or source; there are few of them, and each leaf needs two. */
function literal(text: string): string {
  const known = literals.get(text);
  if (known !== undefined) return known;
  const made = canonicalString(text);
  if (literals.size < mostLiterals) literals.set(text, made);
  return made;
}

/** SHA-256(salt || payload); the salt is 16 random bytes kept with the payload, so that short payloads cannot be guessed from their digest. */
export function hashPayload(salt: Uint8Array, payload: Uint8Array): Buffer {
  return Buffer.from(payloadHashOf(salt, payload), 'hex');
}

/** {@link hashPayload} in lower-case hex. */
export function payloadHashOf(salt: Uint8Array, payload: Uint8Array): string {
  const length = salt.length + payload.length;
  // Hashing is synchronous and never re-entered, so one buffer serves all payloads of common size.
  const input = length <= payloadInput.length ? payloadInput.subarray(0, length) : Buffer.allocUnsafe(length);
  input.set(salt, 0);
  input.set(payload, salt.length);
  return hash('sha256', input, 'hex');
}

const payloadInput = Buffer.alloc(16 * 1024);

import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** How senders sign their webhooks. */
export const signatureSchemes = ['standard-webhooks', 'github', 'slack', 'pagerduty', 'stripe'] as const;
export type SignatureScheme = (typeof signatureSchemes)[number];

export interface WebhookSecret {
  readonly scheme: SignatureScheme;
  readonly secret: string;
}

export type Verified =
  | {
      readonly ok: true;
      readonly scheme: SignatureScheme;
      /** The sender's id of the delivery; a repetition has the same. Null where only the body may name one. */
      readonly id: string | null;
    }
  | { readonly ok: false; readonly detail: string };

/** How far the sender's clock may be from ours: five minutes, as Standard Webhooks, Slack and Stripe advise. */
const toleranceSeconds = 300;

/** What a request claims: the bytes that were signed, and the signatures of which one must fit. */
interface Claim {
  readonly signed: Buffer;
  readonly signatures: readonly { readonly version: string; readonly value: string }[];
  /** Seconds since 1970; null for schemes without a time. */
  readonly timestamp: string | null;
  readonly id: string | null;
  readonly encoding: 'hex' | 'base64';
}

/**
 * Verifies the signature of a webhook over its raw body. Any of the secrets may fit, so that a secret can be replaced without
 * a gap; comparing takes the same time whatever is sent.
 */
export function verifyWebhook(
  headers: IncomingHttpHeaders,
  body: Buffer,
  secrets: readonly WebhookSecret[],
  now: Date,
): Verified {
  const claimed = signatureSchemes.flatMap((scheme) => {
    const claim = claims[scheme](headers, body);
    return claim === null ? [] : [{ scheme, claim }];
  });
  if (claimed.length === 0) return { ok: false, detail: 'the request has no signature' };
  let detail = 'the signature fits none of the secrets of the source';
  for (const { scheme, claim } of claimed) {
    const fitting = secrets.filter((secret) => secret.scheme === scheme && fits(claim, secret.secret));
    if (fitting.length === 0) continue;
    if (claim.timestamp !== null) {
      const seconds = /^\d{1,12}$/.test(claim.timestamp) ? Number(claim.timestamp) : Number.NaN;
      if (!(Math.abs(now.getTime() / 1000 - seconds) <= toleranceSeconds)) {
        detail = `the signature is right, but its time is more than ${toleranceSeconds} seconds from ours`;
        continue;
      }
    }
    return { ok: true, scheme, id: claim.id };
  }
  return { ok: false, detail };
}

/** Has the request a signature of any scheme? */
export function isSigned(headers: IncomingHttpHeaders): boolean {
  const nothing = Buffer.alloc(0);
  return signatureSchemes.some((scheme) => claims[scheme](headers, nothing) !== null);
}

type ReadClaim = (headers: IncomingHttpHeaders, body: Buffer) => Claim | null;

const claims: Readonly<Record<SignatureScheme, ReadClaim>> = {
  // standardwebhooks.com, specification 1.0; Svix has the same under its own names.
  'standard-webhooks': (headers, body) => {
    const of = (name: string): string | null => one(headers[`webhook-${name}`]) ?? one(headers[`svix-${name}`]);
    const [id, timestamp, signature] = [of('id'), of('timestamp'), of('signature')];
    if (id === null || timestamp === null || signature === null) return null;
    const signatures = signature.split(' ').map((part) => splitAt(part, ','));
    return { signed: joined(`${id}.${timestamp}.`, body), signatures, timestamp, id, encoding: 'base64' };
  },
  // docs.github.com, "Validating webhook deliveries".
  github: (headers, body) => {
    const signature = one(headers['x-hub-signature-256']);
    if (signature === null) return null;
    const signatures = [splitAt(signature, '=')];
    return { signed: body, signatures, timestamp: null, id: one(headers['x-github-delivery']), encoding: 'hex' };
  },
  // docs.slack.dev, "Verifying requests from Slack".
  slack: (headers, body) => {
    const signature = one(headers['x-slack-signature']);
    const timestamp = one(headers['x-slack-request-timestamp']);
    if (signature === null || timestamp === null) return null;
    const signatures = [splitAt(signature, '=')];
    return { signed: joined(`v0:${timestamp}:`, body), signatures, timestamp, id: null, encoding: 'hex' };
  },
  // developer.pagerduty.com, "Verifying signatures" of V3 webhooks.
  pagerduty: (headers, body) => {
    const signature = one(headers['x-pagerduty-signature']);
    if (signature === null) return null;
    const signatures = signature.split(',').map((part) => splitAt(part.trim(), '='));
    return { signed: body, signatures, timestamp: null, id: null, encoding: 'hex' };
  },
  // docs.stripe.com, "Verify webhook signatures manually".
  stripe: (headers, body) => {
    const signature = one(headers['stripe-signature']) ?? one(headers['x-webhook-signature']);
    if (signature === null) return null;
    const signatures = signature.split(',').map((part) => splitAt(part.trim(), '='));
    const timestamp = signatures.find(({ version }) => version === 't')?.value ?? null;
    if (timestamp === null) return null;
    return { signed: joined(`${timestamp}.`, body), signatures, timestamp, id: null, encoding: 'hex' };
  },
};

/** Names of the HMAC-SHA-256 versions of all schemes. */
const hmacVersions: ReadonlySet<string> = new Set(['v1', 'sha256', 'v0']);

function fits({ signed, signatures, encoding }: Claim, secret: string): boolean {
  let found = false;
  const publicKey = secret.startsWith('whpk_') ? ed25519Key(secret) : null;
  const expected = publicKey === null ? createHmac('sha256', hmacKey(secret, encoding)).update(signed).digest() : null;
  // A header may hold as many signatures as it likes; a sender needs two.
  for (const { version, value } of signatures.slice(0, 16)) {
    const given = Buffer.from(value, encoding);
    if (publicKey !== null) {
      if (version === 'v1a' && given.length === 64 && verify(null, signed, publicKey, given)) found = true;
    } else if (expected !== null && hmacVersions.has(version) && given.length === expected.length) {
      if (timingSafeEqual(given, expected)) found = true;
    }
  }
  return found;
}

/** Standard Webhooks gives secrets as base64 behind `whsec_`; the others are used as they stand. */
function hmacKey(secret: string, encoding: Claim['encoding']): Buffer {
  return encoding === 'base64' ? Buffer.from(secret.replace(/^whsec_/, ''), 'base64') : Buffer.from(secret);
}

/** The header of an Ed25519 public key in SubjectPublicKeyInfo form (RFC 8410). */
const ed25519Prefix = Buffer.from('302a300506032b6570032100', 'hex');

function ed25519Key(secret: string): ReturnType<typeof createPublicKey> | null {
  const key = Buffer.from(secret.slice('whpk_'.length), 'base64');
  if (key.length !== 32) return null;
  return createPublicKey({ key: Buffer.concat([ed25519Prefix, key]), format: 'der', type: 'spki' });
}

function one(value: string | string[] | undefined): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

function splitAt(text: string, separator: string): { readonly version: string; readonly value: string } {
  const at = text.indexOf(separator);
  return at === -1 ? { version: '', value: '' } : { version: text.slice(0, at), value: text.slice(at + 1) };
}

function joined(prefix: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(prefix), body]);
}

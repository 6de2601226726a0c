import { hash, randomBytes } from 'node:crypto';

/** Prefixes tell a leaked token's kind to people and to secret scanners. */
export type TokenPrefix = 'sgs' | 'sgt';

/** A new bearer token of 256 random bits: `sgs_` for sessions, `sgt_` for sources. */
export function newToken(prefix: TokenPrefix): string {
  return `${prefix}_${randomBytes(32).toString('base64url')}`;
}

/** What is stored of a token. Tokens are random, so a plain SHA-256 cannot be guessed back. */
export function tokenHash(token: string): Buffer {
  return hash('sha256', token, 'buffer');
}

/** Token of an `Authorization: Bearer` header, or null. The scheme's case does not matter (RFC 9110 section 11.1). */
export function bearerToken(authorization: string | undefined): string | null {
  const match = /^bearer +([A-Za-z0-9._~+/=-]+)$/iu.exec(authorization ?? '');
  return match?.[1] ?? null;
}

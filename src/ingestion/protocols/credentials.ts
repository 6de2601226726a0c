import type { IncomingMessage } from 'node:http';

/** A source's token and how it was sent. */
export interface Credentials {
  readonly scheme: 'bearer' | 'basic' | 'splunk' | 'apikey';
  readonly token: string;
}

/**
 * The token in an `Authorization` header, in whatever form a shipper can send one: `Bearer TOKEN`, `Splunk TOKEN`, Basic with
 * the token as password (or as user, with an empty password), `ApiKey` with the token or base64 of `id:token`.
 * @returns null without the header, `malformed` for a header that holds no token
 */
export function credentialsOf(request: IncomingMessage): Credentials | 'malformed' | null {
  const header = request.headers.authorization?.trim();
  if (header === undefined || header === '') return null;
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +(\S+)$/u.exec(header) ?? [];
  switch (scheme.toLowerCase()) {
    case 'bearer':
      return { scheme: 'bearer', token: value };
    case 'splunk':
      return { scheme: 'splunk', token: value };
    case 'apikey':
      // A token of ours is base64 too, and may decode to something with a colon in it.
      return { scheme: 'apikey', token: value.startsWith('sgt_') ? value : (lastPart(value) ?? value) };
    case 'basic': {
      const token = lastPart(value);
      return token === null ? 'malformed' : { scheme: 'basic', token };
    }
    default:
      return 'malformed';
  }
}

/** The token of a request to a route that takes any of the forms; null when there is none. */
export function sourceTokenOf(request: IncomingMessage): string | null {
  const credentials = credentialsOf(request);
  return credentials === null || credentials === 'malformed' ? null : credentials.token;
}

/** What stands behind the colon in base64 of `name:secret`; the name where nothing does. */
function lastPart(value: string): string | null {
  const [, name = '', secret = ''] = /^([^:]*):(.*)$/su.exec(Buffer.from(value, 'base64').toString('utf8')) ?? [];
  return secret !== '' ? secret : name !== '' ? name : null;
}

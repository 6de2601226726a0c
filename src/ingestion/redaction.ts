import { createHmac } from 'node:crypto';
import type { RedactionProfile } from './source-settings.js';

/*
 * Takes secrets out of records before they are hashed and kept. Each is replaced by a token made of it
 * with a key (HMAC-SHA-256), so that equal values still match. Everything else keeps its bytes: numbers
 * their digits, members their order. Works on what is cut short or no JSON as well.
 */

/** What usually holds a secret, as names of members, keys, headers and URL parameters. */
const secretNames = [
  'access_token',
  'api-key',
  'api_key',
  'apikey',
  'auth_token',
  'authorization',
  'client_secret',
  'cookie',
  'credentials',
  'id_token',
  'passphrase',
  'passwd',
  'password',
  'private_key',
  'proxy-authorization',
  'pwd',
  'refresh_token',
  'secret',
  'secret_key',
  'secretkey',
  'session_token',
  'sessiontoken',
  'set-cookie',
  'token',
  'x-amz-security-token',
  'x-api-key',
  'x-auth-token',
];

export interface Redaction {
  /** Lower case. */
  readonly names: ReadonlySet<string>;
  readonly key: Uint8Array;
}

/** How a profile redacts; null where it redacts nothing. */
export function redactionOf(profile: RedactionProfile, key: Uint8Array): Redaction | null {
  const names = new Set([...(profile.secrets ? secretNames : []), ...profile.fields.map((name) => name.toLowerCase())]);
  return names.size === 0 ? null : { names, key };
}

/** The record without what is to be kept out; the same buffer when there is nothing. */
export function redact(raw: Buffer, redaction: Redaction): Buffer {
  // One character a byte: what is not UTF-8 comes through as it is.
  const text = raw.toString('latin1');
  const redacted = redactText(text, redaction, 0);
  return redacted === text ? raw : Buffer.from(redacted, 'latin1');
}

/** How deep JSON text inside strings of JSON text is looked into. */
const mostLayers = 6;

function redactText(text: string, redaction: Redaction, layer: number): string {
  if (/^\s*[[{]/.test(text)) return redactJson(text, redaction, layer);
  const open = text.indexOf('{');
  const walked = open === -1 ? text : text.slice(0, open) + redactJson(text.slice(open), redaction, layer);
  return redactPlain(walked, redaction);
}

function tokenOf(value: string, { key }: Redaction): string {
  return `redacted-${createHmac('sha256', key).update(value, 'latin1').digest('base64url').slice(0, 22)}`;
}

const bareLiteral = /[^\s,\]}:"[{]+/y;
/** Members that say of which header, variable or label the `value` beside them is. */
const namingMembers = new Set(['name', 'key', 'header']);

/** Walks JSON text, also text that breaks off or is none, and replaces the values of the names. */
function redactJson(text: string, redaction: Redaction, layer: number): string {
  const out: string[] = [];
  /** For each open bracket: the value of its `name` or `key`, so that `value` is known by it. */
  const named: (string | null)[] = [];
  let key: string | null = null;
  let from = 0;
  let at = 0;
  const replace = (start: number, end: number, by: string): void => {
    out.push(text.slice(from, start), by);
    from = end;
  };
  while (at < text.length) {
    const c = text[at];
    if (c === '"') {
      const end = behindString(text, at);
      const next = skipSpace(text, end);
      if (text[next] === ':' && key === null) {
        key = decoded(text.slice(at, end)).toLowerCase();
        at = next + 1;
        continue;
      }
      const value = decoded(text.slice(at, end));
      const by = isSecret(key, named, redaction)
        ? isToken(value)
          ? value
          : tokenOf(value, redaction)
        : layer < mostLayers
          ? redactText(value, redaction, layer + 1)
          : value;
      if (by !== value) replace(at, end, encoded(by));
      if (key !== null && namingMembers.has(key)) named[named.length - 1] = value.toLowerCase();
      key = null;
      at = end;
    } else if (c === '{' || c === '[') {
      if (isSecret(key, named, redaction)) {
        const end = behindBracket(text, at);
        replace(at, end, encoded(tokenOf(text.slice(at, end), redaction)));
        at = end;
      } else {
        named.push(null);
        at++;
      }
      key = null;
    } else if (c === '}' || c === ']') {
      named.pop();
      key = null;
      at++;
    } else if (c === ',') {
      key = null;
      at++;
    } else {
      bareLiteral.lastIndex = at;
      const end = bareLiteral.exec(text) === null ? at + 1 : bareLiteral.lastIndex;
      const value = text.slice(at, end);
      if (value.trim() !== '' && value !== ':') {
        if (value !== 'null' && isSecret(key, named, redaction)) replace(at, end, encoded(tokenOf(value, redaction)));
        key = null;
      }
      at = end;
    }
  }
  return out.length === 0 ? text : out.join('') + text.slice(from);
}

function isSecret(key: string | null, named: readonly (string | null)[], { names }: Redaction): boolean {
  if (key === null) return false;
  if (names.has(key)) return true;
  const about = key === 'value' || key === 'values' ? (named.at(-1) ?? null) : null;
  return about !== null && names.has(about);
}

function isToken(value: string): boolean {
  return /^redacted-[\w-]{22}$/.test(value);
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (at < text.length && /\s/.test(text[at] ?? '')) at++;
  return at;
}

/** Where the string that opens at `open` is closed, or the end of the text. */
function behindString(text: string, open: number): number {
  for (let at = open + 1; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** Where the bracket that opens at `open` is closed, or the end of the text. */
function behindBracket(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const c = text[at];
    if (c === '"') {
      at = behindString(text, at) - 1;
    } else if (c === '{' || c === '[') depth++;
    else if ((c === '}' || c === ']') && --depth === 0) return at + 1;
  }
  return text.length;
}

/** The text a JSON string stands for, one character a byte; as it is where the literal is broken. */
function decoded(literal: string): string {
  const closed = literal.length > 1 && literal.endsWith('"') ? literal : `${literal}"`;
  try {
    const value: unknown = JSON.parse(closed);
    // `\u00e9` means the two bytes that the character has in UTF-8, as everything around it.
    return typeof value === 'string' ? unescaped(value, closed) : literal.slice(1);
  } catch {
    return literal.slice(1).replace(/"$/, '');
  }
}

function unescaped(value: string, literal: string): string {
  return literal.includes('\\u') ? Buffer.from(fromLatin1(literal)).toString('latin1') : value;
}

/** Reads a literal of one character a byte as the UTF-8 it is. */
function fromLatin1(literal: string): string {
  try {
    const value: unknown = JSON.parse(Buffer.from(literal, 'latin1').toString('utf8'));
    return typeof value === 'string' ? value : literal;
  } catch {
    return literal;
  }
}

function encoded(value: string): string {
  return Buffer.from(JSON.stringify(Buffer.from(value, 'latin1').toString('utf8'))).toString('latin1');
}

/** `name=value`, `name="value"`, `name: value`, also as parameters of a URL; the password of a URL. */
const pairName = /([A-Za-z0-9_.[\]-]{1,100})(["']?\s{0,2}[=:]\s{0,2})/g;
const pairValue = /"[^"]*"?|'[^']*'?|[^\s&;,"'|]+/y;
const scheme = /^(?:Bearer|Basic|Digest|Splunk|Token|ApiKey|Negotiate)$/i;
const behindScheme = /\b(Bearer|Basic|Digest|Splunk|Token|ApiKey|Negotiate) (?!redacted-)([^\s"',;]+)/gi;
const userInformation = /(:\/\/)([^\s/@:]{1,200}):([^\s/@]{1,200})@/g;

function redactPlain(text: string, redaction: Redaction): string {
  const { text: pairs, hasScheme } = redactPairs(text, redaction);
  // `Authorization: Bearer …`: the secret is behind the scheme.
  const schemes = hasScheme
    ? pairs.replace(behindScheme, (_, word: string, value: string) => `${word} ${tokenOf(value, redaction)}`)
    : pairs;
  return schemes.replace(userInformation, (whole, slashes: string, user: string, password: string) =>
    isToken(password) ? whole : `${slashes}${user}:${tokenOf(password, redaction)}@`,
  );
}

function redactPairs(text: string, redaction: Redaction): { readonly text: string; readonly hasScheme: boolean } {
  const out: string[] = [];
  let from = 0;
  let hasScheme = false;
  // What looks like a value may hold pairs itself (`url=https://host/?token=…`), so only names are skipped.
  for (const found of text.matchAll(pairName)) {
    const [whole, name = ''] = found;
    const start = found.index + whole.length;
    if (found.index < from || !redaction.names.has(name.toLowerCase())) continue;
    pairValue.lastIndex = start;
    const value = pairValue.exec(text)?.[0] ?? '';
    const quote = /^["']/.exec(value)?.[0] ?? '';
    const inside = quote === '' ? value : value.slice(1, value.length > 1 && value.endsWith(quote) ? -1 : undefined);
    if (scheme.test(inside)) hasScheme = true;
    else if (inside !== '' && !isToken(inside)) {
      out.push(text.slice(from, start), quote, tokenOf(inside, redaction), quote);
      from = start + value.length;
    }
  }
  return { text: out.length === 0 ? text : out.join('') + text.slice(from), hasScheme };
}

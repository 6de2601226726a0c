/**
 * PostgreSQL keeps neither U+0000 nor half a surrogate pair, both of which JSON can spell
 * (`\u0000`, `\ud800`). `cleanText` gives a copy of a JSON value with each replaced by U+FFFD, in
 * strings and member names.
 *
 * @param value no deeper than the stack allows; the normal form's depth is limited by its adapters
 */
export function cleanText(value: unknown): unknown {
  if (typeof value === 'string') return replaceUnstorable(value);
  if (Array.isArray(value)) return value.map(cleanText);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [replaceUnstorable(key), cleanText(item)]));
  }
  return value;
}

/** Does any string or member name in `value` hold what `cleanText` would replace? */
export function needsCleaning(value: unknown): boolean {
  if (typeof value === 'string') return replaceUnstorable(value) !== value;
  if (Array.isArray(value)) return value.some(needsCleaning);
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).some(([key, item]) => replaceUnstorable(key) !== key || needsCleaning(item));
  }
  return false;
}

const loneSurrogate = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** The text with U+0000 and lone surrogates replaced by U+FFFD. */
export function replaceUnstorable(text: string): string {
  return text.replaceAll('\u0000', '\ufffd').replace(loneSurrogate, '\ufffd');
}

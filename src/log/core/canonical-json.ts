/**
 * Canonical JSON of RFC 8785 (JCS): keys in UTF-16 code unit order, ECMAScript number form,
 * minimal escapes, no white space.
 */

/** The value has no canonical JSON form. */
export class CanonicalJsonError extends Error {
  override readonly name = 'CanonicalJsonError';
}

const loneSurrogate = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/;

/**
 * String literal in canonical form.
 * @throws CanonicalJsonError for a lone surrogate, which RFC 8785 section 3.2.2.2 forbids.
 */
export function canonicalString(text: string): string {
  if (loneSurrogate.test(text)) {
    throw new CanonicalJsonError('canonical JSON cannot hold a lone surrogate; send well-formed Unicode');
  }
  return JSON.stringify(text);
}

/**
 * Canonical text of a JSON value. Members whose value is undefined are left out, as JSON.stringify does.
 * @throws CanonicalJsonError for NaN, infinities, lone surrogates and values that are not JSON.
 */
export function canonicalJson(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return canonicalString(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isFinite(value)) throw new CanonicalJsonError(`canonical JSON has no form for the number ${value}`);
      return JSON.stringify(value);
    case 'object': {
      if (value === null) return 'null';
      if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
      // A Date or a Map has members of its own only by accident: its value would be lost without a word.
      const prototype: unknown = Object.getPrototypeOf(value);
      if (prototype !== null && prototype !== Object.prototype) {
        throw new CanonicalJsonError(`canonical JSON has no form for a ${value.constructor.name}; give its JSON value`);
      }
      const members: string[] = [];
      // Array.prototype.sort compares UTF-16 code units, which is the order RFC 8785 section 3.2.3 asks for.
      for (const [key, member] of Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (member !== undefined) members.push(`${canonicalString(key)}:${canonicalJson(member)}`);
      }
      return `{${members.join(',')}}`;
    }
    default:
      throw new CanonicalJsonError(`canonical JSON has no form for a value of type ${typeof value}`);
  }
}

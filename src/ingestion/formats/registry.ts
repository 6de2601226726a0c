import { isUtf8 } from 'node:buffer';

import { findSyntaxError } from '../json-spans.js';
import { type FormatAdapter, type FormatName, NormalForm, type Normalised } from '../normal-form.js';
import { cleanText, needsCleaning, replaceUnstorable } from './clean-text.js';
import { hubble } from './hubble.js';
import { isObject, type JsonObject } from './json-value.js';
import { kubernetesAudit } from './kubernetes-audit.js';
import { oneLine } from './summary.js';

/** Every wire format there is, in the order in which they are tried. */
export const formats: readonly FormatAdapter[] = [hubble, kubernetesAudit];

/** The format a parsed record has; null when none of ours. */
export function detectFormat(value: unknown): FormatName | null {
  return formats.find((format) => format.detect(value))?.name ?? null;
}

/**
 * Reads one record: the only way from raw bytes to the normal form, for the service and for
 * commands alike. The same bytes give the same result everywhere.
 *
 * @param raw one JSON object in UTF-8, as `splitJson` and `splitLines` cut it out
 * @param fixedFormat the format its source is bound to; null to find out from the record
 * @returns the normal form, or why the record cannot be read; never throws
 */
export function normaliseRecord(raw: Buffer, fixedFormat: FormatName | null): Normalised {
  if (!isUtf8(raw)) return { ok: false, reason: 'not_utf8', detail: 'the record is not valid UTF-8' };
  const text = raw.toString('utf8').replace(/^\ufeff/, '');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    if (text.trim() === '') return { ok: false, reason: 'empty', detail: 'expected a JSON object, got nothing' };
    return { ok: false, reason: 'invalid_json', detail: findSyntaxError(raw) ?? 'the record cannot be parsed' };
  }
  if (!isObject(value)) {
    return { ok: false, reason: 'not_an_object', detail: `expected a JSON object, got ${describeType(value)}` };
  }
  const object = value;
  const format = formats.find((known) => (fixedFormat === null || known.name === fixedFormat) && known.detect(object));
  if (format === undefined)
    return { ok: false, reason: 'unknown_format', detail: describeUnknown(object, fixedFormat) };
  const result = format.normalise(object);
  // Only an escape can spell what has to be replaced; an envelope's text has its escapes escaped once more.
  return result.ok && text.includes('\\u') && needsCleaning(result.record) ? cleaned(result.record) : result;
}

function cleaned(record: NormalForm): Normalised {
  const copy = NormalForm.parse(cleanText(record));
  return { ok: true, record: { ...copy, flags: [...copy.flags, 'characters_replaced'] } };
}

function describeType(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : `a ${typeof value}`;
}

function describeUnknown(value: JsonObject, fixedFormat: FormatName | null): string {
  const found = detectFormat(value);
  if (fixedFormat !== null && found !== null) {
    return `expected ${fixedFormat}, which the source is bound to; the record looks like ${found}`;
  }
  const names = Object.keys(value);
  const shown = names.slice(0, 8).map((name) => oneLine(replaceUnstorable(name), 40));
  const got =
    names.length === 0 ? 'an empty object' : `an object with ${shown.join(', ')}${names.length > 8 ? ', …' : ''}`;
  return `expected a record of ${fixedFormat ?? formats.map(({ name }) => name).join(' or ')}; got ${got}`;
}

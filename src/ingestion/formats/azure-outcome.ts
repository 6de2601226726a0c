import type { Verdict } from '../normal-form.js';
import { type JsonObject, textOf } from './json-value.js';

export type Outcome = 'started' | 'succeeded' | 'failed' | 'unknown';

/** What the result of an operation says, in the words of each of Azure's logs. */
export function outcomeOf(word: string | null, record: JsonObject, properties: JsonObject): Outcome {
  switch (word?.toLowerCase()) {
    case 'start':
    case 'started':
    case 'accept':
    case 'accepted':
    case 'in progress':
    case 'inprogress':
      return 'started';
    case 'success':
    case 'succeeded':
    case 'succeed':
    case '0':
      return 'succeeded';
    case 'failure':
    case 'failed':
    case 'canceled':
    case 'clientfailure':
      return 'failed';
    case undefined:
      if (record.category === 'AuditLogs') return properties.result === 'failure' ? 'failed' : 'succeeded';
      return 'unknown';
    default:
      // A sign-in's result is an error number, as text.
      return /^\d{1,7}$/.test(word ?? '') ? 'failed' : 'unknown';
  }
}

const statusNames: ReadonlyMap<string, number> = new Map([
  ['ok', 200],
  ['created', 201],
  ['accepted', 202],
  ['nocontent', 204],
  ['badrequest', 400],
  ['unauthorized', 401],
  ['forbidden', 403],
  ['notfound', 404],
  ['conflict', 409],
  ['internalservererror', 500],
]);

/** `statusCode` is a name or a number; `resultSignature` reads `Succeeded.Created`. */
export function statusOf(properties: JsonObject, signature: string | null): number | null {
  for (const value of [properties.statusCode, signature?.split('.').at(-1)]) {
    const word = typeof value === 'number' ? String(value) : (textOf(value)?.toLowerCase() ?? '');
    const code = /^\d{3}$/.test(word) ? Number(word) : statusNames.get(word.split(' ', 1)[0] ?? '');
    if (code !== undefined) return code;
  }
  return null;
}

/** Only what was forbidden is a denial; any other failure of a permitted operation is an error. */
export function judge(outcome: Outcome, statusCode: number | null, signature: string | null): Verdict {
  switch (outcome) {
    case 'started':
      return 'none';
    case 'succeeded':
      return 'allow';
    case 'failed':
      return statusCode === 401 ||
        statusCode === 403 ||
        (statusCode === null && /forbidden|unauthori/i.test(signature ?? ''))
        ? 'deny'
        : 'error';
    case 'unknown':
      return 'unknown';
  }
}

import type { Verdict } from '../normal-form.js';
import { integerOf, type JsonObject, textOf } from './json-value.js';

/** An id of OCSF: an integer, which some mappings write as text. */
export function idOf(value: unknown): number | null {
  return typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : integerOf(value);
}

/** Dispositions that kept the traffic or the act from happening. */
const denied: ReadonlySet<number> = new Set([2, 3, 4, 5, 6, 21, 24, 25, 26]);
/** Detected, logged: with the action "allowed", what a policy that is not enforced yet would have stopped. */
const noted: ReadonlySet<number> = new Set([15, 17]);
const dispositionNames: ReadonlyMap<string, number> = new Map([
  ['allowed', 1],
  ['blocked', 2],
  ['quarantined', 3],
  ['isolated', 4],
  ['deleted', 5],
  ['dropped', 6],
  ['approved', 8],
  ['detected', 15],
  ['no action', 16],
  ['logged', 17],
  ['alert', 19],
  ['reset', 21],
  ['rejected', 25],
  ['unauthorized', 26],
  ['error', 27],
]);
const actionNames: ReadonlyMap<string, number> = new Map([
  ['allowed', 1],
  ['denied', 2],
  ['observed', 3],
  ['modified', 4],
]);

/** What the profile `security_control` says was decided (OCSF `action_id`, `disposition_id`); null where it says nothing. */
export function controlVerdict(event: JsonObject): { readonly verdict: Verdict; readonly raw: string } | null {
  const action = idOf(event.action_id) ?? actionNames.get((textOf(event.action) ?? '').toLowerCase()) ?? null;
  const disposition =
    idOf(event.disposition_id) ?? dispositionNames.get((textOf(event.disposition) ?? '').toLowerCase()) ?? null;
  if ((action === null || action === 0) && (disposition === null || disposition === 0)) return null;
  const raw = [
    textOf(event.action) ?? (action === null ? null : String(action)),
    textOf(event.disposition) ?? (disposition === null ? null : String(disposition)),
  ]
    .filter((part) => part !== null)
    .join('/');
  return { verdict: decide(action, disposition), raw };
}

function decide(action: number | null, disposition: number | null): Verdict {
  if (action === 2) return 'deny';
  if (action === 1) return disposition !== null && noted.has(disposition) ? 'would_deny' : 'allow';
  if (action === 3) return 'none';
  if (disposition !== null && denied.has(disposition)) return 'deny';
  if (disposition === 1 || disposition === 8 || action === 4) return 'allow';
  if (disposition === 27) return 'error';
  return action === 99 || disposition === 99 ? 'unknown' : 'none';
}

/** Did the act succeed (`status_id` 1, 2)? */
export function statusVerdict(event: JsonObject): Verdict {
  const status = idOf(event.status_id);
  const word = textOf(event.status)?.toLowerCase();
  if (status === 1 || word === 'success') return 'allow';
  if (status === 2 || word === 'failure')
    return /denied|unauthori|forbidden|refused/i.test(textOf(event.status_detail) ?? textOf(event.status_code) ?? '')
      ? 'deny'
      : 'error';
  return 'none';
}

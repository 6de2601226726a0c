import type { Verdict } from '../normal-form.js';
import { integerOf, type JsonObject, listOf, objectOf, textOf } from './json-value.js';
import { addFlag } from './wire.js';

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

/** Of sensors that only watch: what they call refused, the other end refused. */
const watching = /zeek|corelight|\bbro\b|suricata|netflow|silk/i;

/** A firewall's mapping that uses no profile says "Refuse" and "Failure" of what it denied. */
export function refusedVerdict(event: JsonObject, flags: string[]): ReturnType<typeof controlVerdict> {
  const product = objectOf(objectOf(event.metadata)?.product);
  if (watching.test(`${textOf(product?.vendor_name) ?? ''} ${textOf(product?.name) ?? ''}`)) return null;
  if (idOf(event.activity_id) !== 5 || statusVerdict(event) === 'allow' || statusVerdict(event) === 'none') return null;
  addFlag(flags, 'verdict_from_activity');
  return { verdict: 'deny', raw: textOf(event.activity_name) ?? 'Refuse' };
}

/** Did the API answer with an error? */
export function isFailedCode(event: JsonObject): boolean {
  const response = objectOf(objectOf(event.api)?.response);
  const code = integerOf(response?.code);
  return (code !== null && code >= 400) || textOf(response?.error) !== null;
}

/** What the answer of the API says, or its authoriser. */
export function apiVerdict(event: JsonObject): Verdict | null {
  const response = objectOf(objectOf(event.api)?.response);
  const code = integerOf(response?.code);
  const error = textOf(response?.error);
  if (code === 401 || code === 403 || /AccessDenied|Unauthorized/i.test(error ?? '')) return 'deny';
  if ((code !== null && code >= 400) || error !== null) return 'error';
  return code === null ? decisionOf(event) : 'allow';
}

/** What the authoriser of the API decided (`authorizations`), where no answer is told. */
function decisionOf(event: JsonObject): Verdict | null {
  const given = listOf(event.authorizations).concat(listOf(objectOf(event.actor)?.authorizations));
  const decisions = given.flatMap((one) => textOf(objectOf(one)?.decision)?.toLowerCase() ?? []);
  if (decisions.some((word) => /^(?:forbid|den)/.test(word))) return 'deny';
  return decisions.some((word) => word.startsWith('allow')) ? 'allow' : null;
}

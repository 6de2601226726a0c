import type { NormalForm, PolicyChange } from '../normal-form.js';
import type { CefMessage } from './cef-text.js';
import { severityOf } from './cef.js';
import { chooseTime } from './choose-time.js';
import { readEpoch, readTimeText } from './event-time.js';
import { canonicalAddress } from './ip-address.js';
import type { JsonValue } from './json-value.js';
import { oneLine } from './summary.js';
import { emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/** Objects that decide what Centra lets through, or which assets its rules bind. */
const policyWords = /\b(?:polic(?:y|ies)|rules?|rulesets?|segmentation|label groups?|user groups?)\b/i;
const reading = /^(?:get|view|list|access|export|download|search|read)\b/i;
const success = /\bsucce(?:ss|eded|ssful(?:ly)?)\b|status code: 2\d\d/i;
const failure = /\bfail(?:ed|ure)?\b|\bdenied\b|status code: [45]\d\d/i;

/** An entry of the audit log: who did what at the console. `act` is what was done, no verdict about traffic. */
export function isAuditRecord({ signature, name }: CefMessage): boolean {
  return /audit/i.test(signature) || /audit/i.test(name);
}

export function readAuditRecord(
  { signature, name, severity, extension, deviceVersion }: CefMessage,
  wire: Wire,
  adapter: Pick<FormatAdapter, 'name' | 'version'>,
): NormalForm {
  const value = (key: string): string | null => extension.get(key) || null;
  const act = value('act') ?? name;
  const message = value('msg');
  const flags: string[] = [];
  const failed = failure.test(message ?? '') || value('outcome') === 'failure';
  const change = changeOf(act, message, !failed);
  const user = value('suser') ?? value('duser');
  const address = canonicalAddress((value('src') ?? '').replace(/^((?:\d{1,3}\.){3}\d{1,3}):\d{1,5}$/, '$1'));
  const time = ['rt', 'start', 'end'].map((key) => {
    const text = value(key);
    if (text === null) return null;
    return readEpoch(text) ?? readTimeText(text, { zone: wire.context.zone, receivedAt: wire.receivedAt });
  });
  const attributes: Record<string, JsonValue> = { signature, deviceVersion };
  for (const [key, text] of extension) if (key !== '__proto__' && text !== '') attributes[key] = text.slice(0, 4000);
  return {
    ...emptyRecord(change === null ? 'admin' : 'policy_change', adapter),
    ...chooseTime(time, wire, flags),
    nativeId: (value('externalId') ?? value('id'))?.slice(0, 253) ?? null,
    summary: oneLine(`${user ?? 'unknown user'}: ${act}${message === null ? '' : `, ${message}`}`),
    actor:
      user === null
        ? null
        : { name: user, realName: null, groups: [], addresses: address === null ? [] : [address], userAgent: null },
    verdict: failed
      ? /authenticat|log ?in/i.test(act)
        ? 'deny'
        : 'error'
      : success.test(message ?? '')
        ? 'allow'
        : 'none',
    verdictRaw: act,
    reporter: 'control-plane',
    reporterName: value('dvchost') ?? wire.syslog?.host ?? null,
    count: 1,
    severity: severityOf(severity),
    severityRaw: severity === '' ? null : severity,
    policyChange: change,
    attributes,
    places: { eventTime: 'start', 'actor.name': 'suser', 'policyChange.action': 'act' },
    flags,
  };
}

function changeOf(act: string, message: string | null, applied: boolean): PolicyChange | null {
  if (!policyWords.test(act) || reading.test(act)) return null;
  const named = /(?:name|resource|ruleset|rule|policy)["']?: ?["']?([^,"'\]}]{1,253})/i
    .exec(message ?? '')?.[1]
    ?.trim();
  return {
    action: /creat|add/i.test(act) ? 'create' : /delet|remov/i.test(act) ? 'delete' : 'update',
    applied,
    dryRun: false,
    resource: {
      system: 'guardicore',
      apiVersion: '',
      kind: policyWords.exec(act)?.[0]?.toLowerCase() ?? 'policy',
      namespace: null,
      name: named ?? null,
      uid: null,
    },
    after: null,
    requested: null,
    statusCode: null,
  };
}

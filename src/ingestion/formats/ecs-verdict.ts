import type { Verdict } from '../normal-form.js';
import { textField } from './ecs-field.js';
import type { JsonObject } from './json-value.js';
import { addFlag } from './wire.js';

/** Where integrations keep the word of the device when the event's types do not say what was decided. */
const deviceActions = [
  'aws.vpcflow.action',
  'gcp.firewall.disposition',
  'gcp.firewall.rule_details.action',
  'azure.firewall.action',
  'fortinet.firewall.action',
  'panw.panos.action',
  'checkpoint.rule_action',
  'checkpoint.action',
  'cisco.asa.rule_action',
  'cisco.ftd.rule_action',
  'sophos.xg.log_subtype',
  'sonicwall.firewall.action',
  'juniper.srx.action',
  'iptables.action',
  'suricata.eve.alert.action',
  'zscaler_zia.firewall.action',
] as const;
const deniedWord =
  /^(?:den(?:y|ied)|drop(?:ped)?|(?:interactive )?block(?:ed)?(?:[ _-][a-z]{1,20}){0,3}|reject(?:ed)?|reset[a-z-]*|(?:firewall|flow|connection|packet)[-_ ](?:denied|dropped|blocked|rejected)|prevent(?:ed)?)$/i;
const allowedWord =
  /^(?:allow(?:ed)?|accept(?:ed)?|permit(?:ted)?|pass(?:ed)?|trust|fastpath|(?:firewall|flow|connection|packet)[-_ ](?:allowed|accepted|permitted))$/i;

/** Sensors that only watch: what they call allowed is what they saw and did not stop, for they cannot. */
function isSensor(document: JsonObject): boolean {
  if (textField(document, 'observer.type') === 'ids') return true;
  const names = ['observer.product', 'event.module', 'event.dataset'].map((name) => textField(document, name) ?? '');
  return names.some((name) => /^(?:suricata|zeek|corelight|snort)/i.test(name));
}

/** What was decided, by the event's types, its action, or the word of the device; `raw` is null where nothing tells. */
export function readVerdict(
  document: JsonObject,
  types: readonly string[],
  flags: string[],
): { verdict: Verdict; raw: string | null } {
  const denied = types.includes('denied');
  const allowed = types.includes('allowed');
  if (denied && allowed) {
    addFlag(flags, 'contradicting_verdicts');
    return { verdict: 'unknown', raw: 'allowed, denied' };
  }
  const letThrough: Verdict = isSensor(document) ? 'none' : 'allow';
  if (denied) return { verdict: 'deny', raw: 'denied' };
  if (allowed) return { verdict: letThrough, raw: 'allowed' };
  for (const name of ['event.action', ...deviceActions]) {
    const word = textField(document, name);
    if (word !== null && deniedWord.test(word)) return { verdict: 'deny', raw: word };
    if (word !== null && allowedWord.test(word)) return { verdict: letThrough, raw: word };
  }
  return { verdict: 'none', raw: null };
}

/** Of an act: whether it succeeded. */
export function outcomeOf(document: JsonObject): Verdict {
  switch (textField(document, 'event.outcome')) {
    case 'success':
      return 'allow';
    case 'failure':
      return /denied|unauthori|forbidden/i.test(
        textField(document, 'event.reason', 'error.code', 'error.message', 'aws.cloudtrail.error_code') ?? '',
      )
        ? 'deny'
        : 'error';
    default:
      return 'none';
  }
}

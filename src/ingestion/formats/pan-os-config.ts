import type { NormalForm } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { attributesOf, preciseTimeAt, timesOf } from './pan-os-log.js';
import { oneLine } from './summary.js';
import { emptyRecord, type FormatAdapter, type Wire } from './wire.js';

/** Changes of the configuration; those below a rulebase, and of what rules are made of, change policy. */
export function readConfig(
  fields: readonly string[],
  wire: Wire,
  adapter: Pick<FormatAdapter, 'name' | 'version'>,
): NormalForm {
  const column = (at: number): string => fields[at] ?? '';
  const [host, vsys, command, admin, client, result, path] = [
    column(7),
    column(8),
    column(9),
    column(10),
    column(11),
    column(12),
    column(13),
  ];
  const flags: string[] = [];
  const detail = detailOf(fields);
  const sequenceAt = /^\d+$/.test(column(14)) ? 14 : 16;
  const applied = /^succeeded$/i.test(result);
  const isPolicy = /rulebase|security|\brules?\b|zone|address|service/i.test(path) && command !== 'commit';
  const name =
    /'([^']{1,253})'\]?$/.exec(path)?.[1] ??
    path
      .trim()
      .split(/[\s/]+/)
      .at(-1) ??
    null;
  return {
    ...emptyRecord(isPolicy ? 'policy_change' : 'admin', adapter),
    ...chooseTime(timesOf(fields, wire), wire, flags),
    summary: oneLine(`${admin || 'unknown user'}: ${command} ${path} (${result})`.replace(/\s+/g, ' ')),
    actor:
      admin === ''
        ? null
        : { name: admin, realName: null, groups: [], addresses: host === '' ? [] : [host], userAgent: client || null },
    verdict: applied ? 'allow' : /fail|unauthor/i.test(result) ? 'deny' : 'unknown',
    verdictRaw: result || null,
    reporter: 'control-plane',
    reporterName: column(sequenceAt + 7) || wire.syslog?.host || column(2) || null,
    count: 1,
    policyChange: isPolicy
      ? {
          action: actionOf(command),
          applied,
          dryRun: false,
          resource: {
            system: 'pan-os',
            apiVersion: '',
            kind: kindOf(path),
            namespace: vsys || null,
            name: name || null,
            uid: null,
          },
          after: applied ? detail : null,
          requested: detail ?? (path || null),
          statusCode: null,
        }
      : null,
    attributes: attributesOf({ type: 'CONFIG', command, path, vsys, serial: column(2) }),
    places: {
      eventTime: 'column 7',
      'actor.name': 'column 11',
      verdict: 'column 13',
      'policyChange.requested': 'column 14',
    },
    flags,
  };
}

/** What an administrator did at the web interface or the command line (PAN-OS 10.1 and newer): serial number, time, `audit`, … */
export function readAudit(
  fields: readonly string[],
  wire: Wire,
  adapter: Pick<FormatAdapter, 'name' | 'version'>,
): NormalForm {
  const [serial = '', time = '', , , event = '', user = '', command = '', result = ''] = fields;
  const flags: string[] = [];
  return {
    ...emptyRecord('admin', adapter),
    ...chooseTime(timesOf(['', time], wire), wire, flags),
    summary: oneLine(`${user || 'unknown user'}: ${event} ${command} (${result})`),
    actor: user === '' ? null : { name: user, realName: null, groups: [], addresses: [], userAgent: null },
    verdict: /^succe/i.test(result) ? 'allow' : /fail|unauthor|error/i.test(result) ? 'deny' : 'unknown',
    verdictRaw: result || null,
    reporter: 'control-plane',
    reporterName: wire.syslog?.host || serial || null,
    count: 1,
    attributes: attributesOf({ type: 'AUDIT', event, command: command.slice(0, 4000), serial }),
    places: { eventTime: 'column 2', 'actor.name': 'column 6', verdict: 'column 8' },
    flags,
  };
}

/** What stands there now: behind the path, or in newer versions behind the high-resolution time; in front of it what stood there. */
function detailOf(fields: readonly string[]): string | null {
  const time = preciseTimeAt(fields);
  if (time !== -1) return fields[time + 2] || null;
  return fields.length > 16 && !/^\d+$/.test(fields[14] ?? '') ? fields[15] || null : null;
}

function actionOf(command: string): 'create' | 'update' | 'delete' {
  if (command === 'delete') return 'delete';
  return command === 'set' || command === 'add' || command === 'clone' ? 'create' : 'update';
}

/** `rulebase security rules` is a SecurityRule, `address-group` an AddressGroup. */
function kindOf(path: string): string {
  const rulebase = /rulebase[\s/]+([a-z-]{1,40})/i.exec(path)?.[1];
  if (rulebase !== undefined) return `${joined(rulebase)}Rule`;
  const object = /[\s/](address-group|address|service-group|service|zone)(?=[\s/]|$)/i.exec(path)?.[1];
  return object === undefined ? 'SecurityRule' : joined(object);
}

function joined(word: string): string {
  return word
    .split('-')
    .map((part) => part.charAt(0).toUpperCase() + part.slice(1).toLowerCase())
    .join('');
}

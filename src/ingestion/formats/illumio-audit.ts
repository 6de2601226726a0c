import type { Actor, NormalForm, PolicyChange } from '../normal-form.js';
import type { CefMessage } from './cef-text.js';
import { severityOf } from './cef.js';
import { chooseTime } from './choose-time.js';
import { parsed, sequenceOf, timeOf } from './illumio-flow.js';
import { canonicalAddress } from './ip-address.js';
import {
  integerOf,
  isKeepable,
  isObject,
  type JsonObject,
  type JsonValue,
  listOf,
  nameOf,
  objectOf,
  textOf,
} from './json-value.js';
import type { LeefMessage } from './leef.js';
import { oneLine } from './summary.js';
import { emptyRecord, type Wire } from './wire.js';

const adapter = { name: 'illumio', version: 2 } as const;

/** Objects of policy, and what moves workloads in and out of it. */
const policyEvents =
  /^(?:rule_sets?|sec_rules?|deny_rules?|override_deny_rules?|ip_tables_rules?|enforcement_boundar(?:y|ies)|ip_lists?|services?|service_bindings?|labels?|label_groups?|virtual_services?|virtual_servers?|sec_policy|sec_policy_pending|pairing_profiles?|container_workload_profiles?|security_principals?|firewall_settings|selective_enforcement)\./;

/** One record for each policy that an event changed; one record when it changed none. */
export type Facts = readonly [NormalForm, ...NormalForm[]];

/** An audit event as JSON, version 2: who, what, what was before and after. */
export function illumioAudit(event: JsonObject, wire: Wire): Facts {
  const type = textOf(event.event_type) ?? 'event';
  const action = objectOf(unpacked(event.action));
  return factsOf(
    {
      type,
      status: textOf(event.status),
      severityRaw: textOf(event.severity),
      actor: actorOf(objectOf(unpacked(event.created_by)), textOf(action?.src_ip)),
      time: timeOf(textOf(event.timestamp) ?? textOf(event.time) ?? textOf(event.TimeGenerated), wire),
      href: textOf(event.href),
      pce: textOf(event.pce_fqdn),
      changes: listOf(unpacked(event.resource_changes)).filter(isObject),
      notifications: listOf(unpacked(event.notifications)),
      attributes: {
        ...(action === null ? {} : { action: isKeepable(action, 8) ? action : null }),
        version: integerOf(event.version),
      },
      statusCode: integerOf(action?.http_status_code),
      flags: [],
      places: {
        eventTime: '/timestamp',
        'actor.name': '/created_by',
        verdict: '/status',
        'policyChange.requested': '/resource_changes',
      },
    },
    wire,
  );
}

/** Tables hold objects and lists as JSON in text. */
function unpacked(value: unknown): unknown {
  return typeof value === 'string' ? parsed(value) : value;
}

/** The same as CEF, in which large changes are cut off: then the change is flagged incomplete. */
export function illumioAuditCef({ signature, severity, extension }: CefMessage, wire: Wire): Facts {
  const value = (name: string): string | null => extension.get(name) || null;
  const status = /\.(success|failure)$/.exec(signature)?.[1] ?? value('outcome');
  const given = `${value('cs2') ?? ''}${value('cs3') ?? ''}`;
  const changes = listOf(parsed(given === '' ? null : given)).filter(isObject);
  const flags: string[] = [];
  if (given !== '' && parsed(given) === null) flags.push('change_cut_off');
  const isPolicy = policyEvents.test(signature);
  if ((isPolicy && given === '') || changes.some((change) => !('changes' in change))) flags.push('change_incomplete');
  const user = value('duser') ?? value('suser');
  return factsOf(
    {
      type: signature.replace(/\.(?:success|failure)$/, ''),
      status,
      severityRaw: severity || null,
      // `dst` is where the administrator sat.
      actor:
        user === null
          ? null
          : {
              name: user,
              realName: null,
              groups: [],
              addresses: [canonicalAddress(value('dst') ?? '')].filter((address) => address !== null),
              userAgent: null,
            },
      time: timeOf(value('rt'), wire),
      href: value('cs1'),
      pce: value('dvchost'),
      changes,
      notifications: listOf(parsed(value('cs4'))),
      attributes: {
        ...(value('request') === null ? {} : { request: value('request') }),
        ...(value('requestMethod') === null ? {} : { requestMethod: value('requestMethod') }),
      },
      statusCode: value('reason') !== null && /^\d{3}$/.test(value('reason') ?? '') ? Number(value('reason')) : null,
      flags,
      places: { eventTime: 'rt', 'actor.name': 'duser', verdict: 'outcome', 'policyChange.requested': 'cs2' },
    },
    wire,
  );
}

/** The same as LEEF: its pairs are named as the members of the JSON, which objects and lists are written in. */
export function illumioAuditLeef({ eventId, pairs }: LeefMessage, wire: Wire): Facts {
  const value = (...names: string[]): string | null =>
    names.map((name) => pairs.get(name)).find((text) => text !== undefined && text !== '') ?? null;
  const action = objectOf(parsed(value('action')));
  const given = value('resource_changes');
  const changes = listOf(parsed(given)).filter(isObject);
  const type = eventId.replace(/\.(?:success|failure)$/, '');
  const flags: string[] = [];
  if (given !== null && parsed(given) === null) flags.push('change_cut_off');
  if (policyEvents.test(type) && given === null) flags.push('change_incomplete');
  const address = canonicalAddress(textOf(action?.src_ip) ?? value('src') ?? '');
  const user = value('usrName');
  return factsOf(
    {
      type,
      status: /\.(success|failure)$/.exec(eventId)?.[1] ?? value('status'),
      severityRaw: value('severity', 'sev'),
      actor:
        actorOf(objectOf(parsed(value('created_by'))), address) ??
        (user === null
          ? null
          : {
              name: user,
              realName: null,
              groups: [],
              addresses: address === null ? [] : [address],
              userAgent: null,
            }),
      time: timeOf(value('devTime', 'timestamp'), wire),
      href: value('href'),
      pce: value('pce_fqdn', 'devName'),
      changes,
      notifications: listOf(parsed(value('notifications'))),
      attributes: {
        ...(action === null ? {} : { action: isKeepable(action, 8) ? action : null }),
        ...(value('url') === null ? {} : { request: value('url') }),
      },
      statusCode: integerOf(action?.http_status_code),
      flags,
      places: {
        eventTime: 'devTime',
        'actor.name': value('created_by') === null ? 'usrName' : 'created_by',
        'policyChange.requested': 'resource_changes',
      },
    },
    wire,
  );
}

interface Audit {
  readonly type: string;
  readonly status: string | null;
  readonly severityRaw: string | null;
  readonly actor: Actor | null;
  readonly time: Parameters<typeof chooseTime>[0][number];
  readonly href: string | null;
  readonly pce: string | null;
  readonly changes: readonly JsonObject[];
  readonly notifications: readonly unknown[];
  readonly attributes: Record<string, JsonValue>;
  readonly statusCode: number | null;
  readonly flags: string[];
  readonly places: Readonly<Record<string, string>>;
}

/** A workload's mode of enforcement decides whether its rules bind it. */
function changesMode(change: JsonObject): boolean {
  return 'enforcement_mode' in (objectOf(change.changes) ?? {});
}

function factsOf(audit: Audit, wire: Wire): Facts {
  if (policyEvents.test(audit.type)) {
    const [first, ...rest] = audit.changes;
    return [recordOf(audit, first, true, wire), ...rest.map((change) => recordOf(audit, change, true, wire))];
  }
  const [first, ...rest] = audit.type.startsWith('workload') ? audit.changes.filter(changesMode) : [];
  return [
    recordOf(audit, first, first !== undefined, wire),
    ...rest.map((change) => recordOf(audit, change, true, wire)),
  ];
}

function recordOf(audit: Audit, change: JsonObject | undefined, isPolicy: boolean, wire: Wire): NormalForm {
  const flags = [...audit.flags];
  const failed = audit.status === 'failure';
  const policyChange = isPolicy ? changeOf(audit, change) : null;
  const kind = isPolicy
    ? 'policy_change'
    : audit.type.startsWith('agent.tampering') || audit.type.startsWith('system_')
      ? 'signal'
      : 'admin';
  const kept = (value: unknown): JsonValue => (isKeepable(value, 16) ? value : null);
  return {
    ...emptyRecord(kind, adapter),
    ...chooseTime([audit.time], wire, flags),
    nativeId: nameOf(audit.href),
    summary: oneLine(
      `${audit.actor?.name ?? 'unknown user'}: ${audit.type}${audit.status === null ? '' : ` (${audit.status})`}${policyChange?.resource.name == null ? '' : ` ${policyChange.resource.name}`}`,
    ),
    actor: audit.actor,
    // That a task of the PCE went well decides nothing.
    verdict:
      audit.status === null || kind === 'signal'
        ? 'none'
        : failed
          ? audit.statusCode === 401 || audit.statusCode === 403 || /login|sign_in|authenticat/.test(audit.type)
            ? 'deny'
            : 'error'
          : 'allow',
    verdictRaw: audit.status,
    reporter: 'control-plane',
    reporterName: audit.pce ?? wire.syslog?.host ?? null,
    count: 1,
    severity: audit.severityRaw === null ? (wire.syslog?.severity ?? null) : levelOf(audit.severityRaw),
    severityRaw: audit.severityRaw,
    policyChange,
    attributes: {
      eventType: audit.type,
      ...audit.attributes,
      ...(change === undefined && audit.changes.length > 0 ? { resourceChanges: kept(audit.changes) } : {}),
      ...(change === undefined ? {} : { resourceChange: kept(change) }),
      ...(audit.notifications.length === 0 ? {} : { notifications: kept(audit.notifications) }),
      ...sequenceOf(wire),
    },
    places: audit.places,
    flags,
  };
}

function changeOf(audit: Audit, change: JsonObject | undefined): PolicyChange {
  const [kind = 'policy', resource] = Object.entries(objectOf(change?.resource) ?? {})[0] ?? [];
  const named = objectOf(resource);
  const word = textOf(change?.change_type) ?? audit.type.split('.').at(-1) ?? '';
  const changes = change?.changes;
  return {
    action: word.startsWith('create')
      ? 'create'
      : word.startsWith('delete') || word.startsWith('remove')
        ? 'delete'
        : 'update',
    applied: audit.status === 'success',
    dryRun: false,
    resource: {
      system: 'illumio',
      apiVersion: 'v2',
      kind,
      namespace: null,
      name: nameOf(named?.name) ?? nameOf(named?.value) ?? nameOf(named?.hostname) ?? nameOf(named?.href),
      uid: nameOf(named?.href),
    },
    after: null,
    requested: isKeepable(changes, 16) ? changes : null,
    statusCode: audit.statusCode,
  };
}

/** `{"user":{"username":…}}`, `{"agent":{"hostname":…}}`, `{"system":{}}`. */
function actorOf(createdBy: JsonObject | null, address: string | null): Actor | null {
  const [kind, value] = Object.entries(createdBy ?? {})[0] ?? [];
  if (kind === undefined) return null;
  const who = objectOf(value);
  const name = textOf(who?.username) ?? textOf(who?.hostname) ?? textOf(who?.name) ?? textOf(who?.href) ?? kind;
  return {
    name,
    realName: null,
    groups: [kind],
    addresses: address === null || address === 'FILTERED' ? [] : [address],
    userAgent: null,
  };
}

const levels: ReadonlyMap<string, number> = new Map([
  ['emerg', 0],
  ['alert', 1],
  ['crit', 2],
  ['critical', 2],
  ['err', 3],
  ['error', 3],
  ['warning', 4],
  ['warn', 4],
  ['notice', 5],
  ['info', 6],
  ['debug', 7],
]);

function levelOf(word: string): number | null {
  return levels.get(word.toLowerCase()) ?? severityOf(word);
}

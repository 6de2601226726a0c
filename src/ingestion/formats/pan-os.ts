import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { readCsv } from './csv-fields.js';
import { endpointOf, portOf } from './endpoint.js';
import { readTimeText, type ReadTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonValue, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { verdictOfWord } from './verdict-words.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * PAN-OS logs as syslog in their default form: comma-separated values whose meaning is their place (Palo Alto Networks,
 * "Syslog Field Descriptions"). Newer versions add fields at the end, so places hold and more fields are tolerated.
 */
export const panOs: FormatAdapter = { name: 'pan-os', version: 2, detect, normalise };

const begin =
  /(?:^|\s)([^,\s]{0,20},(?:\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}|\d{4}-\d{2}-\d{2}T[\d:.+-]{8,30}Z?),[^,]{0,40},(TRAFFIC|THREAT|CONFIG|SYSTEM|HIP-?MATCH|HIPMATCH|USERID|GLOBALPROTECT|DECRYPTION|CORRELATION|GTP|SCTP|AUTHENTICATION|AUTH|IPTAG|URL|DATA|WILDFIRE|TUNNEL|START|END),)/;

function detect({ object, text }: Wire): boolean {
  return object === null && begin.test(text);
}

function normalise(wire: Wire): Normalised {
  const found = begin.exec(wire.text);
  if (found === null) return refuse('unknown_format', 'expected the comma-separated values of a PAN-OS log');
  const from = found.index + (wire.text.slice(found.index).length - wire.text.slice(found.index).trimStart().length);
  const fields = readCsv(wire.text.slice(from));
  const type = fields[3] ?? '';
  if (type === 'TRAFFIC' || type === 'THREAT' || type === 'URL' || type === 'DATA' || type === 'WILDFIRE')
    return readSession(fields, type, wire);
  if (type === 'CONFIG') return accept(readConfig(fields, wire));
  return accept(readOther(fields, type, wire));
}

/** Generated time, in the zone of the device; receive time where it is missing. */
function timesOf(fields: readonly string[], wire: Wire): (ReadTime | null)[] {
  const reading = { zone: wire.context.zone, receivedAt: wire.receivedAt };
  // High-resolution times of newer versions carry their zone.
  const precise = fields
    .slice(40)
    .find((field) => /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,9}[+-]\d{2}:\d{2}$/.test(field));
  return [precise, fields[6], fields[1]].map((text) =>
    text === undefined || text === '' ? null : readTimeText(text, reading),
  );
}

function readSession(fields: readonly string[], type: string, wire: Wire): Normalised {
  const field = (at: number): string | null => {
    const text = fields[at];
    return text === undefined || text === '' ? null : text;
  };
  const flags: string[] = [];
  const source = endpointOf({ ip: field(7), port: portOf(field(24), flags), zone: field(16) }, flags);
  const destination = endpointOf({ ip: field(8), port: portOf(field(25), flags), zone: field(17) }, flags);
  if (source === null && destination === null)
    return refuse('missing_field', `expected addresses in columns 8 and 9 of a ${type} log`);
  const action = field(30);
  const known = action === null ? null : verdictOfWord(action);
  // A profile that only alerts lets the session go on.
  const verdict = known === 'would_deny' ? 'allow' : (known ?? 'unknown');
  if (verdict === 'unknown') addFlag(flags, 'unknown_action');
  const protocol = protocolOf(field(29));
  const noPorts = !hasPorts(protocol);
  const ends = noPorts
    ? { source: source && { ...source, port: null }, destination: destination && { ...destination, port: null } }
    : { source, destination };
  const isTraffic = type === 'TRAFFIC';
  const reason = isTraffic ? field(46) : field(32);
  const told = { verdict, ...ends, protocol, direction: 'unknown', isReply: null, reason } as const;
  const start =
    isTraffic && field(35) !== null
      ? readTimeText(field(35) ?? '', { zone: wire.context.zone, receivedAt: wire.receivedAt })
      : null;
  const time = chooseTime(timesOf(fields, wire), wire, flags);
  const rule = field(11);
  return accept({
    ...emptyRecord(isTraffic ? 'flow' : 'signal', panOs),
    ...told,
    ...time,
    summary: flowSummary(
      told,
      [isTraffic ? null : `${type.toLowerCase()} ${field(4) ?? ''}`, rule].filter(Boolean).join(', ') || null,
    ),
    verdictRaw: action,
    reporterName: field(isTraffic ? 52 : 59) ?? wire.syslog?.host ?? field(2),
    count: numberOf(field(23)),
    interval: start === null || time.eventTime === null ? null : { start: start.time, end: time.eventTime },
    traffic: isTraffic
      ? {
          bytes: unsignedOf(field(32)),
          packets: unsignedOf(field(44)),
          replyBytes: unsignedOf(field(33)),
          replyPackets: unsignedOf(field(45)),
        }
      : null,
    severity: isTraffic ? (wire.syslog?.severity ?? null) : severityOf(field(34)),
    severityRaw: isTraffic ? null : field(34),
    policies: rule === null ? [] : [policyRef(rule, verdict)],
    attributes: attributesOf({
      type,
      subtype: field(4),
      serial: field(2),
      application: field(14),
      vsys: field(15),
      sessionId: field(22),
      // The device numbers the logs of each type by themselves.
      sequence: field(isTraffic ? 39 : 36),
      stream: [field(2), type].filter(Boolean).join(' '),
      inboundInterface: field(18),
      outboundInterface: field(19),
      natSource: field(9),
      natDestination: field(10),
      sourceUser: field(12),
      destinationUser: field(13),
      category: field(isTraffic ? 37 : 33),
    }),
    places: sessionPlaces,
    flags,
  });
}

const sessionPlaces = {
  eventTime: 'column 7',
  'source.ip': 'column 8',
  'destination.ip': 'column 9',
  'source.port': 'column 25',
  'destination.port': 'column 26',
  protocol: 'column 30',
  verdict: 'column 31',
} as const;

/** Changes of the configuration; those below a rulebase change policy. */
function readConfig(fields: readonly string[], wire: Wire): NormalForm {
  const [host, vsys, command, admin, client, result, path] = [7, 8, 9, 10, 11, 12, 13].map((at) => fields[at] ?? '');
  const flags: string[] = [];
  const hasDetail = fields.length > 16 && !/^\d+$/.test(fields[14] ?? '');
  const detail = hasDetail ? fields[15] || null : null;
  const applied = /^succeeded$/i.test(result ?? '');
  const isPolicy = /rulebase|security|\brules?\b|zone|address|service/i.test(path ?? '') && command !== 'commit';
  const action =
    command === 'delete'
      ? 'delete'
      : command === 'set' || command === 'add' || command === 'clone'
        ? 'create'
        : 'update';
  const name =
    /'([^']{1,253})'\]?$/.exec(path ?? '')?.[1] ??
    (path ?? '')
      .trim()
      .split(/[\s/]+/)
      .at(-1) ??
    null;
  return {
    ...emptyRecord(isPolicy ? 'policy_change' : 'admin', panOs),
    ...chooseTime(timesOf(fields, wire), wire, flags),
    summary: oneLine(
      `${admin || 'unknown user'}: ${command ?? ''} ${path ?? ''} (${result ?? ''})`.replace(/\s+/g, ' '),
    ),
    actor:
      admin === '' || admin === undefined
        ? null
        : { name: admin, realName: null, groups: [], addresses: host ? [host] : [], userAgent: client || null },
    verdict: applied ? 'allow' : /fail|unauthor/i.test(result ?? '') ? 'deny' : 'unknown',
    verdictRaw: result || null,
    reporter: 'control-plane',
    reporterName: wire.syslog?.host ?? fields[2] ?? null,
    count: 1,
    policyChange: isPolicy
      ? {
          action,
          applied,
          dryRun: false,
          resource: {
            system: 'pan-os',
            apiVersion: '',
            kind: 'SecurityRule',
            namespace: vsys || null,
            name: name || null,
            uid: null,
          },
          // A custom format gives what stood there before and what stands there now.
          after: applied ? detail : null,
          requested: detail ?? path ?? null,
          statusCode: null,
        }
      : null,
    attributes: attributesOf({ type: 'CONFIG', command, path, vsys, serial: fields[2] ?? null }),
    places: {
      eventTime: 'column 7',
      'actor.name': 'column 11',
      verdict: 'column 13',
      'policyChange.requested': 'column 14',
    },
    flags,
  };
}

function readOther(fields: readonly string[], type: string, wire: Wire): NormalForm {
  const flags: string[] = [];
  const isSystem = type === 'SYSTEM';
  const text = isSystem
    ? (fields[14] ?? '')
    : fields
        .slice(4, 16)
        .filter((field) => field !== '')
        .join(' ');
  return {
    ...emptyRecord(isSystem ? 'admin' : 'signal', panOs),
    ...chooseTime(timesOf(fields, wire), wire, flags),
    summary: oneLine(`PAN-OS ${type} ${isSystem ? (fields[8] ?? '') : (fields[4] ?? '')}: ${text}`),
    reporterName: wire.syslog?.host ?? fields[2] ?? null,
    severity: isSystem ? severityOf(fields[13] ?? null) : (wire.syslog?.severity ?? null),
    severityRaw: isSystem ? (fields[13] ?? null) : null,
    count: 1,
    attributes: attributesOf({
      type,
      subtype: fields[4] ?? null,
      eventId: isSystem ? (fields[8] ?? null) : null,
      serial: fields[2] ?? null,
    }),
    places: { eventTime: 'column 7' },
    flags,
  };
}

function policyRef(name: string, verdict: NormalForm['verdict']): NormalForm['policies'][number] {
  return {
    system: 'pan-os',
    kind: 'SecurityRule',
    namespace: null,
    name: name.slice(0, 253),
    tier: null,
    rule: null,
    revision: null,
    effect: verdict === 'allow' ? 'allow' : verdict === 'deny' ? 'deny' : 'none',
    staged: false,
  };
}

function severityOf(word: string | null): number | null {
  const scale = new Map([
    ['critical', 2],
    ['high', 3],
    ['medium', 4],
    ['low', 5],
    ['informational', 6],
  ]);
  return word === null ? null : (scale.get(word.toLowerCase()) ?? null);
}

function numberOf(text: string | null): number | null {
  return text !== null && /^\d{1,15}$/.test(text) ? Number(text) : null;
}

function attributesOf(values: Readonly<Record<string, string | null | undefined>>): Record<string, JsonValue> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value ? [[name, value]] : [])));
}

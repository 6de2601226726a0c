import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { readCsv } from './csv-fields.js';
import { endpointOf } from './endpoint.js';
import { readAudit, readConfig } from './pan-os-config.js';
import { columnsOf, isSessionObject, sessionMembers } from './pan-os-json.js';
import { attributesOf, severityOf, timesOf } from './pan-os-log.js';
import { isSession, readSession } from './pan-os-session.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * PAN-OS logs as syslog in their default form: comma-separated values whose meaning is their place (Palo Alto Networks,
 * "Syslog Field Descriptions"). Newer versions add fields at the end, so places hold and more fields are tolerated. Sessions
 * also as JSON.
 */
export const panOs: FormatAdapter = { name: 'pan-os', version: 3, detect, normalise };

const time = String.raw`(?:\d{4}\/\d{2}\/\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,9})?|\d{4}-\d{2}-\d{2}T[\d:.+-]{8,30}Z?)`;
const types =
  'TRAFFIC|THREAT|CONFIG|SYSTEM|HIP-?MATCH|USERID|GLOBALPROTECT|DECRYPTION|CORRELATION|GTP|SCTP|AUTHENTICATION|AUTH|IPTAG|URL|DATA|WILDFIRE|TUNNEL|START|END';
const begin = new RegExp(String.raw`(?:^|\s)[^,\s]{0,20},${time},[^,]{0,40},(?:${types}),`);
const auditBegin = new RegExp(String.raw`(?:^|\s)\w{1,20},${time},audit,\d{1,6},`);

function detect({ object, text }: Wire): boolean {
  return object === null ? begin.test(text) || auditBegin.test(text) : isSessionObject(object);
}

function normalise(wire: Wire): Normalised {
  if (wire.object !== null) {
    const fields = columnsOf(wire.object);
    const session = readSession(fields, fields[3] ?? '', wire, panOs);
    return session.ok ? accept({ ...session.records[0], places: sessionMembers }) : session;
  }
  const found = begin.exec(wire.text);
  const audit = found === null ? auditBegin.exec(wire.text) : null;
  const at = found?.index ?? audit?.index;
  if (at === undefined) return refuse('unknown_format', 'expected the comma-separated values of a PAN-OS log');
  const fields = readCsv(wire.text.slice(at).trimStart());
  if (audit !== null) return accept(readAudit(fields, wire, panOs));
  const type = fields[3] ?? '';
  if (isSession(type)) return readSession(fields, type, wire, panOs);
  return accept(type === 'CONFIG' ? readConfig(fields, wire, panOs) : readOther(fields, type, wire));
}

/** Where the logs of users and hosts say whose and which: address, further address, name of the host, user. */
const subjects: ReadonlyMap<string, Readonly<Record<'ip' | 'ip6' | 'host' | 'user', number | undefined>>> = new Map([
  ['USERID', { ip: 8, ip6: undefined, host: undefined, user: 9 }],
  ['AUTH', { ip: 8, ip6: undefined, host: undefined, user: 9 }],
  ['AUTHENTICATION', { ip: 8, ip6: undefined, host: undefined, user: 9 }],
  ['GLOBALPROTECT', { ip: 15, ip6: 16, host: 14, user: 12 }],
  ['HIPMATCH', { ip: 11, ip6: undefined, host: 9, user: 7 }],
  ['HIP-MATCH', { ip: 11, ip6: undefined, host: 9, user: 7 }],
  ['IPTAG', { ip: 8, ip6: undefined, host: undefined, user: undefined }],
  ['CORRELATION', { ip: 7, ip6: undefined, host: undefined, user: 8 }],
]);

function readOther(fields: readonly string[], type: string, wire: Wire): NormalForm {
  const flags: string[] = [];
  const column = (at: number | undefined): string | null => (at === undefined ? null : fields[at] || null);
  const address = (at: number | undefined): string | null => (column(at) === '0.0.0.0' ? null : column(at));
  const subject = subjects.get(type);
  const user = column(subject?.user);
  const isSystem = type === 'SYSTEM';
  // Logins; that a user was seen at an address is none.
  const isLogin = user !== null && /^(?:AUTH|AUTHENTICATION|GLOBALPROTECT)$/.test(type);
  const text = isSystem
    ? column(14)
    : fields
        .slice(4, 16)
        .filter((field) => field !== '')
        .join(' ');
  const source = endpointOf(
    { ip: address(subject?.ip) ?? address(subject?.ip6), instance: column(subject?.host) },
    flags,
  );
  return {
    ...emptyRecord(isSystem || isLogin ? 'admin' : 'signal', panOs),
    ...chooseTime(timesOf(fields, wire), wire, flags),
    summary: oneLine(`PAN-OS ${type} ${column(isSystem ? 8 : 4) ?? ''}: ${text ?? ''}`),
    source,
    actor: isLogin
      ? {
          name: user,
          realName: null,
          groups: [],
          addresses: source?.ip == null ? [] : [source.ip],
          userAgent: null,
        }
      : null,
    verdictRaw: type === 'GLOBALPROTECT' ? column(28) : null,
    reporterName: (isSystem ? column(22) : null) ?? wire.syslog?.host ?? column(2),
    severity: isSystem ? severityOf(column(13)) : (wire.syslog?.severity ?? null),
    severityRaw: isSystem ? column(13) : null,
    count: 1,
    attributes: attributesOf({
      type,
      subtype: column(4),
      eventId: column(isSystem || type === 'GLOBALPROTECT' ? 8 : undefined),
      user,
      serial: column(2),
    }),
    places: { eventTime: 'column 7' },
    flags,
  };
}

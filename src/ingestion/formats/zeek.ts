import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { canonicalAddress } from './ip-address.js';
import { protocolOf } from './ip-protocol.js';
import { type JsonObject, type JsonValue, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';
import { overTcp, pathByMembers } from './zeek-logs.js';

/**
 * Zeek logs, as tab-separated values under `#fields` (handed along in the context) and as JSON with dotted or nested keys
 * (Zeek, "conn.log" and the script reference of `Log::Writer`). Zeek observes: nothing it writes is a verdict.
 */
export const zeek: FormatAdapter = { name: 'zeek', version: 2, detect, normalise };

type Fields = ReadonlyMap<string, string>;

const directive = /^#(?:separator|set_separator|empty_field|unset_field|path|open|close|fields|types)(?![\w:])/;
const connStates = /^(?:S0|S1|SF|REJ|S2|S3|RSTO|RSTR|RSTOS0|RSTRH|SH|SHR|OTH)$/;

/**
 * Columns of conn.log by their number, for lines whose header is not known: 22 since Zeek 7.1, 21 with `local_resp` before,
 * 20 of Bro 2.2 to 2.3, which knew `local_orig` alone.
 */
const connColumns =
  'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto service duration orig_bytes resp_bytes conn_state local_orig local_resp missed_bytes history orig_pkts orig_ip_bytes resp_pkts resp_ip_bytes tunnel_parents ip_proto'.split(
    ' ',
  );
const connLayouts: ReadonlyMap<number, readonly string[]> = new Map([
  [20, connColumns.filter((name) => name !== 'local_resp' && name !== 'ip_proto')],
  [21, connColumns.slice(0, 21)],
  [22, connColumns],
]);

function detect({ object, text, context }: Wire): boolean {
  if (object !== null) return isJsonLog(object);
  if (directive.test(text)) return true;
  if (text.startsWith('#')) return false;
  if (context.columns?.includes('#fields') === true) return text.includes(columnsOf(context.columns).separator);
  return text.includes('\t') && looksLikeConn(text.split('\t'));
}

function isJsonLog(object: JsonObject): boolean {
  const hasIds = 'id.orig_h' in object || ('id_orig_h' in object && 'id_resp_h' in object) || isNestedId(object.id);
  const isNamed = typeof object._path === 'string' && ('ts' in object || '_write_ts' in object);
  return (
    isNamed ||
    ('ts' in object && pathByMembers(object) !== null) ||
    (hasIds && ('ts' in object || 'uid' in object || '_write_ts' in object || 'conn_state' in object))
  );
}

function isNestedId(id: unknown): boolean {
  return typeof id === 'object' && id !== null && 'orig_h' in id && 'resp_h' in id;
}

function looksLikeConn(values: readonly string[]): boolean {
  return connLayouts.has(values.length) && /^\d{9,10}\.\d+$/.test(values[0] ?? '') && connStates.test(values[11] ?? '');
}

function normalise(wire: Wire): Normalised {
  if (wire.object !== null) {
    const fields = fieldsOfJson(wire.object);
    const path = pathByMembers(wire.object);
    if (path !== null && !fields.has('_path')) fields.set('_path', path);
    return readRecord(fields, wire, []);
  }
  if (directive.test(wire.text)) return accept(readDirective(wire));
  const flags: string[] = [];
  const header = columnsOf(wire.context.columns);
  const values = wire.text.split(header.separator);
  const names = header.names ?? (looksLikeConn(values) ? (connLayouts.get(values.length) ?? null) : null);
  if (names === null) return refuse('missing_field', 'expected a line #fields before, which names the columns');
  if (header.names === null) flags.push('columns_assumed');
  const fields = new Map<string, string>();
  values.forEach((value, at) => {
    const name = names[at];
    if (name !== undefined && value !== header.unset && value !== header.empty) fields.set(name, decoded(value));
  });
  if (header.path !== null) fields.set('_path', header.path);
  return readRecord(fields, wire, flags);
}

/** Zeek's ASCII writer writes bytes outside printable ASCII, the separator and its own markers as `\xNN`; a zero byte stays as written. */
function decoded(value: string): string {
  if (!value.includes('\\x')) return value;
  return value.replace(/(?:\\x(?!00)[0-9a-fA-F]{2})+/g, (escapes) =>
    new TextDecoder().decode(Uint8Array.from(escapes.slice(2).split('\\x'), (hex) => Number.parseInt(hex, 16))),
  );
}

interface Header {
  readonly separator: string;
  readonly unset: string;
  readonly empty: string;
  readonly path: string | null;
  readonly names: readonly string[] | null;
}

let lastText: string | undefined;
let lastHeader: Header = { separator: '\t', unset: '-', empty: '(empty)', path: null, names: null };

/** Lines of one file share their header, so the last one read is remembered. */
function columnsOf(columns: string | undefined): Header {
  if (columns === lastText) return lastHeader;
  lastText = columns;
  lastHeader = readHeader(columns ?? '');
  return lastHeader;
}

function readHeader(text: string): Header {
  const lines = text.split('\n');
  const said = /^#separator\s+\\x([0-9a-f]{2})/m.exec(text)?.[1];
  const separator = said === undefined ? '\t' : String.fromCharCode(Number.parseInt(said, 16));
  const valuesOf = (name: string): string[] | null => {
    const line = lines.find(
      (each) => each.startsWith(`${name}${separator}`) || each.startsWith(`${name}\t`) || each.startsWith(`${name} `),
    );
    return line === undefined ? null : line.slice(name.length + 1).split(separator);
  };
  return {
    separator,
    unset: valuesOf('#unset_field')?.[0] ?? '-',
    empty: valuesOf('#empty_field')?.[0] ?? '(empty)',
    path: valuesOf('#path')?.[0] ?? null,
    names: valuesOf('#fields'),
  };
}

/** Values as text, so that numbers keep their digits where JSON gave them as text; nested `id` as dotted names. */
function fieldsOfJson(object: JsonObject): Map<string, string> {
  const fields = new Map<string, string>();
  const put = (prefix: string, from: JsonObject): void => {
    for (const [key, value] of Object.entries(from)) {
      if (key === '__proto__' || value === null || value === '-') continue;
      const name = `${prefix}${key.replace(/^id_(?=orig|resp)/, 'id.')}`;
      if (typeof value === 'object') {
        if (prefix === '' && key === 'id' && !Array.isArray(value)) put('id.', value as JsonObject); // an object, by the test before
        else fields.set(name, JSON.stringify(value));
      } else if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
        fields.set(name, String(value));
    }
  };
  put('', object);
  return fields;
}

function readDirective(wire: Wire): NormalForm {
  const [name = '', value = ''] = wire.text.split(/[\t ]/, 2);
  return {
    ...emptyRecord('signal', zeek),
    summary: oneLine(`Zeek log directive ${name} ${value}`),
    attributes: { directive: name },
    timeSource: 'received',
    flags: ['not_a_record', 'no_event_time'],
  };
}

/** Logs of what Zeek noticed: statements about traffic, and no traffic. */
const noticePaths = new Set(['notice', 'notice_alarm', 'weird', 'intel', 'signatures']);
const portless = new Set(['icmp', 'icmpv6']);

function readRecord(fields: Fields, wire: Wire, flags: string[]): Normalised {
  const value = (name: string): string | null => fields.get(name) ?? null;
  const path =
    value('_path') ??
    (fields.has('conn_state') ? 'conn' : fields.has('id.orig_h') && fields.has('uri') ? 'http' : null);
  const said = value('proto');
  const named = said === null || said === 'unknown_transport' ? (value('ip_proto') ?? said) : said;
  const transport = named ?? (overTcp.test(path ?? '') ? 'tcp' : null);
  const sourceIp = value('id.orig_h') ?? value('src') ?? value('src_addr') ?? hostAddress(value('host'));
  const isV6 = sourceIp?.includes(':') === true;
  const protocol = protocolOf(transport === 'icmp' && isV6 ? 'icmpv6' : transport);
  const withPorts = protocol === null || !portless.has(protocol.name);
  const port = (name: string): number | null =>
    portOf(value(name) ?? value(name === 'id.orig_p' ? 'src_port' : 'dst_port'), flags);
  const icmp = withPorts ? null : { icmpType: value('id.orig_p') ?? '', icmpCode: value('id.resp_p') ?? '' };
  const source = endpointOf({ ip: sourceIp, port: withPorts ? port('id.orig_p') : null }, flags);
  const destination = endpointOf(
    { ip: value('id.resp_h') ?? value('dst') ?? value('dst_addr'), port: withPorts ? port('id.resp_p') : null },
    flags,
  );
  if (source === null && destination === null && path === null)
    return refuse('missing_field', 'expected id.orig_h and id.resp_h, or the path of the log');
  const isFlow = /^conn(?:_|$)/.test(path ?? '');
  const isNotice = noticePaths.has(path ?? '');
  const state = value('conn_state');
  const told = {
    verdict: 'none',
    source,
    destination,
    protocol,
    direction: 'unknown',
    isReply: null,
    reason: null,
  } as const;
  const start = timeOf(value('ts'));
  const written = timeOf(value('_write_ts'));
  const time = chooseTime([start ?? written ?? value('ts')], wire, flags);
  const end = time.eventTime === null ? null : after(time.eventTime, value('duration'));
  return accept({
    ...emptyRecord(isFlow || (source !== null && destination !== null && !isNotice) ? 'flow' : 'signal', zeek),
    ...told,
    ...time,
    summary:
      source === null || destination === null || isNotice
        ? oneLine(`Zeek ${path ?? 'log'}: ${value('msg') ?? value('note') ?? value('name') ?? 'event'}`)
        : flowSummary(
            told,
            [path, state, value('service') ?? value('query') ?? value('host')]
              .filter((part) => part !== null)
              .join(' ') || null,
          ),
    nativeId: nativeIdOf(value('uid'), path, value('ts')),
    verdictRaw: state,
    reporterName: value('_system_name') ?? value('peer') ?? wire.syslog?.host ?? null,
    reporter: 'node',
    count: 1,
    interval: time.eventTime === null || end === null ? null : { start: time.eventTime, end },
    traffic: isFlow ? trafficOf(value) : null,
    attributes: { ...attributesOf(fields), ...icmp },
    places: {
      eventTime: 'ts',
      'source.ip': 'id.orig_h',
      'source.port': 'id.orig_p',
      'destination.ip': 'id.resp_h',
      'destination.port': 'id.resp_p',
      protocol: 'proto',
    },
    flags,
  });
}

function trafficOf(value: (name: string) => string | null): NormalForm['traffic'] {
  const traffic = {
    bytes: unsignedOf(value('orig_bytes')),
    packets: unsignedOf(value('orig_pkts')),
    replyBytes: unsignedOf(value('resp_bytes')),
    replyPackets: unsignedOf(value('resp_pkts')),
  };
  return Object.values(traffic).every((count) => count === null) ? null : traffic;
}

/** In most logs `host` is an address, in http.log the name that was asked for. */
function hostAddress(host: string | null): string | null {
  return host !== null && canonicalAddress(host) !== null ? host : null;
}

/** Several logs speak of one connection, http.log and conn_long.log of it many times; only conn.log names it once. */
function nativeIdOf(uid: string | null, path: string | null, ts: string | null): string | null {
  if (uid === null || uid.length > 60) return null;
  return path === 'conn' ? uid : `${uid}/${path ?? ''}/${ts ?? ''}`.slice(0, 200);
}

function timeOf(text: string | null): string | null {
  return text === null
    ? null
    : (readEpoch(text) ?? readTime(text.endsWith('Z') || /[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`));
}

const lastMicros = Date.UTC(10_000, 0) * 1000;

/** The time `seconds` later, to the microsecond; null where that is beyond the year 9999. */
function after(time: string, seconds: string | null): string | null {
  if (seconds === null || !/^\d{1,9}(?:\.\d{1,9})?/.test(seconds)) return null;
  const micros = Math.round(Number(seconds) * 1e6);
  const [whole = '', fraction = ''] = time.slice(0, -1).split('.');
  const begin = Date.parse(`${whole}Z`) * 1000 + Number(fraction.padEnd(6, '0').slice(0, 6));
  const end = begin + micros;
  // A duration may be written with an exponent, and reach beyond every date.
  if (!(end < lastMicros)) return null;
  return `${new Date(Math.floor(end / 1e6) * 1000).toISOString().slice(0, 19)}.${String(end % 1e6).padStart(6, '0')}Z`;
}

const shownElsewhere = new Set([
  'ts',
  'uid',
  'id.orig_h',
  'id.orig_p',
  'id.resp_h',
  'id.resp_p',
  'proto',
  'orig_bytes',
  'resp_bytes',
  'orig_pkts',
  'resp_pkts',
  '__proto__',
]);

function attributesOf(fields: Fields): Record<string, JsonValue> {
  return Object.fromEntries(
    [...fields]
      .filter(([name]) => !shownElsewhere.has(name))
      .slice(0, 80)
      .map(([name, value]) => [name, value.slice(0, 1000)]),
  );
}

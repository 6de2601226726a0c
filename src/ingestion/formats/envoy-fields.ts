import { isObject, type JsonObject } from './json-value.js';
import { readQuoted } from './key-values.js';
import { protoName } from './proto-names.js';

/** Fields of an access log by the lower-case name of Envoy's operator; empty text where the record says that there is none. */
export type Fields = ReadonlyMap<string, string>;

const unset = new Set(['-', '', 'null']);

/** Names under which fields are logged instead of their operator's; the first that says something counts. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['bytes_rx', 'bytes_received'],
  ['bytes_recv', 'bytes_received'],
  ['bytes_tx', 'bytes_sent'],
  [':authority', 'authority'],
  [':method', 'method'],
  [':path', 'path'],
  ['request_method', 'method'],
  ['x-envoy-original-path', 'path'],
  ['x-envoy-origin-path', 'path'],
  ['x_envoy_origin_path', 'path'],
  ['x_envoy_original_path', 'path'],
  ['original_path', 'path'],
  ['request_path', 'path'],
  ['x-forwarded-for', 'x_forwarded_for'],
  ['x-request-id', 'request_id'],
  ['user-agent', 'user_agent'],
  ['x-envoy-upstream-service-time', 'upstream_service_time'],
  ['@timestamp_start', 'start_time'],
  ['start-time', 'start_time'],
  ['host', 'authority'],
  ['status', 'response_code'],
  ['status_code', 'response_code'],
  ['response_status', 'response_code'],
  ['flags', 'response_flags'],
  ['response_flag', 'response_flags'],
  ['response_details', 'response_code_details'],
  ['upstream_remote_address', 'upstream_host'],
  ['upstream_address', 'upstream_host'],
  ['remote_address', 'downstream_remote_address'],
  ['client_address', 'downstream_remote_address'],
  ['source_address', 'downstream_remote_address'],
  ['client_ip', 'downstream_remote_address'],
  ['downstream_peer_principal', 'downstream_peer_uri_san'],
  ['source_principal', 'downstream_peer_uri_san'],
]);

/**
 * The field that a key of a JSON log names: `response_code`, `responseCode`, `%RESPONSE_CODE%`, `START_TIME(%s)`, `REQ(:METHOD)`,
 * `%REQ(X-ENVOY-ORIGINAL-PATH?:PATH):64%` (header, the one to take without it, most characters).
 */
function fieldNameOf(key: string): string {
  const operator = protoName(key.slice(0, 200)).replace(/^%|%$/g, '').toLowerCase();
  const open = operator.indexOf('(');
  if (open === -1) return operator;
  const name = operator.slice(0, open);
  if (name !== 'req' && name !== 'resp' && name !== 'request_header' && name !== 'response_header') {
    return name === 'start_time' ? name : operator;
  }
  const close = operator.indexOf(')', open);
  const headers = operator.slice(open + 1, close === -1 ? undefined : close).split('?');
  return headers.map((header) => aliases.get(header)).find((alias) => alias !== undefined) ?? operator;
}

/** How deep an object may stand in a log's metadata. */
const maxDepth = 4;

/** The fields of a JSON log; what stands in objects is named by its path (`metadata.envoy.filters.http.rbac.shadow_engine_result`). */
export function fieldsOfJson(object: JsonObject): Fields {
  const fields = new Map<string, string>();
  collect(object, '', 0, fields);
  for (const [alias, name] of aliases) {
    const value = fields.get(alias);
    if (value !== undefined && (fields.get(name) ?? '') === '') fields.set(name, value);
  }
  return fields;
}

function collect(object: JsonObject, path: string, depth: number, fields: Map<string, string>): void {
  for (const [key, value] of Object.entries(object)) {
    const name = path === '' ? fieldNameOf(key) : `${path}.${protoName(key.slice(0, 200))}`;
    const inner = isObject(value) ? value : packed(value);
    if (inner !== null) {
      if (depth < maxDepth) collect(inner, name, depth + 1, fields);
    } else if (typeof value === 'string' || typeof value === 'number' || value === null) {
      const text = String(value);
      if (name !== '__proto__' && (fields.get(name) ?? '') === '') fields.set(name, unset.has(text) ? '' : text);
    }
  }
}

/** A whole namespace of dynamic metadata, which Envoy writes as JSON text into a JSON log. */
function packed(value: unknown): JsonObject | null {
  if (typeof value !== 'string' || !value.startsWith('{') || !value.includes('engine_result')) return null;
  try {
    const inner: unknown = JSON.parse(value);
    return isObject(inner) ? inner : null;
  } catch {
    return null;
  }
}

const beforeBytes = [
  'response_code',
  'response_flags',
  'response_code_details',
  'connection_termination_details',
  'upstream_transport_failure_reason',
] as const;
const fromBytes = [
  'bytes_received',
  'bytes_sent',
  'duration',
  'upstream_service_time',
  'x_forwarded_for',
  'user_agent',
  'request_id',
  'authority',
  'upstream_host',
] as const;
const ofIstio = [
  'upstream_cluster',
  'upstream_local_address',
  'downstream_local_address',
  'downstream_remote_address',
  'requested_server_name',
  'route_name',
] as const;

export const textBegin = /(?:^|\s)\[(\d{4}-\d{2}-\d{2}T[\d:.]{8,20}Z?)\] "([^"]{0,8000})" (\d{1,3}|-) /;

/**
 * Envoy's default goes on with the bytes behind the flags. Istio has the details, those of the connection's end and why its upstream
 * failed between; before release 1.6 the report of a policy check and why the upstream failed; before 1.3 the report alone.
 */
export function fieldsOfText(text: string): Fields | null {
  const begin = textBegin.exec(text);
  if (begin === null) return null;
  const [whole, start = '', request = ''] = begin;
  const words = wordsOf(text.slice(begin.index + whole.length - (begin[3] ?? '').length - 1));
  const bytesAt = [2, 3, 4, 5].find((at) => isCount(words[at]) && isCount(words[at + 1])) ?? 5;
  const order: readonly (string | null)[] =
    bytesAt === 5
      ? [...beforeBytes, ...fromBytes, ...ofIstio]
      : [
          'response_code',
          'response_flags',
          ...(bytesAt === 2 ? [] : bytesAt === 3 ? [null] : [null, 'upstream_transport_failure_reason']),
          ...fromBytes,
          ...ofIstio,
        ];
  const fields = new Map<string, string>([['start_time', start.endsWith('Z') ? start : `${start}Z`]]);
  const [method = '', path = '', protocol = ''] = request.split(' ');
  for (const [name, value] of [
    ['method', method],
    ['path', path],
    ['protocol', protocol],
  ] as const)
    fields.set(name, unset.has(value) ? '' : value);
  words.forEach((word, at) => {
    const name = order[at];
    if (name != null) fields.set(name, unset.has(word) ? '' : word);
  });
  return fields;
}

function isCount(word: string | undefined): boolean {
  return word !== undefined && /^\d+$/.test(word);
}

/** Words between spaces; those in quotes may hold spaces. */
function wordsOf(text: string): string[] {
  const words: string[] = [];
  let at = 0;
  while (at < text.length && words.length < 40) {
    if (text[at] === ' ') {
      at++;
    } else if (text[at] === '"') {
      const { value, end } = readQuoted(text, at);
      words.push(value);
      at = end;
    } else {
      const end = text.indexOf(' ', at);
      words.push(text.slice(at, end === -1 ? undefined : end));
      at = end === -1 ? text.length : end;
    }
  }
  return words;
}

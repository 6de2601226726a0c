import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readTime, readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import { type JsonObject, type JsonValue, unsignedOf } from './json-value.js';
import { readQuoted } from './key-values.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * Access logs of Envoy and Istio: Istio's default text, Envoy's default text, and JSON with their operators as keys (Envoy,
 * "Access logging"; Istio, "Envoy access logs"). RBAC names its decision in the response code details; a request that
 * reached its upstream was let through; what failed on the way is an error, and no decision of policy.
 */
export const envoy: FormatAdapter = { name: 'envoy', version: 1, detect, normalise };

type Fields = ReadonlyMap<string, string>;

const textBegin = /(?:^|\s)\[(\d{4}-\d{2}-\d{2}T[\d:.]{8,20}Z?)\] "([^"]{0,8000})" (\d{1,3}|-) /;

function detect({ object, text }: Wire): boolean {
  if (object === null) return text.includes('] "') && textBegin.test(text);
  const has = (name: string): boolean =>
    name in object || name.toUpperCase() in object || `%${name.toUpperCase()}%` in object;
  return (
    (has('response_code') || has('response_flags')) &&
    (has('upstream_cluster') ||
      has('upstream_host') ||
      has('response_code_details') ||
      has('downstream_remote_address'))
  );
}

function normalise(wire: Wire): Normalised {
  const fields = wire.object === null ? fieldsOfText(wire.text) : fieldsOfJson(wire.object);
  if (fields === null)
    return refuse('invalid_field', 'expected [TIME] "METHOD PATH PROTOCOL" CODE FLAGS … of an Envoy access log');
  const value = (name: string): string | null => fields.get(name) ?? null;
  const flags: string[] = [];
  const downstream = addressOf(value('downstream_remote_address') ?? value('downstream_direct_remote_address'));
  const local = addressOf(value('downstream_local_address'));
  const upstream = addressOf(value('upstream_host'));
  const cluster = value('upstream_cluster') ?? '';
  const inbound = cluster.startsWith('inbound');
  const direction: NormalForm['direction'] = inbound
    ? 'ingress'
    : cluster.startsWith('outbound')
      ? 'egress'
      : 'unknown';
  // The forwarded client is the source where the log says no more.
  const forwarded = (value('x_forwarded_for') ?? '').split(',')[0]?.trim() ?? '';
  const client = downstream ?? addressOf(forwarded);
  if (downstream === null && client !== null) flags.push('source_from_forwarded_for');
  const server = inbound ? (local ?? upstream) : (upstream ?? local);
  const authority = value('authority');
  const source = endpointOf(
    { ip: client?.ip, port: portOf(client?.port, flags), identity: value('downstream_peer_uri_san') },
    flags,
  );
  const named = /^outbound\|(\d{1,5})\|[^|]*\|(\S+)$/.exec(cluster);
  const destination = endpointOf(
    {
      ip: server?.ip,
      port: portOf(server?.port ?? named?.[1], flags),
      dnsNames: [...new Set([named?.[2], authority?.replace(/:\d+$/, '')].flatMap((name) => (name ? [name] : [])))],
    },
    flags,
  );
  const code = value('response_code');
  const details = value('response_code_details');
  const { verdict, reason } = judge(
    code,
    value('response_flags'),
    details,
    value('connection_termination_details'),
    upstream !== null,
  );
  const told = {
    verdict,
    source,
    destination,
    // HTTP/3 runs on QUIC (RFC 9114).
    protocol: protocolOf(/^HTTP\/3/i.test(value('protocol') ?? '') ? 'udp' : 'tcp'),
    direction,
    isReply: null,
    reason,
  } as const;
  const start = value('start_time');
  const time =
    start === null ? null : (readTime(start) ?? readTimeText(start, { zone: 'UTC', receivedAt: wire.receivedAt }));
  const policy = policyIn(`${details ?? ''} ${value('connection_termination_details') ?? ''}`);
  return accept({
    ...emptyRecord('flow', envoy),
    ...told,
    ...chooseTime([time], wire, flags),
    summary: flowSummary(
      told,
      [value('method'), pathOf(value('path')), code].filter((part) => part !== null && part !== '-').join(' ') || null,
    ),
    verdictRaw: details ?? ([code, value('response_flags')].filter((part) => part !== null).join(' ') || null),
    reporter: inbound ? 'dst' : cluster.startsWith('outbound') ? 'src' : 'node',
    reporterName: podOf(wire) ?? wire.syslog?.host ?? null,
    count: 1,
    traffic: {
      bytes: unsignedOf(value('bytes_received')),
      packets: null,
      replyBytes: unsignedOf(value('bytes_sent')),
      replyPackets: null,
    },
    policies: policy === null ? [] : [policy],
    attributes: attributesOf(fields),
    places: {
      eventTime: 'start_time',
      verdict: 'response_code_details',
      'source.ip': 'downstream_remote_address',
      'destination.ip': inbound ? 'downstream_local_address' : 'upstream_host',
    },
    flags,
  });
}

const unset = new Set(['-', '', 'null']);
const aliases: ReadonlyMap<string, string> = new Map([
  ['bytes_rx', 'bytes_received'],
  ['bytes_tx', 'bytes_sent'],
  [':authority', 'authority'],
  [':method', 'method'],
  [':path', 'path'],
  ['x-envoy-original-path', 'path'],
  ['x-forwarded-for', 'x_forwarded_for'],
  ['x-request-id', 'request_id'],
  ['user-agent', 'user_agent'],
  ['x-envoy-upstream-service-time', 'upstream_service_time'],
  ['x_envoy_origin_path', 'path'],
  ['@timestamp_start', 'start_time'],
]);

/**
 * The field that a key of a JSON log names: `response_code`, `%RESPONSE_CODE%`, `START_TIME(%s)`, `REQ(:METHOD)`,
 * `%REQ(X-ENVOY-ORIGINAL-PATH?:PATH):64%` (header, the one to take without it, most characters).
 */
function fieldNameOf(key: string): string {
  const operator = key.slice(0, 200).replace(/^%|%$/g, '').toLowerCase();
  const open = operator.indexOf('(');
  if (open === -1) return aliases.get(operator) ?? operator;
  const name = operator.slice(0, open);
  if (name !== 'req' && name !== 'resp') return name === 'start_time' ? name : operator;
  const close = operator.indexOf(')', open);
  const headers = operator.slice(open + 1, close === -1 ? undefined : close).split('?');
  return headers.map((header) => aliases.get(header)).find((alias) => alias !== undefined) ?? operator;
}

function fieldsOfJson(object: JsonObject): Fields {
  const fields = new Map<string, string>();
  for (const [key, value] of Object.entries(object)) {
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    const name = fieldNameOf(key);
    const text = String(value);
    if (!unset.has(text) && name !== '__proto__') fields.set(name, text);
  }
  return fields;
}

const istioOrder =
  'response_code response_flags response_code_details connection_termination_details upstream_transport_failure_reason bytes_received bytes_sent duration upstream_service_time x_forwarded_for user_agent request_id authority upstream_host upstream_cluster upstream_local_address downstream_local_address downstream_remote_address requested_server_name route_name'.split(
    ' ',
  );
const envoyOrder =
  'response_code response_flags bytes_received bytes_sent duration upstream_service_time x_forwarded_for user_agent request_id authority upstream_host'.split(
    ' ',
  );

/** Istio writes details behind the flags; Envoy's own default goes on with the bytes. */
function fieldsOfText(text: string): Fields | null {
  const begin = textBegin.exec(text);
  if (begin === null) return null;
  const [whole, start = '', request = ''] = begin;
  const words = wordsOf(text.slice(begin.index + whole.length - (begin[3] ?? '').length - 1));
  // Before Istio 1.6 a report of the policy check stood where the details are now.
  const isEnvoy = /^\d+$/.test(words[2] ?? '') && /^\d+$/.test(words[3] ?? '');
  const isOldIstio = !isEnvoy && /^\d+$/.test(words[4] ?? '') && /^\d+$/.test(words[3] ?? '');
  const order = isEnvoy
    ? envoyOrder
    : isOldIstio
      ? ['response_code', 'response_flags', 'upstream_transport_failure_reason', ...istioOrder.slice(5)]
      : istioOrder;
  const fields = new Map<string, string>([['start_time', start.endsWith('Z') ? start : `${start}Z`]]);
  const [method = '', path = '', protocol = ''] = request.split(' ');
  for (const [name, value] of [
    ['method', method],
    ['path', path],
    ['protocol', protocol],
  ] as const)
    if (!unset.has(value)) fields.set(name, value);
  words.forEach((word, at) => {
    const name = order[at];
    if (name !== undefined && !unset.has(word)) fields.set(name, word);
  });
  return fields;
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

/** `10.0.0.1:80`, `[2001:db8::1]:80`. */
function addressOf(text: string | null): { readonly ip: string; readonly port: string | null } | null {
  if (text === null || unset.has(text)) return null;
  const found =
    /^\[([0-9a-fA-F:.]{2,45})\](?::(\d{1,5}))?$/.exec(text) ??
    /^((?:\d{1,3}\.){3}\d{1,3})(?::(\d{1,5}))?$/.exec(text) ??
    /^([0-9a-fA-F:]{2,45})$/.exec(text);
  return found?.[1] === undefined ? null : { ip: found[1], port: found[2] ?? null };
}

/** Flags of Envoy that name a failure on the way; no decision of policy (Envoy, "Response flags"). */
const failures = /\b(?:UH|UF|UO|NR|URX|NC|DT|DC|LH|UT|LR|UR|UC|DI|FI|RLSE|IH|SI|DPE|UMSDR|NFCF|DF|DR|OM)\b/;

function judge(
  code: string | null,
  responseFlags: string | null,
  details: string | null,
  termination: string | null,
  reachedUpstream: boolean,
): { readonly verdict: Verdict; readonly reason: string | null } {
  const told = `${details ?? ''} ${termination ?? ''}`;
  if (/rbac_access_denied|ext_authz_denied|jwt_authn_access_denied/.test(told))
    return { verdict: 'deny', reason: details ?? termination };
  if (/\bUAEX\b/.test(responseFlags ?? '')) return { verdict: 'deny', reason: 'UAEX' };
  // A limit of rate protects a service; it does not say who may reach it.
  if (/\bRL\b/.test(responseFlags ?? '')) return { verdict: 'none', reason: 'RL' };
  if (failures.test(responseFlags ?? '')) return { verdict: 'error', reason: details ?? responseFlags };
  if (code !== null && code !== '0' && (details === null || details.startsWith('via_upstream') || reachedUpstream))
    return { verdict: 'allow', reason: null };
  if (code === '0' && reachedUpstream) return { verdict: 'allow', reason: null };
  // Envoy answers by itself where its route says so (`direct_response`, redirects): nothing was decided, nothing failed.
  const isAnswer = details === 'direct_response' || /^[123]\d\d$/.test(code ?? '');
  return { verdict: code === null || isAnswer ? 'none' : 'error', reason: details };
}

/** `rbac_access_denied_matched_policy[ns[NS]-policy[NAME]-rule[N]]`; `[none]` where no rule allowed it. */
function policyIn(text: string): NormalForm['policies'][number] | null {
  const found =
    /matched_policy\[(?:ns\[([^\]]{1,253})\]-policy\[([^\]]{1,253})\]-rule\[(\d{1,6})\]|([^\]]{1,253}))\]/.exec(text);
  if (found === null || found[4] === 'none') return null;
  return {
    system: 'istio',
    kind: 'AuthorizationPolicy',
    namespace: found[1] ?? null,
    name: found[2] ?? found[4] ?? '',
    tier: null,
    rule: found[3] ?? null,
    revision: null,
    effect: 'deny',
    staged: false,
  };
}

/** Without the query, which may hold secrets. */
function pathOf(path: string | null): string | null {
  return path === null ? null : (path.split('?')[0] ?? null);
}

function podOf({ envelopes }: Wire): string | null {
  for (const { object } of envelopes) {
    const { kubernetes } = object;
    if (typeof kubernetes !== 'object' || kubernetes === null || !('pod' in kubernetes)) continue;
    const { pod } = kubernetes;
    if (typeof pod === 'object' && pod !== null && 'name' in pod && typeof pod.name === 'string') return pod.name;
  }
  return null;
}

const shownElsewhere = new Set(['start_time', 'bytes_received', 'bytes_sent']);

function attributesOf(fields: Fields): Record<string, JsonValue> {
  return Object.fromEntries(
    [...fields]
      .filter(([name]) => !shownElsewhere.has(name))
      .slice(0, 60)
      .map(([name, value]) => [name, (name === 'path' ? (pathOf(value) ?? '') : value).slice(0, 1000)]),
  );
}

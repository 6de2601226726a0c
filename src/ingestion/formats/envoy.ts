import type { NormalForm, Normalised } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { entriesOf, fieldsOfEntry } from './envoy-als.js';
import { type Fields, fieldsOfJson, fieldsOfText, textBegin } from './envoy-fields.js';
import { isRbacLine, readRbacLine } from './envoy-rbac-log.js';
import { fieldsOfLogEntry, isMeshLogEntry } from './envoy-stackdriver.js';
import { judge, policyOfDenial, shadowDenial } from './envoy-verdict.js';
import { readEpoch, readTime, readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import { type JsonValue, unsignedOf } from './json-value.js';
import { isLinkerd, readLinkerd } from './linkerd.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';
import { isZtunnel, readZtunnel } from './ztunnel.js';

/**
 * Access logs of Envoy and Istio: Istio's default text, Envoy's default text, JSON with their operators as keys (Envoy,
 * "Access logging"; Istio, "Envoy access logs"), what the access log service is sent, and those of Istio's
 * ztunnel and of Linkerd. RBAC names its decision
 * in the response code details; a request that reached its upstream was let through; what failed on the way is an error, and
 * no decision of policy.
 */
export const envoy: FormatAdapter = { name: 'envoy', version: 2, detect, normalise };

/** Names one of which every access log has, each as JSON keys spell it. */
const outcomes = spellings('response_code', 'response_flags', 'response_code_details');
const ends = spellings('upstream_cluster', 'upstream_host', 'response_code_details', 'downstream_remote_address');

function spellings(...names: readonly string[]): readonly string[] {
  return names.flatMap((name) => [
    name,
    name.toUpperCase(),
    `%${name.toUpperCase()}%`,
    name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()),
  ]);
}

function detect(wire: Wire): boolean {
  const { object, text } = wire;
  if (isZtunnel(wire) || isLinkerd(wire) || isRbacLine(text)) return true;
  if (object === null) return text.includes('] "') && textBegin.test(text);
  if (outcomes.some((name) => name in object) && ends.some((name) => name in object)) return true;
  return entriesOf(object).length > 0 || isMeshLogEntry(object);
}

function normalise(wire: Wire): Normalised {
  if (isZtunnel(wire)) return readZtunnel(wire, envoy);
  if (isLinkerd(wire)) return readLinkerd(wire, envoy);
  if (isRbacLine(wire.text)) return readRbacLine(wire, envoy);
  const { object } = wire;
  const entries = object === null ? [] : entriesOf(object);
  if (object !== null && entries.length > 0) {
    const [first, ...rest] = entries.flatMap((entry) => factsOf(fieldsOfEntry(entry), wire));
    if (first !== undefined) return accept(first, ...rest);
  }
  const fields =
    object === null
      ? fieldsOfText(wire.text)
      : isMeshLogEntry(object)
        ? fieldsOfLogEntry(object)
        : fieldsOfJson(object);
  if (fields === null)
    return refuse('invalid_field', 'expected [TIME] "METHOD PATH PROTOCOL" CODE FLAGS … of an Envoy access log');
  const [first, ...rest] = factsOf(fields, wire);
  return first === undefined ? refuse('missing_field', 'expected an access log') : accept(first, ...rest);
}

/** What was done; beside it, where rules on trial would have refused what was let through, what they would have done. */
function factsOf(fields: Fields, wire: Wire): readonly NormalForm[] {
  const value = (name: string): string | null => fields.get(name) || null;
  const flags: string[] = [];
  const end = (...names: readonly string[]): Address | null =>
    names.map((name) => addressIn(fields, name)).find((address) => address !== null) ?? null;
  const downstream = end('downstream_remote_address', 'downstream_direct_remote_address');
  const local = end('downstream_local_address');
  const upstream = end('upstream_host');
  const cluster = value('upstream_cluster') ?? '';
  const inbound = /^inbound/i.test(cluster);
  const outbound = cluster.startsWith('outbound') || cluster === 'PassthroughCluster' || cluster === 'BlackHoleCluster';
  const direction: NormalForm['direction'] = inbound ? 'ingress' : outbound ? 'egress' : 'unknown';
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
      dnsNames: [...new Set([named?.[2], hostNameIn(authority)].flatMap((name) => (name ? [name] : [])))],
    },
    flags,
  );
  const code = value('response_code');
  const details = value('response_code_details');
  const { verdict, reason } = judge(fields);
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
  const start = value('start_time') ?? value('timestamp') ?? value('time');
  const time =
    start === null
      ? null
      : (readTime(start) ?? readTimeText(start, { zone: 'UTC', receivedAt: wire.receivedAt }) ?? readEpoch(start));
  const policy = policyOfDenial(fields);
  const more =
    [value('method'), pathOf(value('path')), code].filter((part) => part !== null && part !== '-').join(' ') || null;
  const record: NormalForm = {
    ...emptyRecord('flow', envoy),
    ...told,
    ...chooseTime([time], wire, flags),
    summary: flowSummary(told, more),
    verdictRaw:
      details ??
      value('connection_termination_details') ??
      ([code, value('response_flags')].filter((part) => part !== null).join(' ') || null),
    reporter: inbound ? 'dst' : outbound ? 'src' : 'node',
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
  };
  const shadow = verdict === 'allow' ? shadowDenial(fields) : null;
  if (shadow === null) return [record];
  return [
    record,
    {
      ...record,
      verdict: 'would_deny',
      summary: flowSummary({ ...told, verdict: 'would_deny' }, 'by a policy on trial'),
      verdictRaw: 'shadow denied',
      count: null,
      traffic: null,
      policies: shadow.policy === null ? [] : [shadow.policy],
      flags: [...flags, 'same_flow_as_enforced'],
    },
  ];
}

/** The host of an authority where it is a name. */
function hostNameIn(authority: string | null): string | null {
  return authority === null || addressOf(authority) !== null ? null : authority.replace(/:\d+$/, '');
}

interface Address {
  readonly ip: string;
  readonly port: string | null;
}

/** The address in a field, or in its two halves (`downstream_remote_address_without_port`, `downstream_remote_port`). */
function addressIn(fields: Fields, name: string): Address | null {
  const whole = addressOf(fields.get(name) ?? null);
  if (whole?.port != null) return whole;
  const port = fields.get(name.replace(/_(?:address|host)$/, '_port')) || null;
  const half = whole ?? addressOf(fields.get(`${name}_without_port`) ?? null);
  return half === null ? null : { ip: half.ip, port };
}

/** `10.0.0.1:80`, `[2001:db8::1]:80`; behind an internal listener `envoy://connect_originate/10.0.0.1:80`. */
function addressOf(given: string | null): Address | null {
  if (given === null || given === '') return null;
  const text = given.replace(/^(?:envoy|tcp|udp):\/\/(?:[^/]{0,200}\/)?/, '');
  const found =
    /^\[([0-9a-fA-F:.]{2,45})\](?::(\d{1,5}))?$/.exec(text) ??
    /^((?:\d{1,3}\.){3}\d{1,3})(?::(\d{1,5}))?$/.exec(text) ??
    /^([0-9a-fA-F:]{2,45})$/.exec(text);
  return found?.[1] === undefined ? null : { ip: found[1], port: found[2] ?? null };
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
      .filter(([name, value]) => value !== '' && !shownElsewhere.has(name))
      .slice(0, 60)
      .map(([name, value]) => [name, (name === 'path' ? (pathOf(value) ?? '') : value).slice(0, 1000)]),
  );
}

import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readTime } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { protocolOf } from './ip-protocol.js';
import { type JsonObject, listOf, objectOf, textOf, unsignedOf } from './json-value.js';
import { readKeyValues } from './key-values.js';
import { accept, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * What Linkerd's proxy logs (linkerd.io, "Access logging"): requests as text in the manner of Apache or as JSON, and the lines of
 * its own log that say which request or connection its policy denied.
 */
export function isLinkerd({ object, text }: Wire): boolean {
  if (object !== null) {
    return (
      (typeof object['client.addr'] === 'string' && 'status' in object) ||
      textOf(object.target)?.startsWith('linkerd_app_inbound::policy') === true
    );
  }
  return denial.test(text) || accessLine.test(text);
}

const address = String.raw`(?:\d{1,3}\.){3}\d{1,3}|\[[0-9a-fA-F:.]{2,45}\]`;
const accessLine = new RegExp(
  String.raw`^((?:${address}):\d{1,5}) (\S{1,300}) \S{1,300} \[(\d{4}-\d{2}-\d{2}T[\d:.]{8,20}Z)\] "(\S{1,20}) (\S{0,8000}) (HTTP/[\d.]{1,3})" (\d{3})(?: |$)`,
);
const denial = /linkerd_app_inbound::policy\S{0,100}: (?:Request|Connection) denied /;

interface Told {
  readonly client: string | null;
  readonly clientId: string | null;
  readonly port: string | number | null;
  readonly host: string | null;
  readonly time: string | null;
  readonly status: string | null;
  readonly request: string | null;
  readonly received: unknown;
  readonly sent: unknown;
  /** The server whose policy denied it; undefined where nothing was denied. */
  readonly deniedBy?: string | null;
}

export function readLinkerd(wire: Wire, adapter: Pick<FormatAdapter, 'name' | 'version'>): Normalised {
  const read = wire.object === null ? ofText(wire.text) : ofJson(wire.object);
  if (read === null) return refuse('invalid_field', 'expected a line of the access log or a denial of Linkerd');
  const flags: string[] = [];
  const client = new RegExp(String.raw`^(${address}|[0-9a-fA-F:.]{2,45}?)(?::(\d{1,5}))?$`).exec(read.client ?? '');
  const source = endpointOf(
    {
      ip: client?.[1]?.replace(/[[\]]/g, ''),
      port: portOf(client?.[2], flags),
      identity: read.clientId === '-' ? null : read.clientId,
    },
    flags,
  );
  const host = /^([^:]{1,253})(?::(\d{1,5}))?$/.exec(read.host ?? '');
  const destination = endpointOf(
    { port: portOf(read.port ?? host?.[2], flags), dnsNames: host?.[1] === undefined ? [] : [host[1]] },
    flags,
  );
  const { verdict, reason } = judge(read);
  const told = {
    verdict,
    source,
    destination,
    protocol: protocolOf('tcp'),
    direction: 'ingress',
    isReply: null,
    reason,
  } as const;
  return accept({
    ...emptyRecord('flow', adapter),
    ...told,
    ...chooseTime([readTime(read.time)], wire, flags),
    summary: flowSummary(told, read.request),
    verdictRaw: read.status ?? 'denied',
    reporter: 'dst',
    reporterName: wire.syslog?.host ?? null,
    count: 1,
    traffic: {
      bytes: unsignedOf(read.received),
      packets: null,
      replyBytes: unsignedOf(read.sent),
      replyPackets: null,
    },
    policies: read.deniedBy == null ? [] : [policyOf(read.deniedBy)],
    attributes: read.status === null ? {} : { status: read.status },
    places: { 'source.ip': read.deniedBy === undefined ? 'client.addr' : 'client.ip' },
    flags,
  });
}

/** A 403 is what the proxy answers to whom it denies, and what the service may answer by itself. */
function judge({ deniedBy, status }: Told): { readonly verdict: Verdict; readonly reason: string | null } {
  if (deniedBy !== undefined) return { verdict: 'deny', reason: deniedBy };
  return status === '403' ? { verdict: 'unknown', reason: status } : { verdict: 'allow', reason: null };
}

function policyOf(name: string): NormalForm['policies'][number] {
  return {
    system: 'linkerd',
    kind: 'Server',
    namespace: null,
    name: name.slice(0, 253),
    tier: null,
    rule: null,
    revision: null,
    effect: 'deny',
    staged: false,
  };
}

function ofText(text: string): Told | null {
  const access = accessLine.exec(text);
  if (access !== null) {
    const [, client = '', clientId = '', time = '', method = '', uri = '', , status = ''] = access;
    return { ...ofRequest(method, uri), client, clientId, port: null, time, status, received: null, sent: null };
  }
  const denied = denial.exec(text);
  if (denied === null) return null;
  const pairs = readKeyValues(text.slice(denied.index + denied[0].length));
  const port = /\bserver\{port=(\d{1,5})\}/.exec(text)?.[1] ?? null;
  return ofDenial((name) => pairs.get(name) || null, port);
}

function ofJson(object: JsonObject): Told | null {
  const value = (name: string): string | null => textOf(object[name]);
  const fields = objectOf(object.fields);
  if (fields !== null) {
    if (textOf(fields.message)?.endsWith(' denied') !== true) return null;
    const port = listOf(object.spans)
      .map((span) => unsignedOf(objectOf(span)?.port))
      .find((found) => found !== null);
    return ofDenial((name) => textOf(fields[name]), port ?? null);
  }
  return {
    ...ofRequest(value('method') ?? '', value('uri') ?? ''),
    ...(value('host') === null ? {} : { host: value('host') }),
    client: value('client.addr'),
    clientId: value('client.id'),
    port: null,
    time: value('timestamp'),
    status: unsignedOf(object.status),
    received: object.request_bytes,
    sent: object.response_bytes,
  };
}

function ofRequest(method: string, uri: string): { readonly request: string | null; readonly host: string | null } {
  const path = uri.split('?')[0] ?? '';
  return { request: `${method} ${path}`.trim() || null, host: /^https?:\/\/([^/]+)/.exec(path)?.[1] ?? null };
}

function ofDenial(value: (name: string) => string | null, port: string | null): Told {
  const client = value('client.ip') ?? value('client');
  return {
    client,
    clientId:
      value('client.id') ?? /client_id: Some\(ClientId\("([^"]{1,253})"/.exec(value('client.tls') ?? '')?.[1] ?? null,
    port,
    host: null,
    time: null,
    status: null,
    request: null,
    received: null,
    sent: null,
    deniedBy: value('server.name') ?? value('server'),
  };
}

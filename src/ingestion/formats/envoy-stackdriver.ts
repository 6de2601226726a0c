import type { Fields } from './envoy-fields.js';
import { type JsonObject, objectOf, textOf, unsignedOf } from './json-value.js';

/** The logs that Istio's and Google's meshes write to Cloud Logging by themselves: of requests and of connections, by either side. */
const logName = /logs\/(server|client)-(?:istio-)?accesslog-stackdriver$/;

export function isMeshLogEntry(object: JsonObject): boolean {
  return typeof object.logName === 'string' && logName.test(object.logName) && objectOf(object.labels) !== null;
}

/** The fields of a LogEntry of such a log under the names of the operators of a text log. */
export function fieldsOfLogEntry(entry: JsonObject): Fields {
  const labels = objectOf(entry.labels) ?? {};
  const request = objectOf(entry.httpRequest);
  const isServer = logName.exec(textOf(entry.logName) ?? '')?.[1] === 'server';
  const url = textOf(request?.requestUrl);
  const [, host = '', path = ''] = /^(?:\w+:)?\/\/([^/]*)(\/.*)?$/s.exec(url ?? '') ?? [];
  const destination = addressOf(textOf(request?.serverIp) ?? textOf(labels.destination_ip), labels.destination_port);
  const reached =
    textOf(labels.upstream_host) ?? (textOf(labels.response_details) === 'via_upstream' ? destination : null);
  const fields = new Map<string, string>();
  for (const [name, value] of [
    ['start_time', textOf(entry.timestamp)],
    ['method', textOf(request?.requestMethod)],
    ['path', path || null],
    ['authority', host || null],
    ['user_agent', textOf(request?.userAgent)],
    ['protocol', textOf(request?.protocol)],
    ['response_code', unsignedOf(request?.status) ?? (request === null ? '0' : null)],
    ['response_code_details', textOf(labels.response_details)],
    ['response_flags', textOf(labels.response_flag)],
    ['bytes_received', unsignedOf(request?.requestSize) ?? textOf(labels.received_bytes)],
    ['bytes_sent', unsignedOf(request?.responseSize) ?? textOf(labels.sent_bytes)],
    ['downstream_remote_address', addressOf(textOf(request?.remoteIp) ?? textOf(labels.source_ip), labels.source_port)],
    ['downstream_local_address', destination],
    ['upstream_host', reached ?? (request === null ? destination : null)],
    ['upstream_cluster', textOf(labels.upstream_cluster) ?? (isServer ? 'inbound' : 'outbound')],
    ['downstream_peer_uri_san', textOf(labels.source_principal)],
    ['request_id', textOf(labels.request_id)],
    ['route_name', textOf(labels.route_name)],
  ] as const)
    fields.set(name, value === '-' ? '' : (value ?? ''));
  for (const [name, value] of Object.entries(labels)) {
    if (typeof value === 'string' && (name.includes('dry_run') || name.includes('shadow'))) fields.set(name, value);
  }
  return fields;
}

function addressOf(ip: string | null, port: unknown): string | null {
  if (ip === null) return null;
  const number = unsignedOf(port);
  return number === null ? ip : `${ip.includes(':') ? `[${ip}]` : ip}:${number}`;
}

import type { Fields } from './envoy-fields.js';
import { isObject, type JsonObject, listOf, objectOf, textOf, unsignedOf } from './json-value.js';
import { withProtoNames } from './proto-names.js';

/** `ResponseFlags` of `envoy.data.accesslog.v3` by the flag that a text log has for each. */
const flagOf: ReadonlyMap<string, string> = new Map([
  ['failed_local_healthcheck', 'LH'],
  ['no_healthy_upstream', 'UH'],
  ['upstream_request_timeout', 'UT'],
  ['local_reset', 'LR'],
  ['upstream_remote_reset', 'UR'],
  ['upstream_connection_failure', 'UF'],
  ['upstream_connection_termination', 'UC'],
  ['upstream_overflow', 'UO'],
  ['no_route_found', 'NR'],
  ['delay_injected', 'DI'],
  ['fault_injected', 'FI'],
  ['rate_limited', 'RL'],
  ['unauthorized_details', 'UAEX'],
  ['rate_limit_service_error', 'RLSE'],
  ['downstream_connection_termination', 'DC'],
  ['upstream_retry_limit_exceeded', 'URX'],
  ['stream_idle_timeout', 'SI'],
  ['invalid_envoy_request_headers', 'IH'],
  ['downstream_protocol_error', 'DPE'],
  ['upstream_max_stream_duration_reached', 'UMSDR'],
  ['no_filter_config_found', 'NFCF'],
  ['duration_timeout', 'DT'],
  ['upstream_protocol_error', 'UPE'],
  ['no_cluster_found', 'NC'],
  ['overload_manager', 'OM'],
  ['dns_resolution_failure', 'DF'],
  ['downstream_remote_reset', 'DR'],
]);

/**
 * The entries of what Envoy's access log service is sent (`envoy.service.accesslog.v3`, `StreamAccessLogsMessage`), as protobuf JSON
 * with names in either case, or of one entry; empty for every other object.
 */
export function entriesOf(object: JsonObject): readonly JsonObject[] {
  const logs = objectOf(object.http_logs ?? object.httpLogs ?? object.tcp_logs ?? object.tcpLogs);
  const given = logs === null ? [object] : listOf(logs.log_entry ?? logs.logEntry);
  return given.filter(isObject).filter((entry) => isObject(entry.common_properties ?? entry.commonProperties));
}

/** The fields of an entry under the names of the operators of a text log. */
export function fieldsOfEntry(given: JsonObject): Fields {
  const entry = withProtoNames(given, 12);
  const common = objectOf(entry.common_properties) ?? {};
  const request = objectOf(entry.request) ?? {};
  const response = objectOf(entry.response) ?? {};
  const connection = objectOf(entry.connection_properties) ?? {};
  const tls = objectOf(common.tls_properties);
  const peer = objectOf(tls?.peer_certificate_properties);
  const flags = Object.entries(objectOf(common.response_flags) ?? {})
    .filter(([, value]) => value === true || isObject(value))
    .flatMap(([name]) => flagOf.get(name) ?? []);
  const fields = new Map<string, string>();
  for (const [name, value] of [
    ['start_time', textOf(common.start_time)],
    ['method', textOf(request.request_method)],
    ['path', textOf(request.original_path) ?? textOf(request.path)],
    ['authority', textOf(request.authority)],
    ['user_agent', textOf(request.user_agent)],
    ['request_id', textOf(request.request_id)],
    ['x_forwarded_for', textOf(request.forwarded_for)],
    ['protocol', protocolOf(entry.protocol_version)],
    ['response_code', unsignedOf(response.response_code)],
    ['response_code_details', textOf(response.response_code_details)],
    ['connection_termination_details', textOf(common.connection_termination_details)],
    ['upstream_transport_failure_reason', textOf(common.upstream_transport_failure_reason)],
    ['response_flags', flags.join(',') || null],
    ['bytes_received', unsignedOf(connection.received_bytes) ?? unsignedOf(request.request_body_bytes)],
    ['bytes_sent', unsignedOf(connection.sent_bytes) ?? unsignedOf(response.response_body_bytes)],
    [
      'downstream_remote_address',
      addressOf(common.downstream_remote_address ?? common.downstream_direct_remote_address),
    ],
    ['downstream_local_address', addressOf(common.downstream_local_address)],
    ['upstream_host', addressOf(common.upstream_remote_address)],
    ['upstream_local_address', addressOf(common.upstream_local_address)],
    ['upstream_cluster', textOf(common.upstream_cluster)],
    ['route_name', textOf(common.route_name)],
    ['requested_server_name', textOf(tls?.tls_sni_hostname)],
    ['downstream_peer_uri_san', textOf(objectOf(listOf(peer?.subject_alt_name)[0])?.uri)],
  ] as const)
    fields.set(name, value ?? '');
  // A connection has no answer: it ended, and its log says how.
  if (!isObject(entry.request) && !isObject(entry.response)) fields.set('response_code', '0');
  for (const [filter, metadata] of Object.entries(objectOf(objectOf(common.metadata)?.filter_metadata) ?? {})) {
    for (const [name, value] of Object.entries(objectOf(metadata) ?? {})) {
      if (typeof value === 'string') fields.set(`metadata.${filter}.${name}`, value);
    }
  }
  return fields;
}

function protocolOf(version: unknown): string | null {
  if (version === 'HTTP3' || version === 4) return 'HTTP/3';
  const text = textOf(version);
  return text?.startsWith('HTTP') === true ? text.replace(/^HTTP(\d)(\d)?$/, 'HTTP/$1.$2').replace(/\.$/, '') : text;
}

function addressOf(value: unknown): string | null {
  const address = objectOf(value);
  const socket = objectOf(address?.socket_address);
  const ip = textOf(socket?.address);
  if (socket === null || ip === null) {
    const internal = objectOf(address?.envoy_internal_address);
    return textOf(objectOf(address?.pipe)?.path) ?? textOf(internal?.server_listener_name);
  }
  const port = unsignedOf(socket.port_value);
  const host = ip.includes(':') ? `[${ip}]` : ip;
  return port === null ? host : `${host}:${port}`;
}

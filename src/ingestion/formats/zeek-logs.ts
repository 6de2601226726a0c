import type { JsonObject } from './json-value.js';

/** Members that tell logs apart whose JSON names no path (Zeek script reference, `Log::Stream` records). */
const markers: readonly (readonly [path: string, ...members: string[]])[] = [
  ['conn', 'conn_state'],
  ['notice', 'note', 'actions'],
  ['notice', 'note', 'suppress_for'],
  ['weird', 'name', 'notice', 'peer'],
  ['signatures', 'sig_id', 'event_msg'],
  ['smtp', 'uid', 'helo', 'trans_depth'],
  ['ftp', 'uid', 'command', 'reply_code'],
  ['ssh', 'uid', 'auth_attempts'],
  ['ssl', 'uid', 'established', 'resumed'],
  ['files', 'fuid', 'source'],
  ['files', 'fuid', 'tx_hosts'],
  ['x509', 'certificate.serial'],
  ['ocsp', 'hashAlgorithm', 'serialNumber'],
  ['pe', 'compile_ts', 'machine'],
  ['dhcp', 'uids', 'mac'],
  ['dhcp', 'uids', 'msg_types'],
  ['software', 'host', 'software_type'],
  ['known_services', 'host', 'port_num', 'port_proto'],
  ['known_certs', 'host', 'port_num', 'issuer_subject'],
  ['capture_loss', 'peer', 'percent_lost'],
  ['stats', 'peer', 'pkts_proc'],
  ['packet_filter', 'node', 'filter', 'init'],
  ['reporter', 'level', 'location', 'message'],
  ['analyzer', 'cause', 'analyzer_kind'],
  ['telemetry', 'peer', 'metric_type'],
  ['broker', 'ty', 'ev'],
  ['config', 'id', 'old_value', 'new_value'],
];

/** Logs of so few and so common members that only these, and no others, tell them. */
const wholes: ReadonlyMap<string, string> = new Map([
  ['host,ts', 'known_hosts'],
  ['message,node,ts', 'cluster'],
  ['dst,proto,src,ts', 'traceroute'],
]);

/** The path of a log by the members of its record; null where they do not tell. */
export function pathByMembers(object: JsonObject): string | null {
  const marked = markers.find(([, ...members]) => members.every((member) => member in object))?.[0];
  if (marked !== undefined) return marked;
  const names = Object.keys(object);
  return names.length > 4 ? null : (wholes.get(names.toSorted().join(',')) ?? null);
}

/** Protocols of applications that run over TCP alone, whose logs do not name it. */
export const overTcp = /^(?:http|ftp|smtp|ssh|irc|mysql|postgresql|redis|modbus|rfb|ldap|smb_(?:files|mapping|cmd))$/;

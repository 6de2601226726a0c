import type { JsonObject } from './json-value.js';

/** Members that tell logs apart whose JSON names no path and no connection (Zeek script reference, `Log::Stream` records). */
const markers: readonly (readonly [path: string, ...members: string[]])[] = [
  ['conn', 'conn_state'],
  ['notice', 'note', 'actions'],
  ['notice', 'note', 'suppress_for'],
  ['weird', 'name', 'notice', 'peer'],
  ['signatures', 'sig_id', 'event_msg'],
  ['files', 'fuid', 'source'],
  ['x509', 'certificate.serial'],
  ['ocsp', 'hashAlgorithm', 'serialNumber'],
  ['pe', 'compile_ts', 'machine'],
  ['dhcp', 'uids', 'mac'],
  ['software', 'host', 'software_type'],
  ['known_services', 'host', 'port_num', 'port_proto'],
  ['known_certs', 'host', 'port_num', 'issuer_subject'],
  ['capture_loss', 'peer', 'percent_lost'],
  ['stats', 'peer', 'pkts_proc'],
  ['packet_filter', 'node', 'filter', 'init'],
  ['reporter', 'level', 'location', 'message'],
];

/** The path of a log by the members of its record; null where they do not tell. */
export function pathByMembers(object: JsonObject): string | null {
  return markers.find(([, ...members]) => members.every((member) => member in object))?.[0] ?? null;
}

/** Protocols of applications that run over TCP alone, whose logs do not name it. */
export const overTcp = /^(?:http|ftp|smtp|ssh|irc|mysql|postgresql|redis|modbus|rfb|ldap|smb_(?:files|mapping|cmd))$/;

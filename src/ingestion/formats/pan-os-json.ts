import type { JsonObject } from './json-value.js';

/**
 * The names under which Strata Logging Service, and the templates of PAN-OS for HTTP, give as JSON what stands in columns
 * (Palo Alto Networks, "Network Traffic HTTPS Fields"): column, counted from 0, by name. Sessions of all types share these.
 */
const sessionColumns: readonly (readonly [column: number, name: string])[] = [
  [1, 'TimeReceived'],
  [2, 'DeviceSN'],
  [3, 'LogType'],
  [4, 'Subtype'],
  [6, 'TimeGenerated'],
  [7, 'SourceAddress'],
  [8, 'DestinationAddress'],
  [9, 'NATSource'],
  [10, 'NATDestination'],
  [11, 'Rule'],
  [12, 'SourceUser'],
  [13, 'DestinationUser'],
  [14, 'Application'],
  [15, 'VirtualLocation'],
  [16, 'FromZone'],
  [17, 'ToZone'],
  [18, 'InboundInterface'],
  [19, 'OutboundInterface'],
  [22, 'SessionID'],
  [23, 'RepeatCount'],
  [24, 'SourcePort'],
  [25, 'DestinationPort'],
  [29, 'Protocol'],
  [30, 'Action'],
];

const trafficColumns: typeof sessionColumns = [
  [32, 'BytesSent'],
  [33, 'BytesReceived'],
  [35, 'SessionStartTime'],
  [37, 'URLCategory'],
  [39, 'SequenceNo'],
  [44, 'PacketsSent'],
  [45, 'PacketsReceived'],
  [46, 'SessionEndReason'],
  [52, 'DeviceName'],
];
const threatColumns: typeof sessionColumns = [
  [32, 'ThreatID'],
  [33, 'URLCategory'],
  [34, 'Severity'],
  [36, 'SequenceNo'],
  [59, 'DeviceName'],
];

/** Where each fact of a session stands in the JSON form. */
export const sessionMembers = {
  eventTime: '/TimeGenerated',
  'source.ip': '/SourceAddress',
  'destination.ip': '/DestinationAddress',
  'source.port': '/SourcePort',
  'destination.port': '/DestinationPort',
  protocol: '/Protocol',
  verdict: '/Action',
} as const;

/** Is this one of the service's logs about a session? */
export function isSessionObject(object: JsonObject): boolean {
  return (
    /^(?:TRAFFIC|THREAT|URL)$/i.test(String(object['LogType'])) &&
    object['Action'] !== undefined &&
    (object['SourceAddress'] !== undefined || object['DestinationAddress'] !== undefined)
  );
}

/** The log as the columns of the comma-separated form. */
export function columnsOf(object: JsonObject): string[] {
  const type = String(object['LogType']).toUpperCase();
  const columns = [...sessionColumns, ...(type === 'TRAFFIC' ? trafficColumns : threatColumns)];
  const fields = Array.from<string>({ length: 60 }).fill('');
  for (const [column, name] of columns) {
    const value = object[name];
    if (typeof value === 'string' || typeof value === 'number') fields[column] = String(value);
  }
  fields[3] = type;
  return fields;
}

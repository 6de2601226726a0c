import type { CefMessage } from './cef-text.js';
import type { JsonObject } from './json-value.js';

/** Keys of CEF by the columns that Microsoft Sentinel's table CommonSecurityLog has for them. */
const keys: ReadonlyMap<string, string> = new Map([
  ['DeviceAction', 'act'],
  ['SourceIP', 'src'],
  ['SourcePort', 'spt'],
  ['SourceHostName', 'shost'],
  ['SourceUserName', 'suser'],
  ['SourceUserID', 'suid'],
  ['DestinationIP', 'dst'],
  ['DestinationPort', 'dpt'],
  ['DestinationHostName', 'dhost'],
  ['DestinationUserName', 'duser'],
  ['DestinationUserID', 'duid'],
  ['Protocol', 'proto'],
  ['CommunicationDirection', 'deviceDirection'],
  ['DeviceInboundInterface', 'deviceInboundInterface'],
  ['DeviceOutboundInterface', 'deviceOutboundInterface'],
  ['SentBytes', 'out'],
  ['ReceivedBytes', 'in'],
  ['EventCount', 'cnt'],
  ['EventOutcome', 'outcome'],
  ['Reason', 'reason'],
  ['Message', 'msg'],
  ['DeviceName', 'dvchost'],
  ['Computer', 'dvc'],
  ['DeviceExternalID', 'deviceExternalId'],
  ['ExternalID', 'externalId'],
  ['DeviceTimeZone', 'dtz'],
  ['ReceiptTime', 'rt'],
  ['StartTime', 'start'],
  ['EndTime', 'end'],
  ['TimeGenerated', 'TimeGenerated'],
  ['ApplicationProtocol', 'app'],
  ['RequestURL', 'request'],
  ['RequestMethod', 'requestMethod'],
  ['RequestClientApplication', 'requestClientApplication'],
  ['SourceTranslatedAddress', 'sourceTranslatedAddress'],
  ['DestinationTranslatedAddress', 'destinationTranslatedAddress'],
]);
const custom = /^DeviceCustom(String|Number|IPv6Address)(\d)(Label)?$/;
const customKeys: ReadonlyMap<string, string> = new Map([
  ['String', 'cs'],
  ['Number', 'cn'],
  ['IPv6Address', 'c6a'],
]);

/** Where each fact stands in a row. */
export const rowMembers = {
  eventTime: '/ReceiptTime',
  verdict: '/DeviceAction',
  'source.ip': '/SourceIP',
  'source.port': '/SourcePort',
  'destination.ip': '/DestinationIP',
  'destination.port': '/DestinationPort',
  protocol: '/Protocol',
} as const;

/** Is this a row of CommonSecurityLog, in which Microsoft Sentinel keeps CEF messages? */
export function isCefRow(object: JsonObject): boolean {
  return (
    typeof object['DeviceVendor'] === 'string' &&
    typeof object['DeviceProduct'] === 'string' &&
    ['DeviceEventClassID', 'LogSeverity', 'Activity'].some((name) => object[name] !== undefined)
  );
}

/** The message that a row was made from. Epochs that stand for no time are left out. */
export function readCefRow(object: JsonObject): CefMessage {
  const extension = new Map<string, string>();
  const text = (name: string): string => {
    const value = object[name];
    return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  };
  for (const name of Object.keys(object)) {
    const [, kind, number, label = ''] = custom.exec(name) ?? [];
    const key = kind === undefined ? keys.get(name) : `${customKeys.get(kind) ?? ''}${number ?? ''}${label}`;
    const value = text(name);
    if (key !== undefined && value !== '' && !/^1(?:970-01-01|\/1\/1970)/.test(value)) extension.set(key, value);
  }
  for (const pair of text('AdditionalExtensions').split(';')) {
    const equals = pair.indexOf('=');
    const key = pair.slice(0, Math.max(equals, 0)).trim();
    if (key !== '' && !extension.has(key)) extension.set(key, pair.slice(equals + 1).trim());
  }
  return {
    version: '0',
    vendor: text('DeviceVendor'),
    product: text('DeviceProduct'),
    deviceVersion: text('DeviceVersion'),
    signature: text('DeviceEventClassID'),
    name: text('Activity'),
    severity: text('LogSeverity'),
    extension,
  };
}

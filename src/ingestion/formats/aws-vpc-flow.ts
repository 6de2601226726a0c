import type { NormalForm, Normalised, Verdict } from '../normal-form.js';
import { attributesOf } from './attributes.js';
import {
  type Columns,
  columnsOf,
  defaultLayout,
  fieldOfColumn,
  fitsNamed,
  fittingLayout,
  isHeader,
  splitColumns,
} from './aws-vpc-flow-columns.js';
import { chooseTime } from './choose-time.js';
import { endpointOf, portOf } from './endpoint.js';
import { readEpoch, readTimeText } from './event-time.js';
import { flowSummary } from './flow-summary.js';
import { hasPorts, protocolOf } from './ip-protocol.js';
import { type JsonObject, unsignedOf } from './json-value.js';
import { oneLine } from './summary.js';
import { accept, addFlag, emptyRecord, type FormatAdapter, refuse, type Wire } from './wire.js';

/**
 * AWS flow logs of VPCs, subnets, interfaces and transit gateways: one line for each interface, five-tuple and
 * interval, with the fields of any format string (versions 2 to 10). A line does not name its columns: they are what the
 * source is set to, what a header line said, or the default; a record may also be a JSON object with the fields' names.
 */
export const awsVpcFlow: FormatAdapter = { name: 'aws-vpc-flow', version: 2, detect, normalise };

interface Row {
  readonly values: ReadonlyMap<string, string>;
  /** Of a field, where in the record it stands. */
  readonly places: ReadonlyMap<string, string>;
  readonly guessed: boolean;
}

const controlMessage = 'CWL CONTROL MESSAGE';

function detect(wire: Wire): boolean {
  if (wire.object !== null) return isFlowObject(wire.object);
  const { text } = wire;
  return text.startsWith(controlMessage) || isHeader(text) || rowOfLine(wire) !== null || bound(wire);
}

/** A source set to this format is told what is wrong with its line. */
function bound({ context, object }: Wire): boolean {
  return context.format === 'aws-vpc-flow' && object === null;
}

/** Fields that no other format with the addresses of flow logs has. */
const ownFields: ReadonlySet<string | null> = new Set(['action', 'log-status', 'interface-id', 'tgw-id']);

/** One address and a field of flow logs' own, or both addresses and any other field. */
function isFlowObject(object: JsonObject): boolean {
  if (!addressNames.some((name) => name in object)) return false;
  const fields = new Set(Object.keys(object).slice(0, 100).map(fieldOfColumn));
  fields.delete(null);
  if (fields.has('srcaddr') && fields.has('dstaddr') && fields.size > 2) return true;
  return [...fields].some((field) => ownFields.has(field));
}

const addressNames = ['srcaddr', 'dstaddr', 'srcAddr', 'dstAddr', 'src_addr', 'dst_addr', 'SrcAddr', 'DstAddr'];

function normalise(wire: Wire): Normalised {
  const { object, text } = wire;
  if (object !== null) return normaliseRow(rowOfObject(object), wire);
  if (text.startsWith(controlMessage))
    return accept(notice('CloudWatch checks the destination of a subscription', wire));
  if (isHeader(text)) return accept(notice(`Header naming ${splitColumns(text).length} columns of a flow log`, wire));
  const row = rowOfLine(wire);
  if (row !== null) return normaliseRow(row, wire);
  const got = splitColumns(text).length;
  return refuse(
    'invalid_field',
    `expected a flow log record; its ${got} values fit neither the default format nor the source's columns: set columns to the flow log's format string`,
  );
}

function notice(summary: string, wire: Wire): NormalForm {
  const flags: string[] = [];
  const time = chooseTime([], wire, flags);
  return { ...emptyRecord('signal', awsVpcFlow), ...time, summary, flags };
}

function rowOfObject(object: JsonObject): Row {
  const values = new Map<string, string>();
  const places = new Map<string, string>();
  for (const [name, value] of Object.entries(object)) {
    const field = fieldOfColumn(name);
    if (field === null || values.has(field)) continue;
    if (typeof value !== 'string' && typeof value !== 'number') continue;
    values.set(field, String(value));
    places.set(field, `/${name}`);
  }
  return { values, places, guessed: false };
}

/** What CloudWatch's command line and exports put before a line: a time, and the name of the stream; as columns of a query too. */
const exportedPrefix = /^"?\d{4}-\d\d-\d\d[T ][\d:.+Z-]{5,30}"?[ ,](?:eni-\S{1,80} )?"?/;

function rowOfLine(wire: Wire): Row | null {
  const named = wire.context.columns === undefined ? null : columnsOf(wire.context.columns);
  const exported = exportedPrefix.exec(wire.line)?.[0].length ?? 0;
  const texts = exported === 0 ? [wire.text] : [wire.text, wire.line.slice(exported).replace(/"$/, '')];
  for (const text of texts) {
    if (text.length > 8192) continue;
    const values = splitColumns(text);
    if (named !== null && fitsNamed(values, named)) return rowOf(values, named, false);
    const layout = values.length < 6 ? null : fittingLayout(values);
    if (layout !== null) return rowOf(values, layout, layout !== defaultLayout);
  }
  return null;
}

function rowOf(values: readonly string[], columns: Columns, guessed: boolean): Row {
  const found = new Map<string, string>();
  const places = new Map<string, string>();
  columns.forEach((column, at) => {
    if (column === null || found.has(column)) return;
    found.set(column, values[at] ?? '-');
    places.set(column, `column ${at + 1}`);
  });
  return { values: found, places, guessed };
}

const endFields = ['srcaddr', 'dstaddr', 'pkt-srcaddr', 'pkt-dstaddr', 'srcport', 'dstport'];

/** Fields that have a place of their own in the normal form. */
const placed: ReadonlySet<string> = new Set([
  'timestamp',
  'srcaddr',
  'dstaddr',
  'srcport',
  'dstport',
  'protocol',
  'packets',
  'bytes',
  'start',
  'end',
  'action',
  'log-status',
  'tcp-flags',
  'flow-direction',
  'instance-id',
  'tgw-src-eni',
  'tgw-dst-eni',
  'tgw-src-vpc-id',
  'tgw-dst-vpc-id',
]);

function normaliseRow(row: Row, wire: Wire): Normalised {
  const flags: string[] = [];
  const get = (field: string): string | null => {
    const value = row.values.get(field);
    return value === undefined || value === '-' || value === '' ? null : value;
  };
  if (row.guessed) flags.push('columns_guessed');
  const start = timeOf(get('start'), wire, flags);
  const end = timeOf(get('end'), wire, flags);
  const time = chooseTime([start ?? end ?? timeOf(get('timestamp'), wire, flags)], wire, flags);
  const interval = start === null || end === null ? null : { start, end };
  const reporterName = get('interface-id') ?? get('tgw-attachment-id') ?? get('resource-id') ?? get('tgw-id');
  const attributes = attributesOf(
    {
      ...Object.fromEntries(
        [...row.values.keys()].filter((field) => !placed.has(field)).map((field) => [camelCase(field), get(field)]),
      ),
      tcpFlags: tcpFlagsOf(get('tcp-flags')),
    },
    flags,
  );
  const base = { ...time, interval, reporterName, attributes, places: placesOf(row), flags };

  const status = get('log-status')?.toUpperCase() ?? null;
  const lost = status === 'SKIPDATA';
  const what = lost ? 'Flow log records were skipped' : 'No traffic';
  const signal = {
    ...emptyRecord('signal', awsVpcFlow),
    ...base,
    summary: oneLine(`${what} at ${reporterName ?? 'an unknown interface'}${status === null ? '' : ` (${status})`}`),
    reason: status,
    severity: lost ? 4 : null,
    flags: lost ? [...flags, 'records_lost'] : flags,
  };
  const hasEnds = endFields.some((field) => get(field) !== null);
  // A format may leave the ends out; without a decision too there was no flow.
  if (!hasEnds && (lost || status === 'NODATA' || get('action') === null)) {
    return accept({ ...signal, verdictRaw: get('action') });
  }

  const protocol = protocolOf(get('protocol'));
  const ports = hasPorts(protocol);
  const direction = directionOf(get('flow-direction'));
  const verdictRaw = get('action');
  const verdict = verdictOf(verdictRaw, flags);
  const instance = get('instance-id');
  const source = endpointOf(
    {
      ip: get('srcaddr') ?? get('pkt-srcaddr'),
      port: ports ? portOf(get('srcport'), flags) : null,
      instance: get('tgw-src-eni') ?? (direction === 'egress' ? instance : null),
      zone: get('tgw-src-vpc-id') ?? (direction === 'egress' ? get('vpc-id') : null),
    },
    flags,
  );
  const destination = endpointOf(
    {
      ip: get('dstaddr') ?? get('pkt-dstaddr'),
      port: ports ? portOf(get('dstport'), flags) : null,
      instance: get('tgw-dst-eni') ?? (direction === 'ingress' ? instance : null),
      zone: get('tgw-dst-vpc-id') ?? (direction === 'ingress' ? get('vpc-id') : null),
    },
    flags,
  );
  if (direction === 'unknown' && instance !== null) attributes.instanceId = instance;
  const reason = verdict === 'deny' ? get('reject-reason') : null;
  const told = { verdict, source, destination, protocol, direction, isReply: null, reason };
  const bytes = unsignedOf(get('bytes'));
  const packets = unsignedOf(get('packets'));
  const flow: NormalForm = {
    ...emptyRecord('flow', awsVpcFlow),
    ...told,
    ...base,
    summary: flowSummary(told),
    verdictRaw,
    reporter: get('tgw-id') !== null || direction === 'unknown' ? 'device' : direction === 'ingress' ? 'dst' : 'src',
    traffic: bytes === null && packets === null ? null : { bytes, packets, replyBytes: null, replyPackets: null },
  };
  // A line that tells of a flow can say as well that others of its interval were skipped.
  return lost ? accept(flow, signal) : accept(flow);
}

/** Epoch seconds; exports write times as text, in UTC. */
function timeOf(value: string | null, { receivedAt }: Wire, flags: string[]): string | null {
  if (value === null) return null;
  const time = readEpoch(value) ?? readTimeText(value, { zone: 'UTC', receivedAt })?.time ?? null;
  if (time === null) addFlag(flags, 'bad_event_time');
  return time;
}

/** A transit gateway forwards and decides nothing: its records have no action. */
function verdictOf(word: string | null, flags: string[]): Verdict {
  switch (word?.toUpperCase()) {
    case undefined:
      return 'none';
    case 'ACCEPT':
      return 'allow';
    case 'REJECT':
      return 'deny';
    default:
      addFlag(flags, 'unknown_verdict');
      return 'unknown';
  }
}

function directionOf(word: string | null): NormalForm['direction'] {
  return word === 'ingress' || word === 'egress' ? word : 'unknown';
}

const tcpFlagNames = ['FIN', 'SYN', 'RST', 'PSH', 'ACK', 'URG', 'ECE', 'CWR'];

/** The flags of all packets of the interval, one bit each. */
function tcpFlagsOf(value: string | null): string[] | null {
  if (value === null || !/^\d{1,3}$/.test(value)) return null;
  const bits = Number(value);
  return tcpFlagNames.filter((_, bit) => (bits & (1 << bit)) !== 0);
}

function camelCase(field: string): string {
  return field.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

const mainFields: readonly (readonly [main: string, fields: readonly string[]])[] = [
  ['eventTime', ['start', 'end', 'timestamp']],
  ['verdict', ['action']],
  ['source.ip', ['srcaddr', 'pkt-srcaddr']],
  ['source.port', ['srcport']],
  ['destination.ip', ['dstaddr', 'pkt-dstaddr']],
  ['destination.port', ['dstport']],
  ['protocol', ['protocol']],
  ['direction', ['flow-direction']],
];

function placesOf({ places }: Row): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [main, fields] of mainFields) {
    const place = fields.map((field) => places.get(field)).find((text) => text !== undefined);
    if (place !== undefined) found[main] = place;
  }
  return found;
}

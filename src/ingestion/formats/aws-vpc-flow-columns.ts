/**
 * The fields of AWS flow log records (VPC user guide, "Flow log records", versions 2 to 10; Transit Gateway
 * guide, "Transit Gateway Flow Logs records"), and the layouts that are recognised without a header.
 */

const defaultFields =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status';
const transitGatewayFields =
  'version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id tgw-src-vpc-id ' +
  'tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id tgw-dst-az-id ' +
  'tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status type ' +
  'packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags region ' +
  'flow-direction pkt-src-aws-service pkt-dst-aws-service';
/** Examples of the user guide, which many took over as they stand. */
const version3Fields =
  'version vpc-id subnet-id instance-id interface-id account-id type srcaddr dstaddr srcport dstport pkt-srcaddr pkt-dstaddr ' +
  'protocol bytes packets start end action tcp-flags log-status';
const version5Fields = `${version3Fields} region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path`;
/** Every field in the order in which they came about, as the console lists them. */
const extendedFields = `${defaultFields} vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr region az-id sublocation-type sublocation-id pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path`;

/** The same in the order of their names, as some interfaces list them. */
const sortedFields =
  'account-id action az-id bytes dstaddr dstport end flow-direction instance-id interface-id log-status packets ' +
  'pkt-dst-aws-service pkt-dstaddr pkt-src-aws-service pkt-srcaddr protocol region srcaddr srcport start sublocation-id ' +
  'sublocation-type subnet-id tcp-flags traffic-path type version vpc-id';

const ecsFields =
  'ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id ' +
  'ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id';

/** The same fields in the order in which the console adds them. */
const ecsConsoleFields =
  'ecs-cluster-name ecs-cluster-arn ecs-container-instance-id ecs-container-instance-arn ecs-service-name ' +
  'ecs-task-definition-arn ecs-task-id ecs-task-arn ecs-container-id ecs-second-container-id';

const known: ReadonlySet<string> = new Set(
  [defaultFields, transitGatewayFields, extendedFields, ecsFields, 'reject-reason resource-id encryption-status']
    .join(' ')
    .split(' '),
);

/** Names that exports and query tools give the same fields. */
const otherNames: ReadonlyMap<string, string> = new Map([
  ...[...known].map((name) => [name.replaceAll('-', ''), name] as const),
  ['account', 'account-id'],
  ['interface', 'interface-id'],
  // When CloudWatch took the record; queries of it hand it on.
  ['timestamp', 'timestamp'],
  ['starttime', 'start'],
  ['endtime', 'end'],
  ['numpackets', 'packets'],
  ['numbytes', 'bytes'],
  ['sourceaddress', 'srcaddr'],
  ['destinationaddress', 'dstaddr'],
  ['sourceport', 'srcport'],
  ['destinationport', 'dstport'],
  ['status', 'log-status'],
]);

/** The field of a column, whatever hyphens, underscores, case or `${}` its name is written with; null when there is none. */
export function fieldOfColumn(name: string): string | null {
  const plain = name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
  return otherNames.get(plain) ?? null;
}

/** A column by its field; null for a column that is not a flow log's (a time an export adds). */
export type Columns = readonly (string | null)[];

/** Columns that the source or a header line names: `${version} ${srcaddr}`, `version srcaddr`, `version,srcaddr`; null when they are no flow log's. */
export function columnsOf(text: string): Columns | null {
  if (text.startsWith('#') || text.length > 8192) return null;
  const columns = splitColumns(text).map(fieldOfColumn);
  const named = columns.filter((column) => column !== null && column !== 'timestamp').length;
  if (insightsNames.test(text)) return named >= 1 ? columns : null;
  const all = named + (columns.includes('timestamp') ? 1 : 0);
  return all >= 2 && all * 2 > columns.length ? columns : null;
}

/** What CloudWatch Logs Insights names in each of its results, whatever a query makes of the flow log beside it. */
const insightsNames = /(?:^|,)"?@(?:timestamp|ingestionTime|message|log|logStream)"?(?:,|$)/;
const headerNames = /(?:src|dst|source|destination)_?addr|(?:interface|tgw)[-_]?id|log[-_]?status/i;

/** Does this line name columns? Every word that is no field of a flow log must at least look like a name. */
export function isHeader(text: string): boolean {
  if (text.length > 8192 || !(headerNames.test(text) || insightsNames.test(text))) return false;
  const words = splitColumns(text);
  if (!words.every((word) => /^@?[A-Za-z][A-Za-z0-9_-]{1,40}$/.test(word))) return false;
  return columnsOf(text) !== null || words.every((word) => word.startsWith('@'));
}

/** Splits a line at white space, or at commas where it has them; quotes around a value are taken off. */
export function splitColumns(text: string): string[] {
  if (!text.includes(',')) return text.trim().split(/[ \t]+/);
  return text.split(',').map((part) => part.trim().replace(/^"(.*)"$/, '$1'));
}

function layout(fields: string): Columns {
  return fields.split(' ');
}

const layouts: readonly Columns[] = [
  layout(defaultFields),
  layout(transitGatewayFields),
  layout(version3Fields),
  layout(version5Fields),
  layout(extendedFields),
  layout(sortedFields),
  layout(`${extendedFields} ${ecsFields}`),
  layout(`${extendedFields} ${ecsConsoleFields}`),
  layout(`${defaultFields} ${ecsFields}`),
  layout(`${defaultFields} ${ecsConsoleFields}`),
  layout(`${extendedFields} ${ecsFields} reject-reason`),
  layout(`${extendedFields} ${ecsFields} reject-reason resource-id encryption-status`),
  layout(
    'version interface-id account-id vpc-id subnet-id instance-id srcaddr dstaddr srcport dstport protocol tcp-flags type pkt-srcaddr pkt-dstaddr action log-status',
  ),
  layout('instance-id interface-id srcaddr dstaddr pkt-srcaddr pkt-dstaddr'),
];
/** The one that a flow log has when nothing is set; any other had to be guessed. */
export const defaultLayout = layouts[0];

const address = /^(?:-|[0-9.]{7,15}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/;
const number = /^(?:-|\d{1,20})$/;
const valueShapes: ReadonlyMap<string, RegExp> = new Map([
  ['version', /^(?:[2-9]|1\d)$/],
  ['srcaddr', address],
  ['dstaddr', address],
  ['pkt-srcaddr', address],
  ['pkt-dstaddr', address],
  ['protocol', number],
  ['packets', number],
  ['bytes', number],
  ['start', number],
  ['end', number],
  ['tcp-flags', number],
  ['action', /^(?:-|ACCEPT|REJECT)$/i],
  ['log-status', /^(?:-|OK|NODATA|SKIPDATA)$/i],
]);

/** What the values of a field look like; only fields that tell one layout from another. */
const shapes: ReadonlyMap<string, RegExp> = new Map([
  ...valueShapes,
  ['account-id', /^(?:-|unknown|\d{12}|[a-z0-9-]{6,40})$/],
  ['interface-id', /^(?:-|eni-\S{1,40})$/],
  ['instance-id', /^(?:-|i-\S{1,40})$/],
  ['vpc-id', /^(?:-|vpc-\S{1,40})$/],
  ['tgw-id', /^(?:-|tgw-\S{1,40})$/],
  ['ecs-cluster-arn', /^(?:-|arn:\S{1,300})$/],
  ['ecs-task-arn', /^(?:-|arn:\S{1,300})$/],
]);

/** The layout that these values fit, where nothing names their columns. */
export function fittingLayout(values: readonly string[]): Columns | null {
  return layouts.find((columns) => columns.length === values.length && fits(values, columns)) ?? behindDefault(values);
}

/** Fields whose values tell what they are, wherever they stand; of two addresses the source's comes first. */
const tellingShapes: readonly (readonly [field: string, shape: RegExp])[] = [
  ['vpc-id', /^vpc-\S{1,40}$/],
  ['subnet-id', /^subnet-\S{1,40}$/],
  ['instance-id', /^i-\S{1,40}$/],
  ['type', /^(?:IPv4|IPv6|EFA)$/],
  ['pkt-srcaddr', /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/],
  ['pkt-dstaddr', /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)$/],
  ['region', /^[a-z]{2}(?:-[a-z]{2,10}){1,3}-\d$/],
  ['az-id', /^[a-z]{2,6}\d{1,2}-az\d{1,2}$/],
  ['flow-direction', /^(?:ingress|egress)$/],
  ['reject-reason', /^(?:BPA|EC)$/],
];

/** The default format, as most flow logs begin, and fields of the user's choice behind it. */
function behindDefault(values: readonly string[]): Columns | null {
  const begin = layouts[0] ?? [];
  if (values.length <= begin.length || values.length > 80 || !fits(values.slice(0, begin.length), begin)) return null;
  const columns: (string | null)[] = [...begin];
  for (const value of values.slice(begin.length)) {
    columns.push(tellingShapes.find(([field, shape]) => !columns.includes(field) && shape.test(value))?.[0] ?? null);
  }
  return columns;
}

/** Could these values stand in these columns, where only their shapes speak for it? */
export function fits(values: readonly string[], columns: Columns): boolean {
  return haveShapes(values, columns, shapes);
}

/** Could these values stand in columns that the source or a header names? Identifiers are believed whatever they look like. */
export function fitsNamed(values: readonly string[], columns: Columns): boolean {
  return haveShapes(values, columns, valueShapes);
}

function haveShapes(values: readonly string[], columns: Columns, wanted: ReadonlyMap<string, RegExp>): boolean {
  return (
    values.length === columns.length &&
    columns.every((column, at) => wanted.get(column ?? '')?.test(values[at] ?? '') ?? true)
  );
}

import type { ExportedRecord } from './exported-record.js';

const columns = [
  'index',
  'part',
  'source',
  'kind',
  'event_time',
  'received_at',
  'format',
  'verdict',
  'verdict_raw',
  'source_ip',
  'source_port',
  'source_workload',
  'destination_ip',
  'destination_port',
  'destination_workload',
  'protocol',
  'direction',
  'policy',
  'rule',
  'actor',
  'reason',
  'count',
  'native_id',
  'flags',
  'summary',
] as const;

/** Names of the columns, as the first line. */
export const csvHeader = columns.join(',');

/** A record as one line of comma-separated values (RFC 4180). */
export function csvRow(record: ExportedRecord): string {
  const { normalForm: normal } = record;
  const values: Readonly<Record<(typeof columns)[number], string | number | null | undefined>> = {
    index: record.index,
    part: record.part,
    source: record.source,
    kind: record.kind,
    event_time: record.eventTime,
    received_at: record.receivedAt,
    format: normal?.format,
    verdict: normal?.verdict,
    verdict_raw: normal?.verdictRaw,
    source_ip: normal?.source?.ip,
    source_port: normal?.source?.port,
    source_workload: normal?.source?.workload?.key,
    destination_ip: normal?.destination?.ip,
    destination_port: normal?.destination?.port,
    destination_workload: normal?.destination?.workload?.key,
    protocol: normal?.protocol?.name,
    direction: normal?.direction,
    policy: normal?.policies[0]?.name,
    rule: normal?.policies[0]?.rule,
    actor: normal?.actor?.name,
    reason: normal?.reason,
    count: normal?.count,
    native_id: normal?.nativeId,
    flags: normal?.flags.join(' '),
    summary: normal?.summary,
  };
  return columns.map((column) => field(values[column])).join(',');
}

/** Spreadsheets run what begins with these as a formula; an apostrophe before it makes it text. */
const formula = /^[=+\-@\t\r]/;

function field(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  const text = typeof value === 'string' && formula.test(value) ? `'${value}` : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

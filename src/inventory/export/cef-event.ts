import type { ExportedRecord } from './exported-record.js';

/** A record as one line of ArcSight's Common Event Format, `|` and `\` escaped in the header, `=`, `\` and line ends in the pairs. */
export function cefEvent({ index, part, source, kind, eventTime, normalForm }: ExportedRecord): string {
  const header = [
    'CEF:0',
    'Segproof',
    'Segproof',
    '0.1',
    normalForm?.kind ?? kind,
    normalForm?.summary.slice(0, 200) ?? 'Record that could not be read',
    String(severityOf(normalForm?.severity ?? null, normalForm?.verdict ?? null)),
  ];
  const pairs: [string, string | number | null | undefined][] = [
    ['rt', Date.parse(eventTime)],
    ['externalId', `${index}/${part}`],
    ['src', normalForm?.source?.ip],
    ['spt', normalForm?.source?.port],
    ['shost', normalForm?.source?.instance],
    ['dst', normalForm?.destination?.ip],
    ['dpt', normalForm?.destination?.port],
    ['dhost', normalForm?.destination?.instance],
    ['proto', normalForm?.protocol?.name.toUpperCase()],
    ['act', normalForm?.verdict],
    ['suser', normalForm?.actor?.name],
    ['reason', normalForm?.reason],
    ['cnt', normalForm?.count],
    ['deviceDirection', normalForm?.direction === 'ingress' ? 0 : normalForm?.direction === 'egress' ? 1 : null],
    ['dvchost', normalForm?.reporterName],
    ...labelled(1, 'source', source),
    ...labelled(2, 'format', normalForm?.format),
    ...labelled(3, 'policy', normalForm?.policies[0]?.name),
    ...labelled(4, 'rule', normalForm?.policies[0]?.rule),
    ...labelled(5, 'eventTime', eventTime),
  ];
  const extension = pairs.flatMap(([key, value]) =>
    value === null || value === undefined || value === '' ? [] : [`${key}=${escapedValue(String(value))}`],
  );
  return `${header.map((field, at) => (at === 0 ? field : escapedHeader(field))).join('|')}|${extension.join(' ')}`;
}

function labelled(number: number, label: string, value: string | null | undefined): [string, string][] {
  return value === null || value === undefined || value === ''
    ? []
    : [
        [`cs${number}Label`, label],
        [`cs${number}`, value],
      ];
}

function escapedHeader(text: string): string {
  return text.replace(/[\\|]/g, String.raw`\$&`).replace(/[\r\n]+/g, ' ');
}

function escapedValue(text: string): string {
  return text
    .replace(/[\\=]/g, String.raw`\$&`)
    .replaceAll('\r', String.raw`\r`)
    .replaceAll('\n', String.raw`\n`);
}

/** Syslog severity on CEF's scale of 0 to 10; without one a denial counts more than the rest. */
function severityOf(severity: number | null, verdict: string | null): number {
  if (severity !== null) return Math.round(10 - (severity / 7) * 10);
  return verdict === 'deny' ? 5 : 1;
}

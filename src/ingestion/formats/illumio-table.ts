import { isExportedTable } from '../column-header.js';
import { readCsv } from './csv-fields.js';
import { readTimeText, type ReadTime } from './event-time.js';
import type { JsonObject } from './json-value.js';
import type { Wire } from './wire.js';

/** A row of a table exported as comma-separated values, under a line that names its columns; null for any other line. */
export function tableRow({ text, context }: Wire): readonly [name: string, value: string][] | null {
  if (context.columns === undefined || !text.includes(',') || !isExportedTable(context.columns)) return null;
  const names = readCsv(context.columns);
  const values = readCsv(text);
  if (values.length !== names.length) return null;
  return names.flatMap((name, at): [string, string][] => {
    const value = values[at] ?? '';
    return value === '' || name === '__proto__' ? [] : [[name, value]];
  });
}

const portalTime = /^(\d{1,2})\/(\d{1,2})\/(\d{4}), (\d{1,2}):(\d{2}:\d{2}(?:\.\d{1,9})?) ([AP])M$/;

/** The record that a row holds: members of the JSON under their names, and its time, which the portal writes for people. */
export function recordOfRow(
  row: readonly [name: string, value: string][],
  { context, receivedAt }: Wire,
): { readonly object: JsonObject; readonly time: ReadTime | null } {
  const [name = '', value = ''] = row.find(([column]) => /^TimeGenerated\b/.test(column)) ?? [];
  const portal = portalTime.exec(value);
  const [, month = '', day = '', year = '', hour = '', rest = '', half] = portal ?? [];
  const text =
    portal === null ? value : `${year}-${month}-${day} ${(Number(hour) % 12) + (half === 'P' ? 12 : 0)}:${rest}`;
  const zone = name.endsWith('[UTC]') || !name.includes('[') ? 'UTC' : context.zone;
  const time = readTimeText(text, { zone, receivedAt });
  return { object: { ...Object.fromEntries(row), ...(time === null ? {} : { TimeGenerated: time.time }) }, time };
}

import { iso270012022 } from '../catalogs/iso-27001-2022.js';
import { nistSp800207 } from '../catalogs/nist-sp-800-207.js';
import type { Mapping, MappingRow } from '../model.js';
import { iso270012022Rows } from './iso-27001-2022.js';
import { nistSp800207Rows } from './nist-sp-800-207.js';

/** Raised whenever a row is added, removed or judged otherwise; printed in every report. */
export const mappingVersion = '2026.1';

function rows(frameworkId: string, table: readonly MappingRow[]): Mapping[] {
  return table.map((row) => ({ ...row, frameworkId, version: mappingVersion }));
}

/**
 * All rows from our controls to requirements, many to many. A requirement with several direct rows is decided by all
 * of them together, each for the part its rationale names.
 */
export const mappings: readonly Mapping[] = [
  ...rows(nistSp800207.id, nistSp800207Rows),
  ...rows(iso270012022.id, iso270012022Rows),
];

import type { Citation } from '../../controls/model.js';
import type { CrossReferences } from './cross-references.js';
import type { Sheet } from './sheet.js';
import { drawTable } from './table.js';
import { styles } from './theme.js';
import { count, counted, shortened, spaced, timeInUtcColumn } from './wording.js';

/** Rows printed in one table of records; the package holds all of them. */
const printedRecords = 200;

/** Records behind a result, each once and in index order: where it is in the log, when, whence, and its shortened digest. */
export function drawRecords(
  sheet: Sheet,
  citations: readonly Citation[],
  references: CrossReferences,
  headingTag: 'H2' | 'H3' = 'H3',
): void {
  const cited = new Map(citations.map((citation) => [citation.index, citation]));
  const rows = [...cited.values()].sort((a, b) => a.index - b.index);
  const printed = rows.slice(0, printedRecords);
  sheet.subheading(`Records (${count(rows.length)})`, 60, headingTag);
  drawTable(sheet, {
    empty: 'No record is cited.',
    rows: printed,
    columns: [
      {
        title: 'Index',
        share: 0.105,
        align: 'right',
        cell: (row) => ({ text: String(row.index), style: styles.cellStrong }),
      },
      { title: 'Time (UTC)', share: 0.125, cell: (row) => timeInUtcColumn(row.eventTime) },
      { title: 'Source', share: 0.17, cell: (row) => references.record(row.index)?.source ?? '–' },
      { title: 'Kind', share: 0.1, cell: (row) => spaced(references.record(row.index)?.kind ?? '–') },
      {
        title: 'Digest',
        share: 0.13,
        cell: (row) => ({ text: shortened(references.record(row.index)?.leafHash ?? '–'), style: styles.cellCode }),
      },
      { title: 'What it shows', share: 0.37, cell: (row) => row.summary },
    ],
  });
  if (printed.length < rows.length) {
    sheet.paragraph(
      `The first ${count(printed.length)} of ${counted(rows.length, 'record')} are printed; the package holds all of them.`,
      styles.note,
    );
  }
}

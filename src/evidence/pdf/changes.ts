import type { Citation } from '../../controls/model.js';
import type { ReportModel } from '../report-model.js';
import type { CrossReferences } from './cross-references.js';
import { drawRecords } from './records-table.js';
import type { Sheet } from './sheet.js';
import { drawTable } from './table.js';
import { colours, styles } from './theme.js';
import { counted, plannedTime, spaced, timeInUtcColumn } from './wording.js';

/** Chapter 5: the changes of the period, who asked, who approved, and the records that carried them out. */
export function drawChanges(sheet: Sheet, model: ReportModel, references: CrossReferences): void {
  sheet.chapter('5 Changes', 'chapter-5');
  const unauthorised = model.unauthorisedChanges.length;
  sheet.paragraph(
    `${counted(model.changes.length, 'registered change')} ${model.changes.length === 1 ? 'touches' : 'touch'} the period.` +
      (unauthorised > 0
        ? ` ${counted(unauthorised, 'policy change')} without an approved change ${unauthorised === 1 ? 'is' : 'are'} listed in chapter 1.`
        : ' No policy change without an approved change was found.') +
      ' The last column gives the entries of the log that hold its proposal and review, and those that carried it out.',
    styles.body,
    { after: 12 },
  );
  drawTable(sheet, {
    empty: 'No change was registered.',
    rows: model.changes,
    columns: [
      {
        title: 'Change',
        share: 0.215,
        cell: (row) => ({
          text: [{ text: row.title, destination: null, detail: row.id }],
        }),
      },
      {
        title: 'State',
        share: 0.11,
        cell: (row) => ({
          text: spaced(row.state),
          style: row.state === 'rejected' ? { ...styles.cellStrong, colour: colours.notSatisfied } : styles.cellStrong,
        }),
      },
      { title: 'Requester', share: 0.185, cell: (row) => named(row.requester, row.proposedAt) },
      {
        title: 'Reviewer',
        share: 0.185,
        cell: (row) => (row.approver === null ? 'nobody' : named(row.approver, row.approvedAt)),
      },
      {
        title: 'Window (UTC)',
        share: 0.17,
        cell: (row) => `${plannedTime(row.windowFrom)}\nto ${plannedTime(row.windowTo)}`,
      },
      {
        title: 'Entries',
        share: 0.135,
        cell: (row) => `Registered: ${indexList(row.recorded)}\nCarried out: ${indexList(row.carriedOut)}`,
      },
    ],
  });
  const carriedOut = model.changes.flatMap((change) => change.carriedOut);
  const unapproved = model.unauthorisedChanges.map(({ index, eventTime, author, action, policy }) => ({
    index,
    eventTime,
    summary: `Without approval: ${author}, ${spaced(action)} of ${policy}`,
  }));
  const acts = model.changes.flatMap((change) =>
    change.recorded.map((citation) => ({ ...citation, summary: `${change.title}: ${citation.summary}` })),
  );
  const cited = [...acts, ...carriedOut, ...unapproved];
  if (cited.length > 0) drawRecords(sheet, cited, references, 'H2');
}

function named(person: string, at: string | null): string {
  return at === null ? person : `${person}\n${timeInUtcColumn(at)}`;
}

function indexList(citations: readonly Citation[]): string {
  return citations.length === 0 ? 'none' : citations.map((citation) => String(citation.index)).join(', ');
}

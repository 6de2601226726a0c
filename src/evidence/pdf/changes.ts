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
    `${counted(model.changes.length, 'registered change')} touch the period.` +
      (unauthorised > 0
        ? ` ${counted(unauthorised, 'policy change')} without an approved change ${unauthorised === 1 ? 'is' : 'are'} listed in chapter 1.`
        : ' No policy change without an approved change was found.') +
      ' The last column gives the index of each entry that carried the change out.',
    styles.body,
    { after: 12 },
  );
  drawTable(sheet, {
    empty: 'No change was registered.',
    rows: model.changes,
    columns: [
      {
        title: 'Change',
        share: 0.245,
        cell: (row) => ({
          text: [{ text: row.title, destination: null, detail: row.id }],
        }),
      },
      {
        title: 'State',
        share: 0.115,
        cell: (row) => ({
          text: spaced(row.state),
          style: row.state === 'rejected' ? { ...styles.cellStrong, colour: colours.notSatisfied } : styles.cellStrong,
        }),
      },
      { title: 'Requester', share: 0.19, cell: (row) => named(row.requester, row.proposedAt, row.proposedIndex) },
      {
        title: 'Approver',
        share: 0.19,
        cell: (row) => (row.approver === null ? 'nobody' : named(row.approver, row.approvedAt, row.reviewedIndex)),
      },
      {
        title: 'Window (UTC)',
        share: 0.165,
        cell: (row) => `${plannedTime(row.windowFrom)}\nto ${plannedTime(row.windowTo)}`,
      },
      {
        title: 'Records',
        share: 0.095,
        cell: (row) =>
          row.carriedOut.length === 0
            ? 'none seen'
            : row.carriedOut.map((citation) => String(citation.index)).join(', '),
      },
    ],
  });
  const carriedOut = model.changes.flatMap((change) => change.carriedOut);
  const unapproved = model.unauthorisedChanges.map(({ index, eventTime, author, action, policy }) => ({
    index,
    eventTime,
    summary: `Without approval: ${author}, ${spaced(action)} of ${policy}`,
  }));
  const acts = model.changes.flatMap((change) => [
    ...actOf(change.proposedIndex, change.proposedAt, `Proposed by ${change.requester}: ${change.title}`),
    ...actOf(
      change.reviewedIndex,
      change.approvedAt,
      `${change.state} by ${change.approver ?? 'nobody'}: ${change.title}`,
    ),
  ]);
  const cited = [...acts, ...carriedOut, ...unapproved];
  if (cited.length > 0) drawRecords(sheet, cited, references);
}

/** The entry of a proposal or review as a citation; none where the report does not name the entry. */
function actOf(index: number | null | undefined, at: string | null, summary: string): Citation[] {
  return index === null || index === undefined ? [] : [{ index, eventTime: at ?? '–', summary }];
}

/** Who, when, and the entry of the log that holds the act. */
function named(person: string, at: string | null, index: number | null | undefined): string {
  const when = at === null ? '' : `\n${timeInUtcColumn(at)}`;
  return index === null || index === undefined ? `${person}${when}` : `${person}${when}\nentry ${index}`;
}

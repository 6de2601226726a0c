import type { ResultWord } from '../../controls/model.js';
import type { ReportModel } from '../report-model.js';
import type { CrossReferences } from './cross-references.js';
import { resultTotals } from './cover.js';
import type { Sheet } from './sheet.js';
import { drawTable, resultCell } from './table.js';
import { colours, styles } from './theme.js';
import { count, counted, percentage, spaced, timeInUtcColumn } from './wording.js';

/** Chapter 1: what needs attention, worst first, and the totals the rest of the report adds up to. */
export function drawSummary(sheet: Sheet, model: ReportModel, references: CrossReferences): void {
  sheet.chapter('1 Summary', 'chapter-1');
  sheet.paragraph(summarySentence(model), styles.lead, { after: 14 });
  drawAttention(sheet, model, references);
  drawTotals(sheet, model);
}

function summarySentence(model: ReportModel): string {
  const { totals } = model;
  const judged = totals.satisfied + totals.notSatisfied;
  const parts = [
    `Of ${counted(totals.requirements, 'requirement')} the evidence supports ${count(totals.satisfied)} and speaks against ${count(totals.notSatisfied)}.`,
    `${count(totals.notAssessed)} ${totals.notAssessed === 1 ? 'is' : 'are'} not assessed and ${count(totals.notApplicable)} not applicable, so ${percentage(judged, totals.requirements)} of the framework is judged here.`,
    `${counted(totals.recordsInPeriod, 'record')} fell into the period; ${counted(totals.recordsIncluded, 'record')} ${totals.recordsIncluded === 1 ? 'is' : 'are'} cited and included in the package.`,
  ];
  return parts.join(' ');
}

function drawAttention(sheet: Sheet, model: ReportModel, references: CrossReferences): void {
  sheet.heading('What needs attention', 'attention', 90);

  if (!model.log.verified || model.log.problems.length > 0) {
    sheet.subheading('The log did not verify');
    for (const problem of model.log.problems) {
      sheet.paragraph(problem, { ...styles.body, colour: colours.notSatisfied }, { after: 3 });
    }
    if (model.log.problems.length === 0) {
      sheet.paragraph('No single problem was named.', { ...styles.body, colour: colours.notSatisfied }, { after: 3 });
    }
    sheet.space(8);
  }

  const unauthorised = model.unauthorisedChanges;
  sheet.subheading(`Policy changes without an approved change (${count(unauthorised.length)})`, 60);
  drawTable(sheet, {
    empty: 'None: every policy change seen in the period carries out an approved change.',
    rows: unauthorised,
    tone: colours.notSatisfied,
    columns: [
      {
        title: 'Index',
        share: 0.09,
        align: 'right',
        cell: (row) => ({ text: String(row.index), style: styles.cellStrong }),
      },
      { title: 'Time (UTC)', share: 0.12, cell: (row) => timeInUtcColumn(row.eventTime) },
      { title: 'Author', share: 0.19, cell: (row) => row.author },
      { title: 'Action', share: 0.09, cell: (row) => spaced(row.action) },
      { title: 'Policy', share: 0.2, cell: (row) => row.policy },
      { title: 'Why it counts as unauthorised', share: 0.31, cell: (row) => row.explanation },
    ],
  });

  const failed = model.requirements.filter((requirement) => requirement.result === 'not_satisfied');
  sheet.subheading(`Requirements not satisfied (${count(failed.length)})`, 60);
  drawTable(sheet, {
    empty: 'None.',
    rows: failed,
    columns: [
      { title: 'Requirement', share: 0.12, cell: (row) => ({ text: row.displayId, style: styles.cellStrong }) },
      { title: 'Title', share: 0.28, cell: (row) => row.title },
      { title: 'Reason', share: 0.42, cell: (row) => row.reason },
      {
        title: 'Controls',
        share: 0.18,
        cell: (row) => ({
          text: row.controls.map(({ controlId }) => ({
            text: controlId,
            destination: references.controlDestination(controlId),
          })),
        }),
      },
    ],
  });

  const quiet = model.sources.filter((source) => source.silent || source.rejected > 0);
  sheet.subheading(`Sources that were silent or sent records nobody could read (${count(quiet.length)})`, 40);
  if (quiet.length === 0) {
    sheet.paragraph('None.', styles.note, { after: 12 });
  } else {
    for (const source of quiet) {
      const faults = [
        ...(source.silent ? ['was silent longer than is normal for it'] : []),
        ...(source.rejected > 0 ? [`sent ${counted(source.rejected, 'record')} that could not be read`] : []),
      ];
      sheet.paragraph(`${source.name} ${faults.join(' and ')} (chapter 6).`, styles.body, { after: 2 });
    }
    sheet.space(10);
  }
}

function drawTotals(sheet: Sheet, model: ReportModel): void {
  const totals = resultTotals(model);
  const words: readonly ResultWord[] = ['satisfied', 'not_satisfied', 'not_applicable', 'not_assessed'];
  sheet.heading('Totals', 'totals', 110);
  drawTable(sheet, {
    empty: 'The framework has no requirements.',
    rows: words.map((result) => ({
      result,
      requirements: totals[result],
      controls: model.controls.filter((control) => control.result === result).length,
    })),
    columns: [
      { title: 'Result', share: 0.34, cell: (row) => resultCell(row.result) },
      { title: 'Requirements', share: 0.22, align: 'right', cell: (row) => count(row.requirements) },
      {
        title: 'Share of the framework',
        share: 0.22,
        align: 'right',
        cell: (row) => percentage(row.requirements, model.totals.requirements),
      },
      { title: 'Controls', share: 0.22, align: 'right', cell: (row) => count(row.controls) },
    ],
  });
  const sum = Object.values(totals).reduce((total, value) => total + value, 0);
  sheet.paragraph(
    `The four results add up to ${count(sum)} of the ${counted(model.totals.requirements, 'requirement')} of the framework and to ${counted(model.controls.length, 'control')}.`,
    styles.note,
    { after: 12 },
  );

  sheet.subheading('Records in the period', 80);
  drawTable(sheet, {
    empty: 'No record fell into the period.',
    rows: Object.entries(model.totals.recordsByKind).sort(([a], [b]) => (a < b ? -1 : 1)),
    columns: [
      { title: 'Kind', share: 0.56, cell: ([kind]) => spaced(kind) },
      { title: 'Records', share: 0.22, align: 'right', cell: ([, records]) => count(records) },
      {
        title: 'Share',
        share: 0.22,
        align: 'right',
        cell: ([, records]) => percentage(records, model.totals.recordsInPeriod),
      },
    ],
  });
  sheet.paragraph(
    `${counted(model.totals.recordsInPeriod, 'record')} in all. ${counted(model.totals.flowsInScope, 'flow')} touched a segment in scope. ` +
      `${counted(model.totals.rejectedInPeriod, 'record')} arrived in the period that could not be read; they are kept with the reason.`,
    styles.note,
  );
}

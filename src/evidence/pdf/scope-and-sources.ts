import type { ReportModel } from '../report-model.js';
import type { Sheet } from './sheet.js';
import { drawTable } from './table.js';
import { colours, styles } from './theme.js';
import { count, counted, duration, spaced, timeInUtcColumn } from './wording.js';

/** Chapter 2: the segments the report speaks of. */
export function drawScope(sheet: Sheet, model: ReportModel): void {
  const { segments } = model.scope;
  sheet.chapter('2 Scope', 'chapter-2');
  const workloads = segments.reduce((sum, segment) => sum + segment.workloads, 0);
  sheet.paragraph(
    `${model.scope.estate ? 'The whole estate' : 'Part of the estate'}: ${counted(segments.length, 'segment')} with ${counted(workloads, 'workload')} observed.`,
    styles.lead,
    { after: 12 },
  );
  drawTable(sheet, {
    empty: 'No segment was in scope.',
    rows: segments,
    columns: [
      { title: 'Segment', share: 0.34, cell: (row) => ({ text: row.name, style: styles.cellStrong }) },
      { title: 'Owner', share: 0.28, cell: (row) => row.owner },
      { title: 'Criticality', share: 0.13, cell: (row) => spaced(row.criticality) },
      { title: 'Phase', share: 0.13, cell: (row) => spaced(row.phase) },
      { title: 'Workloads', share: 0.12, align: 'right', cell: (row) => count(row.workloads) },
    ],
  });
}

/** Chapter 6: where the records came from, and how complete they are. */
export function drawSources(sheet: Sheet, model: ReportModel): void {
  sheet.chapter('6 Sources and completeness', 'chapter-6');
  const silent = model.sources.filter((source) => source.silent).length;
  sheet.paragraph(
    `${counted(model.sources.length, 'source')} ${model.sources.length === 1 ? 'is' : 'are'} registered; ${count(silent)} of them ${silent === 1 ? 'was' : 'were'} silent longer than is normal. ` +
      'A gap is the longest time between two events of a source within the period.',
    styles.body,
    { after: 12 },
  );
  drawTable(sheet, {
    empty: 'No source is known.',
    rows: model.sources,
    columns: [
      { title: 'Source', share: 0.28, cell: (row) => ({ text: row.name, style: styles.cellStrong }) },
      { title: 'Received', share: 0.13, align: 'right', cell: (row) => count(row.received) },
      { title: 'Rejected', share: 0.11, align: 'right', cell: (row) => count(row.rejected) },
      {
        title: 'Last event (UTC)',
        share: 0.19,
        cell: (row) => (row.lastEventTime === null ? 'none' : timeInUtcColumn(row.lastEventTime)),
      },
      {
        title: 'Longest gap',
        share: 0.13,
        align: 'right',
        cell: (row) => (row.longestGapSeconds === null ? '–' : duration(row.longestGapSeconds)),
      },
      {
        title: 'State',
        share: 0.16,
        cell: (row) =>
          row.silent
            ? { text: 'silent', style: { ...styles.cellStrong, colour: colours.notSatisfied } }
            : { text: row.received === 0 ? 'nothing received' : 'as expected' },
      },
    ],
  });
  sheet.paragraph(
    `Received ${counted(
      model.sources.reduce((sum, source) => sum + source.received, 0),
      'record',
    )}, rejected ${counted(
      model.sources.reduce((sum, source) => sum + source.rejected, 0),
      'record',
    )} over all sources.`,
    styles.note,
  );
}

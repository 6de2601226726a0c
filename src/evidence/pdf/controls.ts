import type { Citation, Observation } from '../../controls/model.js';
import type { ReportedControl, ReportModel } from '../report-model.js';
import type { CrossReferences } from './cross-references.js';
import { drawResultMark } from './marks.js';
import { drawRecords } from './records-table.js';
import type { Sheet } from './sheet.js';
import { drawTable } from './table.js';
import { colours, page, resultColours, resultNames, styles } from './theme.js';
import { count, counted } from './wording.js';

/** Indices printed beside an observation; the table of records below has all. */
const listedIndices = 8;

/** Chapter 4: each control with its question, method, result, what was observed and the records behind it. */
export function drawControls(sheet: Sheet, model: ReportModel, references: CrossReferences): void {
  sheet.chapter('4 Results by control', 'chapter-4');
  sheet.paragraph(
    `${counted(model.controls.length, 'control')} asked their question of the first ${counted(model.log.size, 'entry', 'entries')} of the log. ` +
      'Digests are leaf hashes, shortened; records.ndjson and proofs.ndjson have them in full.',
    styles.body,
    { after: 12 },
  );
  if (model.controls.length === 0) sheet.paragraph('No control was run.', styles.note);
  for (const control of model.controls) drawControl(sheet, control, references);
}

function drawControl(sheet: Sheet, control: ReportedControl, references: CrossReferences): void {
  const destination = references.controlDestination(control.controlId);
  if (destination === null) throw new Error(`control ${control.controlId} is not one of the report's controls`);
  sheet.heading(control.title, destination, 190);

  const { type } = sheet;
  const colour = resultColours[control.result];
  const middle = sheet.y + styles.body.leading / 2;
  sheet.decoration(() => drawResultMark(sheet.doc, control.result, page.left + 92 + 4.6, middle, 9.2));
  sheet.tagged('P', () => {
    type.draw('Result', page.left, sheet.y, styles.label);
    type.draw(resultNames[control.result], page.left + 92 + 14, sheet.y, { ...styles.strong, colour });
  });
  sheet.y += styles.body.leading + 2.5;
  sheet.labelled('Control', control.controlId);
  sheet.labelled('Reason', control.reason);
  sheet.labelled('Question', control.question);
  sheet.labelled('Method', control.method);
  sheet.labelled('Examined', `${count(control.examined)}, of which ${count(control.passed)} passed`);
  const requirements = references.requirementsOf(control.controlId);
  sheet.labelled(
    'Evidence for',
    requirements.length === 0 ? 'no requirement of this framework' : requirements.map(unbroken).join(', '),
  );
  sheet.space(6);

  if (control.observations.length > 0) {
    sheet.subheading(`Observations (${count(control.observations.length)})`, 60);
    drawObservations(sheet, control.observations);
  }
  drawCited(sheet, control, references);
  sheet.space(10);
}

/** An id that stays on one line: `PSB 3.50` does not end a line after `PSB`. */
function unbroken(id: string): string {
  return id.replaceAll(' ', '\u00a0');
}

const severityColours = {
  critical: colours.notSatisfied,
  high: colours.notSatisfied,
  medium: colours.notAssessed,
  low: colours.muted,
  info: colours.muted,
} as const satisfies Record<Observation['severity'], string>;

function drawObservations(sheet: Sheet, observations: readonly Observation[]): void {
  drawTable(sheet, {
    empty: 'Nothing was observed.',
    rows: observations,
    columns: [
      {
        title: 'Severity',
        share: 0.1,
        cell: (row) => ({ text: row.severity, style: { ...styles.cellStrong, colour: severityColours[row.severity] } }),
      },
      { title: 'About', share: 0.24, cell: (row) => row.subject },
      { title: 'Observed', share: 0.44, cell: (row) => row.statement },
      { title: 'Records', share: 0.22, cell: (row) => indexList(row.citations) },
    ],
  });
}

function indexList(citations: readonly Citation[]): string {
  if (citations.length === 0) return '–';
  const listed = citations.slice(0, listedIndices).map((citation) => String(citation.index));
  const rest = citations.length - listed.length;
  return rest > 0 ? `${listed.join(', ')} and ${count(rest)} more` : listed.join(', ');
}

function drawCited(sheet: Sheet, control: ReportedControl, references: CrossReferences): void {
  const observed = control.observations.flatMap((observation) => observation.citations);
  drawRecords(sheet, [...observed, ...control.citations], references);
  if (control.citedTotal > control.citations.length) {
    sheet.paragraph(
      `${counted(control.citedTotal, 'record')} in the log support this result; ${control.citations.length === 1 ? '1 is cited as an example' : `${count(control.citations.length)} are cited as examples`}.`,
      styles.note,
    );
  }
}

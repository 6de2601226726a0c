import { hash } from 'node:crypto';
import type { ResultWord } from '../../controls/model.js';
import type { ReportModel } from '../report-model.js';
import { drawResultBar, drawResultMark, drawSign } from './marks.js';
import type { Sheet } from './sheet.js';
import { colours, contentBottom, contentWidth, page, resultColours, resultNames, styles } from './theme.js';
import { count, counted, period, time } from './wording.js';

/** Height of the block that says how to verify and what the report is not. */
const closingHeight = 128;

const order: readonly ResultWord[] = ['satisfied', 'not_satisfied', 'not_applicable', 'not_assessed'];

/** Results by word, as the totals of the model give them. */
export function resultTotals(model: ReportModel): Record<ResultWord, number> {
  return {
    satisfied: model.totals.satisfied,
    not_satisfied: model.totals.notSatisfied,
    not_applicable: model.totals.notApplicable,
    not_assessed: model.totals.notAssessed,
  };
}

/**
 * Fingerprint of a verifier key: SHA-256 of its text in hex, in groups of eight digits, as
 * `printf %s "$KEY" | sha256sum` prints it.
 */
export function keyFingerprint(verifierKey: string): string {
  return hash('sha256', verifierKey, 'hex').replace(/(.{8})(?!$)/gu, '$1 ');
}

/** What an auditor asks first, on one page: who, what, when, with which result, and how to check it. */
export function drawCover(sheet: Sheet, model: ReportModel): void {
  const { doc, type } = sheet;
  sheet.decoration(() => {
    drawSign(doc, page.left, 46, 15, colours.accent);
    sheet.rule(page.left, 74, contentWidth);
  });
  sheet.tagged('P', () => {
    type.draw('Segproof', page.left + 22, 44.5, { ...styles.heading, leading: 18 });
    const kind = 'Evidence report';
    const style = { ...styles.body, colour: colours.muted, leading: 18 };
    type.draw(kind, page.width - page.right - type.width(kind, style), 44.5, style);
  });

  sheet.y = 118;
  const titleLines = type.lines(model.title, styles.title, contentWidth);
  const shownTitle = titleLines.length <= 3 ? titleLines : titleLines.slice(0, 2);
  // A title that would crowd out the page ends in an ellipsis; page 2 has it in full.
  if (shownTitle.length < titleLines.length) {
    shownTitle.push(type.fitted(titleLines.slice(2).join(' '), styles.title, contentWidth));
  }
  sheet.tagged('H1', () => type.drawLines(shownTitle, page.left, sheet.y, styles.title));
  sheet.y += shownTitle.length * styles.title.leading + 4;
  const { framework } = model;
  sheet.paragraph(`${framework.title}, version ${framework.version} (${framework.publisher})`, styles.subtitle, {
    after: 22,
  });

  sheet.labelled('Period', `${period(model.period)} (end excluded)`);
  sheet.labelled('Scope', scopeText(sheet, model));
  sheet.labelled('Asked for by', `${model.requestedBy}, ${time(model.requestedAt)}`);
  sheet.labelled('Report', model.reportId, { ...styles.code, size: 8.2, leading: styles.body.leading });

  sheet.space(18);
  drawResults(sheet, model);
  drawAttention(sheet, model);
  drawLog(sheet, model);

  sheet.ensure(closingHeight);
  // The closing block stands at the foot of the page.
  sheet.y = Math.max(sheet.y, contentBottom - closingHeight);
  sheet.subheading('Verify this report without asking anybody', 40, 'H2');
  sheet.paragraph(
    'The report comes in a package with the cited records, their proofs and the signed state of the log. ' +
      'With the package and the verifier key, obtained from the operator by a way you trust, this command checks all of it offline:',
    styles.note,
    { after: 4 },
  );
  sheet.code('segproof verify PACKAGE.zip --key VERIFIER-KEY');

  sheet.paragraph(
    'This report says what the records in the log support for the period and scope above. ' +
      'It is no certificate and no audit opinion; the judgement is the auditor’s.',
    styles.note,
  );
}

function scopeText(sheet: Sheet, model: ReportModel): string {
  const names = model.scope.segments.map((segment) => segment.name);
  const segments = counted(names.length, 'segment');
  const head = model.scope.estate ? `The whole estate: ${segments}` : segments;
  const room = (contentWidth - 92) * 2.6;
  const listed: string[] = [];
  for (const name of names) {
    const width = sheet.type.width(sheet.type.prepare([...listed, name].join(', '), 'body'), styles.body);
    if (width > room) break;
    listed.push(name);
  }
  const rest = names.length - listed.length;
  if (names.length === 0) return head;
  if (listed.length === 0) return `${head}, listed in chapter 2`;
  return `${head}: ${listed.join(', ')}${rest > 0 ? ` and ${count(rest)} more (chapter 2)` : ''}`;
}

function drawResults(sheet: Sheet, model: ReportModel): void {
  const { doc, type } = sheet;
  const totals = resultTotals(model);
  const top = sheet.y;
  const caption = `${counted(model.totals.requirements, 'requirement')}, judged by ${counted(model.totals.controls, 'control')}`;
  sheet.tagged('P', () => type.draw(caption, page.left, top, styles.strong));
  const barTop = top + 17;
  const words = order.map((result) => `${count(totals[result])} ${resultNames[result]}`).join(', ');
  const figure = sheet.element('Figure', {
    alt: `Bar of the results of ${counted(model.totals.requirements, 'requirement')}: ${words}.`,
    bbox: [page.left, barTop, page.left + contentWidth, barTop + 11],
    placement: 'Block',
  });
  figure.add(() => drawResultBar(doc, totals, { x: page.left, y: barTop, width: contentWidth, height: 11 }));
  figure.end();

  const column = contentWidth / order.length;
  const rowTop = barTop + 18;
  order.forEach((result, at) => {
    const x = page.left + at * column;
    sheet.decoration(() => drawResultMark(doc, result, x + 6, rowTop + styles.figure.leading / 2, 12));
    sheet.tagged('P', () => {
      type.draw(count(totals[result]), x + 17, rowTop, { ...styles.figure, colour: resultColours[result] });
      type.draw(resultNames[result], x + 17, rowTop + styles.figure.leading - 1, styles.body);
    });
  });
  sheet.y = rowTop + styles.figure.leading + styles.body.leading + 13;
}

function drawAttention(sheet: Sheet, model: ReportModel): void {
  const unauthorised = model.unauthorisedChanges.length;
  const statements: string[] = [];
  if (!model.log.verified) statements.push('The log did not verify when the report was made: read chapter 7 first.');
  if (unauthorised > 0) {
    statements.push(
      `${counted(unauthorised, 'policy change')} in the period ${unauthorised === 1 ? 'has' : 'have'} no approved change behind ${unauthorised === 1 ? 'it' : 'them'}: see chapter 1.`,
    );
  }
  const alarm = statements.length > 0;
  const text = alarm
    ? statements.join(' ')
    : 'Every policy change seen in the period carries out an approved change, and the log verified.';
  const style = { ...styles.strong, colour: alarm ? colours.notSatisfied : colours.ink };
  const lines = sheet.type.lines(text, style, contentWidth - 24);
  const height = lines.length * style.leading + 14;
  sheet.ensure(height);
  sheet.decoration(() => {
    sheet.doc.rect(page.left, sheet.y, contentWidth, height).fill(alarm ? colours.alarmPanel : colours.panel);
    sheet.doc.rect(page.left, sheet.y, 2.4, height).fill(alarm ? colours.notSatisfied : colours.satisfied);
  });
  sheet.tagged('P', () => sheet.type.drawLines(lines, page.left + 13, sheet.y + 7, style));
  sheet.y += height + 20;
}

function drawLog(sheet: Sheet, model: ReportModel): void {
  const { log } = model;
  const code = { ...styles.code, leading: styles.body.leading };
  sheet.subheading('The log this rests on', 80, 'H2');
  sheet.labelled('Log', log.origin);
  sheet.labelled(
    'Entries',
    `${count(log.size)}, ${log.verified ? 'verified' : 'verification FAILED'} ${time(log.verifiedAt)}`,
  );
  sheet.labelled('Root hash', log.rootHash, code);
  sheet.labelled('Key fingerprint', keyFingerprint(log.verifierKey), code);
  sheet.space(8);
}

import type { ResultWord } from '../../controls/model.js';
import type { ReportModel } from '../report-model.js';
import { drawResultMark } from './marks.js';
import type { Sheet } from './sheet.js';
import { colours, contentWidth, page, resultColours, resultNames, styles } from './theme.js';
import { period, time } from './wording.js';

/** The page after the cover: what the report is, how to read it, and room for the contents, which are known last. */

const meanings: readonly { readonly result: ResultWord; readonly meaning: string }[] = [
  { result: 'satisfied', meaning: 'The records in the period support that the control worked for the whole scope.' },
  {
    result: 'not_satisfied',
    meaning: 'At least one record shows that it did not, or evidence that must be there is missing.',
  },
  {
    result: 'not_applicable',
    meaning: 'There is nothing in the scope that the requirement speaks of; the reason is given.',
  },
  {
    result: 'not_assessed',
    meaning:
      'No control of this service covers it in full. Evidence may be shown; the judgement is left to the auditor.',
  },
];

/** Where the contents will stand. */
export interface ContentsPlace {
  readonly pageIndex: number;
  readonly top: number;
  readonly element: PDFKit.PDFStructureElement;
}

const contentsLeading = 16;

/** Draws the page but for the lines of the contents, of which there will be `chapters`. */
export function drawGuide(sheet: Sheet, model: ReportModel, chapters: number): ContentsPlace {
  sheet.newPage();
  sheet.startSection();
  sheet.decoration(() => sheet.doc.rect(page.left, sheet.y, 26, 2.4).fill(colours.accent));
  sheet.y += 11;
  sheet.tagged('H1', () => sheet.type.draw('Contents', page.left, sheet.y, styles.sectionHeading));
  sheet.y += styles.sectionHeading.leading + 8;
  const place = { pageIndex: sheet.pageIndex, top: sheet.y, element: sheet.element('TOC') };
  sheet.y += chapters * contentsLeading + 20;

  sheet.startSection();
  sheet.heading('How to read the results', 'guide-results');
  for (const { result, meaning } of meanings) {
    const lines = sheet.type.lines(meaning, styles.body, contentWidth - 100);
    const middle = sheet.y + styles.body.leading / 2;
    sheet.decoration(() => drawResultMark(sheet.doc, result, page.left + 5, middle, 9));
    sheet.tagged('P', () => {
      sheet.type.draw(resultNames[result], page.left + 15, sheet.y, {
        ...styles.strong,
        colour: resultColours[result],
      });
      sheet.type.drawLines(lines, page.left + 100, sheet.y, styles.body);
    });
    sheet.y += lines.length * styles.body.leading + 4;
  }
  sheet.space(8);
  sheet.paragraph(
    'A control is a question this service asks of its records. A mapping says how a control’s evidence relates to a requirement. ' +
      'A result travels from control to requirement only over a direct mapping that covers the requirement (equal to, equivalent to, superset of). ' +
      'Over all other mappings the evidence is shown and the requirement stays not assessed.',
    styles.body,
    { after: 12 },
  );
  sheet.heading('Records, digests and proofs', 'guide-records');
  sheet.paragraph(
    'Every record cited has an index in the log, the time the event happened and the time it was received. ' +
      'The log is a Merkle tree: its root hash fixes every entry up to its size, and an inclusion proof shows that a record is one of them. ' +
      'Digests are printed shortened, marked by an ellipsis; the package has them in full, with the record as received and its proof.',
    styles.body,
    { after: 12 },
  );
  sheet.heading('About this report', 'guide-about');
  sheet.labelled('Title', model.title);
  sheet.labelled('Report', model.reportId, { ...styles.code, leading: styles.body.leading });
  sheet.labelled(
    'Framework',
    `${model.framework.title}, version ${model.framework.version}, ${model.framework.publisher} (${model.framework.id})`,
  );
  sheet.labelled('Mapping', `version ${model.mappingVersion}`);
  sheet.labelled('Period', `${period(model.period)}, by the time the event happened; the end is not part of it`);
  sheet.labelled('Asked for', `${time(model.requestedAt)} by ${model.requestedBy}`);
  sheet.labelled('Times', 'All times in this report are UTC.');
  return place;
}

/** Draws the lines of the contents, once the pages of the chapters are known. */
export function drawContents(sheet: Sheet, place: ContentsPlace): void {
  const { doc, type } = sheet;
  doc.switchToPage(place.pageIndex);
  const chapters = sheet.contents.filter((entry) => entry.level === 1);
  chapters.forEach((entry, at) => {
    const top = place.top + at * contentsLeading;
    const style = { ...styles.body, leading: contentsLeading };
    const number = String(entry.pageIndex + 1);
    const numberLeft = page.left + contentWidth - type.width(number, style);
    const title = type.fitted(entry.title, style, contentWidth - 40);
    const dotsFrom = page.left + type.width(title, style) + 6;
    sheet.decoration(() => {
      doc.lineWidth(0.6).lineCap('round').dash(0.1, { space: 3.4 });
      doc
        .moveTo(dotsFrom, top + 11.4)
        .lineTo(numberLeft - 6, top + 11.4)
        .stroke(colours.faint);
      doc.undash();
    });
    const item = doc.struct('TOCI');
    place.element.add(item);
    const reference = doc.struct('Reference');
    item.add(reference);
    sheet.link(title, { x: page.left, top, style, hint: `Go to ${entry.title}` }, entry.destination, reference);
    reference.end();
    sheet.tagged('P', () => type.draw(number, numberLeft, top, style), item);
    item.end();
  });
  place.element.end();
}

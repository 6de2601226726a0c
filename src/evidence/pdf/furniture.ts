import type { ReportModel } from '../report-model.js';
import type { Sheet } from './sheet.js';
import { colours, contentWidth, page, styles } from './theme.js';
import { period } from './wording.js';

/** Draws header and footer on every page; needs the number of pages, so it comes last. */
export function drawFurniture(sheet: Sheet, model: ReportModel): void {
  const { doc, type } = sheet;
  const { start, count } = doc.bufferedPageRange();
  const style = styles.furniture;
  const span = type.prepare(period(model.period), style.face);
  const title = type.fitted(`Evidence report: ${model.title}`, style, contentWidth - type.width(span, style) - 24);
  const right = (text: string): number => page.left + contentWidth - type.width(text, style);
  const footerTop = page.height - 44;
  for (let index = start; index < start + count; index++) {
    doc.switchToPage(index);
    if (index > start) {
      doc.markContent('Artifact', { type: 'Pagination' });
      type.draw(title, page.left, 40, style);
      type.draw(span, right(span), 40, style);
      sheet.rule(page.left, 54, contentWidth, colours.rule, 0.5);
      doc.endMarkedContent();
    }
    const number = `Page ${index + 1} of ${count}`;
    const report = type.fitted(`Report ${model.reportId}`, style, contentWidth / 2);
    doc.markContent('Artifact', { type: 'Pagination' });
    sheet.rule(page.left, footerTop - 6, contentWidth, colours.rule, 0.5);
    type.draw(report, page.left, footerTop, style);
    if (index === start) {
      const x = page.left + (contentWidth - type.width(span, style)) / 2;
      type.draw(span, x, footerTop, style);
    }
    type.draw(number, right(number), footerTop, style);
    doc.endMarkedContent();
  }
}

import type { ResultWord } from '../../controls/model.js';
import { resultColours } from './theme.js';

/**
 * The four result marks. Each differs in shape and colour, so they can be told apart in print
 * without colour; the word always stands beside the mark.
 * `x`, `y` is the centre, `size` the width.
 */
export function drawResultMark(doc: PDFKit.PDFDocument, result: ResultWord, x: number, y: number, size: number): void {
  const r = size / 2;
  const colour = resultColours[result];
  const line = size * 0.15;
  doc.lineCap('round').lineJoin('round');
  switch (result) {
    case 'satisfied':
      doc.circle(x, y, r).fill(colour);
      doc
        .lineWidth(line)
        .moveTo(x - r * 0.48, y + r * 0.02)
        .lineTo(x - r * 0.12, y + r * 0.4)
        .lineTo(x + r * 0.5, y - r * 0.36)
        .stroke('#ffffff');
      break;
    case 'not_satisfied':
      doc.rect(x - r * 0.92, y - r * 0.92, r * 1.84, r * 1.84).fill(colour);
      doc
        .lineWidth(line)
        .moveTo(x - r * 0.42, y - r * 0.42)
        .lineTo(x + r * 0.42, y + r * 0.42)
        .moveTo(x + r * 0.42, y - r * 0.42)
        .lineTo(x - r * 0.42, y + r * 0.42)
        .stroke('#ffffff');
      break;
    case 'not_applicable':
      doc
        .lineWidth(line * 0.8)
        .circle(x, y, r - line * 0.4)
        .stroke(colour);
      doc
        .lineWidth(line * 0.8)
        .moveTo(x - r * 0.45, y)
        .lineTo(x + r * 0.45, y)
        .stroke(colour);
      break;
    case 'not_assessed':
      doc
        .lineWidth(line * 0.8)
        .polygon([x, y - r], [x + r, y], [x, y + r], [x - r, y])
        .stroke(colour);
      doc.circle(x, y, r * 0.16).fill(colour);
      break;
  }
}

/** Totals as one bar whose parts are as wide as their share; every part that is not empty is visible. */
export function drawResultBar(
  doc: PDFKit.PDFDocument,
  totals: Readonly<Record<ResultWord, number>>,
  box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
): void {
  const order: readonly ResultWord[] = ['satisfied', 'not_satisfied', 'not_applicable', 'not_assessed'];
  const shown = order.filter((result) => totals[result] > 0);
  const sum = shown.reduce((total, result) => total + totals[result], 0);
  const gap = 1.5;
  const least = 5;
  if (sum === 0) {
    doc.rect(box.x, box.y, box.width, box.height).fill('#e6eaf0');
    return;
  }
  const room = box.width - gap * (shown.length - 1);
  const floored = shown.filter((result) => (totals[result] / sum) * room < least);
  const rest = room - floored.length * least;
  const restSum = shown
    .filter((result) => !floored.includes(result))
    .reduce((total, result) => total + totals[result], 0);
  let x = box.x;
  for (const result of shown) {
    const width = floored.includes(result) ? least : (totals[result] / restSum) * rest;
    doc.rect(x, box.y, width, box.height).fill(resultColours[result]);
    x += width + gap;
  }
}

/** The product's sign: three segments, one of them apart. */
export function drawSign(doc: PDFKit.PDFDocument, x: number, y: number, size: number, colour: string): void {
  const bar = size * 0.24;
  const step = size * 0.38;
  doc.rect(x, y, size, bar).fill(colour);
  doc.rect(x, y + step, size * 0.62, bar).fill(colour);
  doc.rect(x + size * 0.76, y + step, size * 0.24, bar).fill(colour);
  doc.rect(x, y + 2 * step, size, bar).fill(colour);
}

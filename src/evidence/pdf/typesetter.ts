import { fontFiles } from './fonts.js';
import type { FaceName, TextStyle } from './theme.js';
import { breakLines, drawable } from './line-breaking.js';
import type {} from './pdfkit-types.js';

/** Measures, breaks and draws text of one document. */
export class Typesetter {
  readonly #doc: PDFKit.PDFDocument;
  readonly #widths: Record<FaceName, Map<string, number>> = { body: new Map(), bold: new Map(), mono: new Map() };
  readonly #coverage: Record<FaceName, Map<number, boolean>> = { body: new Map(), bold: new Map(), mono: new Map() };

  constructor(doc: PDFKit.PDFDocument) {
    this.#doc = doc;
  }

  /** Text with everything the face cannot show written out; measure and draw only such text. */
  prepare(text: string, face: FaceName): string {
    if (/^[\x20-\x7e]*$/u.test(text)) return text;
    const known = this.#coverage[face];
    return drawable(text.normalize('NFC'), (codePoint) => {
      let has = known.get(codePoint);
      if (has === undefined) {
        this.#doc.font(fontFiles[face]);
        has = this.#doc._font.font.hasGlyphForCodePoint(codePoint);
        known.set(codePoint, has);
      }
      return has;
    });
  }

  /** Width in points of prepared text. */
  width(text: string, style: TextStyle): number {
    let sum = 0;
    // Word by word, as pdfkit lays text out, so that a repeated word is measured once.
    const known = this.#widths[style.face];
    for (const word of text.split(/(?<= )/u)) {
      let width = known.get(word);
      if (width === undefined) {
        width = this.#doc.font(fontFiles[style.face]).fontSize(1000).widthOfString(word);
        if (word.length <= 24) known.set(word, width);
      }
      sum += width;
    }
    return (sum * style.size) / 1000;
  }

  /** Lines of any text within a width, ready to draw. */
  lines(text: string, style: TextStyle, width: number): string[] {
    return breakLines(this.prepare(text, style.face), width, (part) => this.width(part, style));
  }

  /** One line of prepared text that fits: what is cut ends in an ellipsis. The full value MUST stand elsewhere. */
  fitted(text: string, style: TextStyle, width: number): string {
    const prepared = this.prepare(text, style.face).replaceAll('\n', ' ');
    if (this.width(prepared, style) <= width) return prepared;
    const characters = [...prepared];
    let low = 0;
    let high = characters.length;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if (this.width(`${characters.slice(0, middle).join('')}…`, style) <= width) low = middle;
      else high = middle - 1;
    }
    return `${characters.slice(0, low).join('').trimEnd()}…`;
  }

  /** Draws prepared text in a line box whose upper edge is `top`. */
  draw(line: string, x: number, top: number, style: TextStyle): void {
    if (line === '') return;
    // Half the leading above and below, measured around the x-height so that lines look centred in their box.
    const baseline = top + style.leading / 2 + style.size * 0.36;
    this.#doc
      .font(fontFiles[style.face])
      .fontSize(style.size)
      .fillColor(style.colour)
      .text(line, x, baseline, { lineBreak: false, baseline: 'alphabetic' });
  }

  /** Draws prepared lines below each other, aligned in a width. */
  drawLines(
    lines: readonly string[],
    x: number,
    top: number,
    style: TextStyle,
    align: { readonly width: number; readonly to: 'left' | 'right' } = { width: 0, to: 'left' },
  ): void {
    lines.forEach((line, at) => {
      const indent = align.to === 'right' ? align.width - this.width(line, style) : 0;
      this.draw(line, x + indent, top + at * style.leading, style);
    });
  }
}

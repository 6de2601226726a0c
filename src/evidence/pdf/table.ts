import type { ResultWord } from '../../controls/model.js';
import { drawResultMark } from './marks.js';
import type { Sheet } from './sheet.js';
import {
  colours,
  contentHeight,
  contentWidth,
  page,
  resultColours,
  resultNames,
  styles,
  type TextStyle,
} from './theme.js';

/** What stands in a cell: text, or parts below each other that lead to a destination. A result is drawn as mark and word. */
export interface Cell {
  readonly text: string | readonly LinkedText[];
  readonly style?: TextStyle;
  readonly result?: ResultWord;
}

export interface LinkedText {
  readonly text: string;
  /** Null where there is nothing to go to. */
  readonly destination: string | null;
  /** Shown behind the text in a quieter tone, on the same line where there is room. */
  readonly detail?: string;
}

export interface Column<Row> {
  readonly title: string;
  /** Share of the page's width; the shares of a table add up to 1. */
  readonly share: number;
  readonly align?: 'left' | 'right';
  readonly cell: (row: Row) => Cell | string;
}

export interface Table<Row> {
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Sentence shown in place of a table without rows. */
  readonly empty: string;
  /** Colour of the rule above the header; the accent unless the table is an alarm. */
  readonly tone?: string;
}

const insetX = 4;
const insetY = 3.2;
const markSize = 7.4;
const markRoom = 11;
const detailGap = 4;

/** A cell's text for a result word, with its mark. */
export function resultCell(result: ResultWord): Cell {
  return { text: resultNames[result], result, style: { ...styles.cellStrong, colour: resultColours[result] } };
}

/** A line of a cell; a quiet one is a detail that found no room behind its text. */
interface LaidLine extends LinkedText {
  readonly quiet?: true;
}

interface LaidCell {
  readonly x: number;
  readonly width: number;
  readonly align: 'left' | 'right';
  readonly style: TextStyle;
  readonly lines: readonly LaidLine[];
  readonly result: ResultWord | undefined;
}

/** A table over as many pages as it needs; the header row stands on each of them. */
export function drawTable<Row>(sheet: Sheet, table: Table<Row>): void {
  if (table.rows.length === 0) {
    sheet.paragraph(table.empty, styles.note);
    return;
  }
  const places = placesOf(table.columns);
  const header = table.columns.map((column, at): LaidCell =>
    layCell(sheet, { text: column.title, style: styles.cellHead }, places[at], column.align),
  );
  const headerHeight = heightOf(header);
  const layRow = (row: Row): LaidCell[] =>
    table.columns.map((column, at) => layCell(sheet, column.cell(row), places[at], column.align));

  const element = sheet.element('Table');
  const decorateHeader = (): void => {
    sheet.doc.rect(page.left, sheet.y, contentWidth, headerHeight).fill(colours.panel);
    sheet.rule(page.left, sheet.y, contentWidth, table.tone ?? colours.accent, 0.9);
  };
  const continueOnNewPage = (): void => {
    sheet.newPage();
    // The header was read once; its repetition is for the eye only.
    sheet.decoration(() => {
      decorateHeader();
      for (const cell of header) drawCellText(sheet, cell);
    });
    sheet.y += headerHeight;
  };

  const firstRow = table.rows[0];
  const firstHeight = firstRow === undefined ? 0 : heightOf(layRow(firstRow));
  sheet.ensure(headerHeight + Math.min(firstHeight, contentHeight / 3));
  sheet.decoration(decorateHeader);
  const head = sheet.doc.struct('THead');
  element.add(head);
  tagRow(sheet, head, header, 'Column');
  head.end();
  sheet.y += headerHeight;

  const body = sheet.doc.struct('TBody');
  element.add(body);
  for (const row of table.rows) {
    let cells = layRow(row);
    const height = heightOf(cells);
    if (height > sheet.roomLeft && height <= contentHeight - headerHeight) continueOnNewPage();
    if (height <= sheet.roomLeft) {
      drawRow(sheet, body, cells, height);
      continue;
    }
    // Higher than a page: written in parts under one TR.
    const parts = new SplitRow(sheet, body, cells.length);
    while (cells.some((cell) => cell.lines.length > 0)) {
      const room = sheet.roomLeft - 2 * insetY;
      const now = cells.map((cell) => ({
        ...cell,
        lines: cell.lines.slice(0, Math.max(0, Math.floor(room / cell.style.leading))),
      }));
      if (now.some((cell) => cell.lines.length > 0)) {
        parts.draw(now);
        cells = cells.map((cell, at) => ({
          ...cell,
          lines: cell.lines.slice(now[at]?.lines.length ?? 0),
          result: undefined,
        }));
      }
      if (cells.some((cell) => cell.lines.length > 0)) continueOnNewPage();
    }
    parts.end();
  }
  body.end();
  element.end();
  sheet.space(12);
}

function placesOf<Row>(columns: readonly Column<Row>[]): { x: number; width: number }[] {
  const sum = columns.reduce((total, column) => total + column.share, 0);
  if (Math.abs(sum - 1) > 0.001) throw new Error(`the shares of a table's columns add up to 1, got ${sum}`);
  let x: number = page.left;
  return columns.map((column) => {
    const place = { x: x + insetX, width: column.share * contentWidth - 2 * insetX };
    x += column.share * contentWidth;
    return place;
  });
}

function layCell(
  sheet: Sheet,
  content: Cell | string,
  place: { readonly x: number; readonly width: number } | undefined,
  align: 'left' | 'right' = 'left',
): LaidCell {
  if (place === undefined) throw new Error('a table has one place per column');
  const cell: Cell = typeof content === 'string' ? { text: content } : content;
  const style = cell.style ?? styles.cell;
  const indent = cell.result === undefined ? 0 : markRoom;
  const parts = typeof cell.text === 'string' ? [{ text: cell.text, destination: null }] : cell.text;
  return {
    x: place.x + indent,
    width: place.width - indent,
    align,
    style,
    lines: parts
      .filter((part) => part.text !== '')
      .flatMap((part) => layPart(sheet, part, style, place.width - indent)),
    result: cell.result,
  };
}

function layPart(sheet: Sheet, part: LinkedText, style: TextStyle, width: number): LaidLine[] {
  const { destination } = part;
  const lines = sheet.type.lines(part.text, style, width).map((text): LaidLine => ({ text, destination }));
  if (part.detail === undefined) return lines;
  const quiet = { ...style, colour: colours.muted };
  const details = sheet.type.lines(part.detail, quiet, width);
  const last = lines.at(-1);
  const [detail] = details;
  if (last === undefined || detail === undefined || details.length > 1) {
    return [...lines, ...details.map((text): LaidLine => ({ text, destination: null, quiet: true }))];
  }
  if (sheet.type.width(last.text, style) + detailGap + sheet.type.width(detail, quiet) > width) {
    return [...lines, { text: detail, destination: null, quiet: true }];
  }
  return [...lines.slice(0, -1), { ...last, detail }];
}

function heightOf(cells: readonly LaidCell[]): number {
  return Math.max(...cells.map((cell) => cell.lines.length * cell.style.leading), styles.cell.leading) + 2 * insetY;
}

function drawCellText(sheet: Sheet, cell: LaidCell): void {
  sheet.type.drawLines(
    cell.lines.map((line) => line.text),
    cell.x,
    sheet.y + insetY,
    cell.style,
    { width: cell.width, to: cell.align },
  );
}

function fillElement(sheet: Sheet, element: PDFKit.PDFStructureElement, cell: LaidCell): void {
  if (cell.lines.every((line) => line.destination === null && line.detail === undefined && line.quiet === undefined)) {
    if (cell.lines.length > 0) element.add(() => drawCellText(sheet, cell));
    return;
  }
  cell.lines.forEach(({ text, destination, detail, quiet }, at) => {
    const top = sheet.y + insetY + at * cell.style.leading;
    if (destination === null) {
      const style = quiet === undefined ? cell.style : { ...cell.style, colour: colours.muted };
      element.add(() => sheet.type.draw(text, cell.x, top, style));
    } else {
      const style = { ...cell.style, colour: colours.accent };
      sheet.link(text, { x: cell.x, top, style, hint: `Go to ${text}` }, destination, element);
    }
    if (detail === undefined) return;
    const x = cell.x + sheet.type.width(text, cell.style) + detailGap;
    element.add(() => sheet.type.draw(detail, x, top, { ...cell.style, colour: colours.muted }));
  });
}

function tagRow(
  sheet: Sheet,
  parent: PDFKit.PDFStructureElement,
  cells: readonly LaidCell[],
  scope: 'Column' | 'Row',
): void {
  const row = sheet.doc.struct('TR');
  parent.add(row);
  cells.forEach((cell, at) => {
    // The first cell of a row names it.
    const isHeader = scope === 'Column' || at === 0;
    const element = isHeader ? sheet.doc.struct('TH', { scope }) : sheet.doc.struct('TD');
    row.add(element);
    fillElement(sheet, element, cell);
    element.end();
  });
  row.end();
}

function decorateRow(sheet: Sheet, cells: readonly LaidCell[], height: number): void {
  sheet.decoration(() => {
    sheet.rule(page.left, sheet.y + height, contentWidth, colours.rule, 0.5);
    for (const cell of cells) {
      if (cell.result === undefined) continue;
      const middle = sheet.y + insetY + cell.style.leading / 2;
      drawResultMark(sheet.doc, cell.result, cell.x - markRoom + markSize / 2, middle, markSize);
    }
  });
}

function drawRow(sheet: Sheet, parent: PDFKit.PDFStructureElement, cells: readonly LaidCell[], height: number): void {
  decorateRow(sheet, cells, height);
  tagRow(sheet, parent, cells, 'Row');
  sheet.y += height;
}

/** A row whose cells go on over several pages. */
class SplitRow {
  readonly #sheet: Sheet;
  readonly #row: PDFKit.PDFStructureElement;
  readonly #cells: PDFKit.PDFStructureElement[];

  constructor(sheet: Sheet, parent: PDFKit.PDFStructureElement, columns: number) {
    this.#sheet = sheet;
    this.#row = sheet.doc.struct('TR');
    parent.add(this.#row);
    this.#cells = Array.from({ length: columns }, (_, at) => {
      const cell = at === 0 ? sheet.doc.struct('TH', { scope: 'Row' }) : sheet.doc.struct('TD');
      this.#row.add(cell);
      return cell;
    });
  }

  draw(cells: readonly LaidCell[]): void {
    const height = heightOf(cells);
    decorateRow(this.#sheet, cells, height);
    this.#cells.forEach((element, at) => {
      const cell = cells[at];
      if (cell !== undefined) fillElement(this.#sheet, element, cell);
    });
    this.#sheet.y += height;
  }

  end(): void {
    for (const cell of this.#cells) cell.end();
    this.#row.end();
  }
}

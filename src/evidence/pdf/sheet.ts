import { colours, contentBottom, contentHeight, contentWidth, page, styles, type TextStyle } from './theme.js';
import type { Typesetter } from './typesetter.js';

/** A heading that is listed in the contents and the bookmarks. */
export interface ContentsEntry {
  readonly title: string;
  readonly level: 1 | 2;
  readonly pageIndex: number;
  readonly destination: string;
}

/** pdfkit tells PDF strings from PDF names by this. */
class StringObject extends String {}

/**
 * The stack of pages being written: where the next block goes, the tag it belongs to, and the
 * bookmarks. Every mark on a page goes through {@link tagged} or {@link decoration}, so the
 * document is completely tagged. Coordinates are points from the upper left corner.
 */
export class Sheet {
  readonly doc: PDFKit.PDFDocument;
  readonly type: Typesetter;
  readonly contents: ContentsEntry[] = [];
  y: number = page.top;
  readonly #root: PDFKit.PDFStructureElement;
  #section: PDFKit.PDFStructureElement;
  #bookmark: PDFKit.PDFOutline | null = null;
  readonly #bookmarkCounts = new Map<PDFKit.PDFOutline, number>();

  constructor(doc: PDFKit.PDFDocument, type: Typesetter) {
    this.doc = doc;
    this.type = type;
    this.#root = doc.struct('Document');
    doc.addStructure(this.#root);
    this.#section = this.#addSection();
    doc.addPage();
  }

  get pageIndex(): number {
    const { start, count } = this.doc.bufferedPageRange();
    return start + count - 1;
  }

  get roomLeft(): number {
    return contentBottom - this.y;
  }

  newPage(): void {
    this.doc.addPage();
    this.y = page.top;
  }

  /** Goes to a new page unless `height` points are left, or a page would not hold them either. */
  ensure(height: number): void {
    if (this.roomLeft < height && this.roomLeft < contentHeight - 0.5) this.newPage();
  }

  space(height: number): void {
    this.y += height;
  }

  /** Starts the next section; all of them stay open to {@link finish}, for content that is known last. */
  startSection(): void {
    this.#section = this.#addSection();
  }

  /** A structure element in the section at hand; the caller ends it. */
  element(tag: string, options: PDFKit.Mixins.StructureElementOptions = {}): PDFKit.PDFStructureElement {
    const element = this.doc.struct(tag, options);
    this.#section.add(element);
    return element;
  }

  /** Draws content that belongs to the text, under a tag of the section or of `parent`. */
  tagged(tag: string, draw: () => void, parent?: PDFKit.PDFStructureElement): void {
    const element = this.doc.struct(tag);
    (parent ?? this.#section).add(element);
    element.add(draw);
    element.end();
  }

  /** Draws what carries no meaning of its own (rules, backgrounds, marks beside their word). */
  decoration(draw: () => void): void {
    this.doc.markContent('Artifact', { type: 'Layout' });
    this.doc.save();
    draw();
    this.doc.restore();
    this.doc.endMarkedContent();
  }

  rule(x: number, y: number, width: number, colour: string = colours.rule, thickness = 0.6): void {
    this.doc
      .lineCap('butt')
      .lineWidth(thickness)
      .moveTo(x, y)
      .lineTo(x + width, y)
      .stroke(colour);
  }

  /** A chapter, in the contents and the bookmarks: on a new page unless two fifths of this one are free. */
  chapter(title: string, destination: string): void {
    if (this.roomLeft < contentHeight * 0.4) this.newPage();
    else if (this.y > page.top) this.y += 22;
    this.startSection();
    const top = this.y;
    this.decoration(() => this.doc.rect(page.left, this.y, 26, 2.4).fill(colours.accent));
    this.y += 11;
    const lines = this.type.lines(title, styles.sectionHeading, contentWidth);
    this.tagged('H1', () => this.type.drawLines(lines, page.left, this.y, styles.sectionHeading));
    this.#list(title, 1, destination, top);
    this.y += lines.length * styles.sectionHeading.leading + 10;
  }

  /** A part of a chapter, listed in the bookmarks; `follows` is the height that MUST fit under it on the page. */
  heading(title: string, destination: string, follows = 60): void {
    const lines = this.type.lines(title, styles.heading, contentWidth);
    const height = lines.length * styles.heading.leading;
    this.ensure(height + 6 + follows);
    this.tagged('H2', () => this.type.drawLines(lines, page.left, this.y, styles.heading));
    this.#list(title, 2, destination, this.y);
    this.y += height + 5;
  }

  /** A small heading inside a part; where a chapter has no parts, it is of the second level. */
  subheading(title: string, follows = 48, tag: 'H2' | 'H3' = 'H3'): void {
    this.ensure(styles.subheading.leading + 4 + follows);
    this.tagged(tag, () => this.type.draw(this.type.prepare(title, 'bold'), page.left, this.y, styles.subheading));
    this.y += styles.subheading.leading + 4;
  }

  /** A paragraph, carried on over the page when it must be. */
  paragraph(
    text: string,
    style: TextStyle = styles.body,
    box: { readonly x?: number; readonly width?: number; readonly after?: number } = {},
  ): void {
    const x = box.x ?? page.left;
    let rest = this.type.lines(text, style, box.width ?? contentWidth);
    // A paragraph that is not long is kept in one piece.
    if (rest.length <= 6) this.ensure(rest.length * style.leading);
    const element = this.element('P');
    while (rest.length > 0) {
      if (this.roomLeft < style.leading) this.newPage();
      const fitting = rest.slice(0, Math.max(1, Math.floor(this.roomLeft / style.leading)));
      element.add(() => this.type.drawLines(fitting, x, this.y, style));
      this.y += fitting.length * style.leading;
      rest = rest.slice(fitting.length);
    }
    element.end();
    this.y += box.after ?? 6;
  }

  /** A label and its value side by side, as one paragraph for a reader. */
  labelled(label: string, value: string, style: TextStyle = styles.body, labelWidth = 92): void {
    const x = page.left + labelWidth;
    const lines = this.type.lines(value, style, contentWidth - labelWidth);
    const labelStyle = { ...styles.label, leading: style.leading };
    this.ensure(Math.min(lines.length, 40) * style.leading);
    const element = this.element('P');
    let rest = lines;
    let first = true;
    while (rest.length > 0) {
      if (this.roomLeft < style.leading) this.newPage();
      const fitting = rest.slice(0, Math.max(1, Math.floor(this.roomLeft / style.leading)));
      const withLabel = first;
      element.add(() => {
        if (withLabel) this.type.draw(this.type.prepare(label, labelStyle.face), page.left, this.y, labelStyle);
        this.type.drawLines(fitting, x, this.y, style);
      });
      first = false;
      this.y += fitting.length * style.leading;
      rest = rest.slice(fitting.length);
    }
    element.end();
    this.y += 2.5;
  }

  /** Numbered steps. */
  steps(items: readonly string[], style: TextStyle = styles.body): void {
    const indent = 17;
    const list = this.element('L');
    items.forEach((text, at) => {
      const lines = this.type.lines(text, style, contentWidth - indent);
      this.ensure(lines.length * style.leading);
      const item = this.doc.struct('LI');
      list.add(item);
      this.tagged(
        'Lbl',
        () => this.type.draw(`${at + 1}`, page.left + 2, this.y, { ...style, colour: colours.accent, face: 'bold' }),
        item,
      );
      this.tagged('LBody', () => this.type.drawLines(lines, page.left + indent, this.y, style), item);
      item.end();
      this.y += lines.length * style.leading + 3;
    });
    list.end();
    this.y += 5;
  }

  /** Exact text (commands, keys, notes) on a panel; a line that must be broken goes on indented and is never cut. */
  code(text: string): void {
    const style = styles.code;
    const inset = 9;
    const hanging = 14;
    let rest = text
      .split('\n')
      .flatMap((line) =>
        this.type
          .lines(line, style, contentWidth - 2 * inset - hanging)
          .map((part, at) => ({ part, indent: at === 0 ? 0 : hanging })),
      );
    if (rest.length <= 20) this.ensure(rest.length * style.leading + 2 * inset);
    const element = this.element('P');
    while (rest.length > 0) {
      if (this.roomLeft < style.leading + 2 * inset) this.newPage();
      const fitting = rest.slice(0, Math.floor((this.roomLeft - 2 * inset) / style.leading));
      const height = fitting.length * style.leading + 2 * inset;
      this.decoration(() => {
        this.doc.rect(page.left, this.y, contentWidth, height).fill(colours.panel);
        this.doc.rect(page.left, this.y, 2, height).fill(colours.accent);
      });
      element.add(() =>
        fitting.forEach(({ part, indent }, at) =>
          this.type.draw(part, page.left + inset + indent, this.y + inset + at * style.leading, style),
        ),
      );
      this.y += height;
      rest = rest.slice(fitting.length);
    }
    element.end();
    this.y += 8;
  }

  /** Text that leads to a destination of the document, drawn in a line box. */
  link(
    line: string,
    place: { readonly x: number; readonly top: number; readonly style: TextStyle; readonly hint: string },
    destination: string,
    parent: PDFKit.PDFStructureElement,
  ): void {
    const element = this.doc.struct('Link');
    parent.add(element);
    element.add(() => this.type.draw(line, place.x, place.top, place.style));
    const width = this.type.width(line, place.style);
    this.doc.goTo(place.x, place.top, width, place.style.leading, destination, {
      structParent: element,
      Contents: new StringObject(place.hint),
    });
    element.end();
  }

  /** Ends all tags and sets what pdfkit leaves out of the bookmarks. */
  finish(): void {
    this.#root.end();
    // Count is required of an item with descendants: negative while it is closed (ISO 32000-1, table 153).
    for (const [item, children] of this.#bookmarkCounts) if (children > 0) item.dictionary.data['Count'] = -children;
    this.doc.outline.dictionary.data['Count'] = this.doc.outline.children.length;
  }

  #addSection(): PDFKit.PDFStructureElement {
    const section = this.doc.struct('Sect');
    this.#root.add(section);
    return section;
  }

  #list(title: string, level: 1 | 2, destination: string, top: number): void {
    this.doc.addNamedDestination(destination, 'XYZ', 0, top - 8, null);
    this.contents.push({ title, level, pageIndex: this.pageIndex, destination });
    const parent = level === 1 || this.#bookmark === null ? this.doc.outline : this.#bookmark;
    // pdfkit measures `left` from the right edge.
    const item = parent.addItem(title.replaceAll('\n', ' '), { top: top - 8, left: page.width });
    if (level === 1) this.#bookmark = item;
    if (parent !== this.doc.outline) this.#bookmarkCounts.set(parent, (this.#bookmarkCounts.get(parent) ?? 0) + 1);
  }
}

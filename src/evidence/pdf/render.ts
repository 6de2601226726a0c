import PDFDocument from 'pdfkit';
import type { ReportModel } from '../report-model.js';
import { drawChanges } from './changes.js';
import { compactPdf } from './compact.js';
import { drawControls } from './controls.js';
import { drawCover } from './cover.js';
import { crossReferences } from './cross-references.js';
import { fontFiles } from './fonts.js';
import { drawFurniture } from './furniture.js';
import { drawContents, drawGuide } from './guide.js';
import { drawAnnexes, drawIntegrity } from './integrity.js';
import { drawRequirements } from './requirements.js';
import { drawScope, drawSources } from './scope-and-sources.js';
import { Sheet } from './sheet.js';
import { drawSummary } from './summary.js';
import { page } from './theme.js';
import { Typesetter } from './typesetter.js';

/** A file carried inside the PDF as an associated file (ISO 19005-3). */
export interface Attachment {
  /** Lower-case letters, digits, dots and hyphens. */
  readonly name: string;
  readonly mediaType: string;
  readonly description: string;
  readonly relationship: 'Source' | 'Data' | 'Alternative' | 'Supplement';
  readonly data: Buffer;
}

const chapters = 9;

/**
 * Draws the report as a tagged PDF/A-3a (ISO 19005-3) with its data attached. The same model and
 * attachments give the same bytes, whatever the clock, locale, time zone or machine: the only
 * time in the file is that of the request.
 * @throws RangeError when `requestedAt` is no time, or an attachment's name is not plain.
 */
export async function renderPdf(model: ReportModel, attachments: readonly Attachment[]): Promise<Buffer> {
  const madeAt = new Date(model.requestedAt);
  if (Number.isNaN(madeAt.getTime())) {
    throw new RangeError(`requestedAt must be an RFC 3339 time, got "${model.requestedAt}"`);
  }
  // Whole seconds: Info and XMP hold no smaller unit and must agree.
  madeAt.setUTCMilliseconds(0);
  const info = {
    Title: model.title,
    Author: model.requestedBy,
    Subject: `Evidence report ${model.reportId} for ${model.framework.title}`,
    Keywords: 'micro-segmentation, audit, evidence',
    Creator: 'Segproof',
    Producer: 'Segproof',
    CreationDate: madeAt,
  };
  const doc = new EvidenceDocument({
    size: 'A4',
    margins: { top: 0, bottom: 0, left: page.left, right: page.right },
    font: fontFiles.body,
    // pdfkit drops the XMP metadata, and with it PDF/A, below 1.4 without a word.
    pdfVersion: '1.7',
    subset: 'PDF/A-3a',
    tagged: true,
    lang: 'en-GB',
    displayTitle: true,
    autoFirstPage: false,
    bufferPages: true,
    // compactPdf compresses, with the same bytes on every machine.
    compress: false,
    info,
  });
  Object.assign(doc.info, xmpSafe(info));
  // pdfkit maps the glyph for missing characters to U+0000, which PDF/A forbids; it is never drawn.
  for (const file of Object.values(fontFiles)) doc.font(file)._font.unicode[0] = [0xfffd];
  const chunks: Buffer[] = [];
  const written = new Promise<void>((resolve, reject) => {
    doc.on('data', (chunk: Buffer) => chunks.push(chunk));
    doc.on('end', resolve);
    doc.on('error', reject);
  });

  const sheet = new Sheet(doc, new Typesetter(doc));
  const references = crossReferences(model);
  drawCover(sheet, model);
  const place = drawGuide(sheet, model, chapters);
  drawSummary(sheet, model, references);
  drawScope(sheet, model);
  drawRequirements(sheet, model, references);
  drawControls(sheet, model, references);
  drawChanges(sheet, model, references);
  drawSources(sheet, model);
  drawIntegrity(sheet, model);
  drawAnnexes(sheet);
  drawContents(sheet, place);
  drawFurniture(sheet, model);
  sheet.finish();
  for (const attachment of attachments) attach(doc, attachment, madeAt);
  doc.end();
  await written;
  return compactPdf(Buffer.concat(chunks));
}

/** pdfkit's document without the check sum it writes for attachments, which is hex text where ISO 32000-1 wants 16 bytes. */
class EvidenceDocument extends PDFDocument {
  override ref(data: { Type?: string; Params?: { CheckSum?: unknown } } = {}): PDFKit.PDFKitReference {
    if (data.Type === 'EmbeddedFile') delete data.Params?.CheckSum;
    return super.ref(data);
  }
}

function attach(doc: PDFKit.PDFDocument, attachment: Attachment, madeAt: Date): void {
  if (!/^[a-z0-9][a-z0-9.-]*$/u.test(attachment.name)) {
    throw new RangeError(
      `an attachment's name has lower-case letters, digits, dots and hyphens, got "${attachment.name}"`,
    );
  }
  doc.file(attachment.data, {
    name: attachment.name,
    type: attachment.mediaType,
    description: attachment.description,
    relationship: attachment.relationship,
    creationDate: madeAt,
    modifiedDate: madeAt,
  });
}

/**
 * Document information whose texts pdfkit writes plainly into the Info dictionary, which reads
 * their value, and escaped into the XMP packet, which converts them to a string.
 */
function xmpSafe(info: Readonly<Record<string, string | Date>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(info).map(([key, value]) => [key, value instanceof Date ? value : new XmpText(printable(value))]),
  );
}

/** XML 1.0 has no form for most control characters, and Info must equal XMP. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cs}\uFFFE\uFFFF]/gu, ' ').trim();
}

class XmpText extends String {
  override toString(): string {
    return this.valueOf().replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  }
}

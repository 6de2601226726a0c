import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { renderPdf, type Attachment } from '../../src/evidence/pdf/render.js';
import { fixtureModel } from '../fixtures/evidence/model.js';
import { PdfGraph, marksOf } from '../fixtures/evidence/pdf-graph.js';

const hasQpdf = spawnSync('qpdf', ['--version']).status === 0;
const withQpdf = hasQpdf ? {} : { skip: 'qpdf is not installed' };

const attachments: readonly Attachment[] = [
  {
    name: 'report.json',
    mediaType: 'application/json',
    description: 'The report as data',
    relationship: 'Data',
    data: Buffer.from('{"report":"as data"}'),
  },
  {
    name: 'records.ndjson',
    mediaType: 'application/x-ndjson',
    description: 'The cited records',
    relationship: 'Data',
    data: Buffer.from('{"index":1}\n'),
  },
];

/** Points of ISO 19005-3 level A and ISO 14289-1 that our layout could break, asked of the object graph. */
describe('the PDF of a report', withQpdf, () => {
  const model = fixtureModel();
  const folder = mkdtempSync(join(tmpdir(), 'segproof-pdf-'));
  const file = join(folder, 'report.pdf');
  let pdf: PdfGraph;
  before(async () => {
    writeFileSync(file, await renderPdf(model, attachments));
    pdf = PdfGraph.read(file);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  test('passes the syntax check of qpdf without a warning', () => {
    const check = spawnSync('qpdf', ['--check', file], { encoding: 'utf8' });
    assert.equal(check.status, 0, check.stdout + check.stderr);
    assert.doesNotMatch(check.stdout + check.stderr, /warning/iu);
  });

  test('declares PDF/A-3a in well-formed XMP that agrees with the document information', () => {
    const xmp = pdf.streamOf(pdf.catalog['/Metadata']).toString('utf8');
    assert.match(xmp, /<pdfaid:part>3<\/pdfaid:part>/u);
    assert.match(xmp, /<pdfaid:conformance>A<\/pdfaid:conformance>/u);
    assertWellFormed(xmp);
    const info = pdf.dictionary(pdf.trailer['/Info']);
    const inXmp = (tag: string): string => {
      const value = new RegExp(`<${tag}>(?:\\s*<rdf:\\w+>\\s*<rdf:li[^>]*>)?([^<]*)<`, 'u').exec(xmp)?.[1] ?? '';
      return value.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
    };
    assert.equal(pdf.text(info['/Title']), model.title);
    assert.match(model.title, /R&D <x>/u);
    assert.equal(inXmp('dc:title'), pdf.text(info['/Title']));
    assert.equal(inXmp('dc:creator'), pdf.text(info['/Author']));
    assert.equal(inXmp('dc:description'), pdf.text(info['/Subject']));
    assert.equal(inXmp('pdf:Keywords'), pdf.text(info['/Keywords']));
    assert.equal(inXmp('pdf:Producer'), pdf.text(info['/Producer']));
    assert.equal(inXmp('xmp:CreatorTool'), pdf.text(info['/Creator']));
    assert.equal(inXmp('xmp:CreateDate'), '2026-11-02T09:30:15Z');
    assert.equal(pdf.text(info['/CreationDate']), 'D:20261102093015Z');
    assert.equal(info['/ModDate'], undefined);
  });

  test('has an output intent with an ICC profile, an id, and nothing that runs or hides', () => {
    const [intent] = pdf.array(pdf.catalog['/OutputIntents']).map((reference) => pdf.dictionary(reference));
    assert.equal(intent?.['/S'], '/GTS_PDFA1');
    assert.equal(pdf.streamOf(intent?.['/DestOutputProfile']).toString('latin1', 36, 40), 'acsp');
    assert.equal(pdf.array(pdf.trailer['/ID']).length, 2);
    assert.equal(pdf.trailer['/Encrypt'], undefined);
    for (const dictionary of pdf.dictionaries()) {
      assert.notEqual(dictionary['/S'], '/JavaScript');
      assert.notEqual(dictionary['/S'], '/Launch');
      assert.equal(dictionary['/AA'], undefined);
    }
    assert.equal(pdf.catalog['/OpenAction'], undefined);
  });

  test('embeds every font and maps every glyph it draws to text', () => {
    const descriptors = pdf.ofType('/FontDescriptor');
    assert.equal(descriptors.length, 3);
    for (const descriptor of descriptors) assert.ok(pdf.streamOf(descriptor['/FontFile2']).length > 1000);
    for (const font of pdf.ofType('/Font').filter((dictionary) => dictionary['/Subtype'] === '/Type0')) {
      const map = pdf.streamOf(font['/ToUnicode']).toString('latin1');
      const values = [...map.matchAll(/\[([^\]]*)\]/gu)].flatMap((range) => (range[1] ?? '').match(/<[^>]*>/gu) ?? []);
      assert.ok(values.length > 10);
      for (const value of values) assert.doesNotMatch(value, /<(?:0000|feff|fffe)>/iu);
    }
    for (const page of pdf.pages()) {
      for (const [, glyphs = ''] of pdf.content(page).matchAll(/<([0-9a-f]*)>/gu)) {
        for (let at = 0; at < glyphs.length; at += 4)
          assert.notEqual(glyphs.slice(at, at + 4), '0000', 'a missing glyph is drawn');
      }
    }
  });

  test('carries its attachments as associated files with type, size and date', () => {
    const associated = pdf.array(pdf.catalog['/AF']);
    const filespecs = pdf.ofType('/Filespec');
    assert.deepEqual(filespecs.map((spec) => pdf.text(spec['/UF'])).sort(), ['records.ndjson', 'report.json']);
    assert.equal(associated.length, filespecs.length);
    for (const reference of associated) {
      const spec = pdf.dictionary(reference);
      const attachment = attachments.find((one) => one.name === pdf.text(spec['/F']));
      assert.ok(attachment);
      assert.equal(pdf.text(spec['/UF']), attachment.name);
      assert.equal(pdf.text(spec['/Desc']), attachment.description);
      assert.equal(spec['/AFRelationship'], '/Data');
      const embedded = pdf.dictionary(spec['/EF'])['/F'];
      const dictionary = pdf.dictionary(embedded);
      const parameters = pdf.dictionary(dictionary['/Params']);
      assert.equal(dictionary['/Subtype'], `/${attachment.mediaType}`);
      assert.equal(parameters['/Size'], attachment.data.length);
      assert.equal(pdf.text(parameters['/ModDate']), 'D:20261102093015Z');
      assert.deepEqual(pdf.streamOf(embedded), attachment.data);
    }
  });

  test('is tagged, in British English, with its title shown', () => {
    assert.equal(pdf.dictionary(pdf.catalog['/MarkInfo'])['/Marked'], true);
    assert.equal(pdf.text(pdf.catalog['/Lang']), 'en-GB');
    assert.equal(pdf.dictionary(pdf.catalog['/ViewerPreferences'])['/DisplayDocTitle'], true);
    assert.ok(pdf.catalog['/StructTreeRoot']);
    for (const page of pdf.pages()) assert.equal(page['/Tabs'], '/S');
  });

  test('paints nothing outside a tag or an artifact, and every tagged piece has its element', () => {
    const tree = pdf.dictionary(pdf.dictionary(pdf.catalog['/StructTreeRoot'])['/ParentTree']);
    const numbers = pdf.array(tree['/Nums']);
    const parents = new Map<unknown, unknown>();
    for (let at = 0; at < numbers.length; at += 2) parents.set(numbers[at], numbers[at + 1]);
    for (const page of pdf.pages()) {
      const marks = marksOf(pdf.content(page));
      assert.deepEqual(marks.unmarked, []);
      const elements = pdf.array(parents.get(page['/StructParents']));
      assert.deepEqual(
        [...marks.ids].sort((a, b) => a - b),
        [...elements.keys()],
      );
      for (const element of elements) assert.equal(pdf.dictionary(element)['/S'] === undefined, false);
    }
  });

  test('has a structure a screen reader can follow', () => {
    const elements = pdf
      .dictionaries()
      .filter((dictionary) => typeof dictionary['/S'] === 'string' && dictionary['/P'] !== undefined);
    const ofTag = (tag: string): Record<string, unknown>[] => elements.filter((element) => element['/S'] === tag);
    for (const figure of ofTag('/Figure')) assert.ok(pdf.text(figure['/Alt']).length > 10);
    assert.equal(ofTag('/Figure').length, 1);
    for (const header of ofTag('/TH'))
      assert.match(String(pdf.dictionary(header['/A'])['/Scope']), /^\/(?:Row|Column)$/u);
    for (const row of ofTag('/TR')) assert.ok(pdf.kids(row).length > 1);
    for (const table of ofTag('/Table')) {
      const widths = pdf
        .kids(table)
        .flatMap((part) => pdf.kids(pdf.dictionary(part)).map((row) => pdf.kids(pdf.dictionary(row)).length));
      assert.equal(new Set(widths).size, 1, 'all rows of a table have as many cells');
    }
    let level = 0;
    for (const heading of pdf.headings()) {
      assert.ok(heading <= level + 1, `a heading of level ${heading} follows one of level ${level}`);
      level = heading;
    }
    const known = new Set(
      'Document Sect H1 H2 H3 P Table THead TBody TR TH TD L LI Lbl LBody Link Figure TOC TOCI Reference'.split(' '),
    );
    for (const element of elements) assert.ok(known.has(String(element['/S']).slice(1)), String(element['/S']));
  });

  test('has links that print, say where they lead and are part of the structure', () => {
    const links = pdf.dictionaries().filter((dictionary) => dictionary['/Subtype'] === '/Link');
    assert.ok(links.length > 50);
    const destinations = new Set(pdf.destinations());
    for (const link of links) {
      assert.equal(Number(link['/F']) & 4, 4);
      assert.match(pdf.text(link['/Contents']), /^Go to /u);
      assert.equal(typeof link['/StructParent'], 'number');
      assert.ok(destinations.has(pdf.text(pdf.dictionary(link['/A'])['/D'])));
    }
  });

  test('has bookmarks whose counts are right', () => {
    const root = pdf.dictionary(pdf.catalog['/Outlines']);
    const top = pdf.outlineItems(root);
    assert.equal(root['/Count'], top.length);
    for (const item of top) {
      const children = pdf.outlineItems(item);
      assert.equal(item['/Count'], children.length === 0 ? undefined : -children.length);
    }
    assert.ok(top.some((item) => pdf.text(item['/Title']) === '3 Results by requirement'));
  });
});

/** Every start tag has its end tag, and no bare `&` or `<` stands in text. */
function assertWellFormed(xml: string): void {
  const open: string[] = [];
  const body = xml.replace(/<\?[^>]*\?>/gu, '');
  let at = 0;
  for (const token of body.matchAll(/<(\/?)([\w:]+)((?:\s+[\w:]+="[^"<]*")*)\s*(\/?)>/gu)) {
    assertText(body.slice(at, token.index));
    at = token.index + token[0].length;
    if (token[1] === '/') assert.equal(open.pop(), token[2]);
    else if (token[4] !== '/') open.push(token[2] ?? '');
  }
  assertText(body.slice(at));
  assert.deepEqual(open, []);
}

function assertText(text: string): void {
  assert.doesNotMatch(text, /<|&(?!(?:amp|lt|gt|quot|apos|#\d+);)/u);
}

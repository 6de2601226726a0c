import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { renderPdf } from '../../src/evidence/pdf/render.js';
import type { ReportModel } from '../../src/evidence/report-model.js';
import { fixtureModel } from '../fixtures/evidence/model.js';

const hasPoppler = spawnSync('pdftotext', ['-v']).status === 0;
const withPoppler = hasPoppler ? {} : { skip: 'poppler-utils (pdftotext) is not installed' };

async function pdftotext(model: ReportModel, ...options: string[]): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'segproof-text-'));
  try {
    const file = join(folder, 'report.pdf');
    writeFileSync(file, await renderPdf(model, []));
    const run = spawnSync('pdftotext', [...options, file, '-'], { encoding: 'utf8', maxBuffer: 1 << 27 });
    assert.equal(run.status, 0, run.stderr);
    return run.stdout;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const fixtureText = new Map<string, Promise<string>>();

/** Text of the fixture's report; drawn once for all tests that read it. */
function textOfFixture(option: '-raw' | '-layout'): Promise<string> {
  const known = fixtureText.get(option) ?? pdftotext(fixtureModel(), option);
  fixtureText.set(option, known);
  return known;
}

/** Text without white space, so that line breaks inside names do not matter. */
function dense(text: string): string {
  return text.replace(/\s+/gu, '');
}

describe('what stands in the PDF', withPoppler, () => {
  test('is all of the report: each requirement, control, change, source, and every unauthorised change', async () => {
    const model = fixtureModel();
    const text = dense(await textOfFixture('-raw'));
    const must = [
      model.title,
      model.reportId,
      model.log.rootHash,
      model.log.verifierKey,
      ...model.log.checkpoint.split('\n'),
      ...model.requirements.map((one) => one.displayId),
      ...model.controls.flatMap((one) => [one.title, one.controlId, one.question, one.method, one.reason]),
      ...model.changes.flatMap((one) => [one.title, one.id]),
      ...model.sources.map((one) => one.name),
      ...model.scope.segments.map((one) => one.name),
      ...model.unauthorisedChanges.flatMap((one) => [String(one.index), one.author, one.policy, one.explanation]),
      ...model.records.map((one) => one.leafHash.slice(0, 12)),
    ];
    for (const part of must) assert.ok(text.includes(dense(part)), `the PDF lacks ${part}`);
    assert.doesNotMatch(text, /undefined|NaN|\[object/u);
  });

  test('lists unauthorised changes before everything else that needs attention', async () => {
    const text = await textOfFixture('-raw');
    const at = (part: string): number => text.indexOf(part);
    assert.ok(at('Policy changes without an approved change (4)') > 0);
    assert.ok(at('Policy changes without an approved change (4)') < at('Requirements not satisfied ('));
    assert.ok(at('What needs attention') < at('Totals'));
  });

  test('never promises more than the records give', async () => {
    const text = await textOfFixture('-raw');
    assert.match(text, /evidence supports/u);
    assert.doesNotMatch(text, /certified|certifies|compliant|guarantee/iu);
  });

  test('numbers its pages and repeats report and period on each', async () => {
    const pages = (await textOfFixture('-layout')).split('\f').slice(0, -1);
    pages.forEach((page, at) => {
      assert.match(page, new RegExp(`Page ${at + 1} of ${pages.length}\\b`, 'u'));
      assert.match(page, /Report 01964c1e-5d20-7a31-9c44-6f0e9b7d2a10/u);
      assert.match(page, /2026-10-01 to 2026-11-01, 00:00 UTC/u);
    });
  });

  test('lies inside the margins, whatever the names', async () => {
    const endless = 'x'.repeat(400);
    const model = fixtureModel();
    const boxes = await pdftotext(
      {
        ...model,
        title: `${'A title that goes on '.repeat(30)}${endless}`,
        requestedBy: endless,
        reportId: endless,
        scope: {
          estate: false,
          segments: model.scope.segments.map((segment) => ({ ...segment, name: endless, owner: endless })),
        },
        framework: { ...model.framework, title: endless, version: endless, publisher: endless },
        log: { ...model.log, origin: endless },
        requirements: model.requirements
          .slice(0, 5)
          .map((one) => ({ ...one, displayId: endless, title: endless, group: endless, reason: endless })),
        controls: model.controls.map((one) => ({
          ...one,
          controlId: `${one.controlId}${endless}`,
          title: endless,
          question: endless,
        })),
        unauthorisedChanges: model.unauthorisedChanges.map((one) => ({
          ...one,
          author: endless,
          policy: `日本${endless}`,
          explanation: endless,
        })),
        sources: model.sources.map((one) => ({ ...one, name: endless, received: 10 ** 15 })),
      },
      '-bbox',
    );
    const words = [...boxes.matchAll(/<word xMin="([\d.]+)" yMin="([\d.]+)" xMax="([\d.]+)" yMax="([\d.]+)">/gu)];
    assert.ok(words.length > 1000);
    for (const [word, left, top, right, bottom] of words) {
      assert.ok(Number(left) > 50 && Number(right) < 545.5 && Number(top) > 30 && Number(bottom) < 815, word);
    }
  });

  test('shows what a font lacks and what would disguise a name', async () => {
    const model = fixtureModel();
    const text = await pdftotext({ ...model, title: 'Bericht 日本 \u202Egnp.exe \u200Bx\u0007' }, '-raw');
    assert.ok(text.includes('Bericht [U+65E5][U+672C] [U+202E]gnp.exe [U+200B]x[U+0007]'));
  });

  test('says plainly when nothing was found, and when the log did not verify', async () => {
    const model = fixtureModel();
    const clean = await pdftotext(
      { ...model, unauthorisedChanges: [], controls: [], changes: [], sources: [], records: [] },
      '-raw',
    );
    assert.match(dense(clean), /None:everypolicychangeseenintheperiodcarriesoutanapprovedchange/u);
    const broken = await pdftotext(
      { ...model, log: { ...model.log, verified: false, problems: ['entry 7 was altered'] } },
      '-raw',
    );
    assert.match(broken, /The log did not verify/u);
    assert.match(broken, /entry 7 was altered/u);
    assert.doesNotMatch(broken, /and the log verified/u);
  });
});

describe('the bytes of the PDF', () => {
  test('are the same for the same report, in another time zone and locale too', async () => {
    const script = fileURLToPath(new URL('../fixtures/evidence/render-digest.js', import.meta.url));
    const runs = [
      { TZ: 'UTC', LANG: 'C.UTF-8' },
      { TZ: 'Asia/Tokyo', LANG: 'tr_TR.UTF-8' },
    ].map((environment) =>
      spawnSync(process.execPath, [script], { encoding: 'utf8', env: { ...process.env, ...environment } }),
    );
    const [here, tokyo] = runs.map((run) => run.stdout.split(' '));
    assert.equal(runs[0]?.status, 0, runs[0]?.stderr);
    assert.match(here?.[0] ?? '', /^[0-9a-f]{64}$/u);
    assert.equal(tokyo?.[1], '-540', 'the time zone was not taken');
    assert.equal(tokyo?.[0], here?.[0]);
  });

  test('change with the report', async () => {
    const model = fixtureModel({ requirements: 3, controls: 1, changes: 1, records: 9 });
    const first = await renderPdf(model, []);
    assert.ok(!(await renderPdf({ ...model, title: `${model.title}.` }, [])).equals(first));
    assert.ok((await renderPdf(structuredClone(model), [])).equals(first));
  });

  test('need a time of request, and plain names of attachments', async () => {
    const model = fixtureModel({ requirements: 1, controls: 1, changes: 0, records: 4 });
    await assert.rejects(renderPdf({ ...model, requestedAt: 'yesterday' }, []), /RFC 3339/u);
    const data = Buffer.from('x');
    await assert.rejects(
      renderPdf(model, [{ name: '../Report', mediaType: 'text/plain', description: 'x', relationship: 'Data', data }]),
      /lower-case letters/u,
    );
  });

  test('of a report of about 200 pages are written without piling up memory', async () => {
    const model = fixtureModel({ requirements: 400, controls: 60, changes: 400, records: 4000, unauthorised: 60 });
    const before = process.memoryUsage().rss;
    const pdf = await renderPdf(model, [
      {
        name: 'report.json',
        mediaType: 'application/json',
        description: 'Data',
        relationship: 'Data',
        data: Buffer.from(JSON.stringify(model)),
      },
    ]);
    assert.ok(process.memoryUsage().rss - before < 600 * 2 ** 20);
    assert.ok(pdf.length < 4 * 2 ** 20, `${pdf.length} bytes`);
  });
});

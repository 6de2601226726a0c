import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { packageFiles } from '../../src/evidence/package-files.js';
import { buildPackage, PackageError, type PackageInput } from '../../src/evidence/package.js';
import type { ReportModel } from '../../src/evidence/report-model.js';
import type { VerificationResult } from '../../src/evidence/verification.js';
import { verifyPackage } from '../../src/evidence/verify.js';
import { archiveDirectory, readZip, writeZip } from '../../src/evidence/zip.js';
import { NoteError } from '../../src/log/core/note.js';
import { fixturePackageInput, fixtureSigner, otherSigner } from '../fixtures/evidence/log.js';
import { fixtureModel } from '../fixtures/evidence/model.js';

const key = fixtureSigner.verifier.text;

/** A report on a log of 23 entries that cites few of them, so that every byte of its package can be tried. */
function smallInput(): PackageInput {
  const model = fixtureModel({ requirements: 3, controls: 1, changes: 1, unauthorised: 1, records: 4, firstIndex: 8 });
  const [segment] = model.scope.segments;
  assert.ok(segment);
  return fixturePackageInput({ ...model, scope: { estate: false, segments: [segment] } }, { size: 23, erased: [9] });
}

/** Where a file's header and data lie in the archive. */
function spans(
  archive: Buffer,
): { readonly name: string; readonly header: number; readonly data: number; readonly end: number }[] {
  let at = 0;
  return readZip(archive).entries.map(({ name, data }) => {
    const header = at;
    at += 30 + name.length + data.length;
    return { name, header, data: header + 30 + name.length, end: at };
  });
}

function filesNamed(result: VerificationResult): string[] {
  return [...new Set(result.problems.map((problem) => problem.file))];
}

describe('the evidence package', () => {
  test('verifies with the key of the log alone', () => {
    const result = verifyPackage(buildPackage(smallInput()), key);
    assert.deepEqual(result.problems, []);
    assert.equal(result.verdict, 'verified');
    assert.deepEqual(
      result.steps.map((step) => step.outcome),
      Array(7).fill('passed'),
    );
    assert.equal(result.log?.size, 23);
    assert.equal(result.recordsVerified, smallInput().records.length);
    assert.equal(result.recordsErased, 1);
  });

  test('is the same for the same input, has its files in order and is opened by unzip', (t) => {
    const archive = buildPackage(smallInput());
    assert.deepEqual(buildPackage(smallInput()), archive);
    assert.deepEqual(
      readZip(archive).entries.map((entry) => entry.name),
      packageFiles.map((file) => file.name),
    );
    if (spawnSync('unzip', ['-v']).status !== 0) return t.skip('unzip is not installed');
    const folder = mkdtempSync(join(tmpdir(), 'segproof-package-'));
    try {
      writeFileSync(join(folder, 'package.zip'), archive);
      const check = spawnSync('unzip', ['-t', join(folder, 'package.zip')], { encoding: 'utf8' });
      assert.equal(check.status, 0, check.stdout + check.stderr);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test('names the file for a change of any byte, and the record for a change in its line', () => {
    const archive = buildPackage(smallInput());
    const { records } = smallInput();
    const files = spans(archive);
    const directoryFrom = files.at(-1)?.end ?? 0;
    const lineStarts = new Map(
      ['records.ndjson', 'proofs.ndjson'].map((name) => {
        const file = files.find((one) => one.name === name);
        assert.ok(file);
        const starts = [file.data];
        for (let at = file.data; at < file.end - 1; at++) if (archive[at] === 0x0a) starts.push(at + 1);
        return [name, starts] as const;
      }),
    );
    const flipped = Buffer.from(archive);
    const masks = [0x01, 0x02, 0x40, 0x80, 0xff, 0x20, 0x0a];
    // Files that nothing but their digest protects are tried at every fifth byte, all others at every byte.
    const digestOnly = new Set(['README.txt', 'report.pdf', 'report.json', 'keys.txt']);
    for (let at = 0; at < archive.length; at++) {
      const inside = files.find((one) => at >= one.data && at < one.end);
      if (inside !== undefined && digestOnly.has(inside.name) && at % 5 !== 0) continue;
      const byte = archive.readUInt8(at);
      flipped.writeUInt8(byte ^ (masks[at % masks.length] ?? 1), at);
      const result = verifyPackage(flipped, key);
      flipped.writeUInt8(byte, at);

      assert.equal(result.verdict, 'failed', `byte ${at}`);
      const file = files.find((one) => at < one.end);
      const owner = at >= directoryFrom || file === undefined ? archiveDirectory : file.name;
      assert.deepEqual(filesNamed(result), [owner], `byte ${at} of ${owner}: ${JSON.stringify(result.problems)}`);
      const starts = lineStarts.get(owner);
      if (file === undefined || starts === undefined || at < file.data) continue;
      const line = starts.findLastIndex((start) => start <= at);
      const named = result.problems.flatMap((problem) => (problem.index === undefined ? [] : [problem.index]));
      assert.ok(
        named.includes(records[line]?.index ?? -1),
        `byte ${at}, line ${line} of ${owner}: ${JSON.stringify(result.problems)}`,
      );
      // A line feed made or lost touches the neighbour too; nothing else may.
      assert.ok(named.every((index) => Math.abs(records.findIndex((one) => one.index === index) - line) <= 1));
    }
  });

  test('shows any number of changed, cut or added bytes', () => {
    const archive = buildPackage(smallInput());
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat({ max: archive.length - 1 }), fc.integer({ min: 1, max: 255 })), {
          minLength: 1,
          maxLength: 5,
        }),
        fc.constantFrom('change', 'cut', 'insert'),
        (edits, how) => {
          let bytes = Buffer.from(archive);
          for (const [at, value] of edits) {
            if (how === 'change') bytes.writeUInt8(bytes.readUInt8(at) ^ value, at);
            else if (how === 'cut') bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
            else bytes = Buffer.concat([bytes.subarray(0, at), Buffer.from([value]), bytes.subarray(at)]);
          }
          fc.pre(!bytes.equals(archive));
          const result = verifyPackage(bytes, key);
          assert.equal(result.verdict, 'failed');
          assert.ok(result.problems.length > 0);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('of another key is not called tampered', () => {
    const model = smallInput().model;
    const archive = buildPackage(fixturePackageInput(model, { size: 23, signer: otherSigner }));
    const result = verifyPackage(archive, key);
    assert.equal(result.verdict, 'other_key');
    assert.deepEqual(filesNamed(result), ['manifest.sig', 'checkpoint.txt']);
    for (const { message } of result.problems) assert.match(message, /^cannot verify: signed by another key/u);
    assert.doesNotMatch(JSON.stringify(result), /tamper/u);
    // A package of another key that was changed as well is both; the change is what counts.
    archive.writeUInt8(archive.readUInt8(200) ^ 1, 200);
    assert.equal(verifyPackage(archive, key).verdict, 'failed');
  });

  test('asks for a key that is one', () => {
    assert.throws(() => verifyPackage(buildPackage(smallInput()), 'no key'), NoteError);
  });

  test('that is no archive at all is refused with every file missing', () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('not a package')]) {
      const result = verifyPackage(bytes, key);
      assert.equal(result.verdict, 'failed');
      assert.deepEqual(filesNamed(result), [archiveDirectory, ...packageFiles.map((file) => file.name)]);
    }
  });
});

/** Packages signed with the right key over content that does not hold together: a dishonest or broken issuer. */
describe('a package whose signatures are right but whose content is not', () => {
  function problemsOf(change: (input: PackageInput) => PackageInput): VerificationResult['problems'] {
    const result = verifyPackage(buildPackage(change(smallInput())), key);
    assert.equal(result.verdict, 'failed');
    return result.problems;
  }
  const withModel =
    (change: (model: ReportModel) => ReportModel) =>
    (input: PackageInput): PackageInput => ({
      ...input,
      model: change(input.model),
    });
  const firstIndex = smallInput().records[0]?.index ?? -1;

  test('shows a payload that does not fit its digest', () => {
    const problems = problemsOf((input) => ({
      ...input,
      records: input.records.map((record, at) =>
        at === 0 ? { ...record, content: { salt: Buffer.alloc(16), payload: Buffer.from('{}') } } : record,
      ),
    }));
    assert.deepEqual(
      problems.map(({ file, index }) => [file, index]),
      [['records.ndjson', firstIndex]],
    );
  });

  test('shows a proof that leads elsewhere', () => {
    const problems = problemsOf((input) => ({
      ...input,
      records: input.records.map((record, at) => (at === 0 ? { ...record, proof: record.proof.toReversed() } : record)),
    }));
    assert.deepEqual(
      problems.map(({ file, index }) => [file, index]),
      [['proofs.ndjson', firstIndex]],
    );
  });

  test('shows what the report says of a record otherwise than the log', () => {
    const problems = problemsOf(
      withModel((model) => ({
        ...model,
        records: model.records.map((record, at) =>
          at === 0 ? { ...record, eventTime: '2026-10-09T00:00:00Z' } : record,
        ),
      })),
    );
    assert.deepEqual(
      problems.map(({ file, index }) => [file, index]),
      [['report.json', firstIndex]],
    );
    assert.match(problems[0]?.message ?? '', /event time/u);
  });

  test('shows a citation of a record that is not there, and a record nothing cites', () => {
    const uncited = problemsOf(
      withModel((model) => ({
        ...model,
        unauthorisedChanges: [],
        controls: model.controls.map((control) => ({ ...control, citations: [], observations: [] })),
        changes: [],
      })),
    );
    assert.equal(uncited.length, smallInput().records.length);
    for (const problem of uncited) assert.match(problem.message, /nothing in it cites it/u);
    const absent = problemsOf(
      withModel((model) => ({
        ...model,
        unauthorisedChanges: [
          ...model.unauthorisedChanges,
          { index: 2, eventTime: '', author: '', action: '', policy: '', explanation: '' },
        ],
      })),
    );
    assert.deepEqual(
      absent.map(({ file, index }) => [file, index]),
      [['report.json', 2]],
    );
  });

  test('shows totals that are not the sums of the lists', () => {
    for (const total of [
      'requirements',
      'satisfied',
      'notSatisfied',
      'notApplicable',
      'notAssessed',
      'controls',
      'recordsInPeriod',
      'recordsIncluded',
    ] as const) {
      const problems = problemsOf(
        withModel((model) => ({ ...model, totals: { ...model.totals, [total]: model.totals[total] + 1 } })),
      );
      assert.ok(problems.length > 0 && problems.every((problem) => problem.file === 'report.json'), total);
    }
  });

  test('shows a log state other than the signed one', () => {
    const problems = problemsOf(withModel((model) => ({ ...model, log: { ...model.log, size: model.log.size + 1 } })));
    assert.match(problems[0]?.message ?? '', /names the log state/u);
  });

  test('shows files in another order, doubled or added, though each is whole', () => {
    const { entries } = readZip(buildPackage(smallInput()));
    const reordered = verifyPackage(writeZip(entries.toReversed()), key);
    assert.deepEqual(filesNamed(reordered), [archiveDirectory]);
    const added = verifyPackage(writeZip([...entries, { name: 'more.txt', data: Buffer.from('x') }]), key);
    assert.deepEqual(filesNamed(added), [archiveDirectory]);
    const without = verifyPackage(writeZip(entries.filter((entry) => entry.name !== 'proofs.ndjson')), key);
    assert.equal(without.verdict, 'failed');
    assert.deepEqual(filesNamed(without), ['proofs.ndjson']);
  });

  test('is not even built when records and report do not fit', () => {
    const input = smallInput();
    assert.throws(() => buildPackage({ ...input, records: input.records.slice(1) }), PackageError);
    assert.throws(() => buildPackage({ ...input, records: input.records.toReversed() }), PackageError);
    assert.throws(
      () =>
        buildPackage({
          ...input,
          records: input.records.map((record) => ({ ...record, leaf: { ...record.leaf, kind: 'flow?' } })),
        }),
      /not the one the report cites/u,
    );
  });
});

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { archiveDirectory, assertFits, readZip, writeZip, ZipError, type ZipEntry } from '../../src/evidence/zip.js';

const files: readonly ZipEntry[] = [
  { name: 'README.txt', data: Buffer.from('Read me.\n') },
  { name: 'empty.json', data: Buffer.alloc(0) },
  { name: 'records.ndjson', data: Buffer.from('{"a":"ä"}\n{"b":2}\n') },
];

describe('the canonical archive', () => {
  test('gives back what was put in, and the same bytes for the same files', () => {
    const archive = writeZip(files);
    assert.deepEqual(readZip(archive), { entries: files, problems: [] });
    assert.deepEqual(writeZip(files), archive);
    assert.deepEqual(readZip(writeZip([])), { entries: [], problems: [] });
  });

  test('is opened by unzip, which finds nothing wrong', (t) => {
    if (spawnSync('unzip', ['-v']).status !== 0) return t.skip('unzip is not installed');
    inFolder((folder) => {
      const file = join(folder, 'a.zip');
      writeFileSync(file, writeZip(files));
      const check = spawnSync('unzip', ['-t', file], { encoding: 'utf8' });
      assert.equal(check.status, 0, check.stdout + check.stderr);
      assert.equal(spawnSync('unzip', ['-q', file, '-d', folder]).status, 0);
      for (const { name, data } of files) assert.deepEqual(readFileSync(join(folder, name)), data);
    });
  });

  test('is opened by the zip module of Python', (t) => {
    if (spawnSync('python3', ['--version']).status !== 0) return t.skip('python3 is not installed');
    inFolder((folder) => {
      const file = join(folder, 'a.zip');
      writeFileSync(file, writeZip(files));
      const script =
        'import sys,zipfile\nz=zipfile.ZipFile(sys.argv[1])\nassert z.testzip() is None\nprint(z.namelist(), z.infolist()[0].date_time)';
      const run = spawnSync('python3', ['-c', script, file], { encoding: 'utf8' });
      assert.equal(
        run.stdout.trim(),
        "['README.txt', 'empty.json', 'records.ndjson'] (1980, 1, 1, 0, 0, 0)",
        run.stderr,
      );
    });
  });

  test('shows every change of every byte, and lays it to the file or to the directory', () => {
    const archive = writeZip(files);
    const directoryFrom = archive.readUInt32LE(archive.length - 6);
    for (let at = 0; at < archive.length; at++) {
      for (const change of [0x01, 0x20, 0x80, 0xff]) {
        const flipped = Buffer.from(archive);
        flipped.writeUInt8(flipped.readUInt8(at) ^ change, at);
        const { problems } = readZip(flipped);
        assert.ok(problems.length > 0, `byte ${at} changed by ${change} went unnoticed`);
        if (at < directoryFrom) {
          assert.deepEqual(
            problems.map((problem) => problem.file),
            [ownerOf(at)],
            `byte ${at}`,
          );
        } else {
          // A name or check sum changed in the directory alone is seen as its disagreement with the file.
          const [problem] = problems;
          assert.ok(problem !== undefined);
          assert.ok(
            problem.file === archiveDirectory || problem.message.includes('archive directory'),
            `byte ${at}: ${problem.message}`,
          );
        }
      }
    }
  });

  test('shows bytes cut off or added at either end', () => {
    const archive = writeZip(files);
    for (let length = 0; length < archive.length; length++) {
      assert.notDeepEqual(readZip(archive.subarray(0, length)).problems, [], `cut to ${length}`);
      if (length > 0) assert.notDeepEqual(readZip(archive.subarray(length)).problems, [], `first ${length} cut`);
    }
    assert.notDeepEqual(readZip(Buffer.concat([archive, Buffer.from([0])])).problems, []);
    assert.notDeepEqual(readZip(Buffer.concat([Buffer.from([0]), archive])).problems, []);
  });

  test('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, inside) => {
        const archive = writeZip(files);
        const bytes = inside
          ? Buffer.concat([archive.subarray(0, 60), noise, archive.subarray(60)])
          : Buffer.from(noise);
        const { problems } = readZip(bytes);
        assert.ok(problems.length > 0 || noise.length === 0);
      }),
    );
  });

  test('refuses names that are not plain, doubled names, and 4 GiB', () => {
    const data = Buffer.alloc(0);
    for (const name of ['', '../a', 'a/b', 'ä.txt', '.hidden', 'a b', 'a\u0000']) {
      assert.throws(() => writeZip([{ name, data }]), ZipError, name);
    }
    assert.throws(
      () =>
        writeZip([
          { name: 'a', data },
          { name: 'a', data },
        ]),
      /given twice/u,
    );
    assert.throws(() => assertFits([{ name: 'big', size: 0x1_0000_0000 }]), /4 GiB/u);
    assert.throws(
      () =>
        assertFits([
          { name: 'a', size: 0x8000_0000 },
          { name: 'b', size: 0x7fff_ffff },
        ]),
      /narrow the scope/u,
    );
    assert.doesNotThrow(() => assertFits([{ name: 'a', size: 0xfff0_0000 }]));
  });
});

/** Name of the file in whose header or data a byte of the archive lies. */
function ownerOf(at: number): string {
  let end = 0;
  for (const { name, data } of files) {
    end += 30 + name.length + data.length;
    if (at < end) return name;
  }
  throw new Error(`byte ${at} belongs to no file`);
}

function inFolder(run: (folder: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'segproof-zip-'));
  try {
    run(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

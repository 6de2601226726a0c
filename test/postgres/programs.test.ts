import assert from 'node:assert/strict';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { completePackage, copyPackage } from '../../src/postgres/programs.js';
import { temporaryDirectory } from '../support/server.js';

test('a package installed without its install script gets its links and permissions', (t) => {
  const installed = bareProgramsPackage(t);
  assert.equal(completePackage(installed), true);
  assert.equal(readlinkSync(join(installed, 'native/lib/libpq.so.5')), 'libpq.so.5.18');
  assert.equal(readFileSync(join(installed, 'native/lib/libpq.so.5'), 'utf8'), 'library');
  assert.equal(statSync(join(installed, 'native/bin/postgres')).mode & 0o111, 0o111);
  assert.equal(completePackage(installed), true);
});

test('a copy is whole and for everybody to run, though only its owner may read the original', (t) => {
  const installed = bareProgramsPackage(t);
  for (const path of ['native', 'native/bin', 'native/lib']) chmodSync(join(installed, path), 0o700);
  const copies = join(installed, 'copies');
  const copy = join(copies, 'postgresql-18');
  copyPackage(installed, copy);
  copyPackage(installed, copy);
  assert.deepEqual(readdirSync(copies), ['postgresql-18']);
  const mode = (path: string): string => (lstatSync(join(copy, path)).mode & 0o777).toString(8);
  assert.deepEqual(
    ['.', 'native', 'native/bin', 'native/bin/postgres', 'native/lib', 'native/lib/libpq.so.5.18'].map(mode),
    ['755', '755', '755', '755', '755', '644'],
  );
  assert.equal(readlinkSync(join(copy, 'native/lib/libpq.so.5')), 'libpq.so.5.18');
});

/** The files of the real package that matter, as unpacked by `npm ci --ignore-scripts` with a strict umask. */
function bareProgramsPackage(t: TestContext): string {
  const { directory, removeDirectory } = temporaryDirectory();
  t.after(removeDirectory);
  mkdirSync(join(directory, 'native/bin'), { recursive: true });
  mkdirSync(join(directory, 'native/lib'));
  for (const program of ['initdb', 'postgres'])
    writeFileSync(join(directory, 'native/bin', program), 'program', { mode: 0o600 });
  writeFileSync(join(directory, 'native/lib/libpq.so.5.18'), 'library', { mode: 0o600 });
  const links = [{ source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' }];
  writeFileSync(join(directory, 'native/pg-symlinks.json'), JSON.stringify(links));
  return directory;
}

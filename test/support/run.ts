import { readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join, sep } from 'node:path';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

import { createTemplate, dropTemplate, runVariables } from './database.js';
import { openTestServer } from './server.js';

/*
 * The test runner: `run.js [browser] [part of a path...]`. Runs the compiled tests beside it, those of test/browser only
 * when asked, on one PostgreSQL with a migrated template. Exit code 1 when anything failed or there was nothing to run.
 */

const FILES_AT_ONCE = 2;
/** Long faults take as long as they are asked to. */
const FILE_TIMEOUT_MS = (Number(process.env['SEGPROOF_LONG_FAULTS'] ?? 0) > 0 ? 120 : 10) * 60_000;

interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

const testFolder = dirname(dirname(fileURLToPath(import.meta.url)));
const interrupted = new AbortController();
let exitCode = 0;

const files = chooseFiles(process.argv.slice(2));
if (files.length === 0) {
  console.error(`expected tests in ${testFolder} for [${process.argv.slice(2).join(' ')}], but there are none`);
  process.exit(1);
}
const databases = prepareDatabases();
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => {
    exitCode = 128 + constants.signals[name];
    interrupted.abort();
    void removeDatabases().finally(() => process.exit(exitCode));
  });
}
try {
  await databases;
  const { passed, failed, skipped } = await runFiles(files, interrupted.signal);
  await removeDatabases();
  if (failed > 0) exitCode ||= 1;
  const line = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`;
  process.stdout.write(line, () => process.exit(exitCode));
} catch (error) {
  // What an interrupt breaks off is no news.
  if (!interrupted.signal.aborted) throw error;
}

function chooseFiles(given: readonly string[]): string[] {
  const browser = given[0] === 'browser';
  const parts = browser ? given.slice(1) : given;
  return readdirSync(testFolder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.test.js') && path.startsWith(`browser${sep}`) === browser)
    .filter((path) => parts.length === 0 || parts.some((part) => path.includes(part)))
    .toSorted()
    .map((path) => join(testFolder, path));
}

/** Makes the template, and tells the test files of it by the environment, which they inherit. */
async function prepareDatabases(): Promise<{ remove(): Promise<void> }> {
  const server = await openTestServer();
  try {
    const template = await createTemplate(server.ownerUrl);
    process.env[runVariables.ownerUrl] = server.ownerUrl;
    process.env[runVariables.superuserUrl] = server.superuserUrl ?? '';
    process.env[runVariables.template] = template;
    let removed: Promise<void> | undefined;
    const remove = async (): Promise<void> => {
      await dropTemplate(server.ownerUrl, template);
      await server.close();
    };
    return { remove: () => (removed ??= remove()) };
  } catch (error) {
    await server.close();
    throw error;
  }
}

/** Removes all that the tests have left, also when interrupted while it was being prepared. */
async function removeDatabases(): Promise<void> {
  await (await databases).remove();
}

async function runFiles(paths: string[], signal: AbortSignal): Promise<Totals> {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  const events = run({ files: paths, concurrency: FILES_AT_ONCE, timeout: FILE_TIMEOUT_MS, signal });
  events.on('test:pass', ({ name, skip, details }) => {
    if (details.type === 'suite') return;
    if (paths.includes(name)) {
      // A file without tests is reported as a test that passed, named after the file.
      totals.failed += 1;
      console.error(`expected tests in ${name}, but it has none`);
    } else if (skip !== undefined && skip !== false) totals.skipped += 1;
    else totals.passed += 1;
  });
  events.on('test:fail', ({ details }) => {
    // What only contains a failed test is told by that test.
    const cause: unknown = details.error;
    const contains = cause instanceof Error && 'failureType' in cause && cause.failureType === 'subtestsFailed';
    if (!contains) totals.failed += 1;
  });
  const report = events.pipe(new spec());
  report.pipe(process.stdout, { end: false });
  await finished(report);
  return totals;
}

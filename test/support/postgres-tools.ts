import assert from 'node:assert/strict';
import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { temporaryDirectory } from './server.js';

/*
 * A PostgreSQL of the system with the tools that come with it. What ships with the package has no pg_dump, and pg_dump refuses
 * servers that are newer than itself: so tests of dumps run on the server that the tools belong to.
 */

const tools = ['initdb', 'pg_ctl', 'pg_dump', 'pg_restore', 'psql'];

/** Folder of PostgreSQL's programs, the newest there is, or the one that SEGPROOF_POSTGRES_BIN names; null without one. */
export function findPostgresTools(): string | null {
  const given = process.env['SEGPROOF_POSTGRES_BIN'];
  const candidates =
    given === undefined
      ? [...foldersIn('/usr/lib/postgresql', 'bin'), ...foldersIn('/usr/local/lib/postgresql', 'bin')]
      : [given];
  return candidates.find((folder) => tools.every((tool) => existsSync(join(folder, tool)))) ?? null;
}

export const noPostgresTools =
  'no PostgreSQL with initdb and pg_dump is installed; SEGPROOF_POSTGRES_BIN may name the folder of one';

function foldersIn(parent: string, rest: string): string[] {
  if (!existsSync(parent)) return [];
  return readdirSync(parent)
    .filter((name) => /^\d+$/u.test(name))
    .toSorted((a, b) => Number(b) - Number(a))
    .map((name) => join(parent, name, rest));
}

export interface SystemPostgres {
  /** A folder that goes with the server. */
  readonly directory: string;
  readonly port: number;
  /** Runs one of the tools against the server, as superuser unless `user` says otherwise; the roles need no password. */
  tool(name: string, args: readonly string[], user?: string): string;
  stop(): void;
}

/** Starts it in a temporary folder, for connections from this machine without a password. */
export async function startSystemPostgres(bin: string): Promise<SystemPostgres> {
  const { directory, removeDirectory } = temporaryDirectory();
  const home = join(directory, 'server');
  const data = join(home, 'data');
  mkdirSync(home);
  const asUser: ExecFileSyncOptions = { cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] };
  if (process.getuid?.() === 0) {
    // PostgreSQL does not run as root.
    const [, , uid = '', gid = ''] =
      /^(?:postgres|nobody):.*$/mu.exec(readFileSync('/etc/passwd', 'utf8'))?.[0]?.split(':') ?? [];
    assert.ok(uid !== '', 'a user to run PostgreSQL as');
    Object.assign(asUser, { uid: Number(uid), gid: Number(gid) });
    chownSync(home, Number(uid), Number(gid));
  }
  execFileSync(join(bin, 'initdb'), ['-D', data, '-A', 'trust', '-U', 'postgres', '-E', 'UTF8', '--no-sync'], asUser);
  const port = await freePort();
  // In the file, since quoting differs on the command line.
  execFileSync('/bin/sh', ['-c', `cat >> '${data}/postgresql.auto.conf'`], {
    ...asUser,
    stdio: ['pipe', 'pipe', 'pipe'],
    input: `port = ${port}\nlisten_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nmax_connections = 60\n`,
  });
  execFileSync(join(bin, 'pg_ctl'), ['-D', data, '-l', join(home, 'log'), '-w', 'start'], {
    ...asUser,
    stdio: 'ignore',
  });
  const stop = (): void => {
    process.off('exit', stop);
    execFileSync(join(bin, 'pg_ctl'), ['-D', data, '-m', 'immediate', '-w', 'stop'], { ...asUser, stdio: 'ignore' });
    removeDirectory();
  };
  process.once('exit', stop);
  return {
    directory,
    port,
    tool: (name, args, user = 'postgres') =>
      execFileSync(join(bin, name), ['-h', '127.0.0.1', '-p', String(port), '-U', user, ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        maxBuffer: 1 << 28,
      }),
    stop,
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo; // a listening TCP server has one
  await new Promise((resolve) => server.close(resolve));
  return port;
}

import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, fstatSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

import { writeDurably } from './durable-file.js';
import { EmbeddedPostgresError, systemErrorCode } from './error.js';
import type { RunAs } from './home.js';
import { commandLine, signal, waitForEnd } from './processes.js';
import { asUser } from './programs.js';

/** What a postmaster is started with. */
export interface ServerCommand {
  readonly postgres: string;
  readonly dataDirectory: string;
  readonly runAs: RunAs | undefined;
  /** PostgreSQL's own log, appended to. */
  readonly logFile: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly log: (line: string) => void;
}

/** A postmaster that accepts connections. */
export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  /** Stops it in order: committed work stays, open transactions are rolled back. */
  stop(): Promise<void>;
}

const FAST_STOP_MS = 10_000;
const IMMEDIATE_STOP_MS = 10_000;
const ORPHANED_BACKENDS_MS = 10_000;
const PROGRESS_MS = 5_000;
const PORT_ATTEMPTS = 5;
const LOG_BYTES_KEPT = 16 * 1024 * 1024;

/**
 * Starts a postmaster on a free port of 127.0.0.1 and waits until it accepts connections, however long recovery after
 * a crash takes. It is a process group of its own, so that Ctrl-C in the terminal does not reach it, and it is stopped
 * when this process ends without having stopped it, be it by SIGKILL.
 *
 * Precondition: no other postmaster serves the data folder (see `endOrphan`).
 *
 * @throws EmbeddedPostgresError with the end of PostgreSQL's log when it does not come up.
 */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  const orphansGone = Date.now() + ORPHANED_BACKENDS_MS;
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const { child, pid, logStart } = launch(command, port);
    const watch = watchOver(pid);
    if (await isReady(child, pid, command)) return serverProcess(child, pid, port, watch, command);
    watch.dismiss();
    const said = readLogFrom(command.logFile, logStart);
    if (/could not create any TCP\/IP sockets/.test(said) && attempt < PORT_ATTEMPTS) continue;
    if (/pre-existing shared memory block/.test(said) && Date.now() < orphansGone) {
      await sleep(200);
      continue;
    }
    throw new EmbeddedPostgresError(
      `expected PostgreSQL to start on ${command.dataDirectory}, but it ended (${ending(child)}): ` +
        `${lastLines(said)}; its log is ${command.logFile}`,
    );
  }
}

/**
 * Ends what an earlier service left on a data folder: a postmaster that still runs is stopped, a pid file without one is
 * marked stale.
 *
 * Precondition: the caller holds the lock on the folder, so no live service uses that postmaster.
 */
export async function endOrphan(dataDirectory: string, log: (line: string) => void): Promise<void> {
  const left = readPidFile(dataDirectory);
  if (left !== undefined && commandLine(left.pid).includes(` -D ${dataDirectory} -p `)) {
    log(`stopping PostgreSQL (pid ${left.pid}), which an earlier run left behind`);
    await stopPostmaster(left.pid);
  }
  markStale(dataDirectory);
}

/**
 * PostgreSQL refuses to start while the pid in the file is in use, though it may be a zombie's or have gone to another
 * process since. The pid of its own parent, which is ours, it knows to be stale; and it goes on looking for backends
 * that outlived their postmaster, which it would not do without the file.
 */
function markStale(dataDirectory: string): void {
  const path = pidFilePath(dataDirectory);
  if (!existsSync(path)) return;
  const { uid, gid } = statSync(dataDirectory);
  const rest = readFileSync(path, 'utf8').split('\n').slice(1);
  writeDurably(path, [process.pid, ...rest].join('\n'), 0o600, { uid, gid });
}

/** The postmaster that says it serves a data folder, by its pid file. */
export function readPidFile(dataDirectory: string): { pid: number; port: number; ready: boolean } | undefined {
  let lines: string[];
  try {
    lines = readFileSync(pidFilePath(dataDirectory), 'utf8').split('\n');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  const pid = Number(lines[0]);
  if (!Number.isSafeInteger(pid) || pid <= 0) return undefined;
  return { pid, port: Number(lines[3]), ready: lines[7]?.trim() === 'ready' };
}

/** The last lines of a program's output, on one line, for an error message. */
export function lastLines(output: string): string {
  return output.trim().split('\n').slice(-6).join(' | ') || 'it said nothing';
}

function pidFilePath(dataDirectory: string): string {
  return `${dataDirectory}/postmaster.pid`;
}

function launch(command: ServerCommand, port: number): { child: ChildProcess; pid: number; logStart: number } {
  const fixed = { listen_addresses: '127.0.0.1', unix_socket_directories: '' };
  const settings = Object.entries({ ...command.settings, ...fixed }).flatMap(([name, value]) => [
    '-c',
    `${name}=${value}`,
  ]);
  putFullLogAside(command.logFile);
  const logFile = openSync(command.logFile, 'a', 0o600);
  try {
    const logStart = fstatSync(logFile).size;
    const child = spawn(command.postgres, ['-D', command.dataDirectory, '-p', String(port), ...settings], {
      ...asUser(command.runAs),
      detached: true,
      stdio: ['ignore', logFile, logFile],
    });
    child.on('error', () => {}); // told below, where there is no pid
    if (child.pid === undefined) {
      throw new EmbeddedPostgresError(
        `${command.postgres} could not be started as ${command.runAs?.name ?? 'our user'}`,
      );
    }
    child.unref();
    return { child, pid: child.pid, logStart };
  } finally {
    closeSync(logFile);
  }
}

async function isReady(child: ChildProcess, pid: number, { dataDirectory, log }: ServerCommand): Promise<boolean> {
  let nextProgress = Date.now() + PROGRESS_MS;
  while (child.exitCode === null && child.signalCode === null) {
    const file = readPidFile(dataDirectory);
    if (file?.pid === pid && file.ready) return true;
    if (Date.now() > nextProgress) {
      log('PostgreSQL is still starting (it may be recovering from a crash)');
      nextProgress += PROGRESS_MS;
    }
    await sleep(10);
  }
  return false;
}

function serverProcess(
  child: ChildProcess,
  pid: number,
  port: number,
  watch: { dismiss(): void },
  command: ServerCommand,
): ServerProcess {
  let stopped: Promise<void> | undefined;
  child.once('exit', () => {
    if (stopped) return;
    watch.dismiss();
    command.log(`PostgreSQL ended unexpectedly (${ending(child)}); its log is ${command.logFile}`);
  });
  return {
    pid,
    port,
    stop() {
      // Once it has ended and been waited for, its pid may be anybody's.
      const running = child.exitCode === null && child.signalCode === null;
      stopped ??= running ? stopPostmaster(pid).then(() => watch.dismiss()) : Promise.resolve();
      return stopped;
    },
  };
}

async function stopPostmaster(pid: number): Promise<void> {
  signal(pid, 'SIGINT');
  if (await waitForEnd(pid, FAST_STOP_MS)) return;
  signal(pid, 'SIGQUIT');
  if (await waitForEnd(pid, IMMEDIATE_STOP_MS)) return;
  throw new EmbeddedPostgresError(
    `expected PostgreSQL (pid ${pid}) to stop, but it ignored SIGINT and SIGQUIT; look at its log, then end it by hand`,
  );
}

/**
 * A shell that stops the postmaster when this process is gone. The end of our side of the pipe tells it, which the
 * system closes however we end.
 */
function watchOver(pid: number): { dismiss(): void } {
  const script = 'read -r word; [ "$word" = dismissed ] || kill -INT "$1"';
  const shell = spawn('/bin/sh', ['-c', script, 'segproof-postgres-watch', String(pid)], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell on the system the next start stops what is left behind.
  shell.on('error', () => {});
  shell.stdin.on('error', () => {});
  shell.unref();
  if (shell.stdin instanceof Socket) shell.stdin.unref();
  return { dismiss: () => shell.stdin.end('dismissed\n') };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new EmbeddedPostgresError('127.0.0.1 gave no free port');
  return address.port;
}

function putFullLogAside(logFile: string): void {
  if (existsSync(logFile) && statSync(logFile).size > LOG_BYTES_KEPT) renameSync(logFile, `${logFile}.1`);
}

function readLogFrom(logFile: string, start: number): string {
  return readFileSync(logFile).subarray(start).toString('utf8');
}

function ending(child: ChildProcess): string {
  return child.signalCode ?? `exit code ${child.exitCode ?? 'unknown'}`;
}

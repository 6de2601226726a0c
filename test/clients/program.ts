import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitOnSignals } from '../support/server.js';

/** Where a program is: in PATH, or where administrators' programs are. */
export function findProgram(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin'];
  return folders.map((folder) => join(folder, name)).find(isProgram) ?? null;
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Why a program cannot be run, in words for a skipped test; null where it can. */
export function missingProgram(name: string, debianPackage: string): string | null {
  return findProgram(name) === null ? `needs ${name} (Debian package ${debianPackage})` : null;
}

export interface RunningProgram {
  /** What it has written so far. */
  readonly output: () => string;
  /** Ends it by SIGTERM, and by SIGKILL where that takes long. */
  stop(): Promise<void>;
}

/** Starts a program that runs until it is stopped; it ends with this process at the latest. */
export function startProgram(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): RunningProgram {
  const child = spawn(program, args, { env: environment(env), stdio: ['ignore', 'pipe', 'pipe'] });
  endWithUs(child);
  let output = '';
  const hear = (text: string): void => void (output = (output + text).slice(-20_000));
  child.stdout.setEncoding('utf8').on('data', hear);
  child.stderr.setEncoding('utf8').on('data', hear);
  child.on('error', (error) => hear(String(error)));
  return {
    output: () => output,
    stop: async () => {
      if (!isRunning(child)) return;
      const gone = once(child, 'exit');
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await gone;
      clearTimeout(timer);
    },
  };
}

let children: Set<ChildProcess> | null = null;

function endWithUs(child: ChildProcess): void {
  if (children === null) {
    const running = new Set<ChildProcess>();
    process.once('exit', () => running.forEach((one) => one.kill('SIGKILL')));
    exitOnSignals();
    children = running;
  }
  children.add(child);
  child.once('exit', () => children?.delete(child));
}

export interface ProgramCall {
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Its standard input. */
  readonly input?: string;
}

/** Runs a program to its end, or to that of this process; resolves with its exit code and what it wrote. */
export async function runProgram(
  program: string,
  { args, env = {}, input = '' }: ProgramCall,
): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn(program, args, { env: environment(env), stdio: ['pipe', 'pipe', 'pipe'] });
  endWithUs(child);
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null]; // node documents exit code and signal
  return { code, output };
}

function environment(given: Readonly<Record<string, string>>): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '/usr/bin:/bin', LANG: 'C.UTF-8', ...given };
}

function isRunning(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null;
}

/** A port of 127.0.0.1 that nobody listens on, for TCP and UDP. */
export async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('127.0.0.1 gave no free port');
  const datagrams = createSocket('udp4');
  datagrams.bind(address.port, '127.0.0.1');
  await once(datagrams, 'listening');
  datagrams.close();
  server.close();
  await once(server, 'close');
  return address.port;
}

/** Connects as soon as somebody listens on this port. */
export async function connectWhenReady(port: number, program: RunningProgram): Promise<Socket> {
  for (const deadline = Date.now() + 15_000; ;) {
    const socket = connect(port, '127.0.0.1');
    try {
      await once(socket, 'connect');
      return socket;
    } catch (error) {
      socket.destroy();
      if (Date.now() > deadline) throw new Error(`nobody listens on ${port}: ${program.output()}`, { cause: error });
      await sleep(50);
    }
  }
}

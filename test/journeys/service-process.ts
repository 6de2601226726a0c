import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FreshDatabase } from '../support/database.js';
import { exitOnSignals } from '../support/server.js';

/** The compiled command line of this build. */
const commandLine = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

export interface CommandEnd {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Variables that a command of the tests sees: where programs and temporary folders are, and what it is given. */
function environment(given: Readonly<Record<string, string>>): Record<string, string> {
  const kept = ['PATH', 'HOME', 'TMPDIR', 'LANG'].flatMap((name): [string, string][] => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(kept), ...given };
}

/** Runs `segproof` with these arguments to its end. */
export async function runCommand(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandEnd> {
  const child = spawn(process.execPath, [commandLine, ...args], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const [code] = (await once(child, 'close')) as [number | null]; // node documents exit code and signal
  return { code, ...output };
}

/** Variables of a service on this database; the same folder makes it find its key again. */
export function serviceVariables(database: FreshDatabase, directory: string): Record<string, string> {
  return {
    DATABASE_URL: database.ownerUrl,
    DATABASE_SERVICE_URL: database.serviceUrl,
    DATA_DIR: directory,
    PORT: '0',
    LOG_LEVEL: 'warn',
  };
}

/** `segproof start` in a process of its own. */
export interface ServiceProcess {
  readonly url: string;
  readonly pid: number;
  /** The login that a first start prints; null on later starts. */
  readonly admin: { readonly name: string; readonly password: string } | null;
  /** What it has written on standard error so far. */
  readonly stderr: () => string;
  /** Sends the signal and resolves with the exit code, or null when the signal ended it. */
  end(signal: 'SIGTERM' | 'SIGINT' | 'SIGKILL'): Promise<number | null>;
}

/** Starts the service and resolves when it says that it is ready. */
export async function startServiceProcess(env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [commandLine, 'start'], {
    env: environment(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = (): void => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  exitOnSignals();
  const ended = once(child, 'exit').then(([code]) => {
    process.off('exit', killWithUs);
    return code as number | null; // node documents exit code and signal
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const lines: string[] = [];
  const ready = (async () => {
    for await (const line of createInterface(child.stdout)) {
      lines.push(line);
      if (line === 'ready') return true;
    }
    return false;
  })();
  if (!(await ready)) assert.fail(`the service did not start, exit code ${await ended}:\n${stderr}`);
  child.stdout.resume();
  const login = /^first login \(shown once\): name (?<name>\S+), password (?<password>\S+)$/mu.exec(lines.join('\n'));
  return {
    url: /^portal: (?<url>\S+)$/mu.exec(lines.join('\n'))?.groups?.['url'] ?? '',
    pid: child.pid ?? 0,
    admin:
      login?.groups === undefined
        ? null
        : { name: login.groups['name'] ?? '', password: login.groups['password'] ?? '' },
    stderr: () => stderr,
    end: async (signal) => {
      child.kill(signal);
      return await ended;
    },
  };
}

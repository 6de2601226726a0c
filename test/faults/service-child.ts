import { spawn, type ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';

/** The real service (SEGPROOF_FAULT_LOG=level shows its log), started by its command in a process of its own, on one port over all restarts. */
export interface ServiceChild {
  readonly url: string;
  /** Pid of the running process. */
  readonly pid: number | undefined;
  /** The end of what it wrote to its log and standard error since the last launch. */
  readonly said: string;
  /** Starts it, without waiting. */
  launch(): void;
  /** Resolves when it says that it is ready; false when it ended before. */
  ready(): Promise<boolean>;
  /** Ends it at once, as the out-of-memory killer does. */
  kill(): Promise<void>;
  /** Ends it in order. */
  stop(): Promise<void>;
}

const program = join(import.meta.dirname, '../../src/cli/main.js');
const stopMilliseconds = 20_000;

export async function serviceChild(serviceUrl: string, dataDirectory: string): Promise<ServiceChild> {
  const port = await freePort();
  let child: ChildProcess | undefined;
  let errors = '';
  let ready = Promise.resolve(false);
  const ended = async (signal: NodeJS.Signals): Promise<void> => {
    const running = child;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = new Promise((resolve) => running.once('exit', resolve));
    running.kill(signal);
    const timer = setTimeout(() => running.kill('SIGKILL'), stopMilliseconds);
    await gone;
    clearTimeout(timer);
  };
  return {
    url: `http://127.0.0.1:${port}`,
    get pid() {
      return child?.exitCode === null && child.signalCode === null ? child.pid : undefined;
    },
    get said() {
      return errors;
    },
    launch() {
      const started = spawn(process.execPath, [program, 'start'], {
        env: {
          PATH: process.env['PATH'],
          DATABASE_SERVICE_URL: serviceUrl,
          DATA_DIR: dataDirectory,
          PORT: String(port),
          LOG_LEVEL: process.env['SEGPROOF_FAULT_LOG'] ?? 'error',
        },
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      child = started;
      errors = '';
      started.stderr.setEncoding('utf8').on('data', (text: string) => {
        errors = (errors + text).slice(-4000);
        if (process.env['SEGPROOF_FAULT_LOG'] !== undefined) process.stderr.write(text);
      });
      ready = new Promise((resolve) => {
        let said = '';
        started.stdout.setEncoding('utf8').on('data', (text: string) => {
          said += text;
          if (/^ready$/mu.test(said)) resolve(true);
        });
        started.once('exit', () => resolve(false));
      });
    },
    ready: async () => await ready,
    kill: async () => await ended('SIGKILL'),
    stop: async () => await ended('SIGTERM'),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('127.0.0.1 gave no free port');
  return address.port;
}

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('witness-launcher.js', import.meta.url));
const command = fileURLToPath(new URL('../../src/cli/main.js', import.meta.url));

const running = new Set<ChildProcess>();
// A failed test leaves its witnesses behind, and they would keep the file from ending.
after(() => running.forEach((child) => child.kill('SIGKILL')));

/** A witness that runs as a process of its own. */
export interface WitnessProcess {
  readonly url: string;
  /** Verifier key, as it printed it. */
  readonly key: string;
  /** Ends it as a power cut would, at once. */
  kill(): Promise<void>;
  /** Ends it in order and gives its exit code. */
  stop(): Promise<number | null>;
}

export interface WitnessProcessOptions {
  /** Holds its state, and beside it its key. */
  readonly directory: string;
  /** Verifier keys of the logs. */
  readonly logs: readonly string[];
  readonly port?: number;
  /** Goes through the whole command line, not the witness's part alone. */
  readonly whole?: boolean;
  readonly more?: readonly string[];
}

/** Starts a witness and waits until it listens. Rejects with what it said when it ends before. */
export async function startWitnessProcess(options: WitnessProcessOptions): Promise<WitnessProcess> {
  const { directory, logs, port = 0, whole = false, more = [] } = options;
  const child = spawn(
    process.execPath,
    [
      ...(whole ? [command, 'witness'] : [launcher]),
      '--state',
      join(directory, 'state'),
      '--key',
      join(directory, 'witness.pem'),
      ...logs.flatMap((log) => ['--log', log]),
      '--listen',
      `127.0.0.1:${port}`,
      ...more,
    ],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  );
  running.add(child);
  child.once('exit', () => running.delete(child));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const found = new Map<string, string>();
  for await (const line of createInterface({ input: child.stdout })) {
    const [, name = line, value = ''] = /^(.+?): (.+)$/u.exec(line) ?? [];
    found.set(name, value);
    if (name === 'ready') break;
  }
  if (!found.has('ready')) {
    await ended(child);
    throw new Error(`the witness did not start: ${said}`);
  }
  child.stdout.resume();
  return {
    url: found.get('listening') ?? assert.fail('the witness did not say where it listens'),
    key: found.get('witness key') ?? assert.fail('the witness did not say its key'),
    kill: async () => {
      child.kill('SIGKILL');
      await ended(child);
    },
    stop: async () => {
      child.kill('SIGTERM');
      return await ended(child);
    },
  };
}

async function ended(child: ChildProcess): Promise<number | null> {
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  return child.exitCode;
}

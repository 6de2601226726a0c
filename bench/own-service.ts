import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { packageRoot } from '../src/package-root.js';
import type { BenchContext } from './figure.js';

export interface RunningService {
  readonly url: string;
  readonly source: string;
  readonly token: string;
  readonly pid: number;
  /** Resolves when the followers have taken everything. */
  settled(): Promise<void>;
  stop(): Promise<void>;
}

export interface OwnService {
  /** `api`: the process that takes records, as in production; `all`: it follows the log and runs jobs meanwhile. */
  readonly role: 'api' | 'all';
  /** Name of the source that is made. */
  readonly source: string;
  readonly env?: Readonly<Record<string, string>>;
}

const logins = new Map<string, readonly string[]>();
const folders = new Map<string, string>();

/** All services on one database share a folder: the key that signs its log is in it. */
function folderOf(databaseUrl: string): string {
  const folder = folders.get(databaseUrl) ?? mkdtempSync(join(tmpdir(), 'segproof-bench-service-'));
  folders.set(databaseUrl, folder);
  return folder;
}

process.on('exit', () => {
  for (const folder of folders.values()) rmSync(folder, { recursive: true, force: true });
});

/** The service as it is started in production, in a process of its own. */
export async function startOwnService(
  context: Pick<BenchContext, 'ownerUrl' | 'serviceUrl'>,
  { role, source, env = {} }: OwnService,
): Promise<RunningService> {
  const folder = folderOf(context.ownerUrl);
  const child = spawn(process.execPath, [join(packageRoot, 'bin', 'segproof.mjs'), 'start'], {
    env: {
      ...process.env,
      DATABASE_URL: context.ownerUrl,
      DATABASE_SERVICE_URL: context.serviceUrl,
      REDIS_URL: '',
      ROLE: role,
      DATA_DIR: folder,
      PORT: '0',
      LOG_LEVEL: 'error',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = await new Promise<string>((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (/^ready$/mu.test(text)) resolve(text);
    });
    child.on('exit', () => reject(new Error(`the service ended before it was ready: ${text}`)));
  });
  const url = /^portal: (.*)$/mu.exec(lines)?.[1] ?? '';
  // The first service of the database prints the login; the second finds it made.
  const [, name = '', password = ''] = /name (\S+), password (\S+)/u.exec(lines) ?? logins.get(context.ownerUrl) ?? [];
  logins.set(context.ownerUrl, ['', name, password]);
  const post = async (path: string, token: string | null, body: object): Promise<Record<string, unknown>> => {
    const response = await fetch(url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
      body: JSON.stringify(body),
    });
    return (await response.json()) as Record<string, unknown>; // fields are read as text below
  };
  const session = String((await post('/api/v1/sessions', null, { name, password }))['token']);
  const token = String((await post('/api/v1/sources', session, { name: source, format: 'hubble' }))['token']);
  const client = new pg.Client({ connectionString: context.ownerUrl });
  await client.connect();
  return {
    url,
    source,
    token,
    pid: child.pid ?? 0,
    settled: async () => {
      for (;;) {
        const { rows } = await client.query<{ behind: boolean }>(
          'SELECT bool_or(f.next_index < h.size) AS behind FROM follower f, log_head h',
        );
        if (rows[0]?.behind !== true) return;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
    },
    stop: async () => {
      await client.end();
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      await ended;
    },
  };
}

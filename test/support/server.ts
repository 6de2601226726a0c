import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { Client } from 'pg';

import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/postgres/embedded.js';
import { whyUnreachable } from '../../src/postgres/home.js';
import { processStart, signal } from '../../src/postgres/processes.js';

/** The PostgreSQL that tests make their databases on. */
export interface TestServer {
  /** A role that may create databases and roles; the database in it is only a place to connect to. */
  readonly ownerUrl: string;
  /** The same as superuser; undefined when the server was given to us with a lesser role. */
  readonly superuserUrl: string | undefined;
  close(): Promise<void>;
}

/** Quick, and as strict as production in all but one thing: a power cut may lose what was committed. */
const TEST_SETTINGS = {
  fsync: 'off',
  full_page_writes: 'off',
  shared_buffers: '64MB',
  max_wal_size: '1GB',
};

let exiting = false;

/** The server of DATABASE_URL, or an embedded one in a temporary folder that goes when it is closed or we end. */
export async function openTestServer(): Promise<TestServer> {
  const given = process.env['DATABASE_URL'];
  if (given) {
    const superuser = await isSuperuser(given);
    return { ownerUrl: given, superuserUrl: superuser ? given : undefined, close: async () => {} };
  }
  const postgres = await startTemporaryPostgres(TEST_SETTINGS);
  return { ownerUrl: postgres.ownerUrl, superuserUrl: postgres.superuserUrl, close: postgres.remove };
}

/**
 * An embedded PostgreSQL of the caller's own, for tests that kill it, break it, or ask for durability: with no
 * settings given it runs as in production. Its folder goes when it is removed or this process ends.
 */
export async function startTemporaryPostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<EmbeddedPostgres & { remove(): Promise<void> }> {
  const { directory, removeDirectory } = temporaryDirectory();
  let postgres: EmbeddedPostgres | undefined;
  const removeFiles = (): void => {
    // As root without a way into the temporary folder, the data is elsewhere.
    if (postgres) rmSync(dirname(postgres.dataDirectory), { recursive: true, force: true });
    removeDirectory();
  };
  const endAtOnce = (): void => {
    if (postgres) {
      signal(postgres.pid, 'SIGQUIT');
      const deadline = Date.now() + 5_000;
      while (processStart(postgres.pid) !== undefined && Date.now() < deadline) pause(10);
    }
    removeFiles();
  };
  process.once('exit', endAtOnce);
  exitOnSignals();
  const remove = async (): Promise<void> => {
    await postgres?.stop();
    process.off('exit', endAtOnce);
    removeFiles();
  };
  try {
    postgres = await startEmbeddedPostgres({ directory, log: () => {}, settings });
    return { ...postgres, remove };
  } catch (error) {
    await remove();
    throw error;
  }
}

/** A new folder for data, which other users may enter: as root, PostgreSQL runs as one of them. */
export function temporaryDirectory(): { directory: string; removeDirectory(): void } {
  const stranger = { name: 'any other user', uid: 65534, gid: 65534 };
  const open = [tmpdir(), '/tmp', '/var/tmp'].find((folder) => existsSync(folder) && !whyUnreachable(folder, stranger));
  const base = process.getuid?.() === 0 ? (open ?? tmpdir()) : tmpdir();
  const directory = mkdtempSync(join(base, 'segproof-test-'));
  chmodSync(directory, 0o755);
  return { directory, removeDirectory: () => rmSync(directory, { recursive: true, force: true }) };
}

/**
 * For whoever ends programs when the process exits: dying of a signal runs no exit handlers; exiting does. Who else listens to the
 * signal decides when to exit.
 */
export function exitOnSignals(): void {
  if (exiting) return;
  exiting = true;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (process.listenerCount(name) === 1) process.exit(128 + constants.signals[name]);
    });
  }
}

/** Exit handlers cannot wait for promises. */
function pause(milliseconds: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);
}

async function isSuperuser(url: string): Promise<boolean> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    const { rows } = await client.query<{ rolsuper: boolean }>(
      'SELECT rolsuper FROM pg_roles WHERE rolname = current_user',
    );
    return rows[0]?.rolsuper === true;
  } finally {
    await client.end();
  }
}

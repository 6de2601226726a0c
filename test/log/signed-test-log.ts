import { join } from 'node:path';
import type { Client } from 'pg';
import { Clock } from '../../src/context.js';
import { Checkpoints } from '../../src/log/checkpoints.js';
import { parseVerifierKey } from '../../src/log/core/note.js';
import { fsck, type FsckResult } from '../../src/log/fsck.js';
import { knownVerifiers } from '../../src/log/keys.js';
import type { Log } from '../../src/log/log.js';
import { openSignedLog } from '../../src/log/signed-log.js';
import { Signing } from '../../src/log/signing.js';
import type { Stop } from '../../src/log/signing-state.js';
import { temporaryDirectory } from '../support/server.js';
import { testOrigin } from './sample-entries.js';
import { openTestLog, type TestLog } from './test-log.js';

/** One process of the service, as far as the log goes. */
export interface SigningProcess {
  readonly log: Log;
  readonly checkpoints: Checkpoints;
  readonly signing: Signing;
  /** Stops and goings on it was told of. */
  readonly changes: (Stop['reason'] | null)[];
  /** What it could not read or write. */
  readonly errors: unknown[];
  close(): Promise<void>;
}

export interface SignedTestLog extends TestLog {
  /** Holds the key, and what the signer remembers. */
  readonly folder: string;
  readonly keyFile: string;
  readonly anchors: string;
  /** Starts a process; it ends with the test. */
  start(options?: { readonly keyFile?: string; readonly folder?: string }): Promise<SigningProcess>;
  /** A superuser for whom triggers do not run; null where there is none. */
  superuser(): Promise<Client | null>;
  /** Verifies the whole log with the key in use and those it vouches for. */
  verify(...checkpoints: string[]): Promise<FsckResult>;
}

interface Ending {
  after(work: () => Promise<void>): void;
}

/** A log with its key in a folder, for processes to be started on. */
export async function signedTestLog(t: Ending): Promise<SignedTestLog> {
  const log = await openTestLog(t, { poolSize: 10 });
  const { directory, removeDirectory } = temporaryDirectory();
  const folder = join(directory, 'keys');
  const keyFile = join(folder, 'key.pem');
  const anchors = join(directory, 'anchors');
  const running = new Set<SigningProcess>();
  t.after(async () => {
    for (const one of running) await one.close();
    removeDirectory();
  });
  const start: SignedTestLog['start'] = async (options = {}) => {
    const changes: SigningProcess['changes'] = [];
    const errors: unknown[] = [];
    const opened = await openSignedLog(log.database, {
      origin: testOrigin,
      keyFile: options.keyFile ?? keyFile,
      makeKey: true,
      stateFolder: options.folder ?? folder,
      anchorDirectory: anchors,
      now: () => new Date(),
      onChange: (stop) => changes.push(stop?.reason ?? null),
      onError: (error) => errors.push(error),
    });
    const one: SigningProcess = {
      log: opened,
      checkpoints: new Checkpoints(log.database, opened, new Clock()),
      signing: new Signing(log.database, opened),
      changes,
      errors,
      close: async () => {
        running.delete(one);
        await opened.close();
      },
    };
    running.add(one);
    return one;
  };
  return {
    ...log,
    folder,
    keyFile,
    anchors,
    start,
    superuser: async () => {
      if (log.fresh.superuserUrl === undefined) return null;
      const client = await log.connect(log.fresh.superuserUrl);
      await client.query('SET session_replication_role = replica');
      return client;
    },
    verify: async (...checkpoints) => {
      const [newest] = [...running];
      const own = newest === undefined ? [] : [parseVerifierKey(newest.log.verifierKey)];
      return await fsck(log.database, { verifiers: await knownVerifiers(log.database, own), checkpoints });
    },
  };
}

/** Resolves when something has come true, which others do in their own time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`expected within 20 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

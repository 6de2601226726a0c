import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/postgres/embedded.js';
import { temporaryDirectory } from '../support/server.js';
import type { Ending } from './last-first.js';

/** A PostgreSQL of a test's own, as durable as in production, that can be started again on its data. */
export interface OwnPostgres {
  readonly running: EmbeddedPostgres;
  /** Starts it again after it was killed, on another port. */
  restart(): Promise<void>;
}

/** `directory` given, the data lies there and the caller removes it. */
export async function ownPostgres(
  t: Ending,
  options: { readonly directory?: string; readonly settings?: Readonly<Record<string, string>> } = {},
): Promise<OwnPostgres> {
  const place =
    options.directory === undefined
      ? temporaryDirectory()
      : { directory: options.directory, removeDirectory: () => {} };
  const start = async (): Promise<EmbeddedPostgres> =>
    await startEmbeddedPostgres({ directory: place.directory, log: () => {}, settings: options.settings ?? {} });
  let running = await start();
  t.after(async () => {
    await running.stop();
    if (options.directory === undefined) rmSync(dirname(running.dataDirectory), { recursive: true, force: true });
    place.removeDirectory();
  });
  return {
    get running() {
      return running;
    },
    restart: async () => {
      await running.stop();
      running = await start();
    },
  };
}

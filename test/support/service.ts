import assert from 'node:assert/strict';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { Sessions } from '../../src/access/sessions.js';
import { Users } from '../../src/access/users.js';
import { readConfig } from '../../src/config.js';
import { systemActor, type Clock, type Role } from '../../src/context.js';
import { openGround, type Ground } from '../../src/ground.js';
import { NewSource, Sources, type IssuedToken } from '../../src/ingestion/sources.js';
import { parseVerifierKey } from '../../src/log/core/note.js';
import { fsck } from '../../src/log/fsck.js';
import { makeLogger } from '../../src/logger.js';
import { startService } from '../../src/main.js';
import { freshDatabase, type FreshDatabase } from './database.js';
import { temporaryDirectory } from './server.js';

export interface TestServiceOptions {
  /** The time of the service; without it, the present time. */
  readonly clock?: Clock;
  /** Variables of the environment beside those the helper sets, which they override. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A person with one of the roles, signed in. */
export interface SignedInUser {
  readonly id: string;
  readonly name: string;
  readonly password: string;
  /** Goes into `Authorization: Bearer` or the session cookie. */
  readonly token: string;
}

/** The real service with everything in it, on a database and a data folder of its own. */
export interface TestService {
  /** Without a slash at the end. */
  readonly url: string;
  readonly ground: Ground;
  readonly app: NestExpressApplication;
  readonly database: FreshDatabase;
  /** A new user with this role, signed in. */
  signedIn(role: Role): Promise<SignedInUser>;
  /** A new source with its token; a name is made up where none is given. */
  newSource(source?: Partial<NewSource>): Promise<IssuedToken>;
  /** Resolves when the followers have taken all that is in the log now. */
  followed(): Promise<void>;
  /** Stops the service, verifies its whole log and removes everything. Fails when the log has a problem. */
  stop(): Promise<void>;
}

/**
 * Starts the service on a free port of 127.0.0.1, silent, on a fresh database.
 *
 * @example
 * const service = await startTestService();
 * after(() => service.stop());
 * const { token } = await service.signedIn('auditor');
 */
export async function startTestService({ clock, env = {} }: TestServiceOptions = {}): Promise<TestService> {
  const undo: (() => void | Promise<void>)[] = [];
  const clean = async (): Promise<void> => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  try {
    const database = await freshDatabase();
    undo.push(() => database.drop());
    const { directory, removeDirectory } = temporaryDirectory();
    undo.push(removeDirectory);
    const config = readConfig({
      DATABASE_URL: database.ownerUrl,
      DATABASE_SERVICE_URL: database.serviceUrl,
      DATA_DIR: directory,
      PORT: '0',
      LOG_LEVEL: 'silent',
      ...env,
    });
    const ground = await openGround(config, makeLogger(config), clock === undefined ? {} : { clock });
    undo.push(() => ground.close());
    const service = await startService(ground);
    undo.push(() => service.stop());
    return {
      url: service.url ?? '',
      app: service.app,
      ground,
      database,
      ...people(service.app),
      ...sources(service.app),
      followed: async () => await ground.followers.reached((await ground.log.head()).size),
      stop: async () => {
        try {
          await undo.pop()?.();
          await assertIntact(ground);
        } finally {
          await clean();
        }
      },
    };
  } catch (error) {
    await clean();
    throw error;
  }
}

function people(app: NestExpressApplication): Pick<TestService, 'signedIn'> {
  let made = 0;
  return {
    async signedIn(role) {
      const name = `${role}-${++made}`;
      const password = `password of ${name}`;
      const { id } = await app
        .get(Users)
        .create(systemActor, { name, displayName: `${role} ${made}`, roles: [role], password });
      const { token } = await app.get(Sessions).signIn({ name, password }, '127.0.0.1');
      return { id, name, password, token };
    },
  };
}

function sources(app: NestExpressApplication): Pick<TestService, 'newSource'> {
  let made = 0;
  return {
    newSource: async (source = {}) =>
      await app.get(Sources).create(systemActor, NewSource.parse({ name: `source-${++made}`, ...source })),
  };
}

/** Rebuilds the log from its stored bytes and expects to find nothing wrong. */
async function assertIntact({ database, log }: Ground): Promise<void> {
  const { problems } = await fsck(database, { verifiers: [parseVerifierKey(log.verifierKey)] });
  assert.deepEqual(problems, [], 'the log that the test leaves behind');
}

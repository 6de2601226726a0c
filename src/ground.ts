import { dirname, join } from 'node:path';
import type { Config } from './config.js';
import { Clock } from './context.js';
import { Database } from './database/database.js';
import { migrate } from './database/migrate.js';
import { provisionServiceRole } from './database/roles.js';
import { lockNotAvailable, sqlStateOf } from './database/sql-state.js';
import { InventoryFollower } from './inventory/inventory-follower.js';
import { RecordsFollower } from './inventory/records-follower.js';
import { FlowMinutesFollower } from './inventory/flow-minutes-follower.js';
import { SourceGapFollower } from './inventory/source-gap-follower.js';
import { SourceHealthFollower } from './inventory/source-health-follower.js';
import { WorkloadLabelsFollower } from './inventory/workload-labels-follower.js';
import { Jobs } from './jobs/jobs.js';
import { Followers } from './log/follower.js';
import { initialiseLog, type Log } from './log/log.js';
import { openSignedLog } from './log/signed-log.js';
import { SigningState, SigningStateError } from './log/signing-state.js';
import { Metrics } from './metrics.js';
import { PolicyVersionsFollower } from './policies/policy-versions-follower.js';
import { findEmbeddedPostgres, startEmbeddedPostgres } from './postgres/embedded.js';
import type { Logger } from 'pino';

/** What the service stands on, opened once per process before Nest starts, closed after it ends. */
export interface Ground {
  readonly config: Config;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly database: Database;
  readonly log: Log;
  readonly followers: Followers;
  readonly jobs: Jobs;
  readonly metrics: Metrics;
  /** The owner's connection; null where only the service's own was given. */
  readonly ownerUrl: string | null;
  close(): Promise<void>;
}

export interface GroundOptions {
  readonly clock?: Clock;
  /** Join the database of a service that is running, instead of failing because it holds it. */
  readonly beside?: boolean;
  /** Told about each step of the start. */
  readonly progress?: (line: string) => void;
}

/** Connection URLs of a running database: the embedded one, or the one the configuration names. */
export interface DatabaseAccess {
  readonly ownerUrl: string | null;
  readonly serviceUrl: string;
  stop(): Promise<void>;
}

/** The database of a service that runs on its own PostgreSQL right now, for commands beside it; else as {@link openDatabase}. */
export async function joinDatabase(config: Config, progress: (line: string) => void): Promise<DatabaseAccess> {
  const running =
    config.DATABASE_URL === undefined && config.DATABASE_SERVICE_URL === undefined
      ? findEmbeddedPostgres(join(config.DATA_DIR, 'postgres'))
      : undefined;
  if (running === undefined) return await openDatabase(config, progress);
  return { ownerUrl: running.ownerUrl, serviceUrl: await provisionServiceRole(running.ownerUrl), stop: async () => {} };
}

/** Starts or finds the database, migrates it as its owner, and makes the service's own login. */
export async function openDatabase(config: Config, progress: (line: string) => void): Promise<DatabaseAccess> {
  if (config.DATABASE_URL === undefined && config.DATABASE_SERVICE_URL !== undefined) {
    return { ownerUrl: null, serviceUrl: config.DATABASE_SERVICE_URL, stop: async () => {} };
  }
  const embedded =
    config.DATABASE_URL === undefined
      ? await startEmbeddedPostgres({ directory: join(config.DATA_DIR, 'postgres'), log: progress })
      : null;
  const ownerUrl = config.DATABASE_URL ?? embedded?.ownerUrl ?? '';
  try {
    await migrate(ownerUrl, progress);
    const serviceUrl = config.DATABASE_SERVICE_URL ?? (await provisionServiceRole(ownerUrl));
    return { ownerUrl, serviceUrl, stop: async () => await embedded?.stop() };
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
}

/** Opens everything; what was opened is closed again when a later step fails. */
export async function openGround(config: Config, logger: Logger, options: GroundOptions = {}): Promise<Ground> {
  const progress = options.progress ?? (() => {});
  const clock = options.clock ?? new Clock();
  const opened: (() => Promise<void>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of opened.splice(0).reverse()) await step();
  };
  try {
    const access = await (options.beside === true ? joinDatabase : openDatabase)(config, progress);
    opened.push(() => access.stop());
    const database = await Database.connect(access.serviceUrl, {
      poolSize: config.DATABASE_POOL_SIZE,
      applicationName: `segproof-${config.ROLE}`,
    });
    opened.push(() => database.close());
    const origin = await initialiseLog(database, config.LOG_ORIGIN ?? (await rememberedOrigin(database, config)));
    await makePartitions(database, clock);
    const metrics = new Metrics();
    const log = await openSignedLog(database, {
      origin,
      keyFile: signingKeyFile(config),
      makeKey: config.SIGNING_KEY_FILE === undefined,
      stateFolder: signingStateFolder(config),
      anchorDirectory: config.ANCHOR_DIR,
      now: () => clock.now(),
      onChange: (stop) => {
        metrics.signingStopped.set(stop === null ? 0 : 1);
        if (stop === null) logger.warn('the log is signed again: an operator decided so');
        else logger.error({ stop }, 'signing is stopped; entries are stored, an operator must decide');
      },
      onError: (error) => logger.error({ err: error }, 'what guards the signing key could not be read or written'),
    });
    opened.push(() => log.close());
    const followers = new Followers(
      database,
      log,
      [
        new RecordsFollower(),
        new InventoryFollower(),
        new SourceHealthFollower(),
        new SourceGapFollower(),
        new PolicyVersionsFollower(),
        new WorkloadLabelsFollower(),
        new FlowMinutesFollower(),
      ],
      {
        now: () => clock.now(),
        onError: (follower, error) =>
          logger.error({ err: error, follower }, 'a follower could not take entries and tries again'),
        onLag: (follower, entries) => metrics.followerLag.set({ follower }, entries),
      },
    );
    opened.push(() => followers.stop());
    const jobs = new Jobs({
      redisUrl: config.REDIS_URL,
      databaseUrl: access.serviceUrl,
      installation: origin,
      onError: (error) => logger.error({ err: error }, 'a job failed'),
    });
    opened.push(() => jobs.close());
    await jobs.ready();
    return { config, clock, logger, database, log, followers, jobs, metrics, ownerUrl: access.ownerUrl, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Where the log's signing key is. */
export function signingKeyFile(config: Config): string {
  return config.SIGNING_KEY_FILE ?? join(config.DATA_DIR, 'keys', 'log-signing-key.pem');
}

/** Where the signer remembers what it signed last. */
export function signingStateFolder(config: Config): string {
  return config.SIGNING_STATE_DIR ?? dirname(signingKeyFile(config));
}

/**
 * The log that was signed beside this key before: an empty database in its place is that log with everything gone, and no new one.
 * @throws SigningStateError when there were several, and only the operator knows which one this is.
 */
async function rememberedOrigin(database: Database, config: Config): Promise<string | undefined> {
  const heads = await database.query('SELECT 1 FROM log_head');
  if (heads.length > 0) return undefined;
  const folder = signingStateFolder(config);
  const origins = new SigningState(folder).origins();
  if (origins.length > 1) {
    throw new SigningStateError(
      `${folder} remembers several logs (${origins.join(', ')}); set LOG_ORIGIN to the name of the one in this database`,
    );
  }
  return origins[0];
}

/**
 * Makes the partitions of the log for this month and the two that follow. Returns false when it was not done, because a long read of the
 * log is under way: entries are taken all the same, and it is to be tried again.
 */
export async function makePartitions(database: Database, clock: Clock): Promise<boolean> {
  const now = clock.now();
  try {
    for (const ahead of [0, 1, 2]) {
      const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
      await database.query('SELECT log_entry_month($1::date)', [month.toISOString().slice(0, 10)]);
    }
    return true;
  } catch (error) {
    if (sqlStateOf(error) === lockNotAvailable) return false;
    throw error;
  }
}

import {
  createPostgresBackend,
  Queue,
  withBackend,
  Worker,
  type Job,
  type JobsOptions as JobOptions,
  type RepeatOptions,
} from 'bullmq';
import { z } from 'zod';
import { jobSchema } from '../database/migrate.js';

/** Jobs and the payload each takes. A job is a wake-up call: the truth is in the database, and running one twice does no harm. */
export const jobPayloads = {
  'report.build': z.object({ reportId: z.uuid() }),
  'simulation.run': z.object({ simulationId: z.uuid() }),
  'log.keep-checkpoint': z.object({}),
  'log.verify': z.object({}),
  'log.verify-new': z.object({}),
  'log.make-partitions': z.object({}),
  'retention.apply': z.object({}),
  'retention.rewrite': z.object({}),
  'findings.look': z.object({}),
  'figures.keep': z.object({}),
} as const;

export type JobName = keyof typeof jobPayloads;
export type JobPayload<Name extends JobName> = z.infer<(typeof jobPayloads)[Name]>;
export type JobHandlers = { readonly [Name in JobName]: (payload: JobPayload<Name>) => Promise<void> };

export interface JobsOptions {
  /** Redis or Valkey; without it the queues live in the database. */
  readonly redisUrl: string | undefined;
  readonly databaseUrl: string;
  /** Keeps the queues of several installations on one Redis apart. */
  readonly installation: string;
  readonly onError: (error: Error) => void;
}

/** A job found others in its way: it is tried again soon, and nobody needs to be told. */
export class NotYetError extends Error {
  override readonly name = 'NotYetError';
}

const queueName = 'segproof';
/** Finished jobs say nothing that the database does not. */
const housekeeping = { removeOnComplete: { count: 100 }, removeOnFail: { count: 1000 } } as const;

/** What of a queue is used here, whichever backend it has. */
interface JobQueue {
  add(name: string, data: unknown, options: JobOptions): Promise<unknown>;
  upsertJobScheduler(
    id: string,
    repeat: Omit<RepeatOptions, 'key'>,
    template: { name: string; data: unknown },
  ): Promise<unknown>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

interface JobWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: unknown, error: Error) => void): unknown;
  close(): Promise<void>;
}

const onDatabase = withBackend(createPostgresBackend);

/** The job queue: BullMQ on Redis, or on PostgreSQL. */
export class Jobs {
  private readonly options: JobsOptions;
  private readonly queue: JobQueue;
  private worker: JobWorker | null = null;
  private leaving = false;

  constructor(options: JobsOptions) {
    this.options = options;
    this.queue =
      options.redisUrl === undefined
        ? new onDatabase.Queue<unknown, void>(queueName, {
            connection: this.database(),
            defaultJobOptions: housekeeping,
          })
        : new Queue<unknown, void>(queueName, { ...this.redis(options.redisUrl), defaultJobOptions: housekeeping });
    this.queue.on('error', options.onError);
  }

  /** Resolves when the queue can take jobs. */
  async ready(): Promise<void> {
    await this.queue.waitUntilReady();
  }

  /** Asks for a job; with a `key`, one that waits already is enough. Failed jobs are tried five times. */
  async add<Name extends JobName>(name: Name, payload: JobPayload<Name>, key?: string): Promise<void> {
    await this.queue.add(name, payload, {
      attempts: 5,
      backoff: { type: 'exponential', delay: 1000 },
      ...(key === undefined ? {} : { deduplication: { id: key } }),
    });
  }

  /** Runs a job again and again. */
  async every(seconds: number, name: JobName): Promise<void> {
    await this.queue.upsertJobScheduler(name, { every: seconds * 1000 }, { name, data: {} });
  }

  /** Starts to run jobs in this process. */
  work(handlers: JobHandlers): void {
    const run = async (job: Job<unknown, void>): Promise<void> => {
      await dispatch(handlers, job.name, job.data);
    };
    const { redisUrl } = this.options;
    const worker: JobWorker =
      redisUrl === undefined
        ? new onDatabase.Worker<unknown, void>(queueName, run, { connection: this.database(), concurrency: 2 })
        : new Worker<unknown, void>(queueName, run, { ...this.redis(redisUrl), concurrency: 2 });
    worker.on('error', this.options.onError);
    worker.on('failed', (_job: unknown, error: Error) => {
      if (!this.leaving && !(error instanceof NotYetError)) this.options.onError(error);
    });
    this.worker = worker;
  }

  /** From here on the process ends: a job that fails for it is run again by the next process, and nobody needs to be told. */
  leave(): void {
    this.leaving = true;
  }

  /** Ends after the jobs under way. */
  async close(): Promise<void> {
    await this.worker?.close();
    await this.queue.close();
  }

  private database() {
    return { connectionString: this.options.databaseUrl, schema: jobSchema, max: 4 };
  }

  private redis(url: string) {
    // BullMQ demands that blocking commands are retried without end.
    return { connection: { url, maxRetriesPerRequest: null }, prefix: `segproof:${this.options.installation}` };
  }
}

async function dispatch(handlers: JobHandlers, name: string, data: unknown): Promise<void> {
  switch (name) {
    case 'report.build':
      return await handlers[name](jobPayloads[name].parse(data));
    case 'simulation.run':
      return await handlers[name](jobPayloads[name].parse(data));
    case 'log.keep-checkpoint':
    case 'log.verify':
    case 'log.verify-new':
    case 'log.make-partitions':
    case 'retention.apply':
    case 'retention.rewrite':
    case 'findings.look':
    case 'figures.keep':
      return await handlers[name](jobPayloads[name].parse(data));
    default:
      throw new Error(`there is no job ${name}; a newer version may have queued it`);
  }
}

import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../context.js';
import { Database } from '../database/database.js';
import { Problem, type ProblemCode } from '../errors.js';
import { Metrics } from '../metrics.js';

/** Why something a source sent was not taken: the code it was answered with, or one of these where there is no such answer. */
export type RefusalReason = ProblemCode | 'revoked_token' | 'not_carried_out' | 'no_room';

interface Count {
  readonly source: string;
  /** RFC 3339, on the hour. */
  readonly hour: string;
  readonly reason: RefusalReason;
  records: number;
  /** Milliseconds since 1970. */
  lastAt: number;
}

const flushMilliseconds = 2000;

/**
 * Counts what sources sent and the service did not take. Counts are written within seconds, and on shutdown: what is
 * refused because the database is away can only be counted once it is back.
 */
@Injectable()
export class SourceRefusals implements OnApplicationShutdown {
  private readonly logger = new Logger('refusals');
  private counts = new Map<string, Count>();
  private readonly counted = new WeakSet<object>();
  private timer: NodeJS.Timeout | null = null;
  private flushing: Promise<void> = Promise.resolve();

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Clock) private readonly clock: Clock,
    @Inject(Metrics) private readonly metrics: Metrics,
  ) {}

  /** Counts what `work` refuses by throwing, as one request; what was counted closer to the records is not counted again. */
  async watch<T>(source: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.countError(source, error, 1);
      throw error;
    }
  }

  /** Counts records that an error kept from being taken, once however often it is thrown on. */
  countError(source: string, error: unknown, records: number): void {
    if (typeof error !== 'object' || error === null || this.counted.has(error)) return;
    this.counted.add(error);
    this.count(source, error instanceof Problem ? error.code : 'internal', records);
  }

  /** Precondition: `source` names a source there is; invented names would be as many as somebody likes. */
  count(source: string, reason: RefusalReason, records: number): void {
    if (records === 0) return;
    this.metrics.countRefused(source, reason, records);
    const now = this.clock.now();
    this.add({ source, hour: `${now.toISOString().slice(0, 13)}:00:00Z`, reason, records, lastAt: now.getTime() });
    this.timer ??= setTimeout(() => void this.flush(), flushMilliseconds).unref();
  }

  private add(count: Count): void {
    const key = `${count.source}\0${count.hour}\0${count.reason}`;
    const known = this.counts.get(key);
    if (known === undefined) this.counts.set(key, count);
    else {
      known.records += count.records;
      known.lastAt = Math.max(known.lastAt, count.lastAt);
    }
  }

  /** Writes what was counted; what cannot be written now is kept for the next time. */
  async flush(): Promise<void> {
    const before = this.flushing;
    const write = async (): Promise<void> => {
      await before;
      if (this.timer !== null) clearTimeout(this.timer);
      this.timer = null;
      const counts = [...this.counts.values()];
      this.counts = new Map();
      if (counts.length === 0) return;
      try {
        await this.write(counts);
      } catch (error) {
        for (const count of counts) this.add(count);
        this.logger.warn(`refusals are counted later: ${error instanceof Error ? error.message : String(error)}`);
        this.timer ??= setTimeout(() => void this.flush(), flushMilliseconds).unref();
      }
    };
    this.flushing = write();
    await this.flushing;
  }

  async onApplicationShutdown(): Promise<void> {
    await this.flush();
  }

  /** In one order, so that several processes never wait for each other in a circle. */
  private async write(counts: readonly Count[]): Promise<void> {
    const rows = counts.map(({ lastAt, ...count }) => ({ ...count, last_at: new Date(lastAt).toISOString() }));
    await this.database.query(
      `INSERT INTO source_refusal AS old (source, hour, reason, records, last_at)
       SELECT source, hour, reason, records, last_at
       FROM json_to_recordset($1) AS new (source text, hour timestamptz, reason text, records bigint, last_at timestamptz)
       ORDER BY source, hour, reason
       ON CONFLICT (source, hour, reason) DO UPDATE SET records = old.records + excluded.records,
         last_at = greatest(old.last_at, excluded.last_at)`,
      [JSON.stringify(rows)],
    );
  }
}

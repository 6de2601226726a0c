import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Clock } from '../context.js';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { type LagCount, lagQuantile } from './lag-buckets.js';
import { silentSince } from './silence.js';

/** What became of all that a source sent. `received` is always the sum of the other four. */
export const Balance = z.object({
  received: z.number().int(),
  /** New records, stored and read. */
  appended: z.number().int(),
  /** Records that were in the log already; they are stored once. */
  duplicate: z.number().int(),
  /** Stored, but nobody could read them. */
  quarantined: z.number().int(),
  /** Not taken; a request refused before it was cut into records counts as one. */
  refused: z.number().int(),
});
export type Balance = z.infer<typeof Balance>;

export const BalanceBy = z.enum(['hour', 'day']);
export type BalanceBy = z.infer<typeof BalanceBy>;

export const HealthQuery = z.object({
  by: BalanceBy.default('hour'),
  /** How many hours or days back. */
  last: z.coerce.number().int().min(1).max(744).optional(),
});
export type HealthQuery = z.infer<typeof HealthQuery>;

export const SourceHealth = z.object({
  name: z.string(),
  /** The log was looked at up to this time (RFC 3339). */
  asOf: z.string(),
  balance: Balance,
  refusals: z.array(z.object({ reason: z.string(), records: z.number().int(), lastAt: z.string() })),
  /** By the clock of the service. */
  lastReceivedAt: z.string().nullable(),
  lastDuplicateAt: z.string().nullable(),
  /** By the records themselves. */
  lastEventTime: z.string().nullable(),
  silenceAfterSeconds: z.number().int().nullable(),
  silentSince: z.string().nullable(),
  /** Receipt less event time, in seconds, of the records with a time of their own of the last 24 hours in which there were some. */
  lag: z
    .object({
      p50: z.number(),
      p95: z.number(),
      max: z.number(),
      /** The smallest; below 0, records came before their time: the clock of the source runs ahead by at least that. */
      min: z.number(),
      records: z.number().int(),
    })
    .nullable(),
  /** How far the clock of the source runs ahead at least, in seconds; 0 where no record came before its time. */
  clockAheadSeconds: z.number(),
  by: BalanceBy,
  /** Hours or days (UTC) by their beginning, the newest first; those without anything are left out. */
  periods: z.array(Balance.extend({ from: z.string() })),
});
export type SourceHealth = z.infer<typeof SourceHealth>;

interface BalanceRow {
  readonly appended: string;
  readonly duplicate: string;
  readonly quarantined: string;
  readonly refused: string;
}

/** Whether sources are heard, how late, and what became of what they sent. */
@Injectable()
export class SourceHealths {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** @throws Problem `not_found` */
  async of(name: string, { by, last = by === 'hour' ? 48 : 30 }: HealthQuery): Promise<SourceHealth> {
    const [row] = await this.database.query<
      BalanceRow & {
        created_at: Date;
        silence_after_seconds: number | null;
        last_received: Date | null;
        last_duplicate: Date | null;
        last_event_time: Date | null;
      }
    >(
      `SELECT s.created_at, s.silence_after_seconds, h.last_received, h.last_event_time, d.last_at AS last_duplicate,
              coalesce(h.appended, 0) AS appended, coalesce(h.quarantined, 0) AS quarantined,
              coalesce(d.records, 0) AS duplicate, coalesce(r.records, 0) AS refused
       FROM source s LEFT JOIN source_heard h ON h.source = s.name
       LEFT JOIN LATERAL (SELECT sum(records) AS records, max(last_at) AS last_at FROM log_duplicate WHERE source = s.name) d ON true
       LEFT JOIN LATERAL (SELECT sum(records) AS records FROM source_refusal WHERE source = s.name) r ON true
       WHERE s.name = $1`,
      [name],
    );
    if (row === undefined) throw new Problem('not_found', `There is no source ${name}.`);
    const [asOf, refusals, lag, periods] = await Promise.all([
      this.asOf(),
      this.refusals(name),
      this.lag(name),
      this.periods(name, by, last),
    ]);
    const heard = {
      silenceAfterSeconds: row.silence_after_seconds,
      lastReceivedAt: row.last_received?.toISOString() ?? null,
      createdAt: row.created_at.toISOString(),
    };
    return {
      name,
      asOf,
      balance: balanceOf(row),
      refusals,
      lastReceivedAt: heard.lastReceivedAt,
      lastDuplicateAt: row.last_duplicate?.toISOString() ?? null,
      lastEventTime: row.last_event_time?.toISOString() ?? null,
      silenceAfterSeconds: heard.silenceAfterSeconds,
      silentSince: silentSince(heard, asOf),
      lag,
      clockAheadSeconds: clockAheadOf(lag),
      by,
      periods,
    };
  }

  /** What operators watch, of all sources. */
  async figures(): Promise<Pick<SourceHealth, 'name' | 'lastReceivedAt' | 'lag' | 'clockAheadSeconds'>[]> {
    const rows = await this.database.query<{ source: string; last_received: Date }>(
      'SELECT source, last_received FROM source_heard ORDER BY source',
    );
    const figures = [];
    for (const { source, last_received } of rows) {
      const lag = await this.lag(source);
      const clockAheadSeconds = clockAheadOf(lag);
      figures.push({ name: source, lastReceivedAt: last_received.toISOString(), lag, clockAheadSeconds });
    }
    return figures;
  }

  /** Up to when it is known what sources sent: now, or where the follower stands while it has not taken everything. */
  async asOf(): Promise<string> {
    const now = this.clock.now();
    const [row] = await this.database.query<{ received_at: Date | null }>(
      `SELECT e.received_at FROM log_head LEFT JOIN follower f ON f.name = 'source-health'
       LEFT JOIN log_entry e ON e.index = coalesce(f.next_index, 0)`,
    );
    const next = row?.received_at ?? now;
    return (next < now ? next : now).toISOString();
  }

  private async refusals(name: string): Promise<SourceHealth['refusals']> {
    const rows = await this.database.query<{ reason: string; records: string; last_at: Date }>(
      `SELECT reason, sum(records) AS records, max(last_at) AS last_at FROM source_refusal WHERE source = $1
       GROUP BY reason ORDER BY sum(records) DESC, reason`,
      [name],
    );
    return rows.map((row) => ({ reason: row.reason, records: Number(row.records), lastAt: row.last_at.toISOString() }));
  }

  private async lag(name: string): Promise<SourceHealth['lag']> {
    const [hours, bounds] = await Promise.all([
      this.database.query<{ bucket: number; records: string }>(
        `SELECT bucket, sum(records) AS records FROM source_lag
         WHERE source = $1 AND hour > (SELECT max(hour) FROM source_lag WHERE source = $1) - interval '24 hours'
         GROUP BY bucket`,
        [name],
      ),
      this.database.query<{ least: string | null; most: string | null }>(
        `SELECT min(least_lag) AS least, max(most_lag) AS most FROM source_receipt
         WHERE source = $1 AND minute >= (SELECT max(hour) FROM source_lag WHERE source = $1) - interval '23 hours'`,
        [name],
      ),
    ]);
    const counts = hours.map(({ bucket, records }): LagCount => ({ bucket, records: Number(records) }));
    const [p50, p95] = [lagQuantile(counts, 0.5), lagQuantile(counts, 0.95)];
    const { least = null, most = null } = bounds[0] ?? {};
    if (p50 === null || p95 === null || least === null || most === null) return null;
    // A bucket's middle may lie beyond what was seen.
    const within = (lag: number): number => Math.max(Number(least), Math.min(Number(most), lag)) / 1000;
    return {
      p50: within(p50),
      p95: within(p95),
      max: Number(most) / 1000,
      min: Number(least) / 1000,
      records: counts.reduce((sum, { records }) => sum + records, 0),
    };
  }

  private async periods(name: string, by: BalanceBy, last: number): Promise<SourceHealth['periods']> {
    const rows = await this.database.query<BalanceRow & { period: Date }>(
      `SELECT date_trunc($2, at, 'UTC') AS period, sum(appended) AS appended, sum(duplicate) AS duplicate,
              sum(quarantined) AS quarantined, sum(refused) AS refused
       FROM (
         SELECT minute AS at, appended, quarantined, 0 AS duplicate, 0 AS refused FROM source_receipt WHERE source = $1 AND minute >= $3
         UNION ALL SELECT hour, 0, 0, records, 0 FROM log_duplicate WHERE source = $1 AND hour >= $3
         UNION ALL SELECT hour, 0, 0, 0, records FROM source_refusal WHERE source = $1 AND hour >= $3
       ) counted GROUP BY 1 ORDER BY 1 DESC`,
      [name, by, firstOf(this.clock.now(), by, last)],
    );
    return rows.map((row) => ({ from: row.period.toISOString(), ...balanceOf(row) }));
  }
}

function clockAheadOf(lag: SourceHealth['lag']): number {
  return lag === null ? 0 : Math.max(0, -lag.min);
}

/** Beginning of the earliest of the last hours or days (UTC), the present one included. */
function firstOf(now: Date, by: BalanceBy, last: number): Date {
  const length = by === 'hour' ? 3_600_000 : 86_400_000;
  return new Date((Math.floor(now.getTime() / length) - last + 1) * length);
}

export function balanceOf(row: BalanceRow): Balance {
  const [appended, duplicate, quarantined, refused] = [
    Number(row.appended),
    Number(row.duplicate),
    Number(row.quarantined),
    Number(row.refused),
  ];
  return { received: appended + duplicate + quarantined + refused, appended, duplicate, quarantined, refused };
}

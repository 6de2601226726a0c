import { Inject, Injectable } from '@nestjs/common';
import { Clock, systemActor } from '../context.js';
import { Database } from '../database/database.js';
import { actEntry } from '../log/act.js';
import { Log } from '../log/log.js';
import { balanceOf, SourceHealths } from './source-health.js';

const hourMilliseconds = 3_600_000;
/** What was refused in an hour is counted within seconds; what could not be written then comes later and is not in the entry. */
const settledMilliseconds = 300_000;
/** Hours said at once, so that nobody waits long for the head of the log. */
const mostAtOnce = 48;

interface HourRow {
  readonly source: string;
  readonly appended: string;
  readonly duplicate: string;
  readonly quarantined: string;
  readonly refused: string;
  readonly reasons: Readonly<Record<string, number>> | null;
}

/**
 * Says in the log, once for each hour of receipt, what became of what the sources sent: repetitions and refusals leave no
 * entries of their own, and are evidence from then on.
 */
@Injectable()
export class SourceBalances {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Log) private readonly log: Log,
    @Inject(SourceHealths) private readonly healths: SourceHealths,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /** Returns how many hours it looked at. The first time it remembers the hour, and says nothing. */
  async record(): Promise<number> {
    const [row] = await this.database.query<{ hour: Date | null }>('SELECT max(hour) AS hour FROM source_balance');
    const last = row?.hour ?? null;
    if (last === null) {
      const hour = new Date(hourOf(this.clock.now().getTime()) - hourMilliseconds);
      await this.database.query('INSERT INTO source_balance (hour) VALUES ($1) ON CONFLICT DO NOTHING', [hour]);
      return 0;
    }
    const known = hourOf(Date.parse(await this.healths.asOf()) - settledMilliseconds);
    let hours = 0;
    for (let at = last.getTime() + hourMilliseconds; at < known && hours < mostAtOnce; at += hourMilliseconds) {
      await this.recordHour(new Date(at));
      hours++;
    }
    return hours;
  }

  private async recordHour(hour: Date): Promise<void> {
    const end = new Date(hour.getTime() + hourMilliseconds);
    await this.log.transact(async ({ transaction, append }) => {
      const mine = await transaction.query(
        'INSERT INTO source_balance (hour) VALUES ($1) ON CONFLICT DO NOTHING RETURNING hour',
        [hour],
      );
      // Another process says it.
      if (mine.length === 0) return;
      const rows = await transaction.query<HourRow>(
        `SELECT source, sum(appended) AS appended, sum(duplicate) AS duplicate, sum(quarantined) AS quarantined,
                sum(refused) AS refused, json_object_agg(reason, refused) FILTER (WHERE reason IS NOT NULL) AS reasons
         FROM (
           SELECT source, appended, quarantined, 0 AS duplicate, 0 AS refused, NULL AS reason
           FROM source_receipt WHERE minute >= $1 AND minute < $2
           UNION ALL SELECT source, 0, 0, records, 0, NULL FROM log_duplicate WHERE hour = $1
           UNION ALL SELECT source, 0, 0, 0, records, reason FROM source_refusal WHERE hour = $1
         ) counted GROUP BY source ORDER BY source`,
        [hour, end],
      );
      if (rows.length === 0) return;
      const sources = rows.map((row) => ({
        source: row.source,
        ...balanceOf(row),
        ...(row.reasons === null ? {} : { reasons: row.reasons }),
      }));
      const index = await append(
        actEntry('source.balance', systemActor, {
          from: hour.toISOString(),
          to: end.toISOString(),
          sources,
        }),
      );
      await transaction.query('UPDATE source_balance SET recorded_index = $2 WHERE hour = $1', [hour, index]);
    });
  }
}

function hourOf(milliseconds: number): number {
  return Math.floor(milliseconds / hourMilliseconds) * hourMilliseconds;
}

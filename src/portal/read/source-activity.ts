import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';

/** The UTC days that end with the day of `now`, oldest first, as `YYYY-MM-DD`. */
export function daysUntil(now: string, count: number): string[] {
  const today = Date.parse(`${now.slice(0, 10)}T00:00:00Z`);
  return Array.from({ length: count }, (_, place) =>
    new Date(today - (count - 1 - place) * 86_400_000).toISOString().slice(0, 10),
  );
}

/** How the sources have been sending. */
@Injectable()
export class SourceActivity {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Names of all sources, in order. */
  async names(): Promise<string[]> {
    const rows = await this.database.query<{ name: string }>('SELECT name FROM source ORDER BY name');
    return rows.map(({ name }) => name);
  }

  /** Records that came from each source on each of `days`, which run without a gap; sources that sent none are left out. */
  async perDay(days: readonly string[]): Promise<ReadonlyMap<string, readonly number[]>> {
    const rows = await this.database.query<{ source: string; day: string; received: string }>(
      `SELECT source, to_char(day, 'YYYY-MM-DD') AS day, received
       FROM (SELECT source, (minute AT TIME ZONE 'UTC')::date AS day, sum(appended + quarantined) AS received
             FROM source_receipt WHERE minute >= $1::timestamptz GROUP BY 1, 2) daily`,
      [`${days[0]}T00:00:00Z`],
    );
    const bySource = new Map<string, Map<string, number>>();
    for (const { source, day, received } of rows) {
      const byDay = bySource.get(source) ?? new Map<string, number>();
      bySource.set(source, byDay.set(day, Number(received)));
    }
    return new Map([...bySource].map(([source, byDay]) => [source, days.map((day) => byDay.get(day) ?? 0)]));
  }
}

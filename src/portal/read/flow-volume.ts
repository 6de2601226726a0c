import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Verdict } from '../../ingestion/normal-form.js';
import type { DayVolume } from '../views.js';

/** How many flow records there were, from the counts a follower keeps: what it costs does not grow with the records. */
@Injectable()
export class FlowVolume {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Flow records by verdict on each of `days`, which run without a gap, oldest first. */
  async perDay(days: readonly string[]): Promise<DayVolume[]> {
    const rows = await this.database.query<{ day: string; verdict: string; records: string }>(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, verdict, records FROM record_day WHERE kind = 'flow' AND day >= $1`,
      [days[0]],
    );
    const byDay = new Map<string, Partial<Record<Verdict, number>>>(days.map((day) => [day, {}]));
    for (const { day, verdict, records } of rows) {
      const counts = byDay.get(day);
      if (counts !== undefined) counts[Verdict.parse(verdict)] = Number(records);
    }
    return [...byDay].map(([day, counts]) => ({ day, counts }));
  }
}

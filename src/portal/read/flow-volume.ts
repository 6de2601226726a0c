import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../../database/database.js';
import { Verdict } from '../../ingestion/normal-form.js';
import type { DayVolume } from '../views.js';

/** How many flows there were, from the edges: what it costs does not grow with the records. */
@Injectable()
export class FlowVolume {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Flow records by verdict on each of `days`, which run without a gap, oldest first. */
  async perDay(days: readonly string[]): Promise<DayVolume[]> {
    const rows = await this.database.query<{ day: string; verdict: string; flows: string }>(
      `SELECT to_char(day, 'YYYY-MM-DD') AS day, verdict, flows
       FROM (SELECT day, verdict, sum(flows) AS flows FROM flow_edge WHERE day >= $1 GROUP BY 1, 2) daily`,
      [days[0]],
    );
    const byDay = new Map<string, Partial<Record<Verdict, number>>>(days.map((day) => [day, {}]));
    for (const { day, verdict, flows } of rows) {
      const counts = byDay.get(day);
      if (counts !== undefined) counts[Verdict.parse(verdict)] = Number(flows);
    }
    return [...byDay].map(([day, counts]) => ({ day, counts }));
  }
}

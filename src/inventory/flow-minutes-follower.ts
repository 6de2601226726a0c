import type { Transaction } from '../database/database.js';
import type { Follower } from '../log/follower.js';
import type { StoredEntry } from '../log/read.js';
import { formatNanoseconds } from '../log/time.js';

/** In which minutes each source saw flows, by the time of the events. Leaves say it, so it stays when payloads go. */
export class FlowMinutesFollower implements Follower {
  readonly name = 'flow-minutes';

  async apply(transaction: Transaction, entries: readonly StoredEntry[]): Promise<void> {
    const minutes = new Map<string, { source: string; minute: string; records: number }>();
    for (const { kind, source, occurredAtNs } of entries) {
      if (kind !== 'flow') continue;
      const minute = `${formatNanoseconds(occurredAtNs).slice(0, 16)}:00Z`;
      const row = minutes.get(`${minute} ${source}`);
      if (row === undefined) minutes.set(`${minute} ${source}`, { source, minute, records: 1 });
      else row.records++;
    }
    if (minutes.size === 0) return;
    await transaction.query(
      `INSERT INTO flow_minute AS old (source, minute, records)
       SELECT source, minute, records FROM json_to_recordset($1) AS new (source text, minute timestamptz, records bigint)
       ON CONFLICT (source, minute) DO UPDATE SET records = old.records + excluded.records`,
      [JSON.stringify([...minutes.values()])],
    );
  }

  async reset(transaction: Transaction): Promise<void> {
    await transaction.query('DELETE FROM flow_minute');
  }
}

import { hash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { Segments } from '../inventory/segments.js';
import { firstDayOf } from './days.js';
import { figuresVersion } from './model.js';

interface DayRow {
  readonly day: string;
  readonly state: string;
}

/** What the figures of a day follow from, summed up by UTC day: the instant that puts a row on its day, the sum, the rows. */
const upToDay = [
  ['event_time', `concat_ws('/', count(*), max(index))`, 'policy_version'],
  ['first_seen', `md5(string_agg(concat_ws('/', key, namespace), ' ' ORDER BY key))`, 'workload'],
  ['first_time', `concat_ws('/', count(*), max(last_index))`, 'workload_labels'],
  ['opened_at', `concat_ws('/', count(*), max(opened_index))`, 'finding'],
  ['closed_at', `concat_ws('/', count(*), max(closed_index))`, 'finding WHERE closed_at IS NOT NULL'],
  ['found_at', `concat_ws('/', count(*), sum(missing), count(filled_at), max(filled_at))`, 'missing_records'],
  ['proposed_at', `concat_ws('/', count(*), max(proposed_index))`, 'change'],
  ['reviewed_at', `concat_ws('/', count(*), max(reviewed_index))`, 'change_review'],
] as const;

/**
 * Tells cheaply whether anything has changed that the figures of a day follow from: sums by day, not the rows themselves.
 * Two states with the same sums and different figures would need rows to be taken away and others put in their place.
 */
@Injectable()
export class Fingerprints {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Segments) private readonly segments: Segments,
  ) {}

  /** The fingerprint of each of `days`, which run without a gap, oldest first. */
  async of(days: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const [first = '', last = ''] = [days[0], days.at(-1)];
    const since = firstDayOf(first);
    const [segments, cumulative, windowed] = await Promise.all([
      this.segments.list(),
      Promise.all(
        upToDay.map(([instant, state, rows]) =>
          this.database.query<DayRow>(
            `SELECT to_char(${instant}, 'YYYY-MM-DD') AS day, ${state} AS state FROM ${rows} GROUP BY 1 ORDER BY 1`,
          ),
        ),
      ),
      Promise.all([
        this.database.query<DayRow>(
          `SELECT to_char(day, 'YYYY-MM-DD') AS day, concat_ws('/', count(*), sum(flows), max(last_index)) AS state
           FROM flow_edge WHERE day >= $1 AND day <= $2 GROUP BY flow_edge.day ORDER BY 1`,
          [since, last],
        ),
        this.database.query<DayRow>(
          `SELECT to_char(minute, 'YYYY-MM-DD') AS day, concat_ws('/', sum(appended), sum(quarantined)) AS state
           FROM source_receipt WHERE minute >= $1::timestamptz GROUP BY 1 ORDER BY 1`,
          [`${since}T00:00:00Z`],
        ),
      ]),
    ]);
    const named = segments.map(({ name, criticality, namespace, matchLabels }) => [
      name,
      criticality,
      namespace,
      matchLabels,
    ]);
    return new Map(
      days.map((day) => {
        const from = firstDayOf(day);
        const parts = [
          ...cumulative.map((rows) => rows.filter((row) => row.day <= day)),
          ...windowed.map((rows) => rows.filter((row) => row.day >= from && row.day <= day)),
        ];
        return [day, hash('sha256', JSON.stringify([figuresVersion, named, parts]), 'hex')];
      }),
    );
  }
}

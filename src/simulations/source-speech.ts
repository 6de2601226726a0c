import type { Reader } from '../policies/estate.js';
import type { SourceSpeech } from './log-coverage.js';

/** When each source told of flows, by the minutes of its events in [from, to), seconds since 1970; minutes next to each other are joined. */
export async function readSpeech(reader: Reader, from: number, to: number): Promise<SourceSpeech[]> {
  const rows = await reader.query<{
    source: string;
    silence_after_seconds: number | null;
    first_record: number;
    stretches: readonly (readonly [from: number, to: number, minutes: number])[] | null;
  }>(
    `WITH spoken AS (
       SELECT source, minute, minute - (row_number() OVER (PARTITION BY source ORDER BY minute)) * interval '1 minute' AS stretch
       FROM flow_minute WHERE minute >= to_timestamp($1) AND minute < to_timestamp($2)
     ), stretch AS (
       SELECT source, date_part('epoch', min(minute)) AS from_second, date_part('epoch', max(minute)) + 60 AS to_second,
              count(*) AS minutes
       FROM spoken GROUP BY source, stretch
     )
     SELECT f.source, s.silence_after_seconds, f.first_record, t.stretches
     FROM (SELECT source, date_part('epoch', min(minute)) AS first_record FROM flow_minute GROUP BY source) f
     LEFT JOIN source s ON s.name = f.source
     LEFT JOIN (SELECT source, json_agg(json_build_array(from_second, to_second, minutes) ORDER BY from_second) AS stretches
                FROM stretch GROUP BY source) t ON t.source = f.source
     ORDER BY f.source COLLATE "C"`,
    [from, to],
  );
  return rows.map((row) => ({
    source: row.source,
    silenceAfterSeconds: row.silence_after_seconds,
    firstRecord: row.first_record,
    minutesWithRecords: (row.stretches ?? []).reduce((sum, [, , minutes]) => sum + minutes, 0),
    stretches: (row.stretches ?? []).map(([begin, end]) => ({ from: begin, to: end })),
  }));
}

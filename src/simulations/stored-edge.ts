/** Flow edges as the inventory keeps them, a line each: in the order of the database, in digests and in pages. */

import type { RecordedEdge } from '../policies/replay/replay.js';

/** An edge of a day. Times are seconds since 1970; indices are those of the first and the last record summed up in it. */
export interface StoredEdge extends RecordedEdge {
  readonly day: string;
  readonly direction: string;
  readonly verdict: string;
  readonly firstIndex: number;
  readonly lastIndex: number;
  readonly firstTime: number;
  readonly time: number;
}

/**
 * Rows of `COPY ... TO STDOUT` in text format. The order is that of bytes, the same on every machine whatever its
 * collation. Days are ISO dates.
 */
export function edgeRows(firstDay: string, lastDay: string): string {
  const isDay = /^\d{4}-\d\d-\d\d$/u;
  if (!isDay.test(firstDay) || !isDay.test(lastDay)) throw new TypeError('expected days as YYYY-MM-DD');
  return `
    SELECT day, source_workload, destination_workload, protocol, port, direction, verdict, flows, first_index, last_index,
           date_part('epoch', first_time), date_part('epoch', last_time)
    FROM flow_edge WHERE day BETWEEN '${firstDay}' AND '${lastDay}'
    ORDER BY day, source_workload COLLATE "C", destination_workload COLLATE "C", protocol COLLATE "C", port,
             direction COLLATE "C", verdict COLLATE "C"`;
}

const escapes: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

function plain(text: string): string {
  return text.includes('\\') ? text.replaceAll(/\\(.)/gsu, (_, letter: string) => escapes[letter] ?? letter) : text;
}

/** What judging and summing up need of an edge. */
export type JudgedEdge = RecordedEdge & Pick<StoredEdge, 'day' | 'firstTime' | 'time'>;

/** A part of `readEdge`, for a million lines at once. */
export function readJudgedEdge(line: string): JudgedEdge {
  const [day = '', source = '', destination = '', protocol = '', port, , , flows] = line.split('\t', 8);
  const last = line.lastIndexOf('\t');
  return {
    day,
    source: plain(source),
    destination: plain(destination),
    protocol: plain(protocol),
    port: Number(port),
    flows: Number(flows),
    firstTime: Number(line.slice(line.lastIndexOf('\t', last - 1) + 1, last)),
    time: Number(line.slice(last + 1)),
  };
}

/** @throws TypeError for a line that is not one of `edgeRows`. */
export function readEdge(line: string): StoredEdge {
  const fields = line.split('\t');
  if (fields.length !== 12) throw new TypeError(`expected 12 fields of an edge, got ${fields.length}`);
  const [day = '', source = '', destination = '', protocol = '', port, direction = '', verdict = ''] = fields;
  return {
    day,
    source: plain(source),
    destination: plain(destination),
    protocol: plain(protocol),
    port: Number(port),
    direction,
    verdict,
    flows: Number(fields[7]),
    firstIndex: Number(fields[8]),
    lastIndex: Number(fields[9]),
    firstTime: Number(fields[10]),
    time: Number(fields[11]),
  };
}

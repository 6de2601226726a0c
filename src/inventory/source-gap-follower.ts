import type { Transaction } from '../database/database.js';
import { normaliseStored } from '../ingestion/stored-record.js';
import { rejectedKind } from '../ingestion/read-records.js';
import { retentionClassOf } from '../log/entry.js';
import type { Follower } from '../log/follower.js';
import type { StoredEntry } from '../log/read.js';
import { counterFrom, counterText } from './gaps/counter-text.js';
import { lossNoticeOf } from './gaps/loss-notices.js';
import {
  countRecord,
  type CounterState,
  isBelieved,
  isSparse,
  sequenceOf,
  sizeOf,
  type SequenceGap,
} from './gaps/sequence-gaps.js';

/** A counter not seen for so many entries is forgotten: its numbers would mean nothing any longer. */
const forgottenAfter = 5_000_000;
const longestStream = 200;

interface Numbered {
  readonly entry: StoredEntry;
  readonly stream: string;
  readonly sequence: bigint;
}

interface GapRow {
  readonly source: string;
  readonly stream: string;
  readonly after_index: number;
  readonly first: string;
  readonly last: string | null;
  readonly before_index: number | null;
  readonly missing: string | null;
  readonly found_at: string;
  readonly filled_at: string | null;
}

/** Which numbers of the sources' counters never came, and which losses they reported themselves. */
export class SourceGapFollower implements Follower {
  readonly name = 'source-gaps';

  async apply(transaction: Transaction, entries: readonly StoredEntry[]): Promise<void> {
    const numbered: Numbered[] = [];
    const gaps = new Map<string, GapRow>();
    const unknown = new Map<string, number>();
    const lastUnknown: { readonly source: string; readonly index: number }[] = [];
    for (const entry of entries) {
      if (retentionClassOf(entry.kind) === 'act' || entry.kind === rejectedKind) continue;
      const stored = normaliseStored(entry);
      if (stored === null) {
        unknown.set(entry.source, entry.index);
        lastUnknown.push({ source: entry.source, index: entry.index });
        continue;
      }
      if (!stored.ok) continue;
      for (const [part, record] of stored.records.entries()) {
        const notice = lossNoticeOf(entry.index, record);
        if (notice !== null) addNotice(gaps, entry, part, notice.lost);
      }
      const { sequence, stream } = stored.records[0].attributes;
      const number = sequenceOf(sequence);
      if (number !== null) numbered.push({ entry, stream: streamOf(stream), sequence: number });
    }
    if (numbered.length > 0) await this.count(transaction, numbered, gaps, lastUnknown);
    await writeGaps(transaction, [...gaps.values()]);
    if (unknown.size > 0) {
      await transaction.query(
        `INSERT INTO source_unknown (source, last_index) SELECT source, index
         FROM json_to_recordset($1) AS new (source text, index bigint)
         ON CONFLICT (source) DO UPDATE SET last_index = excluded.last_index`,
        [JSON.stringify([...unknown].map(([source, index]) => ({ source, index })))],
      );
    }
  }

  async reset(transaction: Transaction): Promise<void> {
    await transaction.query('DELETE FROM source_counter');
    await transaction.query('DELETE FROM source_gap');
    await transaction.query('DELETE FROM source_unknown');
  }

  private async count(
    transaction: Transaction,
    numbered: readonly Numbered[],
    gaps: Map<string, GapRow>,
    unknown: readonly { readonly source: string; readonly index: number }[],
  ): Promise<void> {
    const first = numbered[0]?.entry.index ?? 0;
    const keys = new Map(
      numbered.map(({ entry: { source }, stream }) => [keyOf(source, stream), { source, stream }] as const),
    );
    const [rows, unknowns] = [
      await transaction.query<{ source: string; stream: string; state: string }>(
        `SELECT c.source, c.stream, c.state FROM source_counter c
         JOIN json_to_recordset($1) AS k (source text, stream text) ON k.source = c.source AND k.stream = c.stream`,
        [JSON.stringify([...keys.values()])],
      ),
      await transaction.query<{ source: string; last_index: string }>('SELECT source, last_index FROM source_unknown'),
    ];
    const states = new Map<string, CounterState>(
      rows.map(({ source, stream, state }) => [keyOf(source, stream), counterFrom(state)]),
    );
    const lost = new Map(unknowns.map(({ source, last_index }) => [source, Number(last_index)]));
    let seen = 0;
    for (const { entry, stream, sequence } of numbered) {
      for (let next = unknown[seen]; next !== undefined && next.index < entry.index; next = unknown[++seen])
        lost.set(next.source, next.index);
      const key = keyOf(entry.source, stream);
      const known = states.get(key) ?? null;
      const before = known !== null && isKnown(known, entry, sequence, lost.get(entry.source)) ? known : null;
      const { state, event } = countRecord(before, { index: entry.index, sequence });
      states.set(key, state);
      if ('gap' in event && !isSparse(state)) addGap(gaps, entry, stream, event.gap);
    }
    await transaction.query(
      `INSERT INTO source_counter (source, stream, state, believed, sparse, last_index)
       SELECT source, stream, state, believed, sparse, last_index
       FROM json_to_recordset($1) AS new (source text, stream text, state text, believed boolean, sparse boolean, last_index bigint)
       ON CONFLICT (source, stream) DO UPDATE SET state = excluded.state, believed = excluded.believed, sparse = excluded.sparse,
         last_index = excluded.last_index`,
      [
        JSON.stringify(
          [...keys].flatMap(([key, { source, stream }]) => {
            const state = states.get(key);
            if (state === undefined) return [];
            const [believed, sparse] = [isBelieved(state), isSparse(state)];
            return [{ source, stream, state: counterText(state), believed, sparse, last_index: state.highestIndex }];
          }),
        ),
      ],
    );
    // Those are not looked at any more, whether they are there or not.
    await transaction.query('DELETE FROM source_counter WHERE last_index < $1', [first - forgottenAfter]);
  }
}

/**
 * Whether a record is judged by what is known of its counter: not after a pause without end, and not across entries whose
 * numbers are gone with their payloads, among which whatever seems to be missing may have been.
 */
function isKnown(state: CounterState, entry: StoredEntry, sequence: bigint, unknown: number | undefined): boolean {
  if (entry.index - state.highestIndex > forgottenAfter) return false;
  return unknown === undefined || unknown < state.highestIndex || sequence === state.highest + 1n;
}

function keyOf(source: string, stream: string): string {
  return `${source}\0${stream}`;
}

function streamOf(value: unknown): string {
  return typeof value === 'string' ? value.slice(0, longestStream) : '';
}

function addGap(
  gaps: Map<string, GapRow>,
  { source, receivedAt }: StoredEntry,
  stream: string,
  { first, last, missing, evidence: [before, after] }: SequenceGap,
): void {
  const key = `${keyOf(source, stream)}\0${after}\0${first}`;
  const now = receivedAt.toISOString();
  gaps.set(key, {
    source,
    stream,
    after_index: after,
    first: String(first),
    last: String(last),
    before_index: before,
    missing: String(sizeOf(missing)),
    found_at: gaps.get(key)?.found_at ?? now,
    filled_at: missing.length === 0 ? now : null,
  });
}

/** A notice is a gap without numbers; `first` tells those of one entry apart. */
function addNotice(
  gaps: Map<string, GapRow>,
  { source, index, receivedAt }: StoredEntry,
  part: number,
  lost: bigint | null,
): void {
  gaps.set(`${source}\0notice\0${index}\0${part}`, {
    source,
    stream: '',
    after_index: index,
    first: String(part),
    last: null,
    before_index: null,
    missing: lost === null ? null : String(lost),
    found_at: receivedAt.toISOString(),
    filled_at: null,
  });
}

async function writeGaps(transaction: Transaction, gaps: readonly GapRow[]): Promise<void> {
  if (gaps.length === 0) return;
  // The time before it is when the record on its near side came.
  await transaction.query(
    `INSERT INTO source_gap (source, stream, after_index, first, last, before_index, missing, began_at, found_at, filled_at)
     SELECT g.source, g.stream, g.after_index, g.first, g.last, g.before_index, g.missing,
            coalesce((SELECT e.received_at FROM log_entry e WHERE e.index = g.before_index), g.found_at), g.found_at, g.filled_at
     FROM json_to_recordset($1) AS g (source text, stream text, after_index bigint, first numeric, last numeric, before_index bigint,
       missing numeric, found_at timestamptz, filled_at timestamptz)
     ON CONFLICT (source, stream, after_index, first) DO UPDATE SET missing = excluded.missing, filled_at = excluded.filled_at`,
    [JSON.stringify(gaps).replaceAll(String.raw`\u0000`, String.raw`\ufffd`)],
  );
}

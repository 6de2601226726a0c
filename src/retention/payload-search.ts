import type { Transaction } from '../database/database.js';
import { Problem } from '../errors.js';
import { sqlStateOf } from '../database/sql-state.js';
import { names, spellingsOf } from './spellings.js';

/** What an erasure may name at most. */
export const mostIndices = 100_000;
const rowsAtOnce = 1000;
const longestSearchSeconds = 60;
const queryCancelled = '57014';

export interface PayloadSearch {
  readonly text: string;
  /** Time of receipt, inclusive. */
  readonly from: string;
  /** Exclusive. */
  readonly to: string;
  /** Null for all sources. */
  readonly source: string | null;
}

/**
 * Indices of the entries whose payload names a text as a whole word, in ascending order. Reads every payload received in the
 * time given.
 * @throws Problem `too_large` when there are too many, or it takes too long.
 */
export async function findPayloads(transaction: Transaction, search: PayloadSearch): Promise<number[]> {
  const spellings = spellingsOf(search.text);
  const anySpelling = spellings.map((_, at) => `position($${at + 4}::bytea IN payload) > 0`).join(' OR ');
  const found: number[] = [];
  try {
    await transaction.query(`SET LOCAL statement_timeout = '${longestSearchSeconds}s'`);
    await transaction.query(
      `DECLARE naming NO SCROLL CURSOR FOR SELECT index, payload FROM log_entry
       WHERE payload IS NOT NULL AND received_at >= $1 AND received_at < $2 AND ($3::text IS NULL OR source = $3) AND (${anySpelling})`,
      [search.from, search.to, search.source, ...spellings],
    );
    for (;;) {
      const rows = await transaction.query<{ index: string; payload: Buffer }>(`FETCH ${rowsAtOnce} FROM naming`);
      for (const { index, payload } of rows) if (names(payload, spellings)) found.push(Number(index));
      if (rows.length < rowsAtOnce) break;
      if (found.length > mostIndices) throw tooMany();
    }
    await transaction.query('CLOSE naming; SET LOCAL statement_timeout = 0');
  } catch (error) {
    if (sqlStateOf(error) !== queryCancelled) throw error;
    throw new Problem(
      'too_large',
      `Searching the payloads took longer than ${longestSearchSeconds} s; ask for a shorter time, or for one source.`,
      { cause: error },
    );
  }
  if (found.length > mostIndices) throw tooMany();
  return found.sort((a, b) => a - b);
}

function tooMany(): Problem {
  return new Problem(
    'too_large',
    `More than ${mostIndices} payloads name the text; erase them in parts, each of a shorter time.`,
  );
}

/** Reports whose model names a text; their files may hold it, whichever records they cite. */
export async function findReports(transaction: Transaction, text: string): Promise<string[]> {
  const spellings = spellingsOf(text);
  const anySpelling = spellings.map((_, at) => `strpos(model::text, $${at + 1}) > 0`).join(' OR ');
  const rows = await transaction.query<{ id: string; model: string }>(
    `SELECT id, model::text AS model FROM report WHERE model IS NOT NULL AND (${anySpelling}) ORDER BY id`,
    spellings.map(String),
  );
  return rows.filter(({ model }) => names(Buffer.from(model), spellings)).map(({ id }) => id);
}

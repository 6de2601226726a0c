import { DatabaseError, escapeLiteral, type PoolClient } from 'pg';
import { BinaryCopyRows, copyOf } from './binary-copy.js';
import { type CopyData, runCopyStatements } from './copy-statements.js';
import {
  appendLeaves,
  assertTreeState,
  decodePartial,
  encodePartial,
  rootOf,
  type Tile,
  type TreeState,
} from './core/tiles.js';
import { hashLength } from './core/tree.js';
import { conflictKeyOf, placeEntries, type Appended, type KnownFact, type Placed } from './deduplication.js';
import { entryColumns, placeRow, type EntryToAppend } from './entry.js';

/** The log after an append. */
export interface Head {
  readonly origin: string;
  readonly size: number;
  readonly root: Buffer;
}

export interface AppendResult {
  readonly results: readonly Appended[];
  readonly head: Head;
  readonly state: TreeState;
  /** Size before this append. */
  readonly sizeBefore: number;
  readonly full: readonly Tile[];
}

interface HeadRow {
  readonly origin: string;
  readonly size: string;
  readonly root: Buffer;
  readonly partial: Buffer;
}

export interface AppendOptions {
  /** The append is a transaction of its own; otherwise it joins the client's open one. */
  readonly own: boolean;
  /**
   * With `own`: does not look whether facts are in the log already, and lets the database refuse the keys that are.
   * Cheaper while everything is new; answers with {@link KnownFactError} when something is not.
   */
  readonly expectNew?: boolean;
  /**
   * With `own` and `expectNew`: where the head is expected to stand. Everything is then made ready beforehand and
   * written in one round trip; when the head has moved meanwhile, {@link HeadMovedError} says so.
   */
  readonly expected?: ExpectedHead;
  /** Whose repetitions are counted, and where in the entries; see {@link Counted}. */
  readonly counted?: Counted | undefined;
  /** The append as {@link planAppend} made it ready for `expected`; made ready here when not given. */
  readonly plan?: PlannedAppend | null;
}

/** Whose entries they are, in order; those of a null source are not counted when they are there already. */
export interface Counted {
  readonly requests: readonly { readonly source: string | null; readonly entries: number }[];
  readonly at: Date;
}

/** An append made ready for a head that is expected where it will be; nothing of it was asked of the database. */
export interface PlannedAppend {
  readonly expected: ExpectedHead;
  readonly result: AppendResult;
  /** Statements of one simple query, and the data of the COPYs among them; null when there is nothing to add. */
  readonly query: CopyQuery | null;
}

interface CopyQuery {
  readonly text: string;
  readonly data: readonly CopyData[];
}

export interface ExpectedHead {
  readonly origin: string;
  readonly root: Buffer;
  readonly state: TreeState;
}

/** Another process appended meanwhile; nothing was appended. Append again, locking first. */
export class HeadMovedError extends Error {
  override readonly name = 'HeadMovedError';
}

/** Something expected to be new is in the log already; nothing was appended. Append again, looking first. */
export class KnownFactError extends Error {
  override readonly name = 'KnownFactError';
}

/**
 * Appends entries in the client's open transaction, or in one of its own when `own` is set. Indices
 * are given under the lock of the head row and never by a sequence, so index order is commit
 * order; from the lock to the commit there are two round trips, or one when the head is expected where it is.
 *
 * With `own`, the transaction is committed when this returns and rolled back when it throws. Otherwise
 * the head stays locked until the caller commits: append last.
 * @throws KnownFactError only with `expectNew`; HeadMovedError only with `expected`.
 */
export async function appendEntries(
  client: PoolClient,
  entries: readonly EntryToAppend[],
  options: AppendOptions,
): Promise<AppendResult> {
  try {
    if (options.expected !== undefined) {
      const { query, result } = options.plan ?? planAppend(entries, options.expected, options.counted);
      if (query !== null) await runCopyStatements(client, query.text, query.data);
      return result;
    }
    const { known, ...head } = await lockHead(client, options.expectNew === true ? [] : entries, options.own);
    const { query, result } = ready(entries, head, known, { own: options.own, begin: null }, options.counted);
    if (query !== null) await runCopyStatements(client, query.text, query.data);
    else if (options.own) await client.query('ROLLBACK');
    return result;
  } catch (error) {
    if (options.own) await client.query('ROLLBACK').catch(() => {});
    if (options.expectNew === true && isKnownKey(error)) {
      throw new KnownFactError('a fact is in the log already', { cause: error });
    }
    if (options.expected !== undefined && error instanceof DatabaseError && error.code === headMoved) {
      throw new HeadMovedError('another process appended meanwhile', { cause: error });
    }
    throw error;
  }
}

/** Makes an append ready for a head that will be where it is expected, before anything is known of the database. */
export function planAppend(
  entries: readonly EntryToAppend[],
  expected: ExpectedHead,
  counted?: Counted,
): PlannedAppend {
  const transaction = { own: true, begin: beginAt(expected) };
  return { expected, ...ready(entries, expected, new Map<string, KnownFact>(), transaction, counted) };
}

function ready(
  entries: readonly EntryToAppend[],
  { origin, root: rootBefore, state: before }: ExpectedHead,
  known: Map<string, KnownFact>,
  transaction: Opening,
  counted: Counted | undefined,
): Pick<PlannedAppend, 'result' | 'query'> {
  assertTreeState(before);
  const placed = placeEntries(entries, known, before.size);
  const { results, added } = placed;
  const leafHashes = Buffer.allocUnsafe(added.length * hashLength);
  added.forEach((entry, at) => leafHashes.write(entry.leafHash, at * hashLength, hashLength, 'hex'));
  const { state, full } = appendLeaves(before, leafHashes);
  const root = added.length === 0 ? rootBefore : rootOf(state);
  const duplicates = counted === undefined || added.length === entries.length ? null : counting(results, counted);
  const statements: Statements = { text: [], data: [] };
  if (added.length > 0) write(statements, placed, before.size, { state, full, root });
  if (duplicates !== null) statements.text.push(duplicates);
  const query = statements.text.length === 0 ? null : inOne(statements, transaction);
  return { result: { results, head: { origin, size: state.size, root }, state, sizeBefore: before.size, full }, query };
}

/** How the transaction of an append is opened and whether it is committed with it. */
interface Opening {
  readonly own: boolean;
  readonly begin: string | null;
}

const uniqueViolation = '23505';
/** Raised by log_lock_head. */
const headMoved = 'SG001';

function beginAt({ state, root }: ExpectedHead): string {
  return `BEGIN; SELECT log_lock_head(${state.size}, '\\x${root.toString('hex')}')`;
}

function isKnownKey(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === uniqueViolation && error.constraint === 'ingest_key_pk';
}

interface KeyRow {
  readonly key: string;
  readonly content: string;
  readonly index: string;
}

const selectKeys = `SELECT replace(key::text, '-', '') AS key, replace(content::text, '-', '') AS content, index FROM ingest_key`;

async function lockHead(
  client: PoolClient,
  entries: readonly EntryToAppend[],
  own: boolean,
): Promise<ExpectedHead & { readonly known: Map<string, KnownFact> }> {
  const lock = 'SELECT origin, size, root, partial FROM log_head FOR UPDATE';
  const keys = entries.flatMap((entry) => (entry.dedupe === undefined ? [] : [entry.dedupe.key.toString('hex')]));
  // Keys are hex of our own hashes, so they can stand in the text of a simple query.
  const look = keys.length === 0 ? '' : `; ${selectKeys} WHERE key = ANY ('{${keys.join(',')}}'::uuid[])`;
  const answers: unknown = await client.query(`${own ? 'BEGIN; ' : ''}${lock}${look}`);
  const [headResult, keyResult] = (Array.isArray(answers) ? answers.slice(own ? 1 : 0) : [answers]) as [
    { rows: HeadRow[] },
    { rows: KeyRow[] } | undefined,
  ]; // the shape follows from the statements above
  const head = headResult.rows[0];
  if (head === undefined) throw new Error('the log has no head; start the service once, which makes it');
  const known = new Map((keyResult?.rows ?? []).map((row) => [row.key, knownFact(row)]));
  await addKnownConflicts(client, entries, known);
  const state: TreeState = { size: Number(head.size), partial: decodePartial(head.partial) };
  return { origin: head.origin, root: head.root, state, known };
}

function knownFact({ content, index }: KeyRow): KnownFact {
  return { content: Buffer.from(content, 'hex'), index: Number(index) };
}

/** Looks for the conflicting facts among the known ones; there are hardly ever any, so it is a query of its own. */
async function addKnownConflicts(
  client: PoolClient,
  entries: readonly EntryToAppend[],
  known: Map<string, KnownFact>,
): Promise<void> {
  const keys = entries.flatMap(({ dedupe }) => {
    const earlier = dedupe === undefined ? undefined : known.get(dedupe.key.toString('hex'));
    const conflicts = dedupe !== undefined && earlier !== undefined && !earlier.content.equals(dedupe.content);
    return conflicts ? [conflictKeyOf(dedupe).toString('hex')] : [];
  });
  if (keys.length === 0) return;
  const { rows } = await client.query<KeyRow>(`${selectKeys} WHERE key = ANY ($1::uuid[])`, [keys]);
  for (const row of rows) known.set(row.key, knownFact(row));
}

/** The upsert that counts the repetitions of each source; null where there are none to count. */
function counting(results: readonly Appended[], { requests, at }: Counted): string | null {
  const bySource = new Map<string, number>();
  let next = 0;
  for (const { source, entries } of requests) {
    let duplicates = 0;
    for (const end = next + entries; next < end; next++) if (results[next]?.outcome === 'duplicate') duplicates++;
    if (source !== null && duplicates > 0) bySource.set(source, (bySource.get(source) ?? 0) + duplicates);
  }
  if (bySource.size === 0) return null;
  const time = at.toISOString();
  const rows = [...bySource].map(
    ([source, count]) => `(${escapeLiteral(source)}, '${time.slice(0, 13)}:00:00Z', ${count}, '${time}')`,
  );
  return `INSERT INTO log_duplicate AS old (source, hour, records, last_at) VALUES ${rows.join(', ')}
    ON CONFLICT (source, hour) DO UPDATE SET records = old.records + excluded.records,
      last_at = greatest(old.last_at, excluded.last_at)`;
}

interface Statements {
  readonly text: string[];
  readonly data: CopyData[];
}

function inOne({ text, data }: Statements, { begin, own }: Opening): CopyQuery {
  return { text: [...(begin === null ? [] : [begin]), ...text, ...(own ? ['COMMIT'] : [])].join('; '), data };
}

function write(
  { text, data }: Statements,
  { added, keys, conflicts }: Placed,
  firstIndex: number,
  tree: { state: TreeState; full: readonly Tile[]; root: Buffer },
): void {
  text.push(`COPY log_entry (${entryColumns}) FROM STDIN (FORMAT binary)`);
  data.push(copyOf(added.map((entry, offset) => placeRow(entry.row, firstIndex + offset))));
  if (keys !== null) {
    text.push('COPY ingest_key (key, content, index) FROM STDIN (FORMAT binary)');
    data.push(keys);
  }
  if (conflicts.length > 0) {
    const conflictRows = new BinaryCopyRows(conflicts.length * 26);
    for (const conflict of conflicts) {
      conflictRows.row(2);
      conflictRows.int64(conflict.index);
      conflictRows.int64(conflict.firstIndex);
    }
    text.push('COPY ingest_conflict (index, first_index) FROM STDIN (FORMAT binary)');
    data.push(conflictRows.finish());
  }
  if (tree.full.length > 0) {
    const tileRows = new BinaryCopyRows(tree.full.length * 8220);
    for (const tile of tree.full) {
      tileRows.row(3);
      tileRows.int16(tile.level);
      tileRows.int64(tile.index);
      tileRows.bytes(tile.hashes);
    }
    text.push('COPY log_tile (level, index, hashes) FROM STDIN (FORMAT binary)');
    data.push(tileRows.finish());
  }
  const partial = encodePartial(tree.state.partial).toString('hex');
  text.push(
    `UPDATE log_head SET size = ${tree.state.size}, root = '\\x${tree.root.toString('hex')}', partial = '\\x${partial}'`,
  );
}

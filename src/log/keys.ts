import type { Actor } from '../context.js';
import type { Database, Transaction } from '../database/database.js';
import { actEntry } from './act.js';
import { formatCheckpoint } from './core/checkpoint.js';
import { NoteError, openNote, parseVerifierKey, signNote, type Signer, type Verifier } from './core/note.js';
import type { Log } from './log.js';

/** A key that signed this log, or signs it. */
export interface LogKey {
  readonly verifier: Verifier;
  /** The log's size from which on it may sign. */
  readonly fromSize: number;
  /** The size from which on its successor signs; null for the key in use. */
  readonly untilSize: number | null;
  /** The entry that records it; null for the key the log was started with. */
  readonly entryIndex: number | null;
  readonly registeredAt: Date;
  /** Whether a key that is known otherwise vouches for it, by itself or by way of others. */
  readonly vouchedFor: boolean;
}

interface KeyRow {
  readonly verifier: string;
  readonly from_size: string;
  readonly entry_index: string | null;
  readonly statement: string;
  readonly registered_at: Date;
}

const kind = 'segproof key of the log';

/** What the key and the one before it sign: that the first succeeds the second. */
function statementBody(verifier: Verifier, before: Verifier | null, fromSize: number): string {
  return `${kind}\n${verifier.name}\n${verifier.text}\nafter ${before?.text ?? 'none'}\nfrom ${fromSize}\n`;
}

/**
 * The keys of the log, in the order they came into use. A row vouches for itself only: with `trusted` keys, known from
 * outside the database, a key counts as vouched for when it and a trusted one signed that one succeeds the other.
 */
export async function listKeys(database: Database, trusted: readonly Verifier[]): Promise<LogKey[]> {
  const rows = await database.query<KeyRow>(
    'SELECT verifier, from_size, entry_index, statement, registered_at FROM log_key ORDER BY from_size, registered_at',
  );
  const statements = rows.map((row) => succession(row));
  const vouched = new Set(trusted.map(({ text }) => text));
  for (let grew = true; grew;) {
    grew = false;
    for (const signers of statements) {
      if (!signers.some((text) => vouched.has(text)) || signers.every((text) => vouched.has(text))) continue;
      for (const text of signers) vouched.add(text);
      grew = true;
    }
  }
  return rows.map((row, at) => ({
    verifier: parseVerifierKey(row.verifier),
    fromSize: Number(row.from_size),
    untilSize: at + 1 < rows.length ? Number(rows[at + 1]?.from_size) : null,
    entryIndex: row.entry_index === null ? null : Number(row.entry_index),
    registeredAt: row.registered_at,
    vouchedFor: vouched.has(row.verifier),
  }));
}

/** The keys that have signed a row's statement, when it says what the row says; none when it does not. */
function succession(row: KeyRow): string[] {
  try {
    const verifier = parseVerifierKey(row.verifier);
    const [, before = ''] = /^after (\S+)$/mu.exec(row.statement) ?? [];
    const signers = before === 'none' ? [verifier] : [verifier, parseVerifierKey(before)];
    const { body, signatures } = openNote(row.statement, signers);
    const said = statementBody(verifier, signers[1] ?? null, Number(row.from_size));
    return body === said && signatures.length === signers.length ? signers.map(({ text }) => text) : [];
  } catch (error) {
    if (error instanceof NoteError) return [];
    throw error;
  }
}

/** Verifiers to believe checkpoints by: those given, and those the log's keys vouch for. */
export async function knownVerifiers(database: Database, trusted: readonly Verifier[]): Promise<Verifier[]> {
  const keys = await listKeys(database, trusted);
  const more = keys.filter((key) => key.vouchedFor && !trusted.some(({ text }) => text === key.verifier.text));
  return [...trusted, ...more.map((key) => key.verifier)];
}

/**
 * Registers the key a log is started with. Returns false when the log has other keys but not this one: it was exchanged
 * without `segproof keys rotate`.
 */
export async function registerFirstKey(database: Database, signer: Signer, now: Date): Promise<boolean> {
  await database.query(
    `INSERT INTO log_key (verifier, from_size, entry_index, statement, registered_at)
     SELECT $1, 0, NULL, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM log_key) ON CONFLICT DO NOTHING`,
    [signer.verifier.text, signNote(statementBody(signer.verifier, null, 0), signer), now],
  );
  const rows = await database.query('SELECT 1 FROM log_key WHERE verifier = $1', [signer.verifier.text]);
  return rows.length > 0;
}

/** Registers a key without a predecessor that would vouch for it, after somebody decided for it. Does nothing for one that is registered. */
export async function registerDecidedKey(
  transaction: Transaction,
  key: { readonly verifier: Verifier; readonly signNote: (body: string) => string },
  entryIndex: number,
  now: Date,
): Promise<void> {
  const fromSize = entryIndex + 1;
  await transaction.query(
    `INSERT INTO log_key (verifier, from_size, entry_index, statement, registered_at) VALUES ($1, $2, $3, $4, $5)
     ON CONFLICT DO NOTHING`,
    [key.verifier.text, fromSize, entryIndex, key.signNote(statementBody(key.verifier, null, fromSize)), now],
  );
}

/** The key that came into use last, as `name+id+base64`; null when none is registered. */
export async function newestKey(database: Database): Promise<string | null> {
  const [row] = await database.query<{ verifier: string }>(
    'SELECT verifier FROM log_key ORDER BY from_size DESC, registered_at DESC LIMIT 1',
  );
  return row?.verifier ?? null;
}

/**
 * Makes another key the one that signs: both sign that one succeeds the other, an entry records it, and a checkpoint
 * signed by both covers the entry. Returns the entry's index. Registering the same key again does nothing.
 * @throws Problem `unavailable` when signing is stopped.
 */
export async function rotateKey(
  log: Log,
  database: Database,
  keys: { readonly old: Signer; readonly next: Signer },
  actor: Actor,
  reason: string,
): Promise<number> {
  const { old, next } = keys;
  log.signing.assertGoingOn();
  const [there] = await database.query<{ entry_index: string }>('SELECT entry_index FROM log_key WHERE verifier = $1', [
    next.verifier.text,
  ]);
  if (there !== undefined) return Number(there.entry_index);
  const { index, at } = await log.transact(async ({ transaction, now, append }) => {
    const entryIndex = await append(
      actEntry('log.key_rotated', actor, { from: old.verifier.text, to: next.verifier.text, reason }),
    );
    const fromSize = entryIndex + 1;
    const statement = signNote(statementBody(next.verifier, old.verifier, fromSize), old, next);
    await transaction.query(
      `INSERT INTO log_key (verifier, from_size, entry_index, statement, registered_at) VALUES ($1, $2, $3, $4, $5)`,
      [next.verifier.text, fromSize, entryIndex, statement, now],
    );
    return { index: entryIndex, at: now };
  });
  const head = await log.head();
  await log.signing.checkRows(head);
  const note = signNote(formatCheckpoint(head), old, next);
  await database.query(
    'INSERT INTO log_checkpoint (size, root, note, signed_at) VALUES ($1, $2, $3, $4) ON CONFLICT (size) DO NOTHING',
    [head.size, head.root, note, at],
  );
  log.signing.signed(head, note);
  return index;
}

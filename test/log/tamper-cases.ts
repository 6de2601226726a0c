import { signCheckpoint } from '../../src/log/core/checkpoint.js';
import { signerFromSeed } from '../../src/log/core/note.js';
import { logSize, type TamperedLog } from './tampered-log.js';

/** One thing a superuser does behind the service's back, and what fsck has to say about it. */
export interface TamperCase {
  readonly what: string;
  readonly tamper: (log: TamperedLog) => Promise<unknown>;
  /** All that fsck reports, each as `class at position`. */
  readonly found: readonly string[];
  /** Sizes of older checkpoints from outside that fsck is given; without them it has to do with what is stored. */
  readonly given?: readonly number[];
  /**
   * How far fsck is from `found` so far: `blurred` names it, but among other things that are not the matter;
   * `misnamed` reports something else; `missed` reports nothing. Take the word away when fsck can do it.
   */
  readonly yet?: 'blurred' | 'misnamed' | 'missed';
}

const sql =
  (...statements: readonly string[]) =>
  async ({ superuser }: TamperedLog): Promise<void> => {
    for (const statement of statements) await superuser.query(statement);
  };

const flipped = (column: string, at: number): string => `set_byte(${column}, ${at}, get_byte(${column}, ${at}) # 16)`;

/** An entry in a full tile, one in another full tile, and one in the unfinished tile. */
const places = [100, 300, 650];

const payloads: TamperCase[] = [
  ...places.flatMap((index): TamperCase[] => [
    {
      what: `payload of ${index} edited`,
      tamper: sql(`UPDATE log_entry SET payload = payload || ' ' WHERE index = ${index}`),
      found: [`payload_edited at ${index}`],
    },
    {
      what: `one bit of the payload of ${index} flipped`,
      tamper: sql(`UPDATE log_entry SET payload = ${flipped('payload', 0)} WHERE index = ${index}`),
      found: [`payload_edited at ${index}`],
    },
    {
      what: `salt of ${index} edited`,
      tamper: sql(`UPDATE log_entry SET salt = ${flipped('salt', 15)} WHERE index = ${index}`),
      found: [`payload_edited at ${index}`],
    },
    {
      what: `payload of ${index} taken away`,
      tamper: sql(`UPDATE log_entry SET payload = NULL, salt = NULL WHERE index = ${index}`),
      found: [`payload_missing at ${index}`],
    },
    {
      what: `salt of ${index} taken away`,
      tamper: sql(`UPDATE log_entry SET salt = NULL WHERE index = ${index}`),
      found: [`payload_missing at ${index}`],
    },
    {
      what: `payload of ${index} edited, and its digest with it`,
      tamper: sql(
        `UPDATE log_entry SET payload = payload || ' ', payload_hash = sha256(salt || payload || ' ') WHERE index = ${index}`,
      ),
      found: [`entry_edited at ${index}`],
      yet: 'blurred',
    },
  ]),
  {
    what: 'payloads of two entries exchanged',
    tamper: sql(`UPDATE log_entry SET salt = other.salt, payload = other.payload FROM saved.log_entry AS other
      WHERE log_entry.index IN (100, 101) AND other.index = 201 - log_entry.index`),
    found: ['payload_edited at 100', 'payload_edited at 101'],
  },
];

const columns: Record<string, string> = {
  id: 'gen_random_uuid()',
  kind: `kind || 'x'`,
  source: `source || 'x'`,
  occurred_at_ns: 'occurred_at_ns + 1',
  received_at: `received_at + interval '1 ms'`,
  payload_hash: flipped('payload_hash', 31),
};

const entries: TamperCase[] = [
  ...places.flatMap((index) =>
    Object.entries(columns).map(([column, value]): TamperCase => ({
      what: `${column} of ${index} edited`,
      tamper: sql(`UPDATE log_entry SET ${column} = ${value} WHERE index = ${index}`),
      found: [`entry_edited at ${index}`],
      yet: 'blurred',
    })),
  ),
  {
    what: 'received_at of 100 edited by less than its leaf shows',
    tamper: sql(`UPDATE log_entry SET received_at = received_at + interval '1 microsecond' WHERE index = 100`),
    found: ['entry_edited at 100'],
    yet: 'missed',
  },
  {
    what: 'entry 100 moved to the class that is kept shortest',
    tamper: sql(`UPDATE log_entry SET retention_class = 'act' WHERE index = 100`),
    found: ['entry_edited at 100'],
    yet: 'missed',
  },
  {
    what: 'two entries of one tile edited',
    tamper: sql(`UPDATE log_entry SET source = 'x' WHERE index IN (100, 120)`),
    found: ['entry_edited at 100', 'entry_edited at 120'],
    yet: 'blurred',
  },
  {
    what: 'first and last entry edited',
    tamper: sql(`UPDATE log_entry SET source = 'x' WHERE index IN (0, ${logSize - 1})`),
    found: ['entry_edited at 0', `entry_edited at ${logSize - 1}`],
    yet: 'blurred',
  },
  {
    what: 'two entries exchanged',
    tamper: sql(`UPDATE log_entry SET index = 300 - index WHERE index IN (100, 200)`),
    found: ['entry_reordered at 100', 'entry_reordered at 200'],
    yet: 'misnamed',
  },
  {
    what: 'two entries of the unfinished tile exchanged',
    tamper: sql(`UPDATE log_entry SET index = 1310 - index WHERE index IN (650, 660)`),
    found: ['entry_reordered at 650', 'entry_reordered at 660'],
    yet: 'misnamed',
  },
];

const deletions: TamperCase[] = [
  ...[0, ...places].map((index): TamperCase => ({
    what: `entry ${index} deleted`,
    tamper: sql(`DELETE FROM log_entry WHERE index = ${index}`),
    found: [`entry_missing at ${index}`],
    yet: 'blurred',
  })),
  {
    what: 'entries 250 to 259 deleted',
    tamper: sql(`DELETE FROM log_entry WHERE index BETWEEN 250 AND 259`),
    found: ['entry_missing at 250'],
    yet: 'blurred',
  },
  {
    what: 'entry 100 deleted and the later ones moved up',
    tamper: sql('DELETE FROM log_entry WHERE index = 100', 'UPDATE log_entry SET index = index - 1 WHERE index > 100'),
    found: ['entry_missing at 100'],
    yet: 'misnamed',
  },
  {
    what: 'tail deleted, the head left',
    tamper: sql('DELETE FROM log_entry WHERE index >= 695'),
    found: ['cut at 695'],
    yet: 'blurred',
  },
  {
    what: 'tail deleted over a full tile, the head left',
    tamper: sql('DELETE FROM log_entry WHERE index >= 400'),
    found: ['cut at 400'],
    yet: 'blurred',
  },
  {
    what: 'tail deleted and the head moved back',
    tamper: async ({ superuser, reseal }) => {
      await superuser.query('DELETE FROM log_entry WHERE index >= 650');
      await reseal();
    },
    found: ['cut at 650'],
    yet: 'misnamed',
  },
  {
    what: 'all entries deleted, the head left',
    tamper: sql('TRUNCATE log_entry'),
    found: ['cut at 0'],
    yet: 'blurred',
  },
];

const insertions: TamperCase[] = [
  ...[logSize, logSize + 300, -1].map((index): TamperCase => ({
    what: `an entry put in at ${index}`,
    tamper: sql(copyOf('100', `${index}`)),
    found: [`entry_inserted at ${index}`],
    ...(index < 0 && { yet: 'missed' }),
  })),
  {
    what: 'index 100 taken twice',
    tamper: sql(copyOf('101', '100')),
    found: ['entry_inserted at 100'],
    yet: 'blurred',
  },
  {
    what: 'entry 100 doubled',
    tamper: sql(copyOf('100', '100')),
    found: ['entry_inserted at 100'],
  },
  {
    what: 'an entry put in at 100 and the later ones moved down',
    tamper: sql('UPDATE log_entry SET index = index + 1 WHERE index >= 100', copyOf('5', '100')),
    found: ['entry_inserted at 100'],
    yet: 'misnamed',
  },
];

function copyOf(from: string, to: string): string {
  return `INSERT INTO log_entry SELECT ${to}, retention_class, id, kind, source, occurred_at_ns, received_at, payload_hash, salt, payload
    FROM log_entry WHERE index = ${from}`;
}

const tiles: TamperCase[] = [
  {
    what: 'a hash of a tile edited',
    tamper: sql(`UPDATE log_tile SET hashes = ${flipped('hashes', 3200)} WHERE level = 0 AND index = 0`),
    found: ['tile_damaged at 0/0'],
    yet: 'misnamed',
  },
  {
    what: 'two tiles exchanged',
    tamper: sql(`UPDATE log_tile SET hashes = other.hashes FROM saved.log_tile AS other
      WHERE log_tile.level = 0 AND other.level = 0 AND other.index = 1 - log_tile.index`),
    found: ['tile_damaged at 0/0', 'tile_damaged at 0/1'],
    yet: 'misnamed',
  },
  {
    what: 'a tile deleted',
    tamper: sql('DELETE FROM log_tile WHERE index = 1'),
    found: ['tile_damaged at 0/1'],
  },
  {
    what: 'a tile put in where none is full',
    tamper: sql('INSERT INTO log_tile SELECT level, 2, hashes FROM log_tile WHERE index = 1'),
    found: ['tile_damaged at 0/2'],
    yet: 'misnamed',
  },
  {
    what: 'a tile put in at a higher level',
    tamper: sql('INSERT INTO log_tile SELECT 1, 0, hashes FROM log_tile WHERE index = 1'),
    found: ['tile_damaged at 1/0'],
    yet: 'misnamed',
  },
];

const heads: TamperCase[] = [
  ...Object.entries({
    'root of the head edited': `root = ${flipped('root', 0)}`,
    'a hash of the unfinished tile edited': `partial = ${flipped('partial', 1000)}`,
    'a length in the unfinished tiles edited': `partial = ${flipped('partial', 0)}`,
    'unfinished tiles cut short': `partial = substr(partial, 1, 100)`,
    'unfinished tiles emptied': `partial = ''`,
  }).map(([what, change]): TamperCase => ({
    what,
    tamper: sql(`UPDATE log_head SET ${change}`),
    found: ['head_damaged at head'],
  })),
  {
    what: 'size of the head raised',
    tamper: sql('UPDATE log_head SET size = size + 1'),
    found: ['head_damaged at head'],
    yet: 'misnamed',
  },
  {
    what: 'size of the head lowered',
    tamper: sql('UPDATE log_head SET size = size - 1'),
    found: ['head_damaged at head'],
    yet: 'misnamed',
  },
  {
    what: 'origin of the log renamed',
    tamper: sql(`UPDATE log_head SET origin = 'log.example/other'`),
    found: ['head_damaged at head'],
    yet: 'misnamed',
  },
  { what: 'head deleted', tamper: sql('DELETE FROM log_head'), found: ['head_damaged at head'] },
];

const checkpoints: TamperCase[] = [
  ...Object.entries({
    'size in a note edited': `note = replace(note, E'\\n300\\n', E'\\n301\\n')`,
    'signature of a note edited': `note = overlay(note placing 'AAAA' from length(note) - 20)`,
    'note of a checkpoint emptied': `note = ''`,
    'note of a checkpoint replaced by that of another': `note = (SELECT note FROM log_checkpoint WHERE size = 600)`,
    'stored root of a checkpoint edited': `root = ${flipped('root', 0)}`,
  }).map(([what, change]): TamperCase => ({
    what,
    tamper: sql(`UPDATE log_checkpoint SET ${change} WHERE size = 300`),
    found: ['checkpoint_damaged at 300'],
  })),
  {
    what: 'stored size of a checkpoint edited',
    tamper: sql('UPDATE log_checkpoint SET size = 301 WHERE size = 300'),
    found: ['checkpoint_damaged at 301'],
  },
  {
    what: 'a checkpoint by another key',
    tamper: async (log) => await putCheckpoint(log, 350, { signer: log.foreign }),
    found: ['unknown_key at 350'],
  },
  {
    what: 'a checkpoint of another log, by its key',
    tamper: async (log) => {
      const signer = signerFromSeed('log.example/other', Buffer.alloc(32, 1));
      await putCheckpoint(log, 350, { signer });
    },
    found: ['unknown_key at 350'],
  },
  {
    what: 'a checkpoint of a log that never was, by the stolen key',
    tamper: async (log) => await putCheckpoint(log, 350, { signer: log.stolen }),
    found: ['rewritten at 350'],
  },
  {
    what: 'a checkpoint of more entries than there are, by the stolen key',
    tamper: async (log) => await putCheckpoint(log, 900, { signer: log.stolen }),
    found: ['cut at 700'],
    yet: 'misnamed',
  },
];

async function putCheckpoint(
  { superuser }: TamperedLog,
  size: number,
  { signer }: Pick<TamperedLog, never> & { signer: TamperedLog['stolen'] },
): Promise<void> {
  const root = Buffer.alloc(32, 7);
  const note = signCheckpoint({ origin: signer.verifier.name, size, root }, signer);
  await superuser.query('INSERT INTO log_checkpoint (size, root, note, signed_at) VALUES ($1, $2, $3, now())', [
    size,
    root,
    note,
  ]);
}

const editEntry100 = `UPDATE log_entry SET source = 'x' WHERE index = 100`;

const rewrites: TamperCase[] = [
  {
    what: 'log rewritten from 100 on, the checkpoints left',
    tamper: async ({ superuser, reseal }) => {
      await superuser.query(editEntry100);
      await reseal();
    },
    found: ['rewritten at 300', 'rewritten at 600', 'rewritten at 700'],
  },
  {
    what: 'log rewritten, checkpoints new by another key',
    tamper: rewriteWith('foreign'),
    found: ['unknown_key at 100', 'unknown_key at 300', 'unknown_key at 600', 'unknown_key at 700'],
  },
  {
    what: 'log rewritten, checkpoints new by another key, an older one outside',
    tamper: rewriteWith('foreign'),
    given: [300],
    found: ['rewritten at 300', 'unknown_key at 100', 'unknown_key at 300', 'unknown_key at 600', 'unknown_key at 700'],
  },
  {
    what: 'log rewritten, checkpoints new by the stolen key, an older one outside',
    tamper: rewriteWith('stolen'),
    given: [300],
    found: ['rewritten at 300'],
  },
  {
    what: 'log rewritten, checkpoints new by the stolen key, several older ones outside',
    tamper: rewriteWith('stolen'),
    given: [700, 100, 600],
    found: ['rewritten at 600', 'rewritten at 700'],
  },
  {
    what: 'older backup restored, a newer checkpoint outside',
    tamper: restoreBackup,
    given: [300, 700],
    found: ['cut at 600'],
    yet: 'misnamed',
  },
  {
    what: 'older backup restored and written on, a newer checkpoint outside',
    tamper: async (log) => {
      await restoreBackup(log);
      await log.superuser.query(
        `INSERT INTO log_entry SELECT index + 100, retention_class, id, kind, source, occurred_at_ns, received_at, payload_hash, salt, payload
         FROM log_entry WHERE index BETWEEN 500 AND 599`,
      );
      await log.reseal();
      await log.resign(log.stolen);
    },
    given: [300, 700],
    found: ['rewritten at 700'],
  },
  {
    what: 'all of it deleted and begun anew, a checkpoint outside',
    tamper: async ({ superuser, reseal }) => {
      await superuser.query('TRUNCATE log_entry, log_checkpoint');
      await reseal();
    },
    given: [300],
    found: ['cut at 0'],
    yet: 'misnamed',
  },
];

function rewriteWith(key: 'foreign' | 'stolen'): TamperCase['tamper'] {
  return async (log) => {
    await log.superuser.query(editEntry100);
    await log.reseal();
    await log.resign(log[key]);
  };
}

async function restoreBackup({ superuser, reseal }: TamperedLog): Promise<void> {
  await superuser.query('DELETE FROM log_entry WHERE index >= 600; DELETE FROM log_checkpoint WHERE size > 600');
  await reseal();
}

export const tamperCases: Readonly<Record<string, readonly TamperCase[]>> = {
  payloads,
  entries,
  deletions,
  insertions,
  tiles,
  heads,
  checkpoints,
  rewrites,
};

/** What only an older checkpoint from outside shows: with what is stored alone, these look whole. */
export const seenFromOutsideOnly: readonly Pick<TamperCase, 'what' | 'tamper'>[] = [
  { what: 'log rewritten, checkpoints new by the stolen key', tamper: rewriteWith('stolen') },
  { what: 'older backup restored', tamper: restoreBackup },
];

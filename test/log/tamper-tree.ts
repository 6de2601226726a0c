import { signCheckpoint } from '../../src/log/core/checkpoint.js';
import { signerFromSeed, type Signer } from '../../src/log/core/note.js';
import { flipped, sql, type TamperCase } from './tamper-case.js';
import type { TamperedLog } from './tampered-log.js';

export const tiles: readonly TamperCase[] = [
  {
    what: 'a hash of a tile edited',
    tamper: sql(`UPDATE log_tile SET hashes = ${flipped('hashes', 3200)} WHERE level = 0 AND index = 0`),
    found: ['tile_damaged at 0/0'],
  },
  {
    what: 'two tiles exchanged',
    tamper: sql(`UPDATE log_tile SET hashes = other.hashes FROM saved.log_tile AS other
      WHERE log_tile.level = 0 AND other.level = 0 AND other.index = 1 - log_tile.index`),
    found: ['tile_damaged at 0/0-1'],
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
  },
  {
    what: 'a tile put in at a higher level',
    tamper: sql('INSERT INTO log_tile SELECT 1, 0, hashes FROM log_tile WHERE index = 1'),
    found: ['tile_damaged at 1/0'],
  },
];

export const heads: readonly TamperCase[] = [
  ...Object.entries({
    'root of the head edited': [`root = ${flipped('root', 0)}`, 'head/root'],
    'a hash of the unfinished tile edited': [`partial = ${flipped('partial', 1000)}`, 'head/partial'],
    'a length in the unfinished tiles edited': [`partial = ${flipped('partial', 0)}`, 'head/partial'],
    'unfinished tiles cut short': [`partial = substr(partial, 1, 100)`, 'head/partial'],
    'unfinished tiles emptied': [`partial = ''`, 'head/partial'],
    'size of the head raised': ['size = size + 1', 'head/size'],
    'size of the head lowered': ['size = size - 1', 'head/size'],
    'origin of the log renamed': [`origin = 'log.example/other'`, 'head/origin'],
  }).map(([what, [change, field]]): TamperCase => ({
    what,
    tamper: sql(`UPDATE log_head SET ${change}`),
    found: [`head_damaged at ${field}`],
  })),
  { what: 'head deleted', tamper: sql('DELETE FROM log_head'), found: ['head_damaged at head'] },
];

export const checkpoints: readonly TamperCase[] = [
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
    tamper: async (log) => await putCheckpoint(log, 350, log.foreign),
    found: ['unknown_key at 350'],
  },
  {
    what: 'a checkpoint of another log, by its key',
    tamper: async (log) => {
      const signer = signerFromSeed('log.example/other', Buffer.alloc(32, 1));
      await putCheckpoint(log, 350, signer);
    },
    found: ['unknown_key at 350'],
  },
  {
    what: 'a checkpoint of a log that never was, by the stolen key',
    tamper: async (log) => await putCheckpoint(log, 350, log.stolen),
    found: ['rewritten at 300-350'],
  },
  {
    what: 'a checkpoint of more entries than there are, by the stolen key',
    tamper: async (log) => await putCheckpoint(log, 900, log.stolen),
    found: ['cut_tail at 700-899'],
  },
];

async function putCheckpoint({ superuser }: TamperedLog, size: number, signer: Signer): Promise<void> {
  const root = Buffer.alloc(32, 7);
  const note = signCheckpoint({ origin: signer.verifier.name, size, root }, signer);
  await superuser.query('INSERT INTO log_checkpoint (size, root, note, signed_at) VALUES ($1, $2, $3, now())', [
    size,
    root,
    note,
  ]);
}

const editEntry100 = `UPDATE log_entry SET source = 'x' WHERE index = 100`;

export const rewrites: readonly TamperCase[] = [
  {
    what: 'log rewritten from 100 on, the checkpoints left',
    tamper: async ({ superuser, reseal }) => {
      await superuser.query(editEntry100);
      await reseal();
    },
    found: ['rewritten at 100-300'],
  },
  {
    what: 'log rewritten, checkpoints new by another key',
    tamper: rewriteWith('foreign'),
    found: ['unknown_key at 100-700'],
  },
  {
    what: 'log rewritten, checkpoints new by another key, an older one outside',
    tamper: rewriteWith('foreign'),
    given: [300],
    found: ['rewritten at 0-300', 'unknown_key at 100-700'],
  },
  {
    what: 'log rewritten, checkpoints new by the stolen key, an older one outside',
    tamper: rewriteWith('stolen'),
    given: [300],
    found: ['rewritten at 0-300'],
  },
  {
    what: 'log rewritten, checkpoints new by the stolen key, several older ones outside',
    tamper: rewriteWith('stolen'),
    given: [700, 100, 600],
    found: ['rewritten at 100-600'],
  },
  {
    what: 'older backup restored, a newer checkpoint outside',
    tamper: restoreBackup,
    given: [300, 700],
    found: ['rolled_back at 600'],
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
    found: ['rewritten at 300-700'],
  },
  {
    what: 'all of it deleted and begun anew, a checkpoint outside',
    tamper: async ({ superuser, reseal }) => {
      await superuser.query('TRUNCATE log_entry, log_checkpoint');
      await reseal();
    },
    given: [300],
    found: ['rolled_back at 0'],
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

/** What only an older checkpoint from outside shows: with what is stored alone, these look whole. */
export const seenFromOutsideOnly: readonly Pick<TamperCase, 'what' | 'tamper'>[] = [
  { what: 'log rewritten, checkpoints new by the stolen key', tamper: rewriteWith('stolen') },
  { what: 'older backup restored', tamper: restoreBackup },
];

import { flipped, sql, type TamperCase } from './tamper-case.js';
import { logSize } from './tampered-log.js';

/** An entry in a full tile, one in another full tile, and one in the unfinished tile. */
const places = [100, 300, 650];

export const payloads: readonly TamperCase[] = [
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
      found: [`leaf_edited at ${index}`],
    },
  ]),
  {
    what: 'payloads of two entries exchanged',
    tamper: sql(`UPDATE log_entry SET salt = other.salt, payload = other.payload FROM saved.log_entry AS other
      WHERE log_entry.index IN (100, 101) AND other.index = 201 - log_entry.index`),
    found: ['payload_edited at 100-101'],
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

export const entries: readonly TamperCase[] = [
  ...places.flatMap((index) =>
    Object.entries(columns).map(([column, value]): TamperCase => ({
      what: `${column} of ${index} edited`,
      tamper: sql(`UPDATE log_entry SET ${column} = ${value} WHERE index = ${index}`),
      found: [`leaf_edited at ${index}`],
    })),
  ),
  {
    what: 'received_at of 100 edited by less than its leaf shows',
    tamper: sql(`UPDATE log_entry SET received_at = received_at + interval '1 microsecond' WHERE index = 100`),
    found: ['leaf_edited at 100'],
  },
  {
    what: 'entry 100 moved to the class that is kept shortest',
    tamper: sql(`UPDATE log_entry SET retention_class = 'act' WHERE index = 100`),
    found: ['leaf_edited at 100'],
  },
  {
    what: 'two entries of one tile edited',
    tamper: sql(`UPDATE log_entry SET source = 'x' WHERE index IN (100, 120)`),
    found: ['leaf_edited at 100', 'leaf_edited at 120'],
  },
  {
    what: 'first and last entry edited',
    tamper: sql(`UPDATE log_entry SET source = 'x' WHERE index IN (0, ${logSize - 1})`),
    found: ['leaf_edited at 0', `leaf_edited at ${logSize - 1}`],
  },
  {
    what: 'two entries exchanged',
    tamper: sql(`UPDATE log_entry SET index = 300 - index WHERE index IN (100, 200)`),
    found: ['reordered at 100, 200'],
  },
  {
    what: 'two entries of the unfinished tile exchanged',
    tamper: sql(`UPDATE log_entry SET index = 1310 - index WHERE index IN (650, 660)`),
    found: ['reordered at 650, 660'],
  },
];

export const deletions: readonly TamperCase[] = [
  ...[0, ...places].map((index): TamperCase => ({
    what: `entry ${index} deleted`,
    tamper: sql(`DELETE FROM log_entry WHERE index = ${index}`),
    found: [`entry_missing at ${index}`],
  })),
  {
    what: 'entries 250 to 259 deleted',
    tamper: sql(`DELETE FROM log_entry WHERE index BETWEEN 250 AND 259`),
    found: ['entry_missing at 250-259'],
  },
  {
    what: 'entry 100 deleted and the later ones moved up',
    tamper: sql('DELETE FROM log_entry WHERE index = 100', 'UPDATE log_entry SET index = index - 1 WHERE index > 100'),
    found: ['entry_missing at 100'],
  },
  {
    what: 'tail deleted, the head left',
    tamper: sql('DELETE FROM log_entry WHERE index >= 695'),
    found: ['cut_tail at 695-699'],
  },
  {
    what: 'tail deleted over a full tile, the head left',
    tamper: sql('DELETE FROM log_entry WHERE index >= 400'),
    found: ['cut_tail at 400-699'],
  },
  {
    what: 'tail deleted and the head moved back',
    tamper: async ({ superuser, reseal }) => {
      await superuser.query('DELETE FROM log_entry WHERE index >= 650');
      await reseal();
    },
    found: ['cut_tail at 650-699'],
  },
  {
    what: 'all entries deleted, the head left',
    tamper: sql('TRUNCATE log_entry'),
    found: ['cut_tail at 0-699'],
  },
];

export const insertions: readonly TamperCase[] = [
  ...[logSize, logSize + 300, -1].map((index): TamperCase => ({
    what: `an entry put in at ${index}`,
    tamper: sql(copyOf('100', `${index}`)),
    found: [`inserted at ${index}`],
  })),
  {
    what: 'index 100 taken twice',
    tamper: sql(copyOf('101', '100')),
    found: ['inserted at 100'],
  },
  {
    what: 'entry 100 doubled',
    tamper: sql(copyOf('100', '100')),
    found: ['inserted at 100'],
  },
  {
    what: 'an entry put in at 100 and the later ones moved down',
    tamper: sql('UPDATE log_entry SET index = index + 1 WHERE index >= 100', copyOf('5', '100')),
    found: ['inserted at 100'],
  },
];

function copyOf(from: string, to: string): string {
  return `INSERT INTO log_entry SELECT ${to}, retention_class, id, kind, source, occurred_at_ns, received_at, payload_hash, salt, payload
    FROM log_entry WHERE index = ${from}`;
}

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { Client } from 'pg';
import { Clock } from '../../src/context.js';
import { Checkpoints } from '../../src/log/checkpoints.js';
import { plainEntry } from './sample-entries.js';
import { flipped } from './tamper-case.js';
import { openTestLog, type TestLog } from './test-log.js';

/** Past a full tile of the second level (65,536), so that all levels take part. */
const size = 70_000;
const keptSizes = [256, 40_000, 66_000];
const tables = ['log_head', 'log_entry', 'log_tile', 'log_checkpoint'];

let log: TestLog;
let superuser: Client | null = null;
const closing: (() => Promise<void>)[] = [];

before(async () => {
  log = await openTestLog({ after: (work) => closing.push(work) });
  if (log.fresh.superuserUrl === undefined) return;
  const kept = new Checkpoints(log.database, log.log, new Clock());
  for (let at = 0; at < size;) {
    const next = Math.min(at + 8192, size, ...keptSizes.filter((one) => one > at));
    const begin = at;
    await log.log.append(Array.from({ length: next - begin }, (_, one) => plainEntry(`entry ${begin + one}`)));
    if (keptSizes.includes(next)) await kept.keep();
    at = next;
  }
  superuser = await log.connect(log.fresh.superuserUrl);
  await superuser.query('SET session_replication_role = replica; CREATE SCHEMA saved');
  for (const table of tables) await superuser.query(`CREATE TABLE saved.${table} AS TABLE ${table}`);
});

after(async () => {
  for (const close of closing) await close();
});

interface Case {
  readonly what: string;
  readonly tamper: readonly string[];
  readonly found: readonly string[];
}

/** What the superuser writes instead of the entries, so that indices never meet. */
const renumber = (from: number, by: number): string[] => [
  `UPDATE log_entry SET index = -index - 1 WHERE index >= ${from}`,
  `UPDATE log_entry SET index = -index - 1 + ${by} WHERE index < 0`,
];

const cases: readonly Case[] = [
  {
    what: 'entries on both sides of tile borders edited',
    tamper: [`UPDATE log_entry SET source = 'x' WHERE index IN (255, 256, 65535, 65536)`],
    found: ['leaf_edited at 255-256', 'leaf_edited at 65535-65536'],
  },
  {
    what: 'the last entry of the log edited, which no checkpoint covers',
    tamper: [`UPDATE log_entry SET source = 'x' WHERE index = ${size - 1}`],
    found: [`leaf_edited at ${size - 1}`],
  },
  {
    what: 'a stretch of 5,000 entries edited',
    tamper: [`UPDATE log_entry SET occurred_at_ns = occurred_at_ns + 1 WHERE index BETWEEN 30000 AND 34999`],
    found: ['leaf_edited at 30000-34999'],
  },
  {
    what: 'every entry edited',
    tamper: [`UPDATE log_entry SET source = 'x'`],
    found: [`leaf_edited at 0-${size - 1}`],
  },
  {
    what: 'every hundredth entry edited: one problem',
    tamper: [`UPDATE log_entry SET source = 'x' WHERE index % 100 = 7`],
    found: ['leaf_edited at 7-69907'],
  },
  {
    what: 'every payload edited: one problem',
    tamper: [`UPDATE log_entry SET payload = '\\x00'`],
    found: [`payload_edited at 0-${size - 1}`],
  },
  {
    what: '20,000 entries deleted from the middle',
    tamper: ['DELETE FROM log_entry WHERE index BETWEEN 10000 AND 29999'],
    found: ['entry_missing at 10000-29999'],
  },
  {
    what: '20,000 entries deleted from the middle, the later ones moved up',
    tamper: ['DELETE FROM log_entry WHERE index BETWEEN 10000 AND 29999', ...renumber(30_000, -20_000)],
    found: ['entry_missing at 10000-29999'],
  },
  {
    what: 'one entry put in, the later ones moved down',
    tamper: [
      ...renumber(300, 1),
      `INSERT INTO log_entry SELECT 300, retention_class, gen_random_uuid(), kind, source, occurred_at_ns, received_at, payload_hash, salt, payload
       FROM log_entry WHERE index = 5`,
    ],
    found: ['inserted at 300'],
  },
  {
    what: 'one entry deleted, another put in, a third edited, the others moved',
    tamper: [
      'DELETE FROM log_entry WHERE index = 400',
      ...renumber(401, -1),
      ...renumber(50_000, 1),
      `INSERT INTO log_entry SELECT 50000, retention_class, gen_random_uuid(), kind, source, occurred_at_ns, received_at, payload_hash, salt, payload
       FROM log_entry WHERE index = 5`,
      `UPDATE log_entry SET source = 'x' WHERE index = 60000`,
    ],
    found: ['leaf_edited at 60000', 'entry_missing at 400', 'inserted at 50000'],
  },
  {
    what: 'two entries far apart exchanged',
    tamper: [
      'UPDATE log_entry SET index = -1 WHERE index = 10',
      'UPDATE log_entry SET index = 10 WHERE index = 69990',
      'UPDATE log_entry SET index = 69990 WHERE index = -1',
    ],
    found: ['reordered at 10, 69990'],
  },
  {
    what: 'an entry taken out and put beyond the end',
    tamper: [`UPDATE log_entry SET index = 900000000000 WHERE index = 10`],
    found: ['reordered at 10, 900000000000'],
  },
  {
    what: 'the last 30,000 entries cut, the head left',
    tamper: ['DELETE FROM log_entry WHERE index >= 40000'],
    found: [`cut_tail at 40000-${size - 1}`],
  },
  {
    what: 'the last 30,000 entries cut, and the head set to what it was then',
    tamper: ['DELETE FROM log_entry WHERE index >= 40000', 'UPDATE log_head SET size = 40000'],
    found: [`cut_tail at 40000-${size - 1}`],
  },
  {
    what: 'a tile of each level damaged, each by itself',
    tamper: [
      `UPDATE log_tile SET hashes = ${flipped('hashes', 40)} WHERE level = 0 AND index = 100`,
      `DELETE FROM log_tile WHERE level = 0 AND index = 200`,
      `UPDATE log_tile SET hashes = ${flipped('hashes', 40)} WHERE level = 1 AND index = 0`,
    ],
    found: ['tile_damaged at 0/100', 'tile_damaged at 0/200', 'tile_damaged at 1/0'],
  },
  {
    what: 'an entry edited before a checkpoint, a tile damaged after it',
    tamper: [
      `UPDATE log_entry SET source = 'x' WHERE index = 1000`,
      `UPDATE log_tile SET hashes = ${flipped('hashes', 40)} WHERE level = 0 AND index = 180`,
    ],
    found: ['leaf_edited at 1000', 'tile_damaged at 0/180'],
  },
  {
    what: 'an entry edited and a tile damaged between the same two checkpoints',
    tamper: [
      `UPDATE log_entry SET source = 'x' WHERE index = 1000`,
      `UPDATE log_tile SET hashes = ${flipped('hashes', 40)} WHERE level = 0 AND index = 100`,
    ],
    found: ['leaf_edited at 1000', 'tile_damaged at 0/100'],
  },
  {
    what: 'an entry edited, every kept checkpoint gone',
    tamper: [`UPDATE log_entry SET source = 'x' WHERE index = 1000`, 'TRUNCATE log_checkpoint'],
    found: ['leaf_edited at 1000'],
  },
  {
    what: 'a tile damaged, every kept checkpoint gone',
    tamper: [
      `UPDATE log_tile SET hashes = ${flipped('hashes', 40)} WHERE level = 0 AND index = 100`,
      'TRUNCATE log_checkpoint',
    ],
    found: ['tile_damaged at 0/100'],
  },
  {
    what: 'a head of any size',
    tamper: [`UPDATE log_head SET size = 4000000000000000000`],
    found: ['head_damaged at head/size'],
  },
  {
    what: 'a time that is none',
    tamper: [`UPDATE log_entry SET received_at = 'infinity' WHERE index = 77`],
    found: ['leaf_edited at 77'],
  },
];

describe('fsck of a log with all levels of tiles', () => {
  for (const { what, tamper, found } of cases) {
    test(what, async (t) => {
      if (superuser === null) return t.skip('tampering takes a superuser: leave DATABASE_URL out, or give it one');
      for (const table of tables) {
        await superuser.query(`TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM saved.${table}`);
      }
      for (const statement of tamper) await superuser.query(statement);
      const { problems, more } = await log.fsck();
      assert.equal(more, 0);
      assert.deepEqual(
        problems.map((problem) => `${problem.class} at ${problem.position}`),
        found,
        problems.map((problem) => problem.message).join('\n'),
      );
    });
  }
});

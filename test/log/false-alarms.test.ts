import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainEntry } from './sample-entries.js';
import { openTestLog } from './test-log.js';

test('a head that was read before others went on is signed, also when they go on while it is looked at', async (t) => {
  const { log, database, open } = await openTestLog(t);
  await log.append([plainEntry('a')]);
  const before = await log.head();
  await log.append([plainEntry('b')]);
  const query = database.query.bind(database);
  let reads = 0;
  database.query = async <Row>(sql: string, parameters?: readonly unknown[]): Promise<Row[]> => {
    const rows = await query<Row>(sql, parameters);
    if (sql === 'SELECT size FROM log_head' && reads++ === 0) await log.append([plainEntry('c')]);
    return rows;
  };
  assert.equal(open(await log.sign(before)).size, 1);
  assert.equal(reads, 1, 'the guard did not look where the head is');
  assert.equal(log.signing.stopped, null);
  assert.equal(open((await log.append([plainEntry('d')])).checkpoint).size, 4);
});

test('many tasks that read, append and sign at once never stop the signer', async (t) => {
  const { log, open, fsck } = await openTestLog(t, { poolSize: 8 });
  const notes: string[] = [];
  const tasks = Array.from({ length: 8 }, async (_, task) => {
    for (let round = 0; round < 60; round++) {
      if (task % 2 === 0) await log.append([plainEntry(`${task} ${round}`)]);
      else if (round % 5 === 0) await log.transact(async ({ append }) => await append(plainEntry('{}', 'log.started')));
      else notes.push(await log.sign(await log.head()));
    }
  });
  await Promise.all(tasks);
  assert.equal(log.signing.stopped, null);
  assert.equal(open((await log.append([plainEntry('last')])).checkpoint).size, 4 * 60 + 4 * 12 + 1);
  assert.deepEqual((await fsck(...notes)).problems, []);
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Clock } from '../../src/context.js';
import { Checkpoints } from '../../src/log/checkpoints.js';
import { fsck } from '../../src/log/fsck.js';
import { plainEntry } from './sample-entries.js';
import { flipped } from './tamper-case.js';
import { deletions, entries, insertions, payloads } from './tamper-entries.js';
import { checkpoints, heads, rewrites, seenFromOutsideOnly, tiles } from './tamper-tree.js';
import { openTestLog } from './test-log.js';
import { openTamperedLog, type TamperedLog } from './tampered-log.js';

let tampered: TamperedLog | null;
const closing: (() => Promise<void>)[] = [];

before(async () => {
  tampered = await openTamperedLog({ after: (work) => closing.push(work) });
});

after(async () => {
  for (const close of closing) await close();
});

const noSuperuser = 'tampering takes a superuser: leave DATABASE_URL out, or give it one';

async function found(log: TamperedLog, given: readonly number[]): Promise<string[]> {
  const checkpoints = given.map((size) => log.outside.get(size) ?? '');
  const { problems, more } = await fsck(log.log.database, { verifiers: [log.stolen.verifier], checkpoints });
  assert.equal(more, 0);
  for (const { message } of problems) assert.notEqual(message, '');
  return problems.map((problem) => `${problem.class} at ${problem.position}`).toSorted();
}

test('the log that the cases begin with is whole, by every checkpoint', async (t) => {
  if (tampered === null) return t.skip(noSuperuser);
  assert.deepEqual(await found(tampered, [...tampered.outside.keys()]), []);
  await tampered.restore();
  assert.deepEqual(await found(tampered, [...tampered.outside.keys()]), []);
  await tampered.reseal();
  await tampered.resign(tampered.stolen);
  assert.deepEqual(await found(tampered, [...tampered.outside.keys()]), []);
});

const cases = { payloads, entries, deletions, insertions, tiles, heads, checkpoints, rewrites };

for (const [kind, list] of Object.entries(cases)) {
  describe(`fsck finds and names: ${kind}`, () => {
    for (const tampering of list) {
      test(tampering.what, async (t) => {
        if (tampered === null) return t.skip(noSuperuser);
        await tampered.restore();
        await tampering.tamper(tampered);
        assert.deepEqual(await found(tampered, tampering.given ?? []), tampering.found.toSorted());
      });
    }
  });
}

describe('what only a checkpoint from outside shows', () => {
  for (const { what, tamper } of seenFromOutsideOnly) {
    test(what, async (t) => {
      if (tampered === null) return t.skip(noSuperuser);
      await tampered.restore();
      await tamper(tampered);
      assert.deepEqual(await found(tampered, []), []);
      assert.notDeepEqual(await found(tampered, [300, 700]), []);
    });
  }
});

test('a missing key reads "cannot verify", never as tampering', async (t) => {
  if (tampered === null) return t.skip(noSuperuser);
  await tampered.restore();
  const { problems } = await fsck(tampered.log.database, { verifiers: [tampered.foreign.verifier] });
  assert.deepEqual(new Set(problems.map((problem) => problem.class)), new Set(['unknown_key']));
  for (const { message } of problems) assert.match(message, /^cannot verify/);
});

test('a damaged tile of the second level is named', async (t) => {
  const { log, fresh, connect, fsck: check } = await openTestLog(t);
  if (fresh.superuserUrl === undefined) return t.skip(noSuperuser);
  for (let size = 0; size < 65_536; size += 8192) {
    await log.append(Array.from({ length: 8192 }, (_, at) => plainEntry(String(size + at))));
  }
  assert.deepEqual((await check()).problems, []);
  const superuser = await connect(fresh.superuserUrl);
  await superuser.query('SET session_replication_role = replica');
  await superuser.query(`UPDATE log_tile SET hashes = ${flipped('hashes', 5)} WHERE level = 1`);
  assert.deepEqual(
    (await check()).problems.map((problem) => `${problem.class} at ${problem.position}`),
    ['tile_damaged at 1/0'],
  );
});

test('a log that others append to meanwhile raises no alarm', async (t) => {
  const { log, database, fsck: check } = await openTestLog(t, { poolSize: 8 });
  const checkpoints = new Checkpoints(database, log, new Clock());
  let writing = true;
  const writers = Array.from({ length: 4 }, async (_, writer) => {
    for (let round = 0; writing; round++) {
      await log.append(Array.from({ length: 1 + ((round * 37) % 300) }, (__, at) => plainEntry(`${writer} ${at}`)));
      await log.transact(async ({ append }) => await append(plainEntry('{}', 'log.started')));
      if (round % 3 === 0) await checkpoints.keep();
    }
  });
  const outside: string[] = [];
  for (let round = 0; round < 12; round++) {
    outside.push((await checkpoints.keep()).note);
    assert.deepEqual((await check(...outside)).problems, []);
  }
  writing = false;
  await Promise.all(writers);
  assert.deepEqual((await check(...outside)).problems, []);
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Clock } from '../../src/context.js';
import { Checkpoints } from '../../src/log/checkpoints.js';
import { fsck, type FsckResult } from '../../src/log/fsck.js';
import { Verification } from '../../src/log/verification.js';
import { Metrics } from '../../src/metrics.js';
import { plainEntry } from './sample-entries.js';
import { flipped } from './tamper-case.js';
import { openTestLog, type TestLog } from './test-log.js';

const noSuperuser = 'tampering takes a superuser: leave DATABASE_URL out, or give it one';

function entries(from: number, to: number): ReturnType<typeof plainEntry>[] {
  return Array.from({ length: to - from }, (_, at) => plainEntry(`entry ${from + at}`));
}

async function since({ database, signer }: TestLog, verified: FsckResult): Promise<FsckResult> {
  return await fsck(database, {
    verifiers: [signer.verifier],
    since: { size: verified.size, root: verified.root },
  });
}

test('what is new is verified on the tree that was, wherever a tile begins', async (t) => {
  const log = await openTestLog(t);
  const checkpoints = new Checkpoints(log.database, log.log, new Clock());
  let verified = await log.fsck();
  let size = 0;
  for (const next of [1, 255, 256, 257, 300, 512, 1024, 1025, 3000]) {
    await log.log.append(entries(size, next));
    if (next % 2 === 0) await checkpoints.keep();
    const result = await since(log, verified);
    assert.deepEqual([result.problems, result.size, result.entries], [[], next, next - size]);
    assert.deepEqual(result.root, (await log.log.head()).root);
    // Nothing new is nothing to complain of.
    assert.deepEqual((await since(log, result)).problems, []);
    [verified, size] = [result, next];
  }
});

const tampering: Record<string, string> = {
  'a new entry edited': `UPDATE log_entry SET source = 'x' WHERE index = 650`,
  'a new payload edited': `UPDATE log_entry SET payload = '\\x00' WHERE index = 650`,
  'a new entry deleted': 'DELETE FROM log_entry WHERE index = 650',
  'the tail cut': 'DELETE FROM log_entry WHERE index >= 690',
  'the tail cut down to what was verified': 'DELETE FROM log_entry WHERE index >= 600',
  'the head set back': 'UPDATE log_head SET size = 600',
  'the root of the head edited': `UPDATE log_head SET root = ${flipped('root', 3)}`,
  'the unfinished tiles edited': `UPDATE log_head SET partial = ${flipped('partial', 100)}`,
  'a tile edited after it was verified, in its hash above': `UPDATE log_head SET partial = ${flipped('partial', 188 * 32 + 5)}`,
  'an entry put in beyond the head': `INSERT INTO log_entry SELECT 700, retention_class, id, kind, source, occurred_at_ns, received_at, payload_hash, salt, payload FROM log_entry WHERE index = 5`,
};

for (const [what, statement] of Object.entries(tampering)) {
  test(`an incremental verification sees ${what}`, async (t) => {
    const log = await openTestLog(t);
    if (log.fresh.superuserUrl === undefined) return t.skip(noSuperuser);
    await log.log.append(entries(0, 600));
    const verified = await log.fsck();
    await log.log.append(entries(600, 700));
    const superuser = await log.connect(log.fresh.superuserUrl);
    await superuser.query('SET session_replication_role = replica');
    await superuser.query(statement);
    assert.notDeepEqual((await since(log, verified)).problems, []);
  });
}

test('verifications build on each other, are recorded, and turn to the whole log when something is wrong', async (t) => {
  const log = await openTestLog(t);
  if (log.fresh.superuserUrl === undefined) return t.skip(noSuperuser);
  const verification = new Verification(log.database, log.log, new Clock(), new Metrics());
  const kinds = async (): Promise<(string | number)[][]> =>
    (
      await log.database.query<{ kind: string; entries: string }>(
        'SELECT kind, entries FROM log_verification ORDER BY finished_at, id',
      )
    ).map(({ kind, entries: count }) => [kind, Number(count)]);

  const stopped = (): string | null => log.log.signing.stopped?.reason ?? null;

  await log.log.append(entries(0, 300));
  await verification.runIncremental();
  assert.deepEqual(await kinds(), [['full', 300]], 'the first one has nothing to build on');
  assert.equal(await verification.runIncremental(), null, 'only the entry of the verification itself is new');
  await log.log.append(entries(300, 400));
  await verification.runIncremental();
  assert.deepEqual((await kinds()).at(-1), ['incremental', 101]);
  const last = await verification.last();
  assert.deepEqual([last?.kind, last?.size, last?.problems], ['incremental', 401, []]);
  assert.ok(last?.fullAt !== null && last !== null && last.fullAt < last.finishedAt);
  assert.equal(stopped(), null);

  const superuser = await log.connect(log.fresh.superuserUrl);
  await superuser.query('SET session_replication_role = replica');
  await superuser.query(`UPDATE log_entry SET source = 'x' WHERE index = 450`);
  await log.log.append(entries(402, 500));
  await superuser.query(`UPDATE log_entry SET source = 'x' WHERE index = 450`);
  const found = await verification.runIncremental();
  assert.deepEqual(
    found?.problems.map((problem) => `${problem.class} at ${problem.position}`),
    ['leaf_edited at 450'],
  );
  assert.equal((await kinds()).at(-1)?.[0], 'full', 'the whole log was looked at, to learn what is wrong');
  assert.equal(stopped(), 'verification');
  assert.equal(await verification.runIncremental(), null, 'what is new does not make up for what is wrong');
  assert.notDeepEqual((await verification.last())?.problems, []);
  const acts = (await log.reader.entries(500, 600)).map((entry) => entry.kind);
  assert.deepEqual(acts, ['log.verified', 'log.signing_stopped']);
});

test('eight appenders, each with connections of its own, raise no alarm', async (t) => {
  const log = await openTestLog(t, { poolSize: 12 });
  const checkpoints = new Checkpoints(log.database, log.log, new Clock());
  let writing = true;
  const writers = Array.from({ length: 8 }, async (_, writer) => {
    const { log: own } = log.beside();
    for (let round = 0; writing; round++) {
      await own.append(entries(0, 1 + ((writer * 31 + round * 37) % 200)));
      await own.transact(async ({ append }) => await append(plainEntry('{}', 'log.started')));
      if (round % 5 === writer % 5) await own.sign(await own.head());
    }
    return own.signing.stopped;
  });
  const outside: string[] = [];
  let verified = await log.fsck();
  for (let round = 0; round < 15; round++) {
    outside.push((await checkpoints.keep()).note);
    const [whole, fresh] = [await log.fsck(...outside), await since(log, verified)];
    assert.deepEqual([whole.problems, fresh.problems], [[], []]);
    verified = fresh;
  }
  writing = false;
  assert.deepEqual(new Set(await Promise.all(writers)), new Set([null]), 'no signer stopped');
  assert.deepEqual((await log.fsck(...outside)).problems, []);
  assert.equal(log.log.signing.stopped, null);
});

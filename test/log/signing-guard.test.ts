import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { systemActor } from '../../src/context.js';
import { CompactRange } from '../../src/log/core/compact-range.js';
import { signNote, signerFromSeed } from '../../src/log/core/note.js';
import { decisionBody } from '../../src/log/signing-events.js';
import { numberedLeafHashes, ReferenceTree } from './reference-tree.js';
import { plainEntry, testOrigin } from './sample-entries.js';
import { signedTestLog, until, type SignedTestLog, type SigningProcess } from './signed-test-log.js';
import { flipped } from './tamper-case.js';

const noSuperuser = 'tampering takes a superuser: leave DATABASE_URL out, or give it one';
const reason = { reason: 'looked at, and found to be a test' };

const entries = (count: number, text = 'entry'): ReturnType<typeof plainEntry>[] =>
  Array.from({ length: count }, (_, at) => plainEntry(`${text} ${at}`));

const reasonOf = ({ log }: SigningProcess): string | null => log.signing.stopped?.reason ?? null;

/** Kinds of the acts in the log, in order. */
async function acts({ reader }: SignedTestLog): Promise<string[]> {
  const all = await reader.entries(0, Number.MAX_SAFE_INTEGER);
  return all.filter((entry) => entry.source === 'segproof').map((entry) => entry.kind);
}

describe('the second way to a root', () => {
  const leaves = numberedLeafHashes(600);
  const tree = new ReferenceTree(leaves);

  test('is the root of the tree, for every size and however the leaves came', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 80 }), { maxLength: 12 }), (batches) => {
        const range = CompactRange.empty();
        for (const count of batches) {
          const from = range.size;
          range.appendAll(Buffer.concat(leaves.slice(from, from + count)));
          assert.deepEqual(range.root(), tree.root(range.size));
        }
      }),
    );
    for (let size = 0; size <= 256; size++) {
      const range = CompactRange.empty();
      for (const leaf of leaves.slice(0, size)) range.append(leaf);
      assert.deepEqual(range.root(), tree.root(size));
    }
  });

  test('goes on from the roots of complete subtrees', () => {
    for (let size = 1; size < 300; size++) {
      const peaks: Buffer[] = [];
      for (let begin = 0, left = size; left > 0;) {
        const width = 2 ** Math.floor(Math.log2(left));
        peaks.push(tree.hash(begin, begin + width));
        [begin, left] = [begin + width, left - width];
      }
      const range = CompactRange.of(size, peaks);
      const copy = range.clone();
      range.appendAll(Buffer.concat(leaves.slice(size, 300)));
      assert.deepEqual([range.root(), copy.root()], [tree.root(300), tree.root(size)]);
    }
    const range = CompactRange.empty();
    range.appendSubtree(tree.hash(0, 256), 8);
    range.append(leaves[256] ?? Buffer.alloc(0));
    assert.deepEqual(range.root(), tree.root(257));
  });

  test('refuses what does not fit', () => {
    assert.throws(() => CompactRange.of(3, [Buffer.alloc(32)]), RangeError);
    assert.throws(() => CompactRange.of(1, [Buffer.alloc(31)]), RangeError);
    const range = CompactRange.empty();
    range.append(Buffer.alloc(32));
    assert.throws(() => range.appendSubtree(Buffer.alloc(32), 1), RangeError);
  });
});

describe('a root that the second way does not give is not signed', () => {
  test('when a bit of the stored tree flips: entries are stored, receipts say why there is no checkpoint', async (t) => {
    const log = await signedTestLog(t);
    const superuser = await log.superuser();
    if (superuser === null) return t.skip(noSuperuser);
    const first = await log.start();
    await first.log.append(entries(600));
    await first.checkpoints.keep();
    // Another process reads the head from the database, the first one has it in memory.
    const second = await log.start();
    await superuser.query(`UPDATE log_head SET partial = ${flipped('partial', 40)}`);
    const answer = await second.log.append(entries(3));
    assert.equal(answer.checkpoint, null);
    assert.match(answer.signing ?? '', /^Signing is stopped since .*second_path.*resume-signing/u);
    assert.deepEqual(
      answer.receipts.map(({ index, outcome }) => [index, outcome]),
      [
        [600, 'appended'],
        [601, 'appended'],
        [602, 'appended'],
      ],
    );
    assert.equal((await log.reader.entry(602)).payload?.toString(), 'entry 2');
    await assert.rejects(second.log.sign(await second.log.head()), /Signing is stopped/u);
    assert.throws(() => second.log.signText('a package\n'), /Signing is stopped/u);
    assert.deepEqual(await acts(log), ['log.signing_stopped']);
    await until('the other process has stopped as well', () => reasonOf(first) === 'second_path');
    assert.equal((await first.log.append(entries(1))).checkpoint, null);
  });

  test('when the root in the head was edited', async (t) => {
    const log = await signedTestLog(t);
    const superuser = await log.superuser();
    if (superuser === null) return t.skip(noSuperuser);
    const one = await log.start();
    await one.log.append(entries(10));
    await superuser.query(`UPDATE log_head SET root = ${flipped('root', 0)}`);
    await assert.rejects(one.log.sign(await one.log.head()), /second_path/u);
  });

  test('when an entry is not stored as it was hashed, before the checkpoint is kept', async (t) => {
    const log = await signedTestLog(t);
    const superuser = await log.superuser();
    if (superuser === null) return t.skip(noSuperuser);
    const one = await log.start();
    await one.log.append(entries(300));
    await one.checkpoints.keep();
    const answer = await one.log.append(entries(300));
    assert.notEqual(answer.checkpoint, null);
    await superuser.query(`UPDATE log_entry SET source = source || 'x' WHERE index = 450`);
    await assert.rejects(one.checkpoints.keep(), /second_path/u);
    assert.equal((await one.checkpoints.latest())?.size, 300);
    // Whoever asks for a checkpoint from now on gets the last good one.
    assert.equal((await one.checkpoints.keep()).size, 300);
  });

  test('when an entry is gone', async (t) => {
    const log = await signedTestLog(t);
    const superuser = await log.superuser();
    if (superuser === null) return t.skip(noSuperuser);
    const one = await log.start();
    await one.log.append(entries(300));
    await superuser.query('DELETE FROM log_entry WHERE index = 299');
    await assert.rejects(one.checkpoints.keep(), /entry 299 is not there/u);
  });

  test('but several processes that append by turns, and at once, sign on', async (t) => {
    const log = await signedTestLog(t);
    const processes = [await log.start(), await log.start(), await log.start()];
    for (let round = 0; round < 20; round++) {
      for (const { log: own } of processes) {
        assert.notEqual((await own.append(entries(1 + ((round * 29) % 300)))).checkpoint, null);
      }
    }
    await Promise.all(
      processes.map(async ({ log: own, checkpoints }, which) => {
        for (let round = 0; round < 30; round++) {
          await own.append(entries(1 + ((round * 7 + which) % 60)));
          await own.transact(async ({ append }) => await append(plainEntry('{}', 'log.started')));
          await own.sign(await own.head());
          if (round % 5 === which) await checkpoints.keep();
        }
      }),
    );
    assert.deepEqual(processes.map(reasonOf), [null, null, null]);
    assert.deepEqual(
      processes.flatMap(({ errors }) => errors),
      [],
    );
    assert.deepEqual((await log.verify()).problems, []);
  });
});

/** Puts the database back to what it was at a size, as restoring a dump does. */
async function restore(log: SignedTestLog, saved: string): Promise<void> {
  const superuser = await log.superuser();
  for (const table of ['log_head', 'log_entry', 'log_tile', 'log_checkpoint', 'log_key', 'log_signing_event']) {
    await superuser?.query(`TRUNCATE ${table}; INSERT INTO ${table} SELECT * FROM ${saved}.${table}`);
  }
}

async function dump(log: SignedTestLog, saved: string): Promise<void> {
  const superuser = await log.superuser();
  await superuser?.query(`CREATE SCHEMA ${saved}`);
  for (const table of ['log_head', 'log_entry', 'log_tile', 'log_checkpoint', 'log_key', 'log_signing_event']) {
    await superuser?.query(`CREATE TABLE ${saved}.${table} AS TABLE ${table}`);
  }
}

describe('after an older copy of the database was restored', () => {
  test('a start refuses to sign until somebody decides, and the decision is recorded', async (t) => {
    const log = await signedTestLog(t);
    if (log.fresh.superuserUrl === undefined) return t.skip(noSuperuser);
    const before = await log.start();
    await before.log.append(entries(500));
    await before.checkpoints.keep();
    await dump(log, 'saved');
    const lost = await before.log.append(entries(200));
    await before.close();
    await restore(log, 'saved');

    const after = await log.start();
    assert.equal(reasonOf(after), 'rolled_back');
    assert.match(after.log.signing.stopped?.detail ?? '', /700 entries were signed, the log has 500/u);
    const answer = await after.log.append(entries(1));
    assert.deepEqual([answer.checkpoint, answer.receipts.length], [null, 1]);
    await after.close();
    const again = await log.start();
    assert.equal(reasonOf(again), 'rolled_back', 'a restart decides nothing');

    const head = await again.log.head();
    await again.signing.resume(systemActor, reason);
    assert.equal(reasonOf(again), null);
    assert.notEqual((await again.log.append(entries(1))).checkpoint, null);
    await again.checkpoints.keep();
    assert.deepEqual(await acts(log), ['log.signing_stopped', 'log.signing_resumed']);
    const recorded = await log.reader.entry(head.size);
    const { by, decision } = JSON.parse(recorded.payload?.toString() ?? '') as {
      by: unknown;
      decision: Record<string, unknown>;
    };
    assert.deepEqual(by, { id: null, name: 'segproof', roles: [] });
    assert.deepEqual(
      [decision['reason'], decision['size'], decision['root']],
      [reason.reason, head.size, head.root.toString('base64')],
    );
    await again.close();

    const later = await log.start();
    assert.equal(reasonOf(later), null, 'what was given up is not asked for again');
    assert.deepEqual((await log.verify()).problems, []);
    // Who kept a checkpoint of what was lost is told the truth for ever.
    const { problems } = await log.verify(lost.checkpoint ?? '');
    assert.deepEqual(
      problems.map((problem) => problem.class),
      ['rolled_back'],
    );
  });

  test('a running service notices at the next checkpoint', async (t) => {
    const log = await signedTestLog(t);
    if (log.fresh.superuserUrl === undefined) return t.skip(noSuperuser);
    const one = await log.start();
    await one.log.append(entries(500));
    await dump(log, 'saved');
    await one.log.append(entries(200));
    await restore(log, 'saved');
    await assert.rejects(one.log.sign(await one.log.head()), /rolled_back/u);
  });

  test('also when it has grown past what was signed meanwhile', async (t) => {
    const log = await signedTestLog(t);
    if (log.fresh.superuserUrl === undefined) return t.skip(noSuperuser);
    const before = await log.start();
    await before.log.append(entries(500));
    await dump(log, 'saved');
    await before.log.append(entries(200));
    await before.close();
    await restore(log, 'saved');
    await log.log.append(entries(400, 'other'));
    const after = await log.start();
    assert.equal(reasonOf(after), 'rewritten');
    await after.signing.resume(systemActor, reason);
    assert.notEqual((await after.log.append(entries(1))).checkpoint, null);
  });

  test('on another machine, an anchored checkpoint tells; what the key did not sign counts for nothing', async (t) => {
    const log = await signedTestLog(t);
    if (log.fresh.superuserUrl === undefined) return t.skip(noSuperuser);
    const before = await log.start();
    await before.log.append(entries(500));
    const { note: older } = await before.checkpoints.keep();
    await dump(log, 'saved');
    const { checkpoint: newer } = await before.log.append(entries(100));
    await before.close();
    await restore(log, 'saved');
    const folder = join(log.folder, 'another-machine');
    mkdirSync(join(log.anchors, '2026-11-22'), { recursive: true });
    const put = (size: number, note: string): void =>
      writeFileSync(join(log.anchors, '2026-11-22', `${String(size).padStart(16, '0')}.checkpoint`), note);

    put(500, older);
    put(900, older.replace('\n500\n', '\n900\n'));
    const fine = await log.start({ folder });
    assert.equal(reasonOf(fine), null);
    await fine.close();

    put(600, newer ?? '');
    const found = await log.start({ folder });
    assert.equal(reasonOf(found), 'rolled_back');
    await found.signing.resume(systemActor, reason);
    await found.close();
    const later = await log.start({ folder });
    assert.equal(reasonOf(later), null, 'what was given up is not asked for again');
  });
});

describe('a stop', () => {
  async function stopped(t: Parameters<typeof signedTestLog>[0]): Promise<{ log: SignedTestLog; one: SigningProcess }> {
    const log = await signedTestLog(t);
    const one = await log.start();
    await one.log.append(entries(20));
    await one.log.signing.stop('verification', 'a test found something');
    return { log, one };
  }

  test('is for all processes, and so is the decision to go on', async (t) => {
    const { log, one } = await stopped(t);
    const sameFolder = await log.start();
    const otherHost = await log.start({ folder: join(log.folder, 'other-host') });
    assert.deepEqual([reasonOf(sameFolder), reasonOf(otherHost)], ['verification', 'verification']);
    await sameFolder.signing.resume(systemActor, reason);
    await until('all sign again', () => [one, sameFolder, otherHost].every((each) => reasonOf(each) === null));
    for (const { log: own } of [one, sameFolder, otherHost]) {
      assert.notEqual((await own.append(entries(2))).checkpoint, null);
    }
    assert.deepEqual(one.changes, ['verification', null]);
    assert.deepEqual((await log.verify()).problems, []);
  });

  test('is not lifted by whoever has only the database', async (t) => {
    const { log, one } = await stopped(t);
    const superuser = await log.superuser();
    if (superuser === null) return t.skip(noSuperuser);
    const { stopped: stop } = one.signing.state();
    assert.ok(stop);
    // By a decision that nobody with the key has made.
    const thief = signerFromSeed(testOrigin, Buffer.alloc(32, 7));
    const body = decisionBody({
      origin: testOrigin,
      stops: [stop.id],
      at: new Date().toISOString(),
      by: { id: null, name: 'thief' },
      reason: 'none',
      size: 20,
      root: '',
      givenUp: [],
      problems: [],
    });
    await superuser.query(
      `INSERT INTO log_signing_event (id, kind, statement, stop, happened_at) VALUES (gen_random_uuid(), 'resumed', $1, $2, now())`,
      [signNote(body, thief), JSON.stringify(stop)],
    );
    await superuser.query(`DELETE FROM log_signing_event WHERE kind = 'stopped'`);
    await until('it is recorded anew', async () => {
      const rows = await log.database.query(`SELECT 1 FROM log_signing_event WHERE kind = 'stopped'`);
      return rows.length > 0;
    });
    assert.equal(reasonOf(one), 'verification');
    await one.close();
    assert.equal(reasonOf(await log.start()), 'verification');
  });

  test('needs a decision only once, and a decision needs a stop', async (t) => {
    const { one } = await stopped(t);
    await one.signing.resume(systemActor, reason);
    await assert.rejects(one.signing.resume(systemActor, reason), /not stopped/u);
  });

  test('is not lifted while head and tiles contradict each other', async (t) => {
    const { log, one } = await stopped(t);
    const superuser = await log.superuser();
    if (superuser === null) return t.skip(noSuperuser);
    await superuser.query(`UPDATE log_head SET root = ${flipped('root', 0)}`);
    await assert.rejects(one.signing.resume(systemActor, reason), /cannot go on/u);
    assert.equal(reasonOf(one), 'verification');
  });
});

test('what was signed last is on disk soon, and at the end', async (t) => {
  const log = await signedTestLog(t);
  const one = await log.start();
  const file = join(log.folder, 'log-signing-state.json');
  const state = (): unknown => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null);
  await one.log.append(entries(3));
  const answer = await one.log.append(entries(4));
  await until('it is written down', () => JSON.stringify(state()).includes('"size":7'));
  await one.log.append(entries(5));
  await one.close();
  const { root } = await log.log.head();
  const { logs } = state() as { logs: Record<string, { last: unknown; checkpoint: string }> };
  assert.deepEqual(logs[testOrigin]?.last, { size: 12, root: root.toString('base64') });
  assert.notEqual(logs[testOrigin]?.checkpoint, answer.checkpoint);
});

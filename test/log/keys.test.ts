import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { z } from 'zod';
import { systemActor } from '../../src/context.js';
import { openCheckpoint } from '../../src/log/core/checkpoint.js';
import { NoteError, openNote, parseNote, parseVerifierKey, signerFromSeed, signNote } from '../../src/log/core/note.js';
import { fsck } from '../../src/log/fsck.js';
import { knownVerifiers, listKeys, rotateKey } from '../../src/log/keys.js';
import { loadSigningKey, replaceSigningKey, successorFile } from '../../src/log/signing-key.js';
import { runCommand, serviceVariables, startServiceProcess } from '../journeys/service-process.js';
import { freshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';
import { plainEntry, testOrigin } from './sample-entries.js';
import { signedTestLog, until, type SignedTestLog, type SigningProcess } from './signed-test-log.js';

const noSuperuser = 'tampering takes a superuser: leave DATABASE_URL out, or give it one';

/** What `segproof keys rotate` does, without the command line; `put` puts the new key in the place of the old one. */
async function rotate(log: SignedTestLog, { log: own }: SigningProcess, put = true): Promise<number> {
  const old = loadSigningKey(log.keyFile, testOrigin, false);
  const next = loadSigningKey(successorFile(log.keyFile), testOrigin, true);
  const index = await rotateKey(own, log.database, { old, next }, systemActor, 'a test');
  if (put) replaceSigningKey(log.keyFile, old.verifier.keyId);
  return index;
}

describe('a key', () => {
  test('is made at the first start, for its owner alone, and registered', async (t) => {
    const log = await signedTestLog(t);
    const { log: own } = await log.start();
    assert.equal(statSync(log.keyFile).mode & 0o777, 0o600);
    const [key, ...more] = await listKeys(log.database, [parseVerifierKey(own.verifierKey)]);
    assert.deepEqual(more, []);
    assert.deepEqual(
      [key?.verifier.text, key?.fromSize, key?.untilSize, key?.entryIndex, key?.vouchedFor],
      [own.verifierKey, 0, null, null, true],
    );
    const again = await log.start();
    assert.equal(again.log.verifierKey, own.verifierKey);
  });

  test('is succeeded by another: recorded, signed over by both, and what the old one signed verifies on', async (t) => {
    const log = await signedTestLog(t);
    const one = await log.start();
    const other = await log.start();
    const old = parseVerifierKey(one.log.verifierKey);
    const before = await one.log.append([plainEntry('before')]);
    await one.checkpoints.keep();
    const index = await rotate(log, one);
    await until('both processes sign with the new key', () =>
      [one, other].every(({ log: own }) => own.verifierKey !== old.text),
    );
    assert.equal(one.log.verifierKey, other.log.verifierKey);
    const next = parseVerifierKey(one.log.verifierKey);

    const entry = await log.reader.entry(index);
    assert.equal(entry.kind, 'log.key_rotated');
    const { from, to } = JSON.parse(entry.payload?.toString() ?? '') as { from: string; to: string };
    assert.deepEqual([from, to], [old.text, next.text]);
    // The first checkpoint that covers the entry carries both signatures.
    const kept = await one.checkpoints.at(index + 1);
    assert.equal(openNote(kept?.note ?? '', [old, next]).signatures.length, 2);

    const after = await other.log.append([plainEntry('after')]);
    assert.throws(() => openCheckpoint(after.checkpoint ?? '', [old]), NoteError);
    await other.checkpoints.keep();
    assert.deepEqual(
      [openCheckpoint(before.checkpoint ?? '', [old]).size, openCheckpoint(after.checkpoint ?? '', [next]).size],
      [1, index + 2],
    );
    const keys = await listKeys(log.database, [next]);
    assert.deepEqual(
      keys.map((key) => [key.verifier.text, key.fromSize, key.untilSize, key.entryIndex, key.vouchedFor]),
      [
        [old.text, 0, index + 1, null, true],
        [next.text, index + 1, null, index, true],
      ],
    );
    // Whichever of the two is known, the other one follows.
    for (const trusted of [old, next]) {
      const verifiers = await knownVerifiers(log.database, [trusted]);
      const checkpoints = [before.checkpoint ?? '', after.checkpoint ?? ''];
      assert.deepEqual((await fsck(log.database, { verifiers, checkpoints })).problems, []);
    }
  });

  test('can be succeeded again and again, also after a rotation was broken off', async (t) => {
    const log = await signedTestLog(t);
    const one = await log.start();
    const first = one.log.verifierKey;
    await one.log.append([plainEntry('an entry')]);
    const index = await rotate(log, one, false);
    assert.ok(existsSync(successorFile(log.keyFile)));
    assert.equal(await rotate(log, one), index, 'the second try goes on with the first one');
    assert.ok(!existsSync(successorFile(log.keyFile)));
    await until('the new key is taken up', () => one.log.verifierKey !== first);
    await rotate(log, one);
    const { keyId } = parseVerifierKey(first);
    assert.ok(existsSync(join(log.folder, `key.retired-${keyId}.pem`)));
    const current = loadSigningKey(log.keyFile, testOrigin, false).verifier;
    const keys = await listKeys(log.database, [current]);
    assert.deepEqual(
      keys.map((key) => key.vouchedFor),
      [true, true, true],
    );
    assert.equal(keys[0]?.verifier.text, first);
  });

  test('that is missing reads "cannot verify", and stops nothing', async (t) => {
    const log = await signedTestLog(t);
    const one = await log.start();
    await one.log.append([plainEntry('an entry')]);
    await one.checkpoints.keep();
    const stranger = signerFromSeed(testOrigin, Buffer.alloc(32, 5)).verifier;
    const { problems } = await fsck(log.database, { verifiers: [stranger] });
    assert.deepEqual(
      problems.map((problem) => [problem.class, problem.position]),
      [['unknown_key', '1']],
    );
    assert.match(problems[0]?.message ?? '', /^cannot verify/u);
  });

  test('that was exchanged without a rotation signs nothing until somebody decides for it', async (t) => {
    const log = await signedTestLog(t);
    const one = await log.start();
    const old = parseVerifierKey(one.log.verifierKey);
    await one.log.append([plainEntry('an entry')]);
    await one.checkpoints.keep();
    await one.close();
    renameSync(log.keyFile, `${log.keyFile}.lost`);
    const other = await log.start();
    assert.notEqual(other.log.verifierKey, old.text);
    assert.equal(other.log.signing.stopped?.reason, 'unknown_key');
    assert.equal((await other.log.append([plainEntry('stored')])).checkpoint, null);
    await other.signing.resume(systemActor, { reason: 'the disk with the key is broken' });
    assert.notEqual((await other.log.append([plainEntry('signed')])).checkpoint, null);
    await other.close();
    const later = await log.start();
    assert.equal(later.log.signing.stopped, null);
    const verifiers = await knownVerifiers(log.database, [parseVerifierKey(later.log.verifierKey)]);
    assert.ok(!verifiers.some(({ text }) => text === old.text), 'the new key vouches for itself only');
    const { problems } = await fsck(log.database, { verifiers: [...verifiers, old] });
    assert.deepEqual(problems, []);
  });

  test('that was exchanged is named as the reason, also where earlier stops were lifted by the one before it', async (t) => {
    const log = await signedTestLog(t);
    const one = await log.start();
    await one.log.append([plainEntry('an entry')]);
    await one.log.signing.stop('verification', 'a drill');
    await one.signing.resume(systemActor, { reason: 'it was a drill' });
    await one.close();
    renameSync(log.keyFile, `${log.keyFile}.lost`);
    const other = await log.start();
    assert.equal(other.log.signing.stopped?.reason, 'unknown_key');
    await other.close();
    renameSync(`${log.keyFile}.lost`, log.keyFile);
    const again = await log.start();
    assert.equal(again.log.signing.stopped?.reason, 'unknown_key', 'putting it back is a decision as well');
    await again.signing.resume(systemActor, { reason: 'the right key is back' });
    assert.notEqual((await again.log.append([plainEntry('signed')])).checkpoint, null);
  });

  test('is made for its owner alone, once, and is refused when everybody can read it', (t) => {
    const { directory, removeDirectory } = temporaryDirectory();
    t.after(removeDirectory);
    const file = join(directory, 'keys', 'key.pem');
    const made = loadSigningKey(file, testOrigin, true).verifier.text;
    assert.deepEqual(readdirSync(join(directory, 'keys')), ['key.pem']);
    assert.deepEqual([statSync(file).mode & 0o777, statSync(join(directory, 'keys')).mode & 0o777], [0o600, 0o700]);
    assert.equal(loadSigningKey(file, testOrigin, true).verifier.text, made);
    chmodSync(file, 0o644);
    assert.throws(() => loadSigningKey(file, testOrigin, true), /can be read by everybody \(mode 644\); make it 600/u);
    assert.throws(() => loadSigningKey(join(directory, 'none.pem'), testOrigin, false), /no signing key at/u);
  });

  test('that somebody wrote into the table is not believed', async (t) => {
    const log = await signedTestLog(t);
    const superuser = await log.superuser();
    if (superuser === null) return t.skip(noSuperuser);
    const one = await log.start();
    const own = parseVerifierKey(one.log.verifierKey);
    await one.log.append([plainEntry('an entry')]);
    await one.checkpoints.keep();
    const thief = signerFromSeed(testOrigin, Buffer.alloc(32, 9));
    const [genuine] = await log.database.query<{ statement: string }>('SELECT statement FROM log_key');
    const { body } = parseNote(genuine?.statement ?? '');
    const forged = body.replace(own.text, thief.verifier.text).replace('after none', `after ${own.text}`);
    for (const [verifier, statement] of [
      [thief.verifier.text, signNote(forged.replace('from 0', 'from 1'), thief)],
      [signerFromSeed(testOrigin, Buffer.alloc(32, 8)).verifier.text, genuine?.statement],
    ]) {
      await superuser.query(
        'INSERT INTO log_key (verifier, from_size, entry_index, statement, registered_at) VALUES ($1, 1, 0, $2, now())',
        [verifier, statement],
      );
    }
    assert.deepEqual(
      (await knownVerifiers(log.database, [own])).map(({ text }) => text),
      [own.text],
    );
  });
});

describe('segproof keys', () => {
  const Listed = z.object({
    keys: z.array(
      z.object({
        verifierKey: z.string(),
        current: z.boolean(),
        fromSize: z.number(),
        untilSize: z.number().nullable(),
      }),
    ),
  });

  test('lists the keys and rotates them beside a running service; fsck knows them all', async (t) => {
    const database = await freshDatabase(t);
    const { directory, removeDirectory } = temporaryDirectory();
    t.after(removeDirectory);
    const variables = serviceVariables(database, directory);
    const early = await runCommand(['keys', 'list'], variables);
    assert.deepEqual([early.code, early.stdout], [3, '']);
    assert.match(early.stderr, /there is no signing key/u);

    const service = await startServiceProcess(variables);
    const [first] = Listed.parse(JSON.parse((await runCommand(['keys', 'list', '--json'], variables)).stdout)).keys;
    const rotated = await runCommand(['keys', 'rotate', '--reason', 'as planned', '--by', 'Ada'], variables);
    assert.equal(rotated.code, 0, rotated.stderr);
    const listed = Listed.parse(JSON.parse((await runCommand(['keys', 'list', '--json'], variables)).stdout)).keys;
    assert.deepEqual(
      listed.map(({ current }) => current),
      [false, true],
    );
    assert.equal(listed[0]?.verifierKey, first?.verifierKey);
    const text = await runCommand(['keys', 'list'], variables);
    assert.match(
      text.stdout,
      /no longer in use; sizes from 0 to \d+;.*\n.*\n.*in use; sizes from \d+ on; recorded by entry/u,
    );
    assert.equal(await service.end('SIGTERM'), 0, service.stderr());

    const whole = await runCommand(['fsck', '--json'], variables);
    assert.equal(whole.code, 0, whole.stdout);
    // By a key of somebody else alone, nothing can be said.
    const keyFile = join(directory, 'keys', 'log-signing-key.pem');
    renameSync(keyFile, `${keyFile}.away`);
    const stranger = signerFromSeed('log.example/other', Buffer.alloc(32, 5)).verifier.text;
    const cannot = await runCommand(['fsck', '--no-outside', '--key', stranger], variables);
    assert.equal(cannot.code, 3, cannot.stderr);
    assert.match(cannot.stdout, /^unknown_key at .*: cannot verify[^]*intact: cannot verify\n$/u);
    // By either of the log's own keys, everything.
    for (const { verifierKey } of listed) {
      assert.equal((await runCommand(['fsck', '--key', verifierKey], variables)).code, 0);
    }
  });

  test('leaves a key that the operator keeps where it is', async (t) => {
    const database = await freshDatabase(t);
    const { directory, removeDirectory } = temporaryDirectory();
    t.after(removeDirectory);
    const keyFile = join(directory, 'given.pem');
    loadSigningKey(keyFile, testOrigin, true);
    const given = readFileSync(keyFile);
    const variables = { ...serviceVariables(database, directory), SIGNING_KEY_FILE: keyFile, LOG_ORIGIN: testOrigin };
    const service = await startServiceProcess(variables);
    assert.equal(await service.end('SIGTERM'), 0, service.stderr());
    const unclear = await runCommand(['keys', 'rotate'], variables);
    assert.deepEqual([unclear.code, unclear.stdout], [3, '']);
    const next = join(directory, 'next.pem');
    const rotated = await runCommand(['keys', 'rotate', '--to', next], variables);
    assert.equal(rotated.code, 0, rotated.stderr);
    assert.deepEqual(readFileSync(keyFile), given);
    const moved = await startServiceProcess({ ...variables, SIGNING_KEY_FILE: next });
    assert.equal(await moved.end('SIGTERM'), 0, moved.stderr());
    const whole = await runCommand(['fsck', '--json'], { ...variables, SIGNING_KEY_FILE: next });
    assert.equal(whole.code, 0, whole.stdout + whole.stderr);
  });
});

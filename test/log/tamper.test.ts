import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { fsck } from '../../src/log/fsck.js';
import { seenFromOutsideOnly, tamperCases, type TamperCase } from './tamper-cases.js';
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

/** What is found, in a word: nothing when it is just what has to be found. */
function judge(reported: readonly string[], { found: wanted }: TamperCase): TamperCase['yet'] {
  if (reported.length === 0) return 'missed';
  if (wanted.every((problem) => reported.includes(problem))) {
    return reported.length === wanted.length ? undefined : 'blurred';
  }
  return 'misnamed';
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

for (const [kind, cases] of Object.entries(tamperCases)) {
  describe(`fsck finds and names: ${kind}`, () => {
    for (const tampering of cases) {
      test(tampering.what, async (t) => {
        if (tampered === null) return t.skip(noSuperuser);
        await tampered.restore();
        await tampering.tamper(tampered);
        const reported = await found(tampered, tampering.given ?? []);
        if (tampering.yet === undefined) {
          assert.deepEqual(reported, tampering.found.toSorted());
          return;
        }
        const seen = reported.join(', ') || 'nothing';
        assert.equal(judge(reported, tampering), tampering.yet, `fsck reported: ${seen}`);
        t.diagnostic(`${tampering.yet}: ${tampering.found.join(', ')} was to be found; fsck reported: ${seen}`);
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

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Database } from '../../src/database/database.js';
import { Log, type Receipts } from '../../src/log/log.js';
import { namedEntry, plainEntry } from './sample-entries.js';
import { openTestLog, type TestLog } from './test-log.js';

/** A second process's view of the same log. */
async function besides(t: { after(work: () => Promise<void>): void }, { fresh, signer }: TestLog): Promise<Log> {
  const database = await Database.connect(fresh.serviceUrl, { poolSize: 3, applicationName: 'segproof-second' });
  t.after(() => database.close());
  return new Log(database, signer, () => new Date());
}

function indicesOf(answers: readonly Receipts[]): number[] {
  return answers.flatMap(({ receipts }) => receipts.map(({ index }) => index));
}

const upTo = (size: number): number[] => Array.from({ length: size }, (_, index) => index);

test('two processes that take turns find each other’s entries, however long one of them was alone', async (t) => {
  const log = await openTestLog(t);
  const [first, second] = [log.log, await besides(t, log)];
  const answers: Receipts[] = [];
  for (const turns of [1, 1, 1, 5, 1, 20, 3, 1, 1, 80, 2]) {
    const taking = answers.length % 2 === 0 ? first : second;
    for (let turn = 0; turn < turns; turn++) answers.push(await taking.append([plainEntry(`turn ${turn}`)]));
  }
  assert.deepEqual(indicesOf(answers), upTo(answers.length));
  assert.deepEqual(
    answers.map(({ checkpoint }) => log.open(checkpoint).size),
    upTo(answers.length).map((index) => index + 1),
  );
  assert.deepEqual((await log.fsck(...answers.map(({ checkpoint }) => checkpoint))).problems, []);
});

test('a process that finds the head moved and a fact known at once still keeps it once', async (t) => {
  const log = await openTestLog(t);
  const [first, second] = [log.log, await besides(t, log)];
  for (let round = 0; round < 20; round++) {
    await first.append([plainEntry('warm')]);
    await second.append([namedEntry(`fact ${round}`)]);
    const { receipts } = await first.append([namedEntry(`fact ${round}`), namedEntry(`other ${round}`)]);
    assert.deepEqual(
      receipts.map(({ index, outcome }) => [index, outcome]),
      [
        [round * 3 + 1, 'duplicate'],
        [round * 3 + 2, 'appended'],
      ],
    );
  }
  assert.deepEqual((await log.fsck()).problems, []);
});

test('domain changes of the same process, committed or rolled back, move the head under its appends', async (t) => {
  const log = await openTestLog(t);
  let size = 0;
  const append = async (): Promise<void> => {
    const { receipts } = await log.log.append([plainEntry('a')]);
    assert.equal(receipts[0]?.index, size++);
  };
  for (let round = 0; round < 30; round++) {
    await append();
    if (round % 3 === 0) await append();
    const changing = log.log.transact(async (transaction) => {
      await transaction.append(plainEntry('b', 'log.started'));
      if (round % 2 === 1) throw new Error('not this one');
    });
    if (round % 2 === 1) await assert.rejects(changing, /not this one/);
    else {
      await changing;
      size++;
    }
  }
  assert.equal((await log.log.head()).size, size);
  assert.deepEqual((await log.fsck()).problems, []);
});

test('two processes appending at once, with facts in common, lose and double nothing', async (t) => {
  const log = await openTestLog(t, { poolSize: 6 });
  const logs = [log.log, await besides(t, log)];
  const work = upTo(120).map(async (at) => {
    await new Promise((resolve) => setTimeout(resolve, (at % 40) * 4));
    const entries = [plainEntry(`p${at}`), namedEntry(`fact ${at % 25}`), namedEntry(`own ${at}`)];
    return await (logs[at % 2] ?? log.log).append(entries);
  });
  const answers = await Promise.all(work);
  const appended = answers.flatMap(({ receipts }) => receipts.filter(({ outcome }) => outcome === 'appended'));
  assert.deepEqual(
    appended.map(({ index }) => index).toSorted((a, b) => a - b),
    upTo(120 + 25 + 120),
  );
  assert.deepEqual((await log.fsck(...answers.map(({ checkpoint }) => checkpoint))).problems, []);
});

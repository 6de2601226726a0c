import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { test } from 'node:test';
import { verifyConsistency } from '../../src/log/core/proof.js';
import { encodeLeaf } from '../../src/log/core/leaf.js';
import { hashLeaf } from '../../src/log/core/tree.js';
import { leafOf } from '../../src/log/read.js';
import { GrowingTree, readCheckpoint, readPublicKey } from '../independent-verifier/verifier.js';
import type { Answer, Work } from './appending-process.js';
import { openTestLog } from './test-log.js';

const processes = 16;
const requests = 40;
const facts = 60;

test(`${processes} processes appending at once leave no fork, gap, duplicate or lost answer`, async (t) => {
  const seed = randomBytes(32);
  const { log, reader, fresh, fsck } = await openTestLog(t, { seed });
  const children = Array.from({ length: processes }, (_, at) =>
    startAppending({ serviceUrl: fresh.serviceUrl, seed: seed.toString('hex'), name: `p${at}`, requests, facts }),
  );
  t.after(() => children.forEach(({ child }) => child.kill('SIGKILL')));
  await Promise.all(children.map(({ ready }) => ready));
  for (const { child } of children) child.stdin?.write('begin\n');
  const answers = (await Promise.all(children.map(({ answers: all }) => all))).flat();
  assert.equal(answers.length, processes * requests, 'an answer was lost');

  const { size } = await log.head();
  const entries = await reader.entries(0, size + 1);
  assert.deepEqual(
    entries.map(({ index }) => index),
    Array.from({ length: size }, (_, index) => index),
  );

  // What was told is there, and what is there was told: once for what is new, to everybody for facts.
  const told = answers.flatMap((answer) => answer.told);
  for (const { index, payload, leafHash } of told) {
    const entry = entries[index];
    assert.equal(entry?.payload?.toString(), payload, `entry ${index}`);
    if (leafHash !== null) assert.equal(hashLeaf(encodeLeaf(leafOf(entry))).toString('hex'), leafHash);
  }
  const appended = told.filter(({ outcome }) => outcome === 'appended').map(({ index }) => index);
  assert.deepEqual(
    appended.toSorted((a, b) => a - b),
    entries.map(({ index }) => index),
  );
  const toldFacts = told.filter(({ payload }) => payload.startsWith('fact'));
  const names = new Set(toldFacts.map(({ payload }) => payload));
  assert.equal(new Set(toldFacts.map(({ index }) => index)).size, names.size);
  assert.ok(names.size > facts / 2 && toldFacts.length > processes * names.size, 'too few facts in common');

  // Every checkpoint that anybody was given is a state that the final log went through.
  const key = readPublicKey(log.verifierKey);
  const given = answers.flatMap(({ checkpoint }) => (checkpoint === null ? [] : [checkpoint]));
  const signed = given.map((note) => readCheckpoint(Buffer.from(note), key));
  const roots = rootsBySize(entries.map((entry) => hashLeaf(encodeLeaf(leafOf(entry)))));
  for (const head of signed) assert.deepEqual(head.root, roots[Number(head.size)], `checkpoint of size ${head.size}`);
  const last = await log.head();
  for (const head of signed.filter((_, at) => at % 25 === 0)) {
    const first = Number(head.size);
    const proof = await reader.consistencyProof(first, last.size);
    verifyConsistency({ first, second: last.size, firstRoot: head.root, secondRoot: last.root, proof });
  }
  assert.deepEqual((await fsck(...given)).problems, []);
});

/** Root at every size from 0 up. */
function rootsBySize(leafHashes: readonly Buffer[]): Buffer[] {
  const tree = new GrowingTree();
  return [
    tree.root(),
    ...leafHashes.map((hash) => {
      tree.add(hash);
      return tree.root();
    }),
  ];
}

function startAppending(work: Work): { child: ChildProcess; ready: Promise<void>; answers: Promise<Answer[]> } {
  const program = join(import.meta.dirname, 'appending-process.js');
  const child = spawn(process.execPath, [program, JSON.stringify(work)], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const answers: Answer[] = [];
  const ended = new Promise<Answer[]>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      if (code === 0) resolve(answers);
      else reject(new Error(`expected ${work.name} to append and end, but it ended with ${code ?? signal}`));
    });
  });
  const ready = new Promise<void>((resolve, reject) => {
    ended.catch(reject);
    lines.on('line', (line) => {
      if (line === 'ready') resolve();
      else answers.push(JSON.parse(line) as Answer); // the process's own type
    });
  });
  return { child, ready, answers: ended };
}

import assert from 'node:assert/strict';
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { acquireProcessLock, lockHolder, LockHeldError } from '../../src/postgres/process-lock.js';
import { temporaryDirectory } from '../support/server.js';

interface Contender {
  child: ChildProcessByStdio<Writable, Readable, null>;
  lines: AsyncIterator<string>;
}

test('a held lock is refused with the pid of its holder, and free again after release', async (t) => {
  const path = lockPath(t);
  const lock = await acquireProcessLock(path);
  await assert.rejects(
    acquireProcessLock(path),
    (error) => error instanceof LockHeldError && error.holder.pid === process.pid,
  );
  assert.equal(lockHolder(path)?.pid, process.pid);
  lock.release();
  assert.equal(existsSync(path), false);
  (await acquireProcessLock(path)).release();
});

test('a lock is free when its holder was killed, or its pid has gone to another process', async (t) => {
  const path = lockPath(t);
  const holder = await contend(t, path);
  holder.child.stdin.end();
  assert.equal(await nextLine(holder), 'taken');
  await assert.rejects(acquireProcessLock(path), LockHeldError);
  holder.child.kill('SIGKILL');
  await once(holder.child, 'exit');
  (await acquireProcessLock(path)).release();

  writeFileSync(path, JSON.stringify({ pid: process.pid, started: 'another time', id: 'x' }));
  assert.equal(lockHolder(path), undefined);
  (await acquireProcessLock(path)).release();
});

test('a lock file cut short by a crash of the machine is replaced', async (t) => {
  const path = lockPath(t);
  writeFileSync(path, '');
  (await acquireProcessLock(path)).release();
  assert.equal(existsSync(path), false);
});

test('of many processes that find the same dead holder, one gets the lock', async (t) => {
  const path = lockPath(t);
  for (let round = 1; round <= 2; round += 1) {
    writeFileSync(path, JSON.stringify({ pid: 2 ** 22 + 1, started: 'long ago', id: `dead ${round}` }));
    const contenders = await Promise.all(Array.from({ length: 6 }, () => contend(t, path)));
    for (const { child } of contenders) child.stdin.end();
    const answers = await Promise.all(contenders.map(nextLine));
    const winner = contenders[answers.indexOf('taken')]?.child;
    const refused = answers.filter((answer) => answer === `refused for ${winner?.pid}`);
    assert.deepEqual(
      [answers.filter((answer) => answer === 'taken').length, refused.length],
      [1, 5],
      answers.join('; '),
    );
    winner?.kill('SIGKILL');
  }
});

function lockPath(t: TestContext): string {
  const { directory, removeDirectory } = temporaryDirectory();
  t.after(removeDirectory);
  return join(directory, 'service.lock');
}

/** A process that is ready to try, and does so when its standard input ends. */
async function contend(t: TestContext, path: string): Promise<Contender> {
  const program = fileURLToPath(new URL('lock-process.js', import.meta.url));
  const child = spawn(process.execPath, [program, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const contender = { child, lines: createInterface(child.stdout)[Symbol.asyncIterator]() };
  assert.equal(await nextLine(contender), 'waiting');
  return contender;
}

async function nextLine({ lines }: Contender): Promise<unknown> {
  return (await lines.next()).value;
}

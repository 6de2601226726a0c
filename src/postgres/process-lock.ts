import { randomUUID } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { z } from 'zod';

import { systemErrorCode } from './error.js';
import { processStart } from './processes.js';

const holderSchema = z.object({ pid: z.int().positive(), started: z.string(), id: z.string() });

/** The process that wrote a lock file. */
export type LockHolder = z.infer<typeof holderSchema>;

/** Another running process holds the lock. */
export class LockHeldError extends Error {
  override readonly name = 'LockHeldError';

  constructor(
    readonly path: string,
    readonly holder: LockHolder,
  ) {
    super(`expected ${path} to be free, but the running process ${holder.pid} holds it; stop that process first`);
  }
}

/** A lock that this process holds until it releases it or ends. */
export interface ProcessLock {
  /** Gives the lock back; releasing twice is harmless. */
  release(): void;
}

/**
 * Takes a lock that at most one running process holds, and that the end of its holder, even by SIGKILL, frees.
 * The file is a hard link to a finished one, so nobody ever reads half a lock. Holder and taker MUST see the same
 * process table.
 *
 * @throws LockHeldError when a running process (this one included) holds it.
 */
export async function acquireProcessLock(path: string): Promise<ProcessLock> {
  const mine: LockHolder = { pid: process.pid, started: processStart(process.pid) ?? '', id: randomUUID() };
  const draft = `${path}.${mine.id}`;
  writeFileSync(draft, JSON.stringify(mine), { mode: 0o644, flag: 'wx' });
  try {
    for (;;) {
      if (linked(draft, path)) break;
      const holder = readHolder(path);
      if (holder === 'none') continue;
      if (holder !== 'unreadable' && isRunning(holder)) throw new LockHeldError(path, holder);
      if (await replaceDeadHolder(draft, path, holder)) break;
    }
  } finally {
    rmSync(draft, { force: true });
  }
  return {
    release() {
      const holder = readHolder(path);
      if (typeof holder === 'object' && holder.id === mine.id) rmSync(path, { force: true });
    },
  };
}

/** The running process that holds a lock, if there is one. */
export function lockHolder(path: string): LockHolder | undefined {
  const holder = readHolder(path);
  return typeof holder === 'object' && isRunning(holder) ? holder : undefined;
}

/**
 * Two processes may find the same dead holder. Only the one that holds the lock on replacing looks again and replaces;
 * the other would otherwise throw away the lock its rival just got.
 */
async function replaceDeadHolder(draft: string, path: string, dead: LockHolder | 'unreadable'): Promise<boolean> {
  let replacing: ProcessLock;
  try {
    replacing = await acquireProcessLock(`${path}.replacing`);
  } catch (error) {
    if (!(error instanceof LockHeldError)) throw error;
    await sleep(20);
    return false;
  }
  try {
    const now = readHolder(path);
    const unchanged = typeof now === 'object' && typeof dead === 'object' ? now.id === dead.id : now === dead;
    if (unchanged) renameSync(draft, path);
    return unchanged;
  } finally {
    replacing.release();
  }
}

function linked(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (systemErrorCode(error) === 'EEXIST') return false;
    throw error;
  }
}

function readHolder(path: string): LockHolder | 'none' | 'unreadable' {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return 'none';
    throw error;
  }
  try {
    return holderSchema.parse(JSON.parse(text));
  } catch {
    return 'unreadable';
  }
}

function isRunning(holder: LockHolder): boolean {
  return processStart(holder.pid) === holder.started;
}

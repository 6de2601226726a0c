import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { systemErrorCode } from './error.js';

const hasProc = existsSync('/proc/self/stat');

/**
 * When a process started, in the system's own notation: two processes that had the same pid one after the other
 * differ in it. Undefined when no such process runs; a zombie does not run.
 */
export function processStart(pid: number): string | undefined {
  return hasProc ? startFromProc(pid) : nonEmpty(ps(pid, 'lstart='));
}

/** The command line of a running process, arguments joined by one space; empty when there is none to see. */
export function commandLine(pid: number): string {
  if (!hasProc) return ps(pid, 'command=').trim();
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
  } catch {
    return '';
  }
}

/** Waits until a process has ended; false when it still runs after `milliseconds`. */
export async function waitForEnd(pid: number, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (processStart(pid) !== undefined) {
    if (Date.now() > deadline) return false;
    await sleep(20);
  }
  return true;
}

/** Sends a signal; a process that has ended meanwhile is no error. */
export function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (systemErrorCode(error) !== 'ESRCH') throw error;
  }
}

/** proc(5): the name in parentheses may itself hold spaces and parentheses, so fields count from the last one. */
function startFromProc(pid: number): string | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  return state === 'Z' || state === 'X' ? undefined : fields[19];
}

function ps(pid: number, column: string): string {
  try {
    return execFileSync('ps', ['-ww', '-o', column, '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' });
  } catch {
    return '';
  }
}

function nonEmpty(text: string): string | undefined {
  return text.trim() || undefined;
}

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

const module = new URL('../../src/ingestion/kept-memory.js', import.meta.url).href;

/** Page faults of a process in which blocks of the size of a request come and go. */
function faults(before: string): number {
  const program = `
    const { keepFreedMemory } = await import(${JSON.stringify(module)});
    ${before}
    gc();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const round = () => {
      for (let i = 0; i < 8; i++) Buffer.allocUnsafeSlow(1_500_000 + i * 100_000).fill(1);
      gc();
    };
    round();
    await new Promise((resolve) => setTimeout(resolve, 50));
    const begin = process.resourceUsage().minorPageFault;
    for (let i = 0; i < 20; i++) {
      round();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    console.log(process.resourceUsage().minorPageFault - begin);`;
  const flags = ['--expose-gc', '--input-type=module', '-e', program];
  return Number(execFileSync(process.execPath, flags, { encoding: 'utf8' }));
}

test(
  'memory of a request that is done serves the next one without page faults',
  { skip: process.platform === 'linux' ? false : 'page faults are counted on Linux' },
  () => {
    const [without, kept] = [faults(''), faults('keepFreedMemory();')];
    // An allocator of another kind (musl, jemalloc) has no such threshold; there it must do no harm.
    const { glibcVersionRuntime } = (process.report.getReport() as { header: { glibcVersionRuntime?: string } }).header; // documented for Linux
    if (glibcVersionRuntime === undefined) assert.ok(kept <= without * 1.2, `${kept} faults, ${without} without`);
    else assert.ok(kept * 3 < without, `${kept} faults, ${without} without`);
  },
);

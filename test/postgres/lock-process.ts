import { acquireProcessLock, LockHeldError } from '../../src/postgres/process-lock.js';

/* Tries to take the lock given as soon as its standard input ends, says how it went, and holds it until it is killed. */

process.stdin.resume().once('end', () => {
  void (async () => {
    try {
      await acquireProcessLock(process.argv[2] ?? '');
      console.log('taken');
      setInterval(() => {}, 60_000);
    } catch (error) {
      console.log(error instanceof LockHeldError ? `refused for ${error.holder.pid}` : String(error));
    }
  })();
});
console.log('waiting');

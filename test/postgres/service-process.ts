import { Client } from 'pg';

import { startEmbeddedPostgres } from '../../src/postgres/embedded.js';

/*
 * A service in a process of its own, for tests to interrupt and kill: starts the embedded PostgreSQL of the folder
 * given, says so on standard output, and on SIGINT uses it once more before it stops it.
 */

const postgres = await startEmbeddedPostgres({ directory: process.argv[2] ?? '', log: () => {} });
const keepRunning = setInterval(() => {}, 60_000);
process.once('SIGINT', () => {
  void (async () => {
    const client = new Client({ connectionString: postgres.ownerUrl });
    await client.connect();
    await client.query('SELECT 1');
    await client.end();
    await postgres.stop();
    clearInterval(keepRunning);
    console.log('used after the interrupt, then stopped');
  })();
});
console.log(JSON.stringify({ postgresPid: postgres.pid }));

import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { after, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { z } from 'zod';

import { findEmbeddedPostgres, startEmbeddedPostgres, type EmbeddedPostgres } from '../../src/postgres/embedded.js';
import { EmbeddedPostgresError } from '../../src/postgres/error.js';
import { signal, waitForEnd } from '../../src/postgres/processes.js';
import { endOrphan } from '../../src/postgres/server-process.js';
import { temporaryDirectory } from '../support/server.js';
import { run } from './sql.js';

/* One folder for all tests of this file, in order: each starts on what the one before left. */
const { directory, removeDirectory } = temporaryDirectory();
after(removeDirectory);

test('a first start makes a durable UTF-8 database, reachable on the loopback address with a password only', async (t) => {
  const postgres = await start(t);
  const settings = await run(
    postgres.superuserUrl,
    `SELECT name, setting FROM pg_settings WHERE name IN ('data_checksums', 'fsync', 'full_page_writes', 'listen_addresses',
       'server_encoding', 'synchronous_commit', 'unix_socket_directories') ORDER BY name`,
  );
  assert.deepEqual(settings, [
    { name: 'data_checksums', setting: 'on' },
    { name: 'fsync', setting: 'on' },
    { name: 'full_page_writes', setting: 'on' },
    { name: 'listen_addresses', setting: '127.0.0.1' },
    { name: 'server_encoding', setting: 'UTF8' },
    { name: 'synchronous_commit', setting: 'on' },
    { name: 'unix_socket_directories', setting: '' },
  ]);
  const owner = `SELECT datname, datlocale, pg_get_userbyid(datdba) = current_user AS owned, rolsuper, rolcreaterole, rolcreatedb
     FROM pg_database, pg_roles WHERE datname = current_database() AND rolname = current_user`;
  assert.deepEqual(await run(postgres.ownerUrl, owner), [
    { datname: 'segproof', datlocale: 'C.UTF-8', owned: true, rolsuper: false, rolcreaterole: true, rolcreatedb: true },
  ]);
  assert.deepEqual(await run(postgres.superuserUrl, "SELECT current_setting('is_superuser') AS yes"), [{ yes: 'on' }]);
  for (const url of [postgres.ownerUrl, postgres.superuserUrl]) {
    const stranger = new URL(url);
    stranger.password = 'guessed';
    await assert.rejects(run(stranger.href, 'SELECT 1'), /password authentication failed/);
  }
  await run(postgres.ownerUrl, 'CREATE TABLE kept (number int); INSERT INTO kept VALUES (1)');
  await postgres.stop();
  await postgres.stop();
});

test('passwords lie beside the data for its owner alone', () => {
  assert.equal(statSync(join(directory, 'data')).mode & 0o777, 0o700);
  assert.equal(statSync(join(directory, 'credentials.json')).mode & 0o777, 0o600);
  assert.equal(existsSync(join(directory, 'initdb-password')), false);
  const credentials = z
    .record(z.string(), z.string())
    .parse(JSON.parse(readFileSync(join(directory, 'credentials.json'), 'utf8')));
  const log = readFileSync(join(directory, 'postgres.log'), 'utf8');
  for (const password of Object.values(credentials)) {
    assert.match(password, /^[0-9a-f]{48}$/);
    assert.ok(!log.includes(password));
  }
});

test('a second start finds the data, and settings given replace ours', async (t) => {
  const postgres = await start(t, { work_mem: '3MB' });
  assert.deepEqual(await run(postgres.ownerUrl, "SELECT number, current_setting('work_mem') AS memory FROM kept"), [
    { number: 1, memory: '3MB' },
  ]);
  await postgres.stop();
});

test('settings cannot open the server to the network', async (t) => {
  const postgres = await start(t, { listen_addresses: '*', unix_socket_directories: '/tmp' });
  const opened =
    "SELECT current_setting('listen_addresses') AS listen, current_setting('unix_socket_directories') AS socket";
  assert.deepEqual(await run(postgres.superuserUrl, opened), [{ listen: '127.0.0.1', socket: '' }]);
  await postgres.stop();
});

test('a second service on the same folder is refused with the pid of the first', async (t) => {
  const service = await startService(t);
  await assert.rejects(
    start(t),
    (error) => error instanceof EmbeddedPostgresError && error.message.includes(`process ${service.child.pid} `),
  );
  const found = findEmbeddedPostgres(directory);
  assert.equal(found?.servicePid, service.child.pid);
  assert.deepEqual(await run(found?.ownerUrl ?? '', 'SELECT number FROM kept'), [{ number: 1 }]);
  signal(service.child.pid ?? 0, 'SIGINT');
  await once(service.child, 'exit');
  assert.equal(findEmbeddedPostgres(directory), undefined);
});

test('Ctrl-C in the terminal reaches the service, not PostgreSQL, which the service can use until it stops it', async (t) => {
  const service = await startService(t);
  process.kill(-(service.child.pid ?? 0), 'SIGINT'); // the terminal signals the whole foreground process group
  assert.equal(await service.nextLine(), 'used after the interrupt, then stopped');
  assert.ok(await waitForEnd(service.postgresPid, 5_000));
});

test('PostgreSQL ends by itself when its service is killed, and the next start finds the data', async (t) => {
  const service = await startService(t);
  service.child.kill('SIGKILL');
  assert.ok(await waitForEnd(service.postgresPid, 10_000));
  await keptIsThere(await start(t));
});

test('a start right after the service was killed does not wait for anybody', async (t) => {
  const service = await startService(t);
  service.child.kill('SIGKILL');
  await once(service.child, 'exit');
  await keptIsThere(await start(t));
  assert.ok(await waitForEnd(service.postgresPid, 0));
});

test('a postmaster that outlived its service is stopped', async (t) => {
  const lines: string[] = [];
  const postgres = await start(t, {}, lines);
  await endOrphan(postgres.dataDirectory, (line) => lines.push(line));
  assert.ok(await waitForEnd(postgres.pid, 0));
  assert.ok(
    lines.some((line) => line.includes(`pid ${postgres.pid}`)),
    lines.join('\n'),
  );
  await postgres.stop();
  await keptIsThere(await start(t));
});

test('a committed row is there after PostgreSQL itself was killed', async (t) => {
  const postgres = await start(t);
  await run(postgres.ownerUrl, 'CREATE TABLE acknowledged (number int); INSERT INTO acknowledged VALUES (7)');
  signal(postgres.pid, 'SIGKILL');
  await waitForEnd(postgres.pid, 5_000);
  await postgres.stop();
  const again = await start(t);
  assert.deepEqual(await run(again.ownerUrl, 'SELECT number FROM acknowledged'), [{ number: 7 }]);
  await again.stop();
});

test('a pid file whose pid has gone to another process does not keep PostgreSQL from starting', async (t) => {
  const dataDirectory = join(directory, 'data');
  const { uid, gid } = statSync(dataDirectory);
  const sameUser = process.getuid?.() === 0 ? { uid, gid } : {};
  const other = spawn('/bin/sh', ['-c', 'read -r word'], { ...sameUser, stdio: ['pipe', 'ignore', 'ignore'] });
  t.after(() => other.kill('SIGKILL'));
  writeFileSync(
    join(dataDirectory, 'postmaster.pid'),
    `${other.pid}\n${dataDirectory}\n1\n5432\n\n127.0.0.1\n\nready   \n`,
  );
  await keptIsThere(await start(t));
  assert.equal(other.exitCode, null);
});

test('an interrupted first start is started over', async (t) => {
  const half = temporaryDirectory();
  t.after(half.removeDirectory);
  mkdirSync(join(half.directory, 'data.new'), { recursive: true });
  writeFileSync(join(half.directory, 'data.new', 'PG_VERSION'), '18\n');
  const postgres = await startEmbeddedPostgres({ directory: half.directory, log: () => {} });
  assert.deepEqual(await run(postgres.ownerUrl, 'SELECT 1 AS one'), [{ one: 1 }]);
  await postgres.stop();
});

test('what cannot be served is refused with what to do, and leaves the folder free', async (t) => {
  const wrong = temporaryDirectory();
  t.after(wrong.removeDirectory);
  const version = join(wrong.directory, 'data', 'PG_VERSION');
  mkdirSync(join(wrong.directory, 'data'));
  const attempt = (): Promise<EmbeddedPostgres> => startEmbeddedPostgres({ directory: wrong.directory, log: () => {} });
  writeFileSync(version, '17\n');
  await assert.rejects(attempt(), /made by PostgreSQL 17, but the programs are version 18; .*dump/);
  writeFileSync(version, '18\n');
  await assert.rejects(attempt(), /expected the passwords of PostgreSQL in .*credentials\.json/);
  writeFileSync(join(wrong.directory, 'credentials.json'), JSON.stringify({ owner: 'a', superuser: 'b' }));
  await assert.rejects(attempt(), /expected PostgreSQL to start on .*postgresql\.conf.*its log is .*postgres\.log/);
  assert.equal(existsSync(join(wrong.directory, 'service.lock')), false);
});

async function start(
  t: TestContext,
  settings: Record<string, string> = {},
  lines: string[] = [],
): Promise<EmbeddedPostgres> {
  const postgres = await startEmbeddedPostgres({ directory, log: (line) => lines.push(line), settings });
  t.after(() => postgres.stop());
  return postgres;
}

async function keptIsThere(postgres: EmbeddedPostgres): Promise<void> {
  assert.deepEqual(await run(postgres.ownerUrl, 'SELECT number FROM kept'), [{ number: 1 }]);
  await postgres.stop();
}

/** A service in a process group of its own, as a terminal makes one. */
async function startService(
  t: TestContext,
): Promise<{ child: ChildProcess; postgresPid: number; nextLine(): Promise<string> }> {
  const program = fileURLToPath(new URL('service-process.js', import.meta.url));
  const child = spawn(process.execPath, [program, directory], { detached: true, stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const nextLine = async (): Promise<string> => z.string().parse((await lines.next()).value);
  const { postgresPid } = z.object({ postgresPid: z.int() }).parse(JSON.parse(await nextLine()));
  return { child, postgresPid, nextLine };
}

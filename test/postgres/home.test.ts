import assert from 'node:assert/strict';
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';

import { EmbeddedPostgresError } from '../../src/postgres/error.js';
import { startEmbeddedPostgres } from '../../src/postgres/embedded.js';
import { chooseRunAs, whyUnreachable } from '../../src/postgres/home.js';
import { temporaryDirectory } from '../support/server.js';
import { run } from './sql.js';

const passwd = [
  'root:x:0:0:root:/root:/bin/bash',
  'nobody:x:65534:65533:nobody:/nonexistent:/usr/sbin/nologin',
  'postgres:x:101:104:PostgreSQL administrator,,,:/var/lib/postgresql:/bin/bash',
].join('\n');

test('as root PostgreSQL runs as user postgres, else as nobody, else not at all', () => {
  assert.deepEqual(chooseRunAs(passwd), { name: 'postgres', uid: 101, gid: 104 });
  assert.deepEqual(chooseRunAs(passwd.replace('postgres:', 'other:')), { name: 'nobody', uid: 65534, gid: 65533 });
  assert.throws(() => chooseRunAs('root:x:0:0:root:/root:/bin/bash\n'), EmbeddedPostgresError);
});

test('the folder that keeps a user out is named, by the permissions for that user', (t) => {
  const { directory, removeDirectory } = temporaryDirectory();
  t.after(removeDirectory);
  const closed = join(directory, 'closed');
  const inside = join(closed, 'inside');
  mkdirSync(inside, { recursive: true });
  const { uid, gid } = statSync(closed);
  const reach = (mode: number, user: { uid: number; gid: number }): string | undefined => {
    chmodSync(closed, mode);
    return whyUnreachable(inside, { name: 'someone', ...user })?.replace(directory, '');
  };
  const stranger = { uid: uid + 1000, gid: gid + 1000 };
  assert.equal(reach(0o755, stranger), undefined);
  assert.equal(reach(0o700, stranger), '/closed (mode 0700)');
  assert.equal(reach(0o754, stranger), '/closed (mode 0754)');
  assert.equal(reach(0o710, { uid: stranger.uid, gid }), undefined);
  assert.equal(reach(0o701, { uid: stranger.uid, gid }), '/closed (mode 0701)');
  assert.equal(reach(0o700, { uid, gid: stranger.gid }), undefined);
});

const notRoot = process.getuid?.() === 0 ? false : 'only root runs PostgreSQL as another user';

test(
  'root in a folder others may not enter finds the data again, and not after the folder is removed',
  { skip: notRoot },
  async (t) => {
    const { directory: open, removeDirectory } = temporaryDirectory();
    t.after(removeDirectory);
    chmodSync(open, 0o700);
    const directory = join(open, 'data', 'postgres');
    const lines: string[] = [];
    const start = async () => {
      const postgres = await startEmbeddedPostgres({ directory, log: (line) => lines.push(line) });
      const elsewhere = readFileSync(join(directory, 'location'), 'utf8').trim();
      t.after(() => {
        rmSync(elsewhere, { recursive: true, force: true });
        const base = dirname(elsewhere);
        if (existsSync(base) && readdirSync(base).length === 0) rmdirSync(base);
      });
      return { postgres, elsewhere };
    };

    const first = await start();
    await run(first.postgres.ownerUrl, 'CREATE TABLE kept (number int)');
    await first.postgres.stop();
    assert.equal(first.postgres.dataDirectory, join(first.elsewhere, 'data'));
    assert.equal(statSync(first.postgres.dataDirectory).mode & 0o777, 0o700);
    assert.notEqual(statSync(first.postgres.dataDirectory).uid, 0);
    assert.equal(statSync(join(first.elsewhere, 'credentials.json')).mode & 0o777, 0o600);
    assert.ok(
      lines.some((line) => line.includes(`${open} (mode 0700)`) && line.includes(first.elsewhere)),
      lines.join('\n'),
    );

    const second = await start();
    assert.deepEqual(await run(second.postgres.ownerUrl, 'SELECT * FROM kept'), []);
    await second.postgres.stop();
    assert.equal(second.elsewhere, first.elsewhere);

    rmSync(directory, { recursive: true });
    const third = await start();
    await third.postgres.stop();
    assert.notEqual(third.elsewhere, first.elsewhere);
    assert.ok(
      lines.some((line) => line.startsWith('older data') && line.includes(first.elsewhere)),
      lines.join('\n'),
    );

    rmSync(third.elsewhere, { recursive: true });
    await assert.rejects(
      start(),
      (error) => error instanceof EmbeddedPostgresError && error.message.includes(third.elsewhere),
    );
  },
);

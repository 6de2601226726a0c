import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { z } from 'zod';
import { ErasureView } from '../../src/retention/erasures.js';
import {
  findPostgresTools,
  noPostgresTools,
  startSystemPostgres,
  type SystemPostgres,
} from '../support/postgres-tools.js';
import { temporaryDirectory } from '../support/server.js';
import { Api, until } from './api.js';
import { runCommand, startServiceProcess, type ServiceProcess } from './service-process.js';

/*
 * docs/operations/backup-restore.md, step by step, as an operator follows it. What an older copy does to a log that was signed further is
 * what every restore does: it must be seen, and go on only by a recorded decision.
 */

const Signing = z.object({ stopped: z.object({ reason: z.string(), detail: z.string() }).nullable() });
const Ingested = z.object({
  appended: z.number(),
  duplicate: z.number(),
  rejected: z.number(),
  checkpoint: z.string().nullable(),
  signing: z.string().optional(),
});

/** The service as it is in this test: who signs in stays the same, since people are restored as well. */
class Operation {
  service: ServiceProcess | null = null;
  private login: { name: string; password: string } | null = null;
  private token = '';

  constructor(readonly env: Readonly<Record<string, string>>) {}

  async start(): Promise<void> {
    this.service = await startServiceProcess(this.env);
    this.login ??= this.service.admin;
  }

  async stop(): Promise<void> {
    assert.equal(await this.service?.end('SIGTERM'), 0, this.service?.stderr());
    this.service = null;
  }

  async admin(): Promise<Api> {
    return await Api.signIn(this.service?.url ?? '', this.login?.name ?? '', this.login?.password ?? '');
  }

  async connectSource(): Promise<void> {
    const { token } = await (
      await this.admin()
    ).post('/api/v1/sources', { name: 'hubble' }, z.object({ token: z.string() }));
    this.token = token;
  }

  async send(...records: readonly string[]): Promise<z.infer<typeof Ingested>> {
    const api = new Api(this.service?.url ?? '', this.token);
    const answer = await api.send('POST', '/ingest/v1/hubble?receipt=index', `${records.join('\n')}\n`, {
      'content-type': 'application/x-ndjson',
    });
    assert.equal(answer.status, 200, answer.text);
    return Ingested.parse(JSON.parse(answer.text));
  }

  async signing(): Promise<z.infer<typeof Signing>['stopped']> {
    return (await (await this.admin()).get('/api/v1/log/signing', Signing)).stopped;
  }

  /** The checkpoint of the last receipt is remembered beside the key within a second. */
  async keptCheckpoint(file: string, note: string | null): Promise<void> {
    assert.ok(note !== null);
    const size = Number(note.split('\n')[1]);
    const state = join(this.env['DATA_DIR'] ?? '', 'keys', 'log-signing-state.json');
    const remembered = z.object({ logs: z.record(z.string(), z.object({ last: z.object({ size: z.number() }) })) });
    await until(
      async () => Object.values(remembered.parse(JSON.parse(readFileSync(state, 'utf8'))).logs)[0]?.last.size ?? 0,
      (signed) => signed >= size,
      { what: `a state of ${size} entries beside the key`, seconds: 10 },
    );
    writeFileSync(file, note);
  }

  async fsck(...args: readonly string[]): Promise<{ code: number | null; stdout: string }> {
    return await runCommand(['fsck', ...args], this.env);
  }
}

/** After the database of `operation` was put back as it was when three records had come: what an operator sees and does. */
async function followAfterRestore(operation: Operation, newer: string): Promise<void> {
  const before = await operation.fsck();
  assert.equal(before.code, 1);
  assert.match(before.stdout, /^rolled_back at \d+: /mu);
  assert.equal(before.stdout.match(/^\w+ at /gmu)?.length, 1, `the copy itself is in order:\n${before.stdout}`);

  await operation.start();
  assert.match((await operation.signing())?.detail ?? '', /an older copy was restored, or it was cut/u);
  const stored = await operation.send('{"record":4}', '{"record":1}');
  assert.deepEqual([stored.rejected, stored.duplicate, stored.checkpoint], [1, 1, null]);
  assert.match(stored.signing ?? '', /rolled_back/u);

  assert.equal((await runCommand(['resume-signing'], operation.env)).code, 2, 'not without a reason');
  const resumed = await runCommand(
    ['resume-signing', '--reason', 'restored the copy of last night', '--by', 'ruth'],
    operation.env,
  );
  assert.equal(resumed.code, 0, resumed.stderr);
  assert.match(resumed.stdout, /^stopped: .*rolled_back.*\nsigning: goes on from \d+ entries$/mu);
  await until(
    () => operation.signing(),
    (stopped) => stopped === null,
    { what: 'the running service to go on', seconds: 15 },
  );
  const { checkpoint } = await operation.send('{"record":5}');
  assert.ok(checkpoint !== null);
  const admin = await operation.admin();
  const { records } = await admin.get(
    '/api/v1/records?kind=rejected',
    z.object({ records: z.array(z.object({ index: z.number() })) }),
  );
  assert.equal(records.length, 5, 'what senders sent again is there once');

  const after = await operation.fsck();
  assert.equal(after.code, 0, after.stdout);
  assert.match(after.stdout, /^intact: yes$/mu);
  const held = await operation.fsck('--checkpoint', newer);
  assert.equal(held.code, 1, 'whoever kept the newer checkpoint still sees the break');
  assert.match(held.stdout, /^(?:rewritten|rolled_back) at /mu);
  await operation.stop();
}

describe('the PostgreSQL of the service itself, backed up as files', () => {
  const { directory, removeDirectory } = temporaryDirectory();
  const operation = new Operation({ DATA_DIR: join(directory, 'data'), PORT: '0', LOG_LEVEL: 'warn' });
  after(async () => {
    await operation.service?.end('SIGKILL');
    removeDirectory();
  });

  test('is copied while it is stopped, and an older copy is signed only after a decision', async () => {
    const database = join(directory, 'data', 'postgres');
    await operation.start();
    await operation.connectSource();
    await operation.send('{"record":1}', '{"record":2}', '{"record":3}');
    await operation.stop();
    copyWithOwners(database, join(directory, 'copy'));
    await operation.start();
    const newer = await operation.send('{"record":4}', '{"record":5}', '{"record":6}');
    await operation.keptCheckpoint(join(directory, 'newer.checkpoint'), newer.checkpoint);
    await operation.stop();

    rmSync(database, { recursive: true });
    renameSync(join(directory, 'copy'), database);
    await followAfterRestore(operation, join(directory, 'newer.checkpoint'));
  });

  test('an empty database in place of a log that was signed is no new log', async () => {
    rmSync(join(directory, 'data', 'postgres'), { recursive: true });
    const service = await startServiceProcess(operation.env);
    try {
      const api = await Api.signIn(service.url, service.admin?.name ?? '', service.admin?.password ?? '');
      const { stopped } = await api.get('/api/v1/log/signing', Signing);
      assert.deepEqual(stopped?.reason, 'rolled_back');
      assert.match(stopped?.detail ?? '', /the log has 0/u);
    } finally {
      await service.end('SIGTERM');
    }
  });
});

/** As `cp -a` does: run as root, PostgreSQL's files belong to another user. */
function copyWithOwners(from: string, to: string): void {
  if (process.getuid?.() === 0) execFileSync('cp', ['-a', from, to]);
  else cpSync(from, to, { recursive: true, preserveTimestamps: true });
}

const bin = findPostgresTools();

describe(
  'a PostgreSQL of the operator, backed up with pg_dump',
  { skip: bin === null ? noPostgresTools : false },
  () => {
    let postgres: SystemPostgres;
    let operation: Operation;
    const psql = (...commands: readonly string[]): string =>
      postgres.tool('psql', [
        '-d',
        'postgres',
        '-qAt',
        '-v',
        'ON_ERROR_STOP=1',
        ...commands.flatMap((sql) => ['-c', sql]),
      ]);
    const createDatabase = `CREATE DATABASE segproof OWNER segproof_owner ENCODING 'UTF8' TEMPLATE template0`;

    before(async () => {
      // The suite is skipped without it.
      postgres = await startSystemPostgres(bin!);
      psql(`CREATE ROLE segproof_owner LOGIN CREATEROLE PASSWORD 'owner'`, createDatabase);
      operation = new Operation({
        DATABASE_URL: `postgres://segproof_owner:owner@127.0.0.1:${postgres.port}/segproof`,
        DATA_DIR: join(postgres.directory, 'data'),
        PORT: '0',
        LOG_LEVEL: 'warn',
      });
    });

    after(async () => {
      await operation?.service?.end('SIGKILL');
      postgres?.stop();
    });

    test('the dump of a running service holds nothing that was erased, and is signed after a restore only by decision', async () => {
      const dump = join(postgres.directory, 'segproof.dump');
      const secret = 'kertesz-zsofia-1987';
      await operation.start();
      await operation.connectSource();
      await operation.send(`{"record":"${secret}"}`, '{"record":1}', '{"record":2}');
      await eraseEverythingNaming(operation, secret);
      postgres.tool('pg_dump', ['-Fc', '--exclude-schema=job_queue', '-f', dump, 'segproof'], 'segproof_owner');
      const text = postgres.tool('pg_dump', ['--exclude-schema=job_queue', 'segproof'], 'segproof_owner');
      assert.ok(text.includes('erasure.executed'), 'the dump says that something was erased');
      assert.ok(!text.includes(secret) && !text.includes(Buffer.from(secret).toString('hex')), 'and no longer what');
      await operation.send('{"record":3}', '{"record":4}');
      const newer = await operation.send('{"record":5}', '{"record":6}');
      await operation.keptCheckpoint(join(postgres.directory, 'newer.checkpoint'), newer.checkpoint);
      await operation.stop();

      psql('ALTER DATABASE segproof RENAME TO segproof_before', createDatabase);
      postgres.tool(
        'pg_restore',
        ['--exit-on-error', '--single-transaction', '-d', 'segproof', dump],
        'segproof_owner',
      );
      await followAfterRestore(operation, join(postgres.directory, 'newer.checkpoint'));

      for (const sql of [`UPDATE log_entry SET kind = 'x'`, 'DELETE FROM log_tile', 'TRUNCATE log_checkpoint']) {
        assert.throws(
          () => postgres.tool('psql', ['-d', 'segproof', '-v', 'ON_ERROR_STOP=1', '-c', sql], 'segproof_owner'),
          /the log is append-only/u,
          'what refuses changes was restored as well',
        );
      }
    });
  },
);

/** One administrator asks, another approves. */
async function eraseEverythingNaming(operation: Operation, text: string): Promise<void> {
  const admin = await operation.admin();
  const second = { name: 'second', displayName: 'Second', roles: ['admin'], password: 'a password of two people' };
  await admin.post('/api/v1/users', second, z.object({ id: z.string() }));
  const { id } = await admin.post(
    '/api/v1/retention/erasures',
    {
      reason: 'case 7',
      selection: {
        by: 'text',
        text,
        from: new Date(Date.now() - 3_600_000).toISOString(),
        to: new Date(Date.now() + 3_600_000).toISOString(),
      },
    },
    ErasureView,
  );
  const other = await Api.signIn(admin.url, second.name, second.password);
  const done = await other.post(`/api/v1/retention/erasures/${id}/approve`, {}, ErasureView);
  assert.equal(done.removal?.count, 1);
  // A dump beside tables that are being written anew may fail, and is then to be made again.
  await until(
    () => admin.get(`/api/v1/retention/erasures/${id}`, ErasureView),
    ({ removal }) => removal?.filesToRewrite.length === 0,
    { what: 'the files to be written anew', seconds: 30 },
  );
}

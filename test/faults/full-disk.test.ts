import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { migrate } from '../../src/database/migrate.js';
import { provisionServiceRole } from '../../src/database/roles.js';
import { processStart } from '../../src/postgres/processes.js';
import { temporaryDirectory } from '../support/server.js';
import { assertKept } from './assert-kept.js';
import { openDatabaseLink } from './database-link.js';
import { makeFaultLog, times } from './fault-log.js';
import { ownPostgres } from './own-postgres.js';
import { lastFirst } from './last-first.js';
import { startSenders } from './senders.js';
import { serviceChild } from './service-child.js';

const rounds = times(2, 10);
const diskMegabytes = 192;

test(`PostgreSQL on a disk that fills up ${rounds} times loses and doubles nothing`, async (t) => {
  const end = lastFirst(t);
  const disk = temporaryDirectory();
  const mounted = mount(disk.directory);
  end.after(() => {
    if (mounted === null) unmount(disk.directory);
    disk.removeDirectory();
  });
  if (mounted !== null) return t.skip(`a small disk can only be mounted by root on Linux: ${mounted}`);
  chmodSync(disk.directory, 0o755);
  const postgres = await ownPostgres(end, {
    directory: disk.directory,
    settings: { max_wal_size: '32MB', min_wal_size: '32MB', shared_buffers: '16MB' },
  });
  const { ownerUrl, port } = postgres.running;
  await migrate(ownerUrl);
  const serviceUrl = await provisionServiceRole(ownerUrl);
  const link = await openDatabaseLink(port);
  end.after(() => link.close());
  const { directory, removeDirectory } = temporaryDirectory();
  end.after(removeDirectory);
  const log = await makeFaultLog(link.through(serviceUrl), directory);
  const service = await serviceChild(link.through(serviceUrl), directory);
  end.after(() => service.kill());
  service.launch();
  assert.ok(await service.ready(), service.said);
  const { pid } = service;
  const senders = startSenders(service.url, log.token);
  end.after(() => senders.abandon());

  const ballast = join(disk.directory, 'ballast');
  let deaths = 0;
  for (let round = 0; round < rounds; round++) {
    await senders.acknowledge(30);
    const { failed } = senders;
    // PostgreSQL has some room left in what it has allocated: all that is freed meanwhile is taken as well.
    const deadline = Date.now() + 30_000;
    while (senders.failed < failed + 20) {
      assert.ok(Date.now() < deadline, 'a full disk was not felt');
      fill(ballast);
      await sleep(50);
    }
    // Rows that do not fit fail by themselves; a write-ahead log that does not fit brings PostgreSQL down.
    if (round % 2 === 1) await exhaustWriteAheadLog(postgres.running.superuserUrl);
    await sleep(500);
    rmSync(ballast);
    if (processStart(postgres.running.pid) === undefined) {
      deaths++;
      await postgres.restart();
      link.lead(postgres.running.port);
    }
    assert.equal(service.pid, pid, `the service ended: ${service.said}`);
  }
  await senders.finish();
  assert.equal(service.pid, pid, `the service ended: ${service.said}`);
  await service.stop();
  const kept = await assertKept(link.through(serviceUrl), log, senders.acknowledged);
  assert.ok(kept.unsigned <= senders.acknowledged.length / 10, `${kept.unsigned} batches came without a checkpoint`);
  t.diagnostic(
    `full ${rounds} times, PostgreSQL gave up ${deaths} times; ${senders.failed} attempts failed, ` +
      `${kept.records} records kept, ${kept.duplicates} of them sent again after they had been stored, ${kept.unsigned} batches without a checkpoint`,
  );
});

async function exhaustWriteAheadLog(superuserUrl: string): Promise<void> {
  const client = new Client({ connectionString: superuserUrl });
  client.on('error', () => {});
  try {
    await client.connect();
    const deadline = Date.now() + 20_000;
    while (Date.now() < deadline) {
      await client.query(`SELECT pg_logical_emit_message(false, 'ballast', repeat('x', 1000000))`);
    }
  } catch {
    return;
  } finally {
    await client.end().catch(() => {});
  }
  assert.fail('the write-ahead log never filled the disk');
}

/** Null when a small disk in memory was mounted there, else why not. */
function mount(directory: string): string | null {
  const run = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${diskMegabytes}m`, 'tmpfs', directory], {
    encoding: 'utf8',
  });
  return run.status === 0 ? null : (run.error?.message ?? run.stderr.trim());
}

function unmount(directory: string): void {
  spawnSync('umount', ['--lazy', directory]);
}

/** Writes to the end of a file until the disk is full. */
function fill(path: string): void {
  const file = openSync(path, 'a', 0o600);
  try {
    for (const size of [1 << 20, 4096]) {
      const chunk = Buffer.alloc(size);
      while (written(file, chunk) === size);
    }
  } finally {
    closeSync(file);
  }
}

function written(file: number, chunk: Buffer): number {
  try {
    return writeSync(file, chunk);
  } catch {
    return 0;
  }
}

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { migrate } from '../../src/database/migrate.js';
import { provisionServiceRole } from '../../src/database/roles.js';
import { signal, waitForEnd } from '../../src/postgres/processes.js';
import { temporaryDirectory } from '../support/server.js';
import { assertKept } from './assert-kept.js';
import { openDatabaseLink } from './database-link.js';
import { faultsEnd, makeFaultLog, times } from './fault-log.js';
import { ownPostgres } from './own-postgres.js';
import { lastFirst } from './last-first.js';
import { startSenders } from './senders.js';
import { serviceChild } from './service-child.js';

const kills = times(30, 40);
const fewestKills = 2;

test(`PostgreSQL killed ${kills} times while 8 clients send loses and doubles nothing`, async (t) => {
  const end = lastFirst(t);
  const postgres = await ownPostgres(end);
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

  let killed = 0;
  for (const until = faultsEnd(240); killed < kills && (Date.now() < until || killed < fewestKills); killed++) {
    await senders.acknowledge(20);
    await sleep(Math.random() * 1500);
    const postmaster = postgres.running.pid;
    const tree = [postmaster, ...childrenOf(postmaster)];
    for (const process of tree) signal(process, 'SIGKILL');
    for (const process of tree) assert.ok(await waitForEnd(process, 10_000));
    await postgres.restart();
    link.lead(postgres.running.port);
    assert.equal(service.pid, pid, `the service ended: ${service.said}`);
  }
  await senders.finish();
  assert.equal(service.pid, pid, `the service ended: ${service.said}`);
  await service.stop();
  const kept = await assertKept(link.through(serviceUrl), log, senders.acknowledged);
  assert.ok(kept.unsigned <= senders.acknowledged.length / 10, `${kept.unsigned} batches came without a checkpoint`);
  t.diagnostic(
    `${killed} kills, ${senders.failed} attempts failed, ${kept.records} records kept, ` +
      `${kept.duplicates} of them sent again after they had been stored, ${kept.unsigned} batches without a checkpoint`,
  );
});

/** Processes whose parent this is, by proc(5); elsewhere the end of the postmaster ends them too. */
function childrenOf(parent: number): number[] {
  try {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/u.test(name))
      .filter((name) => parentOf(name) === parent)
      .map(Number);
  } catch {
    return [];
  }
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined;
  }
}

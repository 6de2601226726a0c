import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';
import { assertKept } from './assert-kept.js';
import { openDatabaseLink, type Cut } from './database-link.js';
import { faultsEnd, makeFaultLog, times } from './fault-log.js';
import { lastFirst } from './last-first.js';
import { startSenders } from './senders.js';
import { serviceChild } from './service-child.js';

const commits = times(60, 600);
const outages = times(8, 60);

test(`a connection cut at ${commits} commits, and ${outages} times altogether, loses and doubles nothing`, async (t) => {
  const end = lastFirst(t);
  const { serviceUrl } = await freshDatabase(end);
  const link = await openDatabaseLink(Number(new URL(serviceUrl).port));
  end.after(() => link.close());
  const { directory, removeDirectory } = temporaryDirectory();
  end.after(removeDirectory);
  const log = await makeFaultLog(serviceUrl, directory);
  const service = await serviceChild(link.through(serviceUrl), directory);
  end.after(() => service.kill());
  service.launch();
  assert.ok(await service.ready(), service.said);
  const { pid } = service;
  const senders = startSenders(service.url, log.token);
  end.after(() => senders.abandon());

  const kinds: readonly Cut[] = ['before', 'within', 'after', 'after'];
  let last = 0;
  link.cutCommits(() => {
    const now = Date.now();
    if (now - last < 60 || Math.random() < 0.5) return null;
    last = now;
    return kinds[Math.floor(Math.random() * kinds.length)] ?? null;
  });
  const done = (): number => link.cuts.before + link.cuts.within + link.cuts.after;
  const until = faultsEnd(40);
  for (let outage = 0; (outage < outages || done() < commits) && Date.now() < until; outage++) {
    await sleep(Math.random() * 700);
    if (outage < outages) link.cutAll();
  }
  link.cutCommits(() => null);
  assert.equal(service.pid, pid, `the service ended: ${service.said}`);
  await senders.finish();
  assert.equal(service.pid, pid, `the service ended: ${service.said}`);
  await service.stop();
  const kept = await assertKept(serviceUrl, log, senders.acknowledged);
  assert.ok(kept.duplicates > 0 || link.cuts.after < 10, 'no commit was cut after it had happened');
  assert.ok(done() > commits / 6, `only ${done()} commits were cut`);
  assert.ok(kept.unsigned <= senders.acknowledged.length / 10, `${kept.unsigned} batches came without a checkpoint`);
  t.diagnostic(
    `cut ${link.cuts.before} commits before, ${link.cuts.within} within and ${link.cuts.after} after; ` +
      `${senders.failed} attempts failed, ${kept.records} records kept, ${kept.duplicates} answered as duplicates, ${kept.unsigned} batches without a checkpoint`,
  );
});

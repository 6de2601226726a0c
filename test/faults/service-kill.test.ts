import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';
import { assertKept } from './assert-kept.js';
import { faultsEnd, makeFaultLog, times } from './fault-log.js';
import { lastFirst } from './last-first.js';
import { startSenders } from './senders.js';
import { serviceChild } from './service-child.js';

const kills = times(100, 100);
const fewestKills = 6;

test(`a service killed ${kills} times while 8 clients send loses and doubles nothing`, async (t) => {
  const end = lastFirst(t);
  const { serviceUrl } = await freshDatabase(end);
  const { directory, removeDirectory } = temporaryDirectory();
  end.after(removeDirectory);
  const log = await makeFaultLog(serviceUrl, directory);
  const service = await serviceChild(serviceUrl, directory);
  end.after(() => service.kill());
  const senders = startSenders(service.url, log.token);
  end.after(() => senders.abandon());
  let killed = 0;
  let beforeReady = 0;
  for (const last = faultsEnd(200); killed < kills && (Date.now() < last || killed < fewestKills); killed++) {
    service.launch();
    // Most are killed at work, some while they start.
    if (killed % 4 === 3) {
      await sleep(Math.random() * 1500);
      if (!(await Promise.race([service.ready(), sleep(0, false)]))) beforeReady++;
    } else {
      assert.ok(await service.ready(), `the service did not come up again: ${service.said}`);
      await senders.acknowledge(3);
      await sleep(Math.random() * 600);
    }
    await service.kill();
  }
  service.launch();
  assert.ok(await service.ready(), service.said);
  await senders.finish();
  await service.stop();
  const kept = await assertKept(serviceUrl, log, senders.acknowledged);
  assert.ok(senders.failed >= killed / 2, `only ${senders.failed} attempts met a fault`);
  assert.ok(kept.unsigned <= senders.acknowledged.length / 10, `${kept.unsigned} batches came without a checkpoint`);
  t.diagnostic(
    `${killed} kills (${beforeReady} while starting), ${senders.failed} attempts failed, ${kept.records} records kept, ` +
      `${kept.duplicates} of them sent again after they had been stored, ${kept.unsigned} batches without a checkpoint`,
  );
});

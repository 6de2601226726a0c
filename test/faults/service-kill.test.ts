import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { freshDatabase } from '../support/database.js';
import { temporaryDirectory } from '../support/server.js';
import { assertKept } from './assert-kept.js';
import { makeFaultLog, times } from './fault-log.js';
import { lastFirst } from './last-first.js';
import { startSenders } from './senders.js';
import { serviceChild } from './service-child.js';

const kills = times(20, 100);

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
  let beforeReady = 0;
  for (let kill = 0; kill < kills; kill++) {
    service.launch();
    // Most are killed at work, some while they start.
    if (kill % 4 === 3) await sleep(Math.random() * 1500);
    else {
      assert.ok(await service.ready(), `the service did not come up again: ${service.said}`);
      await sleep(Math.random() * 700);
    }
    if (!(await Promise.race([service.ready(), sleep(0, false)]))) beforeReady++;
    await service.kill();
  }
  service.launch();
  assert.ok(await service.ready(), service.said);
  await senders.finish();
  await service.stop();
  const kept = await assertKept(serviceUrl, log, senders.acknowledged);
  assert.ok(senders.failed >= kills / 2, `only ${senders.failed} attempts met a fault`);
  assert.ok(kept.records > 50 * kills, `only ${kept.records} records were sent`);
  t.diagnostic(
    `${kills} kills (${beforeReady} while starting), ${senders.failed} attempts failed, ${kept.records} records kept, ` +
      `${kept.duplicates} of them sent again after they had been stored`,
  );
});

import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { allClients } from './all-clients.js';
import { markOf } from './client.js';
import { liveService, type LiveService } from './live-service.js';

/*
 * The clients that our users send with, each unmodified and with the configuration of docs/connect, against the real service: no
 * complaint of any of them, and as many records as were sent.
 */

const records = 20;
const settleMilliseconds = 30_000;

let service: LiveService;
const atTheEnd: (() => void | Promise<void>)[] = [];

before(async () => {
  service = await liveService({ after: (work) => void atTheEnd.push(work) });
});

after(async () => {
  for (const work of atTheEnd) await work();
});

describe('unmodified', () => {
  for (const client of allClients) {
    test(`${client.name}: ${records} records, each once, without a complaint`, async (t) => {
      if (client.missing !== null) return t.skip(client.missing);
      const running = await client.start(await service.target(client, client.name));
      t.after(() => running.stop());
      const sent = Array.from({ length: records }, (_, number) => markOf(client.name, number));
      for (const mark of sent) {
        running.send(mark);
        await sleep(10);
      }
      running.flush?.();
      const found = async (): Promise<string[]> =>
        (await service.stored()).filter(({ mark }) => sent.includes(mark)).map(({ mark }) => mark);
      const deadline = Date.now() + settleMilliseconds;
      while (
        Date.now() < deadline &&
        running.gaveUp.size === 0 &&
        (running.delivered.size < records || (await found()).length < records)
      )
        await sleep(50);
      assert.deepEqual([[...running.gaveUp], running.complaints], [[], []], service.said());
      assert.deepEqual((await found()).toSorted(), sent, 'each record once');
      assert.deepEqual([...running.delivered].toSorted(), sent, 'the client knows');
      const kinds = (await service.stored()).filter(({ mark }) => sent.includes(mark)).map(({ kind }) => kind);
      assert.ok(!kinds.includes('rejected'), `kinds ${[...new Set(kinds)].join()}`);
    });
  }

  test('leave a log that verifies', async () => {
    await service.verify();
  });
});

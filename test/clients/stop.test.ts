import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { once } from 'node:events';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { markedFlow, markedLine, markOf } from './client.js';
import { curl } from './commands.js';
import { liveService } from './live-service.js';

test('a service that stops reads what was written to its syslog port, and tells others to come again in their words', async (t) => {
  const service = await liveService(t);
  const { token, syslog } = await service.target(curl, 'stopping');
  const socket = connect(syslog.tcp, '127.0.0.1');
  await once(socket, 'connect');
  socket.on('error', () => {});
  let hungUp = false;
  socket.on('end', () => (hungUp = true));
  const written = Array.from({ length: 2000 }, (_, number) => markOf('syslog', number));
  for (const mark of written) socket.write(`<134>1 - fw1 app - - - ${markedLine(mark)}\n`);
  const ended = service.end('SIGTERM');
  const answers = new Set<string>();
  let taken = 0;
  let number = written.length;
  for (let broken = false; !broken;) {
    // A sender that goes on keeps the connection open for as long as it is read.
    if (!hungUp) socket.write(`<134>1 - fw1 app - - - ${markedLine(markOf('late', number++))}\n`);
    try {
      const response = await fetch(`${service.url}/services/collector/event`, {
        method: 'POST',
        headers: { authorization: `Splunk ${token}` },
        body: JSON.stringify({ event: markedFlow(markOf('hec', number)) }),
      });
      const text = await response.text();
      if (response.status === 200) taken++;
      else answers.add(`${response.status} ${text} ${response.headers.get('retry-after')}`);
    } catch (error) {
      assert.ok(error instanceof TypeError); // fetch throws it when there is no connection
      broken = true;
    }
    await sleep(5);
  }
  await ended;
  assert.deepEqual([...answers], ['503 {"text":"Server is busy","code":9} 2']);
  await service.start();
  const stored = (await service.stored()).map(({ mark }) => mark);
  assert.deepEqual(stored.filter((mark) => mark.startsWith('mark-syslog-')).toSorted(), written);
  assert.equal(stored.filter((mark) => mark.startsWith('mark-hec-')).length, taken);
  assert.ok(hungUp, 'the sender was told that no more is taken');
  await service.verify();
});

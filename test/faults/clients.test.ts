import assert from 'node:assert/strict';
import { availableParallelism, loadavg } from 'node:os';
import { after, before, describe, test } from 'node:test';
import { allClients } from '../clients/all-clients.js';
import { liveService, type LiveService } from '../clients/live-service.js';
import { databaseAway, killed, overload, restarts, slowCommits, stopped, type ClientFault } from './client-faults.js';
import { runFault, table } from './client-matrix.js';

/*
 * The fault matrix: real clients, each with its own retries, while the database is away, the service restarts, commits are slow or bodies find
 * no room. What a client believes delivered is stored, once; what it gave up it has said. SEGPROOF_LONG_FAULTS runs the long faults too.
 */

const long = Number(process.env['SEGPROOF_LONG_FAULTS'] ?? 0) > 0;

const faults: readonly ClientFault[] = long
  ? [
      databaseAway(5),
      databaseAway(30),
      stopped,
      killed,
      slowCommits(3, 15),
      slowCommits(12, 30),
      overload(5),
      overload(30),
    ]
  : [databaseAway(5), stopped, killed, slowCommits(3, 6), overload(4)];

/** The service is to be ready again before a client that tries once more, six seconds after, does so. */
const mostRestartMilliseconds = 6000;
/** The same where others use the machine: what the start costs by itself. */
const mostProcessorSeconds = 5;
/** Clients may wait long before they try again, and longer on a machine that others use. */
const settleSeconds = long ? 300 : 100;

let service: LiveService;
const atTheEnd: (() => void | Promise<void>)[] = [];

before(async () => {
  service = await liveService({ after: (work) => void atTheEnd.push(work) });
});

after(async () => {
  for (const work of atTheEnd) await work();
});

/** SEGPROOF_CLIENTS, parts of names with commas between, makes the matrix smaller. */
const chosen = (process.env['SEGPROOF_CLIENTS'] ?? '').split(',');
const present = allClients.filter(
  ({ name, missing }) => missing === null && chosen.some((part) => name.includes(part)),
);

describe('while real clients send', () => {
  for (const fault of faults) {
    test(`${fault.name}: nothing that a client believes delivered is lost or doubled`, async (t) => {
      const found = await runFault(service, present, fault, settleSeconds);
      t.diagnostic(`\n${table(found)}`);
      for (const cell of found) {
        const { undecided, lost, doubled } = cell;
        assert.deepEqual({ undecided, lost, doubled }, { undecided: [], lost: [], doubled: [] }, JSON.stringify(cell));
        assert.ok(cell.sent > 3, `${cell.client} sent ${cell.sent}`);
      }
    });
  }

  test('a restart is over before a client that tries once more after six seconds does so', (t) => {
    assert.ok(restarts.length > 0);
    for (const { ended, ready, processorSeconds } of restarts) {
      t.diagnostic(`ended ${ended} ms after SIGTERM, ready after ${ready} ms, ${processorSeconds} s of processor time`);
      const busy = (loadavg()[0] ?? 0) > availableParallelism() * 1.5;
      if (busy && processorSeconds !== null) assert.ok(processorSeconds < mostProcessorSeconds);
      else assert.ok(ready < mostRestartMilliseconds, `ready after ${ready} ms`);
    }
  });

  test('leave a log that verifies', async (t) => {
    const absent = allClients.flatMap(({ name, missing }) => (missing === null ? [] : [`${name} ${missing}`]));
    if (absent.length > 0) t.diagnostic(`not run: ${absent.join('; ')}`);
    await service.verify();
  });
});

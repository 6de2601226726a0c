import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { allClients } from '../clients/all-clients.js';
import { liveService, syslogSource, type LiveService } from '../clients/live-service.js';
import { databaseAway, killed, overload, restarts, slowCommits, stopped, type ClientFault } from './client-faults.js';
import { runFault, sayings, table, type Cell } from './client-matrix.js';
import { stallMilliseconds } from './overload.js';

/*
 * The fault matrix: real clients, each with its own retries, while the database is away, the service restarts, commits are slow or bodies find
 * no room. What a client believes delivered is stored, once; what it gave up it has said. SEGPROOF_LONG_FAULTS runs the long faults too.
 */

const long = Number(process.env['SEGPROOF_LONG_FAULTS'] ?? 0) > 0;

const everyFault: readonly ClientFault[] = long
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
/** Where others had the processor for more of that time than this part, nothing is said of the service. */
const mostWaited = 0.25;
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

/** SEGPROOF_CLIENTS and SEGPROOF_FAULTS, parts of names with commas between, make the matrix smaller. */
function isChosen(variable: string, { name }: { readonly name: string }): boolean {
  return (process.env[variable] ?? '').split(',').some((part) => name.includes(part));
}
const present = allClients.filter((client) => client.missing === null && isChosen('SEGPROOF_CLIENTS', client));
const faults = everyFault.filter((fault) => isChosen('SEGPROOF_FAULTS', fault));

/** Refused by an answer, or where the protocol has none, lost or kept waiting for longer than any syslog message of a healthy service. */
function wasRefused({ client, refused, lostAsAllowed, longest }: Cell): boolean {
  const { route } = present.find(({ name }) => name === client) ?? {};
  return route === 'own' ? refused > 0 : lostAsAllowed > 0 || longest > stallMilliseconds;
}

async function lostDatagrams(): Promise<number> {
  return (await service.refusals(syslogSource)).get('no_room') ?? 0;
}

describe('while real clients send', () => {
  for (const fault of faults) {
    test(`${fault.name}: nothing that a client believes delivered is lost or doubled`, async (t) => {
      const lostBefore = await lostDatagrams();
      const found = await runFault(service, present, fault, settleSeconds);
      t.diagnostic(`\n${table(found)}\n${sayings(found)}`);
      for (const cell of found) {
        const { undecided, lost, doubled } = cell;
        assert.deepEqual({ undecided, lost, doubled }, { undecided: [], lost: [], doubled: [] }, JSON.stringify(cell));
        assert.ok(cell.sent > 3, `${cell.client} sent ${cell.sent}`);
        if (fault.refuses) assert.ok(wasRefused(cell), `${cell.client} felt nothing of it: ${JSON.stringify(cell)}`);
      }
      if (fault.refuses) {
        const lost = found.reduce((sum, { lostAsAllowed }) => sum + lostAsAllowed, 0);
        assert.equal((await lostDatagrams()) - lostBefore, lost, 'every datagram that found no room is counted');
      }
    });
  }

  test('a restart is over before a client that tries once more after six seconds does so', (t) => {
    if (!faults.includes(stopped)) return t.skip('none was chosen');
    assert.ok(restarts.length > 0);
    for (const { ended, ready, processor } of restarts) {
      const { used = 0, waited = 0 } = processor ?? {};
      t.diagnostic(
        `ended ${ended} ms after SIGTERM, ready after ${ready} ms; ${used} s of processor, ${waited} s waiting`,
      );
      if (waited * 1000 > ready * mostWaited) t.diagnostic('not judged: others used the machine');
      else assert.ok(ready < mostRestartMilliseconds, `ready after ${ready} ms`);
    }
  });

  test('leave a log that verifies', async (t) => {
    const absent = allClients.flatMap(({ name, missing }) => (missing === null ? [] : [`${name} ${missing}`]));
    if (absent.length > 0) t.diagnostic(`not run: ${absent.join('; ')}`);
    await service.verify();
  });
});

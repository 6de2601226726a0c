import { describe, test, type TestContext } from 'node:test';
import assert from 'node:assert/strict';
import { generateEstate } from '../../src/demo/estate.js';
import { runDemoEstate, type DemoProgress } from '../../src/demo/run.js';
import { startFakeService, type FakeService } from './fake-service.js';

const estate = generateEstate({ seed: 5, end: new Date('2026-11-20T18:00:00Z'), flows: 6_000 });
const passwords = Object.fromEntries(estate.users.map(({ name }) => [name, `password of ${name}`]));

async function started(t: TestContext): Promise<FakeService> {
  const service = await startFakeService(passwords);
  t.after(() => service.close());
  return service;
}

function play({ baseUrl, adminToken, clock }: FakeService, onProgress?: (progress: DemoProgress) => void) {
  return runDemoEstate({
    baseUrl,
    adminToken,
    passwords,
    estate,
    setClock: (at) => {
      assert.ok(at.getTime() >= clock.now.getTime(), 'the clock goes back');
      clock.now = at;
    },
    ...(onProgress === undefined ? {} : { onProgress }),
  });
}

describe('playing the estate into a service', () => {
  test('everything arrives, in order, at its time, and is counted', async (t) => {
    const service = await started(t);
    const progress: DemoProgress[] = [];
    const counts = await play(service, (each) => progress.push(each));
    // Requests of a session that had ended do not count: they were answered 401 and sent again.
    const seen = service.seen.filter(({ by, path }) => !by.startsWith('session ') || path === '/api/v1/sessions');
    const { expectations } = estate;

    assert.equal(
      counts.flows,
      [...estate.steps].reduce(
        (sum, step) => sum + (step.kind === 'ingest' && !step.contents.resent ? step.contents.flows : 0),
        0,
      ),
    );
    assert.equal(counts.policyChanges, expectations.policyChanges);
    assert.equal(
      counts.changes,
      expectations.changes.proposed + expectations.changes.approved + expectations.changes.rejected,
    );
    assert.equal(counts.rejected, expectations.unreadableRecords);
    assert.ok(counts.duplicates > 0);
    assert.ok(counts.durationMs > 0);

    const paths = (path: string) => seen.filter((each) => each.path === path);
    assert.equal(paths('/api/v1/users').length, 6);
    assert.equal(paths('/api/v1/sources').length, estate.sources.length);
    assert.equal(seen.filter(({ method }) => method === 'PUT').length, estate.segments.length);
    assert.equal(seen.filter(({ path }) => path.endsWith('/phase')).length, 2);
    assert.equal(
      seen.filter(({ path }) => path.endsWith('/reviews')).length,
      counts.changes - expectations.changes.proposed,
    );

    const steps = [...estate.steps];
    const sent = seen.filter(
      ({ path, by }) => path.startsWith('/ingest/') || (by in passwords && path !== '/api/v1/sessions'),
    );
    assert.deepEqual(
      sent.map(({ at }) => at),
      steps.map(({ at }) => at),
    );
    for (const step of steps) {
      if (step.kind !== 'propose') continue;
      const proposal = sent.find(({ at, path }) => path === '/api/v1/changes' && at.getTime() === step.at.getTime());
      assert.equal(proposal?.by, step.by);
      assert.deepEqual(
        JSON.parse(proposal?.body ?? ''),
        JSON.parse(
          JSON.stringify({
            title: step.title,
            reason: step.reason,
            windowFrom: step.windowFrom,
            windowTo: step.windowTo,
            items: step.items,
          }),
        ),
      );
    }
    assert.equal(progress.at(-1)?.fraction, 1);
    assert.equal(progress.at(-1)?.flows, counts.flows);
    assert.ok(progress.every(({ fraction }, at) => fraction >= (progress[at - 1]?.fraction ?? 0)));
  });

  test('deliveries of traffic overlap, up to four; nothing overlaps a policy change or an act of a person', async (t) => {
    const service = await started(t);
    await play(service);
    const most = Math.max(...service.seen.map(({ inFlight }) => inFlight));
    assert.ok(most >= 2 && most <= 4, `${most} requests at once`);
    for (const { path, body, inFlight } of service.seen)
      if (!path.startsWith('/ingest/') || body.includes('networkpolicies')) assert.equal(inFlight, 1, path);
  });

  test('people sign in again when the moving clock has ended their session', async (t) => {
    const service = await started(t);
    await play(service);
    const signIns = service.seen.filter(({ path }) => path === '/api/v1/sessions');
    const sessions = new Set(estate.users.map(({ name }) => name));
    const perPerson = [...sessions].map((name) => signIns.filter(({ body }) => body.includes(`"${name}"`)).length);
    assert.ok(
      perPerson.some((count) => count > 2),
      `sign-ins: ${perPerson.join(', ')}`,
    );
    assert.ok(signIns.length < 60, `${signIns.length} sign-ins: tokens are not kept`);
  });

  test('an answer other than expected stops it, with what was sent and what came', async (t) => {
    const service = await started(t);
    service.broken.set('/api/v1/changes', { status: 400, body: { title: 'The request is not valid' } });
    await assert.rejects(play(service), {
      name: 'DemoError',
      message: /POST \/api\/v1\/changes as .*: expected status 201, got 400: .*The request is not valid/,
    });
  });

  test('a service that counts otherwise than was sent is noticed', async (t) => {
    const service = await started(t);
    const body = { received: 1, appended: 1, duplicate: 0, conflict: 0, rejected: 0 };
    service.broken.set('/ingest/v1/prod-hubble-a', { status: 200, body });
    await assert.rejects(play(service), {
      name: 'DemoError',
      message: /prod-hubble-a: expected \d+ received of \d+ records, got 1/,
    });
  });

  test('a user without a password is named before anything is sent', async (t) => {
    const service = await started(t);
    const { baseUrl, adminToken } = service;
    await assert.rejects(
      runDemoEstate({ baseUrl, adminToken, passwords: {}, estate, setClock: () => undefined }),
      /expected a password for ingrid\.solberg, got none/,
    );
    assert.equal(service.seen.length, 0);
  });
});

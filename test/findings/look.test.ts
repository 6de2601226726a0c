import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Clock } from '../../src/context.js';
import type { Finder } from '../../src/findings/finder.js';
import type { Cause } from '../../src/findings/finding.js';
import { FindingQuery, Findings } from '../../src/findings/findings.js';
import { FindingsLook } from '../../src/findings/look.js';
import { startTestService, type TestService } from '../support/service.js';

/** A finder whose world is a list. */
class Listed implements Finder {
  readonly kinds = ['gap', 'silence'] as const;
  causes: readonly Cause[] = [];
  fails = false;

  async find(): Promise<readonly Cause[]> {
    if (this.fails) throw new Error('the world cannot be seen');
    return this.causes;
  }
}

const began = '2026-03-01T08:00:00.000Z';
const found = '2026-03-01T08:10:00.000Z';

function gap(more: Partial<Cause> = {}): Cause {
  return {
    kind: 'gap',
    cause: 'fw-1/100-104',
    segment: 'payments',
    severity: 'medium',
    title: 'fw-1 skipped 5 records',
    detail: 'Numbers 100 to 104 never came.',
    facts: { missing: 5 },
    occurredAt: began,
    ...more,
  };
}

describe('findings open with their cause, and close with it', () => {
  let now = new Date(found);
  let service: TestService;
  let look: FindingsLook;
  let findings: Findings;
  const finder = new Listed();
  const open = async () => (await findings.page(FindingQuery.parse({}))).findings;
  const acts = async (kind: string) =>
    (await service.ground.database.query('SELECT 1 FROM log_entry WHERE kind = $1', [kind])).length;

  before(async () => {
    const clock = new Clock(() => now);
    service = await startTestService({ clock, env: { FINDINGS_SECONDS: '3600' } });
    look = new FindingsLook(service.ground.log, clock, [finder]);
    findings = service.app.get(Findings);
  });
  after(() => service.stop());

  test('a cause is found once, with the time it took and an entry of its own', async () => {
    finder.causes = [gap(), gap()];
    assert.deepEqual(await look.run(), { opened: 1, changed: 0, closed: 0 });
    assert.deepEqual(await look.run(), { opened: 0, changed: 0, closed: 0 });
    const [finding, ...others] = await open();
    assert.equal(others.length, 0);
    assert.equal(finding?.secondsToDetect, 600);
    assert.equal(finding.secondsToRemediate, null);
    assert.equal(await acts('finding.opened'), 1);
  });

  test('new counts replace the old ones; a new severity is an entry', async () => {
    finder.causes = [gap({ facts: { missing: 6 } })];
    assert.deepEqual(await look.run(), { opened: 0, changed: 1, closed: 0 });
    assert.equal(await acts('finding.changed'), 0);
    finder.causes = [gap({ facts: { missing: 6 }, severity: 'high' })];
    await look.run();
    assert.equal(await acts('finding.changed'), 1);
    assert.deepEqual(
      (await open()).map(({ severity, facts }) => [severity, facts]),
      [['high', { missing: 6 }]],
    );
  });

  test('a finder that fails leaves its findings as they are, and says so', async () => {
    finder.fails = true;
    await assert.rejects(look.run(), /1 finders could not look/u);
    finder.fails = false;
    assert.equal((await open()).length, 1);
  });

  test('a cause that is gone closes its finding; when it comes back it is a new one', async () => {
    now = new Date('2026-03-01T09:10:00.000Z');
    finder.causes = [];
    assert.deepEqual(await look.run(), { opened: 0, changed: 0, closed: 1 });
    const [closed] = (await findings.page(FindingQuery.parse({ state: 'closed' }))).findings;
    assert.equal(closed?.secondsToRemediate, 3600);
    assert.equal((await findings.one(closed.id)).closedAt, now.toISOString());
    finder.causes = [gap()];
    assert.equal((await look.run()).opened, 1);
    const all = await findings.page(FindingQuery.parse({ state: 'all', limit: 1 }));
    assert.equal(all.matching, 2);
    assert.equal(all.findings[0]?.closedAt, null);
    assert.ok(all.next);
    const older = await findings.page(FindingQuery.parse({ state: 'all', limit: 1, before: all.next }));
    assert.deepEqual([older.findings[0]?.id, older.next], [closed.id, null]);
  });

  test('looks at the same time find a cause once', async () => {
    finder.causes = [gap({ cause: 'fw-2/1-2' }), gap()];
    const results = await Promise.all([look.run(), look.run(), look.run()]);
    assert.equal(
      results.reduce((sum, { opened }) => sum + opened, 0),
      1,
    );
  });
});

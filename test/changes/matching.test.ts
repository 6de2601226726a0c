import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compareInstants, isWithin, secondsBetween } from '../../src/changes/instants.js';
import {
  matchPolicyChanges,
  mismatches,
  type ChangeToMatch,
  type PolicyVersionToMatch,
} from '../../src/changes/matching.js';

const policy = { system: 'kubernetes', kind: 'NetworkPolicy', namespace: 'payments', name: 'api-from-shop' };

function put(more: Partial<PolicyVersionToMatch> = {}): PolicyVersionToMatch {
  return { ...policy, action: 'update', eventTime: '2026-10-10T12:00:00Z', digest: 'd1', ...more };
}

function change(more: Partial<ChangeToMatch> = {}, item: Partial<ChangeToMatch['items'][number]> = {}): ChangeToMatch {
  return {
    id: 'CH-1',
    state: 'approved',
    approvedAt: '2026-10-10T11:00:00Z',
    windowFrom: '2026-10-10T11:30:00Z',
    windowTo: '2026-10-10T12:30:00Z',
    items: [{ ...policy, action: 'update', digest: 'd1', ...item }],
    ...more,
  };
}

function outcome(version: PolicyVersionToMatch, ...changes: ChangeToMatch[]): string {
  const [match] = matchPolicyChanges([version], changes);
  assert.ok(match);
  return match.authorised ? `by ${match.change.id}` : match.mismatch;
}

describe('instants', () => {
  test('are ordered to the nanosecond, in any spelling of the zone', () => {
    assert.ok(compareInstants('2026-10-10T12:00:00.000000001Z', '2026-10-10T12:00:00.000000002Z') < 0);
    assert.ok(compareInstants('2026-10-10T12:00:00.1Z', '2026-10-10T12:00:00.09Z') > 0);
    assert.equal(compareInstants('2026-10-10T12:00:00.5Z', '2026-10-10T12:00:00.500000000Z'), 0);
    assert.equal(compareInstants('2026-10-10T14:00:00+02:00', '2026-10-10T12:00:00Z'), 0);
  });

  test('lie in a half-open interval', () => {
    const [from, to] = ['2026-10-01T00:00:00Z', '2026-11-01T00:00:00Z'];
    assert.equal(isWithin(from, from, to), true);
    assert.equal(isWithin('2026-10-31T23:59:59.999999999Z', from, to), true);
    assert.equal(isWithin(to, from, to), false);
    assert.equal(secondsBetween(from, to), 31 * 86_400);
  });

  test('that are no times are refused with what came', () => {
    assert.throws(() => compareInstants('yesterday', '2026-10-10T12:00:00Z'), /RFC 3339.*"yesterday"/);
  });
});

describe('matching of policy versions to changes', () => {
  test('same policy, action, content, approved before, inside the window: authorised', () => {
    const [match] = matchPolicyChanges([put()], [change()]);
    assert.ok(match?.authorised);
    assert.equal(match.change.id, 'CH-1');
    assert.match(match.explanation, /CH-1 approved this update/);
  });

  test('a delete needs no content', () => {
    assert.equal(
      outcome(put({ action: 'delete', digest: null }), change({}, { action: 'delete', digest: null })),
      'by CH-1',
    );
  });

  for (const [what, item] of [
    ['no change at all', null],
    ['another name', { name: 'ledger-from-api' }],
    ['another namespace', { namespace: 'shop' }],
    ['another kind', { kind: 'AdminNetworkPolicy' }],
  ] as const)
    test(`${what}: no_change`, () => {
      const [match] = matchPolicyChanges([put()], item === null ? [] : [change({}, item)]);
      assert.ok(match && !match.authorised);
      assert.deepEqual([match.mismatch, match.change], ['no_change', null]);
      assert.equal(match.explanation, 'No registered change covers this update.');
    });

  test('another action, other content, unknown content are told apart', () => {
    assert.equal(outcome(put(), change({}, { action: 'create' })), 'different_action');
    assert.equal(outcome(put(), change({}, { digest: 'd2' })), 'different_content');
    assert.equal(outcome(put({ digest: null }), change()), 'content_unknown');
    assert.equal(outcome(put(), change({}, { digest: null })), 'content_unknown');
  });

  test('a change of another time with other content explains nothing', () => {
    const old = { windowFrom: '2026-01-01T00:00:00Z', windowTo: '2026-01-02T00:00:00Z' };
    assert.equal(outcome(put(), change(old, { digest: 'd2' })), 'no_change');
    assert.equal(outcome(put(), change(old, { action: 'create' })), 'no_change');
    assert.equal(outcome(put({ digest: null }), change(old)), 'no_change');
    assert.equal(outcome(put(), change({ ...old, approvedAt: '2026-01-01T00:00:00Z' })), 'outside_window');
  });

  test('rejected and not yet approved are told apart', () => {
    assert.equal(outcome(put(), change({ state: 'rejected', approvedAt: null })), 'rejected');
    assert.equal(outcome(put(), change({ state: 'proposed', approvedAt: null })), 'not_approved');
    assert.equal(outcome(put(), change({ approvedAt: null })), 'not_approved');
  });

  test('approval must be before the event, not with it or after it', () => {
    assert.equal(
      outcome(put({ eventTime: '2026-10-10T12:00:00.000000001Z' }), change({ approvedAt: '2026-10-10T12:00:00Z' })),
      'by CH-1',
    );
    assert.equal(outcome(put(), change({ approvedAt: '2026-10-10T12:00:00Z' })), 'approved_after');
    assert.equal(outcome(put(), change({ approvedAt: '2026-10-10T12:00:01Z' })), 'approved_after');
  });

  test('the window takes its first instant in and leaves its last out', () => {
    assert.equal(outcome(put({ eventTime: '2026-10-10T11:30:00Z' }), change()), 'by CH-1');
    assert.equal(outcome(put({ eventTime: '2026-10-10T11:29:59.999999999Z' }), change()), 'outside_window');
    assert.equal(outcome(put({ eventTime: '2026-10-10T12:30:00Z' }), change()), 'outside_window');
  });

  test('the change that came closest is named', () => {
    const far = change({ id: 'CH-far' }, { digest: 'd2' });
    const near = change({ id: 'CH-near', approvedAt: '2026-10-10T13:00:00Z' });
    const [match] = matchPolicyChanges([put()], [far, near, far]);
    assert.ok(match && !match.authorised);
    assert.deepEqual([match.change?.id, match.mismatch], ['CH-near', 'approved_after']);
    assert.match(match.explanation, /CH-near was approved at 2026-10-10T13:00:00Z, not before/);
  });

  test('a policy of one system is not the policy of another by the same name', () => {
    assert.equal(outcome(put({ system: 'calico' }), change()), 'no_change');
    assert.equal(outcome(put({ system: 'calico' }), change({}, { system: 'calico' })), 'by CH-1');
  });

  test('one item of a change with several is enough, and may authorise applying it again', () => {
    const both = change({
      items: [
        { ...policy, name: 'other', action: 'create', digest: 'd9' },
        { ...policy, action: 'update', digest: 'd1' },
      ],
    });
    const again = put({ eventTime: '2026-10-10T12:10:00Z' });
    assert.deepEqual(
      matchPolicyChanges([put(), again], [both]).map(({ authorised }) => authorised),
      [true, true],
    );
  });

  test('agrees with the rule read out plainly, on random histories', () => {
    const time = fc.integer({ min: 0, max: 9 }).map((minute) => `2026-10-10T12:0${minute}:00Z`);
    const action = fc.constantFrom('create' as const, 'update' as const, 'delete' as const);
    const digest = fc.constantFrom('d1', 'd2', null);
    const key = fc.record({
      system: fc.constantFrom('kubernetes', 'calico'),
      kind: fc.constant('NetworkPolicy'),
      namespace: fc.constantFrom('a', 'b'),
      name: fc.constant('p'),
    });
    const version = fc.tuple(key, action, time, digest).map(([id, act, eventTime, content]): PolicyVersionToMatch => ({
      ...id,
      action: act,
      eventTime,
      digest: content,
    }));
    const item = fc.tuple(key, action, digest).map(([id, act, content]) => ({ ...id, action: act, digest: content }));
    const registered = fc.record({
      id: fc.string(),
      state: fc.constantFrom('proposed' as const, 'approved' as const, 'rejected' as const),
      approvedAt: fc.option(time),
      windowFrom: time,
      windowTo: time,
      items: fc.array(item, { maxLength: 3 }),
    });
    fc.assert(
      fc.property(fc.array(version, { maxLength: 6 }), fc.array(registered, { maxLength: 5 }), (versions, changes) => {
        const matches = matchPolicyChanges(versions, changes);
        assert.deepEqual(
          matches.map((match) => match.version),
          versions,
        );
        for (const match of matches) {
          const v = match.version;
          // Times of one length and zone compare as text.
          const covered = changes.some(
            (c) =>
              c.state === 'approved' &&
              c.approvedAt !== null &&
              c.approvedAt < v.eventTime &&
              c.windowFrom <= v.eventTime &&
              v.eventTime < c.windowTo &&
              c.items.some(
                (i) =>
                  i.system === v.system &&
                  i.namespace === v.namespace &&
                  i.action === v.action &&
                  (v.action === 'delete' || (i.digest !== null && i.digest === v.digest)),
              ),
          );
          assert.equal(match.authorised, covered);
          if (!match.authorised) {
            assert.ok(mismatches.includes(match.mismatch));
            assert.equal(match.change === null, match.mismatch === 'no_change');
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

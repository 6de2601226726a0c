import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { changeApproval } from '../../src/controls/checks/change-approval.js';
import { changeLog } from '../../src/controls/checks/change-log.js';
import { samePerson, segregationOfDuties } from '../../src/controls/checks/segregation-of-duties.js';
import type { ChangeView, PolicyVersionView } from '../../src/controls/model.js';
import { changeFor, digestOf, networkPolicy, snapshot, source, statements, version } from './evidence.js';

const at = '2026-10-15T10:00:00Z';
const silentAudit = [source('audit', { lastEventTime: '2026-10-20T00:00:00Z' }), source('hubble')];

function approvalOf(policyVersions: PolicyVersionView[], changes: ChangeView[], more = {}) {
  return changeApproval.run(snapshot({ policyVersions, changes, ...more }));
}

describe('policy changes without an approved change', () => {
  test('is satisfied when each change of the period was approved, and cites record, proposal and review', () => {
    const result = changeApproval.run(snapshot());
    assert.equal(result.result, 'satisfied');
    // Of the healthy estate's policies one came into force in the period.
    assert.deepEqual([result.examined, result.passed, result.citedTotal], [1, 1, 3]);
    assert.deepEqual(
      result.citations.map(({ summary }) => summary.replace(/CH-\d+/, 'CH')),
      [
        'create NetworkPolicy payments/ledger-from-api by carl@corp.example',
        'Change CH proposed: create ledger-from-api',
        'Change CH approved',
      ],
    );
  });

  test('names every kind of mismatch once, with policy, author, time and severity', () => {
    const put = (name: string, more = {}) => version('payments', name, at, { author: 'mallory', ...more });
    const names = ['none', 'content', 'window', 'late', 'rejected', 'pending', 'action', 'good'];
    const [none, content, window, late, rejected, pending, action, good] = names.map((name) => put(name));
    assert.ok(none && content && window && late && rejected && pending && action && good);
    const other = digestOf(networkPolicy('payments', 'content', { podSelector: { matchLabels: { app: 'x' } } }));
    const itemOf = (one: PolicyVersionView, more: object) => ({ items: [{ ...one, ...more }] });
    const result = approvalOf(
      [none, content, window, late, rejected, pending, action, good],
      [
        changeFor(content, itemOf(content, { digest: other })),
        changeFor(window, { windowTo: at }),
        changeFor(late, { approvedAt: '2026-10-15T10:30:00Z' }),
        changeFor(rejected, { state: 'rejected', approvedAt: null }),
        changeFor(pending, { state: 'proposed', approvedAt: null, approver: null, reviewedIndex: null }),
        changeFor(action, itemOf(action, { action: 'update' })),
        changeFor(good),
      ],
    );
    assert.equal(result.result, 'not_satisfied');
    assert.deepEqual([result.examined, result.passed], [8, 1]);
    assert.equal(
      result.reason,
      '7 of 8 policy changes in the period had no approved change: 1 without any change, 1 with other content than approved, 1 outside the window, 1 approved after the fact, 1 although rejected, 1 not approved, 1 with another action than approved.',
    );
    const bySubject = new Map(result.observations.map((one) => [one.subject, one]));
    const expected: [string, string, RegExp][] = [
      ['none', 'high', /by mallory at 2026-10-15T10:00:00Z: No registered change covers this create/],
      ['content', 'high', /another content/],
      ['window', 'medium', /lies outside/],
      ['late', 'medium', /not before the create/],
      ['rejected', 'critical', /was rejected/],
      ['pending', 'high', /has not been approved/],
      ['action', 'high', /not to create it/],
    ];
    assert.equal(bySubject.size, expected.length);
    for (const [name, severity, text] of expected) {
      const found = bySubject.get(`NetworkPolicy payments/${name}`);
      assert.equal(found?.severity, severity, name);
      assert.match(found?.statement ?? '', text);
      assert.ok((found?.citations.length ?? 0) >= 1);
    }
    // Unapproved records come first.
    assert.equal(result.citations[0]?.index, none.index);
  });

  test('takes the first instant of the period in and leaves its end out', () => {
    const examined = (time: string) => approvalOf([version('payments', 'p', time)], []).examined;
    assert.equal(examined('2026-09-30T23:59:59.999999999Z'), 0);
    assert.equal(examined('2026-10-01T00:00:00Z'), 1);
    assert.equal(examined('2026-10-31T23:59:59.999999999Z'), 1);
    assert.equal(examined('2026-11-01T00:00:00Z'), 0);
  });

  test('is not assessed without a change in the period', () => {
    const result = approvalOf([version('payments', 'p', '2026-09-10T00:00:00Z')], []);
    assert.equal(result.result, 'not_assessed');
    assert.match(result.reason, /No policy change was recorded in the period/);
  });

  test('is not assessed when content cannot be compared, but a plain violation beside it counts', () => {
    const opaque = version('payments', 'opaque', at, { object: null, digest: null });
    const changes = [changeFor(version('payments', 'opaque', at))];
    const result = approvalOf([opaque], changes);
    assert.equal(result.result, 'not_assessed');
    assert.match(statements(result), /audit record lacks the object/);
    assert.equal(approvalOf([opaque, version('payments', 'none', at)], changes).result, 'not_satisfied');
  });

  test('a silent audit source keeps it from satisfied, not from not satisfied', () => {
    assert.equal(changeApproval.run(snapshot({ sources: silentAudit })).result, 'not_assessed');
    assert.equal(approvalOf([version('payments', 'p', at)], [], { sources: silentAudit }).result, 'not_satisfied');
  });
});

describe('segregation of duties', () => {
  const judge = (more: Partial<ChangeView>, author = 'carl', parts = {}) => {
    const put = version('payments', 'p', at, { author });
    return segregationOfDuties.run(snapshot({ policyVersions: [put], changes: [changeFor(put, more)], ...parts }));
  };

  test('is satisfied when requester and approver, and approver and author, differ', () => {
    const result = judge({});
    assert.equal(result.result, 'satisfied');
    assert.deepEqual([result.examined, result.passed, result.citedTotal], [1, 1, 3]);
  });

  test('the requester may carry out', () => {
    assert.equal(judge({}, 'rita').result, 'satisfied');
  });

  test('is not satisfied when the requester approved, however the name is spelt', () => {
    for (const approver of ['rita', 'Rita', ' rita ', 'rita@corp.example', 'oidc:rita']) {
      const result = judge({ approver });
      assert.equal(result.result, 'not_satisfied', approver);
      assert.equal(result.observations[0]?.severity, 'critical');
      assert.match(statements(result), /^rita requested change CH-\d+ and approved it as /);
    }
  });

  test('is not satisfied when the only approver carried it out', () => {
    const result = judge({ approver: 'alan' }, 'oidc:Alan@corp.example');
    assert.equal(result.result, 'not_satisfied');
    assert.match(
      statements(result),
      /Alan@corp.example carried out change CH-\d+ \(create of NetworkPolicy payments\/p .* only approver/,
    );
  });

  test('is not satisfied when an approved change names no approver', () => {
    assert.equal(judge({ approver: null }).result, 'not_satisfied');
  });

  test('machine accounts name no person, which is said', () => {
    const result = judge({}, 'system:serviceaccount:flux:alan');
    assert.equal(result.result, 'satisfied');
    assert.match(result.reason, /1 step carried out by machine accounts/);
  });

  test('counts changes approved in the period, or carried out in it, once each', () => {
    const put = version('payments', 'p', at);
    const before = changeFor(put, { approvedAt: '2026-09-30T23:59:59Z', windowFrom: '2026-09-30T00:00:00Z' });
    const idle = changeFor(version('payments', 'q', at), { approvedAt: '2026-10-01T00:00:00Z' });
    const late = changeFor(version('payments', 'r', at), { approvedAt: '2026-11-01T00:00:00Z', approver: 'rita' });
    const result = segregationOfDuties.run(snapshot({ policyVersions: [put], changes: [before, idle, late] }));
    assert.deepEqual([result.result, result.examined], ['satisfied', 2]);
  });

  test('is not assessed when nothing was approved or carried out, or the audit source is silent', () => {
    assert.equal(segregationOfDuties.run(snapshot({ changes: [] })).result, 'not_assessed');
    assert.equal(judge({}, 'carl', { sources: silentAudit }).result, 'not_assessed');
    assert.equal(judge({ approver: 'rita' }, 'carl', { sources: silentAudit }).result, 'not_satisfied');
  });

  test('names compare without case, provider prefix and one-sided domain, and machine accounts not at all', () => {
    assert.equal(samePerson('alan@a.example', 'alan@b.example'), false);
    assert.equal(samePerson('https://issuer.example#alan', 'alan'), true);
    assert.equal(samePerson('alan', 'alana'), false);
    assert.equal(samePerson('system:admin', 'admin'), null);
    assert.equal(samePerson('', 'alan'), null);
  });
});

describe('the log of policy changes', () => {
  test('is satisfied when each record names author and content and its source kept sending', () => {
    const result = changeLog.run(snapshot());
    assert.deepEqual([result.result, result.examined, result.passed], ['satisfied', 1, 1]);
  });

  test('is not satisfied when a record lacks author or content; a delete needs none', () => {
    const judge = (more: Partial<PolicyVersionView>) =>
      changeLog.run(snapshot({ policyVersions: [version('payments', 'p', at, more)] }));
    assert.match(statements(judge({ object: null, digest: null })), /lacks the content put in force/);
    assert.match(statements(judge({ author: ' ' })), /lacks who made it/);
    assert.equal(judge({ author: '' }).result, 'not_satisfied');
    assert.equal(judge({ action: 'delete' }).result, 'satisfied');
  });

  test('is not satisfied when a watched source of policy changes fell silent', () => {
    const result = changeLog.run(snapshot({ sources: silentAudit }));
    assert.equal(result.result, 'not_satisfied');
    assert.match(statements(result), /Source audit, which reports policy changes, has been silent for 12 days/);
  });

  test('is not assessed without a record, or when nothing vouches for the source', () => {
    assert.equal(
      changeLog.run(snapshot({ policyVersions: [version('payments', 'p', '2026-09-01T00:00:00Z')] })).result,
      'not_assessed',
    );
    assert.equal(changeLog.run(snapshot({ sources: [source('hubble')] })).result, 'not_assessed');
    const unwatched = source('audit', { silenceAfterSeconds: null, lastEventTime: '2026-10-15T10:00:00Z' });
    assert.equal(changeLog.run(snapshot({ sources: [unwatched] })).result, 'not_assessed');
  });
});

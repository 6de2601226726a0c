import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { defaultDeny } from '../../src/controls/checks/default-deny.js';
import {
  api,
  healthyVersions,
  ledger,
  segment,
  snapshot,
  source,
  statements,
  version,
  web,
  workload,
} from './evidence.js';

const payments = segment('payments', [api, ledger]);
const created = '2026-09-10T09:00:00Z';

/** One segment, with the policies given. */
function judge(policyVersions = [version('payments', 'default-deny', created)], one = payments) {
  return defaultDeny.run(snapshot({ segments: [one], policyVersions }));
}

describe('default deny', () => {
  test('is satisfied when every workload is isolated both ways, and says since when and by which records', () => {
    const result = defaultDeny.run(snapshot());
    assert.equal(result.result, 'satisfied');
    assert.deepEqual([result.examined, result.passed], [2, 2]);
    assert.match(statements(result), /2 observed workloads of segment payments since 2026-09-10T09:00:00Z\./);
    assert.ok(
      result.citations.some(
        ({ summary }) => summary === 'create NetworkPolicy payments/default-deny by carl@corp.example',
      ),
    );
    assert.equal(result.citedTotal, 6);
  });

  test('is not satisfied for a segment that was never enforced, and names it', () => {
    const legacy = segment('legacy', [workload('legacy', 'batch')], { phase: 'discovery', criticality: 'critical' });
    const result = defaultDeny.run(snapshot({ segments: [payments, legacy] }));
    assert.equal(result.result, 'not_satisfied');
    assert.match(result.reason, /1 of 2 segments .*: legacy\./);
    assert.match(statements(result), /legacy is in phase discovery: default deny is not enforced/);
    assert.match(
      statements(result),
      /1 of 1 observed workload of segment legacy without isolation in either direction: batch\./,
    );
    assert.ok(result.observations.some(({ severity, subject }) => severity === 'critical' && subject === 'legacy'));
    assert.deepEqual([result.examined, result.passed], [2, 1]);
  });

  test('is not satisfied in a phase before enforcing, even with policies in place', () => {
    const result = judge(undefined, segment('payments', [api, ledger], { phase: 'monitoring' }));
    assert.equal(result.result, 'not_satisfied');
    assert.match(statements(result), /phase monitoring/);
  });

  test('names isolation in one direction only as partial', () => {
    const ingress = judge([version('payments', 'deny-in', created, { spec: { podSelector: {} } })]);
    assert.equal(ingress.result, 'not_satisfied');
    assert.match(
      statements(ingress),
      /Partial: 2 of 2 observed workloads of segment payments with isolation for ingress only: api, ledger\./,
    );
    const egress = judge([
      version('payments', 'deny-out', created, { spec: { podSelector: {}, policyTypes: ['Egress'] } }),
    ]);
    assert.match(statements(egress), /isolation for egress only/);
  });

  test('isolation may come from several policies, each for some workloads', () => {
    const of = (app: string) => ({ podSelector: { matchLabels: { app } }, policyTypes: ['Ingress', 'Egress'] });
    const both = [
      version('payments', 'a', created, { spec: of('api') }),
      version('payments', 'b', created, { spec: of('ledger') }),
    ];
    assert.equal(judge(both).result, 'satisfied');
    const one = judge(both.slice(0, 1));
    assert.equal(one.result, 'not_satisfied');
    assert.match(statements(one), /1 of 2 observed workloads .* either direction: ledger/);
  });

  test('a policy of another namespace isolates nothing here', () => {
    assert.equal(judge([version('shop', 'default-deny', created)]).result, 'not_satisfied');
  });

  test('a rule that allows everything undoes isolation', () => {
    const open = version('payments', 'open', created, { spec: { podSelector: {}, ingress: [{}] } });
    const result = judge([version('payments', 'default-deny', created), open]);
    assert.equal(result.result, 'not_satisfied');
    assert.match(
      statements(result),
      /undone by a rule that allows everything: NetworkPolicy payments\/open \(ingress\)/,
    );
  });

  test('looks at what is in force at the end of the period: its last instant counts, the end does not', () => {
    const inTime = judge([version('payments', 'default-deny', '2026-10-31T23:59:59.999999999Z')]);
    assert.equal(inTime.result, 'satisfied');
    assert.match(statements(inTime), /since 2026-10-31T23:59:59.999999999Z, within the period/);
    assert.equal(judge([version('payments', 'default-deny', '2026-11-01T00:00:00Z')]).result, 'not_satisfied');
    const since = judge([version('payments', 'default-deny', '2026-10-01T00:00:00Z')]);
    assert.match(statements(since), /since 2026-10-01T00:00:00Z\./);
  });

  test('in a running period looks at the as-of time', () => {
    const policyVersions = [
      version('payments', 'default-deny', created),
      version('payments', 'default-deny', '2026-10-20T00:00:00Z', { action: 'delete' }),
    ];
    const asOf = (time: string) =>
      defaultDeny.run(
        snapshot({
          segments: [payments],
          policyVersions,
          asOf: time,
          sources: [source('audit', { lastEventTime: '2026-10-19T12:00:00Z' })],
        }),
      ).result;
    assert.equal(asOf('2026-10-19T23:00:00Z'), 'satisfied');
    assert.equal(asOf('2026-10-20T00:00:00Z'), 'not_satisfied');
  });

  test('deleted and not put back: not satisfied; put back within the period: named as lifted', () => {
    const first = version('payments', 'default-deny', created);
    const removed = version('payments', 'default-deny', '2026-10-05T10:00:00Z', { action: 'delete' });
    assert.equal(judge([first, removed]).result, 'not_satisfied');
    const back = version('payments', 'default-deny', '2026-10-05T12:00:00Z');
    const lifted = judge([first, removed, back]);
    assert.equal(lifted.result, 'not_satisfied');
    assert.match(statements(lifted), /payments was lifted from 2026-10-05T10:00:00Z to 2026-10-05T12:00:00Z/);
    assert.match(statements(lifted), /since 2026-10-05T12:00:00Z, within the period/);
  });

  test('a hole that was closed before the period, or by its first instant, does not count', () => {
    const hole = (to: string) => [
      version('payments', 'default-deny', created),
      version('payments', 'default-deny', '2026-09-20T00:00:00Z', { action: 'delete' }),
      version('payments', 'default-deny', to),
    ];
    assert.equal(judge(hole('2026-09-20T06:00:00Z')).result, 'satisfied');
    assert.equal(judge(hole('2026-10-01T00:00:00Z')).result, 'satisfied');
    assert.equal(judge(hole('2026-10-01T00:00:01Z')).result, 'not_satisfied');
  });

  test('several steps of one hole are one hole', () => {
    const at = (time: string, action: 'create' | 'delete', name = 'default-deny') =>
      version('payments', name, time, { action });
    const result = judge([
      at(created, 'create'),
      at('2026-10-05T10:00:00Z', 'delete'),
      version('payments', 'other', '2026-10-05T11:00:00Z', { spec: { podSelector: {} } }),
      at('2026-10-05T12:00:00Z', 'create'),
    ]);
    assert.equal(statements(result).match(/was lifted/g)?.length, 1);
    assert.match(statements(result), /lifted from 2026-10-05T10:00:00Z to 2026-10-05T12:00:00Z/);
  });

  test('records are replayed by event time, also when they came in late', () => {
    const removed = version('payments', 'default-deny', '2026-10-05T10:00:00Z', { action: 'delete', index: 900 });
    const back = version('payments', 'default-deny', '2026-10-05T12:00:00Z', { index: 100 });
    assert.equal(judge([version('payments', 'default-deny', created), back, removed]).result, 'not_satisfied');
    assert.match(statements(judge([removed, back])), /since 2026-10-05T12:00:00Z/);
  });

  test('records of one instant are replayed in the order of the log', () => {
    const removed = version('payments', 'default-deny', created, { action: 'delete', index: 100 });
    const put = version('payments', 'default-deny', created, { index: 101 });
    assert.equal(judge([put, removed]).result, 'satisfied');
    assert.equal(judge([{ ...put, index: 99 }, removed]).result, 'not_satisfied');
  });

  test('is not assessed without segments, without any policy record, or without workloads', () => {
    assert.equal(defaultDeny.run(snapshot({ segments: [] })).result, 'not_assessed');
    assert.equal(defaultDeny.run(snapshot({ policyVersions: [] })).result, 'not_assessed');
    const empty = judge(undefined, segment('payments', []));
    assert.equal(empty.result, 'not_assessed');
    assert.match(statements(empty), /No workload of segment payments was observed/);
  });

  test('is not assessed when a policy in force is of unknown content', () => {
    const unknown = version('payments', 'default-deny', created, { object: null, digest: null });
    const result = judge([unknown]);
    assert.equal(result.result, 'not_assessed');
    assert.match(statements(result), /content of NetworkPolicy payments\/default-deny .* is not known/);
    const beside = judge([
      version('payments', 'default-deny', created),
      version('payments', 'opaque', created, { object: null, digest: null }),
    ]);
    assert.equal(beside.result, 'not_assessed');
  });

  test('stale or holed policy evidence never satisfies; a silent flow source does not matter', () => {
    const result = (audit: Parameters<typeof source>[1], hubble: Parameters<typeof source>[1] = {}) =>
      defaultDeny.run(snapshot({ sources: [source('audit', audit), source('hubble', hubble)] }));
    const stale = result({ lastEventTime: '2026-10-30T23:59:59Z' });
    assert.equal(stale.result, 'not_assessed');
    assert.match(stale.reason, /source audit has been silent/);
    const gap = { seconds: 86_401, from: '2026-10-10T00:00:00Z', to: '2026-10-11T00:00:01Z' };
    assert.equal(result({ longestGap: gap }).result, 'not_assessed');
    assert.equal(result({ longestGap: { ...gap, seconds: 86_400 } }).result, 'satisfied');
    assert.equal(result({}, { lastEventTime: '2026-10-02T00:00:00Z' }).result, 'satisfied');
    assert.equal(defaultDeny.run(snapshot({ sources: [source('hubble')] })).result, 'not_assessed');
  });

  test('a policy source without a limit is vouched for seven days', () => {
    const result = (lastEventTime: string) =>
      defaultDeny.run(
        snapshot({ sources: [source('audit', { silenceAfterSeconds: null, longestGap: null, lastEventTime })] }),
      ).result;
    assert.equal(result('2026-10-25T00:00:00Z'), 'satisfied');
    assert.equal(result('2026-10-24T23:59:59Z'), 'not_assessed');
  });

  test('lists at most fifty records and counts all', () => {
    const many = Array.from({ length: 60 }, (_, at) => version('shop', `deny-${at}`, created));
    const result = defaultDeny.run(
      snapshot({ segments: [segment('shop', [web])], policyVersions: [...healthyVersions(), ...many] }),
    );
    assert.equal(result.citations.length, 50);
    assert.equal(result.citedTotal, 62);
  });
});

import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { compareInstants, isWithin } from '../../src/changes/instants.js';
import { matchPolicyChanges } from '../../src/changes/matching.js';
import { samePerson } from '../../src/controls/checks/segregation-of-duties.js';
import { generateEstate } from '../../src/demo/estate.js';
import { readEstate, type EstateRecord, type ReadEstate } from './estate-records.js';

const end = new Date('2026-11-22T12:00:00Z');
const estate = generateEstate({ seed: 7, end, flows: 20_000 });
const { expectations } = estate;
const read = readEstate(estate);
const flows = read.records.filter(({ record }) => record.kind === 'flow');

/** Unauthorised changes as matching finds them, in the words of the expectations. */
function found({ versions, changes }: ReadEstate) {
  return matchPolicyChanges(versions, changes).flatMap((match) => {
    if (match.authorised) return [];
    const { kind, namespace, name, action, author, eventTime } = match.version;
    return [
      {
        class: match.mismatch,
        action,
        policy: { kind, namespace, name },
        at: Date.parse(eventTime),
        author,
        change: match.change?.id ?? null,
      },
    ];
  });
}

function declared({ expectations: { unauthorised } }: typeof estate) {
  return unauthorised.filter((each) => each.class !== 'refused').map((each) => ({ ...each, at: each.at.getTime() }));
}

function between(source: string, destination: string, port: number): EstateRecord[] {
  return flows.filter(
    ({ record }) =>
      record.source?.workload?.key === source &&
      record.destination?.workload?.key === destination &&
      record.destination.port === port &&
      record.direction === 'ingress' &&
      record.isReply !== true,
  );
}

describe('changes and what was made of them', () => {
  test('between 25 and 35 change requests in the states that are declared', () => {
    const count = (state: string) => read.changes.filter((change) => change.state === state).length;
    assert.ok(read.changes.length >= 25 && read.changes.length <= 35, `${read.changes.length} changes`);
    const states = { proposed: count('proposed'), approved: count('approved'), rejected: count('rejected') };
    assert.deepEqual(states, expectations.changes);
    for (const { id, items } of read.changes) assert.ok(items.length > 0, `change ${id} names no policy`);
  });

  test('nobody reviews their own change, and approvers carry nothing out', () => {
    for (const { requester, reviewer, id } of read.changes) assert.notEqual(requester, reviewer, id);
    const reviewers = new Set(read.changes.flatMap(({ reviewer }) => reviewer ?? []));
    for (const { author } of read.versions)
      for (const reviewer of reviewers) assert.notEqual(samePerson(author, reviewer), true);
  });

  test('matching finds the unauthorised changes that are declared, each in its class, and no other', () => {
    assert.deepEqual(found(read), declared(estate));
    assert.deepEqual(expectations.unauthorised.map((each) => each.class).sort(), [
      'approved_after',
      'different_content',
      'no_change',
      'outside_window',
      'refused',
      'rejected',
    ]);
    assert.equal(read.versions.length, expectations.policyChanges);
  });

  test('the same story holds whatever weekday and hour the thirty days end', () => {
    for (const text of [
      '2026-11-23T00:00:00Z',
      '2026-11-24T23:59:59Z',
      '2027-03-01T08:30:00Z',
      '2026-12-27T17:00:00.5Z',
    ]) {
      const other = generateEstate({ seed: 11, end: new Date(text), flows: 5_000 });
      const otherRead = readEstate(other);
      assert.deepEqual(found(otherRead), declared(other), text);
      assert.deepEqual(
        other.expectations.unauthorised.map((each) => each.class),
        expectations.unauthorised.map((each) => each.class),
        text,
      );
      assert.equal(otherRead.unreadable.length, other.expectations.unreadableRecords, text);
    }
  });

  test('the hand edit is made at night, by kubectl, after a dry run that changed nothing', () => {
    const edit = expectations.unauthorised.find((each) => each.class === 'no_change');
    assert.ok(edit);
    assert.ok(edit.at.getUTCHours() < 6, edit.at.toISOString());
    const dryRuns = read.records.filter(({ record }) => record.policyChange?.dryRun === true);
    assert.equal(dryRuns.length, expectations.dryRuns);
    for (const { record } of dryRuns) {
      assert.equal(record.policyChange?.applied, false);
      assert.match(record.actor?.userAgent ?? '', /^kubectl\//);
    }
  });

  test('the API server refuses one request, which changes nothing', () => {
    const refused = read.records.filter(({ record }) => record.policyChange?.statusCode === 403);
    const [expected] = expectations.unauthorised.filter((each) => each.class === 'refused');
    assert.ok(expected);
    assert.equal(refused.length, 1);
    const change = refused[0]?.record.policyChange;
    assert.equal(change?.applied, false);
    assert.deepEqual(
      [change?.action, change?.resource.namespace, change?.resource.name],
      [expected.action, expected.policy.namespace, expected.policy.name],
    );
  });
});

describe('records', () => {
  test('all but the cut ones can be read, and none is delivered before it happened', () => {
    assert.equal(read.unreadable.length, expectations.unreadableRecords);
    assert.ok(read.unreadable.every((reason) => reason === 'invalid_json'));
    for (const { record, deliveredAt } of read.records) {
      assert.ok(record.eventTime !== null && record.timeSource === 'record');
      assert.ok(compareInstants(record.eventTime, deliveredAt) < 0, `${record.eventTime}, delivered at ${deliveredAt}`);
      assert.ok(Date.parse(record.eventTime) >= estate.from.getTime());
    }
  });

  test('the kinds are there: verdicts of every sort, answers, traces, layer 7, names, the world, losses', () => {
    const has = (what: string, wanted: (each: EstateRecord) => boolean, least = 1) => {
      const count = read.records.filter(wanted).length;
      assert.ok(count >= least, `${count} records of ${what}, expected at least ${least}`);
    };
    has('denials', ({ record }) => record.verdict === 'deny' && record.reason === 'POLICY_DENIED', 100);
    has('audit verdicts', ({ record }) => record.verdict === 'would_deny', 50);
    has('observations', ({ record }) => record.verdict === 'none' && record.attributes.eventType === 4, 500);
    has('answers', ({ record }) => record.isReply === true, 500);
    has('HTTP', ({ record }) => record.attributes.type === 'L7' && record.destination?.port === 8080, 20);
    has('DNS', ({ record }) => record.protocol?.name === 'udp' && record.destination?.port === 53, 100);
    has('the world calling', ({ record }) => record.source?.workload?.key === 'reserved:world', 100);
    has('the world being called', ({ record }) => record.destination?.workload?.key === 'reserved:world', 20);
    const losses = read.records.filter(({ record }) => record.lostCount !== null);
    assert.equal(losses.length, expectations.lossNotices);
  });

  test('their size is that of real ones', () => {
    const mean = flows.reduce((sum, { bytes }) => sum + bytes, 0) / flows.length;
    assert.ok(mean > 700 && mean < 1_300, `${mean} bytes on average`);
  });

  test('native ids are unique, so that only what is sent again is a duplicate', () => {
    const ids = read.records.flatMap(({ record }) => record.nativeId ?? []);
    assert.equal(new Set(ids).size, ids.length);
  });

  test('about forty workloads talk in the eight segments', () => {
    const names = new Set(estate.segments.map(({ namespace }) => namespace));
    const workloads = new Set<string>();
    for (const { record } of flows)
      for (const { workload } of [record.source, record.destination].filter((each) => each !== null))
        if (workload !== null && names.has(workload.namespace ?? '')) workloads.add(workload.key);
    assert.equal(workloads.size, 42);
  });

  test('customers sleep at night, staff rest at the weekend, settlement runs at night', () => {
    const at = (falls: (time: Date) => boolean, source: string) =>
      flows.filter(({ record }) => record.source?.workload?.key === source && falls(new Date(record.eventTime ?? '')))
        .length;
    const hourIs = (hour: number) => (time: Date) => time.getUTCHours() === hour;
    assert.ok(at(hourIs(18), 'k8s:checkout/checkout-api') > 3 * at(hourIs(3), 'k8s:checkout/checkout-api'));
    assert.ok(
      at(hourIs(1), 'k8s:settlement/settlement-batch') > 10 * at(hourIs(14), 'k8s:settlement/settlement-batch'),
    );
    const weekend = at((time) => [0, 6].includes(time.getUTCDay()), 'k8s:back-office/support-portal') / 2;
    const week = at((time) => ![0, 6].includes(time.getUTCDay()), 'k8s:back-office/support-portal') / 5;
    assert.ok(week > 2 * weekend, `${week} a weekday, ${weekend} a day of the weekend`);
  });
});

describe('sources', () => {
  const heard = (source: string) =>
    read.records
      .filter((each) => each.source === source)
      .map(({ record }) => Date.parse(record.eventTime ?? ''))
      .sort((a, b) => a - b);

  test('one falls silent days before the end, the others are never silent for longer than they may', () => {
    for (const { name, silenceAfterSeconds } of estate.sources) {
      const times = [estate.from.getTime(), ...heard(name), end.getTime()];
      assert.ok(silenceAfterSeconds !== null);
      const last = times.length - 1;
      for (let at = 1; at <= last; at++) {
        const seconds = ((times[at] ?? 0) - (times[at - 1] ?? 0)) / 1000;
        const silent = name === expectations.silentSource.name && at === last;
        assert.equal(
          seconds > silenceAfterSeconds,
          silent,
          `${name}: ${seconds} s before ${new Date(times[at] ?? 0).toISOString()}`,
        );
      }
    }
  });

  test('the silent one is silent from the moment declared', () => {
    const { name, from } = expectations.silentSource;
    const last = heard(name).at(-1) ?? 0;
    assert.ok(last < from.getTime() && last > from.getTime() - 6 * 3_600_000);
    assert.ok(end.getTime() - from.getTime() > 24 * 3_600_000);
  });
});

describe('segments', () => {
  test('one is never enforced: its verdicts allow or only warn', () => {
    const name = expectations.neverEnforcedSegment;
    assert.ok(read.phases.every(({ segment, phase }) => segment !== name || phase !== 'enforcing'));
    const verdicts = new Set(
      flows
        .filter(({ record }) => record.direction === 'ingress' && record.destination?.workload?.namespace === name)
        .map(({ record }) => record.verdict),
    );
    assert.ok(verdicts.has('would_deny') && !verdicts.has('deny'));
  });

  test('one is enforced late: it warns before and denies after', () => {
    const { segment, at } = expectations.enforcedLater;
    assert.ok(
      read.phases.some(
        (phase) => phase.segment === segment && phase.phase === 'enforcing' && phase.at === at.toISOString(),
      ),
    );
    const own = flows.filter(({ record }) => {
      const subject = record.direction === 'ingress' ? record.destination : record.source;
      return subject?.workload?.namespace === segment && record.direction !== 'unknown';
    });
    for (const { record } of own) {
      const enforced = compareInstants(record.eventTime ?? '', at.toISOString()) >= 0;
      if (record.verdict === 'deny') assert.ok(enforced, record.eventTime ?? '');
      if (record.verdict === 'would_deny') assert.ok(!enforced, record.eventTime ?? '');
    }
    for (const verdict of ['deny', 'would_deny'])
      assert.ok(
        own.some(({ record }) => record.verdict === verdict),
        verdict,
      );
  });
});

test('what the hand edit opened is open until it is restored, and at no other time', () => {
  const versions = read.versions.filter(({ name }) => name === 'allow-payments-db');
  const edit = versions.findIndex(({ author }) => author.startsWith('oidc:'));
  const [opened, restored] = [versions[edit]?.eventTime ?? '', versions[edit + 1]?.eventTime ?? ''];
  const tries = between('k8s:back-office/reporting-etl', 'k8s:payments/payments-db', 5432).filter(
    ({ record }) => record.verdict !== 'none',
  );
  const first =
    read.versions.find(({ name, namespace }) => namespace === 'payments' && name === 'default-deny')?.eventTime ?? '';
  const judged = tries.filter(({ record }) => compareInstants(record.eventTime ?? '', first) > 0);
  for (const { record } of judged) {
    const open = isWithin(record.eventTime ?? '', opened, restored);
    assert.equal(record.verdict, open ? 'allow' : 'deny', record.eventTime ?? '');
  }
  assert.ok(
    judged.some(({ record }) => record.verdict === 'allow'),
    'nobody used what was opened',
  );
  assert.ok(judged.some(({ record }) => record.verdict === 'deny'));
});

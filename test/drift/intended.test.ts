import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { driftCauses } from '../../src/drift/causes.js';
import type { ApprovedItem, Baseline, VersionSeen } from '../../src/drift/departure.js';
import { departures } from '../../src/drift/intended.js';

/** `10T09:30` is a time of November 2026. */
const at = (text: string): string => `2026-11-${text}:00.000Z`;

let entries = 0;
function version(time: string, digest: string | null, more: Partial<VersionSeen> = {}): VersionSeen {
  entries += 1;
  return {
    system: 'kubernetes',
    kind: 'NetworkPolicy',
    namespace: 'shop',
    name: 'web-to-api',
    version: 1,
    index: entries,
    position: 0,
    action: 'update',
    author: 'deployer',
    source: 'kube-audit',
    eventTime: at(time),
    digest,
    ...more,
  };
}

function approved(digest: string | null, more: Partial<ApprovedItem> = {}): ApprovedItem {
  return {
    system: 'kubernetes',
    kind: 'NetworkPolicy',
    namespace: 'shop',
    name: 'web-to-api',
    changeId: 'c7',
    change: 'CHG-7',
    position: 0,
    action: 'update',
    digest,
    approvedAt: at('09T12:00'),
    windowFrom: at('10T10:00'),
    windowTo: at('10T12:00'),
    ...more,
  };
}

/** What is not as intended at a time: by whom or what, since when, and how many policies. */
function drift(
  now: string,
  versions: readonly VersionSeen[],
  items: readonly ApprovedItem[] = [],
  baselines: readonly Baseline[] = [],
): [string, string, number][] {
  return driftCauses(departures(versions, items, baselines, at(now))).map(({ by, since, open }) => [
    by,
    since,
    open.length,
  ]);
}

const first = version('01T08:00', 'A', { action: 'create' });

describe('intended is what was first seen, until a change says otherwise', () => {
  test('an edit is drift from its time on, and reverting it ends that', () => {
    const edit = version('05T02:00', 'B', { author: 'night.owl' });
    assert.deepEqual(drift('04T00:00', [first, edit]), []);
    assert.deepEqual(drift('06T00:00', [first, edit]), [['night.owl', at('05T02:00'), 1]]);
    assert.deepEqual(drift('06T00:00', [first, edit, version('05T09:00', 'A')]), []);
  });

  test('a second edit of what has drifted is the same cause, and both are its entries', () => {
    const edits = [
      version('05T02:00', 'B', { author: 'night.owl' }),
      version('05T03:00', 'C', { author: 'early.bird' }),
    ];
    const [cause] = driftCauses(departures([first, ...edits], [], [], at('06T00:00')));
    assert.equal(cause?.by, 'night.owl');
    assert.deepEqual(
      cause.open[0]?.versions.map(({ digest }) => digest),
      ['B', 'C'],
    );
  });

  test('a policy that is deleted, or created where none is intended, has drifted', () => {
    assert.deepEqual(drift('06T00:00', [first, version('05T02:00', null, { action: 'delete' })]).length, 1);
    const rogue = version('05T02:00', 'X', { action: 'create', name: 'rogue' });
    assert.deepEqual(drift('06T00:00', [first, rogue]).length, 1);
    assert.deepEqual(
      drift('06T00:00', [first, rogue, version('05T04:00', null, { action: 'delete', name: 'rogue' })]),
      [],
    );
  });

  test('what is created in the first hour of records, or edited before it was ever seen, is baseline', () => {
    assert.deepEqual(drift('06T00:00', [first, version('01T08:50', 'X', { action: 'create', name: 'other' })]), []);
    assert.deepEqual(drift('06T00:00', [first, version('05T02:00', 'X', { name: 'older' })]), []);
    assert.deepEqual(drift('06T00:00', [first, version('05T02:00', null, { action: 'delete', name: 'older' })]), []);
  });

  test('content that the record lacks is drift, unless a change asks for some then', () => {
    assert.equal(drift('11T00:00', [first, version('05T02:00', null)]).length, 1);
    assert.deepEqual(drift('11T00:00', [first, version('10T10:30', null)], [approved('B')]), []);
  });
});

describe('an approved change alters what is intended', () => {
  test('from the time it is carried out in its window', () => {
    const carriedOut = version('10T10:30', 'B');
    assert.deepEqual(drift('10T11:00', [first, carriedOut], [approved('B')]), []);
    assert.deepEqual(drift('11T00:00', [first, carriedOut], [approved('B')]), []);
    assert.deepEqual(drift('11T00:00', [first, carriedOut, version('10T20:00', 'A')], [approved('B')]), [
      ['deployer', at('10T20:00'), 1],
    ]);
  });

  test('from the end of its window when it is not carried out, which is drift as well', () => {
    assert.deepEqual(drift('10T11:59', [first], [approved('B')]), []);
    assert.deepEqual(drift('10T12:00', [first], [approved('B')]), [['CHG-7', at('10T12:00'), 1]]);
    assert.deepEqual(drift('11T00:00', [first, version('10T18:00', 'B')], [approved('B')]), []);
  });

  test('also when it creates or deletes', () => {
    const creates = approved('N', { action: 'create', name: 'new' });
    assert.deepEqual(drift('11T00:00', [first], [creates]), [['CHG-7', at('10T12:00'), 1]]);
    assert.deepEqual(
      drift('11T00:00', [first, version('10T11:00', 'N', { action: 'create', name: 'new' })], [creates]),
      [],
    );
    const deletes = approved(null, { action: 'delete' });
    assert.deepEqual(drift('11T00:00', [first], [deletes]), [['CHG-7', at('10T12:00'), 1]]);
    assert.deepEqual(drift('11T00:00', [first, version('10T11:00', null, { action: 'delete' })], [deletes]), []);
  });

  test('carried out too early it is drift until its window begins', () => {
    const early = version('10T08:00', 'B');
    assert.deepEqual(drift('10T09:00', [first, early], [approved('B')]).length, 1);
    assert.deepEqual(drift('10T10:00', [first, early], [approved('B')]), []);
  });

  test('approved after the fact it covers what is in force, even when its window is past', () => {
    const edit = version('10T10:30', 'B', { author: 'night.owl' });
    const afterwards = approved('B', { approvedAt: at('11T09:00') });
    assert.equal(drift('11T00:00', [first, edit]).length, 1);
    assert.deepEqual(drift('11T09:00', [first, edit], [afterwards]), []);
  });

  test('other content than approved is drift, and stays the cause when the window ends', () => {
    const more = version('10T10:30', 'B+', { author: 'mateo' });
    assert.deepEqual(drift('11T00:00', [first, more], [approved('B')]), [['mateo', at('10T10:30'), 1]]);
  });

  test('a later change takes the place of an earlier one', () => {
    const versions = [first, version('10T10:30', 'B'), version('12T10:30', 'C')];
    const next = approved('C', {
      changeId: 'c8',
      change: 'CHG-8',
      windowFrom: at('12T10:00'),
      windowTo: at('12T12:00'),
    });
    assert.deepEqual(drift('13T00:00', versions, [approved('B'), next]), []);
    assert.deepEqual(drift('13T00:00', versions.slice(0, 2), [approved('B'), next]), [['CHG-8', at('12T12:00'), 1]]);
  });
});

describe('an accepted baseline', () => {
  const edit = version('05T02:00', 'B', { author: 'night.owl' });

  test('makes what was in force at its instant intended', () => {
    const accepted = { at: at('05T12:00'), policies: null };
    assert.deepEqual(drift('06T00:00', [first, edit], [], [accepted]), []);
    assert.deepEqual(drift('06T00:00', [first, edit, version('05T20:00', 'A')], [], [accepted]).length, 1);
  });

  test('of an instant before the edit leaves it as it is', () => {
    assert.equal(drift('06T00:00', [first, edit], [], [{ at: at('04T00:00'), policies: null }]).length, 1);
  });

  test('of some policies says nothing of others', () => {
    const other = { system: 'kubernetes', kind: 'NetworkPolicy', namespace: 'shop', name: 'other' };
    assert.equal(drift('06T00:00', [first, edit], [], [{ at: at('05T12:00'), policies: [other] }]).length, 1);
    assert.deepEqual(drift('06T00:00', [first, edit], [], [{ at: at('05T12:00'), policies: [edit] }]), []);
  });

  test('ends the hour in which policies are brought in', () => {
    const created = version('01T08:50', 'X', { action: 'create', name: 'other' });
    assert.equal(drift('06T00:00', [first, created], [], [{ at: at('01T08:30'), policies: null }]).length, 1);
  });
});

describe('departures are grouped by cause', () => {
  const policies = ['a', 'b', 'c'].map((name) => version('01T08:00', 'A', { action: 'create', name }));
  const touch = (name: string, time: string, author = 'night.owl') => version(time, 'B', { name, author });

  test('edits of one author that follow each other are one; others are their own', () => {
    const edits = [touch('a', '05T02:00'), touch('b', '05T02:08'), touch('c', '05T02:16')];
    assert.deepEqual(drift('06T00:00', [...policies, ...edits]), [['night.owl', at('05T02:00'), 3]]);
    const apart = [touch('a', '05T02:00'), touch('b', '05T02:11'), touch('c', '05T02:12', 'early.bird')];
    assert.equal(drift('06T00:00', [...policies, ...apart]).length, 3);
  });

  test('a cause keeps its name when its first policy is put right', () => {
    const edits = [touch('a', '05T02:00'), touch('b', '05T02:08')];
    const before = driftCauses(departures([...policies, ...edits], [], [], at('06T00:00')));
    const put = [...policies, ...edits, version('05T09:00', 'A', { name: 'a' })];
    const after = driftCauses(departures(put, [], [], at('06T00:00')));
    assert.equal(after[0]?.id, before[0]?.id);
    assert.deepEqual(
      after.map(({ open }) => open.map(({ policy }) => policy.name)),
      [['b']],
    );
  });
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importPolicy } from '../../src/policies/kubernetes/import.js';
import type { Policy } from '../../src/policies/model.js';
import { readTime } from '../../src/portal/forms.js';
import { readCursor, sliceOf } from '../../src/portal/read/cursor.js';
import { defaultDenyOf } from '../../src/policies/default-deny.js';
import { findingsIn, type Situation } from '../../src/portal/read/findings.js';
import { writtenPart } from '../../src/portal/read/policy-objects.js';
import { daysUntil } from '../../src/portal/read/source-activity.js';
import { defaultDeny, networkPolicy } from './sent-records.js';

test('every row of a list is met once going older, and once coming back', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.string({ minLength: 1, maxLength: 8 }), { maxLength: 40 }),
      fc.integer({ min: 1, max: 9 }),
      (all, size) => {
        const walk = (way: 'older' | 'newer', begin: string | null): string[][] => {
          const pages: string[][] = [];
          for (let cursor = begin; pages.length <= all.length;) {
            const { rows, paging } = sliceOf(all, size, readCursor(cursor), (row) => row);
            pages.push([...rows]);
            if (way === 'newer' && rows.length > 0)
              assert.notEqual(paging.older, null, 'there is no way back from here');
            cursor = paging[way];
            if (cursor === null) return pages;
          }
          throw new Error('the list has no end');
        };
        const older = walk('older', null);
        assert.deepEqual(older.flat(), all);
        const last = older.at(-1)?.[0];
        if (last === undefined || older.length === 1) return;
        const newer = walk('newer', `newer.${last}`);
        assert.deepEqual(newer.toReversed().flat(), all.slice(0, all.indexOf(last)));
      },
    ),
  );
});

describe('default deny of a segment', () => {
  const policy = (name: string, spec: object): Policy => {
    const imported = importPolicy(networkPolicy('payments', name, spec));
    assert.ok(imported.ok);
    return imported.policy;
  };
  const denyAll = policy('default-deny', defaultDeny);
  const allowApi = policy('allow-api', {
    podSelector: { matchLabels: { app: 'api' } },
    ingress: [{ ports: [{ port: 443 }] }],
  });
  const openAll = policy('open', { podSelector: {}, ingress: [{}] });
  const api = { labels: { app: 'api' } };
  const worker = { labels: { app: 'worker' } };
  const denies = (
    members: readonly { labels: Record<string, string> }[],
    policies: readonly Policy[],
  ): [boolean, boolean, string] => {
    const { ingress, egress, policies: by } = defaultDenyOf(members, policies);
    return [ingress, egress, by.map(({ name }) => name).join()];
  };

  test('names the policy that denies, not those that only allow', () => {
    assert.deepEqual(denies([api, worker], [allowApi, denyAll]), [true, true, 'default-deny']);
  });

  test('is there only where every member is isolated', () => {
    assert.deepEqual(denies([api], [allowApi]), [true, false, 'allow-api']);
    assert.deepEqual(denies([api, worker], [allowApi]), [false, false, '']);
  });

  test('is taken back by a rule that allows everything', () => {
    assert.deepEqual(denies([api], [denyAll, openAll]), [false, true, 'default-deny']);
  });

  test('is shown by nothing where no member was seen', () => {
    assert.deepEqual(denies([], [denyAll]), [false, false, '']);
  });
});

describe('findings', () => {
  const calm: Situation = {
    log: null,
    changes: [],
    sources: [],
    segments: [],
    controls: [],
    assessedAt: '2026-11-22T10:00:00Z',
    register: [],
    hygiene: null,
    mayReadQuarantine: true,
    lastQuarantinedAt: null,
  };
  const unauthorised = (index: number): Situation['changes'][number] => ({
    version: {
      index,
      system: 'kubernetes',
      kind: 'NetworkPolicy',
      namespace: 'payments',
      name: `p-${index}`,
      action: 'update',
      author: 'k.moreau',
      eventTime: '2026-11-20T10:00:00Z',
      digest: null,
    },
    authorisedBy: null,
    unauthorised: 'No registered change covers this update.',
  });

  test('are none where all is well', () => {
    const authorised = {
      ...unauthorised(1),
      unauthorised: null,
      authorisedBy: { id: '1', number: 'CHG-1', title: 'Web' },
    };
    assert.deepEqual(findingsIn({ ...calm, changes: [authorised] }), []);
  });

  test('name the newest unauthorised changes, and count the rest', () => {
    const found = findingsIn({ ...calm, changes: Array.from({ length: 25 }, (_, index) => unauthorised(index)) });
    assert.equal(found.length, 21);
    assert.equal(found[0]?.href, '/records/24');
    assert.match(found[20]?.title ?? '', /^5 earlier policy changes/u);
    assert.equal(found[20]?.href, '/policies?authorised=no');
  });

  test('a broken log comes with what is wrong', () => {
    const log = {
      origin: 'o',
      size: 1,
      rootHash: '',
      followedSize: 1,
      verification: {
        verified: false,
        at: '2026-11-22T09:00:00Z',
        wholeAt: '2026-11-22T09:00:00Z',
        problems: ['cut at 7: short', 'more'],
        unverifiable: [],
      },
      signingStopped: { since: '2026-11-22T09:00:01Z', because: 'verification: the log found cut at 7' },
      contradictions: [
        { witness: 'one', since: '2026-11-22T09:00:02Z', detail: 'it has cosigned 9 entries, the log has 1' },
      ],
    };
    const [finding, stop, witness, ...rest] = findingsIn({ ...calm, log });
    assert.equal(finding?.severity, 'critical');
    assert.match(finding?.detail ?? '', /cut at 7: short And 1 more/u);
    assert.deepEqual([stop?.severity, stop?.kind, stop?.href], ['critical', 'integrity', '/integrity#signing']);
    assert.match(stop?.detail ?? '', /verification: the log found cut at 7/u);
    assert.deepEqual([witness?.severity, witness?.href], ['critical', '/integrity#outside']);
    assert.match(
      `${witness?.title} ${witness?.detail}`,
      /witness one has seen another log .*it has cosigned 9 entries/u,
    );
    assert.deepEqual(rest, []);
  });

  test('a missing key is no finding about the log', () => {
    const log = {
      origin: 'o',
      size: 1,
      rootHash: '',
      followedSize: 1,
      verification: {
        verified: true,
        at: '2026-11-22T09:00:00Z',
        wholeAt: null,
        problems: [],
        unverifiable: ['unknown_key at 7: signed by a key that is not known'],
      },
      signingStopped: null,
      contradictions: [],
    };
    assert.deepEqual(findingsIn({ ...calm, log }), []);
  });
});

test('what the API server adds to an object is left out, what people wrote stays', () => {
  const written = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'a', namespace: 'b', labels: { c: 'd' } },
    spec: defaultDeny,
  };
  const kept = {
    ...written,
    metadata: {
      ...written.metadata,
      uid: 'x',
      resourceVersion: '1',
      generation: 2,
      creationTimestamp: '2026-11-01T00:00:00Z',
      managedFields: [{}],
      annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    },
    status: {},
  };
  assert.deepEqual(writtenPart(kept), written);
  assert.deepEqual(writtenPart(['no object of Kubernetes']), ['no object of Kubernetes']);
  assert.equal(writtenPart(undefined), null);
});

test('times of forms are UTC, with or without saying so', () => {
  assert.equal(readTime('2026-11-22T14:00'), '2026-11-22T14:00:00Z');
  assert.equal(readTime('2026-11-22T14:00:05.123456789Z'), '2026-11-22T14:00:05.123456789Z');
  assert.equal(readTime('2026-11-22T14:00:00+02:00'), '2026-11-22T12:00:00.000Z');
  for (const text of ['yesterday', '2026-02-30T10:00', '2026-11-22', '']) assert.equal(readTime(text), null, text);
});

test('thirty days end today and leave none out', () => {
  const days = daysUntil('2026-03-01T00:00:00Z', 30);
  assert.equal(days.length, 30);
  assert.deepEqual([days[0], days.at(-2), days.at(-1)], ['2026-01-31', '2026-02-28', '2026-03-01']);
});

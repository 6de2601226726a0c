import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Problem } from '../../src/errors.js';
import { retentionClassOf } from '../../src/log/entry.js';
import { isKeptKind } from '../../src/log/payload-removals.js';
import { NewHold } from '../../src/retention/holds.js';
import { sampleEntries } from '../log/sample-records.js';
import { monthOf, monthsAgo, openRetentionLog, type RetentionLog } from './retention-log.js';

/** What the log should look like, by the rules as the documentation states them. */
interface Expected {
  readonly entries: {
    index: number;
    retentionClass: string;
    source: string;
    received: string;
    happened: string;
    present: boolean;
    readonly kept: boolean;
  }[];
  readonly rules: Map<string, number | null>;
  readonly holds: { id: string; scope: NewHold['scope'] }[];
  sent: number;
}

type Entry = Expected['entries'][number];

type Step =
  | { do: 'receive'; months: number; count: number }
  | { do: 'rule'; retentionClass: 'flow' | 'record'; keepDays: number | null }
  | { do: 'hold'; by: 'class' | 'source' | 'time' | 'entries'; pick: number }
  | { do: 'release'; pick: number }
  | { do: 'apply'; most: number }
  | { do: 'erase'; pick: number; count: number };

const pick = fc.nat(10_000);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('receive' as const),
      months: fc.nat(5),
      count: fc.integer({ min: 1, max: 60 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('rule' as const),
      retentionClass: fc.constantFrom('flow' as const, 'record' as const),
      keepDays: fc.constantFrom(null, 30, 60, 120),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('hold' as const),
      by: fc.constantFrom('class' as const, 'source' as const, 'time' as const, 'entries' as const),
      pick,
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('release' as const), pick }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('apply' as const), most: fc.integer({ min: 1, max: 80 }) }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('erase' as const), pick, count: fc.integer({ min: 1, max: 12 }) }),
  },
);

test('whatever is received, ruled, held, released, removed and erased: what should be there is, the rest is explained', async (t) => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), async (steps) => {
      const closing: (() => Promise<void>)[] = [];
      try {
        const log = await openRetentionLog({ after: (work) => closing.push(work) });
        const expected: Expected = { entries: [], rules: new Map(), holds: [], sent: 0 };
        for (const taken of [{ do: 'receive', months: 3, count: 80 } satisfies Step, ...steps]) {
          await take(log, expected, taken);
          await assertPayloads(log, expected);
        }
        await log.assertInOrder();
        await log.follow();
        const live = await log.derived();
        assert.deepEqual(await log.rebuilt(), live);
      } finally {
        for (const close of closing.toReversed()) await close();
      }
    }),
    { numRuns: 12, endOnFailure: true },
  );
  t.diagnostic('12 sequences of up to 25 steps');
});

async function take(log: RetentionLog, expected: Expected, taken: Step): Promise<void> {
  const { anna, boris } = log.people;
  switch (taken.do) {
    case 'receive': {
      const received = monthsAgo(taken.months);
      const sent = sampleEntries(expected.sent, expected.sent + taken.count);
      expected.sent += taken.count;
      const indices = await log.receive(received, sent);
      sent.forEach(({ kind, source, occurredAt }, at) => {
        expected.entries.push({
          index: indices[at] ?? -1,
          retentionClass: retentionClassOf(kind),
          source,
          received,
          happened: occurredAt === null ? received : new Date(Number(occurredAt / 1_000_000n)).toISOString(),
          present: true,
          kept: isKeptKind(kind),
        });
      });
      return;
    }
    case 'rule':
      await log.rules.set(anna, taken.retentionClass, { keepDays: taken.keepDays, reason: 'policy 4' });
      expected.rules.set(taken.retentionClass, taken.keepDays);
      return;
    case 'hold': {
      const scope = scopeOf(expected, taken);
      const { id } = await log.holds.place(anna, NewHold.parse({ name: 'Case 12', reason: 'proceedings', scope }));
      expected.holds.push({ id, scope: NewHold.parse({ name: 'Case 12', reason: 'proceedings', scope }).scope });
      return;
    }
    case 'release': {
      const [released] = expected.holds.splice(taken.pick % Math.max(1, expected.holds.length), 1);
      if (released !== undefined) await log.holds.release(boris, released.id, 'settled');
      return;
    }
    case 'apply': {
      const { held } = await log.retention.apply(taken.most);
      assert.deepEqual(
        held.map(({ retentionClass, month }) => `${retentionClass} ${month}`).sort(),
        applyRules(expected).sort(),
      );
      return;
    }
    case 'erase':
      await erase(log, expected, taken.pick, taken.count);
  }
}

function scopeOf({ entries }: Expected, { by, pick: at }: { by: string; pick: number }): object {
  const entry = entries[at % entries.length];
  if (by === 'class') return { retentionClass: at % 2 === 0 ? 'flow' : 'record', source: entry?.source };
  if (by === 'source') return { source: entry?.source };
  if (by === 'time') return { from: monthsAgo(at % 6, 1), to: monthsAgo(at % 6, 28) };
  return { indices: entries.slice(at % entries.length, (at % entries.length) + 5).map(({ index }) => index) };
}

function isHeld({ holds }: Expected, entry: Entry): boolean {
  const within = (time: string, { from, to }: NewHold['scope']): boolean =>
    (from === null || time >= from) && (to === null || time < to);
  return holds.some(
    ({ scope }) =>
      (scope.retentionClass === null || scope.retentionClass === entry.retentionClass) &&
      (scope.source === null || scope.source === entry.source) &&
      (scope.indices === null || scope.indices.includes(entry.index)) &&
      (within(entry.received, scope) || within(entry.happened, scope)),
  );
}

/** Takes the payloads that the rules let go; returns the months that holds keep. */
function applyRules(expected: Expected): string[] {
  const held: string[] = [];
  for (const [retentionClass, keepDays] of expected.rules) {
    if (keepDays === null) continue;
    const months = new Set(expected.entries.map(({ received }) => monthOf(received)));
    for (const month of months) {
      const [year = 0, number = 0] = month.split('-').map(Number);
      if (Date.UTC(year, number, 1) + keepDays * 86_400_000 > Date.now()) continue;
      const due = expected.entries.filter(
        (entry) =>
          entry.retentionClass === retentionClass && monthOf(entry.received) === month && entry.present && !entry.kept,
      );
      if (due.some((entry) => isHeld(expected, entry))) held.push(`${retentionClass} ${month}`);
      else for (const entry of due) entry.present = false;
    }
  }
  return held;
}

async function erase(log: RetentionLog, expected: Expected, at: number, count: number): Promise<void> {
  const start = at % expected.entries.length;
  const named = expected.entries.slice(start, start + count).filter(({ kept }) => !kept);
  const present = named.filter((entry) => entry.present);
  const erasing = log.erase(named.map(({ index }) => index));
  if (named.length === 0 || present.length === 0) {
    await assert.rejects(erasing);
  } else if (present.some((entry) => isHeld(expected, entry))) {
    await assert.rejects(erasing, (error) => error instanceof Problem && /legal hold "Case 12"/.test(error.message));
  } else {
    await erasing;
    for (const entry of present) entry.present = false;
  }
}

async function assertPayloads({ database }: RetentionLog, { entries }: Expected): Promise<void> {
  const rows = await database.query<{ index: string; payload: boolean; salt: boolean }>(
    `SELECT index, payload IS NOT NULL AS payload, salt IS NOT NULL AS salt FROM log_entry WHERE index = ANY ($1::bigint[])
     ORDER BY index`,
    [entries.map(({ index }) => index)],
  );
  assert.deepEqual(
    rows.map(({ index, payload, salt }) => [Number(index), payload, salt]),
    entries.toSorted((a, b) => a.index - b.index).map(({ index, present }) => [index, present, present]),
  );
}

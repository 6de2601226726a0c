import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';

import { normaliseRecord } from '../../src/ingestion/formats/registry.js';
import { counterFrom, counterText } from '../../src/inventory/gaps/counter-text.js';
import { lossNoticeOf } from '../../src/inventory/gaps/loss-notices.js';
import {
  type CounterEvent,
  type CounterState,
  countRecord,
  isBelieved,
  isSparse,
  sequenceOf,
} from '../../src/inventory/gaps/sequence-gaps.js';

function count(numbers: readonly number[]): { state: CounterState | null; events: CounterEvent[] } {
  let state: CounterState | null = null;
  const events: CounterEvent[] = [];
  for (const [index, number] of numbers.entries()) {
    const counted = countRecord(state, { index, sequence: BigInt(number) });
    state = counted.state;
    events.push(counted.event);
  }
  return { state, events };
}

function missing(state: CounterState | null): number[] {
  return (state?.open ?? []).flatMap((gap) =>
    gap.missing.flatMap(({ first, last }) =>
      Array.from({ length: Number(last - first) + 1 }, (_, place) => Number(first) + place),
    ),
  );
}

const kinds = (numbers: readonly number[]) => count(numbers).events.map(({ kind }) => kind);
const someNumbers = fc.uniqueArray(fc.integer({ min: 1, max: 60 }), { minLength: 1 });

describe('missing numbers of a counter', () => {
  test('a jump is a gap with the entries on either side, and closes when the last number has arrived', () => {
    const { events } = count([7, 10, 9, 8]);
    assert.deepEqual(
      events.map(({ kind }) => kind),
      ['started', 'gap_found', 'filled', 'gap_closed'],
    );
    const gap = { first: 8n, last: 9n, evidence: [0, 1] };
    assert.deepEqual(events[1], { kind: 'gap_found', gap: { ...gap, missing: [{ first: 8n, last: 9n }] } });
    assert.deepEqual(events[3], { kind: 'gap_closed', gap: { ...gap, missing: [] } });
  });

  test('a counter that starts again or wraps is no gap', () => {
    assert.deepEqual(kinds([1, 2, 3, 1, 2]), ['started', 'next', 'next', 'restarted', 'next']);
    assert.deepEqual(kinds([2147483646, 2147483647, 1, 2]), ['started', 'next', 'restarted', 'next']);
  });

  test('a repetition says nothing, and late records of the run before do not disturb the new one', () => {
    assert.deepEqual(kinds([1, 2, 3, 2, 4]), ['started', 'next', 'next', 'repeated', 'next']);
    const run = Array.from({ length: 500 }, (_, place) => place + 1);
    const { state, events } = count([...run, 1, 2, 501, 3, 502, 4]);
    assert.equal(events.filter(({ kind }) => kind === 'gap_found').length, 0);
    assert.equal(state?.highest, 4n);
  });

  test('a number that comes again from far behind is no start when the run goes on', () => {
    const run = Array.from({ length: 500 }, (_, place) => place + 1);
    const { state, events } = count([...run, 20, ...run.map((number) => number + 500)]);
    assert.equal(events.filter(({ kind }) => kind === 'gap_found').length, 0);
    assert.equal(state?.highest, 1000n);
  });

  test('a counter of what is not sent is told apart, and its state stays small', () => {
    const { state } = count(Array.from({ length: 2000 }, (_, place) => place * 5));
    assert.ok(state !== null && isSparse(state) && !isBelieved(state));
    assert.ok(state.open.length <= 256);
    const dense = count(Array.from({ length: 2000 }, (_, place) => (place < 1000 ? place : place + 3))).state;
    assert.ok(dense !== null && isBelieved(dense));
  });

  test('a counter is the same after it was stored', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1 }), (numbers) => {
        const { state } = count(numbers);
        assert.ok(state !== null);
        assert.deepEqual(counterFrom(counterText(state)), state);
      }),
    );
  });

  test('in whatever order numbers arrive, exactly those between the ends that did not are missing', () => {
    fc.assert(
      fc.property(someNumbers, (numbers) => {
        const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
        const range = Array.from({ length: high - low + 1 }, (_, place) => low + place);
        const { state, events } = count(numbers);
        assert.deepEqual(
          missing(state),
          range.filter((number) => !numbers.includes(number)),
        );
        const tally = (wanted: string) => events.filter(({ kind }) => kind === wanted).length;
        assert.equal(tally('gap_found') - tally('gap_closed'), state?.open.length);
      }),
    );
  });

  test('late numbers close every gap', () => {
    fc.assert(
      fc.property(someNumbers, (numbers) => {
        const late = missing(count(numbers).state).toReversed();
        assert.deepEqual(count([...numbers, ...late]).state?.open, []);
      }),
    );
  });

  test('only an unsigned integer of 64 bits is a number of a counter', () => {
    assert.equal(sequenceOf('18446744073709551615'), 18446744073709551615n);
    assert.equal(sequenceOf(12), 12n);
    for (const other of ['18446744073709551616', '-1', '1.5', '', ' 1', -1, 1.5, 2 ** 60, null, {}, undefined])
      assert.equal(sequenceOf(other), null);
    fc.assert(fc.property(fc.anything(), (value) => void sequenceOf(value)));
  });
});

describe('a loss notice', () => {
  const noticed = (lost: unknown) => {
    const notice = {
      lost_events: { source: 'PERF_EVENT_RING_BUFFER', num_events_lost: lost },
      time: '2026-03-01T10:00:00Z',
    };
    const read = normaliseRecord(Buffer.from(JSON.stringify(notice)), {}, new Date(0));
    assert.ok(read.ok);
    return lossNoticeOf(5, read.records[0]);
  };

  test('of Hubble is a loss with its count, time and entry', () => {
    assert.deepEqual(noticed('42'), { lost: 42n, start: null, end: '2026-03-01T10:00:00Z', evidence: [5] });
  });

  test('of nothing, or of an unknown number, is none', () => {
    assert.equal(noticed('0'), null);
    assert.equal(noticed('many'), null);
  });

  test('is only a signal', () => {
    assert.equal(
      lossNoticeOf(5, { kind: 'flow', lostCount: '42', interval: null, eventTime: null, flags: ['records_lost'] }),
      null,
    );
  });
});

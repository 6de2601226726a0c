import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';

import { normaliseRecord } from '../../src/ingestion/formats/registry.js';
import { lossNoticeOf } from '../../src/inventory/gaps/loss-notices.js';
import {
  type CounterEvent,
  type CounterState,
  countRecord,
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
    assert.equal(lossNoticeOf(5, { kind: 'flow', lostCount: '42', interval: null, eventTime: null }), null);
  });
});

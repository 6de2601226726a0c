import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatNanoseconds, nanosecondsOf, parseNanoseconds } from '../../src/log/time.js';

const anyNanoseconds = fc.oneof(
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.constantFrom(0n, -1n, 1n, 999_999n, -999_999n, 10n ** 9n, -(10n ** 9n), -(2n ** 63n), 2n ** 63n - 1n),
);

test('every 64-bit time survives being written and read', () => {
  fc.assert(
    fc.property(anyNanoseconds, (nanoseconds) => {
      const text = formatNanoseconds(nanoseconds);
      assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/u);
      assert.equal(parseNanoseconds(text), nanoseconds);
    }),
    { numRuns: 5000 },
  );
});

test('text order is time order', () => {
  fc.assert(
    fc.property(anyNanoseconds, anyNanoseconds, (a, b) => {
      assert.equal(formatNanoseconds(a) < formatNanoseconds(b), a < b);
    }),
    { numRuns: 2000 },
  );
});

test('times are read exactly, with any offset and any number of digits', () => {
  const second = 1_768_478_400_000_000_000n;
  for (const [text, nanoseconds] of [
    ['2026-01-15T12:00:00Z', second],
    ['2026-01-15T12:00:00.1Z', second + 100_000_000n],
    ['2026-01-15T12:00:00.123456789Z', second + 123_456_789n],
    ['2026-01-15T12:00:00.1234567899Z', second + 123_456_789n],
    ['2026-01-15t12:00:00z', second],
    ['2026-01-15 12:00:00Z', second],
    ['2026-01-15T17:30:00+05:30', second],
    ['2026-01-15T04:00:00-0800', second],
    ['2026-01-16T11:59:00+23:59', second],
    ['2026-01-15T12:00:00+00:00', second],
    ['2026-01-15T12:00:00-00:00', second],
    ['1970-01-01T00:00:00Z', 0n],
    ['1969-12-31T23:59:59.999999999Z', -1n],
    ['2024-02-29T00:00:00Z', 1_709_164_800_000_000_000n],
    ['2016-12-31T23:59:60Z', 1_483_228_799_000_000_000n],
    ['2262-04-11T23:47:16.854775807Z', 2n ** 63n - 1n],
    ['1677-09-21T00:12:43.145224192Z', -(2n ** 63n)],
  ] as const) {
    assert.equal(parseNanoseconds(text), nanoseconds, text);
  }
});

test('what is no time, or lies outside 64 bits, is null', () => {
  for (const text of [
    '',
    'yesterday',
    '2026-01-15',
    '2026-01-15T12:00:00',
    '2026-01-15T12:00Z',
    '2026-1-5T12:00:00Z',
    '2026-00-15T12:00:00Z',
    '2026-13-15T12:00:00Z',
    '2026-01-00T12:00:00Z',
    '2026-01-32T12:00:00Z',
    '2026-04-31T12:00:00Z',
    '2026-02-29T12:00:00Z',
    '2026-01-15T24:00:00Z',
    '2026-01-15T12:60:00Z',
    '2026-01-15T12:00:61Z',
    '2026-01-15T12:00:00.Z',
    '2026-01-15T12:00:00+24:00',
    '2026-01-15T12:00:00+01:60',
    '2026-01-15T12:00:00+1',
    '2026-01-15T12:00:00 Z',
    ' 2026-01-15T12:00:00Z',
    '2026-01-15T12:00:00Z\n',
    '+2026-01-15T12:00:00Z',
    '0000-01-01T00:00:00Z',
    '0001-01-01T00:00:00Z',
    '0099-12-31T00:00:00Z',
    '1677-09-21T00:12:43.145224191Z',
    '2262-04-11T23:47:16.854775808Z',
    '9999-12-31T23:59:59Z',
  ]) {
    assert.equal(parseNanoseconds(text), null, JSON.stringify(text));
  }
});

test('a Date is a whole number of milliseconds', () => {
  const date = new Date('2026-11-22T01:02:03.456Z');
  assert.equal(formatNanoseconds(nanosecondsOf(date)), '2026-11-22T01:02:03.456000000Z');
  assert.equal(nanosecondsOf(new Date(-1)), -1_000_000n);
});

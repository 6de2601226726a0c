import { test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';

import { readEpoch, readTime } from '../../../src/ingestion/formats/event-time.js';
import { canonicalAddress } from '../../../src/ingestion/formats/ip-address.js';
import { oneLine } from '../../../src/ingestion/formats/summary.js';

test('times keep the digits they came with and come out in UTC', () => {
  for (const [given, expected] of Object.entries({
    '2026-01-31T23:59:59Z': '2026-01-31T23:59:59Z',
    '2026-01-31T23:59:59.100Z': '2026-01-31T23:59:59.100Z',
    '2026-01-31T23:59:59.123456789Z': '2026-01-31T23:59:59.123456789Z',
    '2026-01-31T23:59:59.1234567891Z': '2026-01-31T23:59:59.123456789Z',
    '2026-01-31t23:59:59.5z': '2026-01-31T23:59:59.5Z',
    '2026-01-31 23:59:59Z': '2026-01-31T23:59:59Z',
    '2026-03-01T00:30:00.000001+01:00': '2026-02-28T23:30:00.000001Z',
    '2026-12-31T23:30:00-00:45': '2027-01-01T00:15:00Z',
    '2024-02-29T00:00:00Z': '2024-02-29T00:00:00Z',
    '2016-12-31T23:59:60.5Z': '2017-01-01T00:00:00.5Z',
    '1970-01-01T00:00:00Z': '1970-01-01T00:00:00Z',
    '2100-04-30T00:00:00Z': '2100-04-30T00:00:00Z',
  })) {
    assert.equal(readTime(given), expected, given);
  }
});

test('what is no time is none', () => {
  for (const bad of [
    '',
    '2026-02-29T00:00:00Z',
    '2026-04-31T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-00-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:61Z',
    '2026-01-01T00:00:00',
    '2026-01-01T00:00:00+2:00',
    '2026-01-01T00:00:00+24:00',
    '2026-01-01',
    '0001-01-01T00:00:00Z',
    '0000-01-01T00:00:00Z',
    '9999-12-31T23:59:59-01:00',
    '2026-01-01T00:00:00Z\n',
    null,
    1,
    {},
  ]) {
    assert.equal(readTime(bad), null, JSON.stringify(bad));
  }
  assert.equal(readEpoch(1_791_190_800, 's'), '2026-10-05T09:00:00Z');
  assert.equal(readEpoch('1791190800.123456789', 's'), '2026-10-05T09:00:00.123456789Z');
  assert.equal(readEpoch('1791190800123456789'), '2026-10-05T09:00:00.123456789Z');
  assert.equal(readEpoch(1_791_190_800_250, 'ms'), '2026-10-05T09:00:00.250Z');
  for (const bad of [Infinity, Number.NaN, -1, 1e18, 'yesterday']) assert.equal(readEpoch(bad, 's'), null);
});

test('every instant comes through as it went in', () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date('0100-01-01T00:00:00Z'), max: new Date('9999-12-31T23:59:59Z'), noInvalidDate: true }),
      fc.integer({ min: -23 * 60, max: 23 * 60 }),
      (date, offset) => {
        const utc = date.toISOString();
        assert.equal(readTime(utc), utc);
        const local = new Date(date.getTime() + offset * 60_000).toISOString();
        if (local.length !== utc.length) return;
        const minutes = String(Math.abs(offset) % 60).padStart(2, '0');
        const hours = String(Math.trunc(Math.abs(offset) / 60)).padStart(2, '0');
        assert.equal(readTime(local.replace('Z', `${offset < 0 ? '-' : '+'}${hours}:${minutes}`)), utc);
      },
    ),
  );
});

test('addresses have one spelling', () => {
  for (const [given, expected] of Object.entries({
    '10.0.0.1': '10.0.0.1',
    '255.255.255.255': '255.255.255.255',
    '::': '::',
    '::1': '::1',
    '2001:DB8:0:0:0:0:0:1': '2001:db8::1',
    'fe80::0001': 'fe80::1',
    '::ffff:10.0.0.1': '10.0.0.1',
    '::FFFF:C000:0201': '192.0.2.1',
    '::fffe:10.0.0.1': '::fffe:a00:1',
  })) {
    assert.equal(canonicalAddress(given), expected);
  }
  for (const bad of [
    '',
    '10.0.0',
    '10.0.0.256',
    '10.0.0.1.',
    '010.0.0.1',
    '1.2.3.4/8',
    ':::',
    'fe80::1%eth0',
    '::1]/x[',
    'localhost',
    '12345::',
  ]) {
    assert.equal(canonicalAddress(bad), null, bad);
  }
  fc.assert(fc.property(fc.ipV4(), (address) => assert.equal(canonicalAddress(address), address)));
  fc.assert(
    fc.property(fc.ipV6(), (address) => {
      const canonical = canonicalAddress(address);
      assert.ok(canonical !== null);
      assert.equal(canonicalAddress(canonical.toUpperCase()), canonical);
    }),
  );
});

test('a summary is one line of at most 300 characters', () => {
  assert.equal(oneLine('a\n\tb\u2028c'), 'a b c');
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 700 }), (text) => {
      const line = oneLine(text);
      assert.ok(line.length <= 300);
      assert.doesNotMatch(line, /[\p{Cc}\p{Cs}\u2028\u2029]/u);
    }),
    { numRuns: 30 },
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { decodeEntryBundle, encodeEntryBundle, EntryBundleError } from '../../src/log/core/entry-bundle.js';
import { encodeLeaf } from '../../src/log/core/leaf.js';
import { formatTileIndex, formatTilePath, parseTilePath } from '../../src/log/core/tile-path.js';
import { hashLeaf } from '../../src/log/core/tree.js';
import { prepareEntry } from '../../src/log/entry.js';
import { uuidText } from '../../src/log/uuid.js';

test('tile indices are written in elements of three digits', () => {
  for (const [index, path] of [
    [0, '000'],
    [1, '001'],
    [999, '999'],
    [1000, 'x001/000'],
    [1001, 'x001/001'],
    [999_999, 'x999/999'],
    [1_000_000, 'x001/x000/000'],
    // The example of the specification.
    [1_234_067, 'x001/x234/067'],
    [123_456_789, 'x123/x456/789'],
    [Number.MAX_SAFE_INTEGER, 'x009/x007/x199/x254/x740/991'],
  ] as const) {
    assert.equal(formatTileIndex(index), path);
    assert.deepEqual(parseTilePath(`0/${path}`), { level: 0, index, width: 256 });
  }
});

test('every tile has one path, and is read back from it', () => {
  const tile = fc.record(
    {
      level: fc.oneof(fc.nat(63), fc.constant('entries' as const)),
      index: fc.oneof(fc.maxSafeNat(), fc.nat(3000)),
      width: fc.integer({ min: 1, max: 256 }),
    },
    { noNullPrototype: true },
  );
  fc.assert(fc.property(tile, (given) => assert.deepEqual(parseTilePath(formatTilePath(given)), given)));
});

test('other spellings are no tile paths', () => {
  for (const path of [
    '',
    '0',
    '0/',
    '0/0',
    '0/00',
    '0/0000',
    '00/000',
    '01/000',
    '64/000',
    '-1/000',
    '0/x000',
    '0/x000/001',
    '0/x001/x000',
    '0/001/000',
    '0/x01/000',
    '0/x001//000',
    '0/000/',
    '/0/000',
    '0/000.p',
    '0/000.p/',
    '0/000.p/0',
    '0/000.p/01',
    '0/000.p/256',
    '0/000.p/1000',
    '0/000.p/1/',
    '0/000.P/1',
    '0/000\n',
    'entries',
    'Entries/000',
    'entries/0',
    'data/000',
    `0/${'x999/'.repeat(6)}999`,
  ]) {
    assert.equal(parseTilePath(path), null, JSON.stringify(path));
  }
});

test('a bundle is lengths and leaf data in turn', () => {
  const bundle = encodeEntryBundle([Buffer.from('abc'), Buffer.alloc(0), Buffer.alloc(258, 7)]);
  assert.equal(bundle.toString('hex'), `000361626300000102${'07'.repeat(258)}`);
  assert.deepEqual(encodeEntryBundle([]), Buffer.alloc(0));
});

test('leaf data of up to 65,535 bytes comes back as it was', () => {
  const leaves = fc.array(
    fc.uint8Array({ maxLength: 700 }).map((bytes) => Buffer.from(bytes)),
    { maxLength: 256 },
  );
  fc.assert(
    fc.property(leaves, (given) => assert.deepEqual(decodeEntryBundle(encodeEntryBundle(given)), given)),
    { numRuns: 50 },
  );
  const longest = Buffer.alloc(65_535, 1);
  assert.deepEqual(decodeEntryBundle(encodeEntryBundle([longest])), [longest]);
  assert.throws(() => encodeEntryBundle([Buffer.alloc(65_536)]), EntryBundleError);
});

test('a bundle that is cut short is refused wherever it is cut within an entry', () => {
  const bundle = encodeEntryBundle([Buffer.from('abc'), Buffer.from('defg')]);
  for (let length = 0; length <= bundle.length; length++) {
    const cut = bundle.subarray(0, length);
    if ([0, 5, 11].includes(length)) assert.equal(decodeEntryBundle(cut).length, [0, 5, 11].indexOf(length));
    else assert.throws(() => decodeEntryBundle(cut), EntryBundleError, `${length} bytes`);
  }
});

test('the longest names that an entry may have make a leaf that fits a bundle', () => {
  const at = new Date(1_790_000_000_000);
  const entry = (kind: string, source: string): Parameters<typeof prepareEntry>[0] => ({
    kind,
    source,
    occurredAt: null,
    payload: Buffer.from('payload'),
  });
  // U+0001 takes six bytes in a JSON string, more than any other character.
  const longest = prepareEntry(entry('k', '\u0001'.repeat(4095)), at);
  const leaf = encodeLeaf({
    v: 1,
    id: uuidText(longest.id),
    kind: longest.kind,
    source: longest.source,
    occurredAt: '2026-09-21T14:13:20.000000000Z',
    receivedAt: '2026-09-21T14:13:20.000Z',
    payloadHash: longest.payloadHash,
  });
  assert.equal(hashLeaf(leaf).toString('hex'), longest.leafHash);
  assert.equal(encodeEntryBundle([leaf]).length, leaf.length + 2);
  assert.throws(() => prepareEntry(entry('k', 'x'.repeat(4096)), at), RangeError);
});

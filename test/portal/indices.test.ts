import fc from 'fast-check';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readIndices } from '../../src/portal/indices.js';

test('entries are read as people write them', () => {
  assert.deepEqual(readIndices('12, 40-42;7\n12'), { indices: [7, 12, 40, 41, 42] });
  assert.deepEqual(readIndices('0'), { indices: [0] });
  for (const wrong of [
    '',
    ' , ',
    '3-1',
    '-4',
    '1.5',
    'all',
    '1-2-3',
    '9999999999999999',
    '0-200000',
    '0-999999999999999',
  ]) {
    assert.ok('problem' in readIndices(wrong), wrong);
  }
});

test('whatever was typed, what is read is ascending, without repetition, or a problem', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom('1', '2', '0', '-', ',', ' ') }));
  fc.assert(
    fc.property(text, (typed) => {
      const read = readIndices(typed);
      if ('problem' in read) return;
      read.indices.forEach((index, at) => assert.ok(at === 0 || index > (read.indices[at - 1] ?? -1)));
    }),
  );
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  appendLeaves,
  assertTreeState,
  decodePartial,
  emptyTree,
  encodePartial,
  foldComplete,
  rootOf,
  TreeStateError,
  type Tile,
  type TreeState,
} from '../../src/log/core/tiles.js';
import { numberedLeafHashes, ReferenceTree } from './reference-tree.js';

const many = 3 * 65_536 + 700;
const leafHashes = numberedLeafHashes(many);
const allBytes = Buffer.concat(leafHashes);
const leaves = (begin: number, end: number): Buffer => allBytes.subarray(begin * 32, end * 32);

function appended(sizes: Iterable<number>): { state: TreeState; full: Tile[] } {
  let state = emptyTree;
  const full: Tile[] = [];
  for (const size of sizes) {
    const step = appendLeaves(state, leaves(state.size, state.size + size));
    assertTreeState(step.state);
    state = step.state;
    full.push(...step.full);
  }
  return { state, full };
}

const byPlace = (a: Tile, b: Tile): number => a.level - b.level || a.index - b.index;

test('the batches in which leaves come make no difference', () => {
  const batches = fc.array(fc.oneof(fc.constantFrom(0, 1, 2, 255, 256, 257, 512), fc.nat(900)), { maxLength: 12 });
  fc.assert(
    fc.property(batches, (sizes) => {
      const total = sizes.reduce((sum, size) => sum + size, 0);
      const inBatches = appended(sizes);
      const atOnce = appended([total]);
      assert.deepEqual(inBatches.state, atOnce.state);
      assert.deepEqual(inBatches.full.toSorted(byPlace), atOnce.full.toSorted(byPlace));
      assert.deepEqual(rootOf(inBatches.state), rootOf(atOnce.state));
    }),
    { numRuns: 150 },
  );
});

test('three levels of tiles come out the same in one batch and in many', () => {
  const atOnce = appended([many]);
  const inBatches = appended([65_535, 1, 1, 65_534, 300, 65_237, 700]);
  assert.deepEqual(inBatches.state, atOnce.state);
  assert.deepEqual(inBatches.full.toSorted(byPlace), atOnce.full.toSorted(byPlace));
  assert.equal(atOnce.full.filter((tile) => tile.level === 0).length, Math.floor(many / 256));
  assert.equal(atOnce.full.filter((tile) => tile.level === 1).length, 3);
  assert.equal(atOnce.state.partial[2]?.length, 3 * 32);
});

test('a tile at level L holds the roots of complete subtrees of 256^L entries', () => {
  const { full, state } = appended([many]);
  const reference = new ReferenceTree(leafHashes);
  for (const { level, index, hashes } of full) {
    const width = 256 ** level;
    for (const at of [0, 1, 100, 255]) {
      const begin = (index * 256 + at) * width;
      assert.deepEqual(hashes.subarray(at * 32, at * 32 + 32), reference.hash(begin, begin + width));
    }
  }
  assert.deepEqual(state.partial[1]?.subarray(0, 32), reference.hash(3 * 65_536, 3 * 65_536 + 256));
});

test('appending changes neither the state given nor anything when the batch is written over', () => {
  const reference = new ReferenceTree(leafHashes);
  for (const [begin, end] of [
    [0, 100],
    [256, 400],
    [300, 700],
  ] as const) {
    const given = appended([begin]).state;
    const before = encodePartial(given.partial);
    const batch = Buffer.from(leaves(begin, end));
    const { state } = appendLeaves(given, batch);
    const grown = encodePartial(state.partial);
    batch.fill(0);
    assert.deepEqual(encodePartial(state.partial), grown);
    assert.deepEqual(rootOf(state), reference.root(end));
    assert.deepEqual(encodePartial(given.partial), before);
    assert.deepEqual(rootOf(given), reference.root(begin));
    assert.equal(given.size, begin);
  }
});

test('no leaves, no change', () => {
  const given = appended([300]).state;
  const { state, full } = appendLeaves(given, Buffer.alloc(0));
  assert.deepEqual(state, given);
  assert.deepEqual(full, []);
  assert.throws(() => appendLeaves(given, Buffer.alloc(33)), TreeStateError);
});

test('unfinished tiles survive being stored', () => {
  for (const size of [0, 1, 255, 256, 257, 511, 65_535, 65_536, 65_537, many]) {
    const { state } = appended([size]);
    const partial = decodePartial(encodePartial(state.partial));
    assert.deepEqual(partial, state.partial);
    assertTreeState({ size, partial });
    assert.deepEqual(rootOf({ size, partial }), rootOf(state));
  }
});

test('stored tiles that are cut short, or do not fit the size, are refused', () => {
  const { state } = appended([700]);
  const bytes = encodePartial(state.partial);
  for (let length = 1; length < bytes.length; length++) {
    const cut = bytes.subarray(0, length);
    assert.throws(() => assertTreeState({ size: 700, partial: decodePartial(cut) }), TreeStateError, `${length} bytes`);
  }
  for (const size of [0, 1, 699, 701, 700 + 256, 700 - 256, 700 + 65_536]) {
    assert.throws(() => assertTreeState({ ...state, size }), TreeStateError, `size ${size}`);
  }
  const further = [...state.partial, Buffer.alloc(32)];
  assert.throws(() => assertTreeState({ size: 700, partial: further }), TreeStateError);
});

test('folding a complete subtree gives its root', () => {
  const reference = new ReferenceTree(leafHashes);
  for (const width of [1, 2, 4, 128, 256]) {
    assert.deepEqual(foldComplete(leaves(0, width)), reference.root(width));
  }
});

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  consistencyProof,
  consistencyRanges,
  hashRange,
  inclusionProof,
  inclusionRanges,
  type LeafRange,
  ProofError,
  verifyConsistency,
  verifyInclusion,
} from '../../src/log/core/proof.js';
import { emptyRoot } from '../../src/log/core/tree.js';
import { numberedLeafHashes, ReferenceTree } from './reference-tree.js';
import { TreeInMemory } from './tree-in-memory.js';
import { wrongConsistencies, wrongInclusions } from './wrong-proofs.js';

const exhaustive = 256;
const leafHashes = numberedLeafHashes(exhaustive + 1);
const reference = new ReferenceTree(leafHashes);
const noHash = Buffer.alloc(32);

test(`root of every size up to ${exhaustive} is that of the recursive definition`, () => {
  const tree = new TreeInMemory();
  assert.deepEqual(tree.root, emptyRoot);
  leafHashes.forEach((hash, index) => {
    tree.append([hash]);
    assert.deepEqual(tree.root, reference.root(index + 1), `size ${index + 1}`);
  });
});

test(`inclusion proofs of every entry in every size up to ${exhaustive} are those of the definition, and verify`, () => {
  const tree = new TreeInMemory();
  const hash = hashedOnce(tree);
  for (let size = 1; size <= exhaustive; size++) {
    tree.append(leafHashes.slice(size - 1, size));
    const root = reference.root(size);
    for (let index = 0; index < size; index++) {
      const proof = inclusionRanges(index, size).map(hash);
      const wanted = reference.path(index, size);
      if (!sameHashes(proof, wanted)) assert.deepEqual(proof, wanted, `entry ${index} of ${size}`);
      verifyInclusion({ index, size, leafHash: leafHashes[index] ?? noHash, proof, root });
    }
  }
});

test(`consistency proofs between all sizes up to ${exhaustive} are those of the definition, and verify`, () => {
  const tree = new TreeInMemory();
  const hash = hashedOnce(tree);
  for (let second = 1; second <= exhaustive; second++) {
    tree.append(leafHashes.slice(second - 1, second));
    const secondRoot = reference.root(second);
    for (let first = 1; first <= second; first++) {
      const proof = consistencyRanges(first, second).map(hash);
      const wanted = reference.proof(first, second);
      if (!sameHashes(proof, wanted)) assert.deepEqual(proof, wanted, `${first} in ${second}`);
      verifyConsistency({ first, second, firstRoot: reference.root(first), secondRoot, proof });
    }
    verifyConsistency({ first: 0, second, firstRoot: emptyRoot, secondRoot, proof: [] });
  }
});

test('proofs for older sizes can be made from a tree that has grown since', () => {
  const tree = new TreeInMemory();
  const hashes = numberedLeafHashes(1000);
  const all = new ReferenceTree(hashes);
  tree.append(hashes);
  for (const size of [1, 2, 255, 256, 257, 300, 511, 512, 513, 767, 768, 999, 1000]) {
    for (const index of [0, 1, 254, 255, 256, 511, 512, size - 1].filter((at) => at < size)) {
      assert.deepEqual(inclusionProof(index, size, tree.read), all.path(index, size));
      assert.deepEqual(consistencyProof(index + 1, size, tree.read), all.proof(index + 1, size));
    }
  }
});

test('every simple change makes an inclusion proof wrong, in all trees up to 40 entries', () => {
  let refused = 0;
  for (let size = 1; size <= 40; size++) {
    for (let index = 0; index < size; index++) {
      const proof = reference.path(index, size);
      const right = { index, size, leafHash: leafHashes[index] ?? noHash, proof, root: reference.root(size) };
      verifyInclusion(right);
      for (const { how, claim } of wrongInclusions(right)) {
        assert.throws(() => verifyInclusion(claim), ProofError, `entry ${index} of ${size}: ${how}`);
        refused++;
      }
    }
  }
  assert.ok(refused > 20_000, `only ${refused} wrong proofs were tried`);
});

test('every simple change makes a consistency proof wrong, in all trees up to 40 entries', () => {
  let refused = 0;
  for (let second = 2; second <= 40; second++) {
    for (let first = 1; first < second; first++) {
      const proof = reference.proof(first, second);
      const right = { first, second, firstRoot: reference.root(first), secondRoot: reference.root(second), proof };
      verifyConsistency(right);
      for (const { how, claim } of wrongConsistencies(right)) {
        assert.throws(() => verifyConsistency(claim), ProofError, `${first} in ${second}: ${how}`);
        refused++;
      }
    }
  }
  assert.ok(refused > 20_000, `only ${refused} wrong proofs were tried`);
});

test('a proof does not serve another checkpoint of the same log', () => {
  for (let size = 2; size <= 40; size++) {
    for (let other = 1; other <= 40; other++) {
      if (other === size) continue;
      const index = Math.min(size, other) - 1;
      const leafHash = leafHashes[index] ?? noHash;
      const proof = reference.path(index, size);
      const claim = { index, size: other, leafHash, proof, root: reference.root(other) };
      assert.throws(() => verifyInclusion(claim), ProofError, `${index} of ${size} shown for ${other}`);
    }
  }
});

test('consistency of a tree with itself and with the empty tree', () => {
  const root = reference.root(5);
  verifyConsistency({ first: 5, second: 5, firstRoot: root, secondRoot: root, proof: [] });
  verifyConsistency({ first: 0, second: 0, firstRoot: emptyRoot, secondRoot: emptyRoot, proof: [] });
  for (const claim of [
    { first: 5, second: 5, firstRoot: root, secondRoot: reference.root(6), proof: [] },
    { first: 5, second: 5, firstRoot: root, secondRoot: root, proof: [noHash] },
    { first: 0, second: 5, firstRoot: root, secondRoot: root, proof: [] },
    { first: 0, second: 5, firstRoot: emptyRoot, secondRoot: root, proof: [noHash] },
    { first: 0, second: 0, firstRoot: emptyRoot, secondRoot: root, proof: [] },
    { first: 4, second: 8, firstRoot: reference.root(4), secondRoot: reference.root(8), proof: [] },
  ]) {
    assert.throws(() => verifyConsistency(claim), ProofError);
  }
});

test('whatever an attacker sends is refused with a ProofError', () => {
  const hash = fc.uint8Array({ maxLength: 40 });
  const size = fc.oneof(fc.integer(), fc.double(), fc.constantFrom(Number.NaN, 2 ** 53, Number.MAX_SAFE_INTEGER));
  const hashes = fc.array(hash, { maxLength: 70 });
  fc.assert(
    fc.property(size, size, hash, hashes, hash, (a, b, leafHash, proof, root) => {
      refusedOrNothing(() => verifyInclusion({ index: a, size: b, leafHash, proof, root }));
      refusedOrNothing(() => verifyConsistency({ first: a, second: b, firstRoot: leafHash, secondRoot: root, proof }));
    }),
    { numRuns: 3000 },
  );
});

test('the largest sizes that a checkpoint can have are handled exactly', () => {
  const size = Number.MAX_SAFE_INTEGER;
  assert.equal(inclusionRanges(size - 1, size).length, 52);
  assert.equal(inclusionRanges(0, size).length, 53);
  assert.deepEqual(consistencyRanges(2 ** 52, size), inclusionRanges(0, size).slice(-1));
  const proof = Array.from({ length: 53 }, () => noHash);
  assert.throws(() => verifyInclusion({ index: 0, size, leafHash: noHash, proof, root: noHash }), /another root/);
  assert.throws(
    () => verifyInclusion({ index: 0, size, leafHash: noHash, proof: proof.slice(1), root: noHash }),
    /shorter/,
  );
});

test('a proof cannot be made for what the tree does not hold', () => {
  const tree = new TreeInMemory();
  tree.append(leafHashes.slice(0, 10));
  for (const [index, size] of [
    [10, 10],
    [-1, 10],
    [0, 0],
    [Number.NaN, 10],
  ] as const) {
    assert.throws(() => inclusionProof(index, size, tree.read), ProofError);
  }
  for (const [first, second] of [
    [0, 10],
    [11, 10],
    [-1, 10],
  ] as const) {
    assert.throws(() => consistencyProof(first, second, tree.read), ProofError);
  }
  assert.throws(() => inclusionProof(0, 11, tree.read), /missing or shorter/);
  assert.throws(() => hashRange({ begin: 3, end: 3 }, tree.read), ProofError);
  assert.throws(() => inclusionProof(0, 10, () => undefined), /missing or shorter/);
});

/** A proof is made of the hashes of ranges; each is the same in all proofs, so it is made once, when it first occurs. */
function hashedOnce(tree: TreeInMemory): (range: LeafRange) => Buffer {
  const known = new Map<string, Buffer>();
  return (range) => {
    const name = `${range.begin}-${range.end}`;
    const hash = known.get(name) ?? hashRange(range, tree.read);
    known.set(name, hash);
    return hash;
  };
}

function refusedOrNothing(verify: () => void): void {
  try {
    verify();
  } catch (error) {
    assert.ok(error instanceof ProofError, String(error));
  }
}

function sameHashes(a: readonly Buffer[], b: readonly Buffer[]): boolean {
  return a.length === b.length && a.every((hash, at) => b[at]?.equals(hash));
}

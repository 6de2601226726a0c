import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  consistencyProof,
  inclusionProof,
  ProofError,
  verifyConsistency,
  verifyInclusion,
} from '../../src/log/core/proof.js';
import { numberedLeafHashes, ReferenceTree } from './reference-tree.js';
import { TreeInMemory } from './tree-in-memory.js';
import { wrongConsistencies, wrongInclusions } from './wrong-proofs.js';

const size = 70_000;
const leafHashes = numberedLeafHashes(size);
const reference = new ReferenceTree(leafHashes);

/** Sizes at which a tile of the first, second or third level becomes full, and their neighbours. */
const boundaries = [1, 2, 3, 255, 256, 257, 511, 512, 513, 65_279, 65_280, 65_281, 65_535, 65_536, 65_537, size];

const anySize = fc.oneof(fc.constantFrom(...boundaries), fc.integer({ min: 1, max: size }));
const twoSizes = fc.tuple(anySize, anySize).map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
const entryAndSize = anySize.chain((of) =>
  fc.tuple(
    fc.oneof(fc.nat(of - 1), fc.constantFrom(...[0, 255, 256, of - 1].filter((at) => at < of))),
    fc.constant(of),
  ),
);

const tree = new TreeInMemory();

test('roots while the tree grows over the edges of tiles', () => {
  for (const end of boundaries) {
    tree.append(leafHashes.slice(tree.state.size, end));
    assert.deepEqual(tree.root, reference.root(end), `size ${end}`);
  }
});

test('inclusion proofs of any entry in any size', () => {
  fc.assert(
    fc.property(entryAndSize, ([index, of]) => {
      const proof = inclusionProof(index, of, tree.read);
      assert.deepEqual(proof, reference.path(index, of));
      const right = {
        index,
        size: of,
        leafHash: leafHashes[index] ?? Buffer.alloc(0),
        proof,
        root: reference.root(of),
      };
      verifyInclusion(right);
      for (const { how, claim } of wrongInclusions(right)) {
        assert.throws(() => verifyInclusion(claim), ProofError, how);
      }
    }),
    { numRuns: 300 },
  );
});

test('consistency proofs between any two sizes', () => {
  fc.assert(
    fc.property(twoSizes, ([first, second]) => {
      const proof = consistencyProof(first, second, tree.read);
      assert.deepEqual(proof, reference.proof(first, second));
      const right = { first, second, firstRoot: reference.root(first), secondRoot: reference.root(second), proof };
      verifyConsistency(right);
      if (first === second) return;
      for (const { how, claim } of wrongConsistencies(right)) {
        assert.throws(() => verifyConsistency(claim), ProofError, how);
      }
    }),
    { numRuns: 300 },
  );
});

test('a proof for one tree does not serve another with one entry changed', () => {
  fc.assert(
    fc.property(twoSizes, fc.nat(), ([first, second], at) => {
      const changed = leafHashes.slice(0, first);
      changed[at % first] = Buffer.alloc(32, 7);
      const firstRoot = new ReferenceTree(changed).root(first);
      const proof = reference.proof(first, second);
      const claim = { first, second, firstRoot, secondRoot: reference.root(second), proof };
      assert.throws(() => verifyConsistency(claim), ProofError);
    }),
    { numRuns: 8 },
  );
});

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { emptyBits, hasBit, setBit } from '../../src/policies/simulation/bitset.js';
import { Connectivity } from '../../src/policies/simulation/connectivity.js';
import { compile } from '../../src/policies/simulation/evaluate.js';
import {
  adjacencyOf,
  blastRadius,
  closureOf,
  componentsOf,
  type Adjacency,
} from '../../src/policies/simulation/reach.js';
import { networkPolicy, topology } from './clusters.js';
import { imported } from './imported.js';

const graph: fc.Arbitrary<Adjacency> = fc.integer({ min: 1, max: 70 }).chain((size) =>
  fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: size * 2 }).map((edges) => {
    const sets = Array.from({ length: size }, () => emptyBits(size));
    for (const [from, to] of edges) if (from !== to) setBit(sets[from] ?? emptyBits(size), to);
    return sets;
  }),
);

/** Breadth first from every node: slow, and plain to see. */
function reachable(sets: Adjacency, start: number): Set<number> {
  const found = new Set<number>();
  const waiting = [start];
  for (let node = waiting.pop(); node !== undefined; node = waiting.pop())
    for (let next = 0; next < sets.length; next++)
      if (hasBit(sets[node] ?? emptyBits(0), next) && !found.has(next)) {
        found.add(next);
        waiting.push(next);
      }
  return found;
}

describe('reach', () => {
  test('the closure holds what a walk over the edges finds', () => {
    fc.assert(
      fc.property(graph, (sets) => {
        const closure = closureOf(sets);
        for (let node = 0; node < sets.length; node++) {
          const walked = reachable(sets, node);
          for (let other = 0; other < sets.length; other++)
            assert.equal(hasBit(closure[node] ?? emptyBits(0), other), walked.has(other), `${node} to ${other}`);
        }
      }),
    );
  });

  test('components are what reaches each other, numbered against the edges', () => {
    fc.assert(
      fc.property(graph, (sets) => {
        const { of } = componentsOf(sets);
        const reached = sets.map((_, node) => reachable(sets, node));
        for (let a = 0; a < sets.length; a++)
          for (let b = 0; b < sets.length; b++) {
            const together = a === b || (reached[a]?.has(b) === true && reached[b]?.has(a) === true);
            assert.equal(of[a] === of[b], together);
            if (hasBit(sets[a] ?? emptyBits(0), b)) assert.ok((of[a] ?? 0) >= (of[b] ?? 0));
          }
      }),
    );
  });

  test('the edges are the pairs with an open connection, and a workload does not count itself', () => {
    fc.assert(
      fc.property(topology, fc.array(networkPolicy, { maxLength: 4 }), (pods, raw) => {
        const map = new Connectivity(compile(pods, raw.map(imported), { ipBlockMatchesPods: false }));
        const edges = adjacencyOf(map);
        const { direct, transitive, transitiveSpread } = blastRadius(edges);
        for (const [source] of pods.pods.entries()) {
          const open = pods.pods.filter(
            (_, target) => target !== source && map.between(source, target) !== map.sets.none,
          );
          assert.equal(direct[source], open.length);
          const walked = reachable(edges, source);
          walked.delete(source);
          assert.equal(transitive[source], walked.size);
        }
        assert.equal(transitiveSpread.max, Math.max(...transitive));
      }),
      { numRuns: 60 },
    );
  });

  test('a long chain needs no recursion', () => {
    const size = 20_000;
    const chain = Array.from({ length: size }, (_, node) => {
      const bits = new Uint32Array(Math.ceil(size / 32));
      if (node + 1 < size) setBit(bits, node + 1);
      return bits;
    });
    assert.equal(componentsOf(chain).count, size);
  });
});

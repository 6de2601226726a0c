/**
 * Edits of raw objects that know nothing of their meaning: whatever an edit does, objects with one digest must have one
 * set of verdicts. Lists whose order has no meaning are turned around, which must not change the digest.
 */

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { importPolicies } from '../../src/policies/import.js';
import { objectDigest } from '../../src/policies/object-digest.js';
import { compile, type Topology } from '../../src/policies/simulation/evaluate.js';
import { calicoPolicies } from './calico/arbitrary.js';
import { policyObject } from './calico/objects.js';
import { ciliumObject, ciliumPolicies } from './cilium/arbitrary.js';
import { topology } from './clusters.js';
import { engineSays, questions } from './questions.js';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

/** Every place in a value that has an object or a list for a parent. */
function places(value: Json, into: { parent: Json[] | Record<string, Json>; key: string | number }[] = []) {
  if (Array.isArray(value))
    for (const [key, item] of value.entries()) {
      into.push({ parent: value, key });
      places(item, into);
    }
  else if (typeof value === 'object' && value !== null)
    for (const [key, item] of Object.entries(value)) {
      into.push({ parent: value, key });
      places(item, into);
    }
  return into;
}

/** A copy with the member at one place taken out, doubled or moved to the front of its list. */
function edited(object: object, at: number, edit: 'remove' | 'double' | 'move'): object {
  const copy = JSON.parse(JSON.stringify(object)) as { spec: Json };
  const all = places(copy.spec);
  const { parent, key } = all[at % Math.max(all.length, 1)] ?? {};
  if (Array.isArray(parent) && typeof key === 'number') {
    const [item = null] = parent.splice(key, 1);
    if (edit === 'double') parent.splice(key, 0, item, item);
    if (edit === 'move') parent.unshift(item);
  } else if (parent !== undefined && !Array.isArray(parent) && edit === 'remove')
    Reflect.deleteProperty(parent, String(key));
  return copy;
}

function verdicts(pods: Topology, object: object): string | null {
  const { policies, problems } = importPolicies([object]);
  if (problems.length > 0) return null;
  const engine = compile(pods, policies, { ipBlockMatchesPods: true });
  return JSON.stringify(questions(pods).map((question) => engineSays(engine, question)));
}

const unordered = new Set([
  'nets',
  'notNets',
  'ports',
  'notPorts',
  'types',
  'values',
  'fromCIDR',
  'toCIDR',
  'fromCIDRSet',
]);

/** A copy with every list whose order means nothing turned around. */
function turned(value: Json, name = ''): Json {
  if (Array.isArray(value)) {
    const items = value.map((item) => turned(item));
    return unordered.has(name) || name.endsWith('Endpoints') || name.endsWith('Entities') ? items.reverse() : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .map(([key, item]): [string, Json] => [key, turned(item, key)])
      .reverse(),
  );
}

const kinds = {
  Calico: calicoPolicies
    .filter((list) => list.length > 0)
    .map(([policy]) => (policy === undefined ? {} : policyObject(policy))),
  Cilium: ciliumPolicies
    .filter((list) => list.length > 0)
    .map(([policy]) => (policy === undefined ? {} : ciliumObject(policy))),
};

for (const [kind, objects] of Object.entries(kinds))
  describe(`digests of ${kind} policies`, () => {
    test('an edit that keeps the digest keeps every verdict', () => {
      fc.assert(
        fc.property(
          topology,
          objects,
          fc.nat(),
          fc.constantFrom('remove', 'double', 'move'),
          (pods, object, at, edit) => {
            const other = edited(object, at, edit);
            if (objectDigest(other) !== objectDigest(object)) return;
            const after = verdicts(pods, other);
            if (after !== null) assert.equal(after, verdicts(pods, object));
          },
        ),
        { numRuns: 400 },
      );
    });

    test('the order of members, and of lists where it means nothing, does not count', () => {
      fc.assert(
        fc.property(objects, (object) => {
          assert.equal(objectDigest(turned(JSON.parse(JSON.stringify(object)) as Json)), objectDigest(object));
        }),
        { numRuns: 300 },
      );
    });
  });

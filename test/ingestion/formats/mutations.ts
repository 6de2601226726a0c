import fc from 'fast-check';

import { formats, normaliseRecord } from '../../../src/ingestion/formats/registry.js';
import { assertIdentified, assertSchema } from './fixtures.js';

/** JSON as it may come off the wire: any characters, any depth, hostile names. */
const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'length', 'flow', 'auditID', 'kind', 'items'),
);
export const anyJson = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, false, '', 0, -1, 1e308, 2 ** 53, '2026-10-05T09:00:00Z', '10.0.0.1', 'Event'),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(names, tie('value'), { maxKeys: 4 }),
  ),
})).value;

/** Any of the records with up to four of its members replaced by anything. */
export function mutated(records: readonly unknown[]): fc.Arbitrary<unknown> {
  return fc
    .tuple(fc.constantFrom(...records), fc.array(fc.tuple(fc.nat(), anyJson), { minLength: 1, maxLength: 4 }))
    .map(([record, changes]) =>
      changes.reduce((value: unknown, [at, replacement]) => mutate(value, at, replacement), record),
    );
}

/** Records changed at random are read or refused, in the schema, and twice the same; no change makes an adapter throw. */
export function assertSurvivesMutation(records: readonly unknown[], numRuns = 300): void {
  const receivedAt = new Date('2026-11-01T00:00:00Z');
  fc.assert(
    fc.property(mutated(records), (value) => {
      const raw = Buffer.from(typeof value === 'string' ? value : (JSON.stringify(value) ?? 'null'));
      const result = normaliseRecord(raw, {}, receivedAt);
      assertSchema(result);
      assertIdentified(raw, {}, receivedAt, result);
      for (const { name } of formats) normaliseRecord(raw, { format: name }, receivedAt);
    }),
    { numRuns },
  );
}

/** A copy of `value` in which the `at`-th of its members, counted through all levels, is replaced. */
function mutate(value: unknown, at: number, replacement: unknown): unknown {
  const total = countMembers(value);
  let left = total === 0 ? 0 : at % total;
  const walk = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    const step = (item: unknown): unknown => (left-- === 0 ? replacement : walk(item));
    if (Array.isArray(node)) return node.map(step);
    return Object.fromEntries(Object.entries(node).map(([key, item]) => [key, step(item)]));
  };
  return walk(value);
}

function countMembers(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  return Object.values(value).reduce((sum: number, item: unknown) => sum + 1 + countMembers(item), 0);
}

import type { Estate } from './estate.js';
import type { Policy } from './model.js';
import { members as numbersIn } from './simulation/bitset.js';
import { compile } from './simulation/evaluate.js';

/** Keys of the workloads that each policy in force selects; staged policies are not in force. */
export function subjectsOf({ topology, policies }: Estate): ReadonlyMap<Policy, readonly string[]> {
  const engine = compile(topology, policies, { ipBlockMatchesPods: false });
  return new Map(
    policies
      .filter(({ staged }) => staged === null)
      .map((policy) => [
        policy,
        numbersIn(engine.compiled(policy).subject).flatMap((number) => topology.pods[number]?.key ?? []),
      ]),
  );
}

/** Policies in force that select any workload of these keys. */
export function policiesSelecting(
  subjects: ReadonlyMap<Policy, readonly string[]>,
  keys: ReadonlySet<string>,
): readonly Policy[] {
  return [...subjects].filter(([, selected]) => selected.some((key) => keys.has(key))).map(([policy]) => policy);
}

/** Namespaced policies in force that select workloads of these keys and no others. */
export function policiesOnlyOf(estate: Estate, keys: ReadonlySet<string>): readonly Policy[] {
  return [...subjectsOf(estate)]
    .filter(
      ([{ id }, selected]) => id.namespace !== null && selected.length > 0 && selected.every((key) => keys.has(key)),
    )
    .map(([policy]) => policy);
}

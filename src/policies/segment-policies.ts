import type { Estate } from './estate.js';
import type { Policy } from './model.js';
import { members as numbersIn } from './simulation/bitset.js';
import { compile } from './simulation/evaluate.js';

/** Namespaced policies in force that select workloads of these keys and no others. */
export function policiesOnlyOf({ topology, policies }: Estate, keys: ReadonlySet<string>): readonly Policy[] {
  const engine = compile(topology, policies, { ipBlockMatchesPods: false });
  return policies.filter((policy) => {
    if (policy.staged !== null || policy.id.namespace === null) return false;
    const selected = numbersIn(engine.compiled(policy).subject)
      .filter((number) => number < engine.podCount)
      .map((number) => topology.pods[number]?.key ?? '');
    return selected.length > 0 && selected.every((key) => keys.has(key));
  });
}

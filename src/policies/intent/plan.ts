/** What an intent asks to be enforced where: the tiers that are isolated, and what each may do. */

import type { Direction, PolicyProblem } from '../model.js';
import type { Intent, IntentRule, IntentTier } from './schema.js';

/** A tier a policy can be written for. */
export type SubjectTier = Extract<IntentTier, { namespaces: string[] }>;

/** One rule at one tier: the tiers on the far side, and the rule as the intent has it. */
export interface PlannedRule {
  readonly peers: readonly IntentTier[];
  readonly rule: IntentRule;
}

/** What is enforced at a tier; a direction that is `null` is left alone. */
export interface PlannedTier {
  readonly name: string;
  readonly tier: SubjectTier;
  readonly ingress: readonly PlannedRule[] | null;
  readonly egress: readonly PlannedRule[] | null;
}

export type Plan =
  | { readonly ok: true; readonly tiers: readonly PlannedTier[] }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

function isSubject(tier: IntentTier | undefined): tier is SubjectTier {
  return tier !== undefined && 'namespaces' in tier;
}

/** The last moment something holds; a day holds to its end in UTC. */
function until(moment: string): number {
  return Date.parse(moment.length === 'yyyy-mm-dd'.length ? `${moment}T23:59:59.999Z` : moment);
}

function problemsOf({ spec: { tiers, rules, enforce } }: Intent): PolicyProblem[] {
  const problems: PolicyProblem[] = [];
  const named = new Map(Object.entries(tiers));
  for (const [at, rule] of rules.entries()) {
    const path = `spec.rules[${at}]`;
    for (const side of ['from', 'to'] as const)
      for (const name of rule[side])
        if (!named.has(name)) problems.push({ path: `${path}.${side}`, message: `no tier is called ${name}` });
    for (const from of rule.from)
      for (const to of rule.to) {
        const [source, destination] = [named.get(from), named.get(to)];
        if (source === undefined || destination === undefined) continue;
        const somewhere =
          (enforce.includes('ingress') && isSubject(destination)) || (enforce.includes('egress') && isSubject(source));
        if (!somewhere)
          problems.push({
            path,
            message: `from ${from} to ${to} is enforced nowhere: expected to be a tier of namespaces and ingress enforced, or from to be one and egress enforced`,
          });
      }
  }
  return problems;
}

/**
 * Plans an intent as it stands at an instant (ISO 8601; without one, as if nothing expired). A rule that has expired
 * allows nothing, but the tiers it was enforced at stay isolated.
 */
export function planIntent(intent: Intent, at?: string): Plan {
  const problems = problemsOf(intent);
  if (problems.length > 0) return { ok: false, problems };
  const { tiers, rules, enforce, expires } = intent.spec;
  const named = new Map(Object.entries(tiers));
  const now = at === undefined ? -Infinity : Date.parse(at);
  const holds = (rule: IntentRule) => [expires, rule.expires].every((end) => end === undefined || until(end) >= now);
  const planned = [...named].flatMap(([name, tier]): PlannedTier[] => {
    if (!isSubject(tier)) return [];
    const half = (direction: Direction): readonly PlannedRule[] | null => {
      const [near, far] = direction === 'ingress' ? (['to', 'from'] as const) : (['from', 'to'] as const);
      const here = rules.filter((rule) => rule[near].includes(name));
      if (!enforce.includes(direction) || (here.length === 0 && tier.isolate !== true)) return null;
      return here.filter(holds).map((rule) => ({
        peers: rule[far].map((peer) => named.get(peer)).filter((peer) => peer !== undefined),
        rule,
      }));
    };
    const [ingress, egress] = [half('ingress'), half('egress')];
    return ingress === null && egress === null ? [] : [{ name, tier, ingress, egress }];
  });
  return { ok: true, tiers: planned };
}

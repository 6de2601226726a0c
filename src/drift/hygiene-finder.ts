import { createHash } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import type { Finder } from '../findings/finder.js';
import type { Cause } from '../findings/finding.js';
import { Segments } from '../inventory/segments.js';
import { PolicyEstates, type Estate, type ObjectInForce } from '../policies/estate.js';
import { importPolicies } from '../policies/import.js';
import { policyIdText } from '../policies/model.js';
import type { SideVerdict } from '../policies/simulation/evaluate.js';
import { policyKeyText } from '../policies/policy-key.js';
import { PolicyRegister } from '../policies/register/register.js';
import { Analysis } from './analysis.js';
import {
  hygieneFindings,
  knowable,
  labelsMissing,
  ruleKey,
  unattended,
  unusedDays,
  unusedRules,
  type RuleUse,
} from './hygiene.js';
import { ObservedEdges, type Connection } from './observed-edges.js';
import { Places } from './places.js';

const dayMilliseconds = 86_400_000;
/** How far back flows are asked for the last use of a rule. */
const useDays = 90;
/** The use of rules is counted again after this time though the policies are the same. */
const useMilliseconds = 3_600_000;
/** Policies whose earlier versions are asked whether they were used. */
const mostEarlier = 20;

interface Known {
  readonly key: string;
  readonly at: number;
  readonly use: RuleUse;
  readonly usedEarlier: ReadonlySet<string>;
  /** Whether flows are recorded for long enough to call anything unused. */
  readonly covered: boolean;
}

/** Policies and rules without effect, without owner, too broad, unused or past their time. */
@Injectable()
export class HygieneFinder implements Finder {
  readonly kinds = ['hygiene'] as const;
  private known: Known | null = null;

  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(PolicyEstates) private readonly estates: PolicyEstates,
    @Inject(Segments) private readonly segments: Segments,
    @Inject(ObservedEdges) private readonly edges: ObservedEdges,
    @Inject(PolicyRegister) private readonly register: PolicyRegister,
    @Inject(Analysis) private readonly analysis: Analysis,
  ) {}

  async find(now: Date): Promise<readonly Cause[]> {
    const [estate, segments, lines] = await Promise.all([
      this.estates.at(null),
      this.segments.list(),
      this.register.list({ inForce: true }),
    ]);
    if (estate.policies.length === 0) return [];
    const places = new Places(segments, estate.workloads);
    const { topology, policies, objects, workloads } = estate;
    const { byPolicy: made, nameOf } = madeBy(objects);
    const linted = await this.analysis.hygiene({ topology, policies });
    const { use, usedEarlier, covered } = await this.useOf(estate, made, now);
    const remarks = [
      ...knowable(linted, policies),
      ...labelsMissing(policies, workloads, places),
      ...unattended(lines, (line) => nameOf.get(policyKeyText(line)) ?? null),
      ...(covered ? unusedRules(policies, (name) => made.get(name)?.since ?? null, use, usedEarlier, now) : []),
    ];
    return hygieneFindings(remarks, (policy) => made.get(policy) ?? null, places, now);
  }

  /** Last uses of rules, counted when the policies are others or an hour has passed. */
  private async useOf(estate: Estate, made: ReadonlyMap<string, ObjectInForce>, now: Date): Promise<Known> {
    const { policies, workloads } = estate;
    const key = createHash('sha256')
      .update(JSON.stringify([policies, workloads]))
      .digest('hex');
    const { known } = this;
    if (known?.key === key && now.getTime() - known.at < useMilliseconds && now.getTime() >= known.at) return known;
    const [{ first } = { first: null }] = await this.database.query<{ first: Date | null }>(
      'SELECT min(first_time) AS first FROM flow_edge',
    );
    const covered = first !== null && now.getTime() - first.getTime() >= unusedDays * dayMilliseconds;
    const connections = covered
      ? await this.edges.allowedSince(new Date(now.getTime() - useDays * dayMilliseconds))
      : [];
    const use = await this.lastUses(connections, estate);
    const usedEarlier = covered ? await this.usedEarlier(connections, estate, made, use, now) : new Set<string>();
    this.known = { key, at: now.getTime(), use, usedEarlier, covered };
    return this.known;
  }

  private async lastUses(connections: readonly Connection[], estate: Estate): Promise<Map<string, string>> {
    const use = new Map<string, string>();
    await this.edges.judge(connections, estate, ({ lastTime }, { egress, ingress }) => {
      for (const [direction, side] of Object.entries({ egress, ingress } satisfies Record<string, SideVerdict>)) {
        if (typeof side.by === 'string' || !('policies' in side.by) || !side.allowed) continue;
        for (const { policy, rule } of side.by.policies) {
          const key = ruleKey(policyIdText(policy), direction === 'egress' ? 'egress' : 'ingress', rule);
          if (lastTime > (use.get(key) ?? '')) use.set(key, lastTime);
        }
      }
    });
    return use;
  }

  /** Policies nobody uses as they are now, of which the version before was used. */
  private async usedEarlier(
    connections: readonly Connection[],
    estate: Estate,
    made: ReadonlyMap<string, ObjectInForce>,
    use: RuleUse,
    now: Date,
  ): Promise<Set<string>> {
    const unused = unusedRules(estate.policies, (name) => made.get(name)?.since ?? null, use, new Set(), now);
    const names = [...new Set(unused.flatMap(({ policies }) => policies))];
    const edited = names.filter((name) => (made.get(name)?.version ?? 1) > 1).slice(0, mostEarlier);
    const found = new Set<string>();
    for (const name of edited) {
      const present = made.get(name);
      if (present === undefined) continue;
      const [before] = await this.database.query<{ object: unknown }>(
        `SELECT object FROM policy_version WHERE system = $1 AND kind = $2 AND namespace IS NOT DISTINCT FROM $3 AND name = $4
           AND version < $5 AND object IS NOT NULL ORDER BY version DESC LIMIT 1`,
        [present.system, present.kind, present.namespace, present.name, present.version],
      );
      if (before === undefined) continue;
      const { policies } = importPolicies([before.object]);
      const others = estate.policies.filter(({ id }) => policyIdText(id) !== name);
      const uses = await this.lastUses(connections, { ...estate, policies: [...others, ...policies] });
      if ([...uses.keys()].some((key) => key.startsWith(`${name} `))) found.add(name);
    }
    return found;
  }
}

interface Made {
  readonly byPolicy: ReadonlyMap<string, ObjectInForce>;
  /** The first policy of each object that makes any, by the key of the object. */
  readonly nameOf: ReadonlyMap<string, string>;
}

function madeBy(objects: readonly ObjectInForce[]): Made {
  const byPolicy = new Map<string, ObjectInForce>();
  const nameOf = new Map<string, string>();
  for (const inForce of objects) {
    if (inForce.object === null) continue;
    for (const { id } of importPolicies([inForce.object]).policies) {
      const name = policyIdText(id);
      byPolicy.set(name, inForce);
      const key = policyKeyText(inForce);
      if (!nameOf.has(key)) nameOf.set(key, name);
    }
  }
  return { byPolicy, nameOf };
}

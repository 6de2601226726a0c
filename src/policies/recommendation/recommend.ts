/** The least intent that covers what was observed of a segment, each rule with what it is based on. */

import { intentVersion, type IntentSpec } from '../intent/schema.js';
import { coverCells, type Cell } from './cover.js';
import { sortOut } from './exclude.js';
import {
  byEnds,
  isAddress,
  type Excluded,
  type ObservedEdge,
  type ObservedWorkload,
  type Thresholds,
} from './observed.js';
import { rolesOf } from './roles.js';
import { describeRule, expiryOf, lastDayOf, portsWritten, reviewOf, ruleName } from './rule-words.js';
import { addressTiers, everything, isMember, roleTiers, type SegmentScope, type Tier } from './tiers.js';

export interface Observation {
  readonly segment: SegmentScope;
  /** Edges with a member of the segment at one end at least; others are left unread. Each stands there once. */
  readonly edges: readonly ObservedEdge[];
  /** All workloads of the estate: what tells a group apart depends on its neighbours. */
  readonly workloads: readonly ObservedWorkload[];
  /** The window that was looked at, RFC 3339; `to` lies behind it. */
  readonly from: string;
  readonly to: string;
}

export interface RecommendedRule {
  readonly name: string;
  /** Names of tiers. */
  readonly from: readonly string[];
  readonly to: readonly string[];
  /** As an intent writes them: `8443/TCP`. */
  readonly ports: readonly string[];
  readonly reason: string;
  readonly owner: string;
  /** Day (UTC) by which somebody looks at the rule again. */
  readonly review: string;
  /** Day (UTC) it should end, where it was not used lately. */
  readonly expires: string | null;
  /** Kept edges that it covers, in order. */
  readonly basis: readonly ObservedEdge[];
  /** Connections (two ends and a port) that it allows between known ends; `basis` is how many of them were observed. */
  readonly allowed: number;
  /** Workloads taken in by labels that tell no difference. */
  readonly taken: readonly string[];
}

/** Left out of the rules; `allowedBy` names a rule that allows it all the same, since labels tell no difference. */
export interface LeftOut extends Excluded {
  readonly allowedBy: string | null;
}

export interface Recommendation {
  /** An Intent object, ready to be read and rendered. */
  readonly intent: {
    readonly apiVersion: typeof intentVersion;
    readonly kind: 'Intent';
    readonly metadata: { readonly name: string };
    readonly spec: IntentSpec;
  };
  readonly rules: readonly RecommendedRule[];
  readonly tiers: readonly Tier[];
  readonly kept: readonly ObservedEdge[];
  readonly excluded: readonly LeftOut[];
}

/** A rule as sets of ends. */
class Reach {
  private readonly sources: ReadonlySet<string>;
  private readonly destinations: ReadonlySet<string>;

  /** Policies of the segment select its members alone, so a member is allowed by tiers of the segment only. */
  constructor(
    readonly from: readonly Tier[],
    readonly to: readonly Tier[],
    readonly ports: readonly string[],
    members: ReadonlySet<string>,
  ) {
    const ends = (tiers: readonly Tier[]): ReadonlySet<string> =>
      new Set(tiers.flatMap((tier) => [...tier.ends].filter((end) => tier.inside === members.has(end))));
    [this.sources, this.destinations] = [ends(from), ends(to)];
  }

  /** Of edges on one of its ports. */
  covers({ source, destination }: ObservedEdge): boolean {
    return this.sources.has(source) && this.destinations.has(destination);
  }

  get allowed(): number {
    return this.sources.size * this.destinations.size * this.ports.length;
  }
}

/** Rules, found by port. */
class Reaches {
  private readonly byPort = new Map<string, Reach[]>();

  constructor(readonly all: readonly Reach[]) {
    for (const rule of all)
      for (const port of rule.ports) {
        const rules = this.byPort.get(port);
        if (rules === undefined) this.byPort.set(port, [rule]);
        else rules.push(rule);
      }
  }

  covering(edge: ObservedEdge): readonly Reach[] {
    return (this.byPort.get(portKey(edge)) ?? []).filter((rule) => rule.covers(edge));
  }
}

function portKey({ protocol, port }: Pick<ObservedEdge, 'protocol' | 'port'>): string {
  return `${port}/${protocol}`;
}

/**
 * Recommends an intent for a segment. The same observation gives the same recommendation, whatever the order of its
 * parts. Every kept edge is allowed by the rules, no rule can go without one of them being denied, and what no rule
 * covers is denied, since the segment as a whole is isolated both ways.
 */
export function recommend(observation: Observation, thresholds: Thresholds): Recommendation {
  const { segment, workloads } = observation;
  const known = new Map(workloads.map((workload) => [workload.key, workload]));
  const members = new Set(workloads.filter((one) => isMember(segment, one)).map(({ key }) => key));
  const edges = observation.edges.filter(({ source, destination }) => members.has(source) || members.has(destination));
  const roles = rolesOf(workloads);
  const selectable = new Set(roles.flatMap((role) => role.members.map(({ key }) => key)));
  const sorted = sortOut(
    edges,
    { workloads: known, selectable, from: observation.from, to: observation.to },
    thresholds,
  );

  const tiersOfRoles = roleTiers(segment, roles, sorted.kept);
  const own = new Map<string, Tier>();
  for (const tier of tiersOfRoles)
    for (const end of tier.ends) if (!tier.taken.includes(end) && tier.inside === members.has(end)) own.set(end, tier);
  const listable = listed(sorted.kept, (end) => own.get(end)?.name ?? null, thresholds);
  const addresses = addressTiers(listable.kept, (end) => own.get(end)?.name ?? null);
  for (const tier of addresses) for (const end of tier.ends) own.set(end, tier);

  const tiers = new Map([...tiersOfRoles, ...addresses].map((tier) => [tier.name, tier]));
  const reaches = needed(
    coverCells(cellsOf(listable.kept, own)).map(({ from, to, ports }) => {
      const named = (names: readonly string[]): Tier[] =>
        names.map((name) => tiers.get(name)).filter((tier) => tier !== undefined);
      return new Reach(named(from), named(to), ports, members);
    }),
    listable.kept,
  );
  const left = [...sorted.excluded, ...listable.excluded];
  // What the rules allow anyway is no longer left out, unless nobody should have wanted it in the first place.
  const unwanted = (reason: Excluded['reason']): boolean => reason === 'scan' || reason === 'denied_only';
  const allowedAnyway = left.filter(({ edge, reason }) => !unwanted(reason) && reaches.covering(edge).length > 0);
  const again = new Set(allowedAnyway.map(({ edge }) => edge));
  const kept = [...listable.kept, ...again].sort(byEnds);
  const rules = rulesOf(reaches, kept, observation);
  return {
    intent: intentOf(observation, rules, tiers),
    rules,
    tiers: [...tiers.values()].filter(({ name }) =>
      rules.some(({ from, to }) => from.includes(name) || to.includes(name)),
    ),
    kept,
    excluded: left
      .filter(({ edge }) => !again.has(edge))
      .sort((a, b) => byEnds(a.edge, b.edge))
      .map((one) => {
        const [first] = reaches.covering(one.edge);
        return { ...one, allowedBy: first === undefined ? null : (rules[reaches.all.indexOf(first)]?.name ?? null) };
      }),
  };
}

/** Takes out connections that more addresses share than a rule can list. */
function listed(
  edges: readonly ObservedEdge[],
  tierOf: (end: string) => string | null,
  { mostAddresses }: Thresholds,
): { readonly kept: readonly ObservedEdge[]; readonly excluded: readonly Excluded[] } {
  const useOf = (edge: ObservedEdge): string | null => {
    if (isAddress(edge.source)) return JSON.stringify(['from', tierOf(edge.destination), portKey(edge)]);
    return isAddress(edge.destination) ? JSON.stringify(['to', tierOf(edge.source), portKey(edge)]) : null;
  };
  const sharing = new Map<string, Set<string>>();
  for (const edge of edges) {
    const use = useOf(edge);
    const end = isAddress(edge.source) ? edge.source : edge.destination;
    if (use !== null) sharing.set(use, (sharing.get(use) ?? new Set()).add(end));
  }
  const count = (edge: ObservedEdge): number => sharing.get(useOf(edge) ?? '')?.size ?? 0;
  return {
    kept: edges.filter((edge) => count(edge) <= mostAddresses),
    excluded: edges
      .filter((edge) => count(edge) > mostAddresses)
      .map((edge) => ({
        edge,
        reason: 'too_many_addresses',
        text: `${count(edge)} addresses share this connection, more than the ${mostAddresses} a rule lists. Write a range you know, or leave it out.`,
      })),
  };
}

function cellsOf(edges: readonly ObservedEdge[], own: ReadonlyMap<string, Tier>): readonly Cell[] {
  const cells = new Map<string, Cell>();
  for (const edge of edges) {
    const [from, to] = [own.get(edge.source), own.get(edge.destination)];
    if (from === undefined || to === undefined) continue;
    const cell = { from: from.name, to: to.name, port: portKey(edge) };
    cells.set(JSON.stringify(cell), cell);
  }
  return [...cells.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, cell]) => cell);
}

/** Drops rules of which others cover every edge: labels that take in more than one group can make a rule needless. */
function needed(reaches: readonly Reach[], edges: readonly ObservedEdge[]): Reaches {
  const all = new Reaches(reaches);
  const covered = new Map(reaches.map((rule): [Reach, Set<Reach>[]] => [rule, []]));
  for (const edge of edges) {
    const rules = new Set(all.covering(edge));
    for (const rule of rules) covered.get(rule)?.push(rules);
  }
  const dropped = new Set<Reach>();
  for (const [rule, mine] of [...covered].toReversed()) {
    if (!mine.every((rules) => rules.size > 1)) continue;
    dropped.add(rule);
    for (const rules of mine) rules.delete(rule);
  }
  return new Reaches(reaches.filter((rule) => !dropped.has(rule)));
}

function rulesOf(reaches: Reaches, kept: readonly ObservedEdge[], { segment, to }: Observation): RecommendedRule[] {
  const resting = new Map(reaches.all.map((rule): [Reach, ObservedEdge[]] => [rule, []]));
  for (const edge of kept) for (const rule of reaches.covering(edge)) resting.get(rule)?.push(edge);
  return [...resting].map(([rule, basis], at) => {
    const from = rule.from.map(({ name }) => name);
    const destinations = rule.to.map(({ name }) => name);
    const ports = portsWritten(rule.ports);
    return {
      name: ruleName(at + 1, from, destinations),
      from,
      to: destinations,
      ports,
      reason: describeRule(from, destinations, ports, basis),
      owner: segment.owner,
      review: reviewOf(to, [...rule.from, ...rule.to]),
      expires: expiryOf(to, basis),
      basis,
      allowed: rule.allowed,
      taken: [...new Set([...rule.from, ...rule.to].flatMap(({ taken }) => taken))].sort(),
    };
  });
}

function intentOf(
  { segment, from, to }: Observation,
  rules: readonly RecommendedRule[],
  tiers: ReadonlyMap<string, Tier>,
): Recommendation['intent'] {
  const used = [...tiers.values()].filter(({ name }) =>
    rules.some((rule) => rule.from.includes(name) || rule.to.includes(name)),
  );
  const labels = { ...segment.matchLabels };
  return {
    apiVersion: intentVersion,
    kind: 'Intent',
    metadata: { name: segment.name },
    spec: {
      owner: segment.owner,
      reason: `Recommended from the flows of segment ${segment.name} from ${from.slice(0, 10)} to ${lastDayOf(to)}`,
      review: reviewOf(to, used),
      enforce: ['ingress', 'egress'],
      tiers: {
        [everything]: { namespaces: [segment.namespace], isolate: true, labels },
        ...Object.fromEntries(used.map(({ name, spec }) => [name, spec])),
      },
      rules: rules.map(({ name, ports, reason, owner, review, expires, ...rule }) => ({
        name,
        from: [...rule.from],
        to: [...rule.to],
        ports: [...ports],
        owner,
        reason,
        review,
        ...(expires === null ? {} : { expires }),
      })),
    },
  };
}

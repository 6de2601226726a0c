/**
 * The questions network-config-analyzer (IBM) asks of sets of policies, counted as it counts them
 * (SchemeFileFormat.md, "Returned value for each sub-query"), so that its scheme files can be answered here.
 */

import { diffEngines } from '../diff.js';
import { policyIdText, type Policy } from '../model.js';
import { compile, type SimulationOptions, type Topology } from '../simulation/evaluate.js';
import { contained, equivalent, forbids, interferes, isVacuous, permits, PolicySet } from './policy-set.js';
import { emptyRules, redundantPolicies, redundantRules } from './redundancy.js';

/** A set of policies with the cluster it is for. `workloads` are the names pods are counted under, by pod number. */
export interface NamedSet {
  readonly name: string;
  readonly topology: Topology;
  readonly workloads: readonly string[];
  readonly policies: readonly Policy[];
}

/** Queries on one set, summed over the sets. */
export const singleQueries = [
  'emptiness',
  'redundancy',
  'vacuity',
  'sanity',
  'allCaptured',
  'disjointness',
  'connectivityMap',
] as const;

/** Queries on every two sets, the earlier one first. */
export const pairQueries = ['equivalence', 'strongEquivalence', 'semanticDiff', 'twoWayContainment'] as const;

/** Queries that hold each further set against the first. */
export const baseQueries = ['containment', 'permits', 'forbids', 'interferes'] as const;

/** Queries on every two sets, both ways around. */
export const pairwiseQueries = ['pairwiseInterferes'] as const;

export type SetQuery =
  | (typeof singleQueries)[number]
  | (typeof pairQueries)[number]
  | (typeof baseQueries)[number]
  | (typeof pairwiseQueries)[number];

/** The sum of the answers, and how many sets or pairs could not be asked. */
export interface QueryAnswer {
  readonly result: number;
  readonly notExecuted: number;
}

function isOneOf<Word extends string>(words: readonly Word[], word: string): word is Word {
  return words.some((known) => known === word);
}

/** True for the names of queries. */
export function isSetQuery(name: string): name is SetQuery {
  return [singleQueries, pairQueries, baseQueries, pairwiseQueries].some((words) => isOneOf(words, name));
}

function emptiness(set: PolicySet): number {
  return set.policies.reduce(
    (sum, policy) => sum + (set.selected(policy).length === 0 ? 1 : 0) + emptyRules(set, policy).length,
    0,
  );
}

/** One policy alone is not called redundant. */
function redundantOf(set: PolicySet): readonly Policy[] {
  return set.policies.length > 1 ? redundantPolicies(set) : [];
}

function redundancy(set: PolicySet): number {
  const redundant = redundantOf(set);
  return set.policies
    .filter((policy) => !redundant.includes(policy))
    .reduce((sum, policy) => sum + redundantRules(set, policy).length, redundant.length);
}

/** Nothing is called redundant in a set that is vacuous as a whole, and of an empty policy nothing else is said. */
function sanity(set: PolicySet): number {
  const vacuous = isVacuous(set);
  const redundant = vacuous ? [] : redundantOf(set);
  return set.policies.reduce(
    (sum, policy) => {
      if (set.selected(policy).length === 0) return sum + 1;
      const empty = emptyRules(set, policy);
      if (vacuous) return sum + empty.length;
      if (redundant.includes(policy)) return sum + empty.length + 1;
      const rules = redundantRules(set, policy).filter(
        (place) => !empty.some(({ direction, rule }) => direction === place.direction && rule === place.rule),
      );
      return sum + empty.length + rules.length;
    },
    vacuous ? 1 : 0,
  );
}

/** Counts workloads a direction, but pods where there is no policy at all. */
function allCaptured(set: PolicySet, { workloads }: NamedSet): number {
  if (set.policies.length === 0) return set.podCount;
  const open = (direction: 'ingress' | 'egress') =>
    new Set(workloads.filter((_, pod) => !set.governs(direction, pod))).size;
  return open('ingress') + open('egress');
}

function disjointness(set: PolicySet): number {
  const selected = set.policies.map((policy) => new Set(set.selected(policy)));
  return selected.reduce(
    (sum, pods, at) => sum + selected.slice(0, at).filter((other) => [...pods].some((pod) => other.has(pod))).length,
    0,
  );
}

function isSame(a: readonly Policy[], b: readonly Policy[]): boolean {
  const text = (policies: readonly Policy[]) => policies.map((policy) => JSON.stringify(policy)).sort();
  return JSON.stringify(text(a)) === JSON.stringify(text(b));
}

function strongEquivalence([a, b]: readonly [PolicySet, PolicySet]): number {
  const byId = (set: PolicySet) => new Map(set.policies.map((policy) => [policyIdText(policy.id), policy]));
  const [left, right] = [byId(a), byId(b)];
  if (left.size !== right.size) return 1;
  for (const [id, policy] of left) {
    const other = right.get(id);
    if (other === undefined || !equivalent(a.revised([policy]), b.revised([other]))) return 1;
  }
  return 0;
}

/** Kinds of change that occur: by whether the ends are in both clusters, and by gain and loss. */
function semanticDiff(a: NamedSet, b: NamedSet, options: SimulationOptions): number {
  const keys = (set: NamedSet) => new Set(set.topology.pods.map(({ key }) => key));
  const [old, current] = [keys(a), keys(b)];
  const found = new Set<string>();
  const before = compile(a.topology, a.policies, options);
  for (const change of diffEngines(before, compile(b.topology, b.policies, options))) {
    const ends = [change.source, change.destination].map((end) =>
      'pod' in end ? `${old.has(end.pod) ? 'old' : ''}${current.has(end.pod) ? 'new' : ''}` : 'addresses',
    );
    const kind = ends.sort().join(' ');
    if (change.gained.length > 0) found.add(`gained ${kind}`);
    if (change.lost.length > 0) found.add(`lost ${kind}`);
  }
  return found.size;
}

function isComparable(a: NamedSet, b: NamedSet): boolean {
  const labelled = (name: string, labels: Readonly<Record<string, string>>) =>
    JSON.stringify([
      name,
      ...Object.entries(labels)
        .map((label) => JSON.stringify(label))
        .sort(),
    ]);
  const text = ({ topology: { pods, namespaces } }: NamedSet) =>
    JSON.stringify([
      pods.map(({ key, labels }) => labelled(key, labels)).sort(),
      namespaces.map(({ name, labels }) => labelled(name, labels)).sort(),
    ]);
  return text(a) === text(b);
}

function single(query: (typeof singleQueries)[number], named: NamedSet, options: SimulationOptions): number {
  const [set] = PolicySet.beside(named.topology, [named.policies], options);
  if (set === undefined) return 0;
  switch (query) {
    case 'emptiness':
      return emptiness(set);
    case 'redundancy':
      return redundancy(set);
    case 'vacuity':
      return isVacuous(set) ? 1 : 0;
    case 'sanity':
      return sanity(set);
    case 'allCaptured':
      return allCaptured(set, named);
    case 'disjointness':
      return disjointness(set);
    case 'connectivityMap':
      return 0;
  }
}

type PairQuery = Exclude<SetQuery, (typeof singleQueries)[number] | 'semanticDiff'>;

/** `a` is the earlier set; for queries against a base it is the further one, and `b` the base. */
function paired(query: PairQuery, sets: readonly [PolicySet, PolicySet]): number {
  const [a, b] = sets;
  switch (query) {
    case 'equivalence':
      return equivalent(a, b) ? 0 : 1;
    case 'strongEquivalence':
      return strongEquivalence(sets);
    case 'twoWayContainment':
      return (contained(a, b) ? 2 : 0) + (contained(b, a) ? 1 : 0);
    case 'containment':
      return contained(a, b) ? 1 : 0;
    case 'permits':
      return permits(b, a) ? 0 : 1;
    case 'forbids':
      return forbids(b, a) ? 0 : 1;
    case 'interferes':
    case 'pairwiseInterferes':
      return interferes(a, b) ? 1 : 0;
  }
}

/** What the analyzer does not compare further: sets of the same policies, and clusters that differ. */
function pair(query: PairQuery | 'semanticDiff', a: NamedSet, b: NamedSet, options: SimulationOptions): number | null {
  const explicit = query === 'permits' || query === 'forbids';
  if (explicit && a.policies.length === 0) return null;
  if (query === 'semanticDiff') return semanticDiff(a, b, options);
  if (!isComparable(a, b)) return null;
  if (query === 'twoWayContainment' && isSame(a.policies, b.policies)) return 0;
  const [first, second] = PolicySet.beside(a.topology, [a.policies, b.policies], options);
  return first === undefined || second === undefined ? null : paired(query, [first, second]);
}

function combinations(query: Exclude<SetQuery, (typeof singleQueries)[number]>, sets: readonly NamedSet[]) {
  const [base, ...others] = sets;
  if (isOneOf(baseQueries, query)) return base === undefined ? [] : others.map((other) => [other, base] as const);
  const earlier = sets.flatMap((a, at) => sets.slice(at + 1).map((b) => [a, b] as const));
  return isOneOf(pairwiseQueries, query) ? [...earlier, ...earlier.map(([a, b]) => [b, a] as const)] : earlier;
}

/** Answers one query over the sets it names. */
export function answerQuery(query: SetQuery, sets: readonly NamedSet[], options: SimulationOptions): QueryAnswer {
  const answers = isOneOf(singleQueries, query)
    ? sets.map((set) => (set.topology.pods.length === 0 ? null : single(query, set, options)))
    : combinations(query, sets).map(([a, b]) =>
        a.topology.pods.length === 0 || b.topology.pods.length === 0 ? null : pair(query, a, b, options),
      );
  return {
    result: answers.reduce<number>((sum, answer) => sum + (answer ?? 0), 0),
    notExecuted: answers.filter((answer) => answer === null).length,
  };
}

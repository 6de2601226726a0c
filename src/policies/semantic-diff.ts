/** What one policy object changes when another takes its place: the paths that open and close, and the rules in words. */

import { connectionsText, endText, isIpv6, speaksIpv6 } from './connection-list.js';
import { diffEngines, type PathChange } from './diff.js';
import { importObject, importPolicies, type ObjectPlace } from './import.js';
import type { IntentTemplates } from './intent/read.js';
import type { Direction, Policy } from './model.js';
import { policyTexts } from './register/rule-text.js';
import { rulesOf, type RegisteredRule } from './register/rules.js';
import { compile, type Topology } from './simulation/evaluate.js';
import type { PortRange } from './simulation/ports.js';

/** A policy object among the others in force; `object` is null where there is none, `at` the instant rules expire by. */
export interface DiffSide {
  readonly object: unknown;
  readonly others: readonly unknown[];
  readonly at: string;
}

/** Ends are workload keys, or addresses `first-last`; ports as `TCP 8443,8444`. */
export interface ChangedPath {
  readonly change: PathChange['change'];
  readonly source: string;
  readonly destination: string;
  readonly gained: string;
  readonly lost: string;
}

export interface ChangedRule {
  readonly change: 'added' | 'removed' | 'changed';
  readonly direction: Direction | null;
  readonly before: string | null;
  readonly after: string | null;
}

export interface SemanticDiff {
  readonly counts: Readonly<Record<PathChange['change'], number>>;
  /** Opened first, then changed, then closed; the first `most`. */
  readonly paths: readonly ChangedPath[];
  readonly rules: readonly ChangedRule[];
  /** What differs besides rules: whom the policy is for, what it isolates, where it stands. */
  readonly statements: readonly { readonly before: string | null; readonly after: string | null }[];
  /** What no verdict regards, of this object and of those around it. */
  readonly notes: readonly string[];
}

const order = { opened: 0, changed: 1, closed: 2 } as const;
const wholeSpaces: ReadonlyMap<string, string> = new Map([
  ['0.0.0.0-255.255.255.255[External]', 'any address outside'],
  ['::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External]', 'any IPv6 address outside'],
]);

function endOf(end: PathChange['source']): string {
  const text = endText(end);
  return wholeSpaces.get(text) ?? text.replace('[External]', '');
}

function portsText(ports: readonly PortRange[]): string {
  if (ports.length === 0) return '';
  return connectionsText(ports).replaceAll(',', ', ').replace('All Connections', 'every port');
}

/** Policies that say the same as one of `known` become that one, so that an engine need not look at them again. */
function takenOver(policies: readonly Policy[], known: readonly Policy[]): Policy[] {
  const byText = new Map(known.map((policy) => [JSON.stringify(policy), policy]));
  const taken = new Set<Policy>();
  return policies.map((policy) => {
    const same = byText.get(JSON.stringify(policy));
    if (same === undefined || taken.has(same)) return policy;
    taken.add(same);
    return same;
  });
}

function ruleLine({ who, ports }: RegisteredRule): string {
  return `${who} on ${ports}`;
}

/** Rules of one only; where one that went and one that came share their peers or their ports, the rule has changed. */
function changedRules(before: readonly RegisteredRule[], after: readonly RegisteredRule[]): ChangedRule[] {
  const [old, current] = [before, after].map((rules) => new Set(rules.map(({ digest }) => digest)));
  const gone = before.filter(({ digest }) => current?.has(digest) !== true);
  const come = after.filter(({ digest }) => old?.has(digest) !== true);
  const changes: ChangedRule[] = [];
  for (const same of ['who', 'ports'] as const)
    for (const rule of gone.slice()) {
      const at = come.findIndex((other) => other.direction === rule.direction && other[same] === rule[same]);
      const [other] = at === -1 ? [] : come.splice(at, 1);
      if (other === undefined) continue;
      gone.splice(gone.indexOf(rule), 1);
      changes.push({ change: 'changed', direction: rule.direction, before: ruleLine(rule), after: ruleLine(other) });
    }
  return [
    ...come.map((rule): ChangedRule => ({
      change: 'added',
      direction: rule.direction,
      before: null,
      after: ruleLine(rule),
    })),
    ...changes,
    ...gone.map((rule): ChangedRule => ({
      change: 'removed',
      direction: rule.direction,
      before: ruleLine(rule),
      after: null,
    })),
  ];
}

function statementsOf(object: unknown): ReadonlyMap<string, string> {
  const imported = object === null ? null : importObject(object);
  if (imported?.ok !== true) return new Map();
  return new Map(
    imported.policies.flatMap((policy) =>
      [...policyTexts(policy)].map(([key, text]): [string, string] => [`${policy.id.name} ${key}`, text]),
    ),
  );
}

function changedStatements(before: unknown, after: unknown): SemanticDiff['statements'] {
  const [old, current] = [statementsOf(before), statementsOf(after)];
  return [...new Set([...old.keys(), ...current.keys()])]
    .map((key) => ({ before: old.get(key) ?? null, after: current.get(key) ?? null }))
    .filter((one) => one.before !== one.after);
}

function noteText({ object, path, message }: ObjectPlace): string {
  return [object, path, message].filter((part) => part !== '').join(': ');
}

/** Compares the estate with `before` and with `after` in it; `most` bounds the listed paths, never the counts. */
export function semanticDiff(
  before: DiffSide,
  after: DiffSide,
  {
    topology,
    templates,
    most,
  }: { readonly topology: Topology; readonly templates: IntentTemplates; readonly most: number },
): SemanticDiff {
  const [old, current] = [before, after].map(({ object, others, at }) =>
    importPolicies(object === null ? others : [...others, object], at),
  );
  if (old === undefined || current === undefined) throw new TypeError('expected two imports');
  const engine = compile(topology, old.policies, { ipBlockMatchesPods: false });
  const withIpv6 = [old, current].some(({ policies }) => speaksIpv6({ policies, topology }));
  const paths = diffEngines(engine, engine.revised(takenOver(current.policies, old.policies))).filter(
    ({ source, destination }) => withIpv6 || !(isIpv6(source) || isIpv6(destination)),
  );
  const count = (change: PathChange['change']) => paths.filter((path) => path.change === change).length;
  const rules = (object: unknown) => (object === null ? [] : (rulesOf(object, templates) ?? []));
  return {
    counts: { opened: count('opened'), changed: count('changed'), closed: count('closed') },
    paths: paths
      .toSorted((a, b) => order[a.change] - order[b.change])
      .slice(0, most)
      .map(({ change, source, destination, gained, lost }) => ({
        change,
        source: endOf(source),
        destination: endOf(destination),
        gained: portsText(gained),
        lost: portsText(lost),
      })),
    rules: changedRules(rules(before.object), rules(after.object)),
    statements: changedStatements(before.object, after.object),
    notes: [
      ...new Set([old, current].flatMap(({ problems, notModelled }) => [...problems, ...notModelled].map(noteText))),
    ],
  };
}

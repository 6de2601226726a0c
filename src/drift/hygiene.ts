/** Hygiene of the policies in force, as findings: what the checks on policies say, and what records add. Pure. */

import { FindingFacts, type Cause } from '../findings/finding.js';
import type { ObjectInForce } from '../policies/estate.js';
import type { HygieneFinding } from '../policies/hygiene/findings.js';
import { policyIdText, type Direction, type Policy } from '../policies/model.js';
import type { PolicyLine } from '../policies/register/register-view.js';
import { hygieneChecks, type ServiceCheck } from './hygiene-checks.js';
import type { Places } from './places.js';

/** A rule no flow used for so many days is called unused; what was edited since is not judged yet. */
export const unusedDays = 30;
const placesListed = 50;

/** Something one check says of one or several policies. `place` is a rule, `ingress[0]`, or empty for the whole. */
export interface Remark {
  readonly check: ServiceCheck;
  readonly policies: readonly string[];
  readonly place: string;
  readonly others: readonly string[];
  readonly message: string;
  readonly segment?: string;
}

/** When each rule last allowed a flow (RFC 3339), by `ruleKey`. */
export type RuleUse = ReadonlyMap<string, string>;

export function ruleKey(policy: string, direction: Direction, rule: number): string {
  return `${policy} ${direction}[${rule}]`;
}

const directions: readonly Direction[] = ['ingress', 'egress'];
const alwaysKnown = 'kubernetes.io/metadata.name';

/** Labels of namespaces and named ports are not in records, so what a policy selects by them is not known. */
function selectsByUnknown(policy: Policy): boolean {
  const sets = [
    policy.subject,
    ...rulesOf(policy).flatMap(({ peers }) => peers?.flatMap((peer) => (peer.kind === 'pods' ? [peer] : [])) ?? []),
  ];
  return sets.some(
    ({ namespaces, where }) =>
      (namespaces !== 'own' && namespaces.some(({ key }) => key !== alwaysKnown)) ||
      (where !== undefined && /"(?:pcns\.|projectcalico\.org\/serviceaccount)/.test(JSON.stringify(where))),
  );
}

function rulesOf({ ingress, egress }: Policy) {
  return [...(ingress ?? []), ...(egress ?? [])];
}

function hasNamedPorts(policy: Policy): boolean {
  return rulesOf(policy).some(({ ports }) => ports?.some(({ kind }) => kind === 'named') === true);
}

const needSelection: ReadonlySet<string> = new Set(['selects-nothing', 'rule-selects-nothing', 'not-selected']);
const needConnectivity: ReadonlySet<string> = new Set(['vacuous', 'redundant-policy', 'redundant-rule']);

/** What the checks on policies say, without what they would only say because records do not show everything. */
export function knowable(findings: readonly HygieneFinding[], policies: readonly Policy[]): Remark[] {
  const byUnknown = new Set(policies.filter(selectsByUnknown).map(({ id }) => policyIdText(id)));
  const named = new Set(policies.filter(hasNamedPorts).map(({ id }) => policyIdText(id)));
  const denials = new Set(policies.filter((policy) => rulesOf(policy).length === 0).map(({ id }) => policyIdText(id)));
  return findings.filter(({ check, policies: names, message }) => {
    if (check === 'named-port-nowhere') return false;
    // Who is governed is not known while some policy selects by what is not recorded.
    if (check === 'not-selected') return byUnknown.size === 0;
    const hidden = names.some((name) => byUnknown.has(name));
    // A default denial that the others make superfluous is what remains when they go.
    if (check === 'redundant-policy' && names.some((name) => denials.has(name))) return false;
    if (check === 'orphan-label') return !message.startsWith('no namespace ');
    if (needSelection.has(check)) return !hidden;
    if (needConnectivity.has(check)) return !hidden && !names.some((name) => named.has(name));
    return true;
  });
}

/** Rules that allowed nothing since `unusedDays` ago, of policies that are in force that long. */
export function unusedRules(
  policies: readonly Policy[],
  sinceOf: (policy: string) => string | null,
  use: RuleUse,
  earlier: ReadonlySet<string>,
  now: Date,
): Remark[] {
  const limit = new Date(now.getTime() - unusedDays * 86_400_000).toISOString();
  return policies.flatMap((policy) => {
    const name = policyIdText(policy.id);
    const since = sinceOf(name);
    if (policy.staged !== null || since === null || Date.parse(since) > Date.parse(limit)) return [];
    if (hasNamedPorts(policy)) return [];
    return directions.flatMap((direction) =>
      (policy[direction] ?? []).flatMap(({ action }, rule): Remark[] => {
        const last = use.get(ruleKey(name, direction, rule));
        if (action !== 'Accept' || (last !== undefined && last >= limit)) return [];
        const before = earlier.has(name) ? '; an earlier version of the policy was used' : '';
        return [
          {
            check: 'unused',
            policies: [name],
            place: `${direction}[${rule}]`,
            others: [],
            message: `${last === undefined ? `no flow of the last 90 days used it` : `last used ${last.slice(0, 10)}`}${before}`,
          },
        ];
      }),
    );
  });
}

/** Policies without an owner, past their review, or past their time, as the register of policies holds it. */
export function unattended(lines: readonly PolicyLine[], nameOf: (policy: PolicyLine) => string | null): Remark[] {
  return lines.flatMap((line) => {
    const name = nameOf(line);
    if (name === null) return [];
    const { flags, review, expires } = line.held;
    const remark = (check: ServiceCheck, message: string): Remark => ({
      check,
      policies: [name],
      place: '',
      others: [],
      message,
    });
    const rules = line.rulesFlagged === 1 ? '1 rule is' : `${line.rulesFlagged} rules are`;
    return [
      ...(flags.includes('no_owner') ? [remark('no-owner', 'nobody is named who looks after it')] : []),
      ...(flags.includes('review_overdue')
        ? [remark('review-overdue', `to be reviewed by ${review?.value ?? ''}`)]
        : []),
      ...(flags.includes('expired') ? [remark('expired', `was to end ${expires?.value ?? ''}`)] : []),
      ...(line.rulesFlagged > 0
        ? [remark('rule-overdue', `${rules} past their review or their end; the register of policies says which`)]
        : []),
    ];
  });
}

/** Labels that policies read and most workloads of a segment have, but not all: at most one in five lacks it. */
export function labelsMissing(
  policies: readonly Policy[],
  workloads: readonly { readonly key: string; readonly labels: Readonly<Record<string, string>> | null }[],
  places: Places,
): Remark[] {
  const read = new Set(
    policies.flatMap((policy) => [
      ...policy.subject.pods.map(({ key }) => key),
      ...rulesOf(policy).flatMap(({ peers }) =>
        (peers ?? []).flatMap((peer) => (peer.kind === 'pods' ? peer.pods.map(({ key }) => key) : [])),
      ),
    ]),
  );
  const bySegment = new Map<string, (typeof workloads)[number][]>();
  for (const workload of workloads) {
    const { segment } = places.of(workload.key);
    if (segment === null || workload.labels === null) continue;
    bySegment.set(segment.name, [...(bySegment.get(segment.name) ?? []), workload]);
  }
  return [...bySegment].flatMap(([segment, members]) =>
    [...read].sort().flatMap((key): Remark[] => {
      const lacking = members.filter(({ labels }) => labels !== null && !Object.hasOwn(labels, key));
      if (lacking.length === 0 || lacking.length * 5 > members.length) return [];
      const names = lacking.slice(0, 5).map((one) => one.key);
      return [
        {
          check: 'inconsistent-labels',
          policies: [],
          place: '',
          others: [],
          message: `${lacking.length} of ${members.length} workloads of ${segment} lack the label ${key}, which policies read: ${names.join(', ')}`,
          segment,
        },
      ];
    }),
  );
}

/** A finding for each check and the policies it names. `inForceOf` finds what made a policy; null where nothing did. */
export function hygieneFindings(
  remarks: readonly Remark[],
  inForceOf: (policy: string) => ObjectInForce | null,
  places: Places,
  now: Date,
): Cause[] {
  const groups = new Map<string, Remark[]>();
  for (const remark of remarks) {
    const about = remark.policies.length > 0 ? remark.policies.join(', ') : `${remark.segment ?? ''}${remark.place}`;
    // What concerns no policy has nothing but its words to tell it from others.
    const words = remark.policies.length > 0 || remark.check === 'not-selected' ? '' : ` ${remark.message}`;
    const key = `${remark.check} ${about}${words}`.slice(0, 1000);
    groups.set(key, [...(groups.get(key) ?? []), remark]);
  }
  return [...groups].flatMap(([cause, group]): Cause[] => {
    const [first] = group;
    if (first === undefined) return [];
    const { check, policies, message } = first;
    const { word, severity, explanation, toDo } = hygieneChecks[check];
    const made = policies.flatMap((policy) => inForceOf(policy) ?? []);
    const segment =
      first.segment ?? places.ofNamespaces([...new Set(made.map(({ namespace }) => namespace))])?.name ?? null;
    const [policy = check === 'not-selected' ? first.place : (first.segment ?? '')] = policies;
    const subject = policies.length > 1 ? `${policy} and ${policies.length - 1} more` : policy;
    const where = group.length === 1 && first.place !== '' ? `${first.place}: ` : '';
    const more = group.length > 1 ? `${group.length} places; the first is ${first.place}: ` : where;
    const since = made.map(({ since: from }) => from).sort((a, b) => Date.parse(b) - Date.parse(a))[0];
    return [
      {
        kind: 'hygiene',
        cause,
        segment,
        severity,
        title: subject === '' ? word : `${word}: ${subject}`,
        detail: `${more}${message.length > 300 ? `${message.slice(0, 300)}…` : message}.`,
        facts: FindingFacts.parse({
          check,
          explanation,
          toDo,
          policies: made.map(({ system, kind, namespace, name }) => ({ system, kind, namespace, name })),
          places: group.slice(0, placesListed).map((one) => ({
            place: one.place,
            message: one.message.slice(0, 2000),
            others: one.others.slice(0, 20),
          })),
          placesInAll: group.length,
          entries: [...new Set(made.map(({ index }) => index))].slice(0, placesListed),
        }),
        // A policy comes to be so with its present content; what needs no policy is as old as its finding.
        occurredAt: since ?? now.toISOString(),
      },
    ];
  });
}

/** Intents into the policy model. */

import {
  tierOrders,
  type Direction,
  type Peer,
  type Policy,
  type PolicyProblem,
  type PortMatch,
  type Requirement,
  type Rule,
} from '../model.js';
import { formatCidr, parseCidr } from '../simulation/address.js';
import { planIntent, type PlannedRule, type PlannedTier } from './plan.js';
import { parsePort, type Intent, type IntentTier } from './schema.js';

function podsOf(tier: IntentTier): Requirement[] {
  const { labels = {}, expressions = [] } = 'labels' in tier || 'expressions' in tier ? tier : {};
  return [
    ...Object.entries(labels).map(([key, value]): Requirement => ({ key, operator: 'In', values: [value] })),
    ...expressions.map(({ key, operator, values = [] }) => ({ key, operator, values })),
  ];
}

function namespacesOf(tier: IntentTier): Requirement[] {
  if ('namespaces' in tier) return [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: tier.namespaces }];
  const labels = 'namespaceLabels' in tier ? tier.namespaceLabels : {};
  return Object.entries(labels).map(([key, value]) => ({ key, operator: 'In', values: [value] }));
}

function peersOf(tier: IntentTier): Peer[] {
  if ('cidrs' in tier)
    return tier.cidrs
      .map(parseCidr)
      .filter((cidr) => cidr !== null)
      .map((cidr) => ({ kind: 'ipBlock', cidr: formatCidr(cidr), except: [] }));
  return [{ kind: 'pods', namespaces: namespacesOf(tier), pods: podsOf(tier) }];
}

function portsOf({ rule: { ports } }: PlannedRule): PortMatch[] | null {
  if (ports === undefined) return null;
  return ports
    .map(parsePort)
    .filter((port) => port !== null)
    .map(({ protocol, ...port }) =>
      'name' in port ? { kind: 'named', protocol, name: port.name } : { kind: 'range', protocol, ...port },
    );
}

function ruleOf(planned: PlannedRule): Rule {
  const { peers } = planned;
  return {
    name: planned.rule.name ?? null,
    action: 'Accept',
    peers: peers.some((tier) => 'any' in tier) ? null : peers.flatMap(peersOf),
    ports: portsOf(planned),
  };
}

function policyOf(intent: Intent, { name, tier, ingress, egress }: PlannedTier): Policy {
  const half = (direction: Direction) => (direction === 'ingress' ? ingress : egress)?.map(ruleOf) ?? null;
  return {
    id: { system: 'segproof', kind: 'Intent', namespace: null, name: `${intent.name}#${name}` },
    tier: 'NetworkPolicy',
    tierOrder: tierOrders.NetworkPolicy,
    precedence: 'additive',
    priority: null,
    subject: { namespaces: namespacesOf(tier), pods: podsOf(tier) },
    ingress: half('ingress'),
    egress: half('egress'),
    isolates: { ingress: ingress !== null, egress: egress !== null },
    staged: null,
  };
}

/**
 * The policies of an intent, one for each tier something is enforced at, named by the intent, `#` and the tier. `at` is
 * the instant that rules must not have expired at.
 */
export function intentPolicies(
  intent: Intent,
  at?: string,
):
  | { readonly ok: true; readonly policies: readonly Policy[] }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] } {
  const plan = planIntent(intent, at);
  return plan.ok ? { ok: true, policies: plan.tiers.map((tier) => policyOf(intent, tier)) } : plan;
}

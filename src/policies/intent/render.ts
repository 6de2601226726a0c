/** Intents as Kubernetes NetworkPolicies. */

import { stringify } from 'yaml';
import type { PolicyProblem } from '../model.js';
import { planIntent, type PlannedRule, type PlannedTier } from './plan.js';
import { parsePort, type Intent, type IntentTier } from './schema.js';

/** A NetworkPolicy object, ready for `kubectl apply`. */
export interface RenderedPolicy {
  readonly apiVersion: 'networking.k8s.io/v1';
  readonly kind: 'NetworkPolicy';
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: object;
}

function podSelector(tier: IntentTier): object {
  const { labels = {}, expressions = [] } = 'labels' in tier || 'expressions' in tier ? tier : {};
  return {
    ...(Object.keys(labels).length === 0 ? {} : { matchLabels: labels }),
    ...(expressions.length === 0 ? {} : { matchExpressions: expressions }),
  };
}

function peersOf(tier: IntentTier): object[] {
  if ('cidrs' in tier) return tier.cidrs.map((cidr) => ({ ipBlock: { cidr } }));
  const namespaceSelector =
    'namespaces' in tier
      ? { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: tier.namespaces }] }
      : 'namespaceLabels' in tier
        ? { matchLabels: tier.namespaceLabels }
        : {};
  const pods = podSelector(tier);
  return [{ namespaceSelector, ...(Object.keys(pods).length === 0 ? {} : { podSelector: pods }) }];
}

function portsOf({ rule: { ports = [] } }: PlannedRule): object[] {
  return ports
    .map(parsePort)
    .filter((port) => port !== null)
    .map(({ protocol, ...port }) => {
      if ('name' in port) return { protocol, port: port.name };
      return { protocol, port: port.first, ...(port.last > port.first ? { endPort: port.last } : {}) };
    });
}

function ruleOf(planned: PlannedRule, side: 'from' | 'to'): object {
  const ports = portsOf(planned);
  const anyone = planned.peers.some((tier) => 'any' in tier);
  return {
    ...(anyone ? {} : { [side]: planned.peers.flatMap(peersOf) }),
    ...(ports.length === 0 ? {} : { ports }),
  };
}

function render(intent: Intent, { name, tier, ingress, egress }: PlannedTier, namespace: string): RenderedPolicy {
  const { owner, reason, expires, review } = intent.spec;
  const stated = { intent: intent.name, owner, reason, expires, review };
  const annotations = Object.entries(stated).flatMap(([key, value]): [string, string][] =>
    value === undefined ? [] : [[`segproof.dev/${key}`, value]],
  );
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `${intent.name}.${name}`, namespace, annotations: Object.fromEntries(annotations) },
    spec: {
      podSelector: podSelector(tier),
      policyTypes: [...(ingress === null ? [] : ['Ingress']), ...(egress === null ? [] : ['Egress'])],
      ...(ingress === null ? {} : { ingress: ingress.map((rule) => ruleOf(rule, 'from')) }),
      ...(egress === null ? {} : { egress: egress.map((rule) => ruleOf(rule, 'to')) }),
    },
  };
}

/**
 * The NetworkPolicies that enforce an intent: one for each tier and namespace, with both directions where both are
 * enforced. `at` is the instant that rules must not have expired at.
 */
export function renderIntent(
  intent: Intent,
  at?: string,
):
  | { readonly ok: true; readonly objects: readonly RenderedPolicy[] }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] } {
  const plan = planIntent(intent, at);
  if (!plan.ok) return plan;
  const objects = plan.tiers.flatMap((tier) =>
    [...new Set(tier.tier.namespaces)].map((namespace) => render(intent, tier, namespace)),
  );
  return { ok: true, objects };
}

/** Objects as the documents of one YAML file. */
export function yamlDocuments(objects: readonly object[]): string {
  return objects.map((object) => stringify(object, { aliasDuplicateObjects: false, lineWidth: 120 })).join('---\n');
}

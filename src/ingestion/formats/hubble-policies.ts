import type { PolicyRef } from '../normal-form.js';
import { isObject, type JsonObject, listOf, nameOf, textOf, textsOf, unsignedOf } from './json-value.js';

const lists = [
  ['egress_allowed_by', 'allow'],
  ['ingress_allowed_by', 'allow'],
  ['egress_denied_by', 'deny'],
  ['ingress_denied_by', 'deny'],
] as const;

/** The labels by which Cilium says where a rule came from; older releases have no `kind` of their own. */
const derivedFrom = 'k8s:io.cilium.k8s.policy.derived-from=';
const policyName = 'k8s:io.cilium.k8s.policy.name=';

/** The policies Hubble names as the ones that decided; none for a drop because no rule allowed it. */
export function readPolicies(flow: JsonObject): PolicyRef[] {
  const policies: PolicyRef[] = [];
  for (const [list, effect] of lists) {
    for (const policy of listOf(flow[list])) {
      if (!isObject(policy)) continue;
      const labels = textsOf(policy.labels);
      const kind = textOf(policy.kind) ?? labelled(labels, derivedFrom);
      const name = nameOf(policy.name) ?? nameOf(labelled(labels, policyName)) ?? nameOf(labels.join(','));
      if (name === null) continue;
      policies.push({
        system: kind !== null && !kind.startsWith('Cilium') ? 'kubernetes' : 'cilium',
        kind,
        namespace: nameOf(policy.namespace),
        name,
        tier: null,
        rule: null,
        revision: unsignedOf(policy.revision),
        effect,
        staged: false,
      });
    }
  }
  return policies;
}

function labelled(labels: readonly string[], prefix: string): string | null {
  return labels.find((label) => label.startsWith(prefix))?.slice(prefix.length) ?? null;
}

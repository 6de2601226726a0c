/** What a set of policies would be if the staged ones among them were enforced. */

import { policyIdText, type Policy, type PolicyId } from '../model.js';

/** The enforced policy a staged one stands for. */
function enforcedId({ system, kind, namespace, name }: PolicyId): PolicyId {
  const enforced = kind.replace(/^Staged(Kubernetes)?/, '');
  return { system: kind.startsWith('StagedKubernetes') ? 'kubernetes' : system, kind: enforced, namespace, name };
}

/**
 * The policies with every staged change carried out: `Set` replaces the enforced policy of the same name or adds it,
 * `Delete` removes it. Other staged policies (`Learn`, `Ignore`) change nothing. The result has no staged policies.
 */
export function withStagedEnforced(policies: readonly Policy[]): Policy[] {
  const result = new Map<string, Policy>();
  const key = (id: PolicyId) => `${id.system} ${policyIdText(id)}`;
  for (const policy of policies) if (policy.staged === null) result.set(key(policy.id), policy);
  for (const policy of policies) {
    const id = enforcedId(policy.id);
    if (policy.staged === 'Delete') result.delete(key(id));
    if (policy.staged === 'Set') result.set(key(id), { ...policy, id, staged: null });
  }
  return [...result.values()];
}

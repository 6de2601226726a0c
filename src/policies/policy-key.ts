/** What tells one policy object from another. */

/** `system` counts: Kubernetes and Calico both have a NetworkPolicy, and one cluster may hold one of each by one name. */
export interface PolicyKey {
  /** As normal forms have it: `kubernetes`, `calico`, `cilium`, `aws`, …; `segproof` for our own intents. */
  readonly system: string;
  readonly kind: string;
  /** Null for what belongs to no namespace. */
  readonly namespace: string | null;
  readonly name: string;
}

/** Text that is equal for the same policy object. */
export function policyKeyText({ system, kind, namespace, name }: PolicyKey): string {
  return JSON.stringify([system, kind, namespace, name]);
}

const systemsByGroup: readonly (readonly [RegExp, string])[] = [
  [/(^|\.)projectcalico\.org$/u, 'calico'],
  [/(^|\.)cilium\.io$/u, 'cilium'],
  [/(^|\.)antrea\.io$/u, 'antrea'],
  [/(^|\.)istio\.io$/u, 'istio'],
  [/(^|\.)segproof\.dev$/u, 'segproof'],
];

const systemsByKind: readonly (readonly [RegExp, string])[] = [
  [/^Cilium/u, 'cilium'],
  [/^(Staged|Global)\w*Network(Policy|Set)$|^NetworkSet$/u, 'calico'],
  [/^Intent(Template)?$/u, 'segproof'],
  [/^AuthorizationPolicy$/u, 'istio'],
];

/** The system of a manifest by its `apiVersion`; where that is missing, by kinds that only one system has. */
export function systemOf(apiVersion: string | null, kind: string): string {
  const known = (table: typeof systemsByGroup, word: string) => table.find(([pattern]) => pattern.test(word))?.[1];
  if (apiVersion !== null) return known(systemsByGroup, apiVersion.split('/')[0] ?? '') ?? 'kubernetes';
  return known(systemsByKind, kind) ?? 'kubernetes';
}

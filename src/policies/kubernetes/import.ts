/** Kubernetes policy objects, as JSON or YAML gives them, into the policy model. */

import { policyIdText, tierOrders, type Policy, type PolicyId, type PolicyProblem } from '../model.js';
import { readClusterPolicySpec, type ClusterKind } from './cluster-policy.js';
import { readNetworkPolicySpec } from './network-policy.js';
import { Findings, Node, shown } from './reading.js';
import { isDnsLabel, isDnsSubdomain } from './syntax.js';

/** A policy with defaults filled in, or every problem found, each with its place. */
export type ImportResult =
  | { readonly ok: true; readonly policy: Policy }
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] };

const clusterKinds: Readonly<Record<string, ClusterKind>> = {
  'policy.networking.k8s.io/v1alpha1 AdminNetworkPolicy': 'AdminNetworkPolicy',
  'policy.networking.k8s.io/v1alpha1 BaselineAdminNetworkPolicy': 'BaselineAdminNetworkPolicy',
  'policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy': 'ClusterNetworkPolicy',
  'policy.networking.k8s.io/v1beta1 ClusterNetworkPolicy': 'ClusterNetworkPolicy',
};

/** Reads the name every object must have. */
export function readName(metadata: Node): string {
  const name = metadata.field('name').text() ?? '';
  if (name !== '' && !isDnsSubdomain(name))
    metadata.field('name').refuse(`expected an RFC 1123 subdomain, got ${shown(name)}`);
  return name;
}

/** Reads the namespace of a namespaced object, `default` when it has none. */
export function readNamespace(metadata: Node): string {
  const node = metadata.field('namespace');
  if (!node.present || node.value === '') return 'default';
  const namespace = node.text() ?? '';
  if (!isDnsLabel(namespace)) node.refuse(`expected an RFC 1123 label, got ${shown(namespace)}`);
  return namespace;
}

function readClusterPolicy(root: Node, metadata: Node, kind: ClusterKind): Policy {
  const name = readName(metadata);
  if (kind === 'BaselineAdminNetworkPolicy' && name !== 'default')
    metadata.field('name').refuse(`must be "default", the only one a cluster can have, got ${shown(name)}`);
  const namespace = metadata.field('namespace');
  if (namespace.present && namespace.value !== '') namespace.refuse(`${kind} is cluster-wide and has no namespace`);
  const body = readClusterPolicySpec(root.field('spec'), kind);
  return {
    id: { system: 'kubernetes', kind, namespace: null, name },
    tierOrder: tierOrders[body.tier],
    precedence: 'ordered',
    isolates: { ingress: false, egress: false },
    staged: null,
    ...body,
  };
}

/** Reads a NetworkPolicy or a cluster-wide policy; refuses every other kind. */
export function readPolicy(root: Node): Policy | null {
  const { value: apiVersion } = root.field('apiVersion');
  const { value: kind } = root.field('kind');
  const metadata = root.field('metadata');
  metadata.keys();
  if (apiVersion === 'networking.k8s.io/v1' && kind === 'NetworkPolicy') {
    const body = readNetworkPolicySpec(root.field('spec'));
    return {
      id: { system: 'kubernetes', kind, namespace: readNamespace(metadata), name: readName(metadata) },
      tier: 'NetworkPolicy',
      tierOrder: tierOrders.NetworkPolicy,
      precedence: 'additive',
      priority: null,
      isolates: { ingress: body.ingress !== null, egress: body.egress !== null },
      staged: null,
      ...body,
    };
  }
  const clusterKind =
    typeof apiVersion === 'string' && typeof kind === 'string' ? clusterKinds[`${apiVersion} ${kind}`] : undefined;
  if (clusterKind !== undefined) return readClusterPolicy(root, metadata, clusterKind);
  const known = ['networking.k8s.io/v1 NetworkPolicy', ...Object.keys(clusterKinds)];
  root.field('kind').refuse(`expected one of ${known.join(', ')}, got ${shown(apiVersion)} ${shown(kind)}`);
  return null;
}

/**
 * Imports one policy object as the API server would take it: defaults filled in, rules kept in their order, CIDRs in
 * canonical form. A NetworkPolicy without a namespace goes to `default`.
 *
 * Stricter than the API server: unknown fields inside `spec` are refused, as a rule that cannot be understood must
 * not be evaluated. More lenient: the case of a protocol, and CIDRs with host bits in every kind.
 *
 * Never throws; an object that is invalid gives all its problems.
 *
 * @example
 * const result = importPolicy(JSON.parse(text));
 * if (!result.ok) for (const { path, message } of result.problems) console.error(`${path}: ${message}`);
 */
export function importPolicy(object: unknown): ImportResult {
  const findings = new Findings();
  const { problems } = findings;
  const root = new Node(object, '', findings);
  if (!root.present) root.refuse('expected a policy object, got nothing');
  root.keys();
  const policy = problems.length === 0 ? readPolicy(root) : null;
  return problems.length === 0 && policy !== null ? { ok: true, policy } : { ok: false, problems };
}

/** Policies that are valid alone but not together. */
export interface PolicyConflict {
  readonly policies: readonly PolicyId[];
  readonly message: string;
}

/** A cluster has one network plugin; the policies of another are enforced by nobody. */
function pluginConflict(policies: readonly Policy[]): PolicyConflict[] {
  const of = ['calico', 'cilium'].map((system) => policies.find(({ id }) => id.system === system)?.id);
  const found = of.filter((id) => id !== undefined);
  if (found.length < 2) return [];
  return [
    {
      policies: found,
      message:
        'policies of Calico and of Cilium are in one set, but a cluster enforces those of one; evaluate them apart',
    },
  ];
}

/**
 * Conflicts inside a set of policies, staged ones left out: two objects of one identity, cluster-wide policies of one
 * kind and tier with the same priority, between which the API leaves the order undefined, and policies of two network
 * plugins. An empty list means that the set is sound.
 */
export function policyConflicts(policies: readonly Policy[]): PolicyConflict[] {
  const groups = new Map<string, { ids: PolicyId[]; message: string }>();
  const add = (key: string, id: PolicyId, message: string) => {
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ids: [id], message });
    else group.ids.push(id);
  };
  const enforced = policies.filter(({ staged }) => staged === null);
  for (const { id, tier, priority } of enforced) {
    const text = policyIdText(id);
    add(`id ${id.system} ${text}`, id, `expected one ${text}, got several`);
    // Calico orders equals by name; nothing else has several priorities and no order between equals.
    if (priority !== null && id.system === 'kubernetes')
      add(
        `priority ${id.kind} ${tier} ${priority}`,
        id,
        `several policies of the ${tier} tier have priority ${priority}, so their order is undefined; give each its own`,
      );
  }
  const between = [...groups.values()]
    .filter(({ ids }) => ids.length > 1)
    .map(({ ids, message }) => ({ policies: ids, message }));
  return [...between, ...pluginConflict(enforced)];
}

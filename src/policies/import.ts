/** Policy objects of every system, mixed as files and clusters have them, into the policy model. */

import { readCalicoPolicy, readStagedKubernetesPolicy, readTier, withTier, type CalicoTier } from './calico/policy.js';
import { readNetworkSet, withNetworkSets, type NamespaceLabels, type NetworkSet } from './calico/network-set.js';
import { readCiliumPolicy } from './cilium/policy.js';
import { readPolicy } from './kubernetes/import.js';
import { Findings, Node } from './kubernetes/reading.js';
import type { NotModelled, Policy, PolicyProblem } from './model.js';

/** What one object gives. Policies that depend on others, as those of Calico on tiers and sets, stand alone here. */
export interface PolicyObject {
  readonly policies: readonly Policy[];
  readonly tiers: readonly CalicoTier[];
  readonly networkSets: readonly NetworkSet[];
}

/** What one object says, or every reason to refuse it; what the model does not hold is listed either way. */
export type ObjectImport = (
  | ({ readonly ok: true } & PolicyObject)
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] }
) & { readonly notModelled: readonly NotModelled[] };

/** An object by its kind, namespace and name as written, and the place in it. */
export interface ObjectPlace {
  readonly object: string;
  readonly path: string;
  readonly message: string;
}

/** What a set of objects says. `others` are the objects of kinds that are no policies, in their order. */
export interface PolicyImport {
  readonly policies: readonly Policy[];
  readonly problems: readonly ObjectPlace[];
  readonly notModelled: readonly ObjectPlace[];
  readonly others: readonly unknown[];
}

type Reader = (root: Node) => Partial<PolicyObject>;

const calicoKinds: Readonly<Record<string, (root: Node, kind: string) => Partial<PolicyObject>>> = {
  NetworkPolicy: (root, kind) => ({ policies: [readCalicoPolicy(root, kind)] }),
  GlobalNetworkPolicy: (root, kind) => ({ policies: [readCalicoPolicy(root, kind)] }),
  StagedNetworkPolicy: (root, kind) => ({ policies: [readCalicoPolicy(root, kind)] }),
  StagedGlobalNetworkPolicy: (root, kind) => ({ policies: [readCalicoPolicy(root, kind)] }),
  StagedKubernetesNetworkPolicy: (root, kind) => ({ policies: [readStagedKubernetesPolicy(root, kind)] }),
  Tier: (root) => ({ tiers: [readTier(root)] }),
  NetworkSet: (root) => ({ networkSets: [readNetworkSet(root, 'NetworkSet')] }),
  GlobalNetworkSet: (root) => ({ networkSets: [readNetworkSet(root, 'GlobalNetworkSet')] }),
};

/** Kinds that can decide traffic, and of which the model knows nothing. */
function leftOut(message: string): Reader {
  return (root) => {
    root.field('kind').leaveOut(message);
    return {};
  };
}

const leftOutKinds: Readonly<Record<string, Reader>> = {
  Profile: leftOut('profiles are not modelled; a pod that no policy selects is taken to be open'),
  HostEndpoint: leftOut('host endpoints are not modelled; no policy is evaluated for them'),
};

function kubernetesReader(root: Node): Partial<PolicyObject> {
  const policy = readPolicy(root);
  return policy === null ? {} : { policies: [policy] };
}

/** The reader for an object, `null` when it is no policy. */
function readerOf(apiVersion: unknown, kind: unknown): Reader | null {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return null;
  if (apiVersion === 'projectcalico.org/v3' || apiVersion === 'crd.projectcalico.org/v1') {
    const reader = Object.hasOwn(calicoKinds, kind) ? calicoKinds[kind] : undefined;
    if (reader !== undefined) return (root) => reader(root, kind);
    if (Object.hasOwn(leftOutKinds, kind)) return leftOutKinds[kind] ?? null;
  }
  if (apiVersion === 'cilium.io/v2' && (kind === 'CiliumNetworkPolicy' || kind === 'CiliumClusterwideNetworkPolicy'))
    return (root) => ({ policies: readCiliumPolicy(root, kind) });
  return kind.endsWith('NetworkPolicy') ? kubernetesReader : null;
}

function readWith(reader: Reader, object: unknown): ObjectImport {
  const findings = new Findings();
  const { problems, notModelled } = findings;
  const root = new Node(object, '', findings);
  root.field('metadata').keys();
  const { policies = [], tiers = [], networkSets = [] } = problems.length === 0 ? reader(root) : {};
  return problems.length === 0
    ? { ok: true, policies, tiers, networkSets, notModelled }
    : { ok: false, problems, notModelled };
}

/**
 * Imports one policy object of any modelled kind; `null` when it is of another kind.
 *
 * @example
 * const read = importObject(JSON.parse(text));
 * if (read?.ok === false) for (const { path, message } of read.problems) console.error(`${path}: ${message}`);
 */
export function importObject(object: unknown): ObjectImport | null {
  const root = new Node(object, '', new Findings());
  const reader = readerOf(root.field('apiVersion').value, root.field('kind').value);
  return reader === null ? null : readWith(reader, object);
}

function objectText(object: unknown): string {
  const root = new Node(object, '', new Findings());
  const metadata = root.field('metadata');
  const [kind, namespace, name] = [root.field('kind'), metadata.field('namespace'), metadata.field('name')].map(
    ({ value }) => (typeof value === 'string' ? value : ''),
  );
  return `${kind === '' ? '(no kind)' : kind} ${namespace === '' ? '' : `${namespace}/`}${name === '' ? '(no name)' : name}`;
}

/** The objects of a list, and of lists in it; whatever is no list is itself. */
function flatten(object: unknown, depth = 0): readonly unknown[] {
  const root = new Node(object, '', new Findings());
  const { value: kind } = root.field('kind');
  const { value: items } = root.field('items');
  if (typeof kind !== 'string' || !kind.endsWith('List') || !Array.isArray(items) || depth > 4) return [object];
  const typed: readonly unknown[] = items.map((item: unknown) =>
    kind === 'List' || typeof item !== 'object' || item === null || Array.isArray(item)
      ? item
      : { apiVersion: root.field('apiVersion').value, kind: kind.slice(0, -'List'.length), ...item },
  );
  return typed.flatMap((item) => flatten(item, depth + 1));
}

function namespacesOf(objects: readonly unknown[]): NamespaceLabels {
  const namespaces = new Map<string, Record<string, string>>();
  for (const object of objects) {
    const root = new Node(object, '', new Findings());
    const name = root.field('metadata').field('name').value;
    if (root.field('kind').value !== 'Namespace' || typeof name !== 'string') continue;
    const labels = root.field('metadata').field('labels').value;
    const texts = Object.entries(typeof labels === 'object' && labels !== null ? labels : {}).filter(
      (entry): entry is [string, string] => typeof entry[1] === 'string',
    );
    namespaces.set(name, Object.fromEntries(texts));
  }
  return namespaces;
}

/** Policies with what the other objects of their set say about them: the tiers and the network sets of Calico. */
export function resolvePolicies(
  { policies, tiers, networkSets }: PolicyObject,
  namespaces: NamespaceLabels = new Map(),
): Policy[] {
  return policies.map((policy) => withNetworkSets(withTier(policy, tiers), networkSets, namespaces));
}

/**
 * Imports the policies of a set of objects, such as the documents of YAML files or what a cluster lists. Every object
 * is imported, refused with all its problems, or among `others`; lists are opened.
 *
 * Stricter than the API servers: unknown fields inside `spec` are refused, as a rule that cannot be understood must
 * not be evaluated. What is understood but not held by the model is in `notModelled`, with what that does to verdicts.
 *
 * Never throws.
 */
export function importPolicies(objects: readonly unknown[]): PolicyImport {
  const found = { policies: [] as Policy[], tiers: [] as CalicoTier[], networkSets: [] as NetworkSet[] };
  const problems: ObjectPlace[] = [];
  const notModelled: ObjectPlace[] = [];
  const others: unknown[] = [];
  const unknownTiers = new Map<string, string>();
  for (const object of objects.flatMap((item) => flatten(item))) {
    const read = importObject(object);
    if (read === null) {
      others.push(object);
      continue;
    }
    const placed = (places: readonly PolicyProblem[]) =>
      places.map((place) => ({ object: objectText(object), ...place }));
    notModelled.push(...placed(read.notModelled));
    if (!read.ok) {
      problems.push(...placed(read.problems));
      continue;
    }
    found.policies.push(...read.policies);
    found.tiers.push(...read.tiers);
    found.networkSets.push(...read.networkSets);
    for (const { tier } of read.policies) if (tier.startsWith('Calico ')) unknownTiers.set(tier, objectText(object));
  }
  for (const [tier, object] of unknownTiers)
    if (!found.tiers.some((known) => known.tier === tier))
      notModelled.push({
        object,
        path: 'spec.tier',
        message: `no Tier object gives the order of tier ${tier.slice('Calico '.length)}; it is taken to come last, and to deny what it does not match`,
      });
  return { policies: resolvePolicies(found, namespacesOf(others)), problems, notModelled, others };
}

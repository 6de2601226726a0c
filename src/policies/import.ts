/** Policy objects of every system, mixed as files and clusters have them, into the policy model. */

import { readPrefixLists, readSecurityGroups, type PrefixLists } from './aws/security-groups.js';
import { readCalicoPolicy, readStagedKubernetesPolicy, readTier, withTier, type CalicoTier } from './calico/policy.js';
import { readNetworkSet, withNetworkSets, type NamespaceLabels, type NetworkSet } from './calico/network-set.js';
import { readCidrGroup, type CidrGroup } from './cilium/cidr-group.js';
import { readCiliumPolicy } from './cilium/policy.js';
import { intentPolicies } from './intent/policies.js';
import { readIntent, readTemplate, type IntentTemplates } from './intent/read.js';
import { intentVersion } from './intent/schema.js';
import { readPolicy } from './kubernetes/import.js';
import { Findings, Node, shown } from './kubernetes/reading.js';
import type { NotModelled, Policy, PolicyProblem } from './model.js';

/** What one object gives. Policies that depend on others, as those of Calico on tiers and sets, stand alone here. */
export interface PolicyObject {
  readonly policies: readonly Policy[];
  readonly tiers: readonly CalicoTier[];
  readonly networkSets: readonly NetworkSet[];
}

/** What the readers need of the other objects. */
interface Surroundings {
  readonly prefixLists: PrefixLists;
  readonly cidrGroups: readonly CidrGroup[];
  readonly templates: IntentTemplates;
  readonly at: string | undefined;
}

const alone: Surroundings = { prefixLists: new Map(), cidrGroups: [], templates: new Map(), at: undefined };

/** What one object says, or every reason to refuse it; what the model does not hold is listed either way. */
export type ObjectImport = (
  | ({ readonly ok: true } & PolicyObject)
  | { readonly ok: false; readonly problems: readonly PolicyProblem[] }
) & { readonly notModelled: readonly NotModelled[] };

/**
 * An object by its kind, namespace and name as written, and the place in it. `index` is the position, in what was given
 * to the import, of the object or of the list that holds it.
 */
export interface ObjectPlace {
  readonly index: number;
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

type Reader = (root: Node, surroundings: Surroundings) => Partial<PolicyObject>;

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

function refuseAll(root: Node, problems: readonly PolicyProblem[]): Partial<PolicyObject> {
  for (const problem of problems) root.refuseAt(problem);
  return {};
}

const intentReader: Reader = (root, { templates, at }) => {
  const intent = readIntent(root.value, templates);
  if (!intent.ok) return refuseAll(root, intent.problems);
  const read = intentPolicies(intent.value, at);
  return read.ok ? { policies: read.policies } : refuseAll(root, read.problems);
};

/** Templates say nothing by themselves; what is wrong with one is said where it stands. */
const templateReader: Reader = (root) => {
  const template = readTemplate(root.value);
  return template.ok ? {} : refuseAll(root, template.problems);
};

function kubernetesReader(root: Node): Partial<PolicyObject> {
  const policy = readPolicy(root);
  return policy === null ? {} : { policies: [policy] };
}

const cidrGroupKinds = ['cilium.io/v2 CiliumCIDRGroup', 'cilium.io/v2alpha1 CiliumCIDRGroup'];

/** A group says nothing by itself; policies that name it are read with it. */
const cidrGroupReader: Reader = (root) => {
  readCidrGroup(root);
  return {};
};

const readersByKind: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ...['projectcalico.org/v3', 'crd.projectcalico.org/v1'].flatMap((version): [string, Reader][] => [
    ...Object.entries(calicoKinds).map(([kind, read]): [string, Reader] => [
      `${version} ${kind}`,
      (root) => read(root, kind),
    ]),
    [`${version} Profile`, leftOut('profiles are not modelled; a pod that no policy selects is taken to be open')],
    [`${version} HostEndpoint`, leftOut('host endpoints are not modelled; no policy is evaluated for them')],
  ]),
  ...(['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy'] as const).map((kind): [string, Reader] => [
    `cilium.io/v2 ${kind}`,
    (root, { cidrGroups }) => ({ policies: readCiliumPolicy(root, kind, cidrGroups) }),
  ]),
  ...cidrGroupKinds.map((kind): [string, Reader] => [kind, cidrGroupReader]),
  [`${intentVersion} Intent`, intentReader],
  [`${intentVersion} IntentTemplate`, templateReader],
]);

/** Another version of a kind that is modelled, or a policy of a kind that is not. */
const unknownReader: Reader = (root) => {
  const [apiVersion, kind] = [root.field('apiVersion'), root.field('kind')];
  const known = ['networking.k8s.io/v1 NetworkPolicy', ...readersByKind.keys()];
  kind.refuse(`expected one of ${known.join(', ')}, got ${shown(apiVersion.value ?? null)} ${shown(kind.value)}`);
  return {};
};

const modelledNames: ReadonlySet<string> = new Set([...readersByKind.keys()].map((key) => key.split(' ')[1] ?? ''));

/** The reader for an object, `null` when it is no policy. */
function readerOf(root: Node): Reader | null {
  const { value: kind } = root.field('kind');
  if (root.field('SecurityGroups').present)
    return (object, { prefixLists }) => ({ policies: readSecurityGroups(object, prefixLists) });
  if (typeof kind !== 'string') return null;
  const version = wordOf(root.field('apiVersion'));
  const reader = readersByKind.get(`${version} ${kind}`);
  if (reader !== undefined) return reader;
  if (/^(policy\.)?networking\.k8s\.io\//.test(version) && kind.endsWith('NetworkPolicy')) return kubernetesReader;
  return kind.endsWith('NetworkPolicy') || modelledNames.has(kind) ? unknownReader : null;
}

function readWith(reader: Reader, object: unknown, surroundings: Surroundings): ObjectImport {
  const findings = new Findings();
  const { problems, notModelled } = findings;
  const root = new Node(object, '', findings);
  root.field('metadata').keys();
  const { policies = [], tiers = [], networkSets = [] } = problems.length === 0 ? reader(root, surroundings) : {};
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
  return importAmong(object, alone);
}

function importAmong(object: unknown, surroundings: Surroundings): ObjectImport | null {
  const reader = readerOf(new Node(object, '', new Findings()));
  return reader === null ? null : readWith(reader, object, surroundings);
}

/** One object, and where in the given list it or the list around it stands. */
interface Placed {
  readonly index: number;
  readonly object: unknown;
}

function prefixListsOf(objects: readonly Placed[]): { lists: PrefixLists; problems: ObjectPlace[] } {
  const lists = new Map<string, readonly string[]>();
  const problems: ObjectPlace[] = [];
  for (const { index, object } of objects) {
    const findings = new Findings();
    const root = new Node(object, '', findings);
    if (!root.field('PrefixLists').present) continue;
    for (const [id, cidrs] of readPrefixLists(root)) lists.set(id, cidrs);
    problems.push(...findings.problems.map((problem) => ({ index, object: 'PrefixLists', ...problem })));
  }
  return { lists, problems };
}

function wordOf({ value }: Node): string {
  return typeof value === 'string' ? value : '';
}

function cidrGroupsOf(objects: readonly Placed[]): CidrGroup[] {
  return objects.flatMap(({ object }) => {
    const findings = new Findings();
    const root = new Node(object, '', findings);
    if (!cidrGroupKinds.includes(`${wordOf(root.field('apiVersion'))} ${wordOf(root.field('kind'))}`)) return [];
    const group = readCidrGroup(root);
    return findings.problems.length === 0 ? [group] : [];
  });
}

function templatesOf(objects: readonly Placed[]): IntentTemplates {
  const templates = objects.filter(
    ({ object }) => wordOf(new Node(object, '', new Findings()).field('kind')) === 'IntentTemplate',
  );
  const read = templates.map(({ object }) => readTemplate(object)).flatMap((one) => (one.ok ? [one.value] : []));
  return new Map(read.map((template) => [template.metadata.name, template]));
}

function objectText(object: unknown): string {
  const root = new Node(object, '', new Findings());
  if (root.field('SecurityGroups').present) return 'SecurityGroups';
  const metadata = root.field('metadata');
  const [kind, namespace, name] = [root.field('kind'), metadata.field('namespace'), metadata.field('name')].map(wordOf);
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
 * `at` is the instant (ISO 8601) at which rules of intents must not have expired; without it none has. Never throws.
 */
export function importPolicies(objects: readonly unknown[], at?: string): PolicyImport {
  const all = objects.flatMap((given, index) => flatten(given).map((object): Placed => ({ index, object })));
  const found = { policies: [] as Policy[], tiers: [] as CalicoTier[], networkSets: [] as NetworkSet[] };
  const { lists: prefixLists, problems } = prefixListsOf(all);
  const notModelled: ObjectPlace[] = [];
  const others: unknown[] = [];
  const surroundings = { prefixLists, cidrGroups: cidrGroupsOf(all), templates: templatesOf(all), at };
  const unknownTiers = new Map<string, Pick<ObjectPlace, 'index' | 'object'>>();
  for (const { index, object } of all) {
    const read = importAmong(object, surroundings);
    if (read === null) {
      others.push(object);
      continue;
    }
    const named = { index, object: objectText(object) };
    notModelled.push(...read.notModelled.map((place) => ({ ...named, ...place })));
    if (!read.ok) {
      problems.push(...read.problems.map((place) => ({ ...named, ...place })));
      continue;
    }
    found.policies.push(...read.policies);
    found.tiers.push(...read.tiers);
    found.networkSets.push(...read.networkSets);
    for (const { tier } of read.policies) if (tier.startsWith('Calico ')) unknownTiers.set(tier, named);
  }
  for (const { tier } of found.tiers) unknownTiers.delete(tier);
  for (const [tier, named] of unknownTiers)
    notModelled.push({
      ...named,
      path: 'spec.tier',
      message: `no Tier object gives the order of tier ${tier.slice('Calico '.length)}; it is taken to come last, and to deny what it does not match`,
    });
  return { policies: resolvePolicies(found, namespacesOf(others)), problems, notModelled, others };
}

/** Cilium's endpoint selectors, whose labels have sources, into sets of pods (pkg/k8s/apis/cilium.io/utils). */

import type { Expression, Peer, PodSet, Requirement, Selector } from '../model.js';
import { canonicalText, type Node } from '../kubernetes/reading.js';
import { isLabelKey, readSelector } from '../kubernetes/syntax.js';

const namespaceName = 'io.kubernetes.pod.namespace';
const namespaceLabel = 'io.cilium.k8s.namespace.labels.';
const clusterName = 'io.cilium.k8s.policy.cluster';
const serviceAccount = 'io.cilium.k8s.policy.serviceaccount';
const labelKey = /^(?:([a-z0-9-]{1,63}):)?(.*)$/s;

function parts(key: string): { source: string; name: string } {
  const match = labelKey.exec(key);
  return { source: match?.[1] ?? 'any', name: match?.[2] ?? key };
}

function isCiliumKey(key: string): boolean {
  const { source, name } = parts(key);
  return isLabelKey(name) || (source === 'k8s' || source === 'any' ? isNamespaceLabel(name) : name !== '');
}

/** Labels of namespaces keep their own prefix and `/` behind Cilium's prefix. */
function isNamespaceLabel(name: string): boolean {
  return name.startsWith(namespaceLabel) && isLabelKey(name.slice(namespaceLabel.length));
}

/** A selector taken apart: what it asks of the namespace, of the pod, and what no pod of a topology can answer. */
interface Terms {
  readonly namespaces: readonly Requirement[];
  readonly namespaceLabels: readonly Requirement[];
  readonly pods: readonly Requirement[];
  readonly accounts: readonly Requirement[];
  readonly clusters: readonly Requirement[];
  readonly reserved: boolean;
}

function termsOf(selector: Selector): Terms {
  const terms = {
    namespaces: [] as Requirement[],
    namespaceLabels: [] as Requirement[],
    pods: [] as Requirement[],
    accounts: [] as Requirement[],
    clusters: [] as Requirement[],
    reserved: false,
  };
  for (const requirement of selector) {
    const { source, name } = parts(requirement.key);
    if (source !== 'any' && source !== 'k8s') terms.reserved = true;
    else if (name === namespaceName) terms.namespaces.push({ ...requirement, key: 'kubernetes.io/metadata.name' });
    else if (name.startsWith(namespaceLabel))
      terms.namespaceLabels.push({ ...requirement, key: name.slice(namespaceLabel.length) });
    else if (name === serviceAccount) terms.accounts.push({ ...requirement, key: 'projectcalico.org/serviceaccount' });
    else if (name === clusterName) terms.clusters.push(requirement);
    else terms.pods.push({ ...requirement, key: name });
  }
  return terms;
}

function asExpression({ key, operator, values }: Requirement): Expression {
  const positive: Expression =
    operator === 'In' || operator === 'NotIn'
      ? { operator: 'In', label: key, values }
      : { operator: 'Has', label: key };
  return operator === 'In' || operator === 'Exists' ? positive : { operator: 'Not', of: positive };
}

function where(of: readonly Expression[]): { where?: Expression } {
  return of.length === 0 ? {} : { where: { operator: 'And', of } };
}

/** Pods are in one cluster, which has some name; which one is not known. */
function askedOfCluster({ clusters }: Terms): boolean {
  return clusters.some(({ operator }) => operator !== 'Exists');
}

const noPod: PodSet = { namespaces: [], pods: [], where: { operator: 'Or', of: [] } };

/**
 * Reads `endpointSelector`. In a namespaced policy it always selects in the policy's namespace, whatever it says of
 * namespaces by name.
 */
export function readSubject(node: Node, namespace: string | null): PodSet {
  const terms = termsOf(readSelector(node, isCiliumKey));
  if (terms.reserved) {
    node.leaveOut('only pods are modelled, so a policy for endpoints with reserved labels selects none');
    return noPod;
  }
  if (askedOfCluster(terms)) node.leaveOut('the name of the cluster is not known; its pods are taken to match');
  const illegal = terms.namespaces.some(
    ({ operator, values }) => operator !== 'In' || !values.includes(namespace ?? ''),
  );
  if (namespace !== null && illegal)
    node.leaveOut(
      'a namespaced policy selects in its own namespace; what it says of other namespaces is ignored, as by Cilium',
    );
  const own: Requirement = { key: 'kubernetes.io/metadata.name', operator: 'In', values: [namespace ?? ''] };
  const ofNamespace = [...(namespace === null ? terms.namespaces : [own]), ...terms.namespaceLabels];
  const scope = namespace !== null && terms.namespaceLabels.length === 0 ? 'own' : ofNamespace;
  return { namespaces: scope, pods: terms.pods, ...where(terms.accounts.map(asExpression)) };
}

/**
 * Reads a selector of `fromEndpoints` or `toEndpoints`: in the policy's namespace unless it says something of
 * namespaces. `denies` tells what to make of a condition nobody can check: denials then match nothing.
 */
export function readPeer(node: Node, namespace: string | null, denies: boolean): Peer {
  const terms = termsOf(readSelector(node, isCiliumKey));
  const unmodelled: Peer = { kind: 'unmodelled', field: `endpoints ${canonicalText(node.value ?? null)}` };
  if (terms.reserved) {
    node.leaveOut('no topology has endpoints with reserved labels, so this peer matches nothing');
    return unmodelled;
  }
  if (askedOfCluster(terms)) {
    node.leaveOut(
      denies
        ? 'the name of the cluster is not known, so this denial is taken to match nothing'
        : 'the name of the cluster is not known; pods of the topology are taken to be in it',
    );
    if (denies) return unmodelled;
  }
  const ofNamespace = [...terms.namespaces, ...terms.namespaceLabels];
  const scope = namespace !== null && ofNamespace.length === 0 ? 'own' : ofNamespace;
  return { kind: 'pods', namespaces: scope, pods: terms.pods, ...where(terms.accounts.map(asExpression)) };
}

/**
 * Reads a selector of `fromRequires` or `toRequires` as the pods that do not meet it: no rule reaches them. Cilium adds
 * the requirements of all policies that select an endpoint to every selector of its rules.
 */
export function readUnmet(node: Node, namespace: string | null): Peer {
  const terms = termsOf(readSelector(node, isCiliumKey));
  if (terms.reserved || askedOfCluster(terms)) {
    node.leaveOut('what it requires cannot be told of pods, so it is taken to be met');
    return { kind: 'unmodelled', field: `requires ${canonicalText(node.value ?? null)}` };
  }
  const ofNamespace = [...terms.namespaces, ...terms.namespaceLabels];
  const own: readonly Expression[] =
    namespace !== null && ofNamespace.length === 0
      ? [{ operator: 'In', label: 'projectcalico.org/namespace', values: [namespace] }]
      : [];
  const ofLabels = ofNamespace.map((term) => asExpression({ ...term, key: `pcns.${term.key}` }));
  const met = [...own, ...ofLabels, ...[...terms.pods, ...terms.accounts].map(asExpression)];
  return { kind: 'pods', namespaces: [], pods: [], where: { operator: 'Not', of: { operator: 'And', of: met } } };
}

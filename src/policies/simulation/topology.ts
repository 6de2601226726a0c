/** The cluster a simulation runs on, and label selectors resolved on it. */

import type { Expression, PodSet, Requirement, Selector } from '../model.js';
import { calicoLabel, holds } from './expressions.js';
import { emptyBits, intersect, setBit, subtract, unite, type Bits } from './bitset.js';

/**
 * A pod, or a workload standing for its pods. `key` identifies it in queries; host-network pods are never selected.
 * `serviceAccount` is absent where it is not known.
 */
export interface Pod {
  readonly key: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly ips: readonly string[];
  readonly namedPorts: readonly { readonly name: string; readonly protocol: string; readonly port: number }[];
  readonly hostNetwork: boolean;
  readonly serviceAccount?: string;
}

/** A namespace that pods name but this does not list exists, with nothing but its `kubernetes.io/metadata.name`. */
export interface Topology {
  readonly namespaces: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  readonly pods: readonly Pod[];
}

type Labels = Readonly<Record<string, string>>;

/** Label semantics of Kubernetes: `NotIn` and `DoesNotExist` hold for objects without the key. */
export function matchesSelector(selector: Selector, labels: Labels): boolean {
  return selector.every(({ key, operator, values }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    switch (operator) {
      case 'In':
        return value !== undefined && values.includes(value);
      case 'NotIn':
        return value === undefined || !values.includes(value);
      case 'Exists':
        return value !== undefined;
      case 'DoesNotExist':
        return value === undefined;
    }
  });
}

/** Namespace labels by name, with the label the API server always sets. */
export function namespaceLabels(topology: Topology): ReadonlyMap<string, Labels> {
  const listed = new Map(topology.namespaces.map(({ name, labels }) => [name, labels]));
  const names = new Set([...listed.keys(), ...topology.pods.map((pod) => pod.namespace)]);
  return new Map([...names].map((name) => [name, { ...listed.get(name), 'kubernetes.io/metadata.name': name }]));
}

/** Turns selectors into sets of pod numbers, each distinct selector once. Host-network pods are in no set. */
export class PodIndex {
  private readonly selectable: Bits;
  private readonly byLabel = new Map<string, Map<string, Bits>>();
  private readonly byNamespace = new Map<string, Bits>();
  private readonly namespaces: ReadonlyMap<string, Labels>;
  private readonly known = new Map<string, Bits>();

  /** `size` is the number of bits of every set, at least the number of pods. */
  constructor(
    private readonly topology: Topology,
    private readonly size: number,
  ) {
    this.namespaces = namespaceLabels(topology);
    this.selectable = emptyBits(size);
    for (const [at, pod] of topology.pods.entries()) {
      if (pod.hostNetwork) continue;
      setBit(this.selectable, at);
      setBit(this.entry(this.byNamespace, pod.namespace), at);
      for (const [key, value] of Object.entries(pod.labels)) {
        let values = this.byLabel.get(key);
        if (values === undefined) this.byLabel.set(key, (values = new Map<string, Bits>()));
        setBit(this.entry(values, value), at);
      }
    }
  }

  private entry(map: Map<string, Bits>, key: string): Bits {
    let bits = map.get(key);
    if (bits === undefined) map.set(key, (bits = emptyBits(this.size)));
    return bits;
  }

  private withAnyOf({ key, values, operator }: Requirement): Bits {
    const bits = emptyBits(this.size);
    const byValue = this.byLabel.get(key);
    const wanted = operator === 'In' || operator === 'NotIn' ? values : [...(byValue?.keys() ?? [])];
    for (const value of wanted) {
      const pods = byValue?.get(value);
      if (pods !== undefined) unite(bits, pods);
    }
    return bits;
  }

  private where(expression: Expression): Bits {
    const bits = emptyBits(this.size);
    for (const [at, { labels, namespace, serviceAccount = null, hostNetwork }] of this.topology.pods.entries()) {
      if (hostNetwork) continue;
      const labelsOfNamespace = this.namespaces.get(namespace) ?? {};
      const owner = { labels, namespace, namespaceLabels: labelsOfNamespace, serviceAccount, isPod: true };
      if (holds(expression, (key) => calicoLabel(owner, key))) setBit(bits, at);
    }
    return bits;
  }

  private resolve({ namespaces, pods, where }: PodSet, own: string | null): Bits {
    const bits = emptyBits(this.size);
    for (const [name, labels] of this.namespaces) {
      const wanted = namespaces === 'own' ? name === own : matchesSelector(namespaces, labels);
      if (wanted) unite(bits, this.entry(this.byNamespace, name));
    }
    for (const requirement of pods) {
      const { operator } = requirement;
      if (operator === 'In' || operator === 'Exists') intersect(bits, this.withAnyOf(requirement));
      else subtract(bits, this.withAnyOf(requirement));
    }
    if (where !== undefined) intersect(bits, this.where(where));
    return bits;
  }

  /** The pods of a set; `own` is the namespace of the policy. The result is shared and must not be changed. */
  select(set: PodSet, own: string | null): Bits {
    const key = JSON.stringify([set.namespaces === 'own' ? own : set.namespaces, set.pods, set.where]);
    let bits = this.known.get(key);
    if (bits === undefined) this.known.set(key, (bits = this.resolve(set, own)));
    return bits;
  }
}

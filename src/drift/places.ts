/** Segments and namespaces that workloads, policies and ends of flows belong to. Pure. */

export interface SegmentPlace {
  readonly name: string;
  readonly owner: string;
  readonly criticality: 'low' | 'medium' | 'high' | 'critical';
  readonly phase: string;
  readonly phaseSince: string;
  readonly namespace: string;
  readonly matchLabels: Readonly<Record<string, string>>;
}

interface PlacedWorkload {
  readonly key: string;
  readonly namespace: string | null;
  readonly labels: Readonly<Record<string, string>> | null;
}

/** Where an end of a flow lies: a segment, a namespace without one, or neither. */
export interface Place {
  readonly segment: SegmentPlace | null;
  /** `payments`, `namespace kube-system`, `outside`. */
  readonly text: string;
}

const outside: Place = { segment: null, text: 'outside' };

export class Places {
  private readonly byWorkload = new Map<string, Place>();

  constructor(
    readonly segments: readonly SegmentPlace[],
    workloads: readonly PlacedWorkload[],
  ) {
    for (const { key, namespace, labels } of workloads) {
      const segment = segments.find(
        (one) =>
          one.namespace === namespace &&
          Object.entries(one.matchLabels).every(([label, value]) => labels?.[label] === value),
      );
      if (segment !== undefined) this.byWorkload.set(key, { segment, text: segment.name });
      else if (namespace !== null) this.byWorkload.set(key, { segment: null, text: `namespace ${namespace}` });
      else this.byWorkload.set(key, { segment: null, text: key });
    }
  }

  of(workload: string): Place {
    return this.byWorkload.get(workload) ?? outside;
  }

  /** The segment that all of these namespaces have in common; null when there is none or several. */
  ofNamespaces(namespaces: readonly (string | null)[]): SegmentPlace | null {
    const found = this.segments.filter(({ namespace }) => namespaces.includes(namespace));
    const covered = new Set(found.map(({ namespace }) => namespace));
    const [first, ...others] = found;
    if (first === undefined || others.length > 0) return null;
    return namespaces.every((namespace) => namespace !== null && covered.has(namespace)) ? first : null;
  }
}

/** Which policies were in force when, from the versions the audit records showed. */

import { compareInstants, instantKey } from '../../changes/instants.js';
import { importPolicy } from '../../policies/kubernetes/import.js';
import type { Policy } from '../../policies/model.js';
import { policyKeyText } from '../../policies/policy-key.js';
import type { PolicyVersionView } from '../model.js';

/** A policy in force; `policy` is null where the record lacks the object, or it is of a kind that cannot be read. */
export interface PolicyInForce {
  readonly version: PolicyVersionView;
  readonly policy: Policy | null;
}

/** The policies in force from `since` on until the next state; `since` is null before the first known version. */
export interface PolicyState {
  readonly since: string | null;
  readonly policies: readonly PolicyInForce[];
}

function inForce(version: PolicyVersionView): PolicyInForce {
  if (version.object === null || version.object === undefined) return { version, policy: null };
  const imported = importPolicy(version.object);
  return { version, policy: imported.ok ? imported.policy : null };
}

/** The states of a namespace, and their beginnings as keys that order as text; the first begins before all. */
interface Timeline {
  readonly states: readonly PolicyState[];
  readonly begins: readonly string[];
}

/**
 * Replays policy versions by event time; versions of one instant in the order of the log. A namespace's states hold
 * the policies of that namespace and the cluster-wide ones: all that can guard a workload in it.
 */
export class PolicyHistory {
  private readonly byNamespace = new Map<string | null, PolicyVersionView[]>();
  private readonly timelines = new Map<string, Timeline>();
  private readonly read = new Map<PolicyVersionView, PolicyInForce>();

  constructor(versions: readonly PolicyVersionView[]) {
    const ordered = [...versions].sort((a, b) => compareInstants(a.eventTime, b.eventTime) || a.index - b.index);
    for (const version of ordered) {
      const list = this.byNamespace.get(version.namespace);
      if (list === undefined) this.byNamespace.set(version.namespace, [version]);
      else list.push(version);
    }
  }

  private versionsOf(namespace: string): readonly PolicyVersionView[] {
    const own = this.byNamespace.get(namespace) ?? [];
    const clusterWide = this.byNamespace.get(null) ?? [];
    if (clusterWide.length === 0) return own;
    return [...own, ...clusterWide].sort((a, b) => compareInstants(a.eventTime, b.eventTime) || a.index - b.index);
  }

  private imported(version: PolicyVersionView): PolicyInForce {
    let policy = this.read.get(version);
    if (policy === undefined) this.read.set(version, (policy = inForce(version)));
    return policy;
  }

  private replay(namespace: string): PolicyState[] {
    const states: PolicyState[] = [{ since: null, policies: [] }];
    const current = new Map<string, PolicyInForce>();
    const versions = this.versionsOf(namespace);
    for (const [at, version] of versions.entries()) {
      const key = policyKeyText(version);
      if (version.action === 'delete') current.delete(key);
      else current.set(key, this.imported(version));
      const next = versions[at + 1];
      if (next === undefined || compareInstants(version.eventTime, next.eventTime) < 0)
        states.push({ since: version.eventTime, policies: [...current.values()] });
    }
    return states;
  }

  private timeline(namespace: string): Timeline {
    let timeline = this.timelines.get(namespace);
    if (timeline === undefined) {
      const states = this.replay(namespace);
      timeline = { states, begins: states.map(({ since }) => (since === null ? '' : instantKey(since))) };
      this.timelines.set(namespace, timeline);
    }
    return timeline;
  }

  /** The states of a namespace, oldest first; the first is empty and reaches back for ever. */
  statesOf(namespace: string): readonly PolicyState[] {
    return this.timeline(namespace).states;
  }

  /**
   * Positions in `statesOf` of all states in force at some time from `first` to `last`, at least one. A state is in
   * force from its `since` on, inclusive.
   */
  positionsWithin(namespace: string, first: string, last: string): number[] {
    const { begins } = this.timeline(namespace);
    const [firstKey, lastKey] = [instantKey(first), instantKey(last)];
    let low = 0;
    let high = begins.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((begins[middle] ?? '') <= firstKey) low = middle;
      else high = middle - 1;
    }
    const positions = [low];
    for (let next = low + 1; next < begins.length && (begins[next] ?? '') <= lastKey; next++) positions.push(next);
    return positions;
  }
}

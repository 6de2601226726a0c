/** Connections that passed, held against policies: which of them a segment's policies would block. */

import type { ObservedEdge, ObservedWorkload } from '../policies/recommendation/observed.js';
import type { Policy } from '../policies/model.js';
import { Replay } from '../policies/replay/replay.js';

/** A connection that passed and that the segment's side of the policies denies. */
export interface BlockedConnection {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly flows: number;
  readonly lastSeen: string;
  readonly entries: readonly number[];
}

export interface Judgement {
  readonly blocked: readonly BlockedConnection[];
  readonly uncertain: number;
}

/** Policies alone, without what was in force when the flows were seen: a flow that passed is what has to go on passing. */
export class BlockedBy {
  private readonly replay: Replay;

  constructor(policies: readonly Policy[], workloads: readonly ObservedWorkload[]) {
    this.replay = new Replay({ inForce: [], draft: policies, workloads, namespaces: [] });
  }

  /** `members` are the keys of the segment's workloads; what others deny on their side is theirs to see to. */
  judge(edges: readonly ObservedEdge[], members: ReadonlySet<string>): Judgement {
    const blocked: BlockedConnection[] = [];
    let uncertain = 0;
    for (const edge of edges) {
      if (edge.passed === 0) continue;
      const outcome = this.replay.judge({ ...edge, flows: edge.passed });
      if (outcome.class === 'uncertain') uncertain++;
      if (outcome.class !== 'newly_blocked') continue;
      const { egress, ingress } = outcome.after;
      const here = (members.has(edge.source) && !egress.allowed) || (members.has(edge.destination) && !ingress.allowed);
      if (!here) continue;
      const { source, destination, protocol, port, lastSeen, entries } = edge;
      blocked.push({ source, destination, protocol, port, flows: edge.passed, lastSeen, entries });
    }
    return { blocked, uncertain };
  }
}

/** What tells a connection from others. */
export function connectionKey({
  source,
  destination,
  protocol,
  port,
}: Pick<BlockedConnection, 'source' | 'destination' | 'protocol' | 'port'>): string {
  return JSON.stringify([source, destination, protocol, port]);
}

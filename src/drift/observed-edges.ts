import { Inject, Injectable } from '@nestjs/common';
import { setImmediate } from 'node:timers/promises';
import { Database } from '../database/database.js';
import type { Estate } from '../policies/estate.js';
import { Replay, type RecordedEdge } from '../policies/replay/replay.js';
import type { Verdict } from '../policies/simulation/evaluate.js';
import type { ObservedEdge } from './violations.js';

type JudgedEdge = Omit<RecordedEdge, 'firstTime' | 'time'>;

/** Edges of all days that have ends, protocol, port and direction in common. */
export interface Connection extends JudgedEdge {
  readonly direction: string;
  readonly lastTime: string;
}

interface EdgeRow {
  readonly source: string;
  readonly destination: string;
  readonly protocol: string;
  readonly port: number;
  readonly direction: string;
  readonly flows: string;
  readonly first_index: string;
  readonly last_index: string;
  readonly first_time: Date;
  readonly last_time: Date;
}

/** So many are judged before others get their turn. */
const judgedAtOnce = 5000;

/** Reads recorded edges, and has them judged without holding up requests. */
@Injectable()
export class ObservedEdges {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** Connections that were allowed at some time since then. */
  async allowedSince(since: Date): Promise<Connection[]> {
    const rows = await this.database.query<Omit<Connection, 'flows' | 'lastTime'> & { flows: string; last_time: Date }>(
      `SELECT source_workload AS source, destination_workload AS destination, protocol, port, direction,
              sum(flows) AS flows, max(last_time) AS last_time
       FROM flow_edge WHERE day >= ($1::timestamptz AT TIME ZONE 'UTC')::date AND last_time >= $1 AND verdict = 'allow'
       GROUP BY source_workload, destination_workload, protocol, port, direction`,
      [since],
    );
    return rows.map(({ flows, last_time: last, ...row }) => ({
      ...row,
      flows: Number(flows),
      lastTime: last.toISOString(),
    }));
  }

  /** The single edges behind connections, those allowed since then. */
  async edgesOf(connections: readonly Connection[], since: Date): Promise<ObservedEdge[]> {
    const column = <Value>(read: (connection: Connection) => Value) => connections.map(read);
    return (
      await this.database.query<EdgeRow>(
        `SELECT e.source_workload AS source, e.destination_workload AS destination, e.protocol, e.port, e.direction, e.flows,
                e.first_index, e.last_index, e.first_time, e.last_time
         FROM flow_edge e JOIN unnest($2::text[], $3::text[], $4::text[], $5::int[], $6::text[])
           AS c (source, destination, protocol, port, direction)
           ON e.source_workload = c.source AND e.destination_workload = c.destination AND e.protocol = c.protocol
             AND e.port = c.port AND e.direction = c.direction
         WHERE e.day >= ($1::timestamptz AT TIME ZONE 'UTC')::date AND e.last_time >= $1 AND e.verdict = 'allow'
         ORDER BY e.last_time`,
        [
          since,
          column(({ source }) => source),
          column(({ destination }) => destination),
          column(({ protocol }) => protocol),
          column(({ port }) => port),
          column(({ direction }) => direction),
        ],
      )
    ).map(edgeOf);
  }

  /** Edges of one verdict since then. */
  async withVerdict(verdict: string, since: Date, most: number): Promise<ObservedEdge[]> {
    return (
      await this.database.query<EdgeRow>(
        `SELECT source_workload AS source, destination_workload AS destination, protocol, port, direction, flows,
                first_index, last_index, first_time, last_time
         FROM flow_edge WHERE day >= ($1::timestamptz AT TIME ZONE 'UTC')::date AND last_time >= $1 AND verdict = $2
         ORDER BY last_time DESC LIMIT $3`,
        [since, verdict, most],
      )
    ).map(edgeOf);
  }

  /**
   * Hands every edge that can be judged to `take`, with the verdict of the policies of the estate. Where a policy's
   * content is unknown or cannot be read, nothing is said of the workloads that it may guard.
   */
  async judge<Edge extends JudgedEdge>(
    edges: readonly Edge[],
    estate: Estate,
    take: (edge: Edge, verdict: Verdict) => void,
  ): Promise<void> {
    const { policies, workloads, topology } = estate;
    const unreadable = unreadableNamespaces(estate);
    const hidden = new Set(
      workloads.flatMap(({ key, namespace }) =>
        namespace !== null && (unreadable === 'all' || unreadable.has(namespace)) ? [key] : [],
      ),
    );
    const replay = new Replay({ inForce: policies, draft: [], workloads, namespaces: topology.namespaces });
    for (const [at, edge] of edges.entries()) {
      if (at % judgedAtOnce === judgedAtOnce - 1) await setImmediate();
      if (hidden.has(edge.source) || hidden.has(edge.destination)) continue;
      // Without its times: labels are those of now.
      const { source, destination, protocol, port, flows } = edge;
      const verdict = replay.verdictInForce({ source, destination, protocol, port, flows });
      if ('egress' in verdict) take(edge, verdict);
    }
  }
}

/** Systems whose policies guard workloads of a cluster; those of others, such as Illumio, guard hosts. */
const clusterSystems: ReadonlySet<string> = new Set(['kubernetes', 'calico', 'cilium', 'antrea', 'istio']);

/** Namespaces in which a policy may decide that cannot be read. */
function unreadableNamespaces({ objects, contentUnknown, problems }: Estate): ReadonlySet<string> | 'all' {
  const known = objects.filter(({ object }) => object !== null);
  const unread = [...contentUnknown, ...problems.flatMap(({ index }) => known[index] ?? [])].filter(({ system }) =>
    clusterSystems.has(system),
  );
  if (unread.some(({ namespace }) => namespace === null)) return 'all';
  return new Set(unread.flatMap(({ namespace }) => namespace ?? []));
}

function edgeOf(row: EdgeRow): ObservedEdge {
  return {
    source: row.source,
    destination: row.destination,
    protocol: row.protocol,
    port: row.port,
    direction: row.direction,
    flows: Number(row.flows),
    firstIndex: Number(row.first_index),
    lastIndex: Number(row.last_index),
    firstTime: row.first_time.toISOString(),
    lastTime: row.last_time.toISOString(),
  };
}

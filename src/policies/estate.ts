import { Inject, Injectable } from '@nestjs/common';
import { Clock } from '../context.js';
import { Database } from '../database/database.js';
import { importPolicies, type ObjectPlace } from './import.js';
import type { Policy } from './model.js';
import type { Topology } from './simulation/topology.js';

/** A policy object in force, with the version and the entry that showed it. */
export interface ObjectInForce {
  readonly system: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly version: number;
  readonly index: number;
  /** When it came into force (RFC 3339). */
  readonly since: string;
  readonly author: string;
  /** Null where the record left the content out. */
  readonly object: unknown;
}

/** A workload as the records show it. `labels` is null where no record showed any. */
export interface EstateWorkload {
  readonly key: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>> | null;
}

/**
 * The estate at a time: policies in force, workloads, namespaces. Pods of `topology` are the workloads that lie in a
 * namespace, one for one in order, without addresses or ports: records do not show those.
 */
export interface Estate {
  readonly objects: readonly ObjectInForce[];
  readonly policies: readonly Policy[];
  /** Objects that could not be read or are not in the model, and objects of unknown content: verdicts may differ for them. */
  readonly problems: readonly ObjectPlace[];
  readonly notModelled: readonly ObjectPlace[];
  readonly contentUnknown: readonly ObjectInForce[];
  readonly workloads: readonly EstateWorkload[];
  readonly topology: Topology;
}

/** What reads rows: the database, or a transaction. */
export interface Reader {
  query<Row extends object>(sql: string, parameters?: readonly unknown[]): Promise<Row[]>;
}

/** Brings together what the followers keep of policies and workloads, for the engine to work on. */
@Injectable()
export class PolicyEstates {
  constructor(
    @Inject(Database) private readonly database: Database,
    @Inject(Clock) private readonly clock: Clock,
  ) {}

  /**
   * As of an instant by the time of the events, `null` for the latest known. Labels are those last seen. `reader` is the
   * transaction whose view of the database is wanted.
   */
  async at(instant: Date | null, reader: Reader = this.database): Promise<Estate> {
    const objects = await this.objectsInForce(instant, reader);
    const workloads = await this.workloads(reader);
    const known = objects.filter(({ object }) => object !== null);
    const imported = importPolicies(
      known.map(({ object }) => object),
      (instant ?? this.clock.now()).toISOString(),
    );
    return {
      objects,
      policies: imported.policies,
      problems: imported.problems,
      notModelled: imported.notModelled,
      contentUnknown: objects.filter(({ object }) => object === null),
      workloads,
      topology: topologyOf(workloads),
    };
  }

  private async objectsInForce(instant: Date | null, reader: Reader): Promise<ObjectInForce[]> {
    const rows = await reader.query<Omit<ObjectInForce, 'index'> & { readonly index: string; action: string }>(
      `SELECT system, kind, namespace, name, version, index, event_time_text AS since, author, object FROM (
         SELECT DISTINCT ON (system, kind, namespace, name) * FROM policy_version
         WHERE $1::timestamptz IS NULL OR event_time <= $1
         ORDER BY system, kind, namespace, name, event_time DESC, index DESC, position DESC) latest
       WHERE action <> 'delete' ORDER BY system, kind, namespace, name`,
      [instant],
    );
    return rows.map((row) => ({ ...row, index: Number(row.index) }));
  }

  private async workloads(reader: Reader): Promise<EstateWorkload[]> {
    const rows = await reader.query<{
      key: string;
      namespace: string | null;
      name: string;
      labels: Record<string, string>;
    }>('SELECT key, namespace, name, labels FROM workload ORDER BY key');
    return rows.map((row) => ({ ...row, labels: Object.keys(row.labels).length === 0 ? null : row.labels }));
  }
}

/** The topology in which workloads stand for their pods. */
export function topologyOf(workloads: readonly EstateWorkload[]): Topology {
  return {
    namespaces: [],
    pods: workloads.flatMap(({ key, namespace, name, labels }) =>
      namespace === null
        ? []
        : [{ key, namespace, name, labels: labels ?? {}, ips: [], namedPorts: [], hostNetwork: false }],
    ),
  };
}

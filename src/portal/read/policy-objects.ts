import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../../database/database.js';
import type { PolicyKey } from '../../policies/policy-key.js';
import type { Json } from '../views.js';

/** Policy objects as they stood at a time. */
@Injectable()
export class PolicyObjects {
  constructor(@Inject(Database) private readonly database: Database) {}

  /** The object of each policy in force at `time`, in the order asked for; null where there was none or it is not known. */
  async inForceAt(policies: readonly PolicyKey[], time: string): Promise<Json[]> {
    const rows = await this.database.query<{ object: unknown }>(
      `SELECT v.object
       FROM unnest($1::text[], $2::text[], $3::text[], $5::text[]) WITH ORDINALITY AS asked (kind, namespace, name, system, place)
       LEFT JOIN LATERAL (
         SELECT object FROM policy_version v
         WHERE v.system = asked.system AND v.kind = asked.kind AND v.namespace IS NOT DISTINCT FROM asked.namespace AND v.name = asked.name AND v.event_time <= $4
         ORDER BY v.event_time DESC, v.index DESC LIMIT 1) v ON true
       ORDER BY asked.place`,
      [
        policies.map(({ kind }) => kind),
        policies.map(({ namespace }) => namespace),
        policies.map(({ name }) => name),
        time,
        policies.map(({ system }) => system),
      ],
    );
    return rows.map(({ object }) => writtenPart(object));
  }
}

const KubernetesObject = z.looseObject({ metadata: z.looseObject({}), status: z.json().optional() });

/** What the API server writes into every object on its own. */
const keptByServer = ['managedFields', 'resourceVersion', 'uid', 'generation', 'creationTimestamp', 'selfLink'];
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration';

/**
 * A policy object without what the API server adds to it, so that two versions, or a manifest and the object in force,
 * differ only in what somebody wrote. The record keeps the whole.
 */
export function writtenPart(object: unknown): Json {
  const parsed = KubernetesObject.safeParse(object);
  if (!parsed.success) return z.json().nullable().catch(null).parse(object);
  const { metadata, status: _status, ...rest } = parsed.data;
  const kept = Object.entries(metadata).flatMap(([key, value]): [string, unknown][] => {
    if (keptByServer.includes(key)) return [];
    if (key !== 'annotations' || typeof value !== 'object' || value === null) return [[key, value]];
    const annotations = Object.entries(value).filter(([name]) => name !== lastApplied);
    return annotations.length === 0 ? [] : [[key, Object.fromEntries(annotations)]];
  });
  const { apiVersion, kind, spec, ...others } = rest;
  // In the order people write it, and the server's own order after that.
  return z
    .json()
    .parse({ ...present({ apiVersion, kind }), metadata: Object.fromEntries(kept), ...present({ spec }), ...others });
}

function present(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

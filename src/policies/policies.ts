import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../database/database.js';
import { Problem } from '../errors.js';
import { policyIdText } from './model.js';
import type { PolicyKey } from './policy-key.js';

export const PolicySummary = z.object({
  /** `kubernetes`, `calico`, `cilium`, …; `segproof` for our own intents. */
  system: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
  inForce: z.boolean(),
  versions: z.number().int(),
  changedAt: z.string(),
  changedBy: z.string(),
  digest: z.string().nullable(),
});
export type PolicySummary = z.infer<typeof PolicySummary>;

export const PolicyVersion = z.object({
  /** 1 for the first. */
  version: z.number().int(),
  /** Entry of the log that showed it. */
  index: z.number().int(),
  action: z.enum(['create', 'update', 'delete']),
  author: z.string(),
  source: z.string(),
  eventTime: z.string(),
  /** True when it has the canonical digest of the version before it: another spelling of the same policy. */
  sameMeaning: z.boolean(),
  /** Canonical digest; null for a delete or where the audit level left the object out. */
  digest: z.string().nullable(),
  object: z.json().nullable(),
});
export type PolicyVersion = z.infer<typeof PolicyVersion>;

/** The register of policies as the enforcing systems recorded them. */
@Injectable()
export class Policies {
  constructor(@Inject(Database) private readonly database: Database) {}

  async list(): Promise<PolicySummary[]> {
    const rows = await this.database.query<{
      system: string;
      kind: string;
      namespace: string | null;
      name: string;
      action: string;
      version: number;
      event_time_text: string;
      author: string;
      digest: string | null;
    }>(
      `SELECT DISTINCT ON (system, kind, namespace, name) system, kind, namespace, name, action, version, event_time_text, author, digest
       FROM policy_version ORDER BY system, kind, namespace, name, version DESC`,
    );
    return rows.map((row) => ({
      system: row.system,
      kind: row.kind,
      namespace: row.namespace,
      name: row.name,
      inForce: row.action !== 'delete',
      versions: row.version,
      changedAt: row.event_time_text,
      changedBy: row.author,
      digest: row.digest,
    }));
  }

  /** Who put policies in force, by the entries that showed it. */
  async authors(indices: readonly number[]): Promise<ReadonlyMap<number, string>> {
    const rows = await this.database.query<{ index: string; author: string }>(
      'SELECT index, author FROM policy_version WHERE index = ANY ($1::bigint[])',
      [indices],
    );
    return new Map(rows.map(({ index, author }) => [Number(index), author]));
  }

  /**
   * All versions of a policy, newest first.
   * @throws Problem `not_found`
   */
  async versions(policy: PolicyKey): Promise<PolicyVersion[]> {
    const rows = await this.database.query<{
      version: number;
      index: string;
      action: PolicyVersion['action'];
      author: string;
      source: string;
      event_time_text: string;
      digest: string | null;
      same_meaning: boolean;
      object: unknown;
    }>(
      `SELECT version, index, action, author, source, event_time_text, digest, object,
         coalesce(digest = lag(digest) OVER (ORDER BY version), false) AS same_meaning
       FROM policy_version
       WHERE system = $1 AND kind = $2 AND namespace IS NOT DISTINCT FROM $3 AND name = $4 ORDER BY version DESC`,
      [policy.system, policy.kind, policy.namespace, policy.name],
    );
    if (rows.length === 0) {
      throw new Problem('not_found', `No record shows a ${policyIdText(policy)} of the system ${policy.system}.`);
    }
    return rows.map((row) =>
      PolicyVersion.parse({
        version: row.version,
        index: Number(row.index),
        action: row.action,
        author: row.author,
        source: row.source,
        eventTime: row.event_time_text,
        digest: row.digest,
        sameMeaning: row.same_meaning,
        object: row.object,
      }),
    );
  }
}

import type { Transaction } from '../database/database.js';
import type { NormalForm } from '../ingestion/normal-form.js';
import { normaliseStored } from '../ingestion/stored-record.js';
import type { Follower } from '../log/follower.js';
import { selectEntries, type StoredEntry } from '../log/read.js';
import { formatNanoseconds } from '../log/time.js';
import { objectDigest } from './object-digest.js';
import type { PolicyKey } from './policy-key.js';

/** Versions of policy objects, as the enforcing systems recorded that they came into force. */
export class PolicyVersionsFollower implements Follower {
  readonly name = 'policies';

  async apply(transaction: Transaction, entries: readonly StoredEntry[]): Promise<void> {
    for (const entry of entries) {
      if (entry.kind !== 'policy_change') continue;
      const stored = normaliseStored(entry);
      if (stored?.ok === true) await this.applyChanges(transaction, entry, stored.records);
    }
  }

  async reset(transaction: Transaction): Promise<void> {
    await transaction.query('DELETE FROM policy_version');
  }

  /** A version counts those before it, and deleting a collection depends on what was in force: all later ones are derived again. */
  async withdraw(transaction: Transaction, indices: readonly number[], next: number): Promise<void> {
    const [{ first } = { first: null }] = await transaction.query<{ first: string | null }>(
      'SELECT min(index) AS first FROM policy_version WHERE index = ANY ($1::bigint[])',
      [indices],
    );
    if (first === null) return;
    await transaction.query('DELETE FROM policy_version WHERE index >= $1', [first]);
    const later = await transaction.query<{ index: string }>(
      `SELECT index FROM log_entry WHERE retention_class = 'record' AND kind = 'policy_change' AND payload IS NOT NULL
         AND index >= $1 AND index < $2 ORDER BY index`,
      [first, next],
    );
    const entriesAtOnce = 500;
    for (let at = 0; at < later.length; at += entriesAtOnce) {
      const page = later.slice(at, at + entriesAtOnce).map(({ index }) => Number(index));
      await this.apply(transaction, await selectEntries(transaction, page));
    }
  }

  private async applyChanges(
    transaction: Transaction,
    entry: StoredEntry,
    records: readonly NormalForm[],
  ): Promise<void> {
    let position = 0;
    for (const record of records) position = await this.applyChange(transaction, entry, record, position);
  }

  /** Positions count the versions of one entry from 0 on; gives the next one. */
  private async applyChange(
    transaction: Transaction,
    entry: StoredEntry,
    record: NormalForm,
    first: number,
  ): Promise<number> {
    const change = record.policyChange;
    // Refused attempts and dry runs changed nothing; they stay visible as records.
    if (change === null || !change.applied || change.dryRun) return first;
    const { kind, namespace, name, system } = change.resource;
    const deletes = change.action === 'delete' || change.action === 'delete_collection';
    const targets: readonly PolicyKey[] =
      change.action === 'delete_collection'
        ? await this.inForce(transaction, system, kind, namespace)
        : [{ system, kind, namespace, name: name ?? '(unnamed)' }];
    let position = first;
    for (const target of targets) {
      const object = deletes ? null : change.after;
      await transaction.query(
        `INSERT INTO policy_version (index, position, system, kind, namespace, name, version, action, author, source,
           event_time, event_time_text, digest, object)
         SELECT $1, $2, $3, $4, $5, $6,
           coalesce((SELECT max(v.version) FROM policy_version v
                     WHERE v.system = $3 AND v.kind = $4 AND v.namespace IS NOT DISTINCT FROM $5 AND v.name = $6), 0) + 1,
           $7, $8, $9, $10, $11, $12, $13`,
        [
          entry.index,
          position++,
          target.system,
          target.kind,
          target.namespace,
          target.name,
          deletes ? 'delete' : change.action,
          record.actor?.name ?? 'unknown',
          entry.source,
          formatNanoseconds(entry.occurredAtNs),
          formatNanoseconds(entry.occurredAtNs),
          object === null ? null : objectDigest(object),
          object === null ? null : JSON.stringify(object),
        ],
      );
    }
    return position;
  }

  private async inForce(
    transaction: Transaction,
    system: string,
    kind: string,
    namespace: string | null,
  ): Promise<PolicyKey[]> {
    return await transaction.query<PolicyKey>(
      `SELECT system, kind, namespace, name FROM (
         SELECT DISTINCT ON (name) system, kind, namespace, name, action FROM policy_version
         WHERE system = $1 AND kind = $2 AND namespace IS NOT DISTINCT FROM $3 ORDER BY name, version DESC) latest
       WHERE action <> 'delete' ORDER BY name`,
      [system, kind, namespace],
    );
  }
}

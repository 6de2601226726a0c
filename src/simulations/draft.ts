/** A draft: what becomes of the policy objects in force when the items of a change are carried out. */

import { hash } from 'node:crypto';
import { canonicalOrPlain, objectDigest } from '../policies/object-digest.js';
import { policyKeyText, type PolicyKey } from '../policies/policy-key.js';

/** One item of a draft. `object` is null for a delete. */
export interface DraftItem extends PolicyKey {
  readonly action: 'create' | 'update' | 'delete';
  readonly digest: string | null;
  readonly object: unknown;
}

/** An object in force, null where no record showed its content. */
export interface InForce extends PolicyKey {
  readonly object: unknown;
}

/** The objects after the items: replaced where they stand, removed, or added at the end; the last item for a policy counts. */
export function draftOf(inForce: readonly InForce[], items: readonly DraftItem[]): unknown[] {
  const byKey = new Map(items.map((item) => [policyKeyText(item), item]));
  const standing = inForce.flatMap((policy): unknown[] => {
    const item = byKey.get(policyKeyText(policy));
    byKey.delete(policyKeyText(policy));
    if (item === undefined) return [policy.object];
    return item.action === 'delete' ? [] : [item.object];
  });
  const added = [...byKey.values()].flatMap(({ action, object }) => (action === 'delete' ? [] : [object]));
  return [...standing, ...added];
}

/** Equal for changes that do the same, in whichever order their items stand. */
export function itemsDigest(items: readonly Omit<DraftItem, 'object'>[]): string {
  const lines = items.map((item) => JSON.stringify([policyKeyText(item), item.action, item.digest]));
  return hash('sha256', lines.sort().join('\n'), 'hex');
}

/** Of a set of policy objects in force: equal when they mean the same. */
export function inForceDigest(objects: readonly InForce[]): string {
  const lines = objects.map((policy) =>
    JSON.stringify([policyKeyText(policy), policy.object === null ? null : objectDigest(policy.object)]),
  );
  return hash('sha256', lines.sort().join('\n'), 'hex');
}

export function digestOf(value: object): string {
  return hash('sha256', canonicalOrPlain(value), 'hex');
}

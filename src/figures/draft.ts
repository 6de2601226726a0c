/** A draft laid over the policy objects in force. */

import { importPolicies, type ObjectPlace } from '../policies/import.js';
import type { Policy } from '../policies/model.js';

/** What identifies a policy object; the namespace is null for one of the whole cluster. */
export interface ObjectName {
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}

export interface DraftPolicies {
  readonly policies: readonly Policy[];
  /** What is wrong with objects of the draft; `index` counts them from 0. */
  readonly problems: readonly ObjectPlace[];
  /** Objects of the draft that are no policies. */
  readonly notPolicies: readonly number[];
  /** What the draft deletes and is not in force. */
  readonly notInForce: readonly ObjectName[];
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

/** API group, kind, namespace and name: objects that replace each other have the same. A namespace left out is `default`, unless the object is cluster-wide. */
function identityOf(object: unknown): string {
  const { apiVersion, kind, metadata } = fieldsOf(object);
  const { namespace, name } = fieldsOf(metadata);
  const group = (text(apiVersion) ?? '').split('/')[0];
  return JSON.stringify([group, kind, text(namespace), name]);
}

function nameOf(object: unknown): ObjectName {
  const { kind, metadata } = fieldsOf(object);
  const { namespace, name } = fieldsOf(metadata);
  return { kind: text(kind) ?? '', namespace: text(namespace), name: text(name) ?? '' };
}

function isNamed(object: unknown, wanted: ObjectName): boolean {
  const { kind, namespace, name } = nameOf(object);
  return kind === wanted.kind && namespace === wanted.namespace && name === wanted.name;
}

/**
 * The policies as they would be with the draft in force: each of its objects replaces the one of the same kind,
 * namespace and name, or is added; those named in `deleted` are gone. `at` is the instant of the estate (RFC 3339).
 */
export function withDraft(
  inForce: readonly unknown[],
  draft: readonly unknown[],
  deleted: readonly ObjectName[],
  at: string,
): DraftPolicies {
  const alone = importPolicies(draft, at);
  const replaced = new Map(draft.map((object) => [identityOf(object), object]));
  const kept = inForce
    .filter((object) => !deleted.some((name) => isNamed(object, name)))
    .map((object) => {
      const identity = identityOf(object);
      const other = replaced.get(identity);
      replaced.delete(identity);
      return other ?? object;
    });
  return {
    policies: importPolicies([...kept, ...replaced.values()], at).policies,
    problems: alone.problems,
    notPolicies: draft.flatMap((object, index) => (alone.others.includes(object) ? [index] : [])),
    notInForce: deleted.filter((name) => !inForce.some((object) => isNamed(object, name))),
  };
}

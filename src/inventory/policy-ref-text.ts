import type { NormalForm } from '../ingestion/normal-form.js';

/** The policies a record names, as one searchable text: `payments/allow-api, payments/default-deny`; null when it names none. */
export function policyRefText(record: NormalForm): string | null {
  if (record.policyChange !== null) {
    const { kind, namespace, name } = record.policyChange.resource;
    return `${kind} ${namespace === null ? '' : `${namespace}/`}${name ?? ''}`;
  }
  if (record.policies.length === 0) return null;
  return record.policies
    .map((policy) => `${policy.namespace === null ? '' : `${policy.namespace}/`}${policy.name}`)
    .join(', ');
}

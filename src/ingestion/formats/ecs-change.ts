import type { PolicyChange, Verdict } from '../normal-form.js';
import { policyCallOf } from './aws-cloudtrail-policies.js';
import { fieldOf, textField } from './ecs-field.js';
import { type JsonObject, nameOf, objectOf } from './json-value.js';

/** What a configuration change was made to: the policy object it names. */
export function changedResource(
  document: JsonObject,
): { kind: string; name: string; namespace: string | null; uid: string | null } | null {
  const name = textField(document, 'orchestrator.resource.name', 'rule.name', 'rule.ruleset', 'rule.id', 'rule.uuid');
  if (nameOf(name) === null || name === null) return null;
  const kind =
    textField(document, 'orchestrator.resource.type') ??
    (fieldOf(document, 'rule') === undefined ? 'Configuration' : 'Rule');
  return {
    kind,
    name,
    namespace: nameOf(textField(document, 'orchestrator.namespace')),
    uid: nameOf(textField(document, 'orchestrator.resource.id', 'rule.uuid')),
  };
}

/** The change to a policy object that a document tells of; null for every other. */
export function readChange(
  document: JsonObject,
  categories: readonly string[],
  types: readonly string[],
  verdict: Verdict,
): PolicyChange | null {
  const failed = textField(document, 'event.outcome') === 'failure' || verdict === 'deny';
  const provider = textField(document, 'event.provider') ?? '';
  const call = provider.endsWith('.amazonaws.com')
    ? policyCallOf(provider, textField(document, 'event.action') ?? '', {})
    : null;
  const action = types.includes('creation')
    ? 'create'
    : types.includes('deletion')
      ? 'delete'
      : types.includes('change')
        ? 'update'
        : null;
  const changed = categories.includes('configuration') ? changedResource(document) : null;
  if (call === null && (changed === null || action === null)) return null;
  const rest = { applied: !failed, dryRun: false, after: null, requested: null, statusCode: null };
  const region =
    [textField(document, 'cloud.account.id'), textField(document, 'cloud.region')]
      .filter((part) => part !== null)
      .join('/') || null;
  if (call !== null) {
    const flat = objectOf(fieldOf(document, 'aws.cloudtrail.flattened.request_parameters')) ?? {};
    const name = call.named.map((member) => nameOf(flat[member])).find((text) => text !== null) ?? null;
    return {
      ...rest,
      action: call.action,
      resource: { system: 'aws', apiVersion: provider, kind: call.kind, namespace: region, name, uid: name },
    };
  }
  if (changed === null || action === null) return null;
  const system =
    textField(document, 'orchestrator.type', 'observer.vendor', 'cloud.provider', 'event.module', 'event.provider') ??
    'unknown';
  return {
    ...rest,
    action,
    resource: {
      system: system.toLowerCase(),
      apiVersion: textField(document, 'orchestrator.api_version') ?? '',
      ...changed,
    },
  };
}

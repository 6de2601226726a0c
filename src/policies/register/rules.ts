/** The rules of a policy object, each with the digest that its entry in the register goes by. */

import { createHash } from 'node:crypto';
import { canonicalJson } from '../../log/core/canonical-json.js';
import { ruleDigest } from '../digest.js';
import { importObject } from '../import.js';
import { readIntent, type IntentTemplates } from '../intent/read.js';
import { intentVersion, type IntentRule } from '../intent/schema.js';
import type { Direction } from '../model.js';
import { ruleText, type RuleText } from './rule-text.js';
import { statedByRule, unstated, type Stated } from './stewardship.js';

/** A rule as the register lists it. Rules of one policy that say the same share their digest, and so their entry. */
export interface RegisteredRule extends RuleText {
  /** Digest of what it says, direction included. */
  readonly digest: string;
  /** Null for rules of intents, which are enforced on either side or both. */
  readonly direction: Direction | null;
  readonly name: string | null;
  /** What the rule itself says of owner, reason, expiry and review. */
  readonly stated: Stated;
}

function intentRule(rule: IntentRule): RegisteredRule {
  const { name = null, from, to, ports } = rule;
  const sorted = (texts: readonly (string | number)[]) => [...new Set(texts.map(String))].sort();
  const content = ['segproof-intent-rule-v1', sorted(from), sorted(to), ports === undefined ? null : sorted(ports)];
  return {
    digest: createHash('sha256').update(canonicalJson(content)).digest('hex'),
    direction: null,
    who: `allow from ${from.join(', ')} to ${to.join(', ')}`,
    ports: ports === undefined ? 'every port' : ports.join(', '),
    name,
    stated: statedByRule(rule),
  };
}

function isIntent(object: unknown): boolean {
  if (typeof object !== 'object' || object === null) return false;
  return 'kind' in object && object.kind === 'Intent' && 'apiVersion' in object && object.apiVersion === intentVersion;
}

/**
 * The rules an object has, in the order written, each digest once; null where the object cannot be read or its kind is
 * not modelled. Intents made from a template need it among `templates`.
 */
export function rulesOf(object: unknown, templates: IntentTemplates): readonly RegisteredRule[] | null {
  if (isIntent(object)) {
    const intent = readIntent(object, templates);
    return intent.ok ? distinct(intent.value.spec.rules.map(intentRule)) : null;
  }
  const imported = importObject(object);
  if (imported?.ok !== true) return null;
  return distinct(
    imported.policies.flatMap((policy) =>
      (['ingress', 'egress'] as const).flatMap((direction) =>
        (policy[direction] ?? []).map((rule): RegisteredRule => ({
          digest: ruleDigest(direction, rule),
          direction,
          ...ruleText(direction, rule),
          name: rule.name,
          stated: unstated,
        })),
      ),
    ),
  );
}

function distinct(rules: readonly RegisteredRule[]): RegisteredRule[] {
  const seen = new Map<string, RegisteredRule>();
  for (const rule of rules) if (!seen.has(rule.digest)) seen.set(rule.digest, rule);
  return [...seen.values()];
}

/** Boolean expressions over labels, evaluated the way Calico evaluates its selectors. */

import type { Expression } from '../model.js';

/** Whether the expression holds for an endpoint, whose labels `label` looks up. */
export function holds(expression: Expression, label: (key: string) => string | undefined): boolean {
  switch (expression.operator) {
    case 'And':
      return expression.of.every((part) => holds(part, label));
    case 'Or':
      return expression.of.some((part) => holds(part, label));
    case 'Not':
      return !holds(expression.of, label);
    default:
  }
  const value = label(expression.label);
  if (value === undefined) return false;
  switch (expression.operator) {
    case 'Has':
      return true;
    case 'In':
      return expression.values.includes(value);
    case 'Contains':
      return value.includes(expression.value);
    case 'StartsWith':
      return value.startsWith(expression.value);
    case 'EndsWith':
      return value.endsWith(expression.value);
  }
}

/** What Calico knows of an endpoint besides its own labels; `namespace` is `null` for what has none. */
export interface LabelOwner {
  readonly labels: Readonly<Record<string, string>>;
  readonly namespace: string | null;
  readonly namespaceLabels: Readonly<Record<string, string>>;
  readonly serviceAccount: string | null;
  readonly isPod: boolean;
}

const namespacePrefix = 'pcns.';

function own(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined;
}

/** The value of a label as Calico gives it to endpoints and network sets (libcalico-go, conversion of pods). */
export function calicoLabel(owner: LabelOwner, key: string): string | undefined {
  switch (key) {
    case 'projectcalico.org/namespace':
      return owner.namespace ?? undefined;
    case 'projectcalico.org/orchestrator':
      return owner.isPod ? 'k8s' : own(owner.labels, key);
    case 'projectcalico.org/serviceaccount':
      return owner.isPod ? (owner.serviceAccount ?? undefined) : own(owner.labels, key);
    default:
  }
  if (!key.startsWith(namespacePrefix) || owner.namespace === null) return own(owner.labels, key);
  const name = key.slice(namespacePrefix.length);
  return name === 'projectcalico.org/name' ? owner.namespace : own(owner.namespaceLabels, name);
}

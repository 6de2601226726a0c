import type { NormalForm } from '../normal-form.js';
import { integerOf, isObject, type JsonObject, listOf, objectOf, textOf, unsignedOf } from './json-value.js';
import { addFlag } from './wire.js';

type PolicyRef = NormalForm['policies'][number];

export const actionNames = ['unspecified', 'allow', 'deny', 'pass'] as const;

/** A word, or the number that the enumeration gives it; lower case. Null for `-` and nothing. */
export function wordOf(value: unknown, names: readonly (string | null)[]): string | null {
  const number = integerOf(value);
  if (number !== null) return names[number] ?? null;
  const text = textOf(value);
  return text === null || text === '-' ? null : text.toLowerCase();
}

/**
 * What a flow says of the policies it met. `all` is of releases before 3.20 of Calico Enterprise, in the trace's order with the staged
 * ones among them; later ones say apart what took effect (`enforced`), what would if all that is staged did (`pending`), and
 * what a forwarding host applied (`transit`).
 */
export interface PolicyTraces {
  /** What took effect, and in old traces what is staged. */
  readonly enforced: readonly PolicyRef[];
  readonly transit: readonly PolicyRef[];
  /** What would take effect instead, without what does so now. */
  readonly pending: readonly PolicyRef[];
}

/** Reads `policies`: `{enforced_policies,…}` of texts or objects, Whisker's `{enforced,pending}`, or a plain list. */
export function readTraces(value: unknown, flags: string[]): PolicyTraces {
  const groups = objectOf(value);
  const read = (names: readonly string[]): readonly PolicyRef[] => {
    const list = groups === null ? null : names.map((name) => groups[name]).find(Array.isArray);
    return policiesOf(listOf(list), flags);
  };
  const enforced =
    groups === null ? policiesOf(listOf(value), flags) : read(['enforced_policies', 'enforced', 'all_policies']);
  const inForce = new Set(enforced.map((policy) => JSON.stringify(policy)));
  return {
    enforced,
    transit: read(['transit_policies', 'transit']),
    // The pending trace goes on as the other does where nothing staged was met.
    pending: read(['pending_policies', 'pending'])
      .filter((policy) => !inForce.has(JSON.stringify(policy)))
      .map((policy) => ({ ...policy, staged: true })),
  };
}

/** In the order of the trace, which the list need not have. */
function policiesOf(list: readonly unknown[], flags: string[]): readonly PolicyRef[] {
  return [...list]
    .sort((one, other) => indexOf(one) - indexOf(other))
    .flatMap((item) => {
      const policy = typeof item === 'string' ? policyOfText(item) : isObject(item) ? policyOfObject(item) : null;
      if (policy === null) addFlag(flags, 'policy_not_read');
      return policy ?? [];
    });
}

function indexOf(item: unknown): number {
  if (isObject(item)) return Number(unsignedOf(item.policy_index) ?? 0);
  return typeof item === 'string' ? Number(/^(?:[^|]*\|)?(\d{1,9})\|/.exec(item)?.[1] ?? 0) : 0;
}

/** Would what is staged deny the flow? The first of its policies that decides tells. */
export function stagedDenies(staged: readonly PolicyRef[]): boolean {
  return staged.find(({ effect }) => effect === 'allow' || effect === 'deny')?.effect === 'deny';
}

interface PolicyKind {
  readonly system: 'calico' | 'kubernetes';
  readonly kind: string;
  readonly staged?: true;
}

/** What policies' names begin with, before a colon since release 3.31 of Calico, before a point and the tier until then. */
const prefixes: ReadonlyMap<string, PolicyKind> = new Map<string, PolicyKind>([
  ['np', { system: 'calico', kind: 'NetworkPolicy' }],
  ['gnp', { system: 'calico', kind: 'GlobalNetworkPolicy' }],
  ['snp', { system: 'calico', kind: 'StagedNetworkPolicy', staged: true }],
  ['sgnp', { system: 'calico', kind: 'StagedGlobalNetworkPolicy', staged: true }],
  ['sknp', { system: 'calico', kind: 'StagedKubernetesNetworkPolicy', staged: true }],
  ['knp', { system: 'kubernetes', kind: 'NetworkPolicy' }],
  ['kanp', { system: 'kubernetes', kind: 'AdminNetworkPolicy' }],
  ['kbanp', { system: 'kubernetes', kind: 'BaselineAdminNetworkPolicy' }],
  ['kcnp', { system: 'kubernetes', kind: 'ClusterNetworkPolicy' }],
  ['pro', { system: 'calico', kind: 'Profile' }],
]);

/** `index|tier|[ns/][tier.]name|action|rule`, `index|tier|kind:[ns/]name|action|rule`, and `tier|index|…` of the oldest. */
function policyOfText(text: string): PolicyRef | null {
  const parts = text.split('|');
  if (parts.length < 4) return null;
  const numberFirst = /^\d+$/.test(parts[0] ?? '');
  const [tier = '', full = '', action = '', rule = ''] = numberFirst ? parts.slice(1) : [parts[0], ...parts.slice(2)];
  const { kind, namespace, name } = nameOfText(full, tier);
  return {
    system: kind.system,
    kind: kind.kind,
    namespace,
    name: (name || tier).slice(0, 253),
    tier: tier || null,
    // -1 is the end of the tier, `*` what the reader may not see, or a rule that is not there.
    rule: /^\d+$/.test(rule) ? rule : null,
    revision: null,
    effect: effectOf(action),
    staged: kind.staged === true,
  };
}

function nameOfText(
  full: string,
  tier: string,
): { readonly kind: PolicyKind; readonly namespace: string | null; readonly name: string } {
  const prefixed = /^([a-z]{2,5}):(?:([^/]*)\/)?(.*)$/.exec(full);
  const known = prefixes.get(prefixed?.[1] ?? '');
  if (prefixed !== null && known !== undefined) {
    return { kind: known, namespace: prefixed[2] ?? null, name: withoutTier(prefixed[3] ?? '', tier) };
  }
  const isStaged = full.includes('staged:');
  const bare = full.replace('staged:', '');
  const slash = bare.indexOf('/');
  const namespace = slash === -1 ? null : bare.slice(0, slash);
  const scoped = slash === -1 ? bare : bare.slice(slash + 1);
  const kubernetes = /^(knp|kanp|kbanp|kcnp)(?:-\w+)?\./.exec(scoped);
  const calico = namespace === null ? 'GlobalNetworkPolicy' : 'NetworkPolicy';
  const kind: PolicyKind | undefined =
    tier === '__PROFILE__'
      ? prefixes.get('pro')
      : kubernetes !== null
        ? prefixes.get(isStaged ? 'sknp' : (kubernetes[1] ?? ''))
        : { system: 'calico', kind: isStaged ? `Staged${calico}` : calico, ...(isStaged ? { staged: true } : {}) };
  const name = kubernetes === null ? scoped : scoped.slice(kubernetes[0].length);
  return { kind: kind ?? { system: 'calico', kind: calico }, namespace, name: withoutTier(name, tier) };
}

/** Names were written behind the name of their tier; Kubernetes' own stand in the tier `default`. */
function withoutTier(name: string, tier: string): string {
  return name.startsWith(`${tier}.`) ? name.slice(tier.length + 1) : name;
}

/** `PolicyKind` of Goldmane by number and by name; its `NetworkPolicy` is that of Kubernetes. */
const kindNumbers = [
  'KindUnspecified',
  'CalicoNetworkPolicy',
  'GlobalNetworkPolicy',
  'StagedNetworkPolicy',
  'StagedGlobalNetworkPolicy',
  'StagedKubernetesNetworkPolicy',
  'NetworkPolicy',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
  'Profile',
  'EndOfTier',
  'ClusterNetworkPolicy',
] as const;
const ofKubernetes: ReadonlySet<string> = new Set([
  'NetworkPolicy',
  'AdminNetworkPolicy',
  'BaselineAdminNetworkPolicy',
  'ClusterNetworkPolicy',
]);

function policyOfObject(policy: JsonObject): PolicyRef {
  const number = integerOf(policy.kind);
  const given = number === null ? textOf(policy.kind) : (kindNumbers[number] ?? null);
  // At the end of a tier the policy that led there is named beside.
  const trigger = objectOf(policy.trigger);
  // Go leaves a zero out, the first rule.
  const rule = policy.rule_index === undefined && given !== 'EndOfTier' ? '0' : unsignedOf(policy.rule_index);
  return {
    system: given !== null && ofKubernetes.has(given) ? 'kubernetes' : 'calico',
    kind: given === 'CalicoNetworkPolicy' ? 'NetworkPolicy' : given,
    namespace: textOf(policy.namespace) ?? textOf(trigger?.namespace),
    name: (textOf(policy.name) ?? textOf(trigger?.name) ?? textOf(policy.tier) ?? given ?? '').slice(0, 253),
    tier: textOf(policy.tier),
    rule,
    revision: null,
    effect: effectOf(wordOf(policy.action, actionNames) ?? ''),
    staged: given?.startsWith('Staged') === true,
  };
}

export function effectOf(action: string): PolicyRef['effect'] {
  const word = action.toLowerCase();
  return word === 'allow' || word === 'deny' || word === 'pass' ? word : 'none';
}

/**
 * Calico's policies, staged policies and tiers (projectcalico.org/v3, crd.projectcalico.org/v1) into the policy model,
 * with the defaulting and validation of its API server.
 */

import { tierOrders, type Direction, type Expression, type Policy, type Rule, type Tier } from '../model.js';
import { readNamespace } from '../kubernetes/import.js';
import { readNetworkPolicySpec } from '../kubernetes/network-policy.js';
import { shown, type Node } from '../kubernetes/reading.js';
import { all, readExpression, readRule } from './rule.js';
import { endpointLabels, namespaceLabelsOfPolicy } from './selector.js';

/** Tiers Calico creates itself, by the names its versions gave them. */
const ownTiers: Readonly<Record<string, 'Admin' | 'NetworkPolicy' | 'Baseline'>> = {
  default: 'NetworkPolicy',
  'kube-admin': 'Admin',
  adminnetworkpolicy: 'Admin',
  'kube-baseline': 'Baseline',
  baselineadminnetworkpolicy: 'Baseline',
};

/** A Tier object: where its policies stand, and whether traffic that none of them matches ends there. */
export interface CalicoTier {
  readonly tier: Tier;
  readonly order: number | null;
  readonly defaultAction: 'Deny' | 'Pass';
}

const stagedActions = ['Set', 'Delete', 'Learn', 'Ignore'] as const;
const policyFields = [
  'tier',
  'order',
  'selector',
  'types',
  'ingress',
  'egress',
  'serviceAccountSelector',
  'performanceHints',
];
const globalFields = [...policyFields, 'namespaceSelector', 'doNotTrack', 'preDNAT', 'applyOnForward'];

/** Names as versions of Calico have taken them, some of which allowed capitals and underscores. */
export function readCalicoName(metadata: Node): string {
  const name = metadata.field('name').text() ?? '';
  if (name.length > 253 || !/^[A-Za-z0-9_.-]*$/.test(name))
    metadata.field('name').refuse(`expected up to 253 letters, digits, "-", "_" and ".", got ${shown(name)}`);
  return name;
}

function tierNamed(name: string): Tier {
  return (Object.hasOwn(ownTiers, name) ? ownTiers[name] : undefined) ?? `Calico ${name}`;
}

function readOrder(node: Node): number | null {
  if (!node.present) return null;
  if (typeof node.value === 'number' && Number.isFinite(node.value)) return node.value;
  node.refuse(`expected a number, got ${shown(node.value)}`);
  return null;
}

/** Without `types` a policy is for egress when it has only egress rules, for both when it has both, else for ingress. */
function readTypes(spec: Node): (direction: Direction) => boolean {
  const types = spec.field('types');
  const written = types.items().map((type) => type.oneOf(['Ingress', 'Egress']));
  if (new Set(written).size < written.length) types.refuse('names a type more than once');
  const has = { ingress: spec.field('ingress').items().length > 0, egress: spec.field('egress').items().length > 0 };
  return (direction) => {
    if (written.length > 0) return written.includes(direction === 'ingress' ? 'Ingress' : 'Egress');
    return direction === 'egress' ? has.egress : has.ingress || !has.egress;
  };
}

function readRules(spec: Node, direction: Direction, namespace: string | null): readonly Rule[] {
  return spec
    .field(direction)
    .items()
    .map((rule) => readRule(rule, direction, namespace));
}

const nothing: Expression = { operator: 'Or', of: [] };

/** The pods a policy is for. What only a host endpoint has to do with is for no pod. */
function readSubject(spec: Node, global: boolean): Expression | null {
  const selector = readExpression(spec.field('selector'), endpointLabels);
  const namespaces = global ? readExpression(spec.field('namespaceSelector'), namespaceLabelsOfPolicy) : null;
  const accounts = spec.field('serviceAccountSelector');
  readExpression(accounts, endpointLabels);
  const where = [namespaces, selector];
  if (accounts.present && accounts.value !== '') {
    accounts.leaveOut('no topology has the labels of service accounts, so the policy is taken to select no pod');
    where.push(nothing);
  }
  if (!global) return all(where);
  const [doNotTrack, preDNAT, applyOnForward] = ['doNotTrack', 'preDNAT', 'applyOnForward'].map((name) => ({
    node: spec.field(name),
    set: spec.field(name).flag(false),
  }));
  if (doNotTrack?.set && preDNAT?.set) preDNAT.node.refuse('may not be true together with doNotTrack');
  if ((doNotTrack?.set || preDNAT?.set) && !applyOnForward?.set)
    applyOnForward?.node.refuse('must be true when preDNAT or doNotTrack is');
  if (preDNAT?.set && spec.field('egress').items().length > 0)
    spec.field('egress').refuse('is not allowed with preDNAT');
  if (applyOnForward?.set)
    applyOnForward.node.leaveOut('host endpoints are not modelled, so what it adds for forwarded traffic is left out');
  for (const field of [doNotTrack, preDNAT])
    if (field?.set) {
      field.node.leaveOut('such a policy is for host endpoints only, which are not modelled, so it selects no pod');
      where.push(nothing);
    }
  return all(where);
}

function unmodelledText(spec: Node): string {
  const fields = ['serviceAccountSelector', 'doNotTrack', 'preDNAT', 'applyOnForward'];
  return fields
    .map((name) => spec.field(name))
    .filter(({ value }) => typeof value === 'string' || value === true)
    .map(({ path, value }) => `${path} ${String(value)}`)
    .join('\n');
}

function readStaged(root: Node, kind: string): Policy['staged'] {
  if (!kind.startsWith('Staged')) return null;
  const action = root.field('spec').field('stagedAction');
  return action.present && action.value !== '' ? action.oneOf(stagedActions) : 'Set';
}

/** A policy to be deleted is only named. */
function refuseContent(spec: Node): void {
  for (const key of spec.keys())
    if (key !== 'stagedAction' && key !== 'tier' && spec.field(key).present)
      spec.field(key).refuse('may not be specified when stagedAction is Delete');
}

/** Reads a NetworkPolicy or GlobalNetworkPolicy of Calico, or a staged one. The tier is taken to be of unknown order. */
export function readCalicoPolicy(root: Node, kind: string): Policy {
  const [metadata, spec] = [root.field('metadata'), root.field('spec')];
  const global = kind.endsWith('GlobalNetworkPolicy');
  const staged = readStaged(root, kind);
  const namespace = global ? null : readNamespace(metadata);
  if (global && metadata.field('namespace').present && metadata.field('namespace').value !== '')
    metadata.field('namespace').refuse(`${kind} is cluster-wide and has no namespace`);
  spec.only([...(global ? globalFields : policyFields), ...(staged === null ? [] : ['stagedAction'])]);
  if (staged === 'Delete') refuseContent(spec);
  const tier = tierNamed(spec.field('tier').optionalText() ?? 'default');
  const governs = readTypes(spec);
  const [ingress, egress] = (['ingress', 'egress'] as const).map((direction) => {
    const rules = readRules(spec, direction, namespace);
    return governs(direction) ? rules : null;
  });
  const where = readSubject(spec, global);
  const unmodelled = unmodelledText(spec);
  return withTier(
    {
      id: { system: 'calico', kind, namespace, name: readCalicoName(metadata) },
      tier,
      tierOrder: null,
      precedence: 'ordered',
      priority: readOrder(spec.field('order')),
      subject: { namespaces: global ? [] : 'own', pods: [], ...(where === null ? {} : { where }) },
      ingress: ingress ?? null,
      egress: egress ?? null,
      isolates: { ingress: false, egress: false },
      staged,
      ...(unmodelled === '' ? {} : { unmodelled }),
    },
    [],
  );
}

/** Reads a StagedKubernetesNetworkPolicy, which says what a NetworkPolicy says. */
export function readStagedKubernetesPolicy(root: Node, kind: string): Policy {
  const [metadata, spec] = [root.field('metadata'), root.field('spec')];
  const staged = readStaged(root, kind);
  if (staged === 'Delete') refuseContent(spec);
  const body = readNetworkPolicySpec(spec, ['stagedAction', 'performanceHints']);
  return {
    id: { system: 'calico', kind, namespace: readNamespace(metadata), name: readCalicoName(metadata) },
    tier: 'NetworkPolicy',
    tierOrder: tierOrders.NetworkPolicy,
    precedence: 'additive',
    priority: null,
    isolates: { ingress: body.ingress !== null, egress: body.egress !== null },
    staged,
    ...body,
  };
}

/** Reads a Tier. Without an order it is the last; unmatched traffic is denied unless `defaultAction` is Pass. */
export function readTier(root: Node): CalicoTier {
  const spec = root.field('spec');
  spec.only(['order', 'defaultAction']);
  const name = readCalicoName(root.field('metadata'));
  const tier = tierNamed(name);
  const order = readOrder(spec.field('order'));
  const fixed = Object.hasOwn(ownTiers, name) ? tierOrders[ownTiers[name] ?? 'NetworkPolicy'] : null;
  if (fixed !== null && order !== fixed)
    spec.field('order').refuse(`must be ${fixed} for tier ${name}, got ${shown(order)}`);
  const action = spec.field('defaultAction');
  const written = action.present && action.value !== '' ? action.oneOf(['Deny', 'Pass']) : null;
  return { tier, order, defaultAction: written ?? (tier === 'Admin' || tier === 'Baseline' ? 'Pass' : 'Deny') };
}

/**
 * The policy in its tier, of which `tiers` may know the order and the default action. The tiers of Kubernetes are
 * always known; another one that is not stands last and denies what it does not match, as Felix does it.
 */
export function withTier(policy: Policy, tiers: readonly CalicoTier[]): Policy {
  if (policy.id.system !== 'calico' || policy.precedence === 'additive') return policy;
  const known = tiers.find(({ tier }) => tier === policy.tier);
  const { tier } = policy;
  const fixed = tier === 'Admin' || tier === 'NetworkPolicy' || tier === 'Baseline' ? tierOrders[tier] : null;
  const ends = known === undefined ? tier !== 'Admin' && tier !== 'Baseline' : known.defaultAction === 'Deny';
  return {
    ...policy,
    tierOrder: fixed ?? known?.order ?? null,
    isolates: { ingress: ends && policy.ingress !== null, egress: ends && policy.egress !== null },
  };
}

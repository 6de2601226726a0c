/** CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy (cilium.io/v2) into the policy model: layers 3 and 4. */

import { tierOrders, type Direction, type Policy } from '../model.js';
import { readName, readNamespace } from '../kubernetes/import.js';
import { canonicalText, type Node } from '../kubernetes/reading.js';
import { readSelector } from '../kubernetes/syntax.js';
import type { CidrGroup } from './cidr-group.js';
import { readRules, type RulePlace } from './rule.js';
import { readSubject } from './selector.js';

/** The kinds of Cilium. */
export type CiliumKind = 'CiliumNetworkPolicy' | 'CiliumClusterwideNetworkPolicy';

const fields = [
  'endpointSelector',
  'nodeSelector',
  'ingress',
  'ingressDeny',
  'egress',
  'egressDeny',
  'labels',
  'enableDefaultDeny',
  'description',
  'log',
];
const sections = ['ingress', 'ingressDeny', 'egress', 'egressDeny'];

/**
 * Rules of a direction, allowing ones first, so that their numbers are those of the list in the object; and whether the
 * direction isolates: by default when it has rules.
 */
function readDirection(spec: Node, direction: Direction, place: RulePlace) {
  const allowing = readRules(spec.field(direction), direction, false, place);
  const denying = readRules(spec.field(`${direction}Deny`), direction, true, place);
  const rules = [...allowing, ...denying];
  const isolates = spec
    .field('enableDefaultDeny')
    .field(direction)
    .flag(rules.length > 0);
  return { rules: rules.length > 0 || isolates ? rules : null, isolates };
}

function readSpec(spec: Node, id: Policy['id'], groups: readonly CidrGroup[]): Policy {
  spec.only(fields);
  spec.field('enableDefaultDeny').only(['ingress', 'egress']);
  const [endpoints, nodes] = [spec.field('endpointSelector'), spec.field('nodeSelector')];
  if (endpoints.present === nodes.present) spec.refuse('expected exactly one of endpointSelector, nodeSelector');
  if (nodes.present && id.namespace !== null) nodes.refuse('is only allowed in a CiliumClusterwideNetworkPolicy');
  if (!sections.some((section) => spec.field(section).present))
    spec.refuse(`expected at least one of ${sections.join(', ')}`);
  const place = { namespace: id.namespace, groups };
  const ingress = readDirection(spec, 'ingress', place);
  const egress = readDirection(spec, 'egress', place);
  if (nodes.present) {
    readSelector(nodes, (key) => key !== '');
    nodes.leaveOut('policies for nodes are not modelled, so it selects no pod');
  }
  return {
    id,
    tier: 'NetworkPolicy',
    tierOrder: tierOrders.NetworkPolicy,
    precedence: 'additive',
    priority: null,
    subject: nodes.present
      ? { namespaces: [], pods: [], where: { operator: 'Or', of: [] } }
      : readSubject(endpoints, id.namespace),
    ingress: ingress.rules,
    egress: egress.rules,
    isolates: { ingress: ingress.isolates, egress: egress.isolates },
    staged: null,
    ...(nodes.present ? { unmodelled: `nodeSelector ${canonicalText(nodes.value)}` } : {}),
  };
}

/**
 * Reads a policy: the one of `spec` under the object's name, those of `specs` under the name, `#` and their position.
 * Rules are numbered as they stand in `ingress` or `egress`; denying ones follow, and the rule's name says which it is.
 */
export function readCiliumPolicy(root: Node, kind: CiliumKind, groups: readonly CidrGroup[]): Policy[] {
  const metadata = root.field('metadata');
  const name = readName(metadata);
  const namespace = kind === 'CiliumNetworkPolicy' ? readNamespace(metadata) : null;
  const [spec, specs] = [root.field('spec'), root.field('specs')];
  if (!spec.present && specs.items().length === 0) root.refuse('expected spec or specs, got neither');
  const id = (suffix: string) => ({ system: 'cilium' as const, kind, namespace, name: `${name}${suffix}` });
  return [
    ...(spec.present ? [readSpec(spec, id(''), groups)] : []),
    ...specs.items().map((item, at) => readSpec(item, id(`#${at}`), groups)),
  ];
}

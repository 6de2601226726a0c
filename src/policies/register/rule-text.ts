/** Rules, peers and selectors in words. */

import { connectionsText, joinedPorts } from '../connection-list.js';
import type { Direction, Expression, Peer, PodSet, Policy, PortMatch, Rule, Selector } from '../model.js';

function requirementText({ key, operator, values }: Selector[number]): string {
  switch (operator) {
    case 'In':
      return values.length === 1 ? `${key}=${values[0] ?? ''}` : `${key} in (${values.join(', ')})`;
    case 'NotIn':
      return values.length === 1 ? `${key}≠${values[0] ?? ''}` : `${key} not in (${values.join(', ')})`;
    case 'Exists':
      return `with ${key}`;
    case 'DoesNotExist':
      return `without ${key}`;
  }
}

function expressionText(expression: Expression, inner = false): string {
  switch (expression.operator) {
    case 'And':
    case 'Or': {
      if (expression.of.length === 0) return expression.operator === 'And' ? 'everything' : 'nothing';
      const text = expression.of
        .map((part) => expressionText(part, true))
        .join(expression.operator === 'And' ? ' and ' : ' or ');
      return inner && expression.of.length > 1 ? `(${text})` : text;
    }
    case 'Not':
      return `not ${expressionText(expression.of, true)}`;
    case 'Has':
      return `with ${expression.label}`;
    case 'In':
      return requirementText({ key: expression.label, operator: 'In', values: expression.values });
    case 'Contains':
      return `${expression.label} contains ${expression.value}`;
    case 'StartsWith':
      return `${expression.label} starts with ${expression.value}`;
    case 'EndsWith':
      return `${expression.label} ends with ${expression.value}`;
  }
}

function namespacesText(namespaces: PodSet['namespaces']): string {
  if (namespaces === 'own') return '';
  if (namespaces.length === 0) return ' of any namespace';
  const [only, ...more] = namespaces;
  if (only !== undefined && more.length === 0 && only.key === 'kubernetes.io/metadata.name' && only.operator === 'In')
    return ` of ${only.values.length === 1 ? 'namespace' : 'the namespaces'} ${only.values.join(', ')}`;
  return ` of namespaces ${namespaces.map(requirementText).join(', ')}`;
}

/** `pods app=web of namespace shop`; pods of the policy's own namespace go without one. */
export function podSetText({ namespaces, pods, where }: PodSet): string {
  const narrowed = [...pods.map(requirementText), ...(where === undefined ? [] : [expressionText(where)])];
  const which = narrowed.length === 0 ? 'all pods' : `pods ${narrowed.join(', ')}`;
  return `${which}${namespacesText(namespaces)}`;
}

function blockText({ cidr, except }: { readonly cidr: string; readonly except: readonly string[] }): string {
  return except.length === 0 ? cidr : `${cidr} without ${except.join(', ')}`;
}

function peerText(peer: Peer): string {
  switch (peer.kind) {
    case 'pods':
      return podSetText(peer);
    case 'ipBlock':
      return blockText(peer);
    case 'external':
      return `${blockText(peer)} outside the cluster`;
    case 'networks':
      return peer.cidrs.join(', ');
    case 'nodes':
      return peer.nodes.length === 0 ? 'all nodes' : `nodes ${peer.nodes.map(requirementText).join(', ')}`;
    case 'domainNames':
      return peer.names.join(', ');
    case 'addressList':
      return `the addresses of ${peer.name}${peer.except.length === 0 ? '' : ` without ${peer.except.join(', ')}`}`;
    case 'hosts':
      return 'hosts';
    case 'unknown':
    case 'unmodelled':
      return peer.field;
    case 'entity': {
      const parts = [
        ...(peer.where === null ? [] : [expressionText(peer.where)]),
        ...(peer.not === null ? [] : [`not ${expressionText(peer.not, true)}`]),
        ...(peer.nets === null ? [] : [peer.nets.join(', ')]),
        ...(peer.notNets.length === 0 ? [] : [`not ${peer.notNets.join(', ')}`]),
      ];
      return parts.length === 0 ? 'anything' : parts.join(', ');
    }
  }
}

function portsText(ports: readonly PortMatch[]): string {
  const ranges = ports.flatMap((port) => {
    if (port.kind === 'all') return [{ protocol: port.protocol, first: 1, last: 65535 }];
    return port.kind === 'range' ? [{ protocol: port.protocol, first: port.first, last: port.last }] : [];
  });
  const others = ports.flatMap((port) => {
    if (port.kind === 'named') return [`${port.protocol === null ? '' : `${port.protocol} `}${port.name}`];
    if (port.kind === 'other') return [port.traffic];
    if (port.kind !== 'icmp') return [];
    const type = (number: number) => `${Math.floor(number / 256)}/${number % 256}`;
    return [
      `${port.protocol} ${port.first === port.last ? type(port.first) : `${type(port.first)}-${type(port.last)}`}`,
    ];
  });
  const numbered = ranges.length === 0 ? [] : [connectionsText(joinedPorts(ranges)).replaceAll(',', ', ')];
  return [...numbered, ...others].join(', ').replace('All Connections', 'every port');
}

const verbs = { Accept: 'allow', Deny: 'deny', Pass: 'leave to the next tier', Log: 'log' } as const;

/** What a rule says, `who` on `ports`: `allow from pods app=web`, `TCP 8443`. */
export interface RuleText {
  readonly who: string;
  readonly ports: string;
}

export function ruleText(direction: Direction, rule: Rule): RuleText {
  const way = direction === 'ingress' ? 'from' : 'to';
  const peers =
    rule.peers === null ? 'anything' : rule.peers.length === 0 ? 'nothing' : rule.peers.map(peerText).join('; ');
  const ports = rule.ports === null ? 'every port' : portsText(rule.ports);
  const without = rule.notPorts === undefined ? '' : ` but ${portsText(rule.notPorts)}`;
  const near = rule.near === undefined ? '' : `, for ${peerText(rule.near)}`;
  return { who: `${verbs[rule.action]} ${way} ${peers}${near}`, ports: `${ports}${without}` };
}

/** What a policy says besides its rules, by what each sentence is about: two policies are compared by these. */
export function policyTexts(policy: Policy): ReadonlyMap<string, string> {
  const governs = (['ingress', 'egress'] as const).map((direction): [string, string] => [
    direction,
    policy[direction] === null
      ? `leaves ${direction} alone`
      : policy.isolates[direction]
        ? `denies ${direction} that no rule allows`
        : `has rules for ${direction} and denies nothing else`,
  ]);
  return new Map([
    ['subject', `is for ${podSetText(policy.subject)}`],
    ...governs,
    ['tier', `stands in tier ${policy.tier}${policy.priority === null ? '' : ` at ${policy.priority}`}`],
    ['staged', policy.staged === null ? 'is enforced' : `is staged (${policy.staged}) and not enforced`],
  ]);
}

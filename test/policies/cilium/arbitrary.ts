/** Arbitrary Cilium policies as the objects Cilium takes, over the vocabulary of the other arbitraries. */

import fc from 'fast-check';
import type { RawSelector } from '../clusters.js';

export interface CiliumPort {
  port: string;
  endPort?: number;
  protocol?: string;
}

/** Peers of both directions; the rule's side tells whether they are written from or to. */
export interface CiliumRule {
  endpoints?: RawSelector[];
  entities?: string[];
  cidr?: string[];
  cidrSet?: { cidr: string; except?: string[] }[];
  requires?: RawSelector[];
  toPorts?: { ports: CiliumPort[] }[];
}

export interface CiliumPolicy {
  name: string;
  /** Absent for a cluster-wide policy. */
  namespace?: string;
  endpointSelector: RawSelector;
  ingress?: CiliumRule[];
  ingressDeny?: CiliumRule[];
  egress?: CiliumRule[];
  egressDeny?: CiliumRule[];
  enableDefaultDeny?: { ingress?: boolean; egress?: boolean };
}

const prefix = fc.constantFrom('', 'k8s:', 'any:');
const label = fc.constantFrom<[string, string][]>(
  ['app', 'web'],
  ['app', 'api'],
  ['app', 'db'],
  ['tier', 'x'],
  ['tier', 'y'],
);
const namespaceLabel = fc.constantFrom<[string, string][]>(
  ['io.kubernetes.pod.namespace', 'a'],
  ['io.kubernetes.pod.namespace', 'b'],
  ['io.cilium.k8s.namespace.labels.team', 'red'],
  ['io.cilium.k8s.namespace.labels.kubernetes.io/metadata.name', 'c'],
);

const matchLabels = (words: fc.Arbitrary<[string, string]>) =>
  fc
    .tuple(prefix, words)
    .map(([source, [key, value]]): RawSelector => ({ matchLabels: { [`${source}${key}`]: value } }));

const matchExpressions = (words: fc.Arbitrary<[string, string]>) =>
  fc
    .tuple(prefix, words, fc.constantFrom('In', 'NotIn', 'Exists', 'DoesNotExist'))
    .map(([source, [key, value], operator]): RawSelector => ({
      matchExpressions: [
        {
          key: `${source}${key}`,
          operator,
          ...(operator === 'In' || operator === 'NotIn' ? { values: [value] } : {}),
        },
      ],
    }));

function joined(parts: readonly RawSelector[]): RawSelector {
  return {
    matchLabels: Object.assign({}, ...parts.map((part) => part.matchLabels)) as Record<string, string>, // of such records
    matchExpressions: parts.flatMap((part) => part.matchExpressions ?? []),
  };
}

const ofPod = fc.oneof(fc.constant<RawSelector>({}), matchLabels(label), matchExpressions(label));
const selector = fc.oneof(
  { weight: 3, arbitrary: ofPod },
  { weight: 1, arbitrary: fc.tuple(ofPod, matchLabels(namespaceLabel)).map(joined) },
  { weight: 1, arbitrary: fc.tuple(ofPod, matchExpressions(namespaceLabel)).map(joined) },
);

const cidrSet = fc.constantFrom<NonNullable<CiliumRule['cidrSet']>[number][]>(
  { cidr: '0.0.0.0/0' },
  { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] },
  { cidr: '192.168.0.0/16', except: ['192.168.1.1/32'] },
  { cidr: '::/0', except: ['2001:db8::/32'] },
);

const peers: fc.Arbitrary<CiliumRule> = fc.oneof(
  fc.constant({}),
  fc.array(selector, { maxLength: 2 }).map((endpoints) => ({ endpoints })),
  fc
    .array(fc.constantFrom('all', 'world', 'world-ipv4', 'cluster', 'remote-node', 'none'), { maxLength: 2 })
    .map((entities) => ({ entities })),
  fc
    .array(fc.constantFrom('10.0.0.0/8', '10.1.0.1', 'fd00::/8', '0.0.0.0/0'), { maxLength: 2 })
    .map((cidr) => ({ cidr })),
  fc.array(cidrSet, { maxLength: 2 }).map((sets) => ({ cidrSet: sets })),
);

const port: fc.Arbitrary<CiliumPort> = fc.oneof(
  fc.record(
    {
      port: fc.constantFrom('80', '443', '53', '0'),
      protocol: fc.constantFrom('TCP', 'UDP', 'udp', 'SCTP', 'ANY', ''),
    },
    { requiredKeys: ['port'] },
  ),
  fc.record({ port: fc.constant('79'), endPort: fc.constantFrom(79, 81), protocol: fc.constantFrom('TCP', 'ANY') }),
  fc.record({ port: fc.constantFrom('http', 'dns', 'HTTP'), protocol: fc.constantFrom('TCP', 'UDP', 'ANY') }),
);

const ports = fc.option(fc.array(fc.record({ ports: fc.array(port, { maxLength: 2 }) }), { maxLength: 2 }), {
  nil: undefined,
});

const requires = fc.option(fc.array(fc.oneof(ofPod, matchLabels(namespaceLabel)), { minLength: 1, maxLength: 1 }), {
  nil: undefined,
  freq: 8,
});

const rule = fc.tuple(peers, ports, requires).map(([peer, toPorts, required]): CiliumRule => ({
  ...peer,
  ...(toPorts === undefined ? {} : { toPorts }),
  // Entities beside requirements are the one case in which the model and Cilium differ.
  ...(required === undefined || 'entities' in peer ? {} : { requires: required }),
}));
const rules = fc.array(rule, { maxLength: 2 });

/** Policies with names of their own, at least one list of rules in each. */
export const ciliumPolicies: fc.Arbitrary<CiliumPolicy[]> = fc
  .array(
    fc
      .record(
        {
          namespace: fc.constantFrom('a', 'b', 'c'),
          endpointSelector: fc.oneof({ weight: 4, arbitrary: ofPod }, { weight: 1, arbitrary: selector }),
          ingress: rules,
          ingressDeny: rules,
          egress: rules,
          egressDeny: rules,
          enableDefaultDeny: fc.record({ ingress: fc.boolean(), egress: fc.boolean() }, { requiredKeys: [] }),
        },
        { requiredKeys: ['endpointSelector'] },
      )
      .map((policy) => ('ingress' in policy || 'egress' in policy ? policy : { ...policy, ingress: [{}] })),
    { maxLength: 3 },
  )
  .map((list) => list.map((policy, at) => ({ name: `p${at}`, ...policy })));

function written(list: CiliumRule[] | undefined, side: 'from' | 'to'): object[] | undefined {
  const names: Record<string, string> = {
    endpoints: `${side}Endpoints`,
    entities: `${side}Entities`,
    cidr: `${side}CIDR`,
    cidrSet: `${side}CIDRSet`,
    requires: `${side}Requires`,
  };
  return list?.map((one) =>
    Object.fromEntries(Object.entries(one).map(([key, value]) => [names[key] ?? key, value as unknown])),
  );
}

export function ciliumObject({
  name,
  namespace,
  ingress,
  ingressDeny,
  egress,
  egressDeny,
  ...rest
}: CiliumPolicy): object {
  const lists = {
    ingress: written(ingress, 'from'),
    ingressDeny: written(ingressDeny, 'from'),
    egress: written(egress, 'to'),
    egressDeny: written(egressDeny, 'to'),
  };
  return {
    apiVersion: 'cilium.io/v2',
    kind: namespace === undefined ? 'CiliumClusterwideNetworkPolicy' : 'CiliumNetworkPolicy',
    metadata: { name, ...(namespace === undefined ? {} : { namespace }) },
    spec: { ...rest, ...Object.fromEntries(Object.entries(lists).filter(([, list]) => list !== undefined)) },
  };
}

/** Arbitrary small clusters and policies, as raw Kubernetes objects, over a vocabulary small enough to collide. */

import fc from 'fast-check';
import type { Pod, Topology } from '../../src/policies/simulation/evaluate.js';

export interface RawSelector {
  matchLabels?: Record<string, string>;
  matchExpressions?: { key: string; operator: string; values?: string[] }[];
}

export interface RawPeer {
  podSelector?: RawSelector;
  namespaceSelector?: RawSelector;
  ipBlock?: { cidr: string; except?: string[] };
}

export interface RawPort {
  protocol?: string;
  port?: number | string;
  endPort?: number;
}

export interface RawRule {
  from?: RawPeer[];
  to?: RawPeer[];
  ports?: RawPort[];
}

export interface RawPolicy {
  apiVersion: 'networking.k8s.io/v1';
  kind: 'NetworkPolicy';
  metadata: { name: string; namespace: string; [field: string]: unknown };
  spec: { podSelector: RawSelector; policyTypes?: string[]; ingress?: RawRule[]; egress?: RawRule[] };
}

/** What the three cluster-wide kinds have in common; each test writes it in the kind's own fields. */
export interface ClusterRule {
  action: 'Accept' | 'Deny' | 'Pass';
  peers: { namespaces: RawSelector; pods?: RawSelector }[];
  networks: string[];
  ports: { protocol: 'TCP' | 'UDP' | 'SCTP'; first: number; last: number }[];
  named: string[];
}

export interface ClusterPolicy {
  tier: 'Admin' | 'Baseline';
  priority: number;
  subject: { namespaces: RawSelector; pods?: RawSelector };
  ingress: ClusterRule[];
  egress: ClusterRule[];
}

export const externalAddresses = ['10.0.0.200', '10.1.0.1', '192.168.1.1', 'fd00::1', '2001:db8::5'];
export const askedPorts = [53, 79, 80, 81, 443, 8080];

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });

const vocabulary: Record<'namespace' | 'pod', Record<string, string[]>> = {
  namespace: { team: ['red', 'blue'], 'kubernetes.io/metadata.name': ['a', 'b', 'c'] },
  pod: { app: ['web', 'api', 'db'], tier: ['x', 'y'] },
};

const expression = (words: Record<string, string[]>) =>
  fc.constantFrom(...Object.entries(words)).chain(([key, values]) =>
    fc.oneof(
      fc.record({
        key: fc.constant(key),
        operator: fc.constantFrom('In', 'NotIn'),
        values: fc.subarray(values, { minLength: 1 }),
      }),
      fc.record({ key: fc.constant(key), operator: fc.constantFrom('Exists', 'DoesNotExist') }),
    ),
  );

const selector = (kind: 'namespace' | 'pod'): fc.Arbitrary<RawSelector> => {
  const words = vocabulary[kind];
  const label = fc
    .constantFrom(...Object.entries(words))
    .chain(([key, values]) => fc.constantFrom(...values).map((value) => ({ [key]: value })));
  return fc.oneof(
    { weight: 2, arbitrary: fc.constant({}) },
    { weight: 3, arbitrary: label.map((matchLabels) => ({ matchLabels })) },
    { weight: 2, arbitrary: expression(words).map((term) => ({ matchExpressions: [term] })) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(label, expression(words))
        .map(([matchLabels, term]) => ({ matchLabels, matchExpressions: [term] })),
    },
  );
};

const ipBlock = fc.constantFrom<NonNullable<RawPeer['ipBlock']>>(
  { cidr: '0.0.0.0/0' },
  { cidr: '10.0.0.0/8', except: ['10.0.0.0/25', '10.1.0.0/16'] },
  { cidr: '10.0.0.0/24', except: ['10.0.0.2/32'] },
  { cidr: '192.168.0.0/16' },
  { cidr: 'fd00::/8' },
  { cidr: '::/0', except: ['2001:db8::/32'] },
);

const peer = fc.oneof<fc.MaybeWeightedArbitrary<RawPeer>[]>(
  { weight: 2, arbitrary: selector('pod').map((podSelector) => ({ podSelector })) },
  { weight: 2, arbitrary: selector('namespace').map((namespaceSelector) => ({ namespaceSelector })) },
  { weight: 1, arbitrary: fc.record({ podSelector: selector('pod'), namespaceSelector: selector('namespace') }) },
  { weight: 2, arbitrary: ipBlock.map((block) => ({ ipBlock: block })) },
);

const protocol = fc.constantFrom('TCP' as const, 'UDP' as const, 'SCTP' as const);

const port: fc.Arbitrary<RawPort> = fc.oneof(
  fc.record({ protocol, port: fc.constantFrom(80, 443, 53, 8080) }, { requiredKeys: [] }),
  fc.record({ protocol, port: fc.constantFrom('http', 'dns') }, { requiredKeys: ['port'] }),
  fc.record(
    { protocol, port: fc.constant(80), endPort: fc.constantFrom(80, 81, 8080) },
    { requiredKeys: ['port', 'endPort'] },
  ),
);

const rule = (side: 'from' | 'to'): fc.Arbitrary<RawRule> =>
  fc
    .tuple(optional(fc.array(peer, { maxLength: 3 })), optional(fc.array(port, { maxLength: 3 })))
    .map(([peers, ports]) => ({
      ...(peers === undefined ? {} : { [side]: peers }),
      ...(ports === undefined ? {} : { ports }),
    }));

export const networkPolicy: fc.Arbitrary<RawPolicy> = fc.record({
  apiVersion: fc.constant('networking.k8s.io/v1' as const),
  kind: fc.constant('NetworkPolicy' as const),
  metadata: fc.record({
    name: fc.constantFrom('p', 'q', 'r'),
    namespace: fc.constantFrom('a', 'b', 'c'),
  }),
  spec: fc.record(
    {
      podSelector: selector('pod'),
      policyTypes: fc.subarray(['Ingress', 'Egress']),
      ingress: fc.array(rule('from'), { maxLength: 3 }),
      egress: fc.array(rule('to'), { maxLength: 3 }),
    },
    { requiredKeys: ['podSelector'] },
  ),
});

const clusterPods = fc.record(
  { namespaces: selector('namespace'), pods: selector('pod') },
  { requiredKeys: ['namespaces'] },
);

const clusterRule = (actions: readonly ClusterRule['action'][], egress: boolean): fc.Arbitrary<ClusterRule> =>
  fc
    .record({
      action: fc.constantFrom(...actions),
      peers: fc.array(clusterPods, { minLength: 1, maxLength: 2 }),
      networks: egress
        ? fc.subarray(['0.0.0.0/0', '10.0.0.0/24', '192.168.0.0/16', 'fd00::/8'], { maxLength: 2 })
        : fc.constant<string[]>([]),
      ports: fc.array(
        fc.record({ protocol, first: fc.constantFrom(53, 80, 443), length: fc.constantFrom(0, 1, 400) }),
        { maxLength: 2 },
      ),
      named: fc.subarray(['http', 'dns'], { maxLength: 1 }),
    })
    .map(({ ports, named, networks, ...rest }) => ({
      ...rest,
      networks,
      ports: ports.map(({ protocol: name, first, length }) => ({ protocol: name, first, last: first + length })),
      // A rule for networks may not use named ports.
      named: networks.length > 0 ? [] : named,
    }));

const clusterPolicy = (tier: 'Admin' | 'Baseline', actions: readonly ClusterRule['action'][]) =>
  fc.record({
    tier: fc.constant(tier),
    priority: fc.nat(1000),
    subject: clusterPods,
    ingress: fc.array(clusterRule(actions, false), { maxLength: 3 }),
    egress: fc.array(clusterRule(actions, true), { maxLength: 3 }),
  });

/** Admin policies with priorities of their own, lowest first, and at most one Baseline policy. */
export const clusterPolicies: fc.Arbitrary<ClusterPolicy[]> = fc
  .tuple(
    fc.uniqueArray(clusterPolicy('Admin', ['Accept', 'Deny', 'Pass']), {
      maxLength: 3,
      selector: ({ priority }) => priority,
    }),
    fc.array(clusterPolicy('Baseline', ['Accept', 'Deny']), { maxLength: 1 }),
  )
  .map(([admin, baseline]) => [...admin.sort((a, b) => a.priority - b.priority), ...baseline]);

const podShape = fc.record({
  namespace: fc.constantFrom('a', 'b', 'c'),
  labels: fc.record(
    { app: fc.constantFrom('web', 'api', 'db'), tier: fc.constantFrom('x', 'y') },
    { requiredKeys: [] },
  ),
  namedPorts: fc.subarray([
    { name: 'http', protocol: 'TCP', port: 80 },
    { name: 'http', protocol: 'UDP', port: 8080 },
    { name: 'dns', protocol: 'UDP', port: 53 },
  ]),
  hostNetwork: fc.oneof({ weight: 6, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

/** Up to six pods in three namespaces; `c` has no Namespace object. */
export const topology: fc.Arbitrary<Topology> = fc.array(podShape, { minLength: 2, maxLength: 6 }).map((shapes) => ({
  namespaces: [
    { name: 'a', labels: { team: 'red' } },
    { name: 'b', labels: {} },
  ],
  pods: shapes.map((shape, at): Pod => ({
    ...shape,
    key: `${shape.namespace}/p${at}`,
    name: `p${at}`,
    ips: [`10.0.0.${at + 1}`],
  })),
}));

/** A made-up cluster of any size, the same for the same arguments: what the policy figures are measured on. */

import { importPolicy } from '../src/policies/kubernetes/import.js';
import { importTopology } from '../src/policies/kubernetes/topology.js';
import type { Policy } from '../src/policies/model.js';
import type { Topology } from '../src/policies/simulation/evaluate.js';

const roles = ['edge', 'service', 'worker', 'store'] as const;
const role = (number: number) => roles[Math.floor(number / 3) % roles.length] ?? 'edge';

/** Small and good enough to spread questions; the same numbers on every run (Lehmer, modulus 2^31 - 1). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state * 48271) % 0x7fffffff;
    return state % below;
  };
}

const namespace = (number: number) => `team-${number}`;

function deployment(number: number, namespaces: number): object {
  const labels = { app: `app-${number}`, role: role(number), ring: `ring-${number % 7}` };
  const ports = [
    { name: 'web', containerPort: 8443 },
    { name: 'store', containerPort: 6379 },
    { name: 'health', containerPort: 9400 + (number % 2) },
  ];
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `app-${number}`, namespace: namespace(number % namespaces) },
    spec: {
      selector: { matchLabels: { app: labels.app } },
      template: { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'main', ports }] } },
    },
  };
}

type Rule = readonly [peers: readonly object[], ports: readonly object[]];

function policy(
  owner: number,
  name: string,
  pods: object,
  rules: { readonly ingress?: readonly Rule[]; readonly egress?: readonly Rule[] },
): object {
  const written = (side: 'from' | 'to', list: readonly Rule[] | undefined) =>
    list?.map(([peers, ports]) => ({ ...(peers.length === 0 ? {} : { [side]: peers }), ports }));
  const types = [...(rules.ingress ? ['Ingress'] : []), ...(rules.egress ? ['Egress'] : [])];
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, namespace: namespace(owner) },
    spec: {
      podSelector: pods,
      policyTypes: types,
      ingress: written('from', rules.ingress),
      egress: written('to', rules.egress),
    },
  };
}

const having = (labels: Record<string, string>) => ({ matchLabels: labels });
const among = (labels: Record<string, string>) => ({ podSelector: having(labels) });
const tcp = (port: number | string) => ({ protocol: 'TCP', port });

/** Eleven policies a namespace: a default deny, name resolution, a chain of roles, health checks, and one of its own. */
function policiesOf(owner: number): object[] {
  const hops = [
    ['edge', 'service', 8443],
    ['service', 'worker', 8443],
    ['worker', 'store', 6379],
  ] as const;
  return [
    policy(owner, 'deny-by-default', {}, { ingress: [], egress: [] }),
    policy(owner, 'resolve-names', {}, { egress: [[[], [{ protocol: 'UDP', port: 53 }, tcp(53)]]] }),
    policy(owner, 'edge-from-outside', having({ role: 'edge' }), {
      ingress: [
        [
          [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8', `172.${16 + (owner >> 8)}.${owner & 255}.0/24`] } }],
          [tcp('web')],
        ],
      ],
    }),
    ...hops.flatMap(([from, to, port]) => [
      policy(owner, `${from}-to-${to}`, having({ role: from }), { egress: [[[among({ role: to })], [tcp(port)]]] }),
      policy(owner, `${to}-from-${from}`, having({ role: to }), { ingress: [[[among({ role: from })], [tcp(port)]]] }),
    ]),
    policy(
      owner,
      'health-checks',
      { matchExpressions: [{ key: 'ring', operator: 'In', values: ['ring-1', 'ring-2'] }] },
      {
        ingress: [
          [
            [
              {
                namespaceSelector: having({ unit: `unit-${owner % 7}` }),
                podSelector: { matchExpressions: [{ key: 'role', operator: 'NotIn', values: ['store'] }] },
              },
            ],
            [{ protocol: 'TCP', port: 9400, endPort: 9500 }, tcp('health')],
          ],
        ],
      },
    ),
    policy(owner, 'worker-to-staging', having({ role: 'worker' }), {
      egress: [[[{ namespaceSelector: having({ stage: 'staging' }) }], [tcp(9400)]]],
    }),
  ];
}

/** Manifests of `workloads` Deployments in a twentieth as many namespaces, with eleven policies each. */
export function clusterManifests(workloads: number): { readonly objects: object[]; readonly policies: object[] } {
  const namespaces = Math.max(1, Math.floor(workloads / 20));
  const owners = Array.from({ length: namespaces }, (_, number) => number);
  return {
    objects: [
      ...owners.map((number) => ({
        apiVersion: 'v1',
        kind: 'Namespace',
        metadata: {
          name: namespace(number),
          labels: { unit: `unit-${number % 7}`, stage: number % 3 === 0 ? 'staging' : 'live' },
        },
      })),
      ...Array.from({ length: workloads }, (_, number) => deployment(number, namespaces)),
    ],
    policies: owners.flatMap(policiesOf),
  };
}

/** The cluster of `clusterManifests`, imported, with an address for each workload. */
export function cluster(workloads: number): { readonly topology: Topology; readonly policies: readonly Policy[] } {
  const manifests = clusterManifests(workloads);
  const { namespaces, pods } = importTopology(manifests.objects);
  return {
    topology: {
      namespaces,
      pods: pods.map((pod, at) => ({ ...pod, ips: [`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`] })),
    },
    policies: manifests.policies.map((object) => {
      const read = importPolicy(object);
      if (!read.ok) throw new Error(`a made-up policy was refused: ${JSON.stringify(read.problems)}`);
      return read.policy;
    }),
  };
}

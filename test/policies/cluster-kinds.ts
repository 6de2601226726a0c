/** One cluster-wide policy in the fields of each kind that can say it. */

import type { ClusterPolicy, ClusterRule, RawSelector } from './clusters.js';

interface Choice {
  namespaces: RawSelector;
  pods?: RawSelector;
}

function choice({ namespaces, pods }: Choice): object {
  return pods === undefined ? { namespaces } : { pods: { namespaceSelector: namespaces, podSelector: pods } };
}

function peers(rule: ClusterRule): object[] {
  return [...rule.peers.map(choice), ...(rule.networks.length === 0 ? [] : [{ networks: rule.networks }])];
}

function present(field: string, list: readonly object[]): object {
  return list.length === 0 ? {} : { [field]: list };
}

function adminPorts(rule: ClusterRule): object[] {
  return [
    ...rule.ports.map(({ protocol, first, last }) =>
      first === last ? { portNumber: { protocol, port: first } } : { portRange: { protocol, start: first, end: last } },
    ),
    ...rule.named.map((namedPort) => ({ namedPort })),
  ];
}

function clusterPorts(rule: ClusterRule): object[] {
  return [
    ...rule.ports.map(({ protocol, first, last }) => ({
      [protocol.toLowerCase()]: {
        destinationPort: first === last ? { number: first } : { range: { start: first, end: last } },
      },
    })),
    ...rule.named.map((destinationNamedPort) => ({ destinationNamedPort })),
  ];
}

/** As v1alpha1: AdminNetworkPolicy, or the BaselineAdminNetworkPolicy there is one of. */
export function asAdminPolicy({ tier, priority, subject, ingress, egress }: ClusterPolicy): object {
  const rule = (side: 'from' | 'to') => (written: ClusterRule) => ({
    action: written.action === 'Accept' ? 'Allow' : written.action,
    [side]: peers(written),
    ...present('ports', adminPorts(written)),
  });
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha1',
    kind: tier === 'Admin' ? 'AdminNetworkPolicy' : 'BaselineAdminNetworkPolicy',
    metadata: { name: tier === 'Admin' ? `p${priority}` : 'default' },
    spec: {
      ...(tier === 'Admin' ? { priority } : {}),
      subject: choice(subject),
      ingress: ingress.map(rule('from')),
      egress: egress.map(rule('to')),
    },
  };
}

/** As v1alpha2: ClusterNetworkPolicy. */
export function asClusterNetworkPolicy({ tier, priority, subject, ingress, egress }: ClusterPolicy): object {
  const rule = (side: 'from' | 'to') => (written: ClusterRule) => ({
    action: written.action,
    [side]: peers(written),
    ...present('protocols', clusterPorts(written)),
  });
  return {
    apiVersion: 'policy.networking.k8s.io/v1alpha2',
    kind: 'ClusterNetworkPolicy',
    metadata: { name: `${tier.toLowerCase()}${priority}` },
    spec: {
      tier,
      priority,
      subject: choice(subject),
      ingress: ingress.map(rule('from')),
      egress: egress.map(rule('to')),
    },
  };
}

/** A kind of object whose change moves what segmentation allows. */
export interface PolicyResource {
  readonly system: 'kubernetes' | 'cilium' | 'calico' | 'istio' | 'antrea' | 'openshift' | 'linkerd' | 'segproof';
  readonly kind: string;
}

const calico = [
  ['networkpolicies', 'NetworkPolicy'],
  ['globalnetworkpolicies', 'GlobalNetworkPolicy'],
  ['stagednetworkpolicies', 'StagedNetworkPolicy'],
  ['stagedglobalnetworkpolicies', 'StagedGlobalNetworkPolicy'],
  ['stagedkubernetesnetworkpolicies', 'StagedKubernetesNetworkPolicy'],
  ['tiers', 'Tier'],
  ['networksets', 'NetworkSet'],
  ['globalnetworksets', 'GlobalNetworkSet'],
  ['hostendpoints', 'HostEndpoint'],
  ['profiles', 'Profile'],
] as const;

const antrea = [
  ['networkpolicies', 'NetworkPolicy'],
  ['clusternetworkpolicies', 'ClusterNetworkPolicy'],
  ['tiers', 'Tier'],
  ['groups', 'Group'],
  ['clustergroups', 'ClusterGroup'],
] as const;
/** Antrea had its kinds in groups of its maker before release 1.0. */
const antreaGroups = [
  'crd.antrea.io',
  'crd.antrea.tanzu.vmware.com',
  'core.antrea.tanzu.vmware.com',
  'security.antrea.tanzu.vmware.com',
] as const;

/** By API group and resource. Calico's objects are served by its API server and stored as custom resources. */
const resources: ReadonlyMap<string, PolicyResource> = new Map<string, PolicyResource>([
  ['networking.k8s.io/networkpolicies', { system: 'kubernetes', kind: 'NetworkPolicy' }],
  ['extensions/networkpolicies', { system: 'kubernetes', kind: 'NetworkPolicy' }],
  ['policy.networking.k8s.io/adminnetworkpolicies', { system: 'kubernetes', kind: 'AdminNetworkPolicy' }],
  [
    'policy.networking.k8s.io/baselineadminnetworkpolicies',
    { system: 'kubernetes', kind: 'BaselineAdminNetworkPolicy' },
  ],
  ['policy.networking.k8s.io/clusternetworkpolicies', { system: 'kubernetes', kind: 'ClusterNetworkPolicy' }],
  ['cilium.io/ciliumnetworkpolicies', { system: 'cilium', kind: 'CiliumNetworkPolicy' }],
  ['cilium.io/ciliumclusterwidenetworkpolicies', { system: 'cilium', kind: 'CiliumClusterwideNetworkPolicy' }],
  ['cilium.io/ciliumcidrgroups', { system: 'cilium', kind: 'CiliumCIDRGroup' }],
  ['security.istio.io/authorizationpolicies', { system: 'istio', kind: 'AuthorizationPolicy' }],
  ['security.istio.io/peerauthentications', { system: 'istio', kind: 'PeerAuthentication' }],
  ['k8s.cni.cncf.io/multi-networkpolicies', { system: 'kubernetes', kind: 'MultiNetworkPolicy' }],
  ['network.openshift.io/egressnetworkpolicies', { system: 'openshift', kind: 'EgressNetworkPolicy' }],
  ['k8s.ovn.org/egressfirewalls', { system: 'openshift', kind: 'EgressFirewall' }],
  ['policy.linkerd.io/authorizationpolicies', { system: 'linkerd', kind: 'AuthorizationPolicy' }],
  ['policy.linkerd.io/serverauthorizations', { system: 'linkerd', kind: 'ServerAuthorization' }],
  ['policy.linkerd.io/servers', { system: 'linkerd', kind: 'Server' }],
  ['segproof.dev/intents', { system: 'segproof', kind: 'Intent' }],
  ['segproof.dev/intenttemplates', { system: 'segproof', kind: 'IntentTemplate' }],
  ...antreaGroups.flatMap((group) =>
    antrea.map(([resource, kind]): [string, PolicyResource] => [`${group}/${resource}`, { system: 'antrea', kind }]),
  ),
  ...['projectcalico.org', 'crd.projectcalico.org'].flatMap((group) =>
    calico.map(([resource, kind]): [string, PolicyResource] => [`${group}/${resource}`, { system: 'calico', kind }]),
  ),
]);

/** The policy resource an API group and a lower-case plural name stand for; null for any other resource. */
export function policyResource(apiGroup: string, resource: string): PolicyResource | null {
  return resources.get(`${apiGroup}/${resource}`) ?? null;
}

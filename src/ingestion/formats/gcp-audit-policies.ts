/** Collections of Compute Engine that decide what a network lets through, with the kind of their objects. */
const collections: ReadonlyMap<string, string> = new Map([
  ['firewalls', 'Firewall'],
  ['firewallPolicies', 'FirewallPolicy'],
  ['networkFirewallPolicies', 'NetworkFirewallPolicy'],
  ['regionNetworkFirewallPolicies', 'RegionNetworkFirewallPolicy'],
  ['organizationSecurityPolicies', 'OrganizationSecurityPolicy'],
  ['securityPolicies', 'SecurityPolicy'],
  ['regionSecurityPolicies', 'RegionSecurityPolicy'],
  ['networks', 'Network'],
  ['subnetworks', 'Subnetwork'],
  ['packetMirrorings', 'PacketMirroring'],
]);

const reads =
  /^(?:get|list|aggregatedList|getIamPolicy|testIamPermissions|getEffectiveFirewalls|getRule|getAssociation|listAssociations|preview.*)$/i;
/** `v1.compute.firewalls.insert`, `compute.networks.addPeering`. */
const computeMethod = /^(?:(?:v\d\w{0,10}|beta|alpha)\.)?compute\.([A-Za-z]{1,60})\.([A-Za-z]{1,60})$/;
/** `google.cloud.compute.v1.Firewalls.Insert`, as client libraries spell it. */
const libraryMethod = /^google\.cloud\.compute\.v\d\w{0,10}\.([A-Za-z]{1,60})\.([A-Za-z]{1,60})$/;

/**
 * Calls of other services, by what they are for: firewalls of App Engine, perimeters around services (VPC Service Controls),
 * enforcement of network policies in GKE, and the policies, lists of addresses and endpoints of Network Security (Cloud NGFW
 * audit logging). The second group of the expression is the kind where none is given.
 */
const otherCalls: readonly (readonly [call: RegExp, apiVersion: string, kind: string | null])[] = [
  [
    /^google\.appengine\.v\d\w{0,10}\.Firewall\.(Create|Update|Delete|BatchUpdate)IngressRules?$/,
    'appengine',
    'IngressRule',
  ],
  [
    /^google\.identity\.accesscontextmanager\.v\d\w{0,10}\.AccessContextManager\.(Create|Update|Delete|Replace|Commit)ServicePerimeters?$/,
    'accesscontextmanager',
    'ServicePerimeter',
  ],
  [
    /^google\.identity\.accesscontextmanager\.v\d\w{0,10}\.AccessContextManager\.(Create|Update|Delete|Replace)AccessLevels?$/,
    'accesscontextmanager',
    'AccessLevel',
  ],
  [/^google\.container\.v\d\w{0,10}\.ClusterManager\.(Set)NetworkPolicy$/, 'container', 'Cluster'],
  [
    /^google\.cloud\.networksecurity\.v\d\w{0,10}\.[A-Za-z]{1,60}\.(Create|Update|Delete|Add|Remove|Clone)(AuthorizationPolicy|AuthzPolicy|AddressGroup|UrlList|GatewaySecurityPolicy(?:Rule)?|SecurityProfile(?:Group)?|FirewallEndpoint(?:Association)?)(?:Items)?$/,
    'networksecurity',
    null,
  ],
];

/** What a call does to which kind of policy; null for every other call. */
export function policyCallOf(method: string): { apiVersion: string; kind: string; verb: string } | null {
  const [, collection = '', verb = ''] = computeMethod.exec(method) ?? libraryMethod.exec(method) ?? [];
  const collected = collections.get(collection.slice(0, 1).toLowerCase() + collection.slice(1));
  if (collected !== undefined && !reads.test(verb)) {
    const version = method.split('.', 1)[0] ?? '';
    return { apiVersion: version === 'google' ? 'compute' : `compute/${version}`, kind: collected, verb };
  }
  for (const [call, apiVersion, called] of otherCalls) {
    const [, found, named] = call.exec(method) ?? [];
    const kind = called ?? named;
    if (found !== undefined && kind !== undefined) return { apiVersion, kind, verb: found };
  }
  return null;
}

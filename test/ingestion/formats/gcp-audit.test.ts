import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { accepted, refusal } from './fixtures.js';
import { assertSurvivesMutation } from './mutations.js';

function audit(
  methodName: string,
  payload: Readonly<Record<string, unknown>> = {},
  entry: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    insertId: 'i-1',
    logName: 'projects/p/logs/cloudaudit.googleapis.com%2Factivity',
    timestamp: '2026-10-05T09:00:00.086Z',
    severity: 'NOTICE',
    resource: { type: 'gce_firewall_rule', labels: { project_id: 'p', firewall_rule_id: '42' } },
    protoPayload: {
      '@type': 'type.googleapis.com/google.cloud.audit.AuditLog',
      authenticationInfo: { principalEmail: 'ada@example.com' },
      requestMetadata: { callerIp: '198.51.100.7', callerSuppliedUserAgent: 'gcloud' },
      serviceName: 'compute.googleapis.com',
      methodName,
      resourceName: 'projects/p/global/firewalls/allow-ssh',
      request: {
        '@type': 'type.googleapis.com/compute.firewalls.insert',
        name: 'allow-ssh',
        allowed: [{ IPProtocol: 'tcp', ports: ['22'] }],
      },
      ...payload,
    },
    ...entry,
  };
}

const begun = audit(
  'v1.compute.firewalls.insert',
  {},
  { operation: { id: 'op', first: true, producer: 'compute.googleapis.com' } },
);

describe('a change of a firewall rule', () => {
  test('that takes long is in force when its second entry says so', () => {
    const first = accepted(begun);
    assert.deepEqual(
      [first.kind, first.policyChange?.action, first.policyChange?.applied],
      ['policy_change', 'create', false],
    );
    assert.ok(first.flags.includes('operation_started'));
    assert.deepEqual(first.policyChange?.resource, {
      system: 'gcp',
      apiVersion: 'compute/v1',
      kind: 'Firewall',
      namespace: 'p',
      name: 'allow-ssh',
      uid: '42',
    });
    assert.ok(first.policyChange.requested !== null);
    assert.deepEqual(first.actor, {
      name: 'ada@example.com',
      realName: null,
      groups: [],
      addresses: ['198.51.100.7'],
      userAgent: 'gcloud',
    });
    assert.deepEqual([first.severity, first.severityRaw], [5, 'NOTICE']);
    const last = accepted(audit('v1.compute.firewalls.insert', {}, { operation: { id: 'op', last: true } }));
    assert.deepEqual([last.policyChange?.applied, last.verdict], [true, 'allow']);
    assert.equal(
      accepted(audit('beta.compute.firewalls.delete', {}, { operation: { first: true, last: true } })).policyChange
        ?.applied,
      true,
    );
  });

  test('that was refused or failed changed nothing', () => {
    const refused = accepted(
      audit('v1.compute.firewalls.patch', {
        status: { code: 7, message: 'PERMISSION_DENIED' },
        authorizationInfo: [{ permission: 'compute.firewalls.update', granted: false }],
      }),
    );
    assert.deepEqual(
      [refused.policyChange?.applied, refused.verdict, refused.reason],
      [false, 'deny', 'PERMISSION_DENIED'],
    );
    const failed = accepted(audit('v1.compute.firewalls.patch', { status: { code: 6, message: 'ALREADY_EXISTS' } }));
    assert.deepEqual([failed.policyChange?.applied, failed.verdict, failed.verdictRaw], [false, 'error', '6']);
  });
});

test('firewall policies and networks change too; reads and other services are administration', () => {
  const kinds = [
    ['v1.compute.firewallPolicies.addRule', 'FirewallPolicy', 'update'],
    ['v1.compute.networkFirewallPolicies.insert', 'NetworkFirewallPolicy', 'create'],
    ['v1.compute.networks.addPeering', 'Network', 'update'],
    ['google.cloud.compute.v1.Firewalls.Delete', 'Firewall', 'delete'],
  ] as const;
  for (const [method, kind, action] of kinds) {
    const { policyChange } = accepted(audit(method));
    assert.deepEqual([policyChange?.resource.kind, policyChange?.action], [kind, action], method);
  }
  for (const method of [
    'v1.compute.firewalls.list',
    'v1.compute.networks.get',
    'v1.compute.instances.insert',
    'SetIamPolicy',
  ]) {
    assert.equal(accepted(audit(method)).kind, 'admin', method);
  }
  const sink = accepted(
    audit('google.logging.v2.ConfigServiceV2.DeleteSink', { serviceName: 'logging.googleapis.com' }),
  );
  assert.ok(sink.flags.includes('evidence_tampering'));
  assert.equal(refusal({ protoPayload: { methodName: '' } }), 'missing_field');
});

test('what Network Security and GKE decide is a policy of its own kind, and reading it changes nothing', () => {
  const network = 'google.cloud.networksecurity.v1';
  const organisation = `${network}.OrganizationSecurityProfileGroupService`;
  for (const [method, kind, action] of [
    [`${network}.NetworkSecurity.CreateAuthorizationPolicy`, 'AuthorizationPolicy', 'create'],
    [`${network}.AddressGroupService.AddAddressGroupItems`, 'AddressGroup', 'update'],
    [`${network}.NetworkSecurity.DeleteGatewaySecurityPolicyRule`, 'GatewaySecurityPolicyRule', 'delete'],
    [`${network}.FirewallActivation.DeleteFirewallEndpointAssociation`, 'FirewallEndpointAssociation', 'delete'],
    [`${organisation}.UpdateSecurityProfile`, 'SecurityProfile', 'update'],
    ['google.container.v1.ClusterManager.SetNetworkPolicy', 'Cluster', 'update'],
    ['v1.compute.regionSecurityPolicies.insert', 'RegionSecurityPolicy', 'create'],
  ] as const) {
    const { policyChange } = accepted(audit(method));
    assert.deepEqual([policyChange?.resource.kind, policyChange?.action], [kind, action], method);
  }
  for (const method of [`${organisation}.GetSecurityProfile`, `${network}.FirewallActivation.ListFirewallEndpoints`]) {
    assert.equal(accepted(audit(method)).kind, 'admin', method);
  }
});

test('ingress rules of App Engine and service perimeters are policies; a subnet without flow logs hides what happens', () => {
  const rule = accepted(
    audit('google.appengine.v1.Firewall.UpdateIngressRule', {
      serviceName: 'appengine.googleapis.com',
      resourceName: 'apps/p/firewall/ingressRules/1000',
      status: {},
    }),
  );
  assert.deepEqual(
    [rule.policyChange?.resource.kind, rule.policyChange?.resource.name, rule.policyChange?.action],
    ['IngressRule', '1000', 'update'],
  );
  const perimeter = accepted(
    audit('google.identity.accesscontextmanager.v1.AccessContextManager.DeleteServicePerimeter', {
      serviceName: 'accesscontextmanager.googleapis.com',
      resourceName: 'accessPolicies/1/servicePerimeters/shop',
      status: {},
    }),
  );
  assert.deepEqual(
    [perimeter.policyChange?.resource.kind, perimeter.policyChange?.resource.name, perimeter.policyChange?.action],
    ['ServicePerimeter', 'shop', 'delete'],
  );
  const subnet = (request: Readonly<Record<string, unknown>>): boolean =>
    accepted(audit('v1.compute.subnetworks.patch', { request })).flags.includes('evidence_tampering');
  assert.deepEqual(
    [
      subnet({ enableFlowLogs: false }),
      subnet({ logConfig: { enable: false } }),
      subnet({ logConfig: { enable: true } }),
    ],
    [true, true, false],
  );
});

test('what a service perimeter on trial would have refused is no denial', () => {
  const violation = (dryRun: boolean): Record<string, unknown> =>
    audit('google.storage.objects.get', {
      serviceName: 'storage.googleapis.com',
      status: { code: 7, message: 'Request is prohibited by organization policy' },
      metadata: {
        '@type': 'type.googleapis.com/google.cloud.audit.VpcServiceControlAuditMetadata',
        violationReason: 'NO_MATCHING_ACCESS_LEVEL',
        dryRun,
      },
    });
  assert.equal(accepted(violation(true)).verdict, 'would_deny');
  assert.equal(accepted(violation(false)).verdict, 'deny');
});

test('a network policy that GKE records is a change of Kubernetes', () => {
  const { policyChange, policies } = accepted(
    audit('io.k8s.networking.v1.networkpolicies.create', {
      serviceName: 'k8s.io',
      resourceName: 'networking.k8s.io/v1/namespaces/shop/networkpolicies/web',
      response: { kind: 'NetworkPolicy', metadata: { name: 'web', uid: 'u-1' } },
      status: {},
    }),
  );
  assert.deepEqual(policyChange?.resource, {
    system: 'kubernetes',
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    namespace: 'shop',
    name: 'web',
    uid: 'u-1',
  });
  assert.deepEqual([policyChange.applied, policies[0]?.system], [true, 'kubernetes']);
  assert.ok(policyChange.after !== null);
});

test('no change to a record makes the adapter throw or leave the schema', () => {
  assertSurvivesMutation([begun]);
});

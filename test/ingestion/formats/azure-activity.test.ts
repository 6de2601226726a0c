import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { detectFormat } from '../../../src/ingestion/formats/registry.js';
import { accepted } from './fixtures.js';
import { assertSurvivesMutation } from './mutations.js';

const rule =
  '/SUBSCRIPTIONS/S-1/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB-NSG/SECURITYRULES/ALLOW-SSH';

function streamed(resultType: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    time: '2026-10-05T09:00:00.1234567Z',
    resourceId: rule,
    operationName: 'MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/SECURITYRULES/WRITE',
    category: 'Administrative',
    resultType,
    resultSignature: `${resultType}.`,
    correlationId: 'c-1',
    callerIpAddress: '198.51.100.7',
    identity: {
      authorization: { action: 'write', evidence: { role: 'Network Contributor' } },
      claims: { name: 'Ada', 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn': 'ada@example.com' },
    },
    level: 'Information',
    properties: { requestbody: '{"properties":{"access":"Allow","destinationPortRange":"22"}}' },
    ...more,
  };
}

const succeeded = streamed('Success', {
  resultSignature: 'Succeeded.Created',
  properties: {
    statusCode: 'Created',
    requestbody: '{"properties":{"access":"Allow"}}',
    responseBody:
      '{"id":"/subscriptions/s-1/resourceGroups/shop/providers/Microsoft.Network/networkSecurityGroups/web-nsg/securityRules/allow-ssh","properties":{"access":"Allow","provisioningState":"Succeeded"}}',
  },
});

describe('a write of a security rule', () => {
  test('that has begun changed nothing yet; its body is kept as an object', () => {
    const begun = accepted(streamed('Start'));
    assert.equal(begun.kind, 'policy_change');
    assert.equal(begun.eventTime, '2026-10-05T09:00:00.1234567Z');
    assert.deepEqual([begun.policyChange?.applied, begun.verdict, begun.verdictRaw], [false, 'none', 'Start']);
    assert.ok(begun.flags.includes('not_an_outcome'));
    assert.deepEqual(begun.policyChange?.requested, { properties: { access: 'Allow', destinationPortRange: '22' } });
    assert.deepEqual(begun.actor, {
      name: 'ada@example.com',
      realName: null,
      groups: [],
      addresses: ['198.51.100.7'],
      userAgent: null,
    });
    assert.equal(begun.policies[0]?.name, 'WEB-NSG');
    assert.equal(begun.policies[0].rule, 'ALLOW-SSH');
  });

  test('that succeeded is in force, named as the answer names it', () => {
    const done = accepted(succeeded);
    assert.deepEqual(
      [done.policyChange?.action, done.policyChange?.applied, done.policyChange?.statusCode],
      ['create', true, 201],
    );
    assert.deepEqual(done.policyChange?.resource, {
      system: 'azure',
      apiVersion: 'microsoft.network',
      kind: 'SecurityRule',
      namespace: 's-1/shop',
      name: 'web-nsg/allow-ssh',
      uid: null,
    });
    assert.ok(done.policyChange.after !== null);
    assert.deepEqual(
      [done.verdict, done.summary],
      ['allow', 'ada@example.com: create SecurityRule web-nsg/allow-ssh (Success)'],
    );
  });

  test('that failed is a denial only when it was forbidden', () => {
    const forbidden = accepted(
      streamed('Failure', {
        properties: {
          statusCode: 'Forbidden',
          statusMessage: '{"error":{"code":"AuthorizationFailed","message":"no rights"}}',
        },
      }),
    );
    assert.deepEqual(
      [forbidden.verdict, forbidden.reason, forbidden.policyChange?.applied],
      ['deny', 'no rights', false],
    );
    assert.equal(accepted(streamed('Failure', { resultSignature: 'Failed.Conflict' })).verdict, 'error');
  });
});

test('a deployment of admin rules, a service endpoint policy and firewalls of databases are policy changes; a read is none', () => {
  const kindOf = (operationName: string, path: string): string | undefined =>
    accepted(
      streamed('Success', { operationName, resourceId: `/SUBSCRIPTIONS/S-1/RESOURCEGROUPS/SHOP/PROVIDERS/${path}` }),
    ).policyChange?.resource.kind;
  const manager = 'MICROSOFT.NETWORK/NETWORKMANAGERS';
  assert.equal(kindOf(`${manager}/COMMIT/ACTION`, `${manager}/M`), 'NetworkManager');
  assert.equal(kindOf(`${manager}/LISTDEPLOYMENTSTATUS/ACTION`, `${manager}/M`), undefined);
  const endpoints = 'MICROSOFT.NETWORK/SERVICEENDPOINTPOLICIES';
  assert.equal(kindOf(`${endpoints}/WRITE`, `${endpoints}/E`), 'ServiceEndpointPolicy');
  const sql = 'MICROSOFT.SQL/SERVERS';
  assert.equal(kindOf(`${sql}/FIREWALLRULES/WRITE`, `${sql}/Q/FIREWALLRULES/R`), 'FirewallRule');
  assert.equal(kindOf(`${sql}/FIREWALLRULES/READ`, `${sql}/Q/FIREWALLRULES/R`), undefined);
  assert.equal(kindOf(`${sql}/DATABASES/WRITE`, `${sql}/Q/DATABASES/D`), undefined);
});

describe('the same event from other places', () => {
  test('of the REST API, with names as objects', () => {
    const rest = accepted({
      caller: 'ada@example.com',
      category: { value: 'Administrative' },
      eventTimestamp: '2026-10-05T09:00:00Z',
      eventDataId: 'e-1',
      operationName: { value: 'Microsoft.Network/networkSecurityGroups/delete', localizedValue: 'Delete' },
      resourceId: '/subscriptions/s-1/resourceGroups/shop/providers/Microsoft.Network/networkSecurityGroups/web-nsg',
      status: { value: 'Succeeded' },
      subStatus: { value: 'NoContent' },
      httpRequest: { clientIpAddress: '198.51.100.9', method: 'DELETE' },
      level: 'Warning',
    });
    assert.deepEqual(
      [rest.policyChange?.action, rest.policyChange?.applied, rest.policyChange?.statusCode],
      ['delete', true, 204],
    );
    assert.deepEqual([rest.nativeId, rest.severity, rest.actor?.addresses], ['e-1', 4, ['198.51.100.9']]);
  });

  test('of Event Grid, whose time stands outside', () => {
    const grid = accepted({
      id: 'g',
      eventType: 'Microsoft.Resources.ResourceWriteSuccess',
      eventTime: '2026-10-05T09:00:01Z',
      data: {
        operationName: 'Microsoft.Network/firewallPolicies/write',
        resourceUri: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/firewallPolicies/p',
        status: 'Succeeded',
        claims: { appid: 'app-1' },
      },
    });
    assert.deepEqual(
      [grid.eventTime, grid.policyChange?.resource.kind, grid.actor?.name],
      ['2026-10-05T09:00:01Z', 'FirewallPolicy', 'app-1'],
    );
  });

  test('of Log Analytics, whose columns hold JSON as text', () => {
    const row = accepted({
      TimeGenerated: '2026-10-05T09:00:00Z',
      OperationNameValue: 'MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/SECURITYRULES/DELETE',
      ActivityStatusValue: 'Success',
      CategoryValue: 'Administrative',
      Caller: 'ada@example.com',
      CallerIpAddress: '198.51.100.7',
      _ResourceId: rule.toLowerCase(),
      Properties: '{"statusCode":"OK"}',
    });
    assert.deepEqual(
      [row.policyChange?.action, row.policyChange?.applied, row.policyChange?.resource.name],
      ['delete', true, 'web-nsg/allow-ssh'],
    );
  });
});

test('other operations, sign-ins and directory changes are administration', () => {
  const keys = accepted(
    streamed('Start', {
      operationName: 'MICROSOFT.EVENTHUB/NAMESPACES/AUTHORIZATIONRULES/LISTKEYS/ACTION',
      category: 'Action',
    }),
  );
  assert.deepEqual([keys.kind, keys.policyChange], ['admin', null]);
  const signIn = accepted({
    time: '2026-10-05T09:00:00Z',
    operationName: 'Sign-in activity',
    category: 'SignInLogs',
    resultType: '50126',
    tenantId: 't',
    properties: {
      userPrincipalName: 'eve@example.com',
      ipAddress: '198.51.100.8',
      status: { failureReason: 'Invalid password' },
    },
  });
  assert.deepEqual(
    [signIn.kind, signIn.verdict, signIn.actor?.name, signIn.reason],
    ['admin', 'error', 'eve@example.com', 'Invalid password'],
  );
  const directory = accepted({
    time: '2026-10-05T09:00:00Z',
    operationName: 'Add user',
    category: 'AuditLogs',
    properties: { result: 'success', initiatedBy: { user: { userPrincipalName: 'ada@example.com' } } },
  });
  assert.deepEqual([directory.kind, directory.verdict, directory.actor?.name], ['admin', 'allow', 'ada@example.com']);
  const blind = accepted(streamed('Success', { operationName: 'MICROSOFT.INSIGHTS/DIAGNOSTICSETTINGS/DELETE' }));
  assert.ok(blind.flags.includes('evidence_tampering'));
});

test('what befell a resource is no decision; an administrative record may name no operation', () => {
  const health = accepted(streamed('Updated', { category: 'ResourceHealth', Level: 3, level: undefined }));
  assert.deepEqual([health.verdict, health.severity], ['none', 4]);
  const bare = accepted({ time: '1/9/2026 9:41:00 AM', category: 'Administrative' });
  assert.deepEqual([bare.kind, bare.eventTime, bare.verdict], ['admin', '2026-01-09T09:41:00Z', 'unknown']);
  assert.equal(detectFormat({ time: '2026-01-09T09:41:00Z', category: 'Administrative', song: 'x' }), null);
});

test('diagnostics that carry another record are left to its format', () => {
  const carried = JSON.stringify({
    kind: 'Event',
    apiVersion: 'audit.k8s.io/v1',
    auditID: 'a',
    verb: 'get',
    stage: 'ResponseComplete',
  });
  assert.equal(
    detectFormat({
      operationName: 'Microsoft.ContainerService/managedClusters/diagnosticLogs/Read',
      category: 'kube-audit',
      resourceId: '/x',
      time: '2026-10-05T09:00:00Z',
      properties: { log: carried },
    }),
    'kubernetes-audit',
  );
});

test('no change to a record makes the adapter throw or leave the schema', () => {
  assertSurvivesMutation([succeeded, streamed('Failure')]);
});

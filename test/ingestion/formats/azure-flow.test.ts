import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { factOf, factsOf, refusal } from './fixtures.js';
import { assertSurvivesMutation } from './mutations.js';

const group = '/SUBSCRIPTIONS/s-1/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.NETWORK/NETWORKSECURITYGROUPS/WEB-NSG';

function groupRecord(version: number, rule: string, ...flowTuples: readonly string[]): Record<string, unknown> {
  return {
    time: '2026-10-05T09:01:00.5Z',
    systemId: 'x',
    category: 'NetworkSecurityGroupFlowEvent',
    resourceId: group,
    operationName: 'NetworkSecurityGroupFlowEvents',
    properties: { Version: version, flows: [{ rule, flows: [{ mac: '000D3AF8801A', flowTuples }] }] },
  };
}

function networkRecord(rule: string, ...flowTuples: readonly string[]): Record<string, unknown> {
  return {
    time: '2026-10-05T09:01:00.5Z',
    flowLogVersion: 4,
    macAddress: '00224871C205',
    category: 'FlowLogFlowEvent',
    targetResourceID: '/subscriptions/s-1/resourceGroups/shop/providers/Microsoft.Network/virtualNetworks/net',
    operationName: 'FlowLogFlowEvent',
    flowRecords: { flows: [{ aclID: 'acl-1', flowGroups: [{ rule, flowTuples }] }] },
  };
}

describe('a flow log of a network security group', () => {
  test('version 1 is one fact for each tuple, at the time of the tuple', () => {
    const [denied, allowed] = factsOf(
      JSON.stringify(
        groupRecord(
          1,
          'DefaultRule_DenyAllInBound',
          '1790000000,203.0.113.5,10.1.0.4,51529,5358,T,I,D',
          '1790000001,10.1.0.4,203.0.113.5,53,53,U,O,A',
        ),
      ),
    );
    assert.ok(denied && allowed);
    assert.deepEqual([denied.eventTime, denied.timeSource], ['2026-09-21T14:13:20Z', 'record']);
    assert.deepEqual(
      [denied.verdict, denied.verdictRaw, denied.direction, denied.reporter],
      ['deny', 'D', 'ingress', 'dst'],
    );
    assert.deepEqual([denied.source?.ip, denied.source?.port, denied.destination?.port], ['203.0.113.5', 51529, 5358]);
    assert.deepEqual(denied.policies, [
      {
        system: 'azure',
        kind: 'NetworkSecurityGroup',
        namespace: 's-1/SHOP',
        name: 'WEB-NSG',
        tier: null,
        rule: 'DefaultRule_DenyAllInBound',
        revision: null,
        effect: 'deny',
        staged: false,
      },
    ]);
    assert.equal(denied.places['verdict'], '/properties/flows/0/flows/0/flowTuples/0');
    assert.deepEqual(
      [allowed.verdict, allowed.direction, allowed.protocol?.name, allowed.traffic],
      ['allow', 'egress', 'udp', null],
    );
  });

  test('version 2 counts both ways when it ends, and nothing when it begins', () => {
    const [begun, ended] = factsOf(
      JSON.stringify(
        groupRecord(
          2,
          'UserRule_web',
          '1790000000,10.0.0.1,10.0.0.2,1,443,T,I,A,B,,,,',
          '1790000009,10.0.0.1,10.0.0.2,1,443,T,I,A,E,1021,588096,8005,4610880',
        ),
      ),
    );
    assert.deepEqual([begun?.traffic, begun?.attributes['flowState']], [null, 'begin']);
    assert.deepEqual(ended?.traffic, { packets: '1021', bytes: '588096', replyPackets: '8005', replyBytes: '4610880' });
  });
});

describe('a flow log of a virtual network', () => {
  test("is read also where OpenTelemetry's Collector has moved it under its properties", () => {
    const { category, operationName, time, ...moved } = networkRecord(
      'UserRule_x',
      '1790000000599,10.0.0.6,203.0.113.9,23956,443,6,O,D,NX,0,0,0,0',
    );
    const fact = factOf(JSON.stringify({ category, 'operation.name': operationName, properties: moved }));
    assert.deepEqual([fact.verdict, fact.policies[0]?.name, fact.reporterName], ['deny', 'acl-1', 'net']);
    assert.equal(fact.places['verdict'], '/properties/flowRecords/flows/0/flowGroups/0/flowTuples/0');
    assert.ok(time !== undefined && fact.attributes['deliveredAt'] === undefined);
  });

  test('has milliseconds, a state that is the verdict, and encryption', () => {
    const [begun, denied, ended] = factsOf(
      JSON.stringify(
        networkRecord(
          'UserRule_x',
          '1790000000599,10.0.0.6,203.0.113.9,23956,443,6,O,B,NX,0,0,0,0',
          '1790000000600,203.0.113.9,10.0.0.6,1,22,6,I,D,NX,0,0,0,0',
          '1790000000601,10.0.0.6,203.0.113.9,0,0,1,O,E,X,3,767,2,1580',
        ),
      ),
    );
    assert.deepEqual([begun?.eventTime, begun?.verdict, begun?.verdictRaw], ['2026-09-21T14:13:20.599Z', 'allow', 'B']);
    assert.deepEqual([denied?.verdict, denied?.direction], ['deny', 'ingress']);
    assert.deepEqual(
      [ended?.attributes['encryption'], ended?.protocol?.name, ended?.destination?.port],
      ['X', 'icmp', null],
    );
    assert.deepEqual(ended?.traffic, { packets: '3', bytes: '767', replyPackets: '2', replyBytes: '1580' });
    assert.equal(begun?.policies[0]?.name, 'acl-1');
    assert.equal(begun?.reporterName, 'net');
  });

  test('may have a word for the decision beside that for the state', () => {
    const [allowed, denied] = factsOf(
      JSON.stringify(
        networkRecord(
          'r',
          '1790000000599,10.0.0.6,10.0.0.7,1,443,6,O,A,E,3,767,2,1580',
          '1790000000599,10.0.0.6,10.0.0.7,1,443,6,O,D,B,0,0,0,0',
        ),
      ),
    );
    assert.deepEqual(
      [allowed?.verdict, allowed?.attributes['flowState'], allowed?.attributes['encryption'], denied?.verdict],
      ['allow', 'end', undefined, 'deny'],
    );
  });

  test('with tuples that cannot be read keeps the others and says so; with none it is refused', () => {
    const [only, ...rest] = factsOf(
      JSON.stringify(networkRecord('r', 'rubbish', '1790000000599,10.0.0.6,10.0.0.7,1,443,6,O,Z,NX,0,0,0,0')),
    );
    assert.equal(rest.length, 0);
    assert.equal(only?.verdict, 'unknown');
    assert.deepEqual(only.flags.toSorted(), ['tuples_unread', 'unknown_verdict']);
    assert.equal(refusal(networkRecord('r', 'rubbish')), 'invalid_field');
    assert.equal(factOf(JSON.stringify(networkRecord('r'))).kind, 'signal');
  });
});

describe('a row of traffic analytics', () => {
  test('of a virtual network is a flow with what it counted', () => {
    const flow = factOf(
      JSON.stringify({
        Type: 'NTANetAnalytics',
        SubType: 'FlowLog',
        TimeGenerated: '2026-10-05T09:10:00Z',
        FlowStartTime: '2026-10-05T09:00:01Z',
        FlowEndTime: '2026-10-05T09:04:00Z',
        SrcIp: '10.0.0.4',
        DestIp: '10.0.1.4',
        DestPort: 443,
        L4Protocol: 'T',
        FlowDirection: 'Outbound',
        FlowStatus: 'Allowed',
        AclRule: 'UserRule_web',
        AclGroup: '/subscriptions/s/resourceGroups/g/providers/Microsoft.Network/networkSecurityGroups/web',
        AllowedOutFlows: 3,
        PacketsSrcToDest: 10,
        BytesSrcToDest: 1000,
      }),
    );
    assert.deepEqual(
      [flow.eventTime, flow.verdict, flow.direction, flow.protocol?.name, flow.count],
      ['2026-10-05T09:00:01Z', 'allow', 'egress', 'tcp', 3],
    );
    assert.deepEqual(
      [flow.source?.ip, flow.source?.port, flow.destination?.ip, flow.destination?.port],
      ['10.0.0.4', null, '10.0.1.4', 443],
    );
    assert.deepEqual(flow.interval, { start: '2026-10-05T09:00:01Z', end: '2026-10-05T09:04:00Z' });
    assert.deepEqual([flow.policies[0]?.name, flow.policies[0]?.rule], ['web', 'UserRule_web']);
    assert.equal(flow.traffic?.bytes, '1000');
  });

  test('of a security group names the public end and the machine apart', () => {
    const row = {
      SubType_s: 'FlowLog',
      FlowStartTime_t: '2026-10-05T09:00:01Z',
      FlowType_s: 'ExternalPublic',
      SrcIP_s: '',
      DestIP_s: '',
      VMIP_s: '10.0.1.4',
      SrcPublicIPs_s: '203.0.113.9|2|0|0|0|0|0',
      DestPort_d: 22,
      L4Protocol_s: 'T',
      FlowDirection_s: 'I',
      FlowStatus_s: 'D',
      NSGList_s: 'sub/rg/web-nsg',
      NSGRule_s: 'DefaultRule_DenyAllInBound',
    };
    const denied = factOf(JSON.stringify(row));
    assert.deepEqual(
      [denied.verdict, denied.source?.ip, denied.destination?.ip, denied.destination?.port],
      ['deny', '203.0.113.9', '10.0.1.4', 22],
    );
    assert.deepEqual([denied.policies[0]?.namespace, denied.policies[0]?.name], ['sub/rg', 'web-nsg']);
    const several = factOf(JSON.stringify({ ...row, SrcPublicIPs_s: '203.0.113.9|1 203.0.113.10|1' }));
    assert.deepEqual([several.source, several.flags], [null, []]);
    assert.equal(refusal({ ...row, SubType_s: 'Topology' }), 'unknown_format');
  });
});

test('the counters of a rule are signals', () => {
  const counter = {
    time: '2026-10-05T09:00:00Z',
    category: 'NetworkSecurityGroupRuleCounter',
    resourceId: group,
    operationName: 'NetworkSecurityGroupCounters',
    properties: { ruleName: 'UserRule_web', direction: 'In', type: 'allow', matchedConnections: 12 },
  };
  const fact = factOf(JSON.stringify(counter));
  assert.deepEqual([fact.kind, fact.summary], ['signal', 'Rule UserRule_web matched 12 connections']);
});

test('no change to a record makes the adapter throw or leave the schema', () => {
  assertSurvivesMutation([
    groupRecord(2, 'UserRule_web', '1790000000,10.0.0.1,10.0.0.2,1,443,T,I,A,B,,,,'),
    networkRecord('x', '1790000000599,10.0.0.6,203.0.113.9,23956,443,6,O,B,NX,0,0,0,0'),
  ]);
});

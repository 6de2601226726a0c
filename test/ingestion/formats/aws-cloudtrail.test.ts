import { describe, test } from 'node:test';
import assert from 'node:assert/strict';

import { accepted, factsOf, refusal } from './fixtures.js';
import { assertSurvivesMutation } from './mutations.js';

/** A record as CloudTrail writes it, for a call that a test names. */
function record(eventName: string, more: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    eventVersion: '1.09',
    userIdentity: {
      type: 'IAMUser',
      arn: 'arn:aws:iam::111122223333:user/ada',
      accountId: '111122223333',
      userName: 'ada',
    },
    eventTime: '2026-10-05T09:00:00Z',
    eventSource: 'ec2.amazonaws.com',
    eventName,
    awsRegion: 'eu-north-1',
    sourceIPAddress: '198.51.100.7',
    userAgent: 'aws-cli/2.0',
    requestParameters: null,
    responseElements: null,
    eventID: `id-${eventName}`,
    readOnly: false,
    eventType: 'AwsApiCall',
    recipientAccountId: '111122223333',
    ...more,
  };
}

const listForm = record('AuthorizeSecurityGroupIngress', {
  requestParameters: {
    groupId: 'sg-1',
    ipPermissions: {
      items: [
        {
          ipProtocol: 'tcp',
          fromPort: 443,
          toPort: 444,
          groups: { items: [{ groupId: 'sg-2' }] },
          ipRanges: { items: [{ cidrIp: '10.0.0.0/8' }] },
          ipv6Ranges: {},
          prefixListIds: {},
        },
      ],
    },
  },
  responseElements: { _return: true },
});
const flatForm = record('RevokeSecurityGroupEgress', {
  requestParameters: {
    groupId: 'sg-1',
    ipPermissions: {},
    ipProtocol: '-1',
    fromPort: 0,
    toPort: 0,
    cidrIp: '0.0.0.0/0',
  },
});

describe('a call that changes a security group', () => {
  test('is a policy change, with the rule in one shape from a list and from the flat form', () => {
    const list = accepted(listForm);
    assert.equal(list.kind, 'policy_change');
    assert.equal(list.eventTime, '2026-10-05T09:00:00Z');
    assert.equal(list.nativeId, 'id-AuthorizeSecurityGroupIngress');
    assert.equal(list.actor?.name, 'arn:aws:iam::111122223333:user/ada');
    assert.deepEqual(list.actor.addresses, ['198.51.100.7']);
    assert.deepEqual(list.policyChange?.resource, {
      system: 'aws',
      apiVersion: 'ec2.amazonaws.com',
      kind: 'SecurityGroup',
      namespace: '111122223333/eu-north-1',
      name: 'sg-1',
      uid: 'sg-1',
    });
    assert.deepEqual([list.policyChange.action, list.policyChange.applied, list.verdict], ['update', true, 'allow']);
    assert.deepEqual(list.attributes['rules'], [
      { direction: 'ingress', protocol: 'tcp', fromPort: 443, toPort: 444, peers: ['10.0.0.0/8', 'sg-2'] },
    ]);
    assert.equal(
      list.summary,
      'ada: AuthorizeSecurityGroupIngress SecurityGroup sg-1: tcp 443-444 from 10.0.0.0/8, sg-2',
    );
    assert.deepEqual(accepted(flatForm).attributes['rules'], [
      { direction: 'egress', protocol: 'all', fromPort: 0, toPort: 0, peers: ['0.0.0.0/0'] },
    ]);
  });

  test('takes rule ids from the answer and the id of a new group from there', () => {
    const answered = accepted({
      ...listForm,
      responseElements: {
        securityGroupRuleSet: {
          items: [
            {
              securityGroupRuleId: 'sgr-9',
              isEgress: false,
              ipProtocol: 'tcp',
              fromPort: 22,
              toPort: 22,
              cidrIpv4: '10.0.0.0/8',
            },
          ],
        },
      },
    });
    assert.deepEqual(answered.attributes['rules'], [
      { direction: 'ingress', protocol: 'tcp', fromPort: 22, toPort: 22, peers: ['10.0.0.0/8'], ruleId: 'sgr-9' },
    ]);
    const made = accepted(
      record('CreateSecurityGroup', {
        requestParameters: { groupName: 'web', vpcId: 'vpc-1' },
        responseElements: { groupId: 'sg-7' },
      }),
    );
    assert.deepEqual([made.policyChange?.action, made.policyChange?.resource.name], ['create', 'sg-7']);
    const modified = accepted(
      record('ModifySecurityGroupRules', {
        requestParameters: {
          ModifySecurityGroupRulesRequest: {
            GroupId: 'sg-3',
            SecurityGroupRule: {
              SecurityGroupRuleId: 'sgr-1',
              SecurityGroupRule: { IpProtocol: 'tcp', FromPort: 80, ToPort: 80, CidrIpv4: '10.0.0.0/8' },
              tag: 1,
            },
          },
        },
      }),
    );
    assert.equal(modified.policyChange?.resource.name, 'sg-3');
    assert.match(modified.summary, /sg-3: tcp 80 from 10\.0\.0\.0\/8$/);
  });

  test('that failed changed nothing; a refusal is a denial, a dry run says so', () => {
    const refused = accepted({
      ...listForm,
      errorCode: 'Client.UnauthorizedOperation',
      errorMessage: 'You are not authorized',
    });
    assert.deepEqual(
      [refused.policyChange?.applied, refused.verdict, refused.verdictRaw],
      [false, 'deny', 'Client.UnauthorizedOperation'],
    );
    assert.equal(refused.reason, 'Client.UnauthorizedOperation: You are not authorized');
    const failed = accepted({ ...listForm, errorCode: 'Client.InvalidPermission.Duplicate' });
    assert.deepEqual([failed.policyChange?.applied, failed.verdict], [false, 'error']);
    const dry = accepted({ ...listForm, errorCode: 'Client.DryRunOperation' });
    assert.deepEqual([dry.policyChange?.applied, dry.policyChange?.dryRun], [false, true]);
  });
});

describe('other calls', () => {
  test('on network ACLs, Network Firewall and group membership are policy changes too', () => {
    const entry = accepted(
      record('CreateNetworkAclEntry', {
        requestParameters: {
          networkAclId: 'acl-1',
          ruleNumber: 100,
          egress: false,
          ruleAction: 'deny',
          cidrBlock: '0.0.0.0/0',
          aclProtocol: '6',
          portRange: { from: 22, to: 22 },
        },
      }),
    );
    assert.deepEqual(
      [entry.policyChange?.resource.kind, entry.policyChange?.resource.name, entry.policyChange?.action],
      ['NetworkAcl', 'acl-1', 'update'],
    );
    assert.match(entry.summary, /deny tcp 22 from 0\.0\.0\.0\/0$/);
    const rules = accepted({
      ...record('UpdateRuleGroup', {
        requestParameters: { ruleGroupArn: 'arn:aws:network-firewall:r:1:stateful-rulegroup/a' },
      }),
      eventSource: 'network-firewall.amazonaws.com',
    });
    assert.equal(rules.policyChange?.resource.kind, 'RuleGroup');
    const acl = accepted({
      ...record('UpdateWebACL', { requestParameters: { name: 'shop', scope: 'REGIONAL', id: 'w-1' } }),
      eventSource: 'wafv2.amazonaws.com',
    });
    assert.deepEqual([acl.policyChange?.resource.kind, acl.policyChange?.resource.name], ['WebACL', 'shop']);
    const dns = accepted({
      ...record('CreateFirewallRule', { requestParameters: { firewallRuleGroupId: 'rslvr-frg-1', action: 'BLOCK' } }),
      eventSource: 'route53resolver.amazonaws.com',
    });
    assert.deepEqual(
      [dns.policyChange?.resource.kind, dns.policyChange?.resource.name, dns.policyChange?.action],
      ['FirewallRuleGroup', 'rslvr-frg-1', 'update'],
    );
    const managed = accepted({
      ...record('PutPolicy', {
        requestParameters: { policy: { policyName: 'baseline' } },
        responseElements: { policy: { policyId: 'p-1', policyName: 'baseline' } },
      }),
      eventSource: 'fms.amazonaws.com',
    });
    assert.deepEqual(
      [managed.policyChange?.resource.kind, managed.policyChange?.resource.name],
      ['FirewallManagerPolicy', 'p-1'],
    );
    const lattice = accepted({
      ...record('PutAuthPolicy', { requestParameters: { resourceIdentifier: 'sn-1', policy: '{}' } }),
      eventSource: 'vpc-lattice.amazonaws.com',
    });
    assert.deepEqual(
      [lattice.policyChange?.resource.kind, lattice.policyChange?.resource.name],
      ['AuthPolicy', 'sn-1'],
    );
    const member = record('ModifyNetworkInterfaceAttribute', {
      requestParameters: { networkInterfaceId: 'eni-1', groupSet: { items: [{ groupId: 'sg-1' }] } },
    });
    assert.equal(accepted(member).policyChange?.resource.kind, 'NetworkInterface');
    assert.equal(
      accepted({ ...member, requestParameters: { networkInterfaceId: 'eni-1', sourceDestCheck: {} } }).kind,
      'admin',
    );
  });

  test('that end the record of what happens are marked as tampering', () => {
    const stopped = accepted({
      ...record('StopLogging', { requestParameters: { name: 'main' } }),
      eventSource: 'cloudtrail.amazonaws.com',
    });
    assert.deepEqual([stopped.kind, stopped.severity, stopped.attributes['trail']], ['admin', 2, 'main']);
    assert.ok(stopped.flags.includes('evidence_tampering'));
    const logs = factsOf(
      JSON.stringify(
        record('DeleteFlowLogs', {
          requestParameters: {
            DeleteFlowLogsRequest: {
              FlowLogId: [
                { tag: 1, content: 'fl-1' },
                { tag: 2, content: 'fl-2' },
              ],
            },
          },
        }),
      ),
    );
    assert.deepEqual(
      logs.map(({ policyChange }) => policyChange?.resource.name),
      ['fl-1', 'fl-2'],
    );
    assert.ok(logs[0]?.flags.includes('evidence_tampering'));
    const made = accepted(
      record('CreateFlowLogs', {
        requestParameters: {},
        responseElements: { CreateFlowLogsResponse: { flowLogIdSet: { item: 'fl-3' } } },
      }),
    );
    assert.deepEqual([made.policyChange?.resource.kind, made.policyChange?.resource.name], ['FlowLog', 'fl-3']);
  });

  test('are administration: a read, a failed sign-in, an assumed role, an insight', () => {
    assert.equal(accepted(record('DescribeSecurityGroups')).kind, 'admin');
    const signIn = accepted({
      ...record('ConsoleLogin', {
        responseElements: { ConsoleLogin: 'Failure' },
        errorMessage: 'Failed authentication',
      }),
      eventSource: 'signin.amazonaws.com',
    });
    assert.deepEqual([signIn.verdict, signIn.verdictRaw, signIn.reason], ['deny', 'Failure', 'Failed authentication']);
    const role = accepted(
      record('RunInstances', {
        userIdentity: {
          type: 'AssumedRole',
          arn: 'arn:aws:sts::1:assumed-role/ops/eve',
          sessionContext: { sessionIssuer: { arn: 'arn:aws:iam::1:role/ops' } },
        },
      }),
    );
    assert.equal(role.attributes['role'], 'arn:aws:iam::1:role/ops');
    assert.match(role.summary, /^assumed-role\/ops\/eve: RunInstances/);
    assert.equal(
      accepted(record('Any', { userIdentity: { type: 'AWSService', invokedBy: 'x.amazonaws.com' } })).actor?.name,
      'x.amazonaws.com',
    );
    const insight = accepted({
      ...record('x', { insightDetails: { eventName: 'RunInstances', state: 'Start' } }),
      eventType: 'AwsCloudTrailInsight',
    });
    assert.deepEqual([insight.kind, insight.verdict], ['signal', 'none']);
    const { eventSource: _source, eventName: _name, userIdentity: _identity, ...bare } = record('x');
    const whole = accepted({
      ...bare,
      eventType: 'AwsCloudTrailInsight',
      insightDetails: { eventSource: 'ec2.amazonaws.com', eventName: 'RunInstances', state: 'End' },
    });
    assert.deepEqual([whole.kind, whole.reporterName, whole.flags], ['signal', 'ec2.amazonaws.com', []]);
    const authentication = (word: string): string =>
      accepted(record('UserAuthentication', { serviceEventDetails: { UserAuthentication: word } })).verdict;
    assert.deepEqual([authentication('Success'), authentication('Failure')], ['allow', 'deny']);
    assert.equal(accepted(record('action', { errorCode: '200' })).verdict, 'allow');
  });

  test('come out of EventBridge, and without a name are refused', () => {
    const event = accepted({
      version: '0',
      id: 'e',
      'detail-type': 'AWS API Call via CloudTrail',
      source: 'aws.ec2',
      time: '2026-10-05T09:00:01Z',
      detail: flatForm,
    });
    assert.deepEqual(
      [event.eventTime, event.carriers, event.kind],
      ['2026-10-05T09:00:00Z', ['/detail'], 'policy_change'],
    );
    assert.equal(refusal({ ...flatForm, eventName: '' }), 'missing_field');
  });
});

test('a digest file is a signal', () => {
  const digest = accepted({
    awsAccountId: '1',
    digestStartTime: '2026-10-05T08:00:00Z',
    digestEndTime: '2026-10-05T09:00:00Z',
    digestS3Object: 'a/b.json.gz',
    logFiles: [{ s3Object: 'x', hashValue: '00' }],
  });
  assert.deepEqual(
    [digest.kind, digest.eventTime, digest.nativeId, digest.summary],
    ['signal', '2026-10-05T09:00:00Z', 'a/b.json.gz', 'CloudTrail digest of 1 log files'],
  );
});

test('no change to a record makes the adapter throw or leave the schema', () => {
  assertSurvivesMutation([listForm, flatForm]);
});

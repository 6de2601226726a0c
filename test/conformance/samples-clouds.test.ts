import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { normaliseRead, readRecords } from '../../src/ingestion/read-records.js';
import { NormalForm } from '../../src/ingestion/normal-form.js';

/**
 * Real records of the clouds, of OCSF's examples and of Elastic's tests, read as a source would send them. The
 * values asked for here were read off the files by eye.
 */
const samples = resolve(import.meta.dirname, '../../..', '../shared/samples');
const skip = existsSync(samples) ? false : 'needs ../shared/samples beside the project';

/** All facts of a file in order; every record of it must be readable. */
function facts(path: string): NormalForm[] {
  const reading = { source: 'samples', context: {}, receivedAt: new Date(), mostRecordBytes: 1 << 20, redaction: null };
  return [...readRecords({ body: readFileSync(join(samples, path)), split: 'auto' }, reading)].flatMap((read) => {
    const normalised = normaliseRead(read, reading.receivedAt);
    if (!normalised.ok) assert.fail(`${path}: ${normalised.reason}: ${normalised.detail}`);
    for (const record of normalised.records) assert.deepEqual(NormalForm.parse(record), record);
    return normalised.records;
  });
}

function line({ eventTime, source, destination, protocol, verdict }: NormalForm): string {
  const end = (which: NormalForm['source']): string => `${which?.ip ?? which?.dnsNames[0]}:${which?.port}`;
  return `${eventTime} ${end(source)} ${end(destination)} ${protocol?.name} ${verdict}`;
}

describe('AWS samples', { skip }, () => {
  test('VPC flow logs, with a header, in CloudWatch, as CSV of version 8', () => {
    assert.deepEqual(facts('aws-vpc-flow/accept-reject-traffic.log').slice(1).map(line), [
      '2014-12-14T04:06:50Z 175.16.199.1:20641 175.16.199.1:22 tcp allow',
      '2014-12-14T04:06:50Z 175.16.199.1:49761 175.16.199.1:3389 tcp deny',
      '2015-05-29T16:30:27Z 203.0.113.12:null 172.31.16.139:null icmp allow',
      '2015-05-29T16:31:34Z 172.31.16.139:null 203.0.113.12:null icmp deny',
    ]);
    assert.deepEqual(
      facts('aws-vpc-flow/cloudwatch-v2.ndjson').map(({ kind, reason }) => `${kind} ${reason}`),
      ['flow null', 'flow null', 'signal NODATA', 'signal SKIPDATA'],
    );
    const [header, task] = facts('aws-vpc-flow/ocsf-vpcflowlog-1.5.raw');
    assert.equal(header?.kind, 'signal');
    assert.ok(task);
    assert.equal(line(task), '2025-07-11T15:26:24Z 1.2.3.4:8080 10.0.0.1:8864 tcp allow');
    assert.equal(task.attributes['ecsServiceName'], 'HostingStack-FargateServiceECC8084D-5sikMgI6TJV1');
    assert.deepEqual(
      facts('aws-vpc-flow/test-extra-samples.log').map(({ kind, verdict }) => `${kind} ${verdict}`),
      ['flow allow', 'signal none', 'signal none', 'flow allow', 'flow deny', 'flow allow', 'flow deny'],
    );
  });

  test('CloudTrail: the life of a security group between 156 other calls', () => {
    const all = facts('aws-cloudtrail/218007301253_CloudTrail_us-east-1_20230710T1215Z_YMDRJwtmC82bUwAo.json');
    const changes = all.filter(({ kind }) => kind === 'policy_change');
    assert.deepEqual(
      changes.map(
        ({ eventTime, policyChange, summary }) =>
          `${eventTime} ${policyChange?.action} ${policyChange?.applied} ${summary}`,
      ),
      [
        '2023-07-10T12:10:01Z create true bert-jan: CreateSecurityGroup SecurityGroup sg-04cfb7a4712d75b00',
        '2023-07-10T12:10:05Z update true bert-jan: AuthorizeSecurityGroupIngress SecurityGroup sg-04cfb7a4712d75b00: tcp 443 from 0.0.0.0/0',
        '2023-07-10T12:10:08Z update true bert-jan: AuthorizeSecurityGroupIngress SecurityGroup sg-04cfb7a4712d75b00: tcp 22 from 0.0.0.0/0',
        '2023-07-10T12:12:06Z delete true bert-jan: DeleteSecurityGroup SecurityGroup sg-04cfb7a4712d75b00',
      ],
    );
    assert.ok(
      all.every(({ format, nativeId, actor }) => format === 'aws-cloudtrail' && nativeId !== null && actor !== null),
    );
    assert.equal(all.filter(({ verdict }) => verdict === 'deny').length, 1);
    for (const file of ['1230Z_9JM8uKEITHqwJKXr', '1240Z_C1qUFaqvZS64BcIN']) {
      assert.ok(
        facts(`aws-cloudtrail/218007301253_CloudTrail_us-east-1_20230710T${file}.json`).every(
          ({ kind }) => kind === 'admin',
        ),
      );
    }
  });
});

describe('Azure samples', { skip }, () => {
  test('flow logs are a fact for each tuple', () => {
    const groups = facts('azure-flow/nsg-flow-v1.json');
    assert.equal(groups.length, 12);
    assert.deepEqual(groups.slice(0, 2).map(line), [
      '2017-02-16T22:00:21Z 42.119.146.95:51529 10.1.0.4:5358 tcp deny',
      '2017-02-16T21:59:30Z 163.28.66.17:61771 10.1.0.4:3389 tcp allow',
    ]);
    assert.equal(groups[0]?.policies[0]?.name, 'FABRIAKMVM1-NSG');
    const networks = facts('azure-flow/vnet-flow-v4.json');
    assert.ok(networks[1] && networks[10]);
    assert.equal(line(networks[1]), '2022-09-14T09:00:03.606Z 10.0.0.6:23956 52.239.184.180:443 tcp allow');
    assert.deepEqual(networks[1].traffic, { packets: '3', bytes: '767', replyPackets: '2', replyBytes: '1580' });
    assert.equal(line(networks[10]), '2022-09-14T08:59:58.065Z 101.33.218.153:55188 10.0.0.6:22 tcp deny');
  });

  test('Azure Firewall says its decision in words', () => {
    assert.deepEqual(facts('azure-flow/azfw-test-networkrules-raw.log').map(line), [
      '2022-06-08T16:54:58.8492560Z 192.168.0.2:null 89.160.20.156:null icmp deny',
      '2022-06-08T13:27:16.9515590Z 192.168.0.2:51106 89.160.20.156:53 udp allow',
      '2022-06-08T16:51:27.8692050Z 192.168.0.2:49680 89.160.20.156:1688 tcp deny',
      '2022-06-08T20:40:56.4525380Z 192.168.0.2:50306 89.160.20.156:3389 tcp allow',
      '2022-06-08T20:40:56.4525380Z 192.168.0.2:51890 175.16.199.1:443 tcp deny',
      '2022-06-08T20:40:56.4525380Z 192.168.0.2:54854 175.16.199.1:1521 tcp none',
      '2022-06-08T20:40:56.4525380Z 192.168.0.2:54314 ocsp.sca1b.amazontrust.com:80 tcp deny',
      '2022-06-08T20:40:56.4525380Z 192.168.0.2:null 175.16.199.1:null icmp none',
    ]);
  });
});

test('Google Cloud: firewall rules records', { skip }, () => {
  const all = facts('gcp-firewall/test.log');
  assert.equal(all.length, 20);
  assert.ok(all[0] && all[1]);
  assert.equal(line(all[0]), '2019-11-12T12:35:17.214711274Z 10.128.0.16:60094 175.16.199.1:53 udp deny');
  assert.deepEqual(
    [all[0].source?.instance, all[0].direction, all[0].policies[0]?.name],
    ['adrian-test', 'egress', 'adrian-test-1'],
  );
  assert.equal(line(all[1]), '2019-10-30T13:52:42.191988835Z 192.0.2.126:64853 10.42.0.2:3389 tcp allow');
});

test('OCSF: flows of two sensors and an API call', { skip }, () => {
  assert.deepEqual(
    ['1_1_0_vpcflowlog.ocsf', 'conn_log-samples-conn_log.ocsf'].flatMap((file) => facts(`ocsf/${file}`).map(line)),
    [
      '2022-04-12T00:02:12.000Z 1.2.3.4:56858 172.31.2.52:39938 tcp deny',
      '2024-10-16T04:27:01Z 10.4.30.5:49227 37.120.182.208:80 tcp none',
    ],
  );
  const [call] = facts('ocsf/ocsf_eks.json');
  assert.deepEqual([call?.kind, call?.eventTime, call?.verdict], ['admin', '2021-09-07T20:37:30.642854Z', 'allow']);
});

test('ECS: what Elastic makes of flow logs and firewall records', { skip }, () => {
  const flows = facts('ecs/test-extra-samples.log-expected.json');
  assert.deepEqual(
    flows.map(({ format, kind, verdict }) => `${format} ${kind} ${verdict}`),
    [
      'ecs flow allow',
      'aws-vpc-flow signal none',
      'aws-vpc-flow signal none',
      'ecs flow allow',
      'ecs flow deny',
      'ecs flow allow',
      'ecs flow deny',
    ],
  );
  const firewall = facts('ecs/test-firewall.log-expected.json');
  assert.equal(firewall.length, 22);
  assert.ok(firewall[0]);
  assert.equal(line(firewall[0]), '2019-11-06T16:41:38.394Z 10.142.0.10:57794 10.128.0.16:80 tcp deny');
  assert.deepEqual([firewall[0].nativeId, firewall[0].direction], ['1dobeotg13df9f5', 'ingress']);
});

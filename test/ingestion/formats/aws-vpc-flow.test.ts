import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import fc from 'fast-check';

import { normaliseRecord } from '../../../src/ingestion/formats/registry.js';
import { assertSchema, factOf, factsOf } from './fixtures.js';

const receivedAt = new Date('2026-11-01T00:00:00Z');
const accepted = '2 111122223333 eni-0a1b 10.0.1.5 10.0.2.9 49152 5432 6 12 3400 1790000000 1790000060 ACCEPT OK';

describe('a flow log record', () => {
  test('of the default format is read without being told its columns', () => {
    const flow = factOf(accepted);
    assert.equal(flow.kind, 'flow');
    assert.equal(flow.eventTime, '2026-09-21T14:13:20Z');
    assert.deepEqual(flow.interval, { start: '2026-09-21T14:13:20Z', end: '2026-09-21T14:14:20Z' });
    assert.equal(flow.timeSource, 'record');
    assert.equal(`${flow.source?.ip}:${flow.source?.port}`, '10.0.1.5:49152');
    assert.equal(`${flow.destination?.ip}:${flow.destination?.port}`, '10.0.2.9:5432');
    assert.deepEqual(flow.protocol, { number: 6, name: 'tcp' });
    assert.deepEqual([flow.verdict, flow.verdictRaw], ['allow', 'ACCEPT']);
    assert.deepEqual(flow.traffic, { bytes: '3400', packets: '12', replyBytes: null, replyPackets: null });
    assert.equal(flow.count, null);
    assert.equal(flow.reporterName, 'eni-0a1b');
    assert.equal(flow.direction, 'unknown');
    assert.equal(flow.places['verdict'], 'column 13');
    assert.deepEqual(flow.flags, []);
  });

  test('that was rejected is a denial that names no rule', () => {
    const flow = factOf(accepted.replace('ACCEPT', 'REJECT'));
    assert.equal(flow.verdict, 'deny');
    assert.deepEqual(flow.policies, []);
  });

  test('of ICMP has no ports, of IPv6 the short spelling', () => {
    const flow = factOf(
      '2 111122223333 eni-0a1b 2001:db8:0:0::1 2001:db8::2 0 0 58 4 336 1790000000 1790000060 REJECT OK',
    );
    assert.deepEqual([flow.source?.ip, flow.source?.port, flow.destination?.port], ['2001:db8::1', null, null]);
    assert.equal(flow.protocol?.name, 'icmpv6');
  });

  test('that says nothing happened, or that records were lost, is a signal', () => {
    const idle = factOf('2 111122223333 eni-0a1b - - - - - - - 1790000000 1790000060 - NODATA');
    assert.deepEqual([idle.kind, idle.verdict, idle.reason], ['signal', 'none', 'NODATA']);
    const lost = factOf('2 111122223333 eni-0a1b - - - - - - - 1790000000 1790000060 - SKIPDATA');
    assert.deepEqual([lost.kind, lost.reason, lost.severity], ['signal', 'SKIPDATA', 4]);
    assert.ok(lost.flags.includes('records_lost'));
    assert.equal(lost.lostCount, null);
  });

  test('that names a flow is one, whatever its status says; what was skipped beside it is a signal of its own', () => {
    const [flow, lost, ...rest] = factsOf(accepted.replace(' OK', ' SKIPDATA'));
    assert.equal(rest.length, 0);
    assert.deepEqual([flow?.kind, flow?.verdict, flow?.source?.port, flow?.flags], ['flow', 'allow', 49152, []]);
    assert.deepEqual([lost?.kind, lost?.verdict, lost?.flags], ['signal', 'none', ['records_lost']]);
    assert.deepEqual([factOf(accepted.replace(' OK', ' NODATA')).kind], ['flow']);
  });

  test('says by its direction which end enforced', () => {
    const columns =
      '${interface-id} ${instance-id} ${vpc-id} ${srcaddr} ${dstaddr} ${dstport} ${protocol} ${action} ${flow-direction} ${tcp-flags} ${reject-reason}';
    const inward = factOf('eni-1 i-0f vpc-9 10.1.1.1 10.2.2.2 22 6 REJECT ingress 18 BPA', { columns });
    assert.equal(inward.direction, 'ingress');
    assert.equal(inward.reporter, 'dst');
    assert.deepEqual([inward.destination?.instance, inward.destination?.zone], ['i-0f', 'vpc-9']);
    assert.equal(inward.source?.instance, null);
    assert.equal(inward.reason, 'BPA');
    assert.deepEqual(inward.attributes['tcpFlags'], ['SYN', 'ACK']);
    const outward = factOf('eni-1 i-0f vpc-9 10.1.1.1 10.2.2.2 22 6 ACCEPT egress 2 -', { columns });
    assert.deepEqual([outward.reporter, outward.source?.instance], ['src', 'i-0f']);
  });

  test('takes its columns from a header line, in whatever spelling', () => {
    const header = 'account_id,action,dstaddr,dstport,end,interface_id,log_status,protocol,srcaddr,srcport,start';
    const notice = factOf(header);
    assert.deepEqual([notice.kind, notice.verdict], ['signal', 'none']);
    const flow = factOf('111122223333,REJECT,10.0.0.9,443,1790000060,eni-7,OK,17,10.0.0.1,5353,1790000000', {
      columns: header,
    });
    assert.deepEqual([flow.verdict, flow.protocol?.name, flow.destination?.port], ['deny', 'udp', 443]);
    assert.equal(flow.places['source.ip'], 'column 9');
  });

  test('of a query of CloudWatch has the time at which that took it, where it asked for no other', () => {
    const columns = '@timestamp,srcAddr,dstAddr,dstPort,action';
    const row = factOf('2026-09-21 14:13:20.000,10.0.0.1,10.0.0.2,22,REJECT', { columns });
    assert.deepEqual([row.eventTime, row.verdict, row.destination?.port], ['2026-09-21T14:13:20.000Z', 'deny', 22]);
  });

  test('of a query that tells little else has what it tells; one of whole lines has them behind its time', () => {
    const columns = '@ingestionTime,@timestamp,DelaySecs,SentTime,srcPort';
    assert.equal(factOf(columns).kind, 'signal');
    const row = factOf('2026-09-21 14:15:04.651,2026-09-21 14:13:20.000,104.651,2026-09-21 14:13:21.000,4184', {
      columns,
    });
    assert.deepEqual(
      [row.kind, row.verdict, row.eventTime, row.source?.port, row.source?.ip],
      ['flow', 'none', '2026-09-21T14:13:20.000Z', 4184, null],
    );
    assert.equal(factOf('@timestamp,@message').kind, 'signal');
    for (const line of [`2026-09-21 14:15:00.000,${accepted}`, `"2026-09-21 14:15:00.000","${accepted}"`]) {
      const whole = factOf(line, { columns: '@timestamp,@message' });
      assert.deepEqual([whole.eventTime, whole.verdict, whole.flags], ['2026-09-21T14:13:20Z', 'allow', []]);
    }
  });

  test('with columns that are named has identifiers of any look', () => {
    const columns = 'interface-id,vpc_id,srcaddr,dstaddr,dstport,protocol,action';
    const flow = factOf('nic7,net-a,10.0.0.1,10.0.0.2,22,6,REJECT', { columns });
    assert.deepEqual([flow.reporterName, flow.attributes['vpcId'], flow.verdict], ['nic7', 'net-a', 'deny']);
  });

  test('of a longer format that fits a known layout is read, and says that its columns were guessed', () => {
    const extended = `${accepted} vpc-1 subnet-1 i-0aa 2 IPv4 10.0.1.5 10.0.2.9 eu-north-1 eun1-az1 - - - S3 egress 8`;
    const flow = factOf(extended.replace(/^2/, '5'));
    assert.ok(flow.flags.includes('columns_guessed'));
    assert.deepEqual(
      [flow.direction, flow.source?.zone, flow.attributes['pktDstAwsService']],
      ['egress', 'vpc-1', 'S3'],
    );
    assert.equal(flow.attributes['trafficPath'], '8');
    const inCluster = factOf(
      `${extended.replace(/^2/, '7')} arn:c cluster-a arn:i inst-1 c-1 - web arn:t arn:k task-1`,
    );
    assert.deepEqual(
      [inCluster.attributes['ecsServiceName'], inCluster.attributes['ecsClusterName']],
      ['web', 'cluster-a'],
    );
  });

  test('that begins as the default does tells its further fields by their values', () => {
    const flow = factOf(`${accepted} 10.0.9.9 10.0.2.9 vpc-1 7 i-0aa egress eu-north-1 -`);
    assert.deepEqual(flow.flags, ['columns_guessed']);
    assert.deepEqual(
      [flow.verdict, flow.direction, flow.source?.instance, flow.source?.zone],
      ['allow', 'egress', 'i-0aa', 'vpc-1'],
    );
    assert.deepEqual([flow.attributes['pktSrcaddr'], flow.attributes['region']], ['10.0.9.9', 'eu-north-1']);
    assert.equal(flow.attributes['tcpFlags'], undefined);
  });

  test('with its fields in the order of their names is read', () => {
    const flow = factOf(
      '111122223333 REJECT eun1-az1 3400 10.0.2.9 5432 1790000060 ingress i-0aa eni-1 OK 12 - 10.0.2.9 - 10.0.1.5 6 ' +
        'eu-north-1 10.0.1.5 49152 1790000000 - - subnet-1 2 - IPv4 5 vpc-1',
    );
    assert.deepEqual(
      [flow.source?.ip, flow.source?.port, flow.destination?.ip, flow.destination?.port, flow.verdict],
      ['10.0.1.5', 49152, '10.0.2.9', 5432, 'deny'],
    );
  });

  test('may leave the addresses out, all of them or those of the interface', () => {
    const columns = 'interface-id action bytes start end log-status';
    const bare = factOf('eni-1 REJECT 40 1790000000 1790000060 OK', { columns });
    assert.deepEqual([bare.kind, bare.verdict, bare.source], ['flow', 'deny', null]);
    const packet = 'pkt-srcaddr pkt-dstaddr dstport protocol action';
    assert.equal(factOf(packet).kind, 'signal');
    const flow = factOf('10.0.1.5 10.0.2.9 443 6 ACCEPT', { columns: packet });
    assert.deepEqual([flow.source?.ip, flow.destination?.ip, flow.destination?.port], ['10.0.1.5', '10.0.2.9', 443]);
  });

  test('of a transit gateway is an observation, never an allow', () => {
    const flow = factOf(
      '6 TransitGateway 111122223333 tgw-1 tgw-attach-1 111122223333 444455556666 vpc-a vpc-b subnet-a subnet-b eni-a eni-b euw1-az1 euw1-az2 tgw-attach-2 ' +
        '10.1.0.4 10.2.0.4 40000 443 6 10 900 1790000000 1790000060 OK IPv4 3 0 0 0 2 eu-west-1 ingress - -',
    );
    assert.deepEqual([flow.verdict, flow.verdictRaw], ['none', null]);
    assert.deepEqual(
      [flow.source?.zone, flow.destination?.zone, flow.reporterName],
      ['vpc-a', 'vpc-b', 'tgw-attach-1'],
    );
    assert.equal(flow.attributes['packetsLostNoRoute'], '3');
    assert.equal(flow.reporter, 'device');
  });

  test('comes in envelopes of CloudWatch, alone, with a time before it, and as an object', () => {
    const inMessage = factOf(JSON.stringify({ id: '1', timestamp: 1, message: accepted }));
    assert.deepEqual([inMessage.eventTime, inMessage.carriers], ['2026-09-21T14:13:20Z', ['/message']]);
    const firehose = factOf(JSON.stringify({ data: Buffer.from(accepted).toString('base64') }));
    assert.equal(firehose.verdict, 'allow');
    const exported = factOf(`2026-09-21T14:15:00.000Z ${accepted}`);
    assert.deepEqual(
      [exported.eventTime, exported.timeSource, exported.source?.port],
      ['2026-09-21T14:13:20Z', 'record', 49152],
    );
    const object = factOf(
      '{"version":5,"interface_id":"eni-1","srcaddr":"10.0.0.1","dstaddr":"10.0.0.2","srcport":1,"dstport":2,"protocol":17,"action":"REJECT","log_status":"OK","start":1790000000,"end":1790000001}',
    );
    assert.deepEqual([object.verdict, object.places['source.ip']], ['deny', '/srcaddr']);
    const bare = factOf('{"srcAddr":"10.0.0.1","dstAddr":"10.0.0.2","dstPort":22,"status":"OK"}');
    assert.deepEqual([bare.kind, bare.verdict, bare.destination?.port], ['flow', 'none', 22]);
    assert.equal(factOf('{"message":"CWL CONTROL MESSAGE: Checking health of destination Firehose."}').kind, 'signal');
  });

  test('that fits nothing is refused with words that say what to set', () => {
    const bound = normaliseRecord(Buffer.from('eni-1 10.0.0.1 10.0.0.2'), { format: 'aws-vpc-flow' }, receivedAt);
    assert.ok(!bound.ok);
    assert.equal(bound.reason, 'invalid_field');
    assert.match(bound.detail, /3 values.*set columns/);
    const unbound = normaliseRecord(
      Buffer.from('2 111122223333 eni-1 host-a host-b 1 2 6 1 1 1 2 ACCEPT OK'),
      {},
      receivedAt,
    );
    assert.ok(!unbound.ok);
    assert.equal(unbound.reason, 'unknown_format');
  });

  test('with values that are none is read as far as it can be', () => {
    const flow = factOf(accepted.replace(' 49152 ', ' 70000 ').replace('ACCEPT', 'accept'));
    assert.deepEqual([flow.source?.port, flow.verdict], [null, 'allow']);
    assert.ok(flow.flags.includes('bad_port'));
  });
});

test('no change to a line makes the adapter throw or leave the schema', () => {
  const token = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('-', '0', '99999999999999999999', '::', '1.1.1.1', '"', 'eni-1'),
  );
  fc.assert(
    fc.property(fc.nat(13), token, fc.boolean(), (at, replacement, isBound) => {
      const line = accepted.split(' ').with(at, replacement).join(' ');
      assertSchema(
        normaliseRecord(
          Buffer.from(line),
          isBound ? { format: 'aws-vpc-flow', columns: '${srcaddr} ${dstaddr}' } : {},
          receivedAt,
        ),
      );
    }),
    { numRuns: 500 },
  );
  assert.equal(factsOf(accepted).length, 1);
});

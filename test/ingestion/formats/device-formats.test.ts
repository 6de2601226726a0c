import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import { normaliseRecord } from '../../../src/ingestion/formats/registry.js';
import { NormalForm, type RecordContext } from '../../../src/ingestion/normal-form.js';

const receivedAt = new Date('2026-03-01T00:00:00Z');

function read(line: string, context: RecordContext = {}): NormalForm {
  const result = normaliseRecord(Buffer.from(line), context, receivedAt);
  assert.ok(result.ok, result.ok ? '' : `${result.reason}: ${result.detail}`);
  return NormalForm.parse(result.records[0]);
}

/** What a flow says, on one line: time, verdict, ends, protocol. */
function told(line: string, context: RecordContext = {}): string {
  const { format, eventTime, verdict, source, destination, protocol } = read(line, context);
  const end = (side: NormalForm['source']): string => `${side?.ip ?? '?'}:${side?.port ?? '-'}`;
  return `${format} ${eventTime ?? '-'} ${verdict} ${end(source)} ${end(destination)} ${protocol?.name ?? '-'}`;
}

const kernel = 'SRC=10.0.0.7 DST=10.0.0.9 LEN=60 TTL=64 ID=1 DF';
const pan = (type: string, rest: string): string =>
  `<14>Feb 10 10:00:00 fw1 1,2026/02/10 10:00:00,001,${type},2561,2026/02/10 09:59:59,${rest}`;
const panEnds = '10.0.0.7,10.0.0.9,,,"web, to db",,,postgres,vsys1,app,db,e1,e2,fwd,,77,3,40000,5432,0,0,0x0,tcp';

const flows: readonly (readonly [line: string, expected: string])[] = [
  [
    'CEF:0|Fortinet|Fortigate|v7|00013|traffic:forward close|3|FTNTFGTeventtime=1771402491000000001 src=10.0.0.7 spt=4 dst=10.0.0.9 dpt=5 proto=6 act=close FTNTFGTpolicyid=7',
    'cef 2026-02-18T08:14:51.000000001Z allow 10.0.0.7:4 10.0.0.9:5 tcp',
  ],
  [
    '<14>2026-02-22T17:17Z centra CEF:0|Guardicore|Centra|51|Network Log|Network Log|None|start=Feb 22 2026 17:16:05 UTC src=10.0.0.7 spt=40000 dst=10.0.0.9 dpt=5432 proto=TCP act=Blocked by source cs6Label=connection_verdict cs6=blocked',
    'guardicore 2026-02-22T17:16:05Z deny 10.0.0.7:40000 10.0.0.9:5432 tcp',
  ],
  [
    'CEF:1|Own|Wall\\|x|1|7|n|High|rt=1771402491123 src=10.0.0.7 dst=10.0.0.9 spt=8 dpt=0 proto=1 act=Allow msg=a\\=b c',
    'cef 2026-02-18T08:14:51.123Z allow 10.0.0.7:- 10.0.0.9:- icmp',
  ],
  [
    '<13>Feb 18 11:07:53 10.1.1.1 LEEF:2.0|Own|Wall|1|Deny|0x5E|src=10.0.0.7^dst=10.0.0.9^srcPort=4^dstPort=5^proto=UDP^devTime=1771402491000',
    'leef 2026-02-18T08:14:51.000Z deny 10.0.0.7:4 10.0.0.9:5 udp',
  ],
  [
    'LEEF:1.0|Palo Alto Networks|PAN-OS Syslog Integration|8.1|allow|cat=TRAFFIC|devTime=Feb 03 2026 14:54:59 GMT|src=10.0.0.7|dst=10.0.0.9|srcPort=4|dstPort=5|proto=tcp|action=allow|RuleName=r',
    'leef 2026-02-03T14:54:59Z allow 10.0.0.7:4 10.0.0.9:5 tcp',
  ],
  [
    pan('TRAFFIC,drop', `${panEnds},deny,78,78,0,1,2026/02/10 09:59:59,0,any,0,0,0x0,a,b,0,1,0`),
    'pan-os 2026-02-10T09:59:59Z deny 10.0.0.7:40000 10.0.0.9:5432 tcp',
  ],
  [
    pan('THREAT,vulnerability', `${panEnds},alert,"a,b",x(1),any,high,client-to-server`),
    'pan-os 2026-02-10T09:59:59Z allow 10.0.0.7:40000 10.0.0.9:5432 tcp',
  ],
  [
    '<189>date=2026-02-10 time=11:00:00 devname="f" logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" eventtime=1771402491000000001 tz="+0100" srcip=10.0.0.7 srcport=4 dstip=10.0.0.9 dstport=5 proto=17 action="deny" policyid=0',
    'fortigate 2026-02-18T08:14:51.000000001Z deny 10.0.0.7:4 10.0.0.9:5 udp',
  ],
  [
    '<189>date=2026-02-10 time=11:00:00 logid="0000000013" type="traffic" tz="+0100" srcip=10.0.0.7 srcport=4 dstip=10.0.0.9 dstport=5 proto=6 action="close" policyid=7',
    'fortigate 2026-02-10T10:00:00Z allow 10.0.0.7:4 10.0.0.9:5 tcp',
  ],
  [
    '<134>1 2026-02-25T08:14:51Z fw CheckPoint 1 - [action:"Detect"; loguid:"{0x1}"; proto:"6"; s_port:"4"; service:"5"; src:"10.0.0.7"; dst:"10.0.0.9"; time:"1771402491"]',
    'check-point 2026-02-18T08:14:51Z would_deny 10.0.0.7:4 10.0.0.9:5 tcp',
  ],
  [
    '<13>1 2026-02-25T08:14:51Z fw CheckPoint 1 - - time=1771402491|product=Firewall|action=Drop|loguid={0x1}|protocol=a b|proto=17|s_port=4|service=5|src=10.0.0.7|dst=10.0.0.9',
    'check-point 2026-02-18T08:14:51Z deny 10.0.0.7:4 10.0.0.9:5 udp',
  ],
  [
    `Feb 10 10:00:00 h kernel: [  123.456789] [UFW BLOCK] IN=eth0 OUT= MAC=aa ${kernel} PROTO=TCP SPT=4 DPT=5 SYN URGP=0`,
    'iptables 2026-02-10T10:00:00Z deny 10.0.0.7:4 10.0.0.9:5 tcp',
  ],
  [
    `Feb 10 10:00:00 h kernel: [WAN_LOCAL-default-D]IN=eth0 OUT= ${kernel} PROTO=ICMP TYPE=3 CODE=1 [SRC=10.9.9.9 DST=10.8.8.8 PROTO=TCP SPT=1 DPT=2 ]`,
    'iptables 2026-02-10T10:00:00Z deny 10.0.0.7:- 10.0.0.9:- icmp',
  ],
  [
    '2026-02-10T10:00:00.123Z esx FIREWALL_PKTLOG: 7fa5e2b1 INET match DROP 3061 OUT 60 TCP 10.0.0.7/4->10.0.0.9/5 S tag',
    'nsx 2026-02-10T10:00:00.123Z deny 10.0.0.7:4 10.0.0.9:5 tcp',
  ],
  [
    '2026-02-10T10:00:00.123Z esx dfwpktlogs: 28172 INET TERM domain-c7/1001 IN TCP RST 10.0.0.7/4->10.0.0.9/5 5/3 234/156',
    'nsx 2026-02-10T10:00:00.123Z allow 10.0.0.7:4 10.0.0.9:5 tcp',
  ],
  [
    '2026-02-10T10:00:00.5Z|00162|acl_log(ovn_pinctrl0)|INFO|name="NP:shop:db:Ingress:0", verdict=reject, severity=info, direction=to-lport: tcp6,ipv6_src=fd00::7,ipv6_dst=fd00::9,tp_src=4,tp_dst=5',
    'ovn-acl 2026-02-10T10:00:00.5Z deny fd00::7:4 fd00::9:5 tcp',
  ],
  [
    '2026/02/10 10:00:00.5 IngressRule AntreaNetworkPolicy:shop/db deny-web Drop 9 10.0.0.7 4 10.0.0.9 5 UDP 60 <nil>',
    'antrea 2026-02-10T10:00:00.5Z deny 10.0.0.7:4 10.0.0.9:5 udp',
  ],
  [
    '2026/02/10 10:00:00.5 IngressRule AntreaNetworkPolicy:shop/db deny-web Ingress Drop 9 shop/db-0 10.0.0.7 4 10.0.0.9 5 UDP 60 <nil> [3 packets in 1.0s]',
    'antrea 2026-02-10T10:00:00.5Z deny 10.0.0.7:4 10.0.0.9:5 udp',
  ],
];

describe('formats of network devices', () => {
  it('time, verdict, ends and protocol of each are read', () => {
    for (const [line, expected] of flows) assert.equal(told(line), expected, line);
  });

  it('the settings of a source decide what an iptables prefix means, before its words do', () => {
    const line = `Feb 10 10:00:00 h kernel: DROP_IN: IN=eth0 OUT= ${kernel} PROTO=TCP SPT=4 DPT=5`;
    assert.deepEqual(read(line).flags.includes('verdict_from_prefix'), true);
    const set = read(line, { verdicts: [{ prefix: 'DROP_IN', verdict: 'would_deny' }] });
    assert.equal(set.verdict, 'would_deny');
    assert.ok(!set.flags.includes('verdict_from_prefix'));
  });

  it('a changed security rule of PAN-OS or FortiGate is a policy change, in force only when it succeeded', () => {
    const path = 'config devices localhost.localdomain vsys vsys1 rulebase security rules allow-db';
    const change = read(pan('CONFIG,0', `10.0.0.1,vsys1,set,admin,Web,Succeeded,${path},before,after,12,0x0`));
    assert.equal(change.kind, 'policy_change');
    assert.equal(change.policyChange?.resource.name, 'allow-db');
    assert.equal(change.policyChange?.applied, true);
    assert.equal(change.policyChange?.after, 'after');
    assert.equal(change.actor?.name, 'admin');
    const failed = read(pan('CONFIG,0', `10.0.0.1,vsys1,set,admin,Web,Failed,${path},12,0x0`));
    assert.equal(failed.policyChange?.applied, false);
    const forti = read(
      'date=2026-02-10 time=11:00:00 logid="0100044547" type="event" subtype="system" level="information" vd="root" logdesc="Object attribute configured" user="admin" ui="GUI(10.0.0.1)" action="Add" cfgpath="firewall.policy" cfgobj="7" cfgattr="action[accept]" msg="Add firewall.policy 7"',
    );
    assert.equal(forti.policyChange?.action, 'create');
    assert.deepEqual(forti.actor?.addresses, ['10.0.0.1']);
  });

  it('aggregates say how many packets they stand for', () => {
    assert.equal(read(flows.at(-1)?.[0] ?? '').count, 3);
  });

  it('whatever becomes of a line, nothing is thrown and the schema holds', () => {
    const mutated = fc
      .tuple(fc.constantFrom(...flows.map(([line]) => line)), fc.nat(400), fc.nat(40), fc.string({ maxLength: 20 }))
      .map(([line, at, length, put]) => line.slice(0, at) + put + line.slice(at + length));
    fc.assert(
      fc.property(mutated, (line) => {
        const result = normaliseRecord(Buffer.from(line), {}, receivedAt);
        if (result.ok) for (const record of result.records) NormalForm.parse(record);
      }),
      { numRuns: 1000 },
    );
  });
});

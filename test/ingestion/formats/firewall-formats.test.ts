import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import { normaliseRecord } from '../../../src/ingestion/formats/registry.js';
import { NormalForm, type RecordContext } from '../../../src/ingestion/normal-form.js';

const receivedAt = new Date('2026-03-01T00:00:00Z');

function readAll(line: string, context: RecordContext = {}): NormalForm[] {
  const result = normaliseRecord(Buffer.from(line), context, receivedAt);
  assert.ok(result.ok, result.ok ? '' : `${result.reason}: ${result.detail}: ${line}`);
  return result.records.map((record) => NormalForm.parse(record));
}

function read(line: string, context: RecordContext = {}): NormalForm {
  const [first] = readAll(line, context);
  assert.ok(first);
  return first;
}

/** What is told of a record, on one line: format, kind, time, verdict, ends, protocol. */
function tell({ format, kind, eventTime, verdict, source, destination, protocol }: NormalForm): string {
  const end = (side: NormalForm['source']): string => `${side?.ip ?? '?'}:${side?.port ?? '-'}`;
  return `${format} ${kind} ${eventTime ?? '-'} ${verdict} ${end(source)} ${end(destination)} ${protocol?.name ?? '-'}`;
}

function told(line: string, context: RecordContext = {}): string {
  return tell(read(line, context));
}

function assertTold(records: Readonly<Record<string, string>>): void {
  for (const [line, expected] of Object.entries(records)) assert.equal(told(line), expected, line);
}

const panTimes = (type: string): string => `2026/02/10 10:00:00,00700,${type},2561,2026/02/10 09:59:59`;
const panEnds = '192.0.2.7,198.51.100.9,,,to db,,,postgres,vsys1,app,db,e1,e2,fwd,,77,1,40000,5432,0,0,0x0,tcp';
const panTraffic = `${panTimes('TRAFFIC,end')},${panEnds},allow,78,70,8,2,2026/02/10 09:59:00,59,any,,9,0x0,A,B,,1,1,aged-out`;

describe('PAN-OS', () => {
  it('sessions of every type have their ends and verdict, not those of TRAFFIC and THREAT alone', () => {
    const log = (type: string, rest: string): string =>
      `<14>Feb 10 10:00:00 fw1 1,${panTimes(type)},${panEnds},${rest}`;
    const ends = '192.0.2.7:40000 198.51.100.9:5432 tcp';
    assertTold({
      [log('START,start', 'allow,4,1000,0x0')]: `pan-os flow 2026-02-10T09:59:59Z allow ${ends}`,
      [log('END,end', 'deny,4,1000,0x0')]: `pan-os flow 2026-02-10T09:59:59Z deny ${ends}`,
      [log('DECRYPTION,0', 'allow,N/A')]: `pan-os signal 2026-02-10T09:59:59Z allow ${ends}`,
      [log('GTP,0', 'drop,x')]: `pan-os flow 2026-02-10T09:59:59Z deny ${ends}`,
      [log('THREAT,flood', 'random-drop,,x(1),any,high,client-to-server')]:
        `pan-os signal 2026-02-10T09:59:59Z deny ${ends}`,
    });
    // SCTP logs have one column more in front of the protocol.
    const sctp = log('SCTP,0', 'allow,0,0').replace('0x0,tcp,', '0x0,,sctp,');
    assert.equal(told(sctp), `pan-os flow 2026-02-10T09:59:59Z allow 192.0.2.7:40000 198.51.100.9:5432 sctp`);
  });

  it('the high-resolution time is the last of its form, and no time at all where a device without one wrote the epoch', () => {
    const late = `1,${panTraffic},0,0,0,0,,fw1,from-policy,,,2026-02-10T08:00:00.000+01:00,,,2026-02-10T10:59:59.250+01:00,,`;
    assert.equal(read(late).eventTime, '2026-02-10T09:59:59.250Z');
    const none = `1,${panTraffic},0,0,0,0,,fw1,from-policy,,,1970-01-01T01:00:00.000+01:00,,`;
    assert.equal(read(none).eventTime, '2026-02-10T09:59:59Z');
    assert.equal(read(`1,${panTraffic.replace('09:59:59,', '09:59:59.125,')}`).eventTime, '2026-02-10T09:59:59.125Z');
  });

  it('a change is told with what stands there now, also where newer versions put it behind the time', () => {
    const path = ' vsys  vsys1 rulebase nat rules  to-db';
    const change = read(
      `1,${panTimes('CONFIG,0')},192.0.2.1,,edit,ana,Web,Succeeded,${path},77,0x0,0,0,0,0,,fw1,0,,0,2026-02-10T10:59:59.5+01:00,"to-db { action allow; }","to-db { action ""deny""; }"`,
    );
    assert.equal(change.eventTime, '2026-02-10T09:59:59.5Z');
    assert.equal(change.policyChange?.after, 'to-db { action "deny"; }');
    assert.equal(change.policyChange?.resource.kind, 'NatRule');
    assert.equal(change.reporterName, 'fw1');
    const group = read(
      `1,${panTimes('CONFIG,0')},192.0.2.1,,set,ana,Web,Succeeded, vsys  vsys1 address-group  dbs,77,0x0`,
    );
    assert.equal(group.policyChange?.resource.kind, 'AddressGroup');
  });

  it('logs of users and hosts say at which address', () => {
    const portal = `1,${panTimes('GLOBALPROTECT,0')},vsys1,gateway-auth,login,Other,,ana,DE,laptop7,0.0.0.0,2001:db8::7,10.0.0.1,,id,,5,OS,"OS 10, 64",1,,,,failure`;
    const login = read(portal);
    assert.deepEqual(
      [login.kind, login.source?.ip, login.actor?.name, login.verdict],
      ['admin', '2001:db8::7', 'ana', 'none'],
    );
    assert.equal(read(`1,${panTimes('USERID,login')},vsys1,192.0.2.8,ana,dc,0,1,60`).source?.ip, '192.0.2.8');
    assert.equal(
      read(`1,${panTimes('HIPMATCH,0')},ana,vsys1,laptop7,Mac,192.0.2.8,GP,1,object`).source?.ip,
      '192.0.2.8',
    );
  });

  it('what administrators did is read though its columns are others', () => {
    const audit = read('Feb 10 10:00:00 192.0.2.1 00700,2026/02/10 10:00:00,audit,2561,gui-op,ana,"<show/>",failure');
    assert.deepEqual([audit.kind, audit.actor?.name, audit.verdict], ['admin', 'ana', 'deny']);
    assert.equal(audit.eventTime, '2026-02-10T10:00:00Z');
  });

  it('the logging service and HTTP templates give the same as JSON', () => {
    const log =
      '<14>Feb 10 10:00:00 fwd7 logforwarder {"TimeReceived":"2026-02-10T10:00:00.000000Z","TimeGenerated":"2026-02-10T09:59:58.500000Z","LogType":"TRAFFIC","Subtype":"deny","SourceAddress":"192.0.2.7","DestinationAddress":"198.51.100.9","SourcePort":40000,"DestinationPort":"5432","Protocol":"tcp","Action":"drop","Rule":"no-db","BytesSent":7}';
    assert.equal(told(log), 'pan-os flow 2026-02-10T09:59:58.500000Z deny 192.0.2.7:40000 198.51.100.9:5432 tcp');
    assert.equal(read(log).places['verdict'], '/Action');
    assert.equal(read(log).traffic?.bytes, '7');
  });
});

describe('what stands in front of a message', () => {
  const behind = (header: string): NormalForm => read(`${header}1,${panTraffic}`);

  it('a version, a count of messages or octets, a mark of the clock and the day of the week hide no header', () => {
    for (const header of [
      '<14>1 Feb 10 10:00:00 fw7 ',
      '<14> Feb 10 10:00:00 fw7 ',
      '<189>45: *Feb 10 10:00:00.123 UTC: fw7 ',
      '<14>Tue Feb 10 10:00:00 2026 fw7 ',
      '<14>2026 Feb 10 10:00:00 fw7 ',
      '2026-02-10 10:00:00.123 fw7 ',
      '157 <14>1 2026-02-10T10:00:00Z fw7 - - - - ',
      '1 2026-02-10T10:00:00Z fw7 - - - - ',
      '<13>1 2026-02-10T10:00:00Z fw7 ',
      '<13>Feb 10 10:00:00 relay <14>Feb 10 10:00:00 fw7 ',
      'Feb 10 10:00:00 relay 4465 <14>1 2026-02-10T10:00:00Z fw7 app - - - ',
      '<14>Feb 10 10:00:00 fw7,788a2056b181,v4.0.66.10832 ',
      '<14>Feb 10 10:00:00 fw7 user.info pan: ',
    ]) {
      const record = behind(header);
      assert.equal(record.reporterName, 'fw7', header);
      assert.equal(record.eventTime, '2026-02-10T09:59:59Z', header);
    }
  });
});

describe('packet logs of Linux', () => {
  const packet = 'IN=eth0 OUT= MAC=aa SRC=192.0.2.7 DST=198.51.100.9 LEN=60 PROTO=TCP SPT=40000 DPT=22 SYN';
  const verdictOf = (line: string): string => read(line).verdict;

  it('the interface is read where the prefix touches it', () => {
    for (const prefix of ['[WAN_IN-default-D]', 'Shorewall:net-fw:DROP:']) {
      const { source, direction, verdict } = read(`Feb 10 10:00:00 gw kernel: ${prefix}${packet}`);
      assert.deepEqual([source?.zone, direction, verdict], ['eth0', 'ingress', 'deny'], prefix);
    }
  });

  it('what a rule does is in the end of its name, whatever words its name and description have', () => {
    const at = 'Feb 10 10:00:00 gw kernel: ';
    assert.equal(verdictOf(`${at}[ipv4-NAM-block-guests-900-A]${packet}`), 'allow');
    assert.equal(verdictOf(`${at}[ipv4-NAM-allow-dns-5-R]${packet}`), 'deny');
    const described = `${at}[LAN_IN-A-10001] DESCR="Drop IN=br9 never" ${packet}`;
    assert.equal(verdictOf(described), 'allow');
    assert.equal(read(described).source?.zone, 'eth0');
    assert.equal(verdictOf(`${at}[WAN_LOCAL-D-2147483647] DESCR="no rule description" ${packet}`), 'deny');
    assert.equal(verdictOf(`${at}SFW2-INext-ACC-TCP ${packet}`), 'allow');
    assert.equal(verdictOf(`${at}[DNAT-br0]${packet}`), 'unknown');
  });

  it('a prefix right behind the time or the host is no name of a program', () => {
    const { verdict, verdictRaw } = read(`Feb 10 10:00:00 DENY: ${packet}`);
    assert.deepEqual([verdict, verdictRaw], ['deny', 'DENY']);
    assert.equal(verdictOf(`Feb 10 10:00:00 gw ACCEPT: ${packet}`), 'allow');
  });

  it('logread, Proxmox, old kernels and the journal give times and ends of their own', () => {
    const ends = '192.0.2.7:40000 198.51.100.9:22 tcp';
    assertTold({
      [`Tue Feb 10 10:00:00 2026 kern.warn kernel: [  12.345678] REJECT wan in: ${packet}`]: `iptables flow 2026-02-10T10:00:00Z deny ${ends}`,
      [`100 4 tap100i0-IN 10/Feb/2026:11:00:00 +0100 DROP: ${packet}`]: `iptables flow 2026-02-10T10:00:00Z deny ${ends}`,
      [`Feb 10 10:00:00 rt kernel: ACCEPT ${packet.replace('SRC', '<1>SRC').replace('SPT', '<1>SPT')}`]: `iptables flow 2026-02-10T10:00:00Z allow ${ends}`,
    });
    const journal = JSON.stringify({
      __REALTIME_TIMESTAMP: '1770717600500000',
      _HOSTNAME: 'gw7',
      MESSAGE: `[UFW BLOCK] ${packet}`,
    });
    assert.equal(told(journal), `iptables flow 2026-02-10T10:00:00.500000Z deny ${ends}`);
    assert.equal(read(journal).reporterName, 'gw7');
  });

  it('a prefix in brackets is no structured data, one in parentheses touches the interface, and a hook may have no way out', () => {
    const packet = 'SRC=192.0.2.7 DST=198.51.100.9 PROTO=TCP SPT=40000 DPT=443';
    const denied = 'iptables flow 2026-02-10T10:00:00Z deny 192.0.2.7:40000 198.51.100.9:443 tcp';
    assertTold({
      [`<4>1 2026-02-10T10:00:00Z web1 kernel 0 - [UFW BLOCK] IN=eth0 OUT= ${packet}`]: denied,
      [`<4>1 2026-02-10T10:00:00Z web1 kernel - - [meta sequenceId="4"] [UFW BLOCK] IN=eth0 OUT= ${packet}`]: denied,
      [`Feb 10 10:00:00 gw kernel: DROP(src wan)IN=eth0 OUT= ${packet}`]: denied,
      [`Feb 10 10:00:00 gw kernel: nft-drop: IN=eth0 ${packet}`]: denied,
    });
  });
});

describe('FortiGate', () => {
  const ends = '192.0.2.7:40000 198.51.100.9:443 tcp';
  const head = 'date=2026-02-10 time=11:00:00 devname="f7" devid="FG7" tz="+0100"';
  const session = 'srcip=192.0.2.7 srcport=40000 dstip=198.51.100.9 dstport=443 proto=6';

  it('pairs between commas, names of old versions and JSON are read as the others are', () => {
    const at = '2026-02-10T10:00:00Z';
    assertTold({
      'date=2026-02-10,time=10:00:00,devid="FG7",logid="0000000013",type="traffic",subtype="forward",srcip=192.0.2.7,srcport=40000,dstip=198.51.100.9,dstport=443,proto=6,action="deny",service="a, b"': `fortigate flow ${at} deny ${ends}`,
      '<189>date=2026-02-10,time=10:00:00,devname=f7,device_id=FG7,log_id=0021000002,type=traffic,subtype=allowed,pri=notice,src=192.0.2.7,src_port=40000,dst=198.51.100.9,dst_port=443,proto=6,status=accept,sent=1': `fortigate flow ${at} allow ${ends}`,
      '{"devid":"FG7","logid":"0000000013","type":"traffic","eventtime":1771402491000000001,"srcip":"192.0.2.7","srcport":40000,"dstip":"198.51.100.9","dstport":443,"proto":6,"action":"client-rst"}': `fortigate flow 2026-02-18T08:14:51.000000001Z allow ${ends}`,
    });
  });

  it('what was only seen is no decision', () => {
    const utm = (rest: string): string => `${head} logid="1500054000" type="utm" subtype="dns" ${session} ${rest}`;
    assert.equal(read(utm('qname="example.com"')).verdict, 'none');
    assert.equal(read(utm('action="info"')).verdict, 'none');
    const sniffed = `${head} logid="0004000017" type="traffic" subtype="sniffer" ${session} action="accept" policytype="sniffer"`;
    assert.equal(read(sniffed).verdict, 'none');
  });

  it('a login is told with who came from where, a tunnel with both of its ends, and neither is a verdict', () => {
    const login = read(
      `${head} logid="0100032002" type="event" subtype="system" level="alert" user="ana" ui="ssh(192.0.2.7)" srcip=192.0.2.7 dstip=198.51.100.9 action="login" status="failed" msg="login failed"`,
    );
    assert.deepEqual([login.kind, login.verdict, login.verdictRaw], ['admin', 'none', 'failed']);
    assert.deepEqual([login.actor?.name, login.actor?.addresses], ['ana', ['192.0.2.7']]);
    const tunnel = `${head} logid="0101037127" type="event" subtype="vpn" action=negotiate remip=192.0.2.7 locip=198.51.100.9 remport=500 locport=4500 user="N/A"`;
    assert.equal(told(tunnel), 'fortigate signal 2026-02-10T10:00:00Z none 192.0.2.7:500 198.51.100.9:4500 -');
    assert.equal(read(`${tunnel} dir=outbound`).source?.ip, '198.51.100.9');
  });
});

describe('Check Point', () => {
  const pairs = {
    loguid: '{0x1,0x2}',
    origin: '192.0.2.1',
    product: 'VPN-1 & FireWall-1',
    action: 'Drop',
    proto: '6',
    src: '192.0.2.7',
    s_port: '40000',
    dst: '198.51.100.9',
    service: '443',
  };
  const ends = '192.0.2.7:40000 198.51.100.9:443 tcp';
  const colons = (more: Readonly<Record<string, string>>): string =>
    `<134>1 2026-02-10T10:00:00Z mgmt CheckPoint 7 - [${Object.entries(more)
      .map(([key, value]) => `${key}:"${value}"`)
      .join('; ')}]`;

  it('gateways, clients of LEA, fw log and JSON say what Log Exporter says', () => {
    const quoted = Object.entries(pairs)
      .map(([key, value]) => `${key}="${value}"`)
      .join(' ');
    const at = '2026-02-10T10:00:00Z';
    assertTold({
      [`<134>1 ${at} gw7 CheckPoint 7 - [sc@2620 ${quoted} time="1770717600"]`]: `check-point flow ${at} deny ${ends}`,
      '<85>1 2026-02-10T05:00:00--5:00 gw7 CP-GW - Log [Fields@1.3.6.1.4.1.2620 Action="accept" UUid="{0x1}" src="192.0.2.7" dst="198.51.100.9" proto="6" ProductName="VPN-1 & FireWall-1" svc="443" sport_svc="40000" ]': `check-point flow ${at} allow ${ends}`,
      'Feb 10 10:00:05 relay 2026-02-10T05:00:00--5:00 gw7 CP-GW - Log [Fields@1.3.6.1.4.1.2620 Action="reject" src="192.0.2.7" dst="198.51.100.9" proto="6" service="443" s_port="40000"]': `check-point flow ${at} deny ${ends}`,
      'Feb 10 10:00:05 h fw1-loggrabber[9]: time=2026-02-10 10:00:00|action=accept|orig=gw7|i/f_dir=inbound|has_accounting=0|product=VPN-1 & FireWall-1|src=192.0.2.7|s_port=40000|dst=198.51.100.9|service=https|proto=tcp': `check-point flow ${at} allow ${ends}`,
      'Feb 10 10:00:05 h CheckPoint: 10Feb2026  9:00:00 drop 192.0.2.1 >eth8 rule: 113; src: 192.0.2.7; dst: 198.51.100.9; proto: tcp; product: VPN-1 & FireWall-1; service: 443; s_port: 40000;': `check-point flow 2026-02-10T09:00:00Z deny ${ends}`,
      [JSON.stringify({ ...pairs, time: '1770717600500' })]: `check-point flow 2026-02-10T10:00:00.500Z deny ${ends}`,
      [colons({ ...pairs, time: '2026-02-10T09:00:00Z' })]: `check-point flow 2026-02-10T09:00:00Z deny ${ends}`,
    });
  });

  it('each layer that a connection matched gives the rule that decided in it', () => {
    const log = `${colons({ ...pairs, layer_name: 'Network' }).slice(0, -1)}; layer_name:"Web"; rule_action:"Inline"; rule_action:"Drop"; rule_name:"Out"; rule_name:"No games"; rule_uid:"u1"; rule_uid:"u2"]`;
    const rules = (line: string): (string | null)[][] =>
      read(line).policies.map(({ namespace, rule, effect }) => [namespace, rule, effect]);
    assert.deepEqual(rules(log), [
      ['Network', 'Out', 'pass'],
      ['Web', 'No games', 'deny'],
    ]);
    // A rule without a name has an identity only, and whose the one name is cannot be told.
    assert.deepEqual(rules(log.replace(' rule_name:"Out";', '')), [
      ['Network', 'u1', 'pass'],
      ['Web', 'u2', 'deny'],
    ]);
    const json = {
      ...pairs,
      loguid: '0x1,0x2',
      time: 1770717600000,
      proto: 6,
      s_port: 40000,
      'layer_name_._._match_table': ['Network'],
      'rule_uid_._._match_table': ['u1'],
      'rule_name_._._match_table': ['Cleanup'],
    };
    assert.equal(told(JSON.stringify(json)), `check-point flow 2026-02-10T10:00:00.000Z deny ${ends}`);
    assert.deepEqual(rules(JSON.stringify(json)), [['Network', 'Cleanup', 'deny']]);
  });

  it('drops that are summed up are a flow each', () => {
    const records = readAll(
      colons({
        action: 'Drop',
        origin: '192.0.2.1',
        packets: ' <192.0.2.7,40000,198.51.100.9,443,6;eth0> <2001:db8::7,5,2001:db8::9,53,17>',
      }),
    );
    assert.deepEqual(records.map(tell), [
      `check-point flow 2026-02-10T10:00:00Z deny ${ends}`,
      'check-point flow 2026-02-10T10:00:00Z deny 2001:db8::7:5 2001:db8::9:53 udp',
    ]);
  });

  it('a changed rule and an installed policy are policy changes, a login is none and no decision either', () => {
    const audit = {
      loguid: '{0x1}',
      origin: '192.0.2.1',
      action: 'Accept',
      administrator: 'ana',
      client_ip: '192.0.2.5',
    };
    const rule = read(
      colons({
        ...audit,
        operation: 'Modify Rule',
        objecttype: 'Access Control Rule',
        objectname: 'to-db',
        fieldschanges: 'Action: Drop',
      }),
    );
    assert.deepEqual([rule.kind, rule.verdict, rule.policyChange?.action], ['policy_change', 'allow', 'update']);
    assert.equal(rule.policyChange?.requested, 'Action: Drop');
    const failed = read(
      colons({
        ...audit,
        operation: 'Install Policy',
        additional_info: 'Access Control Policy: Std',
        audit_status: 'Failure',
      }),
    );
    assert.deepEqual([failed.policyChange?.applied, failed.policyChange?.resource.name], [false, 'Std']);
    const login = read(colons({ ...audit, operation: 'Log In' }));
    assert.deepEqual([login.kind, login.verdict], ['admin', 'none']);
    assert.equal(read(colons({ ...pairs, action: 'Key Install' })).verdict, 'none');
  });

  it('what the client sends comes in at its side, and an update of a log is no second log of one id', () => {
    const counted = read(
      colons({ ...pairs, client_inbound_bytes: '7', client_outbound_bytes: '5', lastupdatetime: '1770717700' }),
    );
    assert.deepEqual([counted.traffic?.bytes, counted.traffic?.replyBytes], ['7', '5']);
    assert.notEqual(counted.nativeId, read(colons(pairs)).nativeId);
    assert.equal(
      read(colons({ ...pairs, __policy_id_tag: 'product=x[mgmt=m;policy_name=Standard\\]', rule: '7' })).policies[0]
        ?.name,
      'Standard',
    );
  });
});

describe('CEF and LEEF of many vendors', () => {
  const ends = 'src=192.0.2.7 spt=40000 dst=198.51.100.9 dpt=443';
  const toldEnds = '192.0.2.7:40000 198.51.100.9:443';
  const cef = (vendor: string, rest: string): string => `CEF:0|${vendor}|P|1|7|Event|3|${rest}`;

  it('times are in the zone that the message names', () => {
    const line = cef(
      'Palo Alto Networks',
      `dtz=America/New_York rt=Feb 10 2026 05:00:00 ${ends} act=drop-all proto=tcp`,
    );
    assert.equal(told(line), `cef flow 2026-02-10T10:00:00Z deny ${toldEnds} tcp`);
    assert.ok(!read(line).flags.includes('zone_guessed'));
    const unknown = cef('ArcSight', `dtz=LA/la rt=Feb 10 2026 10:00:00 ${ends} act=drop proto=tcp`);
    assert.equal(read(unknown).eventTime, '2026-02-10T10:00:00Z');
  });

  it('FortiGate tells its own time, sessions by an id that repeats, and what a sniffer saw', () => {
    const line = cef(
      'Fortinet',
      `start=Feb 10 2026 11:00:00 FTNTFGTeventtime=1770717600000000001 externalId=77 ${ends} proto=6 act=dns FTNTFGTpolicyid=9`,
    );
    assert.equal(told(line), `cef flow 2026-02-10T10:00:00.000000001Z deny ${toldEnds} tcp`);
    assert.equal(read(line).nativeId, null);
    assert.equal(read(line).policies[0]?.rule, '9');
    assert.equal(read(cef('Fortinet', `${ends} act=accept FortinetFortiGatesubtype=sniffer`)).verdict, 'none');
  });

  it('actions with more than one word, in quotes or missing are understood, and a success is no permission', () => {
    const verdicts: Readonly<Record<string, string>> = {
      'act=Block/Drop': 'deny',
      'act=not blocked': 'would_deny',
      'act=IDS:Reset': 'would_deny',
      'act=REQ_BLOCKED_SECURITY': 'deny',
      'act=REQ_PASSED': 'allow',
      'act="Deny"': 'deny',
      'fw_action="drop"': 'deny',
      'fw_action="NA"': 'none',
      'act=Interactive Block': 'deny',
      'act=Key Install': 'none',
      'outcome=success': 'none',
    };
    for (const [action, verdict] of Object.entries(verdicts))
      assert.equal(read(cef('V', `${ends} proto=tcp/https ${action}`)).verdict, verdict, action);
    assert.equal(read(cef('SonicWall', `${ends} proto=tcp/https act=drop`)).protocol?.number, 6);
    assert.equal(read('CEF:0|V|P|1|7|Start of session|3|src=192.0.2.7 dst=198.51.100.9 dpt=5').verdict, 'none');
  });

  it('zones and rules stand under labels of several names', () => {
    const line = cef(
      'V',
      `${ends} act=allow cs1=to-web cs1Label=Rule cs4=app cs4Label=FromZone cs5=dmz cs5Label=ToZone deviceInboundInterface=e1`,
    );
    const { source, destination, policies } = read(line);
    assert.deepEqual([source?.zone, destination?.zone, policies[0]?.rule], ['app', 'dmz', 'to-web']);
    const rule = (text: string): string | null | undefined => read(text).policies[0]?.rule;
    assert.equal(rule(cef('FORCEPOINT', `${ends} act=Refuse cs1=601.0 cs1Label=RuleID`)), '601.0');
    const zscaler = `CEF:0|Zscaler|NSSFWlog|5.7|Allow|Web out|3|act=Allow reason=Web out ${ends}`;
    assert.equal(rule(zscaler), 'Web out');
    // Half of a connection is no event of an administrator, though a user is named.
    assert.equal(read(cef('FORCEPOINT', 'proto=6 suser=ana in=3')).kind, 'signal');
    assert.equal(read('CEF:0||||9|Blocked address|4|src=192.0.2.7').summary, 'Blocked address');
  });

  it('rows of CommonSecurityLog are read as the messages that they were made from', () => {
    const row = {
      TimeGenerated: '2/10/2026, 10:30:00.500 PM',
      DeviceVendor: 'Cisco',
      DeviceProduct: 'Firepower',
      DeviceEventClassID: 'RNA:1003:1',
      Activity: 'CONNECTION STATISTICS',
      DeviceAction: 'Block',
      SourceIP: '192.0.2.7',
      SourcePort: '40000',
      DestinationIP: '198.51.100.9',
      DestinationPort: 443,
      Protocol: '6',
      DeviceCustomString2: 'to-web',
      DeviceCustomString2Label: 'fwRule',
    };
    assert.equal(told(JSON.stringify(row)), `cef flow 2026-02-10T22:30:00.500Z deny ${toldEnds} tcp`);
    const received = { ...row, ReceiptTime: '1770717600000', StartTime: '1970-01-01T00:00:00Z' };
    assert.equal(read(JSON.stringify(received)).eventTime, '2026-02-10T10:00:00.000Z');
    const forti = {
      ...row,
      DeviceVendor: 'Fortinet',
      DeviceAction: '',
      AdditionalExtensions: 'FortinetFortiGateaction=pass;x=1',
    };
    assert.equal(read(JSON.stringify(forti)).verdict, 'allow');
    assert.equal(read(JSON.stringify(row)).policies[0]?.rule, 'to-web');
  });

  it('LEEF: days of the week, rules of the logging service, and logins that name two hosts', () => {
    const flow =
      'LEEF:2.0|Palo Alto Networks|LF|2.0|TRAFFIC|x7C|devTime=Tue Feb 10 10:00:00 2026|src=192.0.2.7|dst=198.51.100.9|srcPort=40000|dstPort=443|proto=tcp|action=Block (policy)|Rule=no-web|FromZone=app';
    assert.equal(told(flow), `leef flow 2026-02-10T10:00:00Z deny ${toldEnds} tcp`);
    assert.deepEqual([read(flow).policies[0]?.name, read(flow).source?.zone], ['no-web', 'app']);
    assert.equal(
      told(
        'LEEF:2.0|Check Point|VPN-1 & FireWall-1|1|Drop|action=Drop\tsrc=192.0.2.7\ts_port=40000\tdst=198.51.100.9\tservice=443\tproto=6\tdevTime=Feb-10-2026 10:00:00 GMT',
      ),
      `leef flow 2026-02-10T10:00:00Z deny ${toldEnds} tcp`,
    );
    const login = read('LEEF:1.0|V|P|1|5400|src=192.0.2.7\tusrName=ana\taction=Authentication failed');
    assert.deepEqual([login.kind, login.verdict, login.verdictRaw], ['admin', 'none', 'Authentication failed']);
  });
});

describe('audit logs of Antrea and OVN', () => {
  const antrea = '2026/02/10 10:00:00.5 AntreaPolicyEgressRule';
  const acl = '2026-02-10T10:00:00.5Z|00162|acl_log(ovn_pinctrl0)|INFO|';

  it('lines are found behind what a collector puts in front, with the time of their own', () => {
    const line = `${antrea} AntreaNetworkPolicy:shop/db deny-web Egress Drop 9 shop/db-0 10.0.0.7 4 10.0.0.9 5 UDP 60 <nil>`;
    const drop = `${acl}name="NP:shop:db:Egress:0", verdict=drop, severity=info, direction=from-lport: tcp,nw_src=10.0.0.7,nw_dst=10.0.0.9,tp_src=4,tp_dst=5`;
    for (const front of ['<14>Feb 10 10:00:07 node7 antrea-agent: ', '2026-02-10T10:00:07.1Z stdout F ']) {
      assert.equal(told(`${front}${line}`), 'antrea flow 2026-02-10T10:00:00.5Z deny 10.0.0.7:4 10.0.0.9:5 udp', front);
      assert.equal(
        told(`${front}${drop}`),
        'ovn-acl flow 2026-02-10T10:00:00.5Z deny 10.0.0.7:4 10.0.0.9:5 tcp',
        front,
      );
    }
  });

  it('what is passed on to other policies or to layer 7 is not let through yet', () => {
    const passed = read(
      `${acl}name="ANP:control:Egress:1", verdict=pass, severity=info, direction=from-lport: udp,nw_src=10.0.0.7,nw_dst=10.0.0.9,tp_src=4,tp_dst=5`,
    );
    assert.deepEqual([passed.verdict, passed.policies[0]?.effect], ['none', 'pass']);
    const redirected = `${antrea} AntreaNetworkPolicy:shop/db web Egress Redirect 9 shop/db-0 10.0.0.7 4 10.0.0.9 5 TCP 60 <nil>`;
    assert.equal(read(redirected).verdict, 'none');
  });

  it('old and other forms are read: no space in front of the packet, Kube-OVN’s names, addresses after SRC and DEST', () => {
    const kube = read(
      `${acl}name="np/web.shop/IPv4/3", verdict=drop, severity=warning:icmp,nw_src=10.0.0.7,nw_dst=10.0.0.9,icmp_type=8,icmp_code=0`,
    );
    assert.equal(tell(kube), 'ovn-acl flow 2026-02-10T10:00:00.5Z deny 10.0.0.7:- 10.0.0.9:- icmp');
    const [policy] = kube.policies;
    assert.deepEqual(
      [policy?.kind, policy?.namespace, policy?.name, policy?.rule],
      ['NetworkPolicy', 'shop', 'web', '3'],
    );
    const oldest = read(`${antrea} AntreaNetworkPolicy:shop/db Allow 0 SRC: 10.0.0.7 DEST: 10.0.0.9 60 TCP`);
    assert.equal(tell(oldest), 'antrea flow 2026-02-10T10:00:00.5Z allow 10.0.0.7:- 10.0.0.9:- tcp');
    assert.equal(oldest.traffic?.bytes, '60');
    const admin = read(
      `${antrea} BaselineAdminNetworkPolicy:default r Egress Drop 9 a/b 10.0.0.7 4 10.0.0.9 5 TCP 60 <nil>`,
    );
    assert.deepEqual(
      [admin.policies[0]?.kind, admin.policies[0]?.system],
      ['BaselineAdminNetworkPolicy', 'kubernetes'],
    );
  });
});

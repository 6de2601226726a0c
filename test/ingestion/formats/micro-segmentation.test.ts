import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { NormalForm } from '../../../src/ingestion/normal-form.js';
import { factOf, factsOf } from './fixtures.js';

const end = (side: NormalForm['source']): string => `${side?.ip ?? '?'}:${side?.port ?? '-'}`;
/** Verdict, ends, protocol and counters of a flow. */
function told(line: string): string {
  const { format, kind, verdict, source, destination, protocol, traffic } = factOf(line);
  const counters = traffic === null ? '-' : Object.values(traffic).join('/');
  return `${format} ${kind} ${verdict} ${end(source)} ${end(destination)} ${protocol?.name ?? '-'} ${counters}`;
}

describe('NSX', () => {
  const at = '2026-02-10T10:00:00.123Z';
  const header = 'FIREWALL-PKTLOG[1069031]:';

  it('the end of a session tells packets and bytes both ways, the initiator first', () => {
    assert.equal(
      told(
        `<13>1 ${at} esx1 FIREWALL-PKTLOG - - - INET TERM PASS 5096 OUT TCP RST 10.0.0.7/4->10.0.0.9/5 9/8 1461/4677 tag`,
      ),
      'nsx flow allow 10.0.0.7:4 10.0.0.9:5 tcp 1461/9/4677/8',
    );
    assert.equal(
      told(`${at} esx1 dfwpktlogs: 50047 INET TERM mainrs/1024 IN UDP TIMEOUT 10.0.0.7/4->10.0.0.9/53 1/1 72/103`),
      'nsx flow allow 10.0.0.7:4 10.0.0.9:53 udp 72/1/103/1',
    );
  });

  it('a protocol without a name is told by its number, and has no ports', () => {
    const line = (protocol: string): string =>
      `${at} b6507827 INET match DROP mainrs/1 IN 36 ${protocol} 10.0.0.7->10.0.0.9`;
    assert.equal(told(line('PROTO 2')), 'nsx flow deny 10.0.0.7:- 10.0.0.9:- igmp 36/1//');
    assert.equal(told(line('PROTO 1')), 'nsx flow deny 10.0.0.7:- 10.0.0.9:- icmp 36/1//');
    assert.equal(told(line('ICMP 8 0')), 'nsx flow deny 10.0.0.7:- 10.0.0.9:- icmp 36/1//');
    assert.equal(
      told(
        `${at} No(13) ${header} 028cd586 INET6 match REJECT 7 OUT 143 UDP fe80:0:0:0:0:0:0:1/546->ff02:0:0:0:0:0:1:2/547`,
      ),
      'nsx flow deny fe80::1:546 ff02::1:2:547 udp 143/1//',
    );
  });

  it('to translate an address or to hand the packet on decides nothing', () => {
    for (const action of ['NAT', 'RDR', 'PUNT', 'REDIRECT', 'LB'])
      assert.equal(
        factOf(`${at} b6507827 INET match ${action} 1005 OUT 60 TCP 10.0.0.7/4->10.0.0.9/5 S`).verdict,
        'none',
        action,
      );
  });

  it('what stands in the place of a host in the log file is the filter', () => {
    const { reporterName, attributes } = factOf(
      `${at} b6507827 INET match PASS 7 IN 52 TCP 10.0.0.7/4->10.0.0.9/5 SEW web-db`,
    );
    assert.equal(reporterName, null);
    assert.deepEqual([attributes['filter'], attributes['tcpFlags'], attributes['tag']], ['b6507827', 'SEW', 'web-db']);
    assert.equal(factOf(`${at} INET match PASS 7 IN 52 TCP 10.0.0.7/4->10.0.0.9/5 S`).reporterName, null);
    assert.equal(
      factOf(`<144> Feb 10 10:00:00 esx1 dfwpktlogs: 7 INET match PASS 7 IN 52 TCP 10.0.0.7/4->10.0.0.9/5 S`)
        .reporterName,
      'esx1',
    );
  });

  it('packets of the gateway firewall, and packets that were forwarded in JSON', () => {
    assert.equal(
      told(
        `<181>1 ${at} edge1 NSX 2802 FIREWALL [nsx@6876 comp="nsx-edge" subcomp="datapathd" s2comp="firewallpkt" level="INFO"] <3 a91a35d4acea4843:8b0fb4b8b5fe50a4> INET reason-match DROP 1001 OUT 84 PROTO 1 10.0.0.7->10.0.0.9`,
      ),
      'nsx flow deny 10.0.0.7:- 10.0.0.9:- icmp 84/1//',
    );
    assert.equal(
      told(
        JSON.stringify({
          sddc_id: 'd',
          text: `<99>${at} esx1 FIREWALL_PKTLOG: f2c65dd5 INET match DROP 7 IN 60 TCP 10.0.0.7/4->10.0.0.9/5 S`,
          timestamp: 1.7707176e12,
        }),
      ),
      'nsx flow deny 10.0.0.7:4 10.0.0.9:5 tcp 60/1//',
    );
  });

  it('the time is the one the host wrote, whatever shippers and relays put around the line', () => {
    const line = `<13>1 ${at} esx1 FIREWALL-PKTLOG 7 - - b6507827 INET match DROP 7 IN 52 TCP 10.0.0.7/4->10.0.0.9/5 S`;
    const later = '2026-02-11T00:00:00Z';
    for (const record of [
      line,
      `<13>1 ${later} relay app - - - ${line}`,
      JSON.stringify({ '@timestamp': later, message: line, ecs: { version: '8.11.0' } }),
      JSON.stringify({ TimeGenerated: later, SyslogMessage: line }),
      JSON.stringify({ version: '1.1', timestamp: 1770768000, short_message: line.slice(0, 30), full_message: line }),
    ])
      assert.equal(factOf(record).eventTime, at, record);
  });

  it('the audit log says who changed which policy, and whether it worked; other messages are signals', () => {
    const audit = (message: string): NormalForm =>
      factOf(
        `<182>1 ${at} mgr1 NSX 77141 - [nsx@6876 audit="true" comp="nsx-manager" level="INFO" subcomp="policy" username="ada"] ${message}`,
      );
    const changed = audit(
      'UserName="ada", Src="10.0.0.1", ModuleName="PolicySecurity", Operation="PatchSecurityPolicyForDomain", Operation status="success", Old value=[{"id":"web"}], New value=["default" "web" {"resource_type":"SecurityPolicy","id":"web","rules":[]}]',
    );
    assert.equal(changed.kind, 'policy_change');
    assert.equal(changed.eventTime, at);
    assert.deepEqual([changed.actor?.name, changed.actor?.addresses], ['ada', ['10.0.0.1']]);
    assert.deepEqual(
      [
        changed.policyChange?.action,
        changed.policyChange?.applied,
        changed.policyChange?.resource.kind,
        changed.policyChange?.resource.name,
      ],
      ['update', true, 'SecurityPolicy', 'web'],
    );
    const failed = audit(
      'UserName="ada", ModuleName="Firewall", Operation="DeleteFirewallRule", Operation status="failure"',
    );
    assert.deepEqual(
      [failed.verdict, failed.policyChange?.action, failed.policyChange?.applied],
      ['error', 'delete', false],
    );
    const login = audit("UserName='ada', ModuleName='AAA', Operation='CreateRoleBinding', Operation status='success'");
    assert.deepEqual([login.kind, login.verdict, login.policyChange], ['admin', 'allow', null]);
    const called = audit(`ada 'DELETE /api/v1/node/services/syslog/exporters/siem' 403 0 "" "curl" 1.1`);
    assert.deepEqual([called.kind, called.verdict, called.actor?.name], ['admin', 'deny', 'ada']);
    const message = factOf(
      `<144>1 ${at} mgr1 NSX - SYSTEM [nsx@6876 comp="nsx-manager" errorCode="MP4039" level="ERROR"] Connection lost.`,
    );
    assert.deepEqual([message.kind, message.verdict, message.severity], ['signal', 'none', 3]);
    const nested = factOf(
      `${at} esx1 nsxa: [nsx@6876 comp="nsx-esx" subcomp="NSXA[Vif:-22]" level="WARN"] [Rpc] failed`,
    );
    assert.deepEqual([nested.severity, nested.attributes['subcomp'], nested.eventTime], [4, 'NSXA[Vif:-22]', at]);
  });
});

describe('Illumio traffic', () => {
  const row = {
    src: { ip: '10.0.0.7', workload: { hostname: 'web1', labels: [{ key: 'app', value: 'shop' }] } },
    dst: { ip: '10.0.0.9' },
    service: { port: 5432, proto: 6 },
    num_connections: 3,
    policy_decision: 'allowed',
    flow_direction: 'inbound',
    dst_bi: 10,
    dst_bo: 20,
    timestamp_range: { first_detected: '2026-02-10T10:00:00Z', last_detected: '2026-02-10T10:09:00Z' },
  };

  it('a row of the traffic analysis says what was enforced, and beside it what the draft would deny', () => {
    assert.equal(told(JSON.stringify(row)), 'illumio flow allow 10.0.0.7:- 10.0.0.9:5432 tcp 10//20/');
    const facts = factsOf(JSON.stringify({ ...row, draft_policy_decision: 'blocked_by_boundary' }));
    assert.deepEqual(
      facts.map(({ verdict }) => verdict),
      ['allow', 'would_deny'],
    );
    assert.deepEqual(facts[0]?.interval, { start: '2026-02-10T10:00:00Z', end: '2026-02-10T10:09:00Z' });
    const blocked = factsOf(
      JSON.stringify({ ...row, policy_decision: 'potentially_blocked', draft_policy_decision: 'blocked' }),
    );
    assert.deepEqual(
      blocked.map(({ verdict }) => verdict),
      ['would_deny'],
    );
  });

  const flow = (more: Readonly<Record<string, unknown>>): NormalForm =>
    factOf(
      JSON.stringify({
        src_ip: '10.0.0.7',
        dst_ip: '10.0.0.9',
        dst_port: 5,
        proto: 6,
        dir: 'O',
        timestamp: '2026-02-10T10:00:00Z',
        pd: 0,
        ...more,
      }),
    );

  it('a decision may be a number, its digits or its word; an unknown one is no allow', () => {
    const decisions = [0, '1', 2, 3, 'allowed', 'potentially_blocked', 'blocked', 'new_word', null].map(
      (pd) => flow({ pd }).verdict,
    );
    assert.deepEqual(decisions, [
      'allow',
      'would_deny',
      'deny',
      'unknown',
      'allow',
      'would_deny',
      'deny',
      'unknown',
      'unknown',
    ]);
  });

  it('CEF that a collector wrote names the decision by its number', () => {
    const cef = (signature: string, rest: string): string =>
      told(`CEF:0|Illumio|PCE|1.0|${signature}|n|9|rt=1770717600123 ${rest}`);
    assert.equal(cef('2', 'src=10.0.0.7 dst=10.0.0.9 dpt=5 proto=6'), 'illumio flow deny 10.0.0.7:- 10.0.0.9:5 tcp -');
    assert.equal(
      cef('traffic.flow', 'src=10.0.0.7 dst=10.0.0.9 dpt=5 proto=tcp act=blocked'),
      'illumio flow deny 10.0.0.7:- 10.0.0.9:5 tcp -',
    );
    assert.equal(
      cef('user.login.success', 'duser=ada dst=10.0.0.1 outcome=success'),
      'illumio admin allow ?:- ?:- - -',
    );
  });

  it('the time of a summary is that of its first flow, so its interval begins there', () => {
    assert.deepEqual(flow({ interval_sec: 600 }).interval, {
      start: '2026-02-10T10:00:00Z',
      end: '2026-02-10T10:10:00.000Z',
    });
  });

  it('what the destination counted goes into it, whichever end reports', () => {
    const { traffic } = flow({ dst_dbi: 7, dst_dbo: 8 });
    assert.deepEqual([traffic?.bytes, traffic?.replyBytes], ['7', '8']);
  });

  it('a table holds the lists of an event as JSON in text', () => {
    const fact = factOf(
      JSON.stringify({
        TimeGenerated: '2026-02-10T10:00:00Z',
        pce_fqdn: 'pce.shop',
        event_type: 'sec_policy.create',
        status: 'success',
        created_by: '{"user":{"username":"ada@shop"}}',
        action: '{"http_status_code":201,"src_ip":"10.0.0.1"}',
        resource_changes:
          '[{"resource":{"sec_policy":{"href":"/orgs/1/sec_policy/9"}},"changes":{"version":{"before":null,"after":9}},"change_type":"create"}]',
      }),
    );
    assert.deepEqual(
      [fact.kind, fact.eventTime, fact.actor?.name],
      ['policy_change', '2026-02-10T10:00:00Z', 'ada@shop'],
    );
    assert.equal(fact.policyChange?.resource.name, '/orgs/1/sec_policy/9');
  });

  it('rows of an exported table are read under the names of their columns, in the clock of the portal', () => {
    const columns = (zone: string): string =>
      `TimeGenerated [${zone}],icmp_type,src_ip,dst_ip,proto,dst_port,flow_count,dir,pd,dst_labels,interval_sec,pce_fqdn,version`;
    const row = (clock: string): string =>
      `"2/10/2026, ${clock}",,10.0.0.7,10.0.0.9,6,5432,3,I,2,"{""app"":""shop""}",600,pce.shop,4`;
    const fact = factOf(row('12:00:00.500 AM'), { columns: columns('UTC') });
    assert.deepEqual(
      [fact.format, fact.kind, fact.verdict, fact.eventTime],
      ['illumio', 'flow', 'deny', '2026-02-10T00:00:00.500Z'],
    );
    assert.deepEqual(
      [fact.count, fact.destination?.port, fact.destination?.workload?.labels],
      [3, 5432, { app: 'shop' }],
    );
    const local = factOf(row('1:00:00.000 PM'), { columns: columns('Local Time'), zone: '+01:00' });
    assert.deepEqual([local.eventTime, local.timeGuessed], ['2026-02-10T12:00:00.000Z', false]);
    const guessed = factOf(row('1:00:00.000 PM'), { columns: columns('Local Time') });
    assert.deepEqual(
      [guessed.eventTime, guessed.timeGuessed, guessed.flags],
      ['2026-02-10T13:00:00.000Z', true, ['zone_guessed']],
    );
    assert.equal(factOf(columns('UTC')).kind, 'signal');
  });

  it('that a task of the PCE went well, or that tampering was undone, allows nothing', () => {
    for (const type of ['agent.tampering', 'system_task.agent_offline_check']) {
      const { kind, verdict } = factOf(
        JSON.stringify({
          timestamp: '2026-02-10T10:00:00Z',
          pce_fqdn: 'p',
          event_type: type,
          status: 'success',
          created_by: { system: {} },
        }),
      );
      assert.deepEqual([kind, verdict], ['signal', 'none'], type);
    }
  });
});

describe('Guardicore', () => {
  const cef = (type: string, rest: string): string =>
    `<14>2026-02-10T10:17Z Guardicore CEF:0|Guardicore|Centra|51|${type}|${type}|None|${rest}`;

  it('the network log: ports behind addresses, unknown hosts, alerts', () => {
    assert.equal(
      told(
        cef(
          'Network Log',
          'id=b8 act=Blocked by source cnt=1 start=1770718620 src=10.0.0.7:40000 shost=web1 dst=10.0.0.9:5432 dhost=Unknown proto=TCP cs6Label=connection_verdict cs6=blocked_by_source',
        ),
      ),
      'guardicore flow deny 10.0.0.7:40000 10.0.0.9:5432 tcp -',
    );
    const alerted = factOf(
      cef(
        'Network Log',
        'act=Alerted start=2026-02-10T10:07Z src=10.0.0.7 dst=10.0.0.9 dpt=5432 dhost=Unknown proto=TCP',
      ),
    );
    assert.deepEqual(
      [alerted.verdict, alerted.eventTime, alerted.destination?.instance],
      ['would_deny', '2026-02-10T10:07:00Z', null],
    );
  });

  it('the audit log: what was done is no verdict', () => {
    const audit = (rest: string): NormalForm => factOf(cef('Audit Record', `src=10.0.0.1 suser=ada@shop ${rest}`));
    const login = audit('act=User authentication msg=Failed login, reason: bad password');
    assert.deepEqual(
      [login.kind, login.verdict, login.flags, login.actor?.addresses],
      ['admin', 'deny', [], ['10.0.0.1']],
    );
    assert.equal(audit('act=Get asset list msg=resource: assets').verdict, 'none');
    const { kind, policyChange } = audit('act=Create policy rule msg=rule: allow-web, status code: 200');
    assert.deepEqual(
      [kind, policyChange?.action, policyChange?.resource.name, policyChange?.applied],
      ['policy_change', 'create', 'allow-web', true],
    );
  });

  it('an incident is a signal, as CEF and as the API lists it', () => {
    assert.equal(
      factOf(cef('Deception Incident', 'id=1 start=2026-02-10T10:07Z src=10.0.0.7 dst=10.0.0.9 dpt=22')).kind,
      'signal',
    );
    const incident = factOf(
      JSON.stringify({
        _cls: 'Incident.NetworkVisibilityIncident',
        incident_type: 'Reveal',
        id: 'i1',
        start_time: 1770717600123,
        source_asset: { ip: '10.0.0.7' },
        destination_asset: { ip: '10.0.0.9' },
        policy_verdict: 'allowed',
      }),
    );
    assert.deepEqual(
      [incident.kind, incident.verdict, incident.eventTime],
      ['signal', 'none', '2026-02-10T10:00:00.123Z'],
    );
  });

  it('connections as the API lists them', () => {
    const connection = (verdict: string): string =>
      told(
        JSON.stringify({
          id: 'c1',
          slot_start_time: 1770717600123,
          source_ip: '10.0.0.7',
          destination_ip: '10.0.0.9',
          destination_port: 5432,
          ip_protocol: 'Tcp',
          connection_type: 'SUCCESSFUL',
          policy_verdict: verdict,
        }),
      );
    assert.equal(connection('allowed'), 'guardicore flow allow 10.0.0.7:- 10.0.0.9:5432 tcp -');
    assert.equal(connection('blocked_by_destination'), 'guardicore flow deny 10.0.0.7:- 10.0.0.9:5432 tcp -');
    assert.equal(connection('alerted_by_management'), 'guardicore flow would_deny 10.0.0.7:- 10.0.0.9:5432 tcp -');
    assert.equal(connection('new'), 'guardicore flow unknown 10.0.0.7:- 10.0.0.9:5432 tcp -');
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import fc from 'fast-check';

import type { NormalForm } from '../../../src/ingestion/normal-form.js';
import { normaliseRecord } from '../../../src/ingestion/formats/registry.js';
import { assertSchema, factOf, factsOf } from './fixtures.js';
import { assertSurvivesMutation } from './mutations.js';

const envoyText = (flags: string, details: string, upstream: string, code = '200'): string =>
  `[2026-02-10T10:00:00.123Z] "GET /items?token=x HTTP/1.1" ${code} ${flags} ${details} - "-" 11 22 3 - "-" "curl" "id-1" "db.shop" "${upstream}" inbound|80|| 127.0.0.6:1 10.0.0.9:80 10.0.0.7:40000 - default`;

describe('Envoy', () => {
  const verdict = (...told: Parameters<typeof envoyText>): string => {
    const { verdict: said, reason } = factOf(envoyText(...told));
    return `${said} ${reason}`;
  };

  it('an answer of the proxy itself is no error, a rate limit no decision, and what reached its upstream was allowed', () => {
    assert.equal(verdict('-', 'direct_response', '-'), 'none direct_response');
    assert.equal(verdict('-', 'direct_response', '-', '301'), 'none direct_response');
    assert.equal(verdict('RL', 'request_rate_limited', '-', '429'), 'none RL');
    assert.equal(verdict('-', 'via_upstream', '10.0.0.9:80', '404'), 'allow null');
    assert.equal(verdict('NR', 'route_not_found', '-', '404'), 'error route_not_found');
    assert.equal(
      verdict('-', 'rbac_access_denied_matched_policy[none]', '-', '403'),
      'deny rbac_access_denied_matched_policy[none]',
    );
  });

  it('JSON with the operators themselves as keys is read as their fields are', () => {
    const record = (percent: string): NormalForm => {
      const key = (operator: string): string => `${percent}${operator}${percent}`;
      return factOf(
        JSON.stringify({
          [key('START_TIME')]: '2026-02-10T10:00:00.123Z',
          [key('RESPONSE_CODE')]: 200,
          [key('RESPONSE_FLAGS')]: '-',
          [key('RESPONSE_CODE_DETAILS')]: 'via_upstream',
          [key('PROTOCOL')]: 'HTTP/3',
          [key('REQ(:METHOD)')]: 'GET',
          [key('REQ(X-ENVOY-ORIGINAL-PATH?:PATH)')]: '/items?token=x',
          [key('REQ(:AUTHORITY)')]: 'db.shop:443',
          [key('UPSTREAM_HOST')]: '10.0.0.9:80',
          [key('DOWNSTREAM_REMOTE_ADDRESS')]: '10.0.0.7:40000',
          [key('BYTES_SENT')]: 22,
        }),
      );
    };
    for (const fact of [record('%'), record('')]) {
      assert.equal(fact.format, 'envoy');
      assert.equal(fact.verdict, 'allow');
      assert.equal(fact.eventTime, '2026-02-10T10:00:00.123Z');
      assert.equal(fact.protocol?.name, 'udp');
      assert.deepEqual([fact.attributes['method'], fact.attributes['path']], ['GET', '/items']);
      assert.deepEqual(fact.destination?.dnsNames, ['db.shop']);
      assert.equal(fact.traffic?.replyBytes, '22');
    }
    assert.equal(factOf(envoyText('-', 'via_upstream', '10.0.0.9:80')).protocol?.name, 'tcp');
  });
});

const change = (name: string, changes: unknown, type = 'update'): unknown => ({
  uuid: name,
  resource: { rule_set: { href: `/orgs/1/sec_policy/draft/rule_sets/${name}`, name } },
  changes,
  change_type: type,
});
const audit = (more: Readonly<Record<string, unknown>>): string =>
  JSON.stringify({
    href: '/orgs/1/events/e1',
    timestamp: '2026-02-10T10:00:00.123Z',
    pce_fqdn: 'pce.shop',
    created_by: { user: { href: '/users/1', username: 'ada@shop' } },
    event_type: 'rule_set.update',
    status: 'success',
    severity: 'info',
    action: { uuid: 'a', api_method: 'PUT', http_status_code: 204, src_ip: '10.0.0.1' },
    resource_changes: [],
    notifications: [],
    version: 2,
    ...more,
  });

describe('Illumio', () => {
  const leef = (event: string, rest: string): string =>
    `LEEF:2.0|Illumio|PCE|26.2|${event}|${rest.replaceAll('~', '\t')}`;

  it('LEEF: a login is read as an audit event, a changed rule set as a policy change', () => {
    const login = factOf(
      leef(
        'user.login.failure',
        'src=10.0.0.1~cat=user.login~devTime=2026-02-10T10:00:00.123Z~sev=3~usrName=ada@shop~url=/login~pce_fqdn=pce.shop~action={"http_status_code":401,"src_ip":"10.0.0.1"}~resource_changes=[]',
      ),
    );
    assert.equal(login.kind, 'admin');
    assert.equal(login.verdict, 'deny');
    assert.equal(login.eventTime, '2026-02-10T10:00:00.123Z');
    assert.deepEqual(login.actor?.addresses, ['10.0.0.1']);
    const changed = factOf(
      leef(
        'rule_set.update.success',
        `devTime=2026-02-10T10:00:00Z~created_by={"user":{"username":"ada@shop"}}~resource_changes=${JSON.stringify([change('web', { enabled: { before: true, after: false } })])}`,
      ),
    );
    assert.equal(changed.kind, 'policy_change');
    assert.equal(changed.actor?.name, 'ada@shop');
    assert.equal(changed.policyChange?.resource.name, 'web');
    assert.equal(factOf(leef('flow_blocked', 'src=10.0.0.7~dst=10.0.0.9~dstPort=5~proto=tcp')).kind, 'flow');
  });

  it('every changed resource is a fact of its own, in force only when the event says success', () => {
    const two = factsOf(audit({ resource_changes: [change('web', { a: 1 }), change('db', { b: 2 }, 'delete')] }));
    assert.deepEqual(
      two.map(({ kind, policyChange }) => `${kind} ${policyChange?.action} ${policyChange?.resource.name}`),
      ['policy_change update web', 'policy_change delete db'],
    );
    const applied = (status: unknown): unknown => factOf(audit({ status })).policyChange?.applied;
    assert.deepEqual([applied('success'), applied('failure'), applied(null)], [true, false, false]);
  });

  it('the mode of enforcement counts wherever it stands among the changes', () => {
    const workload = (name: string, changes: unknown): unknown => ({
      resource: { workload: { href: `/orgs/1/workloads/${name}`, hostname: name } },
      changes,
      change_type: 'update',
    });
    const mode = { enforcement_mode: { before: 'visibility_only', after: 'full' } };
    const [first, ...rest] = factsOf(
      audit({
        event_type: 'workloads.update',
        resource_changes: [workload('a', { description: {} }), workload('b', mode)],
      }),
    );
    assert.equal(first?.kind, 'policy_change');
    assert.equal(first?.policyChange?.resource.name, 'b');
    assert.equal(rest.length, 0);
    assert.equal(
      factOf(audit({ event_type: 'workload.update', resource_changes: [workload('a', { description: {} })] })).kind,
      'admin',
    );
  });

  it('labels may be a list, and a name that was looked up is no name of a workload', () => {
    const { source, destination } = factOf(
      JSON.stringify({
        pd: 2,
        dir: 'O',
        src_ip: '10.0.0.7',
        src_hostname: 'web',
        src_labels: [
          { key: 'env', value: 'prod' },
          { key: '__proto__', value: 'x' },
        ],
        dst_ip: '192.0.2.9',
        dst_port: 443,
        proto: 6,
        fqdn: 'api.example.com',
        timestamp: '2026-02-10T10:00:00Z',
      }),
    );
    assert.deepEqual(source?.workload?.labels, { env: 'prod' });
    assert.deepEqual(destination?.dnsNames, ['api.example.com']);
    assert.equal(destination?.workload?.key, 'ip:192.0.2.9');
  });

  it('CEF: where the administrator sat only as an address, and a change that is missing is flagged', () => {
    const cef = (event: string, rest: string): NormalForm =>
      factOf(`CEF:0|Illumio|PCE|26.2|${event}|n|1|rt=Feb 10 2026 10:00:00 duser=ada@shop ${rest}`);
    assert.deepEqual(cef('user.login.success', 'dst=10.0.0.1').actor?.addresses, ['10.0.0.1']);
    assert.deepEqual(cef('user.login.success', 'dst=FILTERED').actor?.addresses, []);
    assert.ok(cef('rule_set.update.success', 'cs2= cs2Label=resource_changes').flags.includes('change_incomplete'));
    assert.ok(!cef('user.login.success', 'cs2= cs2Label=resource_changes').flags.includes('change_incomplete'));
  });

  it('LEEF: bytes go from source to destination, whichever of them counted', () => {
    const bytes = (dir: string): string => {
      const { traffic } = factOf(
        leef('flow_allowed', `src=10.0.0.7~dst=10.0.0.9~dstPort=5~proto=tcp~dir=${dir}~tbi=1~tbo=2`),
      );
      return `${traffic?.bytes} ${traffic?.replyBytes}`;
    };
    assert.deepEqual([bytes('I'), bytes('O')], ['1 2', '2 1']);
  });
});

describe('Calico', () => {
  const flow = (policies: unknown): string =>
    JSON.stringify({
      start_time: 1770717600,
      end_time: 1770717900,
      source_ip: '10.0.0.7',
      source_name: 'web-1',
      source_namespace: 'shop',
      source_type: 'wep',
      dest_ip: '10.0.0.9',
      dest_name: 'db-0',
      dest_namespace: 'shop',
      dest_port: 5432,
      dest_type: 'wep',
      proto: 'tcp',
      action: 'allow',
      reporter: 'dst',
      policies,
    });

  it('a staged policy that denies is told as would_deny beside what took effect, wherever it is listed', () => {
    const staged = '0|app|shop/app.staged:db|deny|0';
    const allow = '1|app|shop/app.db|allow|0';
    for (const policies of [
      { all_policies: [staged, allow] },
      { enforced_policies: [allow], pending_policies: ['0|app|shop/app.db|deny|0'] },
      { enforced_policies: [allow], transit_policies: [staged] },
    ]) {
      assert.deepEqual(
        factsOf(flow(policies)).map(({ verdict }) => verdict),
        ['allow', 'would_deny'],
        JSON.stringify(policies),
      );
    }
    assert.equal(factOf(flow({ all_policies: [allow] })).verdict, 'allow');
  });

  it('policies on the way through a host are kept', () => {
    const [fact] = factsOf(flow({ transit_policies: ['0|hosts|hosts.gate|allow|0'] }));
    assert.equal(fact?.policies[0]?.name, 'gate');
  });
});

const connHeader = (path: string, fields: string): string =>
  `#separator \\x09\n#unset_field\t-\n#empty_field\t(empty)\n#path\t${path}\n#fields\t${fields.replaceAll(' ', '\t')}`;
const connTime = '1770717600.123456';
const connLine = (proto: string, more: string): string =>
  `${connTime}\tC1\t10.0.0.7\t40000\t10.0.0.9\t5432\t${proto}\t-\t1.5\t10\t20\tSF\tT\t${more}`.replaceAll(' ', '\t');

describe('Zeek', () => {
  it('a notice about two addresses is a signal, as is a weird; the connection itself a flow', () => {
    for (const path of ['notice', 'weird']) {
      const fact = factOf(
        JSON.stringify({
          _path: path,
          ts: 1770717600.5,
          'id.orig_h': '10.0.0.7',
          'id.resp_h': '10.0.0.9',
          note: 'Scan',
          name: 'odd',
        }),
      );
      assert.equal(fact.kind, 'signal');
      assert.equal(fact.source?.ip, '10.0.0.7');
    }
    assert.equal(factOf(connLine('tcp', 'T 0 ShADadFf 3 4 5 6 -')).kind, 'flow');
  });

  it('a duration beyond every date is no reason to refuse the connection', () => {
    const ends = '"id.orig_h":"10.0.0.7","id.resp_h":"10.0.0.9","proto":"tcp","conn_state":"SF"';
    for (const duration of ['1e30', '999999999999999999', '1e999']) {
      const fact = factOf(`{"_path":"conn","ts":1770717600.5,"uid":"C1",${ends},"duration":${duration}}`);
      assert.deepEqual([fact.kind, fact.interval], ['flow', null], duration);
    }
  });

  it('JSON logs without addresses are known by their path', () => {
    for (const path of ['stats', 'x509', 'files', 'dhcp', 'notice', 'weird']) {
      const fact = factOf(JSON.stringify({ _path: path, ts: '2026-02-10T10:00:00.000001Z', mem: 3 }));
      assert.equal(`${fact.format} ${fact.kind} ${fact.eventTime}`, 'zeek signal 2026-02-10T10:00:00.000001Z');
    }
  });

  it('what is said of one host alone is a signal', () => {
    const fact = factOf(JSON.stringify({ _path: 'software', ts: 1770717600.5, host: '10.0.0.7', name: 'nginx' }));
    assert.equal(`${fact.kind} ${fact.source?.ip}: ${fact.summary}`, 'signal 10.0.0.7: Zeek software: nginx');
  });

  it('without a header the columns follow from their number, and an unknown number is refused', () => {
    const missed = (line: string): unknown => factOf(line).attributes['missed_bytes'];
    assert.equal(missed(connLine('tcp', '7 ShADadFf 3 4 5 6 -')), '7');
    assert.equal(missed(connLine('tcp', 'T 7 ShADadFf 3 4 5 6 -')), '7');
    assert.equal(missed(connLine('tcp', 'T 7 ShADadFf 3 4 5 6 - 6')), '7');
    for (const more of ['ShADadFf 3 4 5 6 -', 'T 7 ShADadFf 3 4 5 6 - 6 x'])
      assert.equal(normaliseRecord(Buffer.from(connLine('tcp', more)), {}, new Date()).ok, false);
  });

  it('an unknown transport is named by its number', () => {
    assert.deepEqual(factOf(connLine('unknown_transport', 'T 7 - 3 4 5 6 - 47')).protocol, { number: 47, name: 'gre' });
  });

  it('a long connection is told about more than once, so its notices have ids of their own', () => {
    const fields = 'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto';
    const line = `${connTime} C1 10.0.0.7 4 10.0.0.9 5 tcp`.replaceAll(' ', '\t');
    assert.equal(factOf(line, { columns: connHeader('conn', fields) }).nativeId, 'C1');
    assert.equal(factOf(line, { columns: connHeader('conn_long', fields) }).nativeId, `C1/conn_long/${connTime}`);
  });

  it('escaped bytes are read as the text they stand for', () => {
    const columns = connHeader('http', 'ts id.orig_h id.resp_h uri');
    const { attributes } = factOf(`${connTime}\t10.0.0.7\t10.0.0.9\t/caf\\xc3\\xa9\\x09\\x00`, { columns });
    assert.equal(attributes['uri'], '/café\t\\x00');
  });
});

describe('Suricata', () => {
  it('what inspection of TLS writes in AWS Network Firewall has no type: a refused certificate is a verdict, a broken handshake none', () => {
    const inspected = (more: object): NormalForm =>
      factOf(
        JSON.stringify({
          firewall_name: 'edge',
          availability_zone: 'eu-north-1a',
          event_timestamp: 1790000000,
          event: {
            timestamp: '2026-09-21T14:13:20.000001Z',
            src_ip: '10.0.2.5',
            src_port: '59844',
            dest_ip: '198.51.100.7',
            dest_port: '443',
            sni: 'pay.example',
            ...more,
          },
        }),
      );
    const refused = inspected({ revocation_check: { leaf_cert_fpr: 'ab12', status: 'REVOKED', action: 'DROP' } });
    assert.deepEqual(
      [refused.kind, refused.verdict, refused.verdictRaw, refused.reason, refused.places['verdict']],
      ['flow', 'deny', 'DROP', 'certificate REVOKED', '/revocation_check/action'],
    );
    assert.deepEqual([refused.destination?.port, refused.protocol?.name, refused.flags], [443, 'tcp', []]);
    assert.equal(inspected({ revocation_check: { status: 'UNKNOWN', action: 'PASS' } }).verdict, 'allow');
    const broken = inspected({ tls_error: { error_message: 'No name in the hello.' } });
    assert.deepEqual([broken.verdict, broken.reason], ['error', 'No name in the hello.']);
  });

  const eve = (type: string, more: string): string =>
    `{"timestamp":"2026-02-10T11:00:00.123456+0100","flow_id":18446744073709551615,"event_type":"${type}","src_ip":"10.0.0.7","src_port":4,"dest_ip":"10.0.0.9","dest_port":5,"proto":"TCP"${more}}`;

  it('the body of every type of event is kept, whatever its name', () => {
    for (const type of ['modbus', 'krb5', 'quic', 'stats'])
      assert.deepEqual(factOf(eve(type, `,"${type}":{"a":1}`)).attributes[type], { a: 1 });
    assert.equal(factOf(eve('__proto__', ',"__proto__":{"a":1}')).attributes['a'], undefined);
  });

  it('counters and ids keep all their digits', () => {
    const { traffic, attributes } = factOf(
      eve(
        'flow',
        ',"app":{"bytes_toserver":5},"flow":{"bytes_toserver":18446744073709551615,"pkts_toserver":3,"bytes_toclient":9007199254740993,"pkts_toclient":0}',
      ),
    );
    assert.deepEqual(traffic, {
      bytes: '18446744073709551615',
      packets: '3',
      replyBytes: '9007199254740993',
      replyPackets: '0',
    });
    assert.equal(attributes['flowId'], '18446744073709551615');
  });

  it('the place of the verdict is where its word stood', () => {
    const told = (line: string): string => `${factOf(line).verdict} ${factOf(line).places['verdict']}`;
    assert.equal(told(eve('alert', ',"alert":{"action":"blocked","signature_id":1}')), 'deny /alert/action');
    assert.equal(told(eve('drop', ',"drop":{"len":4}')), 'deny /event_type');
    assert.equal(
      told(eve('alert', ',"alert":{"action":"allowed"},"verdict":{"action":"pass"}')),
      'allow /verdict/action',
    );
  });
});

describe('records of sensors that were changed at random', () => {
  const lines = [
    envoyText('-', 'rbac_access_denied_matched_policy[ns[shop]-policy[db]-rule[0]]', '-', '403'),
    connLine('tcp', 'T 7 ShADadFf 3 4 5 6 -'),
    'LEEF:2.0|Illumio|PCE|26.2|rule_set.update.success|usrName=ada\tdevTime=2026-02-10T10:00:00Z\tresource_changes=[{"resource":{"rule_set":{"name":"web"}},"changes":{}}]',
    'LEEF:2.0|Illumio|PCE|26.2|flow_blocked|src=10.0.0.7\tdst=10.0.0.9\tdstPort=5\tproto=tcp\tdir=I\ttbi=1',
    'CEF:0|Illumio|PCE|26.2|flow_blocked|n|3|act=blocked src=10.0.0.7 dst=10.0.0.9 dpt=5 proto=tcp cs3={"env":"prod"} msg={"pd_qualifier":0}',
    'CEF:0|Illumio|PCE|26.2|rule_set.update.success|n|1|rt=Feb 10 2026 10:00:00 duser=ada cs2=[{"resource":{"rule_set":{"name":"web"}}}]',
    '<181>1 2026-02-10T10:00:00Z e1 NSX 1 FIREWALL [nsx@6876 comp="nsx-edge"] <1 55f1af2f487544e9:b0e059132ad7753d> INET TERM PASS 7 OUT TCP RST 10.0.0.7/4->10.0.0.9/5 9/8 1461/4677 tag',
    `<182>1 2026-02-10T10:00:00Z m1 NSX 7 - [nsx@6876 audit="true" username="ada"] UserName="ada", Operation="PatchSecurityPolicyForDomain", Operation status="success", New value=["default" {"id":"web"}]`,
    '{"id":"c1","slot_start_time":1770717600123,"source_ip":"10.0.0.7","destination_ip":"10.0.0.9","destination_port":5,"ip_protocol":"Tcp","policy_verdict":"allowed","policy_rule":"r","count":2}',
    '{"_cls":"Incident.X","incident_type":"Reveal","start_time":1770717600123,"source_asset":{"ip":"10.0.0.7"},"concatenated_tags":[{"display_name":"x"}]}',
    '<14>2026-02-10T10:17Z c CEF:0|Guardicore|Centra|51|Audit Record|Audit Record|None|act=Create policy rule suser=ada src=10.0.0.1 msg=rule: web',
    '{"src":{"ip":"10.0.0.7","workload":{"labels":[{"key":"a","value":"b"}]}},"dst":{"ip":"10.0.0.9"},"service":{"port":5,"proto":6},"policy_decision":"allowed","draft_policy_decision":"blocked","timestamp_range":{"first_detected":"2026-02-10T10:00:00Z"}}',
    '{"ts":1770717600.5,"note":"Scan::Port_Scan","actions":[],"src":"10.0.0.7","dst":"10.0.0.9"}',
    'Feb 10 10:00:00 h calico-felix: action="deny" dstIP="10.0.0.9" dstPort="5" policy="p" proto="tcp" rule="-1" srcIP="10.0.0.7" srcPort="4" tier="t" trafficDir="outbound"',
    '{"timestamp":"2026-02-10T11:00:00.123456+0100","flow_id":18446744073709551615,"event_type":"flow","src_ip":"10.0.0.7","dest_ip":"10.0.0.9","proto":"TCP","flow":{"bytes_toserver":18446744073709551615}}',
    '{"_path":"conn","ts":1770717600.5,"uid":"C1","id.orig_h":"10.0.0.7","id.orig_p":4,"id.resp_h":"10.0.0.9","id.resp_p":5,"proto":"tcp","conn_state":"SF"}',
    '{"%RESPONSE_CODE%":200,"%UPSTREAM_HOST%":"10.0.0.9:80","%REQ(:METHOD)%":"GET","%PROTOCOL%":"HTTP/3"}',
    '{"pd":2,"dir":"O","src_ip":"10.0.0.7","src_labels":[{"key":"env","value":"prod"}],"dst_ip":"10.0.0.9","dst_port":443,"proto":6,"fqdn":"db.example.com","timestamp":"2026-02-10T10:00:00Z"}',
    audit({ resource_changes: [change('web', { a: 1 }), change('db', { b: 2 }, 'delete')] }),
    '{"start_time":1770717600,"end_time":1770717900,"source_name":"web-1","source_type":"wep","dest_name":"db-0","dest_type":"wep","proto":"tcp","action":"allow","reporter":"dst","policies":{"all_policies":["0|app|shop/app.staged:db|deny|0"],"transit_policies":["0|a|b|allow|1"]}}',
  ];

  it('characters of a line: nothing is thrown and the schema holds', () => {
    const columns = connHeader('conn', 'ts uid id.orig_h id.orig_p id.resp_h id.resp_p proto');
    const mutatedLine = fc
      .tuple(fc.constantFrom(...lines), fc.nat(500), fc.nat(40), fc.string({ unit: 'binary', maxLength: 20 }))
      .map(([line, at, length, put]) => line.slice(0, at) + put + line.slice(at + length));
    fc.assert(
      fc.property(mutatedLine, fc.boolean(), (line, headed) => {
        assertSchema(normaliseRecord(Buffer.from(line), headed ? { columns } : {}, new Date('2026-03-01T00:00:00Z')));
      }),
      { numRuns: 1000 },
    );
  });

  it('members of a JSON record: nothing is thrown and the schema holds', () => {
    assertSurvivesMutation(
      lines.filter((line) => line.startsWith('{')).map((line): unknown => JSON.parse(line)),
      300,
    );
  });
});

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';

import type { NormalForm } from '../../../src/ingestion/normal-form.js';
import { factOf } from './fixtures.js';

/** What sensors say in their own words and in the words of OCSF and ECS: what was only seen is never an allow. */
const verdictOf = (record: unknown): string => {
  const { kind, verdict } = factOf(JSON.stringify(record));
  return `${kind} ${verdict}`;
};

describe('Suricata verdicts', () => {
  const eve = (type: string, more: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
    timestamp: '2026-02-10T11:00:00.123456+0100',
    flow_id: 1,
    event_type: type,
    src_ip: '10.0.0.7',
    src_port: 4,
    dest_ip: '10.0.0.9',
    dest_port: 5,
    proto: 'TCP',
    ...more,
  });

  it('what became of a flow or an alert inline is told by its action; an alert that passed decides nothing', () => {
    assert.equal(verdictOf(eve('flow', { flow: { action: 'drop' } })), 'flow deny');
    assert.equal(verdictOf(eve('flow', { flow: { action: 'pass' } })), 'flow allow');
    assert.equal(verdictOf(eve('flow', { flow: { state: 'closed' } })), 'flow none');
    const alert = { action: 'allowed' };
    assert.equal(verdictOf(eve('alert', { alert, verdict: { action: 'alert' } })), 'signal none');
    assert.equal(verdictOf(eve('alert', { alert, verdict: { action: 'pass' } })), 'signal allow');
    assert.equal(verdictOf(eve('alert', { alert: { action: 'blocked' } })), 'signal deny');
  });

  it('numbers that a shipper turned into text still name the rule', () => {
    const alert = { action: 'allowed', gid: '1', signature_id: '2013', rev: '3', signature: 'S', severity: '2' };
    const { policies, severity, source } = factOf(JSON.stringify({ data: eve('alert', { alert, src_port: '4' }) }));
    assert.deepEqual([policies[0]?.rule, policies[0]?.revision, severity, source?.port], ['1:2013:3', '3', 4, 4]);
  });

  it('a cloud firewall is named by what carries its events', () => {
    const event = eve('netflow', { netflow: { pkts: 6, bytes: 1067 } });
    const { reporterName, traffic } = factOf(
      JSON.stringify({ firewall_name: 'fw1', event_timestamp: '1770717600', event }),
    );
    assert.deepEqual([reporterName, traffic?.bytes, traffic?.packets], ['fw1', '1067', '6']);
  });
});

describe('Zeek logs beside conn', () => {
  const zeek = (more: Readonly<Record<string, unknown>>): NormalForm =>
    factOf(JSON.stringify({ ts: 1770717600.123456, ...more }));
  const ends = { 'id.orig_h': '10.0.0.7', 'id.orig_p': 4, 'id.resp_h': '10.0.0.9', 'id.resp_p': 80 };

  it('JSON that names neither a path nor a connection is known by its members', () => {
    const logs = {
      files: { fuid: 'F1', source: 'HTTP', tx_hosts: ['10.0.0.9'] },
      x509: { fingerprint: 'ab', 'certificate.serial': '01' },
      capture_loss: { peer: 'zeek', percent_lost: 0, gaps: 0 },
      dhcp: { uids: ['C1'], mac: '00:00:5e:00:53:01', client_addr: '10.0.0.7' },
      notice: { note: 'Scan::Port_Scan', msg: 'scan', actions: [], src: '10.0.0.7', dst: '10.0.0.9' },
      weird: { name: 'bad_checksum', notice: false, peer: 'zeek', uid: 'C1', ...ends },
    };
    for (const [path, members] of Object.entries(logs)) {
      const { format, kind, eventTime, attributes } = zeek(members);
      assert.deepEqual(
        [format, kind, eventTime, attributes['_path']],
        ['zeek', 'signal', '2026-02-10T10:00:00.123456Z', path],
      );
    }
  });

  it('protocols that run over TCP alone need not name it, and their host is a name', () => {
    const { protocol, source, verdict } = zeek({ uid: 'C1', ...ends, method: 'GET', host: 'shop.example', uri: '/' });
    assert.deepEqual([protocol?.name, source?.ip, verdict], ['tcp', '10.0.0.7', 'none']);
    const logs = {
      smtp: { trans_depth: 1, helo: 'mail.example' },
      ftp: { user: 'ada', command: 'RETR', reply_code: 226 },
      ssh: { version: 2, auth_attempts: 0 },
    };
    for (const [path, members] of Object.entries(logs)) {
      const read = zeek({ uid: 'C1', ...ends, ...members });
      assert.deepEqual([read.protocol?.name, read.attributes['_path']], ['tcp', path]);
    }
  });

  it('a log may separate its columns with any character', () => {
    const columns =
      '#separator \\x2c\n#unset_field,-\n#path,conn\n#fields,ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,conn_state';
    const { source, destination, verdictRaw } = factOf('1770717600.5,C1,10.0.0.7,4,10.0.0.9,5,tcp,REJ', { columns });
    assert.deepEqual([source?.port, destination?.port, verdictRaw], [4, 5, 'REJ']);
    assert.equal(factOf('#fields,ts,uid', {}).format, 'zeek');
  });

  it('no counter at all is no traffic', () => {
    assert.equal(zeek({ uid: 'C1', ...ends, proto: 'tcp', conn_state: 'S0' }).traffic, null);
  });
});

describe('OCSF events that decide nothing', () => {
  const ocsf = (classUid: number, more: Readonly<Record<string, unknown>>): unknown => ({
    class_uid: classUid,
    category_uid: Math.floor(classUid / 1000),
    time: 1770717600123,
    metadata: { product: { vendor_name: 'Own', name: 'Sensor' }, version: '1.5.0' },
    ...more,
  });
  const ends = { src_endpoint: { ip: '10.0.0.7', port: 4 }, dst_endpoint: { ip: '10.0.0.9', port: 5 } };

  it('the status of a finding, of a process or of one end alone is no verdict', () => {
    assert.equal(verdictOf(ocsf(2004, { status_id: 1, status: 'New' })), 'signal none');
    assert.equal(verdictOf(ocsf(2004, { status_id: 2, status: 'In Progress' })), 'signal none');
    assert.equal(verdictOf(ocsf(2004, { status_id: 1, action_id: 2, disposition_id: 2 })), 'signal deny');
    assert.equal(verdictOf(ocsf(1007, { status_id: 1, status: 'Success' })), 'signal none');
    assert.equal(verdictOf(ocsf(4003, { status_id: 1, src_endpoint: { ip: '10.0.0.7' } })), 'signal none');
    assert.equal(verdictOf(ocsf(3002, { status_id: 1, user: { name: 'ada' } })), 'admin allow');
  });

  it('what a sensor calls refused, the other end refused; of a firewall it is a denial', () => {
    const refused = { activity_id: 5, status_id: 2, status: 'Failure', ...ends };
    assert.equal(verdictOf(ocsf(4001, refused)), 'flow deny');
    const metadata = { product: { vendor_name: 'Zeek', name: 'Zeek' }, version: '1.4.0' };
    assert.equal(verdictOf(ocsf(4001, { ...refused, metadata })), 'flow none');
  });

  it('the authoriser of an API tells what no answer does', () => {
    const call = (decision: string): unknown =>
      ocsf(6003, {
        activity_id: 2,
        api: { operation: 'list' },
        actor: { user: { name: 'ada' }, authorizations: [{ decision }] },
      });
    assert.equal(verdictOf(call('allow')), 'admin allow');
    assert.equal(verdictOf(call('forbid')), 'admin deny');
  });
});

describe('OCSF of other shapes', () => {
  it('members may be written with dots', () => {
    const { source, destination, protocol, eventTime } = factOf(
      '{"class_uid":4003,"category_uid":4,"time":1770717600.123456,"src_endpoint.ip":"10.0.0.7","src_endpoint.port":4,"dst_endpoint.ip":"10.0.0.9","dst_endpoint":{"port":53},"connection_info.protocol_name":"udp"}',
    );
    assert.deepEqual(
      [source?.ip, source?.port, protocol?.name, eventTime],
      ['10.0.0.7', 4, 'udp', '2026-02-10T10:00:00.123456Z'],
    );
    assert.deepEqual([destination?.ip, destination?.port], ['10.0.0.9', 53]);
    const many = Object.fromEntries(Array.from({ length: 30_000 }, (_, at) => [`unmapped.k${at}`, at]));
    assert.equal(
      factOf(JSON.stringify({ class_uid: 4003, category_uid: 4, time: 1770717600123, ...many })).format,
      'ocsf',
    );
  });

  it('calls of an API before version 1.0 are of another class, and their requests JSON in text or dotted', () => {
    const call = (more: Readonly<Record<string, unknown>>): NormalForm =>
      factOf(
        JSON.stringify({
          time: 1770717600123,
          status_id: 1,
          activity_id: 3,
          metadata: { product: { vendor_name: 'AWS', name: 'CloudTrail' } },
          api: { operation: 'AuthorizeSecurityGroupIngress', service: { name: 'ec2.amazonaws.com' } },
          actor: { user: { name: 'ada' } },
          ...more,
        }),
      );
    const early = call({
      class_uid: 3005,
      class_name: 'API Activity',
      unmapped: { requestParameters: '{"groupId":"sg-1"}' },
    });
    assert.deepEqual([early.kind, early.policyChange?.resource.name], ['policy_change', 'sg-1']);
    const dotted = call({ class_uid: 6003, unmapped: { 'requestParameters.groupId': 'sg-2' } });
    assert.equal(dotted.policyChange?.resource.name, 'sg-2');
    assert.equal(call({ class_uid: 3005, class_name: 'User Access Management' }).kind, 'admin');
  });
});

describe('ECS documents of sensors', () => {
  const document = (
    event: unknown,
    more: Readonly<Record<string, unknown>> = {},
  ): Readonly<Record<string, unknown>> => ({
    '@timestamp': '2026-02-10T10:00:00.123Z',
    ecs: { version: '8.11.0' },
    event,
    source: { ip: '10.0.0.7', port: 4 },
    destination: { ip: '10.0.0.9', port: 5 },
    network: { transport: 'tcp' },
    ...more,
  });

  it('what a sensor calls allowed it only saw; what it blocked was denied', () => {
    const alert = { kind: 'alert', category: ['network', 'intrusion_detection'], type: ['allowed'] };
    assert.equal(verdictOf(document(alert, { observer: { product: 'Suricata', type: 'ids' } })), 'signal none');
    assert.equal(verdictOf(document(alert, { observer: { product: 'fw', type: 'firewall' } })), 'signal allow');
    const plain = (action: string): unknown =>
      document({ module: 'suricata' }, { suricata: { eve: { event_type: 'alert', alert: { action } } } });
    assert.equal(verdictOf(plain('allowed')), 'signal none');
    assert.equal(verdictOf(plain('blocked')), 'signal deny');
  });

  it('a flow of early versions has a category of its own', () => {
    assert.equal(
      verdictOf(document({ category: 'network_traffic', action: 'network_flow', kind: 'event' })),
      'flow none',
    );
  });

  it('times may be milliseconds, and are UTC where they name no zone', () => {
    const timeOf = (value: unknown): string => {
      const { eventTime, timeSource, timeGuessed } = factOf(
        JSON.stringify(document({ category: ['network'] }, { '@timestamp': value })),
      );
      return `${eventTime} ${timeSource} ${timeGuessed}`;
    };
    assert.equal(timeOf(1770717600123), '2026-02-10T10:00:00.123Z record false');
    assert.equal(timeOf('2026-02-10T10:00:00.5'), '2026-02-10T10:00:00.5Z record false');
    assert.equal(timeOf('2026-02-10T11:00:00.5+01:00'), '2026-02-10T10:00:00.5Z record false');
  });
});
